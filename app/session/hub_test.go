package session

import (
	"fmt"
	"testing"

	"satchel/chat"
)

// What waits for a slow subscriber is merged: every message is among it, of a
// transfer only the latest, and nobody waited.
func TestSlowSubscriber(t *testing.T) {
	t.Parallel()
	h := newHub()
	defer h.close()
	changes, stop := h.subscribe()
	defer stop()
	const n = 3000
	for i := range n {
		h.publish(
			chat.MessagesChanged{Conversation: "c", Messages: []chat.Message{{ID: chat.MessageID(fmt.Sprint(i)), Seq: uint64(i)}}},
			chat.TransferChanged{Transfer: chat.Transfer{ID: "t", Offset: int64(i)}},
			chat.ConversationChanged{Conversation: chat.Conversation{ID: "c", Unread: i}},
			chat.PresenceChanged{Presence: chat.Presence{Account: "a", Online: i%2 == 0}},
		)
		h.publish(chat.MessagesChanged{Conversation: "c", Messages: []chat.Message{{ID: chat.MessageID(fmt.Sprint(i)), Seq: uint64(i) + 1}}})
	}
	h.mu.Lock()
	for s := range h.subs {
		if len(s.waiting) > 4 {
			t.Errorf("%d changes wait", len(s.waiting))
		}
	}
	h.mu.Unlock()
	seen := map[chat.MessageID]uint64{}
	var offset int64
	unread := 0
	for len(seen) < n || offset != n-1 || unread != n-1 {
		for _, c := range <-changes {
			switch c := c.(type) {
			case chat.MessagesChanged:
				for _, m := range c.Messages {
					seen[m.ID] = m.Seq
				}
			case chat.TransferChanged:
				offset = c.Transfer.Offset
			case chat.ConversationChanged:
				unread = c.Conversation.Unread
			}
		}
	}
	for id, seq := range seen {
		if fmt.Sprint(seq-1) != string(id) {
			t.Errorf("%s has an old version", id)
		}
	}
}

// A message that was taken back while it waited is not told as being there.
func TestRemovedWhileWaiting(t *testing.T) {
	t.Parallel()
	s := &subscriber{place: map[any]int{}, ids: map[any]map[chat.MessageID]int{}}
	s.add(chat.MessagesChanged{Conversation: "c", Messages: []chat.Message{{ID: "1"}, {ID: "2"}}})
	s.add(chat.MessagesChanged{Conversation: "c", Removed: []chat.MessageID{"1"}})
	batch := s.take()
	if len(batch) != 1 {
		t.Fatalf("%v", batch)
	}
	m := batch[0].(chat.MessagesChanged)
	if len(m.Messages) != 1 || m.Messages[0].ID != "2" || len(m.Removed) != 1 {
		t.Errorf("%+v", m)
	}
}
