package command

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"satchel/app/session"
)

// The control socket speaks JSON, one object a line. The client sends a Call and
// then says. The owner sends tells; each that carries output is acknowledged once
// it was written, so that the owner's listen knows what was printed.
type (
	say struct {
		Ack  int  `json:"ack,omitempty"`  // the tell of this number was written
		Stop bool `json:"stop,omitempty"` // the person interrupted the command

		Answer *string `json:"answer,omitempty"` // a line of standard input, for a tell that asked
	}
	tell struct {
		N    int    `json:"n,omitempty"`
		Out  []byte `json:"out,omitempty"`
		Err  []byte `json:"err,omitempty"`
		Exit *int   `json:"exit,omitempty"`
		Gone bool   `json:"gone,omitempty"` // the owner ends: take the profile over
		Ask  bool   `json:"ask,omitempty"`  // a line of standard input is wanted
	}
)

// socketPath is the control socket of a profile. release lets go of what a path
// that is too long for a socket needs.
func socketPath(dir string) (path string, release func(), err error) {
	path = filepath.Join(dir, "control.sock")
	if len(path) < 100 || runtime.GOOS != "linux" {
		return path, func() {}, nil
	}
	// An address of a socket has about a hundred bytes: go by way of the open folder.
	folder, err := os.Open(dir)
	if err != nil {
		return "", nil, err
	}
	return "/proc/self/fd/" + strconv.Itoa(int(folder.Fd())) + "/control.sock", func() { folder.Close() }, nil
}

// Serve lets satchelctl use a session that this program has open, until ctx ends.
// raise is called, on any goroutine, when the program is started once more for
// this profile: see Raise. It returns when every command that it ran is over.
func Serve(ctx context.Context, s *session.Session, raise func(args []string)) error {
	r := newRunner(s)
	r.raise = raise
	return r.serve(ctx)
}

// Raise asks the program that has a profile open to show its window, and in it
// what args name: links and paths. It tells whether there was a window.
func Raise(dir string, args []string) bool {
	t, ok := tellOwner(dir, Call{Raise: true, Args: args})
	return ok && t.Exit != nil && *t.Exit == exitDone
}

// serve accepts clients until ctx ends. Their commands are then told to go on
// in the client's own process.
func (r *runner) serve(ctx context.Context) error {
	path, release, err := socketPath(r.s.Profile().Dir)
	if err != nil {
		return err
	}
	defer release()
	// The profile's lock is ours: what is there is of an owner that was killed.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		listener.Close()
		return err
	}
	var clients sync.WaitGroup
	defer clients.Wait()
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	defer stop()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			if err == nil {
				conn.Close()
			}
			return nil
		}
		if err != nil {
			return err
		}
		clients.Go(func() { r.client(ctx, conn) })
	}
}

// client runs one client's command.
func (r *runner) client(owner context.Context, conn net.Conn) {
	defer conn.Close()
	in, out := json.NewDecoder(conn), json.NewEncoder(conn)
	conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var c Call
	if in.Decode(&c) != nil {
		return
	}
	conn.SetReadDeadline(time.Time{})
	if c.Yield {
		refused := exitFailed
		answer := tell{Exit: &refused}
		if r.yield != nil {
			r.yield()
			answer = tell{Gone: true}
		}
		_ = out.Encode(answer) // who hangs up needs no answer
		return
	}

	if c.Raise {
		code := exitFailed
		if r.raise != nil {
			r.raise(c.Args)
			code = exitDone
		}
		_ = out.Encode(tell{Exit: &code})
		return
	}

	ctx, cancel := context.WithCancel(owner)
	defer cancel()
	w := &clientOutput{conn: conn, out: out, owner: owner, acks: make(chan int), answers: make(chan string, 1), gone: make(chan struct{})}
	c.Stdout, c.Stderr, c.ask = &stream{w, false}, &stream{w, true}, w.ask
	var stopped atomic.Bool
	listening := make(chan struct{})
	go func() { // ends with the connection, which is closed when the command is over
		defer close(listening)
		defer close(w.gone)
		defer cancel()
		for {
			var s say
			if in.Decode(&s) != nil {
				return
			}
			if s.Stop {
				stopped.Store(true)
				cancel()
				continue
			}
			if s.Answer != nil {
				select {
				case w.answers <- *s.Answer:
				default: // nobody asked
				}
				continue
			}
			select {
			case w.acks <- s.Ack:
			case <-time.After(ackWait): // nobody waits for it any more
			}
		}
	}()
	code := r.run(ctx, &c)
	if owner.Err() != nil && !stopped.Load() && code != exitDone {
		_ = w.send(tell{Gone: true}) // it goes on in the client's process
	} else {
		_ = w.send(tell{Exit: &code})
	}
	conn.Close()
	<-listening
}

// ackWait bounds the wait for a client once nothing is to come of it.
const ackWait = 2 * time.Second

// clientOutput sends what a command prints, one piece at a time.
type clientOutput struct {
	conn  net.Conn
	out   *json.Encoder
	owner context.Context
	acks  chan int
	gone  chan struct{} // closed when the client is

	answers chan string // capacity 1

	mu sync.Mutex
	n  int
}

func (w *clientOutput) send(t tell) error {
	w.conn.SetWriteDeadline(time.Now().Add(30 * time.Second))
	return w.out.Encode(t)
}

// write sends a piece and waits until the client has written it. When the owner
// ends it waits a moment only.
func (w *clientOutput) write(t tell) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
	t.N = w.n
	if err := w.send(t); err != nil {
		return err
	}
	ending := w.owner.Done()
	var late <-chan time.Time
	for {
		select {
		case n := <-w.acks:
			if n == t.N {
				return nil
			}
		case <-w.gone:
			return io.ErrClosedPipe
		case <-ending:
			ending, late = nil, time.After(ackWait)
		case <-late:
			return context.Canceled
		}
	}
}

// ask has the client read a line.
func (w *clientOutput) ask(ctx context.Context) (string, error) {
	w.mu.Lock()
	err := w.send(tell{Ask: true})
	w.mu.Unlock()
	if err != nil {
		return "", err
	}
	select {
	case line := <-w.answers:
		return line, nil
	case <-w.gone:
		return "", io.ErrClosedPipe
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// stream is the standard output or error of a client. What a command says of
// being interrupted by the owner's end is not for the client to see.
type stream struct {
	w     *clientOutput
	isErr bool
}

func (s *stream) Write(b []byte) (int, error) {
	t := tell{Out: b}
	if s.isErr {
		if s.w.owner.Err() != nil {
			return len(b), nil
		}
		t = tell{Err: b}
	}
	if err := s.w.write(t); err != nil {
		return 0, err
	}
	return len(b), nil
}
