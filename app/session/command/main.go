package command

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"satchel/app/session"
)

// patienceOwner is how long a command looks for a way to a profile that another
// program has.
const patienceOwner = 10 * time.Second

// Main runs one command on the profile in folder dir: here, or in the program
// that has the profile open. It returns the exit code, and ends soon after ctx.
func Main(ctx context.Context, dir string, logger *slog.Logger, c Call) int {
	j, err := parse(c.Args)
	if errors.Is(err, errHelp) {
		fmt.Fprint(c.Stdout, Usage)
		return exitDone
	} else if err != nil {
		return report(c.Stderr, err)
	}
	if _, joins := j.(joiner); !joins {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return report(c.Stderr, session.ErrNotHere)
		}
	}
	c.ask = lines(c.Stdin)
	gave := time.Time{} // when the profile was given to another program
	for until := time.Now().Add(patienceOwner); ; {
		err := session.ErrInUse
		if time.Since(gave) > patienceOwner/2 {
			var s *session.Session
			if s, err = session.Open(session.Options{Dir: dir, Logger: logger, Client: "satchelctl"}); err == nil {
				code, yielded := own(ctx, s, &c)
				if !yielded {
					return code
				}
				gave, until = time.Now(), time.Now().Add(patienceOwner)
				continue
			}
		}
		if !errors.Is(err, session.ErrInUse) {
			return report(c.Stderr, err)
		}
		code, met, done := forward(ctx, dir, &c)
		if done {
			return code
		}
		if met {
			gave, until = time.Time{}, time.Now().Add(patienceOwner) // it ended in the middle: take over
		}
		if time.Now().After(until) {
			return report(c.Stderr, err)
		}
		select {
		case <-time.After(50 * time.Millisecond): // it may be opening, or closing
		case <-ctx.Done():
			return report(c.Stderr, errors.New("interrupted"))
		}
	}
}

// own runs a command in this process, and meanwhile those of others. yielded
// tells that the profile was given away before the command was over.
func own(ctx context.Context, s *session.Session, c *Call) (code int, yielded bool) {
	r := newRunner(s)
	working, give := context.WithCancel(ctx)
	defer give()
	var given atomic.Bool
	r.yield = func() {
		given.Store(true)
		give()
	}
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var all sync.WaitGroup
	all.Go(func() { _ = s.Run(serving) })
	var clients sync.WaitGroup
	ready, closing := context.WithCancel(serving)
	clients.Go(func() { _ = r.serve(ready) })

	mine, lines := *c, &counter{Writer: c.Stdout}
	mine.Stdout, mine.Stderr = lines, &until{Writer: c.Stderr, over: &given}
	code = r.run(working, &mine)
	c.Printed += lines.n
	yielded = given.Load() && code != exitDone

	closing()
	clients.Wait()
	// Others see their ticks now rather than when this profile connects again.
	bounded, cancel := context.WithTimeout(serving, time.Second)
	s.Told(bounded)
	cancel()
	stop()
	all.Wait()
	if err := s.Close(); err != nil && code == exitDone {
		return report(c.Stderr, err), false
	}
	return code, yielded
}

// counter counts the lines that were written.
type counter struct {
	io.Writer
	n int
}

func (w *counter) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.n += bytes.Count(b[:n], []byte("\n"))
	return n, err
}

// until writes until something is over: what a command says of being
// interrupted is not for the person when it goes on elsewhere.
type until struct {
	io.Writer
	over *atomic.Bool
}

func (w *until) Write(b []byte) (int, error) {
	if w.over.Load() {
		return len(b), nil
	}
	return w.Writer.Write(b)
}

// Open opens a profile for a program that stays, as the desktop does. A
// satchelctl that has it gives it up, and goes on by way of Serve.
func Open(ctx context.Context, opts session.Options) (*session.Session, error) {
	for until := time.Now().Add(patienceOwner / 2); ; {
		s, err := session.Open(opts)
		if !errors.Is(err, session.ErrInUse) || time.Now().After(until) {
			return s, err
		}
		if refused := askToYield(opts.Dir); refused {
			return nil, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, err
		}
	}
}

// askToYield asks the program that has a profile for it, and tells whether it
// keeps it.
func askToYield(dir string) (refused bool) {
	t, ok := tellOwner(dir, Call{Yield: true})
	return ok && t.Exit != nil
}

// tellOwner says something to the program that has a profile, and returns its
// answer; false when there is none.
func tellOwner(dir string, c Call) (t tell, ok bool) {
	path, release, err := socketPath(dir)
	if err != nil {
		return t, false
	}
	defer release()
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return t, false
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	ok = json.NewEncoder(conn).Encode(c) == nil && json.NewDecoder(conn).Decode(&t) == nil
	return t, ok
}

// forward hands a command to the program that has the profile. met tells that
// there was one, done that it carried the command out.
func forward(ctx context.Context, dir string, c *Call) (code int, met, done bool) {
	path, release, err := socketPath(dir)
	if err != nil {
		return 0, false, false
	}
	defer release()
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return 0, false, false
	}
	defer conn.Close()
	out, in := json.NewEncoder(conn), json.NewDecoder(conn)
	if out.Encode(c) != nil {
		return 0, true, false
	}
	var mu sync.Mutex // of out
	interrupted := context.AfterFunc(ctx, func() {
		mu.Lock()
		defer mu.Unlock()
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		_ = out.Encode(say{Stop: true})
	})
	defer interrupted()
	waiting, over := context.WithCancel(ctx)
	var asking sync.WaitGroup
	defer asking.Wait()
	defer over()
	for {
		var t tell
		if err := in.Decode(&t); err != nil || t.Gone {
			if ctx.Err() != nil {
				return report(c.Stderr, errors.New("interrupted")), true, true
			}
			return 0, true, false
		}
		if t.Exit != nil {
			return *t.Exit, true, true
		}
		if t.Ask {
			asking.Go(func() {
				line, err := c.ask(waiting)
				if err != nil {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				_ = out.Encode(say{Answer: &line}) // the end of the connection is seen by who reads it
			})
			continue
		}
		if _, err := c.Stderr.Write(t.Err); err != nil {
			return exitFailed, true, true
		}
		if _, err := c.Stdout.Write(t.Out); err != nil {
			return exitFailed, true, true
		}
		c.Printed += bytes.Count(t.Out, []byte("\n"))
		mu.Lock()
		err := out.Encode(say{Ack: t.N})
		mu.Unlock()
		if err != nil && ctx.Err() == nil {
			return 0, true, false
		}
	}
}

// NewCall is a command line of this process.
func NewCall(args []string) (Call, error) {
	dir, err := os.Getwd()
	if err != nil {
		return Call{}, fmt.Errorf("the working folder is gone: %w", err)
	}
	return Call{Args: args, Dir: dir, Run: runName(), Began: time.Now()}, nil
}
