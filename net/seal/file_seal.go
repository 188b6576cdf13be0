package seal

import (
	"errors"
	"fmt"
	"io"
)

// Record is what a device keeps of an upload, so that it can go on after
// anything. It holds keys.
type Record struct {
	Windows int64 // that were ever sealed under these keys; more is never in the store
	Sum     Hash  // over the tags of all their chunks
	Keys    FileKeys
}

// Marshal writes the record.
func (x *Record) Marshal() []byte {
	w := newWriter(typeRecord)
	w.u64(uint64(x.Windows))
	w.hash(x.Sum)
	w.v16(x.Keys.Marshal())
	return w.b
}

// ParseRecord reads what Marshal wrote.
func ParseRecord(b []byte) (*Record, error) {
	r, _ := newReader(b, 64+maxFileKeys, typeRecord)
	windows, sum, rest := r.u64(), r.hash(), r.v16(maxFileKeys)
	if err := r.done("upload record"); err != nil {
		return nil, err
	}
	keys, err := ParseFileKeys(rest)
	if err != nil {
		return nil, err
	}
	if windows == 0 || windows > uint64(windowsOf(keys.Size)) {
		return nil, fmt.Errorf("seal: upload record: %w", ErrEncoding)
	}
	return &Record{int64(windows), sum, *keys}, nil
}

// Sealer is the sealed form of a file, made while it is read: an io.ReaderAt
// of SealedSize bytes for an upload handler. It reads the file once, in
// windows; before the first byte of a window leaves, save gets a record of it.
// Reading may begin again anywhere before what was sealed so far: the same
// bytes come out, or ErrChanged. When reading or save fails in a window that
// is new, this Sealer is at its end: go on with ResumeSealer. It belongs to one goroutine at a time.
//
// docs/security-design.md, "Files", says why no key and nonce ever seal two different
// runs of bytes that leave.
type Sealer struct {
	// Plain gets every plain byte once, in order, if it is set before the first
	// read: for the file's checksum.
	Plain io.Writer

	src    io.ReaderAt
	keys   FileKeys
	save   func(Record) error
	sums   []Hash // after 0, 1, 2 … windows
	fresh  bool   // the next window that never was sealed begins a new segment
	passed int64  // windows that Plain got
	fail   error

	window int64 // that may leave from sealed; -1: none
	sealed []byte
	tags   []byte
	cipher *chunkCipher
}

// NewSealer begins an upload of the first size bytes of src. save must have
// made its record durable when it returns.
func NewSealer(src io.ReaderAt, size int64, save func(Record) error) (*Sealer, error) {
	if size < 0 || size > MaxFileSize {
		return nil, fmt.Errorf("seal: file: %w", ErrLimit)
	}
	return newSealer(src, FileKeys{Size: size}, save), nil
}

func newSealer(src io.ReaderAt, keys FileKeys, save func(Record) error) *Sealer {
	s := &Sealer{src: src, keys: keys, save: save, sums: []Hash{{}}, fresh: true, window: -1}
	s.cipher = newChunkCipher(&s.keys)
	return s
}

// ResumeSealer goes on with an upload. It reads what the record speaks of
// again, gives it to plain (which may be nil), and returns ErrChanged when it
// is no longer what was sealed: then the upload has to begin anew, under
// another name at the store.
func ResumeSealer(src io.ReaderAt, record Record, plain io.Writer, save func(Record) error) (*Sealer, error) {
	s := newSealer(src, record.Keys.clone(), save)
	s.Plain = plain
	for k := range record.Windows {
		sum, err := s.seal(k)
		if err != nil {
			return nil, err
		}
		s.sums = append(s.sums, sum)
	}
	if s.sums[record.Windows] != record.Sum {
		return nil, fmt.Errorf("seal: file: %w", ErrChanged)
	}
	return s, nil
}

// Size is how many sealed bytes there are.
func (s *Sealer) Size() int64 { return SealedSize(s.keys.Size) }

