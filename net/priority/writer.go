package priority

import (
	"context"
	"os"
	"sync"
	"unsafe"
)

// Writer writes a file as it grows. Of what it writes no more than a few windows
// are in memory only: the fsync of a message, which on some file systems waits
// for all that is dirty, never waits for gigabytes.
//
// A large file is written in windows, by a goroutine of its own, so that who
// brings the next bytes need not wait for the disk; and it goes past the system's
// cache where that can be, which costs a fraction of the processor's time, and
// keeps what others read in the cache. Of a smaller one all that was taken is in
// the file at once.
//
// It belongs to one goroutine at a time. What was written is in the file when
// Flush returned, in order: the file is never longer than what it holds.
type Writer struct {
	file   *os.File
	bulk   Bulk   // of the goroutine: a window waits for messages, too
	at     int64  // of the file, where room begins
	room   []byte // of the window that fills
	filled int
	large  bool
	past   bool // past the system's cache, if it can be

	full  chan piece  // to the goroutine; nil: it does not run
	empty chan []byte // windows that it has written
	made  int         // windows there are
	done  chan struct{}

	mu  sync.Mutex
	err error // why nothing is written any more
	end int64 // up to where everything is in the file

	behind // of the goroutine
}

// piece is a window, or a part of one, that goes to the file.
type piece struct {
	bytes []byte
	at    int64
}

const (
	window  = 1 << 20   // bytes; smaller costs speed, larger costs others their patience
	part    = 128 << 10 // bytes of a window that are written at a time while people write
	windows = 3         // of one Writer: one fills, one is written, one is ready
	large   = 32 << 20  // a file of so many bytes does not stay in the cache
	align   = 4096      // of what goes past the cache: in memory, in the file, and in length
)

// spares are windows that nobody uses, until the collector comes.
var spares = sync.Pool{New: func() any {
	b := make([]byte, window+align)
	from := (align - int(uintptr(unsafe.Pointer(&b[0]))%align)) % align
	b = b[from : from+window : from+window]
	return &b
}}

// NewWriter begins to write at a byte of a file that shall have size bytes. What
// its goroutine writes passes gate, which may be nil; who brings the bytes passes
// it on their own.
func NewWriter(file *os.File, at, size int64, gate *Gate) *Writer {
	return &Writer{file: file, bulk: gate.Bulk(), at: at, end: at, large: size >= large, past: size >= large, behind: behind{begun: at, on: at}}
}

// Room is where the next bytes may be put; Took then says how many were. It is
// never empty.
func (w *Writer) Room() []byte {
	if w.room == nil {
		w.room = *spares.Get().(*[]byte)
		w.made++
	}
	// Windows end where the file's pages do.
	return w.room[w.filled : window-int(w.at%window)]
}

// Took says that n bytes were put into Room. Its error is the first that
// writing met, of these bytes or of earlier ones.
func (w *Writer) Took(n int) error {
	w.filled += n
	if !w.large {
		return w.putNow()
	}
	if w.filled < window-int(w.at%window) {
		return nil
	}
	return w.hand()
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (n int, err error) {
	for n < len(p) {
		k := copy(w.Room(), p[n:])
		n += k
		if err := w.Took(k); err != nil {
			return n, err
		}
	}
	return n, nil
}

// hand gives the window to the goroutine, and takes another one.
func (w *Writer) hand() error {
	if w.full == nil {
		w.full, w.empty, w.done = make(chan piece, windows), make(chan []byte, windows), make(chan struct{})
		go w.run()
	}
	w.full <- piece{w.room[:w.filled], w.at}
	w.at += int64(w.filled)
	w.room, w.filled = nil, 0
	if w.made == windows {
		w.room = <-w.empty
	}
	return w.failed()
}

// putAll writes a window: in small parts while people write, since the sync of a
// message waits for the one that the disk has.
func (w *Writer) putAll(p piece) error {
	for rest := p.bytes; len(rest) > 0; {
		n := len(rest)
		if w.bulk.gate != nil && w.bulk.gate.recent() {
			n = min(part-int(p.at%part), n)
		}
		w.bulk.Pass(context.Background(), n)
		if err := w.put(piece{rest[:n], p.at}); err != nil {
			return err
		}
		rest, p.at = rest[n:], p.at+int64(n)
	}
	return nil
}

// putNow writes what the window has.
func (w *Writer) putNow() error {
	if w.err == nil && w.filled > 0 {
		if w.err = w.put(piece{w.room[:w.filled], w.at}); w.err == nil {
			w.at += int64(w.filled)
			w.end = w.at
		}
	}
	w.filled = 0
	return w.err
}

func (w *Writer) failed() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}

// Flush returns when all that was taken is in the file, or can't be; end is up
// to where it is. The disk may still have it in its own memory: fsync is the
// caller's. It has to be called before the Writer, or its file, is let go.
func (w *Writer) Flush() (end int64, err error) {
	switch {
	case w.full != nil:
		if w.filled > 0 {
			_ = w.hand() // the error stays
		}
		close(w.full)
		<-w.done
		w.full = nil
	case w.filled > 0: // less than a window: no goroutine for that
		_ = w.putNow()
	}
	if last := w.room; last != nil {
		spares.Put(&last)
	}
	w.room, w.filled, w.made = nil, 0, 0
	return w.end, w.err
}

// run writes what it is handed, until there is no more.
func (w *Writer) run() {
	Background()
	defer close(w.done)
	for p := range w.full {
		if w.failed() == nil {
			err := w.putAll(p)
			w.mu.Lock()
			if w.err = err; err == nil {
				w.end = p.at + int64(len(p.bytes))
			}
			w.mu.Unlock()
		}
		w.empty <- p.bytes[:cap(p.bytes)]
	}
	for range len(w.empty) {
		b := <-w.empty
		spares.Put(&b)
	}
}
