package storage

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"satchel/chat"
)

// Pending rows of several pages that all go in one transaction: bbolt's cursor
// once turned in a circle there, for ever.
func TestPagesThatOneTransactionEmpties(t *testing.T) {
	db := fresh(t)
	const n = 64
	ids := make([]chat.MessageID, n)
	if err := db.Update(func(tx *Tx) error {
		if err := tx.PutConversation(&chat.Conversation{ID: "c", Kind: chat.Direct, Members: []chat.Account{{ID: "me"}, {ID: "bo"}}}); err != nil {
			return err
		}
		for i := range ids {
			ids[i] = chat.MessageID(fmt.Sprintf("%026d", i))
			m := chat.Message{ID: ids[i], Conversation: "c", From: "me", State: chat.MessagePending, At: time.UnixMilli(int64(i)),
				Content: chat.Content{Kind: chat.KindMessage, Text: strings.Repeat("words ", 100)}}
			if err := tx.AddPending(m); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- db.Update(func(tx *Tx) error {
			for i, id := range ids {
				if _, err := tx.Acknowledge("c", id, uint64(i+1), time.UnixMilli(int64(i))); err != nil {
					return err
				}
				page, err := tx.Messages("c", 0, n)
				if err != nil {
					return err
				}
				if len(page) != n || page[0].ID != ids[0] || page[n-1].ID != ids[n-1] {
					return fmt.Errorf("after %d: the page has %d messages", i+1, len(page))
				}
			}
			return nil
		})
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the transaction does not end")
	}
}

// The newest of what waits is found whatever went before it: the newest are sent first,
// and what is left is far from the last number that was given out.
func TestNewestThatWaits(t *testing.T) {
	db := fresh(t)
	const n = 300
	id := func(i int) chat.MessageID { return chat.MessageID(fmt.Sprintf("%026d", i)) }
	if err := db.Update(func(tx *Tx) error {
		if err := tx.PutConversation(&chat.Conversation{ID: "c", Kind: chat.Direct, Members: []chat.Account{{ID: "me"}, {ID: "bo"}}}); err != nil {
			return err
		}
		for i := range n {
			content := chat.Content{Kind: chat.KindMessage, Text: "words"}
			if i%50 != 0 {
				content = chat.Content{Kind: chat.KindReaction, Reply: id(0), Reaction: "👍"} // shown nowhere
			}
			if err := tx.AddPending(chat.Message{ID: id(i), Conversation: "c", From: "me", State: chat.MessagePending, Content: content}); err != nil {
				return err
			}
		}
		for i := n - 1; i > 0; i-- {
			c, _, err := tx.Conversation("c")
			if err != nil {
				return err
			}
			if want := id(i / 50 * 50); c.Last == nil || c.Last.ID != want {
				return fmt.Errorf("with %d that wait the last is %+v, want %s", i+1, c.Last, want)
			}
			page, err := tx.Messages("c", 0, 3)
			if err != nil {
				return err
			}
			if want := min(3, i+1); len(page) < want || page[len(page)-1].ID != id(i) {
				return fmt.Errorf("with %d that wait the page has %d", i+1, len(page))
			}
			if err := tx.RemovePending("c", id(i)); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}
