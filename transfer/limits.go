package transfer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"satchel/chat"
)

// Limits bound what the engine takes of the computer and its line.
type Limits struct {
	Workers int // attempts at once, 2 at least; 0: 4

	// Bytes of files a second, over all transfers together; 0: as fast as it goes.
	Up, Down, Total int64
}

func (l Limits) workers() int {
	if l.Workers <= 0 {
		return 4
	}
	return max(l.Workers, 2)
}

// SetLimits changes the limits for what is under way, too.
func (e *Engine) SetLimits(l Limits) {
	e.caps.set(l)
	e.ask(func() { e.lanes.resize(l.workers()) })
}

// caps hold bytes up, so that no more of them go than the person allows. Only
// the bytes of files pass here: messages and requests never wait.
type caps struct {
	dir   [2]limiter // by direction
	total limiter
}

func (c *caps) set(l Limits) {
	c.dir[chat.Upload].set(l.Up)
	c.dir[chat.Download].set(l.Down)
	c.total.set(l.Total)
}

// bound tells whether bytes of a direction have to wait at all.
func (c *caps) bound(d chat.Direction) bool { return c.dir[d].on.Load() || c.total.on.Load() }

// wait returns when n bytes may go, or with ctx.
func (c *caps) wait(ctx context.Context, d chat.Direction, n int) {
	c.dir[d].wait(ctx, n)
	c.total.wait(ctx, n)
}

// limiter is a rate that can be changed while somebody waits for it.
type limiter struct {
	on      atomic.Bool
	mu      sync.Mutex
	bucket  *rate.Limiter
	changed chan struct{} // closed when the rate is another
}

// portion is how many bytes are asked for at once.
const portion = 16 << 10

func (l *limiter) set(bytes int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.on.Store(bytes > 0)
	l.bucket = rate.NewLimiter(rate.Limit(bytes), portion)
	if l.changed != nil {
		close(l.changed)
	}
	l.changed = make(chan struct{})
}

func (l *limiter) wait(ctx context.Context, n int) {
	for n > 0 && l.on.Load() && ctx.Err() == nil {
		l.mu.Lock()
		bucket, changed := l.bucket, l.changed
		l.mu.Unlock()
		k := min(n, portion)
		r := bucket.ReserveN(time.Now(), k)
		if d := r.Delay(); d > 0 {
			t := time.NewTimer(d)
			select {
			case <-t.C:
			case <-changed:
				t.Stop()
				continue // by the new rate
			case <-ctx.Done():
				t.Stop()
				r.Cancel()
				return
			}
		}
		n -= k
	}
}
