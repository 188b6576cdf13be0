package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"sync"

	"satchel/chat"
	"satchel/net/priority"
)

// source is the file that an upload reads, opened once for an attempt. It
// computes the checksum of the whole file from the very bytes that are handed
// out, so that a file is read once however its bytes travel. Reads may come
// from several goroutines and repeat; the checksum takes each byte once.
type source struct {
	ctx   context.Context
	file  *os.File
	name  string
	meter *meter

	mu      sync.Mutex
	bulk    priority.Bulk
	sum     *sourceSum
	err     error // why nothing can be read any more
	started bool  // Progress was called
	first   int64 // what it said then
}

// sourceSum is a checksum under way, of bytes 0..n of a file that looked so.
// It outlives an attempt: after a cut, nothing is read twice.
type sourceSum struct {
	hash hash.Hash
	n    int64
	info fs.FileInfo
}

// openSource opens the file of an upload and checks that it is still the one
// that was queued.
func openSource(ctx context.Context, t *chat.Transfer, old *sourceSum, m *meter, words *priority.Gate) (*source, error) {
	name := t.File.Name
	info, err := os.Stat(t.Path) // before opening: opening a pipe would wait for its other end
	if err != nil {
		return nil, sourceError(name, err)
	}
	if err := plainFile(name, info); err != nil {
		return nil, err
	}
	file, err := os.Open(t.Path)
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
	if info.Size() != t.File.Size || !t.ModTime.IsZero() && !info.ModTime().Equal(t.ModTime) {
		file.Close()
		return nil, Final(name+" changed after it was chosen. Send it again.", nil)
	}
	if old == nil || !os.SameFile(old.info, info) || old.info.Size() != info.Size() || !old.info.ModTime().Equal(info.ModTime()) {
		old = &sourceSum{hash: sha256.New(), info: info}
	}
	return &source{ctx: ctx, file: file, name: name, meter: m, bulk: words.Bulk(), sum: old}, nil
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

func (s *source) changed() error {
	return Final(s.name+" changed while it was being sent. Send it again.", nil)
}

// Close ends all reading, also by those who have not noticed that their
// request is over: the checksum belongs to the next attempt from here on.
func (s *source) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = os.ErrClosed
	}
	s.file.Close()
}

// ReadAt implements io.ReaderAt within the size that was queued.
func (s *source) ReadAt(p []byte, off int64) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return 0, s.err
	}
	size := s.sum.info.Size()
	if off >= size {
		return 0, io.EOF
	}
	if err := s.catchUp(off); err != nil {
		return 0, err
	}
	p = p[:min(int64(len(p)), size-off)]
	s.bulk.Pass(s.ctx, len(p))
	n, err := s.file.ReadAt(p, off)
	if n < len(p) {
		return 0, s.fail(err)
	}
	s.take(p, off)
	s.meter.went.Add(int64(n))
	s.meter.set(off + int64(n))
	if off+int64(n) == size {
		// The store may now check the whole before it answers.
		s.meter.grace.Store(size / checkRate * 1e9)
	}
	return n, nil
}

// checkRate is how many bytes a second a store checks at the least, when it
// has them all.
const checkRate = 100 << 20

// take feeds the checksum with those of the bytes that it did not have. The lock is held.
func (s *source) take(p []byte, off int64) {
	if end := off + int64(len(p)); off <= s.sum.n && end > s.sum.n {
		s.sum.hash.Write(p[s.sum.n-off:])
		s.sum.n = end
	}
}

// catchUp reads for the checksum what lies before off. The lock is held.
func (s *source) catchUp(off int64) error {
	if s.sum.n >= off {
		return nil
	}
	buf := make([]byte, min(1<<20, off-s.sum.n))
	for s.sum.n < off {
		if err := s.ctx.Err(); err != nil {
			return err
		}
		p := buf[:min(int64(len(buf)), off-s.sum.n)]
		if n, err := s.file.ReadAt(p, s.sum.n); n < len(p) {
			return s.fail(err)
		}
		s.take(p, s.sum.n)
		s.meter.touch()
	}
	return nil
}

// fail keeps why the file can't be read. The lock is held.
func (s *source) fail(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		s.err = s.changed()
	} else {
		s.err = sourceError(s.name, err)
	}
	return s.err
}

// progress is UploadRequest.Progress.
func (s *source) progress(stored int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return // the next read says it
	}
	stored = max(0, min(stored, s.sum.info.Size()))
	if !s.started {
		s.started, s.first = true, stored
		_ = s.catchUp(stored) // what went wrong is met by the next read
	}
	if stored > s.first {
		s.meter.moved.Store(true)
	}
	s.meter.know(stored)
	s.check()
}

// check finds a file that changed under way. The lock is held.
func (s *source) check() {
	info, err := s.file.Stat()
	switch {
	case err != nil:
		s.err = sourceError(s.name, err)
	case info.Size() != s.sum.info.Size() || !info.ModTime().Equal(s.sum.info.ModTime()):
		s.err = s.changed()
	}
}

// failed is why the file could not be read, if so.
func (s *source) failed() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// finish returns the checksum of the whole file, which did not change meanwhile.
func (s *source) finish() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", s.err
	}
	if err := s.catchUp(s.sum.info.Size()); err != nil {
		return "", err
	}
	if s.check(); s.err != nil {
		return "", s.err
	}
	return hex.EncodeToString(s.sum.hash.Sum(nil)), nil
}
