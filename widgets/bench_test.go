package widgets

import (
	"fmt"
	"runtime"
	"testing"
)

// BenchmarkReset opens a conversation of so many messages.
func BenchmarkReset(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := lightStage(b, 880, 652)
			items := numberedFromTo(1, n)
			b.ResetTimer()
			for range b.N {
				s.timeline.Reset(items, false)
			}
		})
	}
}

// BenchmarkScroll turns the wheel: rows that come into sight are measured,
// given a widget and placed. It reports how much memory the walk leaves behind.
func BenchmarkScroll(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := lightStage(b, 880, 652)
			tl := s.timeline
			tl.Reset(numberedFromTo(1, n), false)
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			b.ResetTimer()
			step := float32(120)
			for range b.N {
				if tl.AtEnd() {
					step = 120
				} else if tl.y() < 10 {
					step = -120
				}
				tl.scrollBy(step)
			}
			b.StopTimer()
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(tl.bubble), "widgets")
			b.ReportMetric((float64(after.HeapAlloc)-float64(before.HeapAlloc))/1e6, "MB-left")
		})
	}
}

// BenchmarkJump goes to far places, where nothing was measured yet.
func BenchmarkJump(b *testing.B) {
	s := lightStage(b, 880, 652)
	tl := s.timeline
	tl.Reset(numberedFromTo(1, 100_000), false)
	b.ResetTimer()
	for i := range b.N {
		tl.ScrollTo(messageID(1+i*7919%100_000), 100)
	}
}

// BenchmarkProgress is one step of one transfer.
func BenchmarkProgress(b *testing.B) {
	s := lightStage(b, 880, 652)
	tl := s.timeline
	items := fileItems()
	tl.Reset(items, false)
	tr := *items[9].Transfer
	b.ResetTimer()
	for i := range b.N {
		tr.Offset, tr.Rate = int64(i)%812*1e6, 38e6
		tl.SetTransfer(tr)
	}
}
