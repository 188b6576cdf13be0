package main

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"satchel/net/wire"
)

// bodySize is how many bytes a message has.
const bodySize = 500

// run is one load: senders that send on a fixed beat, whatever comes back, and
// all who hear of it. A message that leaves late, or waits for a socket, counts
// from its beat.
type run struct {
	name     string
	senders  []sender
	hearers  []line  // all connections, senders among them
	rate     float64 // messages a second, of all senders together
	lasts    time.Duration
	each     int // how many are told of one message
	started  time.Time
	begun    atomic.Int64 // messages that left
	acked    atomic.Int64
	heard    atomic.Int64
	twice    atomic.Int64
	refused  atomic.Int64
	mu       sync.Mutex
	toAck    *hdrhistogram.Histogram // microseconds
	toHearer *hdrhistogram.Histogram
}

// line is one connection to whatever is measured. One goroutine sends and
// another calls next.
type line interface {
	send(to, message, body string) error // does not wait for the answer
	next() (happened, error)
	socket() net.Conn
}

// happened is what came to a line.
type happened struct {
	kind         int
	message      []byte // good until the next call
	conversation string
	seq          uint64 // 0: not told
}

const (
	acknowledged = iota // one that was sent here
	delivered           // one of somebody else's
	refused
)

type sender struct {
	line
	to string
}

func histogram() *hdrhistogram.Histogram { return hdrhistogram.New(1, 60_000_000, 3) }

// do carries a load out, and returns when all of it was acknowledged and
// delivered, or nothing has come for some seconds.
func (r *run) do(ctx context.Context) error {
	r.toAck, r.toHearer = histogram(), histogram()
	total := int64(r.rate * r.lasts.Seconds())
	reading, stop := context.WithCancel(ctx)
	var readers, writers sync.WaitGroup
	runtime.GC() // of what was needed to connect
	r.started = time.Now().Add(500 * time.Millisecond)
	for _, c := range r.hearers {
		c.socket().SetReadDeadline(time.Time{})
		readers.Go(func() { r.read(reading, c) })
	}
	for s := range r.senders {
		writers.Go(func() { r.write(ctx, s, total) })
	}
	writers.Wait()
	want := r.begun.Load() * int64(r.each)
	for last, still := int64(-1), 0; still < 50 && ctx.Err() == nil; time.Sleep(100 * time.Millisecond) {
		acked, heard := r.acked.Load(), r.heard.Load()
		if acked == r.begun.Load() && heard >= want {
			break
		}
		if acked+heard == last {
			still++
		} else {
			last, still = acked+heard, 0
		}
	}
	stop()
	for _, c := range r.hearers {
		c.socket().SetReadDeadline(time.Unix(1, 0))
	}
	readers.Wait()
	if r.begun.Load() != r.acked.Load() || r.heard.Load() != want || r.twice.Load() > 0 || r.refused.Load() > 0 {
		return fmt.Errorf("%s: of %d messages %d were acknowledged, %d of %d deliveries came, %d twice, %d refused", r.name,
			r.begun.Load(), r.acked.Load(), r.heard.Load(), want, r.twice.Load(), r.refused.Load())
	}
	return ctx.Err()
}

// beat is when message n is due.
func (r *run) beat(n int64) time.Time {
	return r.started.Add(time.Duration(float64(n) / r.rate * float64(time.Second)))
}

// write sends every message of one sender at its beat.
func (r *run) write(ctx context.Context, s int, total int64) {
	c := r.senders[s]
	body := base64.StdEncoding.EncodeToString(make([]byte, bodySize))
	for n := int64(s); n < total; n += int64(len(r.senders)) {
		if wait := time.Until(r.beat(n)); wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return
			}
		}
		id := r.name + "-" + strconv.FormatInt(n, 10)
		if err := c.send(c.to, id, body); err != nil {
			return
		}
		r.begun.Add(1)
	}
}

// read takes what comes on one connection and notes how long it took.
func (r *run) read(ctx context.Context, c line) {
	// Kept plain until the end: a histogram for each connection is large.
	var toAck, toHearer []int64 // microseconds
	defer func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, v := range toAck {
			_ = r.toAck.RecordValue(v) // a minute at most
		}
		for _, v := range toHearer {
			_ = r.toHearer.RecordValue(v)
		}
	}()
	newest := map[string]uint64{} // entry by conversation
	for ctx.Err() == nil {
		h, err := c.next()
		if err != nil {
			return
		}
		now := time.Now()
		var to *[]int64
		switch h.kind {
		case acknowledged:
			to = &toAck
			r.acked.Add(1)
		case delivered:
			to = &toHearer
			r.heard.Add(1)
			if h.seq > 0 && h.seq <= newest[h.conversation] {
				r.twice.Add(1)
			}
			newest[h.conversation] = h.seq
		case refused:
			r.refused.Add(1)
			continue
		}
		message := h.message
		if len(message) <= len(r.name) || string(message[:len(r.name)]) != r.name {
			continue // of a load before
		}
		n, err := strconv.ParseInt(string(message[len(r.name)+1:]), 10, 64)
		if err == nil {
			*to = append(*to, max(now.Sub(r.beat(n)).Microseconds(), 1))
		}
	}
}

func (r *run) report() string {
	line := func(h *hdrhistogram.Histogram) string {
		ms := func(q float64) string { return fmt.Sprintf("%.1f", float64(h.ValueAtQuantile(q))/1000) }
		return fmt.Sprintf("p50 %s p99 %s p99.9 %s ms", ms(50), ms(99), ms(99.9))
	}
	return fmt.Sprintf("send → acknowledged %s; send → delivered %s", line(r.toAck), line(r.toHearer))
}

// p99 is the larger one of both ways.
func (r *run) p99() time.Duration {
	return time.Duration(max(r.toAck.ValueAtQuantile(99), r.toHearer.ValueAtQuantile(99))) * time.Microsecond
}

// connectAll connects n people, eight at a time.
func connectAll(ctx context.Context, people []*person, connect func(*person) (*client, error)) ([]*client, error) {
	all := make([]*client, len(people))
	err := eachOf(len(people), func(i int) (err error) {
		if err = ctx.Err(); err == nil {
			all[i], err = connect(people[i])
		}
		return err
	})
	var refused *wire.Error
	if errors.As(err, &refused) {
		return nil, fmt.Errorf("refused: %s", refused.Message)
	}
	return all, err
}

// eachOf does something n times, eight at a time, up to the first error.
func eachOf(n int, do func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Bool
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() {
			var err error
			for i := next.Add(1) - 1; i < int64(n) && err == nil && !failed.Load(); i = next.Add(1) - 1 {
				err = do(int(i))
			}
			if err != nil {
				failed.Store(true)
			}
			errs <- err
		}()
	}
	var first error
	for range cap(errs) {
		if err := <-errs; first == nil {
			first = err
		}
	}
	return first
}
