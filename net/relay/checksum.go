package relay

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"hash/crc32"
	"net/http"

	"satchel/net/relay/store"
)

// The relay has a checksum of every file, made of the bytes as they came: SHA-256,
// or CRC-32C where the uploader asked for that. Whoever seals what they send
// has a stronger check of their own, and needs to learn only whether anything was
// mixed up or damaged on the way and on the disk: a CRC costs a thirtieth of the
// processor's time.

// Headers that tell the checksum, in hexadecimal, of a file that is whole.
const (
	headerSHA256 = "Satchel-Sha256"
	headerCRC32C = "Satchel-Crc32c"
)

// askedCRC is the name in an upload's metadata that asks for CRC-32C, and what
// the store then has in place of a checksum that was announced.
const askedCRC = "crc32c"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// newChecksum begins the checksum that a file has. Its state can be marshalled.
func newChecksum(f store.File) hash.Hash {
	if f.Expected == askedCRC {
		return crc32.New(castagnoli)
	}
	return sha256.New()
}

// announced is the checksum that an uploader knew beforehand, or "".
func announced(f store.File) string {
	if f.Expected == askedCRC {
		return ""
	}
	return f.Expected
}

// checksumHeader is the header that tells a file's checksum, and its value.
func checksumHeader(f store.File) (name, value string) {
	if f.Expected == askedCRC {
		return headerCRC32C, f.Checksum
	}
	return headerSHA256, f.Checksum
}

// tellChecksum puts the checksum into an answer's head.
func tellChecksum(h http.Header, f store.File) { h.Set(checksumHeader(f)) }

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
