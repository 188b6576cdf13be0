package app

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

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
		const batch = 1000
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

// From a click on another conversation to its newest page on the screen, out of a
// cache of 1,000,000 messages; the drawing itself is the graphics card's.
func BenchmarkSwitch(b *testing.B) {
	a, ids, todo := benchWindow(b, 1_000_000)
	var took []time.Duration
	n := 0
	for b.Loop() {
		n++
		began := time.Now()
		a.open(ids[n%2])
		for !a.main.pane.loaded {
			(<-todo)()
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
	b.ReportMetric(took[len(took)-1].Seconds()*1000, "longest-ms")
}

// Somebody sends 1,000 messages as fast as they can, through a relay, while the
// conversation is read further up. It reports how often the screen was drawn for
// each frame that went by, the longest turn on its goroutine, and how far what
// is read moved.
func BenchmarkBurst(b *testing.B) {
	const many = 1000
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
	turns, longest, frames, moved := 0, time.Duration(0), 0.0, float32(0)
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
			f := <-s.todo
			at := time.Now()
			f()
			longest = max(longest, time.Since(at))
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
	b.ReportMetric(float64(moved), "moved")
}
