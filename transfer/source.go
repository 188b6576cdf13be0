package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"satchel/chat"
	"satchel/net/priority"
	"satchel/net/seal"
)

// body is what an upload reads: one file, or all of a folder's.
type body interface {
	// ReadAt fills p with plain bytes, or returns what a person should read.
	io.ReaderAt
	io.Closer
	size() int64
	// check finds out that it changed under way.
	check() error
	// same tells whether what was sealed of another goes on with this one.
	same(other body) bool
	// restart says that it is read from its start once more.
	restart()
}

// source is the body of an upload, opened once for an attempt, and sealed as it
// is read: what leaves it are sealed bytes. It computes the checksums from the
// very bytes that are handed out, so that a file is read once however its bytes
// travel. Reads may repeat; each window that is read again is sealed again.
type source struct {
	ctx   context.Context
	body  body
	ahead int64 // bytes that the store had from earlier messages
	meter *meter
	caps  *caps

	mu      sync.Mutex
	words   *priority.Gate
	bulk    priority.Bulk // of who takes sealed bytes
	reading priority.Bulk // of who reads and seals,
	read    int           // and how many bytes since that last passed
	sealing *sealing
	err     error // why nothing can be read any more
	started bool  // Progress was called
	first   int64 // what it said then
}

// openSource opens the file of an upload and checks that it is still the one
// that was queued.
func openSource(ctx context.Context, t *chat.Transfer, m *meter, words *priority.Gate, caps *caps) (*source, error) {
	name := t.File.Name
	info, err := os.Stat(t.Source()) // before opening: opening a pipe would wait for its other end
	if err != nil {
		return nil, sourceError(name, err)
	}
	if err := plainFile(name, info); err != nil {
		return nil, err
	}
	file, err := os.Open(t.Source())
	if err != nil {
		return nil, sourceError(name, err)
	}
	if info, err = file.Stat(); err == nil {
		err = plainFile(name, info)
	}
	if err != nil {
		file.Close()
		return nil, sourceError(name, err)
	}
	if err := unchanged(t, info); err != nil {
		file.Close()
		return nil, err
	}
	return newSource(ctx, &fileBody{file, info, name}, m, words, caps), nil
}

func newSource(ctx context.Context, b body, m *meter, words *priority.Gate, caps *caps) *source {
	return &source{ctx: ctx, body: b, meter: m, caps: caps, words: words, bulk: words.Bulk(), reading: words.Bulk()}
}

// seal makes the sealed form: the one that an attempt before has left, or one
// from the record, or a new one.
func (s *source) seal(old *sealing, record *seal.Record, save func(seal.Record) error) error {
	if old != nil && !old.broken && s.body.same(old.body) {
		old.body, old.input.read = s.body, s.readPlain
		s.sealing = old
		return nil
	}
	if record != nil && record.Keys.Size != s.body.size() {
		record = nil
	}
	s.body.restart()
	// What was sent before is read again: that may end at once. Later nothing
	// may end within a window but for a reason, or it would have to be said anew.
	x, err := newSealing(s.body, &input{func(p []byte, off int64) (int, error) {
		if err := s.ctx.Err(); err != nil {
			return 0, err
		}
		return s.readPlain(p, off)
	}}, s.words, record, save)
	if err != nil {
		return err
	}
	x.input.read = s.readPlain
	s.sealing = x
	return nil
}

// unchanged refuses a file that is not the one that was queued.
func unchanged(t *chat.Transfer, info fs.FileInfo) error {
	if info.Size() != t.File.Size || !t.ModTime.IsZero() && !info.ModTime().Equal(t.ModTime) {
		return Final(t.File.Name+" changed after it was chosen. Send it again.", nil)
	}
	return nil
}

func plainFile(name string, info fs.FileInfo) error {
	switch {
	case info.IsDir():
		return Final(name+" is a folder. Choose the files in it, or pack it into one file first.", nil)
	case !info.Mode().IsRegular():
		return Final(name+" is not a file that can be sent: it is a device or a pipe. Choose another.", nil)
	}
	return nil
}

func sourceError(name string, err error) error {
	var known *Error
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(err, fs.ErrNotExist):
		return Final(name+" is no longer where it was. Put it back, then try again.", err)
	case errors.Is(err, fs.ErrPermission):
		return Final(name+" can't be read: Satchel is not allowed to. Change its permissions, then try again.", err)
	}
	return Final(name+" can't be read from its disk. Nothing was lost; check the disk, then try again.", err)
}

