package storage

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"satchel/chat"
)

// A message that disappears leaves its place behind and nothing of what it said:
// not in pages, quotes, edits, the list, the search, or what is unread; also when
// the cache was closed meanwhile.
func TestVanish(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	db, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	entry := func(n uint64, from chat.AccountID, c chat.Content) chat.Message {
		if c.Kind == "" {
			c.Kind = chat.KindMessage
		}
		return chat.Message{ID: chat.MessageID("m" + string(rune('0'+n))), Conversation: conv, Seq: n, From: from, At: day.Add(time.Duration(n) * time.Second), Content: c}
	}
	log := []chat.Message{
		entry(1, "you", chat.Content{Text: "stays"}),
		entry(2, "you", chat.Content{Text: "brief walrus", Lifetime: 60, File: &chat.File{Name: "narwhal.png", Thumbnail: []byte("small")}}),
		entry(3, "me", chat.Content{Text: "an answer", Reply: "m2"}),
		entry(4, "you", chat.Content{Kind: chat.KindEdit, Edit: "m2", Text: "brief octopus", Lifetime: 58}),
		entry(5, "you", chat.Content{Text: "brief, too", Lifetime: 60}),
		entry(6, "you", chat.Content{Kind: chat.KindTimer, Lifetime: 1}),
	}
	end := day.Add(2*time.Second + time.Minute)
	err = db.Update(func(tx *Tx) error {
		if err := tx.PutConversation(&chat.Conversation{ID: conv, Kind: chat.Direct}); err != nil {
			return err
		}
		added, err := tx.AddEntries(conv, "me", 1, 6, log)
		if err == nil && len(added) != 6 {
			err = errors.New("not all were added")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	unread := func(want int) {
		t.Helper()
		if err := db.View(func(tx *Tx) error {
			c, _, err := tx.Conversation(conv)
			if c.Unread != want {
				t.Errorf("%d unread, not %d", c.Unread, want)
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	unread(4)
	vanish := func(by time.Time) (gone []chat.Message) {
		t.Helper()
		if err := db.Update(func(tx *Tx) (err error) {
			gone, err = tx.Vanish("me", by, 100)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		return gone
	}
	if gone := vanish(end.Add(-time.Millisecond)); len(gone) != 0 {
		t.Errorf("too early: %+v", gone)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if db, err = Open(path); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	gone := vanish(end)
	if len(gone) != 2 || gone[0].ID != "m2" && gone[1].ID != "m2" {
		t.Errorf("%+v", gone)
	}
	unread(3)
	err = db.View(func(tx *Tx) error {
		page, err := tx.Messages(conv, 0, 10)
		if err != nil || len(page) != 6 {
			t.Fatalf("%v %v", page, err)
		}
		for _, n := range []int{1, 3} {
			if c := page[n].Content; c.Kind != chat.KindVanished || c.Text != "" || c.File != nil || c.Lifetime != 0 {
				t.Errorf("%+v", c)
			}
		}
		if page[2].ReplyTo != nil || page[4].Content.Text == "" || page[5].Content.Kind != chat.KindTimer {
			t.Errorf("%+v", page)
		}
		for _, word := range []string{"walrus", "octopus", "narwhal"} {
			if found, err := tx.Search(word, false, 10); err != nil || len(found) != 0 {
				t.Errorf("%s: %v %v", word, found, err)
			}
		}
		_, next, err := tx.Vanishing(end, 10)
		if want := day.Add(65 * time.Second); !next.Equal(want) {
			t.Errorf("the next at %v, not %v", next, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	// What comes once more changes nothing.
	if err := db.Update(func(tx *Tx) error {
		added, err := tx.AddEntries(conv, "me", 2, 2, log[1:2])
		if len(added) != 0 {
			t.Errorf("%+v", added)
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	vanish(end.Add(time.Hour))
	unread(2)
}
