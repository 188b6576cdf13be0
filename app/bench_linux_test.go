package app

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"golang.org/x/sys/unix"

	"satchel/app/session"
	"satchel/chat"
	"satchel/storage"
	"satchel/widgets"
)

// benchWindow is a window on a cache with so many messages in two conversations.
func benchWindow(b *testing.B, messages int) (*App, [2]chat.ConversationID, chan func()) {
	b.Helper()
	dir := b.TempDir()
	me := chat.Account{ID: "me", Name: "Mara"}
	ids := [2]chat.ConversationID{"a", "b"}
	db, err := storage.Open(dir + "/cache.db")
	if err != nil {
		b.Fatal(err)
	}
	at := time.Now().Add(-time.Hour * 24 * 365) // as many as somebody gets in a year
	apart := time.Hour * 24 * 365 / time.Duration(messages)
	for _, id := range ids {
		conv := chat.Conversation{ID: id, Kind: chat.Direct, Members: []chat.Account{me, {ID: "o" + chat.AccountID(id), Name: "Other"}}, Created: at}
		const batch = 20_000 // in one transaction
		for from := 0; from < messages/2; from += batch {
			run := make([]chat.Message, batch)
			for i := range run {
				n := from + i
				run[i] = chat.Message{ID: chat.MessageID(fmt.Sprintf("%s-%024d", id, n)), Seq: uint64(n + 1), From: "o" + chat.AccountID(id), At: at.Add(2 * time.Duration(n) * apart),
					Content: message("A message of the length that people write, more or less.")}
			}
			err := db.Update(func(tx *storage.Tx) error {
				err := tx.PutConversation(&conv)
				if err == nil {
					_, err = tx.AddEntries(id, me.ID, uint64(from+1), uint64(from+batch), run)
				}
				return err
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	todo := make(chan func(), 10_000)
	f := test.NewTempApp(b)
	f.Settings().SetTheme(widgets.NewTheme())
	a, err := New(f, Config{Dir: dir, Do: func(f func()) { todo <- f }})
	if err != nil {
		b.Fatal(err)
	}
	a.startNotifier()
	a.wg.Go(func() { a.orders.run() })
	a.model.me = me
	a.showMain()
	a.window.Resize(a.window.Canvas().Size())
	for a.main.pane.id == "" || !a.main.pane.loaded {
		(<-todo)()
	}
	b.Cleanup(func() {
		done := make(chan struct{})
		go func() { a.Close(); close(done) }()
		for {
			select {
			case f := <-todo:
				f()
			case <-done:
				return
			}
		}
	})
	return a, ids, todo
}

// From a click on another conversation to its newest page on the screen, and from a
// search's hit to the page around it, out of a cache of 1,000,000 messages; the
// drawing itself is the graphics card's.
func BenchmarkMillion(b *testing.B) {
	const messages = 1_000_000
	a, ids, todo := benchWindow(b, messages)
	shown := func(b *testing.B, until func() bool, open func(n int)) {
		var took []time.Duration
		for n := 1; b.Loop(); n++ {
			began := time.Now()
			open(n)
			for !until() {
				(<-todo)()
			}
			took = append(took, time.Since(began))
		}
		slices.Sort(took)
		b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
		b.ReportMetric(took[len(took)-1].Seconds()*1000, "longest-ms")
	}
	loaded := func() bool { return a.main.pane.loaded }
	b.Run("switch", func(b *testing.B) { shown(b, loaded, func(n int) { a.open(ids[n%2]) }) })
	b.Run("hit", func(b *testing.B) {
		r := rand.New(rand.NewPCG(5, 6))
		var hit chat.MessageID
		there := func() bool {
			_, ok := a.main.pane.shown[hit]
			return loaded() && ok
		}
		shown(b, there, func(n int) {
			hit = chat.MessageID(fmt.Sprintf("%s-%024d", ids[n%2], r.IntN(messages/2)))
			a.choose(widgets.Row{ID: ids[n%2], Message: hit})
		})
	})
}

// turned is how long f ran, and how much of that on a processor: where there are
// fewer of them than programs, the rest is the others' time. The calling goroutine is
// locked to its thread.
func turned(f func()) (took, worked time.Duration) {
	began, before := time.Now(), threadTime()
	f()
	return time.Since(began), threadTime() - before
}

func threadTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// Somebody sends 1,000 messages as fast as they can, through a relay, while the
// conversation is read further up. It reports how often the screen was drawn for
// each frame that went by, the longest turn on its goroutine, by the clock and of a
// processor, and whether what is read moved.
func BenchmarkBurst(b *testing.B) {
	const many = 1000
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	s := newStage(b)
	mara := s.sits(b.TempDir())
	mara.begins("Mara")
	ines, err := session.Open(session.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(b.Context())
	ran := make(chan error, 1)
	go func() { ran <- ines.Run(ctx) }()
	defer func() { stop(); <-ran; ines.Close() }()
	if err := ines.Join(b.Context(), mara.invites(), "Ines"); err != nil {
		b.Fatal(err)
	}
	if err := ines.Connected(b.Context()); err != nil {
		b.Fatal(err)
	}
	c, err := ines.OpenDirect(b.Context(), "Mara")
	if err != nil {
		b.Fatal(err)
	}
	send := func(n int) {
		for i := range n {
			if _, err := ines.Send(b.Context(), c.ID, message(fmt.Sprintf("One of very many, number %d.", i))); err != nil {
				b.Error(err)
			}
		}
	}
	send(120)
	mara.opens("Ines")
	pane := mara.main.pane
	mara.sees("what came", func(s Screen) bool { return pane.highest >= 120 })
	turns, longest, most, frames, moved := 0, time.Duration(0), time.Duration(0), 0.0, 0.0
	for b.Loop() {
		pane.timeline.ScrollToEnd()
		pane.timeline.Scrolled(&fyne.ScrollEvent{Scrolled: fyne.NewDelta(0, 900)})
		id, offset := pane.timeline.Anchor()
		if pane.timeline.AtEnd() || id == "" {
			b.Fatal("nothing is read further up")
		}
		want, began := pane.highest+many, time.Now()
		done := make(chan struct{})
		go func() { defer close(done); send(many) }()
		for pane.highest < want {
			took, worked := turned(<-s.todo)
			longest, most = max(longest, took), max(most, worked)
			turns++
			if now, to := pane.timeline.Anchor(); now != id || to != offset {
				moved = 1
			}
		}
		<-done
		frames += float64(time.Since(began)) / float64(frame)
	}
	b.ReportMetric(float64(turns)/frames, "turns/frame")
	b.ReportMetric(longest.Seconds()*1000, "longest-ms")
	b.ReportMetric(most.Seconds()*1000, "most-ms")
	b.ReportMetric(moved, "moved")
}
