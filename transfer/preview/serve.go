package preview

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// init makes this program a helper when it was started as one.
func init() {
	if os.Getenv(mark) == "" {
		return
	}
	_ = os.Unsetenv(mark) // for what it starts itself
	serve()
	os.Exit(0)
}

// The codes with which a helper ends that was asked for too much.
const (
	exitTime   = 77
	exitMemory = 2 // the runtime's, when there is no more memory
)

// serve answers requests until there are no more. It runs in the helper.
func serve() {
	boundMemory(memory)
	debug.SetGCPercent(50)
	debug.SetMemoryLimit(memory / 2)
	requests := make(chan request)
	go func() {
		in := bufio.NewScanner(os.Stdin)
		for in.Scan() {
			var r request
			if json.Unmarshal(in.Bytes(), &r) != nil {
				break
			}
			requests <- r
		}
		endGroup() // who asked is gone: so is all that was started here
	}()
	c := &clock{}
	go c.watch()
	out := bufio.NewWriterSize(os.Stdout, 64<<10)
	for r := range requests {
		limit, bytes := time.Duration(seconds)*time.Second, int64(memory)
		if r.Large {
			limit, bytes = largeTime, largeMemory
		}
		boundMemory(bytes)
		debug.SetMemoryLimit(bytes / 2)
		j := &job{request: r, clock: c, limit: limit, out: out}
		c.start(limit)
		if r.Op == opSound {
			ctx, cancel := context.WithCancel(context.Background())
			j.ctx = ctx
			err := j.play(out)
			cancel()
			c.stop()
			if err != nil {
				return
			}
			continue
		}
		a := j.run()
		c.stop()
		if a.write(out) != nil {
			return
		}
		debug.FreeOSMemory()
		boundMemory(memory)
	}
}

// job is one request in the helper.
type job struct {
	request
	ctx   context.Context
	clock *clock
	limit time.Duration
	out   *bufio.Writer
	found Found
	delay []time.Duration
}

// run carries a request out. A decoder that panics costs this file only.
func (j *job) run() (a *answer) {
	a = &answer{}
	// Who asked has a clock, too, and ends this process: this one ends reading.
	ctx, cancel := context.WithTimeout(context.Background(), warmTime+2*largeTime)
	defer cancel()
	j.ctx = ctx
	defer func() {
		if p := recover(); p != nil {
			a = &answer{Kind: failed, Error: fmt.Sprint(p)}
		}
		a.Found = j.found
		if a.Kind != fine {
			a.images, a.Images = nil, nil
		}
	}()
	images, err := j.look()
	switch {
	case errors.Is(err, ErrNoPicture):
		a.Kind = noPicture
	case err != nil:
		a.Kind, a.Error = failed, err.Error()
	}
	a.images = images
	for i, img := range images {
		d := dimensions{Width: img.Rect.Dx(), Height: img.Rect.Dy()}
		if i < len(j.delay) {
			d.Delay = j.delay[i]
		}
		a.Images = append(a.Images, d)
	}
	return a
}

// warm makes a decoder ready, once, outside of the bounds of a file: it sees
// nothing of one.
func (j *job) warm(ready *bool, make func()) {
	if *ready {
		return
	}
	j.clock.stop()
	_ = (&answer{Warming: true}).write(j.out)
	boundMemory(largeMemory)
	make()
	*ready = true
	debug.FreeOSMemory()
	if !j.Large {
		boundMemory(memory)
	}
	j.clock.start(j.limit)
}

// clock ends the helper when a file takes too much of the processor.
type clock struct{ until atomic.Int64 } // of cpuTime, in nanoseconds; 0: nothing to watch

func (c *clock) start(limit time.Duration) { c.until.Store(int64(cpuTime() + limit)) }
func (c *clock) stop()                     { c.until.Store(0) }

func (c *clock) watch() {
	for {
		time.Sleep(50 * time.Millisecond)
		if until := c.until.Load(); until > 0 && int64(cpuTime()) > until {
			os.Exit(exitTime)
		}
	}
}