// Close ends all reading, also by those who have not noticed that their
// request is over: the sealed form belongs to the next attempt from here on.
func (s *source) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = os.ErrClosed
	}
	if s.sealing != nil {
		s.sealing.rest()
	}
	s.body.Close()
}

// readPlain reads the body itself, within the size that was queued.
func (s *source) readPlain(p []byte, off int64) (int, error) {
	if s.read += len(p); s.read >= turns {
		s.reading.Pass(s.ctx, s.read)
		s.read = 0
	}
	n, err := s.body.ReadAt(p, off)
	s.meter.touch()
	return n, err
}

// ReadAt implements io.ReaderAt: sealed bytes.
func (s *source) ReadAt(p []byte, off int64) (n int, err error) {
	err = s.handOut(off, len(p), func() (int, error) {
		n, err = s.sealing.ReadAt(p, off)
		return n, err
	})
	return n, err
}

// cappedPiece is how much is lent at once while a person bounds the speed.
const cappedPiece = 16 << 10

// lend implements lender: sealed bytes, as they lie in their window.
func (s *source) lend(off int64, n int) (p []byte, back func(), err error) {
	if s.caps.bound(chat.Upload) {
		n = min(n, cappedPiece)
	}
	var borrowed *int
	err = s.handOut(off, n, func() (int, error) {
		p, borrowed, err = s.sealing.lend(off, n)
		return len(p), err
	})
	return p, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		*borrowed--
	}, err
}

// handOut lets get take up to n sealed bytes from off on, when it is their turn, and counts
// how many it took.
func (s *source) handOut(off int64, n int, get func() (int, error)) error {
	s.caps.wait(s.ctx, chat.Upload, n)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	s.bulk.Pass(s.ctx, n)
	n, err := get()
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
		return err
	}
	from, to := s.opened(off), s.opened(off+int64(n))
	s.meter.went.Add(to - from)
	s.meter.set(s.ahead + to)
	if to == s.body.size() {
		// The store may now check the whole before it answers.
		s.meter.grace.Store(to / checkRate * 1e9)
	}
	return err
}

// opened is how many plain bytes are in so many sealed ones.
func (s *source) opened(sealed int64) int64 { return seal.OpenedSize(s.body.size(), sealed) }

// checkRate is how many bytes a second a store checks at the least, when it
// has them all.
const checkRate = 100 << 20

// progress is UploadRequest.Progress.
func (s *source) progress(stored int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return // the next read says it
	}
	if stored > s.sealing.handed {
		s.err = seal.ErrOffset
		return
	}
	stored = s.opened(max(0, stored))
	if !s.started {
		s.started, s.first = true, stored
	}
	if stored > s.first {
		s.meter.moved.Store(true)
	}
	s.meter.know(s.ahead + stored)
	s.check()
}

// check finds a body that changed under way. The lock is held.
func (s *source) check() {
	if err := s.body.check(); err != nil {
		s.err = err
	}
}

// failed is why the file could not be read, if so.
func (s *source) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// finish returns what the whole file became. It did not change meanwhile.
func (s *source) finish() (sealed, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return sealed{}, s.err
	}
	if s.check(); s.err != nil {
		return sealed{}, s.err
	}
	return s.sealing.finish()
}

// fileBody is one file.
type fileBody struct {
	*os.File
	info fs.FileInfo // when it was opened
	name string
}

func (f *fileBody) size() int64 { return f.info.Size() }
func (f *fileBody) restart()    {}

func (f *fileBody) same(other body) bool {
	o, ok := other.(*fileBody)
	return ok && os.SameFile(o.info, f.info) && o.info.Size() == f.info.Size() && o.info.ModTime().Equal(f.info.ModTime())
}

func (f *fileBody) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	switch {
	case n == len(p):
		return n, nil
	case err == nil || errors.Is(err, io.EOF):
		return n, f.changed()
	}
	return n, sourceError(f.name, err)
}

func (f *fileBody) check() error {
	info, err := f.Stat()
	switch {
	case err != nil:
		return sourceError(f.name, err)
	case info.Size() != f.info.Size() || !info.ModTime().Equal(f.info.ModTime()):
		return f.changed()
	}
	return nil
}

func (f *fileBody) changed() error {
	return Final(f.name+" changed while it was being sent. Send it again.", nil)
}
