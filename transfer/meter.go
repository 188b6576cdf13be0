package transfer

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// meter counts the bytes of one attempt. Any goroutine may feed it.
type meter struct {
	start  time.Time
	at     atomic.Int64 // bytes of the file that are there, or on their way
	known  atomic.Int64 // bytes that are known to be there
	went   atomic.Int64 // bytes that were handed on in this attempt, also those that go twice
	last   atomic.Int64 // nanoseconds after start: when something last moved
	grace  atomic.Int64 // nanoseconds of silence that are in order beyond the usual
	moved  atomic.Bool  // a byte went in this attempt
	active atomic.Bool  // bytes are meant to move now
}

// newMeter starts from what was known before.
func newMeter(offset int64) *meter {
	m := &meter{start: time.Now()}
	m.know(offset)
	return m
}

// touch says that something moves.
func (m *meter) touch() { m.last.Store(int64(time.Since(m.start))) }

// set says how far the transfer is.
func (m *meter) set(at int64) {
	m.at.Store(at)
	m.touch()
}

// know says how much is there for certain. Said again, it is a sign of life.
func (m *meter) know(at int64) {
	if m.known.Swap(at) == at {
		m.touch()
		return
	}
	m.set(at)
}

// silence is for how long nothing moved that should.
func (m *meter) silence() time.Duration {
	if !m.active.Load() {
		return 0
	}
	return time.Since(m.start) - time.Duration(m.last.Load()+m.grace.Load())
}

// tick is how often progress is told.
const tick = 100 * time.Millisecond

// watch tells the progress of a transfer that moves, and ends the attempt when
// nothing moves for too long. The returned function stops it and waits for it.
func (e *Engine) watch(en *entry, cancel context.CancelCauseFunc) (stop func()) {
	m := en.meter
	m.touch()
	m.active.Store(true)
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		rate := newPace()
		shown, quiet := int64(-1), 0
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
			}
			if m.silence() > e.cfg.Stall {
				cancel(errStalled)
			}
			// What broke on its way goes again: until it has caught up, it stands.
			at := max(m.at.Load(), shown)
			speed := rate.at(m.went.Load(), time.Now())
			// While nothing moves the rate still falls: once a second is enough.
			if quiet++; at == shown && quiet < 10 {
				continue
			}
			shown, quiet = at, 0
			e.mu.Lock()
			t := en.t
			e.mu.Unlock()
			t.Offset, t.Rate = min(at, t.File.Size), speed
			if left := float64(t.File.Size-at) / speed; speed > 1 && left < math.MaxInt32 {
				t.Left = time.Duration(left * float64(time.Second))
			}
			e.cfg.Changed(t)
		}
	}()
	return func() {
		close(quit)
		<-gone
		m.active.Store(false)
	}
}

// pace smooths a speed over about three seconds.
type pace struct {
	bytes int64
	time  time.Time
	speed float64
	known bool
}

func newPace() *pace { return &pace{time: time.Now()} }

// at returns the speed, in bytes a second, now that so many bytes went.
func (r *pace) at(bytes int64, now time.Time) float64 {
	dt := now.Sub(r.time).Seconds()
	if dt <= 0 {
		return r.speed
	}
	current := float64(bytes-r.bytes) / dt
	if r.known {
		r.speed += (1 - math.Exp(-dt/3)) * (current - r.speed)
	} else if current > 0 {
		r.speed, r.known = current, true
	}
	r.bytes, r.time = bytes, now
	return r.speed
}
