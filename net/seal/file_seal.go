package seal

import (
	"errors"
	"fmt"
	"io"
	"sync"
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

// Sealer is the sealed form of a file, made while it is read: by ReadAt, as
// SealedSize bytes, or by Window, for who seals ahead. It reads the file once,
// in windows; before the first byte of a window leaves, save gets a record of
// it. Reading may begin again anywhere before what was sealed so far: the same
// bytes come out, or ErrChanged. When reading or save fails in a window that
// is new, this Sealer is at its end: go on with ResumeSealer. It belongs to one goroutine at a time.
//
// docs/security.md, "Files", says why no key and nonce ever seal two different
// runs of bytes that leave.
type Sealer struct {
	// Plain gets every plain byte once, in order, and Out every sealed one, if
	// they are set before the first read: for checksums. A Plain that is a Room
	// may go on with what it got beside the sealing.
	Plain, Out io.Writer

	src    io.ReaderAt
	keys   FileKeys
	save   func(Record) error
	sums   []Hash // after 0, 1, 2 … windows
	fresh  bool   // the next window that never was sealed begins a new segment
	passed int64  // windows that Plain and Out got
	fail   error

	stretch []byte // where plain bytes are read to when Plain has no room for them

	window int64 // that ReadAt may give out of sealed; -1: none
	sealed []byte
	tags   []byte
	cipher *chunkCipher
}

// Stretch is how many bytes a Sealer hands to Plain at once, at most.
const Stretch = 16 * ChunkSize

// readAtOnce is how many bytes of the file are read before they are sealed.
const readAtOnce = 2 * ChunkSize

// Room is a Writer that has memory for what it is to get. A Sealer reads there, and
// an Opener opens there; it hands it to Write, and only reads of it from then on, up
// to the next call of Room that returns the same memory.
type Room interface {
	io.Writer
	Room() []byte // of whole chunks, Stretch bytes at most; nil: there is none now
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
// again, gives it to plain and, sealed, to out (either may be nil), and returns
// ErrChanged when it is no longer what was sealed: then the upload has to begin
// anew, under another name at the store.
func ResumeSealer(src io.ReaderAt, record Record, plain, out io.Writer, save func(Record) error) (*Sealer, error) {
	s := newSealer(src, record.Keys.clone(), save)
	s.Plain, s.Out = plain, out
	var buf []byte
	defer func() { FreeWindow(buf) }()
	for k := range record.Windows {
		var sum Hash
		var err error
		if buf, sum, err = s.seal(k, buf); err != nil {
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
		if k, _ := WindowAt(off); k != s.window {
			s.window = -1
			if s.sealed, err = s.Window(k, s.sealed); err != nil {
				return n, err
			}
			s.window = k
		}
		_, begin := WindowAt(off)
		m := copy(p[n:], s.sealed[off-begin:])
		n, off = n+m, off+int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// WindowAt says in which window a sealed byte is, and where that begins.
func WindowAt(off int64) (k, begin int64) {
	k = off / sealedWindow()
	return k, k * sealedWindow()
}

// Window returns the sealed bytes of window k, which may leave: one that was
// sealed before, or the next one; ErrOffset for any other. They lie in buf where
// that is large enough. FreeWindow takes them when they are no longer used.
func (s *Sealer) Window(k int64, buf []byte) ([]byte, error) {
	next := int64(len(s.sums) - 1)
	switch {
	case k < 0 || k > next || k >= windowsOf(s.keys.Size):
		return buf, fmt.Errorf("seal: file: %w", ErrOffset)
	case s.fail != nil:
		return buf, s.fail
	case k < next:
		buf, sum, err := s.seal(k, buf)
		if err == nil && sum != s.sums[k+1] {
			err = fmt.Errorf("seal: file: %w", ErrChanged)
		}
		if err != nil {
			clear(buf)
		}
		return buf, err
	}
	// From here on, this window's key and nonces are used: whatever goes wrong,
	// they are not used again. Another Sealer goes on from the last record.
	buf, sum, err := s.sealNext(k, buf)
	if err != nil {
		clear(buf)
		s.fail = err
		return buf, err
	}
	s.sums = append(s.sums, sum)
	return buf, nil
}

// sealNext seals a window that never was sealed, and records it.
func (s *Sealer) sealNext(k int64, buf []byte) ([]byte, Hash, error) {
	if s.fresh {
		if len(s.keys.Segments) >= MaxSegments {
			return buf, Hash{}, fmt.Errorf("seal: file: begun too often: %w", ErrLimit)
		}
		s.keys.Segments = append(s.keys.Segments, Segment{k * windowChunks, newSecret()})
		s.cipher.aead = nil
		s.fresh = false
	}
	buf, sum, err := s.seal(k, buf)
	if err != nil {
		return buf, Hash{}, err
	}
	if err := s.save(Record{k + 1, sum, s.keys.clone()}); err != nil {
		return buf, Hash{}, fmt.Errorf("seal: file: %w", err)
	}
	return buf, sum, nil
}

// seal reads window k and seals it chunk by chunk, each in its place in buf,
// and returns the sum after it. Nothing may leave before the sum was looked at.
func (s *Sealer) seal(k int64, buf []byte) ([]byte, Hash, error) {
	buf = windowBuffer(buf, min(sealedWindow(), s.Size()-k*sealedWindow()))
	s.tags = s.tags[:0]
	first := k * windowChunks
	end := min(first+windowChunks, chunksOf(s.keys.Size))
	pass := k == s.passed
	for i := first; i < end; {
		room := s.room(pass)
		room = room[:min(int64(len(room)), min(end*ChunkSize, s.keys.Size)-i*ChunkSize)]
		// Little is read at once: it is sealed while the processor has it at hand.
		for rest, more := room, true; more; more = len(rest) > 0 { // an empty file has a chunk, too
			plain := rest[:min(len(rest), readAtOnce)]
			if n, err := s.src.ReadAt(plain, i*ChunkSize); n < len(plain) {
				if err == nil || errors.Is(err, io.EOF) {
					err = ErrChanged // it became shorter
				}
				return buf, Hash{}, fmt.Errorf("seal: file: %w", err)
			}
			rest = rest[len(plain):]
			for more := true; more; more = len(plain) > 0 {
				cut := s.keys.cut(i)
				sealed := s.cipher.seal(buf[(i-first)*sealedChunk:][:0], i, plain[:cut])
				s.tags = append(s.tags, sealed[cut:]...)
				if err := give(s.Out, sealed, pass); err != nil {
					return buf, Hash{}, err
				}
				plain, i = plain[cut:], i+1
			}
		}
		if err := give(s.Plain, room, pass); err != nil {
			return buf, Hash{}, err
		}
	}
	s.passed = max(s.passed, k+1)
	return buf, hashOf("satchel.v1 window", s.sums[k][:], s.tags), nil
}

// room is where plain bytes are read to: a number of whole chunks. Only the memory
// of a window's own buffer leaves, so nothing here does.
func (s *Sealer) room(pass bool) []byte {
	if r, ok := s.Plain.(Room); ok && pass {
		if room := r.Room(); room != nil {
			return room
		}
	}
	if s.stretch == nil {
		s.stretch = make([]byte, min(Stretch, max(1, s.keys.Size)+ChunkSize-1)/ChunkSize*ChunkSize)
	}
	return s.stretch
}

// give writes to w, if there is one and it is its turn.
func give(w io.Writer, b []byte, turn bool) error {
	if w == nil || !turn {
		return nil
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("seal: file: %w", err)
	}
	return nil
}

// windows keeps whole windows that nobody uses, until the collector comes.
var windows sync.Pool

// windowBuffer returns n bytes: of buf, when it has so many.
func windowBuffer(buf []byte, n int64) []byte {
	if int64(cap(buf)) >= n {
		return buf[:n]
	}
	FreeWindow(buf)
	if n == sealedWindow() {
		if b, ok := windows.Get().(*[]byte); ok && int64(cap(*b)) >= n {
			return (*b)[:n]
		}
	}
	return make([]byte, n)
}

// FreeWindow gives memory back that Window returned.
func FreeWindow(buf []byte) {
	if int64(cap(buf)) >= sealedWindow() {
		windows.Put(&buf)
	}
}
