// Package priority lets words go before bytes. Whoever carries a message says
// so at a Gate; whoever moves a file passes that gate between two pieces, and
// waits there while a message is under way, for a bounded time.
//
// A process has one gate for each disk and network that its messages and its
// files share: the relay one, a session one. The package knows nothing of ours.
package priority

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Bounds of what bytes give to words. Streams pass one after the other: who was
// let go has begun to work when the next one is. One that has waited for patience
// moves a stretch before it waits again, so messages without end do not stop a
// file. For a while after a message, all streams of a gate together take a
// sixteenth of the processors at most, so that who wakes up for the next message
// finds a processor free, and the disk, too.
const (
	patience = 25 * time.Millisecond
	while    = time.Second
	share    = 16 // the part of the processors: 1/share
	leastRun = 500 * time.Microsecond
	mostRest = 20 * time.Millisecond
)

// little is how many bytes a stream moves before it first waits. A file of no more
// is no more of a burden than a message is, which may be as long; and where thousands
// go one by one, each with a message of its own, nobody waits for all those messages.
const little = 256 << 10

// stretch is in bytes: more, where there are more processors for words beside it.
var stretch = max(1, runtime.NumCPU()/2) << 20

// Gate counts the messages that are under way. The zero value is open.
type Gate struct {
	words atomic.Int64
	last  atomic.Int64 // when a message was under way, by clock
	mu    sync.Mutex
	open  chan struct{} // closed when the last message has left; nil when none waits for that

	front sync.Mutex // of the stream that is next: it waits, and the others for it
	next  time.Time  // when the next stream may go; guarded by front
}

// Enter says that a message is under way, until leave is called. Calling leave
// again does nothing.
func (g *Gate) Enter() (leave func()) {
	g.words.Add(1)
	g.last.Store(int64(time.Since(began)))
	var once sync.Once
	return func() { once.Do(g.leave) }
}

// began is where the package's clock begins.
var began = time.Now()

func (g *Gate) leave() {
	g.last.Store(int64(time.Since(began)))
	if g.words.Add(-1) > 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open != nil && g.words.Load() == 0 {
		close(g.open)
		g.open = nil
	}
}

// wait returns when no message is under way, or after patience, or with ctx; it
// tells whether the way is free.
func (g *Gate) wait(ctx context.Context) bool {
	g.mu.Lock()
	if g.words.Load() == 0 {
		g.mu.Unlock()
		return true
	}
	if g.open == nil {
		g.open = make(chan struct{})
	}
	open := g.open
	g.mu.Unlock()
	t := time.NewTimer(patience)
	defer t.Stop()
	select {
	case <-open:
		return true
	case <-t.C:
	case <-ctx.Done():
	}
	return false
}

// Bulk is one stream of bytes. It belongs to one goroutine at a time.
type Bulk struct {
	gate  *Gate
	begun int           // bytes of little that went
	free  int           // bytes that may go without waiting
	ran   time.Duration // processor time of the thread when it began to work
	long  bool          // the thread has long turns
}

// Bulk begins a stream. A nil gate never holds it up.
func (g *Gate) Bulk() Bulk { return Bulk{gate: g} }

// Pass is called before n bytes move. Beyond the first little ones it waits for those
// of the gate's streams that came before, for each no longer than patience and mostRest.
func (b *Bulk) Pass(ctx context.Context, n int) {
	g := b.gate
	if g == nil {
		return
	}
	if b.begun += n; b.begun <= little {
		return
	}
	b.begun = little // it does not grow without end
	words := g.words.Load() > 0
	if words && b.free > 0 {
		b.free -= n
		return
	}
	now := threadTime()
	worked := now - b.ran
	quiet := !words && !g.recent()
	if quiet != b.long {
		b.long = quiet
		turns(quiet)
	}
	switch {
	case quiet:
		b.ran = now // nobody writes
		return
	case worked < 0 || worked > while:
		worked = leastRun // another thread's time
	case !words && worked < leastRun:
		return
	}
	if !g.pass(ctx, worked) {
		b.free = stretch - n
	}
	b.ran = threadTime()
}

// recent tells whether a message was under way a while ago, or is.
func (g *Gate) recent() bool {
	last := g.last.Load()
	return last > 0 && time.Since(began)-time.Duration(last) <= while
}

// pass returns when it is a stream's turn, which works for about so long between
// two of them; false when its patience has ended.
func (g *Gate) pass(ctx context.Context, work time.Duration) bool {
	g.front.Lock()
	defer g.front.Unlock()
	if rest := time.Until(g.next); rest > 0 {
		t := time.NewTimer(rest)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	free := g.wait(ctx)
	g.next = time.Now().Add(min(work*share/time.Duration(runtime.NumCPU()), mostRest))
	return free
}

// Run calls f on a thread of its own that comes after others, and returns when
// it has. A panic of f's is the caller's.
func Run(f func()) {
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		Background()
		f()
	}()
	if p := <-done; p != nil {
		panic(p)
	}
}

// spare is how many goroutines may run at a time beside those that move bytes.
// A stream whose socket and disk are always ready never gives its place up by
// itself, and while every place is taken, nobody looks at what the network has.
const spare = 6

// Spare makes room for Go's scheduler. A program calls it once when it starts.
func Spare() { runtime.GOMAXPROCS(runtime.NumCPU() + spare) }
