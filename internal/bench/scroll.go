package main

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"satchel/chat"
	"satchel/widgets"
)

const (
	turns = 2_000                 // of the wheel
	frame = 16 * time.Millisecond // what a screen of 60 Hz leaves for one
)

// scroll goes through conversations of 1,000, 10,000 and 100,000 messages, and
// through a list of 200 and of 5,000 conversations, and compares the work of a turn
// of the wheel (measure, layout, update; not the drawing), and what memory the walk
// leaves behind.
func scroll(context.Context, string) error {
	app := test.NewApp()
	defer app.Quit()
	app.Settings().SetTheme(widgets.NewTheme())
	var base time.Duration
	for _, n := range []int{1_000, 10_000, 100_000} {
		t := widgets.NewTimeline()
		w := test.NewWindow(t)
		w.Resize(fyne.NewSize(880, 652))
		items := talk(n)
		start := time.Now()
		t.Reset(items, false)
		opened := time.Since(start)
		turn := float32(25) // what one click of a wheel is
		took, left := turned(func() {
			id, offset := t.Anchor()
			t.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, turn)})
			if at, to := t.Anchor(); at == id && to == offset {
				turn = -turn // at an end
			}
		})
		if base == 0 {
			base = median(took)
		}
		fmt.Printf("scroll: %7d messages: opened in %.2f of a frame; %s\n", n, ratio(opened, frame), wheel(took, base, "1,000", left))
		w.Close()
		t.Close()
	}
	base = 0
	for _, n := range []int{200, 5_000} {
		l := widgets.NewConversationList()
		w := test.NewWindow(l)
		w.Resize(fyne.NewSize(widgets.SideBarWidth, 652))
		rows := make([]widgets.Row, n)
		for i := range rows {
			name := fmt.Sprintf("Person %d", i)
			rows[i] = widgets.Row{ID: chat.ConversationID(name), Name: name, Face: widgets.Face{Name: name, Key: name}, Line: "What was written last, or the beginning of it.", Time: "11:08", Unread: i % 3}
		}
		start := time.Now()
		l.SetRows(rows, "")
		opened := time.Since(start)
		turns, turn := 0, float32(-25)
		took, left := turned(func() {
			if turns++; turns%400 == 0 {
				turn = -turn // before the end of the shorter one
			}
			test.Scroll(w.Canvas(), fyne.NewPos(100, 300), 0, turn)
		})
		if base == 0 {
			base = median(took)
		}
		fmt.Printf("scroll: %7d conversations: listed in %.2f of a frame; %s\n", n, ratio(opened, frame), wheel(took, base, "200", left))
		w.Close()
	}
	return nil
}

// turned is how long each turn took, and the memory that all of them left, in bytes.
func turned(turn func()) (took []time.Duration, left int64) {
	before := heap()
	for range turns {
		start := time.Now()
		turn()
		took = append(took, time.Since(start))
	}
	return took, heap() - before
}

// wheel says how turns of the wheel went, beside the median of those through fewer.
func wheel(took []time.Duration, base time.Duration, fewer string, left int64) string {
	p99 := percentile(took, .99) // and took is sorted
	return fmt.Sprintf("a turn of the wheel p50 %.2f × %s, p99 %.3f of a frame (16 ms), longest %.2f; %+.1f MB left after %d turns",
		ratio(median(took), base), fewer, ratio(p99, frame), ratio(took[len(took)-1], frame), float64(left)/1e6, len(took))
}

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// talk is a conversation of texts of all lengths, and a file now and then.
func talk(n int) []widgets.Item {
	items := make([]widgets.Item, n)
	at := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
	for i := range items {
		m := chat.Message{ID: chat.MessageID(fmt.Sprintf("%026d", i)), Conversation: "c", Seq: uint64(i + 1), From: "bo",
			At: at.Add(time.Duration(i) * 40 * time.Second), Content: chat.Content{Kind: chat.KindMessage, Text: strings.TrimSpace(strings.Repeat("Words that people write. ", 1+i*7%19))}}
		if i%11 == 0 {
			m.Content.Text, m.Content.File = "", &chat.File{Name: fmt.Sprintf("take-%d.mov", i), Size: int64(i) * 1e6, SHA256: strings.Repeat("0", 64)}
		}
		items[i] = widgets.Item{Message: m, Mine: i%3 == 0, Receipt: chat.ReceiptRead}
		if items[i].Mine {
			items[i].Message.From = "me"
		}
	}
	return items
}
