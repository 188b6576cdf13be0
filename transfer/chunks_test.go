package transfer

import (
	"testing"
	"time"
)

// Requests grow to 128 MiB where they go quickly, shrink to 1 MiB where they take
// long or break, and stay below what was refused.
func TestChunksAdapt(t *testing.T) {
	const mib = 1 << 20
	c := newChunks(0)
	times := func(n int, f func()) {
		for range n {
			f()
		}
	}
	is := func(what string, want int64) {
		t.Helper()
		if c.size != want {
			t.Errorf("%s: %d bytes, want %d", what, c.size, want)
		}
	}
	is("at first", 8*mib)
	times(1, func() { c.went(time.Millisecond) })
	is("after a quick one", 16*mib)
	times(9, func() { c.went(time.Millisecond) })
	is("after many", 128*mib)
	times(9, func() { c.went(quick) })
	is("in time", 128*mib)
	times(1, func() { c.went(time.Minute) })
	is("after a long one", 64*mib)
	times(9, func() { c.went(time.Minute) })
	is("after many", 1*mib)
	times(9, func() { c.went(time.Millisecond) })
	times(1, c.broke)
	is("after a break", 64*mib)
	times(4, func() { c.went(time.Millisecond) })
	is("soon after", 64*mib)
	times(1, func() { c.went(time.Millisecond) })
	is("calm again", 128*mib)
	times(9, c.broke)
	is("after many breaks", 1*mib)

	c = newChunks(0)
	times(1, func() { c.went(time.Millisecond) })
	times(2, func() { c.refused() })
	is("after two refusals", 4*mib)
	times(9, func() { c.went(time.Millisecond) })
	is("below what was refused", 4*mib)
	times(4, func() { c.refused() })
	is("at the end", leastChunk)
	if c.refused() {
		t.Error("a smaller one may pass")
	}
	times(9, c.broke)
	is("never below", leastChunk)

	c = newChunks(300 << 10)
	times(9, func() { c.went(time.Millisecond) })
	times(9, c.broke)
	is("as it was set", 300<<10)
}
