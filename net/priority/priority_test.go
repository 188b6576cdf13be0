package priority

import (
	"context"
	"runtime"
	"testing"
	"time"
)

// A stream waits while a message is under way, and goes on when it has left.
func TestBytesWaitForWords(t *testing.T) {
	var g Gate
	b := g.Bulk()
	b.Pass(t.Context(), little+1) // nobody is under way: no wait
	first, second := g.Enter(), g.Enter()
	passed := make(chan struct{})
	go func() {
		defer close(passed)
		for g.words.Load() > 0 { // its patience may end before this test goes on
			b.free = 0
			b.Pass(t.Context(), 1)
		}
	}()
	first()
	first()
	if n := g.words.Load(); n != 1 {
		t.Errorf("leaving twice counts %d messages, want 1", n)
	}
	second()
	<-passed
}

// Messages without end do not stop a file.
func TestBytesAreNotHeldForever(t *testing.T) {
	var g Gate
	defer g.Enter()()
	b := g.Bulk()
	b.Pass(t.Context(), little)
	waits := 0
	for sent := 0; sent < 3*stretch; sent += stretch / 4 {
		if b.free <= 0 {
			waits++
		}
		b.Pass(t.Context(), stretch/4)
	}
	if waits != 3 {
		t.Errorf("waited %d times for 3 stretches", waits)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	b.free = 0
	b.Pass(ended, 1) // returns with its context
}

// What is no longer than a message may be waits for none.
func TestLittleGoesAtOnce(t *testing.T) {
	var g Gate
	defer g.Enter()()
	g.front.Lock() // whoever waited would not come back
	defer g.front.Unlock()
	for range 100 {
		b := g.Bulk()
		b.Pass(t.Context(), little/2)
		b.Pass(t.Context(), little/2)
	}
}

// However many streams there are, one is let go after the other, and each after
// the rest that those before it owe: together they take what one may take.
func TestStreamsTakeTurns(t *testing.T) {
	var g Gate
	g.Enter()() // people write
	const streams, work = 8, time.Millisecond
	begun, ended := time.Now(), make(chan struct{})
	for range streams {
		go func() {
			g.pass(t.Context(), work)
			ended <- struct{}{}
		}()
	}
	for range streams {
		<-ended
	}
	if owed := g.next.Sub(begun); owed < streams*work*share/time.Duration(runtime.NumCPU()) {
		t.Errorf("%d streams, each of which works for %v, have the next one wait until %v", streams, work, owed)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g.pass(ctx, work) // does not rest for who has gone
}

// When nobody writes, a stream neither rests nor waits for another.
func TestStreamsAreFreeWhenNobodyWrites(t *testing.T) {
	var g Gate
	g.front.Lock() // whoever waited would not come back
	defer g.front.Unlock()
	b := g.Bulk()
	runtime.LockOSThread()
	for end := threadTime() + 2*leastRun; threadTime() < end && end > 2*leastRun; { // works
		b.Pass(t.Context(), stretch)
	}
	b.Pass(t.Context(), stretch)
	var none *Gate
	b = none.Bulk()
	b.Pass(t.Context(), stretch)
}

// Who moves bytes has long turns while nobody writes, and short ones from the first
// piece on that follows a message.
func TestTurns(t *testing.T) {
	var g Gate
	b := g.Bulk()
	b.Pass(t.Context(), little+1)
	if !b.long {
		t.Error("short turns, and nobody writes")
	}
	g.Enter()()
	b.Pass(t.Context(), 1)
	if b.long {
		t.Error("long turns, and somebody writes")
	}
}
