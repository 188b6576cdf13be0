package seal

import (
	"fmt"
	"io"
	"sync"
)

// Opener opens a sealed file as it arrives: sealed bytes in by Write, plain
// ones out, and none before its chunk was checked. Close tells whether all of
// it came. A dst that is a Room gets what was opened in its own memory.
type Opener struct {
	dst    io.Writer
	keys   FileKeys
	cipher *chunkCipher
	next   int64 // chunk
	buf    []byte
	plain  []byte // empty; where chunks are opened for a dst that has no room
	fail   error
}

// NewOpener opens from the chunk on that begins at plain byte offset, which
// must be one that SealedOffset gave.
func NewOpener(dst io.Writer, keys FileKeys, offset int64) (*Opener, error) {
	if offset%ChunkSize != 0 || offset < 0 || offset/ChunkSize >= chunksOf(keys.Size) || len(keys.Segments) == 0 {
		return nil, fmt.Errorf("seal: file: %w", ErrOffset)
	}
	o := &Opener{dst: dst, keys: keys.clone(), next: offset / ChunkSize}
	o.cipher = newChunkCipher(&o.keys)
	return o, nil
}

// Write takes the next sealed bytes. After an error nothing more is opened.
func (o *Opener) Write(p []byte) (n int, err error) {
	for o.fail == nil && n < len(p) {
		if o.next == chunksOf(o.keys.Size) {
			o.fail = fmt.Errorf("seal: file: %w: there is more than the file has", ErrSealed)
			break
		}
		want := o.keys.cut(o.next) + tagSize
		chunk := p[n:]
		switch {
		case len(o.buf) == 0 && len(chunk) >= want: // no copy
			chunk = chunk[:want]
		default:
			chunk = chunk[:min(len(chunk), want-len(o.buf))]
			o.buf = append(o.buf, chunk...)
			if len(o.buf) < want {
				return n + len(chunk), nil
			}
		}
		sealed := chunk
		if len(o.buf) > 0 {
			sealed = o.buf
		}
		plain, err := o.cipher.open(o.room(), o.next, sealed)
		if err != nil {
			o.fail = err
			break
		}
		o.buf = o.buf[:0]
		o.next++
		n += len(chunk)
		if _, err := o.dst.Write(plain); err != nil {
			o.fail = fmt.Errorf("seal: file: %w", err)
		}
	}
	return n, o.fail
}

// room is where the next chunk is opened: empty, and large enough for it.
func (o *Opener) room() []byte {
	if r, ok := o.dst.(Room); ok {
		if room := r.Room(); room != nil {
			return room[:0:ChunkSize]
		}
	}
	if o.plain == nil {
		o.plain = make([]byte, 0, min(ChunkSize, o.keys.Size))
	}
	return o.plain
}

// Offset is how many plain bytes of the file were given out, or lie before
// where it began.
func (o *Opener) Offset() int64 { return min(o.next*ChunkSize, o.keys.Size) }

// Close returns ErrTruncated when the end of the file did not come.
func (o *Opener) Close() error {
	if o.fail == nil && o.next < chunksOf(o.keys.Size) {
		o.fail = fmt.Errorf("seal: file: %w", ErrTruncated)
	}
	return o.fail
}

// FileReader reads a sealed file anywhere, for seeking in a film. It may be
// used by several goroutines.
type FileReader struct {
	src  io.ReaderAt
	keys FileKeys

	mu     sync.Mutex
	cipher *chunkCipher
	chunk  int64 // that is in plain; -1: none
	sealed []byte
	plain  []byte
}

// NewFileReader reads plain bytes out of the sealed ones in src.
func NewFileReader(src io.ReaderAt, keys FileKeys) (*FileReader, error) {
	if len(keys.Segments) == 0 {
		return nil, fmt.Errorf("seal: file: %w", ErrNoKey)
	}
	f := &FileReader{src: src, keys: keys.clone(), chunk: -1}
	f.cipher = newChunkCipher(&f.keys)
	return f, nil
}

// Size is how many plain bytes there are.
func (f *FileReader) Size() int64 { return f.keys.Size }

// ReadAt implements io.ReaderAt: only bytes whose chunk was checked.
func (f *FileReader) ReadAt(p []byte, off int64) (n int, err error) {
	if off < 0 {
		return 0, fmt.Errorf("seal: file: %w", ErrOffset)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for n < len(p) && off < f.keys.Size {
		if err := f.load(off / ChunkSize); err != nil {
			return n, err
		}
		m := copy(p[n:], f.plain[off%ChunkSize:])
		n, off = n+m, off+int64(m)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *FileReader) load(i int64) error {
	if f.chunk == i {
		return nil
	}
	f.chunk = -1
	if f.sealed == nil {
		f.sealed = make([]byte, sealedChunk)
	}
	sealed := f.sealed[:f.keys.cut(i)+tagSize]
	if n, err := f.src.ReadAt(sealed, i*sealedChunk); n < len(sealed) {
		if err == nil || err == io.EOF {
			err = ErrTruncated
		}
		return fmt.Errorf("seal: file, chunk %d: %w", i, err)
	}
	var err error
	if f.plain, err = f.cipher.open(f.plain[:0], i, sealed); err != nil {
		return err
	}
	f.chunk = i
	return nil
}
