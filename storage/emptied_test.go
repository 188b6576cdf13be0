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
