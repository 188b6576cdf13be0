package wire

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"
	"unicode"
	"unicode/utf8"
)

// base64url without padding is how keys, nonces and signatures are written.
var b64 = base64.RawURLEncoding

// B64 writes bytes as base64url without padding.
func B64(b []byte) string { return b64.EncodeToString(b) }

// UnB64 reads base64url without padding.
func UnB64(s string) ([]byte, error) { return b64.DecodeString(s) }

// ids are the first 128 bits of a hash, in lower-case base32 without padding:
// 26 characters.
var b32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

func id(context string, parts ...[]byte) string {
	sum := sha256.Sum256(signed(context, parts...))
	return b32.EncodeToString(sum[:16])
}

// signed joins a context and parts so that no two lists give the same bytes:
// each is led by its length in four bytes, big-endian.
func signed(context string, parts ...[]byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(context)))
	out = append(out, context...)
	for _, p := range parts {
		out = binary.BigEndian.AppendUint32(out, uint32(len(p)))
		out = append(out, p...)
	}
	return out
}

// DeviceID is the id of the device with this Ed25519 public key.
func DeviceID(key []byte) string { return id("satchel.v1 device", key) }

// SelfID is the id of an account's notes to self.
func SelfID(account string) string { return id("satchel.v1 self", []byte(account)) }

// DirectID is the id of the one direct conversation of two accounts.
func DirectID(a, b string) string {
	if b < a {
		a, b = b, a
	}
	return id("satchel.v1 direct", []byte(a), []byte(b))
}

// NewID returns 128 random bits as an id: for invitations and frames.
func NewID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	return b32.EncodeToString(b[:])
}

// NewNonce returns 32 random bytes, base64url.
func NewNonce() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return B64(b[:])
}

// HelloText is what a device signs: the relay's public key and nonce, and all
// that the hello claims.
func HelloText(c *Challenge, h *Hello) []byte {
	return signed("satchel.v1 hello", []byte(c.Relay), []byte(c.Nonce), []byte(h.Nonce), []byte(h.Account),
		[]byte(h.Device), []byte(h.Key), []byte(h.Invite), []byte(h.Name))
}

// WelcomeText is what the relay signs in its answer.
func WelcomeText(c *Challenge, h *Hello) []byte {
	return signed("satchel.v1 welcome", []byte(c.Relay), []byte(c.Nonce), []byte(h.Nonce), []byte(h.Device))
}

// CleanName trims a name and folds its white space; it tells what is wrong
// with one that can't be used.
func CleanName(name string) (string, error) {
	if !utf8.ValidString(name) {
		return "", errors.New("the name is not valid UTF-8")
	}
	name = strings.Join(strings.Fields(name), " ")
	switch n := utf8.RuneCountInString(name); {
	case n == 0:
		return "", errors.New("the name is empty")
	case n > MaxName:
		return "", errors.New("the name is longer than 64 characters")
	}
	for _, r := range name {
		// Letters, marks, numbers, punctuation, symbols and the plain space:
		// no controls, and none that turn the direction of what follows.
		if !unicode.IsPrint(r) && r != '\u200d' {
			return "", errors.New("the name has a character that can't be shown")
		}
	}
	return name, nil
}