// Sealed is how many sealed bytes may have left so far, in this run or an
// earlier one. A store that says that it has more is not to be believed.
func (s *Sealer) Sealed() int64 {
	return min(int64(len(s.sums)-1)*sealedWindow(), s.Size())
}

// Keys are what goes into the message. They are complete once the last byte
// was read; ErrTruncated before.
func (s *Sealer) Keys() (FileKeys, error) {
	if s.Sealed() < s.Size() {
		return FileKeys{}, fmt.Errorf("seal: file: %w", ErrTruncated)
	}
	return s.keys.clone(), nil
}

// ReadAt implements io.ReaderAt. Beyond Sealed only the next byte can be read:
// ErrOffset otherwise.
func (s *Sealer) ReadAt(p []byte, off int64) (n int, err error) {
	switch {
	case off < 0 || off > s.Sealed():
		return 0, fmt.Errorf("seal: file: %w", ErrOffset)
	case off == s.Size():
		return 0, io.EOF
	}
	for n < len(p) && off < s.Size() {
		if err := s.load(off / sealedWindow()); err != nil {
			return n, err
		}
		m := copy(p[n:], s.sealed[off%sealedWindow():])
		n, off = n+m, off+int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// load makes window k the one in memory, when it may leave.
func (s *Sealer) load(k int64) error {
	if s.window == k {
		return nil
	}
	if s.fail != nil {
		return s.fail
	}
	if k < int64(len(s.sums)-1) {
		sum, err := s.seal(k)
		if err == nil && sum != s.sums[k+1] {
			err = fmt.Errorf("seal: file: %w", ErrChanged)
		}
		if err == nil {
			s.window = k
		}
		return err
	}
	// From here on, this window's key and nonces are used: whatever goes wrong,
	// they are not used again. Another Sealer goes on from the last record.
	sum, err := s.sealNext(k)
	if err != nil {
		s.fail = err
		return err
	}
	s.sums = append(s.sums, sum)
	s.window = k
	return nil
}

// sealNext seals a window that never was sealed, and records it.
func (s *Sealer) sealNext(k int64) (Hash, error) {
	if s.fresh {
		if len(s.keys.Segments) >= MaxSegments {
			return Hash{}, fmt.Errorf("seal: file: begun too often: %w", ErrLimit)
		}
		s.keys.Segments = append(s.keys.Segments, Segment{k * windowChunks, newSecret()})
		s.cipher.aead = nil
		s.fresh = false
	}
	sum, err := s.seal(k)
	if err != nil {
		return Hash{}, err
	}
	if err := s.save(Record{k + 1, sum, s.keys.clone()}); err != nil {
		return Hash{}, fmt.Errorf("seal: file: %w", err)
	}
	return sum, nil
}

// seal reads window k and seals it chunk by chunk, each in its place, and
// returns the sum after it. Nothing may leave before the sum was looked at.
func (s *Sealer) seal(k int64) (Hash, error) {
	s.window = -1
	if s.sealed == nil {
		s.sealed = make([]byte, 0, min(sealedWindow(), s.Size()))
	}
	s.sealed, s.tags = s.sealed[:min(sealedWindow(), s.Size()-k*sealedWindow())], s.tags[:0]
	first := k * windowChunks
	end := min(first+windowChunks, chunksOf(s.keys.Size))
	for i := first; i < end; i++ {
		at := s.sealed[(i-first)*sealedChunk:]
		plain := at[:s.keys.cut(i)]
		if n, err := s.src.ReadAt(plain, i*ChunkSize); n < len(plain) {
			if err == nil || errors.Is(err, io.EOF) {
				err = ErrChanged // it became shorter
			}
			return Hash{}, fmt.Errorf("seal: file: %w", err)
		}
		if s.Plain != nil && k == s.passed {
			if _, err := s.Plain.Write(plain); err != nil {
				return Hash{}, fmt.Errorf("seal: file: %w", err)
			}
		}
		sealed := s.cipher.seal(at[:0], i, plain)
		s.tags = append(s.tags, sealed[len(plain):]...)
	}
	s.passed = max(s.passed, k+1)
	return hashOf("satchel.v1 window", s.sums[k][:], s.tags), nil
}
