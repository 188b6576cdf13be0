package priority

import (
	"context"
	"testing"
)

// A stream waits while a message is under way, and goes on when it has left.
func TestBytesWaitForWords(t *testing.T) {
	var g Gate
	b := g.Bulk()
	b.Pass(t.Context(), 1) // nobody is under way: no wait
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
