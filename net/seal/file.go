package seal

import (
	"crypto/cipher"
	"fmt"
	"slices"
)

// Sizes of a sealed file, in bytes.
const (
	ChunkSize   = 64 << 10            // of plain bytes that are sealed as one
	sealedChunk = ChunkSize + tagSize // the same, sealed
	// WindowSize is how much a Sealer reads, seals and records before any of
	// it leaves.
	WindowSize = 128 * ChunkSize
)

// windowChunks is how many chunks a window has. It is part of the format of a
// Record; tests make it small.
var windowChunks int64 = WindowSize / ChunkSize

func sealedWindow() int64 { return windowChunks * sealedChunk }

// SealedSize is how many bytes a file of size bytes has when it is sealed.
func SealedSize(size int64) int64 { return size + chunksOf(size)*tagSize }

// SealedOffset says where to begin reading sealed bytes to get plain ones from
// offset on: at sealed, which opens to bytes from plain ≤ offset on.
func SealedOffset(offset int64) (sealed, plain int64) {
	i := offset / ChunkSize
	return i * sealedChunk, i * ChunkSize
}

// OpenedSize is how many plain bytes of a file of size bytes are in its first
// sealed ones.
func OpenedSize(size, sealed int64) int64 {
	return min(size, sealed/sealedChunk*ChunkSize+min(sealed%sealedChunk, ChunkSize))
}

// chunksOf: an empty file is one empty chunk, so that nothing can be cut off unseen.
func chunksOf(size int64) int64 { return max(1, (size+ChunkSize-1)/ChunkSize) }

func windowsOf(size int64) int64 { return (chunksOf(size) + windowChunks - 1) / windowChunks }

// FileKeys open a sealed file. They stand in the sealed content of the message
// that carries it.
type FileKeys struct {
	Size     int64 // of the plain file
	Segments []Segment
}

// Segment says that chunks from First on are sealed with Key, up to the next
// segment's first one.
type Segment struct {
	First int64
	Key   Secret
}

// Marshal writes the keys.
func (k *FileKeys) Marshal() []byte {
	w := newWriter(typeFileKeys)
	w.u64(uint64(k.Size))
	w.u16(uint16(len(k.Segments)))
	for _, s := range k.Segments {
		w.u64(uint64(s.First))
		w.raw(s.Key[:])
	}
	return w.b
}

const maxFileKeys = 2 + 8 + 2 + MaxSegments*(8+32)

// ParseFileKeys reads what Marshal wrote.
func ParseFileKeys(b []byte) (*FileKeys, error) {
	r, _ := newReader(b, maxFileKeys, typeFileKeys)
	size, count := r.u64(), int(r.u16())
	if size > MaxFileSize || count > MaxSegments {
		r.failWith(ErrLimit)
	}
	k := &FileKeys{Size: int64(size)}
	for i := 0; i < count && r.fail == nil; i++ {
		first := r.u64()
		r.refuse(first >= uint64(chunksOf(k.Size)))
		k.Segments = append(k.Segments, Segment{int64(first), r.secret()})
		r.refuse(i > 0 && k.Segments[i-1].First >= int64(first))
	}
	r.refuse(r.fail == nil && (count == 0 || k.Segments[0].First != 0))
	return k, r.done("file keys")
}

func (k *FileKeys) clone() FileKeys { return FileKeys{k.Size, slices.Clone(k.Segments)} }

// cut returns the plain length of chunk i.
func (k *FileKeys) cut(i int64) int { return int(min(ChunkSize, k.Size-i*ChunkSize)) }

// chunkCipher seals and opens chunks; it keeps the cipher of the segment in use.
type chunkCipher struct {
	keys    *FileKeys
	segment int
	aead    cipher.AEAD
	nonce   [nonceSize]byte
	ad      [2][]byte // of chunks that are not the last one, and of the last one
}

func newChunkCipher(keys *FileKeys) *chunkCipher {
	size := number(uint64(keys.Size))
	return &chunkCipher{keys: keys, ad: [2][]byte{join("satchel.v1 file", size, []byte{0}), join("satchel.v1 file", size, []byte{1})}}
}

// use gets cipher, nonce and associated data for chunk i.
func (c *chunkCipher) use(i int64) (cipher.AEAD, []byte, []byte) {
	in := func(s int) bool {
		all := c.keys.Segments
		return s < len(all) && all[s].First <= i && (s+1 == len(all) || i < all[s+1].First)
	}
	if c.aead == nil || !in(c.segment) {
		s, _ := slices.BinarySearchFunc(c.keys.Segments, i, func(s Segment, i int64) int {
			if s.First <= i {
				return -1
			}
			return 1
		})
		c.segment = s - 1
		c.aead = newGCM(c.keys.Segments[c.segment].Key)
	}
	for n, shift := nonceSize-1, 0; shift < 64; n, shift = n-1, shift+8 {
		c.nonce[n] = byte(uint64(i) >> shift)
	}
	last := 0
	if i == chunksOf(c.keys.Size)-1 {
		last = 1
	}
	return c.aead, c.nonce[:], c.ad[last]
}

func (c *chunkCipher) seal(dst []byte, i int64, plain []byte) []byte {
	aead, nonce, ad := c.use(i)
	return aead.Seal(dst, nonce, plain, ad)
}

func (c *chunkCipher) open(dst []byte, i int64, sealed []byte) ([]byte, error) {
	aead, nonce, ad := c.use(i)
	plain, err := aead.Open(dst, nonce, sealed, ad)
	if err != nil {
		return nil, fmt.Errorf("seal: file, chunk %d: %w", i, ErrSealed)
	}
	return plain, nil
}
