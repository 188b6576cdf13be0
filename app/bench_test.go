package app

import (
	"fmt"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

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
	at := time.Now().Add(-time.Hour)
	for _, id := range ids {
		conv := chat.Conversation{ID: id, Kind: chat.Direct, Members: []chat.Account{me, {ID: "o" + chat.AccountID(id), Name: "Other"}}, Created: at}
		const batch = 1000
		for from := 0; from < messages/2; from += batch {
			run := make([]chat.Message, batch)
			for i := range run {
				n := from + i
				run[i] = chat.Message{ID: chat.MessageID(fmt.Sprintf("%s-%024d", id, n)), Seq: uint64(n + 1), From: "o" + chat.AccountID(id), At: at,
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
	n := 0
	for b.Loop() {
		n++
		a.open(ids[n%2])
		for !a.main.pane.loaded {
			(<-todo)()
		}
	}
}

// A burst of 1,000 messages that come in one after the other, told to the window
// as the session tells it.
func BenchmarkBurst(b *testing.B) {
	a, ids, _ := benchWindow(b, 2_000)
	seq, hops := uint64(1000), 0
	at := time.Now()
	for b.Loop() {
		batch := make([]chat.Change, 0, 10)
		for i := range 1000 {
			seq++
			m := chat.Message{ID: chat.MessageID(fmt.Sprintf("x-%024d", seq)), Conversation: ids[0], Seq: seq, From: "oa", At: at, Content: message("One of very many.")}
			batch = append(batch, chat.MessagesChanged{Conversation: ids[0], Messages: []chat.Message{m}})
			if i%100 == 99 { // what the hub merges into a hop, at the least
				a.apply(batch)
				batch, hops = batch[:0], hops+1
			}
		}
	}
	b.ReportMetric(float64(hops)/float64(b.N), "hops/burst")
}
