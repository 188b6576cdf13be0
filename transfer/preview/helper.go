package preview

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// mark, in the environment, makes this program a helper.
const mark = "SATCHEL_PREVIEW_HELPER"

const (
	maxHelpers = 2
	idleTime   = 20 * time.Second // after which a helper ends
)

// Tests measure helpers: program is what is started as one, "" this program;
// ended hears of each of those that is no more. They are set under helpers.mu, while
// none starts.
var (
	program string
	ended   = func(*os.ProcessState) {}
)

// helpers are those that wait for work.
var helpers struct {
	places chan struct{} // one for each that may be there at a time
	mu     sync.Mutex
	idle   []*helper
}

func init() { helpers.places = make(chan struct{}, maxHelpers) }

// helper is the other process. One call at a time uses it.
type helper struct {
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	killed atomic.Int32 // why: a killed… constant
	retire *time.Timer  // while it is idle
	ended  func(*os.ProcessState)
}

const (
	killedBounds = 1 + iota
	killedCancelled
)

func startHelper() (*helper, error) {
	path := program
	if path == "" {
		var err error
		if path, err = os.Executable(); err != nil {
			return nil, err
		}
	}
	h := &helper{cmd: exec.Command(path), ended: ended}
	h.cmd.Env = append(os.Environ(), mark+"=1")
	ownGroup(h.cmd)
	var err error
	if h.in, err = h.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := h.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	h.out = bufio.NewReaderSize(out, 64<<10)
	if err := h.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a helper for pictures: %w", err)
	}
	return h, nil
}

// take returns a helper that waits, or a new one.
func take() (*helper, error) {
	helpers.mu.Lock()
	defer helpers.mu.Unlock()
	if n := len(helpers.idle); n > 0 {
		h := helpers.idle[n-1]
		helpers.idle = helpers.idle[:n-1]
		h.retire.Stop() // when it is too late, the helper is not in the list any more
		return h, nil
	}
	return startHelper()
}

// rest keeps a helper for the next call, for a while.
func (h *helper) rest() {
	helpers.mu.Lock()
	defer helpers.mu.Unlock()
	helpers.idle = append(helpers.idle, h)
	h.retire = time.AfterFunc(idleTime, func() {
		helpers.mu.Lock()
		found := false
		for i := range helpers.idle {
			if helpers.idle[i] == h {
				helpers.idle, found = append(helpers.idle[:i], helpers.idle[i+1:]...), true
				break
			}
		}
		helpers.mu.Unlock()
		if found {
			h.end()
		}
	})
}

// end lets a helper that has nothing to do go.
func (h *helper) end() {
	h.in.Close()
	_ = h.cmd.Wait()
	h.ended(h.cmd.ProcessState)
}

func (h *helper) kill(why int32) {
	h.killed.CompareAndSwap(0, why)
	killGroup(h.cmd)
}

// ask carries out a request. It returns when ctx ends.
func ask(ctx context.Context, r request) (answer, error) {
	if r.Op != opLook && (r.Width < 1 || r.Height < 1) {
		return answer{}, errors.New("a picture without a size was asked for")
	}
	r.Width, r.Height = min(r.Width, maxSide), min(r.Height, maxSide)
	if err := regular(r.Path); err != nil {
		return answer{}, err
	}
	select {
	case helpers.places <- struct{}{}:
		defer func() { <-helpers.places }()
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return answer{}, err
	}
	h, err := take()
	if err != nil {
		return answer{}, err
	}
	a, err := h.call(ctx, &r)
	if err == nil {
		h.rest()
		return a, a.err()
	}
	state := h.buried(err)
	h.ended(h.cmd.ProcessState)
	switch {
	case ctx.Err() != nil:
		return answer{}, ctx.Err()
	case h.killed.Load() == killedBounds || outOfBounds(h.cmd.ProcessState):
		return answer{}, ErrBounds
	}
	return answer{}, errors.Join(ErrFailed, state, err)
}

// buried waits until a helper is gone, and whatever it started. One that ended
// by itself gets the time to say why: its standard input stays open meanwhile.
func (h *helper) buried(err error) error {
	patience := time.Duration(0)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		patience = 2 * time.Second
	}
	late := time.AfterFunc(patience, func() { h.kill(killedCancelled) })
	state := h.cmd.Wait()
	late.Stop()
	killGroup(h.cmd)
	return state
}

// call sends a request and waits for the answer. After an error the helper is
// of no more use.
func (h *helper) call(ctx context.Context, r *request) (answer, error) {
	stop := context.AfterFunc(ctx, func() { h.kill(killedCancelled) })
	defer stop()
	wall := wallTime
	if r.Large {
		wall = 2 * largeTime
	}
	clock := time.AfterFunc(wall, func() { h.kill(killedBounds) })
	defer clock.Stop()
	line, err := json.Marshal(r)
	if err == nil {
		_, err = h.in.Write(append(line, '\n'))
	}
	for err == nil {
		var a answer
		if err = a.read(h.out, r); err == nil && !a.Warming {
			return a, ctx.Err()
		}
		clock.Reset(warmTime + wall)
	}
	return answer{}, err
}

// regular refuses what reading would wait for: a pipe, a device.
func regular(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is no file", path)
	}
	return err
}
