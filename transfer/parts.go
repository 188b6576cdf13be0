package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"satchel/net/priority"
)

// Section is a part of a body for one request. It reads until Close returns,
// and not later: a client may hold on to a request's body longer than to the
// request. The goroutine that reads it, a connection's, moves bytes and nothing
// else.
type Section struct {
	// Tee gets what is read; may be nil. It may be looked at after Close.
	Tee io.Writer

	body   io.ReaderAt
	mu     sync.Mutex
	at     int64 // of the body, what is next
	end    int64
	begun  bool
	done   bool
	buffer []byte // what is lent of a body that lends nothing
}

// lender is a body that has bytes in memory.
type lender interface {
	// lend hands out some of the n bytes from off on, one at least. They stay as
	// they are until back is called, once.
	lend(off int64, n int) (p []byte, back func(), err error)
}

// NewSection returns n bytes of body from a byte on.
func NewSection(body io.ReaderAt, from, n int64) *Section {
	return &Section{body: body, at: from, end: from + n}
}

func (s *Section) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(); err != nil {
		return 0, err
	}
	n, err := s.body.ReadAt(p[:min(int64(len(p)), s.end-s.at)], s.at)
	s.took(p[:n])
	return n, err
}

// Lend implements socket.Lender. What it handed out may be in use after Close: it
// stays as it is.
func (s *Section) Lend(n int) (p []byte, back func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.begin(); err != nil {
		return nil, nil, err
	}
	n = int(min(int64(n), s.end-s.at))
	if l, ok := s.body.(lender); ok {
		p, back, err = l.lend(s.at, n)
	} else {
		if len(s.buffer) < n {
			s.buffer = make([]byte, n)
		}
		back = func() {}
		if n, err = s.body.ReadAt(s.buffer[:n], s.at); n > 0 {
			p, err = s.buffer[:n], nil // the next call meets the error again
		}
	}
	s.took(p)
	return p, back, err
}

// begin tells why nothing more is read. The lock is held.
func (s *Section) begin() error {
	switch {
	case s.done:
		return os.ErrClosed
	case s.at >= s.end:
		return io.EOF
	case !s.begun: // by a goroutine of the connection's, which moves bytes and nothing else
		priority.Background()
		s.begun = true
	}
	return nil
}

func (s *Section) took(p []byte) {
	s.at += int64(len(p))
	if s.Tee != nil {
		_, _ = s.Tee.Write(p)
	}
}

// Close ends the reading; it may be called more than once.
func (s *Section) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done = true
	return nil
}

// Parts sends what is left of a body to a store that takes it in numbered
// parts, several at a time. The body is read by one goroutine, going forward.
type Parts struct {
	Body   io.ReaderAt
	Stored int64 // what the store has: a number of whole parts, or all
	Size   int64
	Part   int64 // bytes of a part; the last one has the rest
	// Put stores a part; the first has the number 1. It is called from several
	// goroutines. What it returns that is no *Error is a connection that broke:
	// the part goes again, twice at most.
	Put func(ctx context.Context, p *Part) error
	// Stable is told, before Progress, that the store has so many bytes from the
	// start on; may be nil. Its error ends Send.
	Stable func(stored int64) error
	// Progress is UploadRequest's.
	Progress func(stored int64)
}

// Part is one part, in memory.
type Part struct {
	Number int // from 1
	Data   []byte
	beat   chan<- struct{}
}

// Reader reads the part from its start, and tells that bytes move. It can be
// sought and closed, as clients want it.
func (p *Part) Reader() io.ReadSeekCloser {
	return &partReader{Reader: bytes.NewReader(p.Data), beat: p.beat}
}

type partReader struct {
	*bytes.Reader
	beat  chan<- struct{}
	begun bool
}

func (r *partReader) Read(b []byte) (int, error) {
	if !r.begun {
		r.begun = true
		priority.Background()
	}
	select {
	case r.beat <- struct{}{}:
	default:
	}
	return r.Reader.Read(b)
}

func (r *partReader) Close() error { return nil }

const (
	partMemory  = 32 << 20 // bytes of one upload that are in memory, unless a single part is more
	partsAtOnce = 4
)

// PartSize is a size for the parts of a file: least, or as much more as is
// needed for no more than most parts.
func PartSize(size, least, most int64) int64 {
	const unit = 1 << 20
	need := (size + most - 1) / most
	return max(least, (need+unit-1)/unit*unit)
}

type sent struct {
	part *Part
	err  error
}

// Send returns when the store has all parts, or with why not; nothing of it
// runs any more then.
func (p *Parts) Send(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	atOnce := max(1, min(partsAtOnce, int(partMemory/p.Part)))
	results, beat := make(chan sent, atOnce), make(chan struct{}, 1)
	var buffers [][]byte
	var failed error
	whole := map[int]bool{} // parts that are stored, beyond Stored
	next, busy, told := p.Stored, 0, time.Now()
	for p.Stored < p.Size && failed == nil || busy > 0 {
		if failed == nil && next < p.Size && busy < atOnce {
			var buf []byte
			if n := len(buffers); n > 0 {
				buf, buffers = buffers[n-1], buffers[:n-1]
			} else {
				buf = make([]byte, min(p.Part, p.Size-next))
			}
			buf = buf[:min(p.Part, p.Size-next)]
			if n, err := p.Body.ReadAt(buf, next); n < len(buf) {
				if errors.Is(err, io.EOF) {
					err = io.ErrUnexpectedEOF
				}
				failed = err
				cancel()
				continue
			}
			part := &Part{Number: int(next/p.Part) + 1, Data: buf, beat: beat}
			next += int64(len(buf))
			busy++
			go func() { results <- sent{part, p.put(ctx, part)} }()
			continue
		}
		select {
		case r := <-results:
			busy--
			if r.err != nil {
				if failed == nil {
					failed = r.err
				}
				cancel()
				continue
			}
			if int64(len(r.part.Data)) == p.Part {
				buffers = append(buffers, r.part.Data)
			}
			whole[r.part.Number] = true
			if !p.advance(whole) || p.Stable == nil || failed != nil {
				break
			}
			if failed = p.Stable(p.Stored); failed != nil {
				cancel()
			}
		case <-beat:
			if time.Since(told) < tick {
				continue
			}
		}
		if failed == nil {
			told = time.Now()
			p.Progress(p.Stored)
		}
	}
	return failed
}

// advance moves Stored over the parts that are whole, and tells whether it did.
func (p *Parts) advance(whole map[int]bool) (moved bool) {
	for n := int(p.Stored/p.Part) + 1; p.Stored < p.Size && whole[n]; n++ {
		delete(whole, n)
		p.Stored, moved = min(p.Stored+p.Part, p.Size), true
	}
	return moved
}

func (p *Parts) put(ctx context.Context, part *Part) error {
	for broke := 0; ; broke++ {
		err := p.Put(ctx, part)
		if err == nil || broke == breaks || Settled(ctx, err) {
			return err
		}
	}
}
