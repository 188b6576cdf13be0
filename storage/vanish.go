package storage

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"satchel/chat"
)

// Messages that are to disappear stand in vanish by when they do:
//
//	time in Unix milliseconds, conversation, message → nothing
//
// What is left of one that did is its place in the log, with the sender and the
// time (chat.KindVanished), so that nothing is a hole and nothing comes twice.

// promise notes when the message at p is to disappear.
func (c *conversation) promise(m *chat.Message, p place) error {
	if p.in != placeStored {
		return nil
	}
	stored := *m
	stored.Seq = p.seq()
	at := stored.Vanishes()
	if at.IsZero() {
		return nil
	}
	b, err := c.tx.bolt.CreateBucketIfNotExists(bVanish)
	if err != nil {
		return err
	}
	return b.Put(vanishKey(at, c.id, m.ID), nil)
}

func vanishKey(at time.Time, conv chat.ConversationID, id chat.MessageID) []byte {
	return append(appendPart(numKey(uint64(max(at.UnixMilli(), 0))), []byte(conv)), id...)
}

// Vanishing returns the messages that are to have disappeared by a time, as their
// own entries have them, at most limit of them, and when the next one after those
// is to; the zero time when there is none.
func (tx *Tx) Vanishing(by time.Time, limit int) (due []chat.Message, next time.Time, err error) {
	b := tx.bolt.Bucket(bVanish)
	if b == nil {
		return nil, next, nil
	}
	cursor := b.Cursor()
	for k, _ := cursor.First(); k != nil; k, _ = cursor.Next() {
		at, conv, id, err := vanishOf(k)
		if err != nil {
			return nil, next, err
		}
		if at.After(by) || len(due) == limit {
			return due, at, nil
		}
		m, ok, err := tx.Message(conv, id)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, next, err
		}
		if !ok {
			m = chat.Message{ID: id, Conversation: conv}
		}
		due = append(due, m)
	}
	return due, next, nil
}

func vanishOf(k []byte) (at time.Time, conv chat.ConversationID, id chat.MessageID, err error) {
	if len(k) < 8 {
		return at, "", "", errRow
	}
	part, rest, err := cutPart(k[8:])
	return time.UnixMilli(int64(keyNum(k))), chat.ConversationID(part), chat.MessageID(rest), err
}

// Vanish takes away what messages said that are to have disappeared by a time, a
// bounded number of them, and what their edits said. It returns them as they
// were. Unread, of account me, and Last follow.
func (tx *Tx) Vanish(me chat.AccountID, by time.Time, limit int) (gone []chat.Message, err error) {
	gone, _, err = tx.Vanishing(by, limit)
	if err != nil || len(gone) == 0 {
		return nil, err
	}
	b := tx.bolt.Bucket(bVanish)
	var keys [][]byte // a cursor does not like what is deleted under it
	cursor := b.Cursor()
	for k, _ := cursor.First(); k != nil && len(keys) < len(gone); k, _ = cursor.Next() {
		keys = append(keys, slices.Clone(k))
	}
	open := map[chat.ConversationID]*conversation{}
	for i := range gone {
		if err := b.Delete(keys[i]); err != nil {
			return nil, err
		}
		m := &gone[i]
		c := open[m.Conversation]
		if c == nil {
			if c, err = tx.open(m.Conversation); errors.Is(err, ErrNotFound) {
				continue
			} else if err != nil {
				return nil, err
			}
			open[m.Conversation] = c
		}
		if err := c.vanish(m, me); err != nil {
			return nil, err
		}
	}
	for _, c := range open {
		if err := c.saveLast(); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(gone, func(m chat.Message) bool { return m.Seq == 0 }), nil
}

// vanish empties the entry of m, and of those that edited it.
func (c *conversation) vanish(m *chat.Message, me chat.AccountID) error {
	p, err := c.find(m.ID)
	if err != nil || p.in != placeStored {
		return err
	}
	mark, err := c.mark(me)
	if err != nil {
		return err
	}
	if !m.Content.Changes() && m.From != me && m.Seq > mark.Read && c.state.Unread > 0 {
		c.state.Unread--
	}
	if c.state.Shown == m.Seq {
		c.state.Shown = 0
	}
	lead := appendPart(nil, []byte(m.ID))
	var edits [][]byte
	cursor := c.changes.Cursor()
	for k, v := cursor.Seek(lead); bytes.HasPrefix(k, lead); k, v = cursor.Next() {
		if len(k) > len(lead) && k[len(lead)] == changeEdit && len(v)%8 == 0 && k[len(k)-1] == placeStored {
			for n := range slices.Chunk(v, 8) {
				edits = append(edits, slices.Clone(n))
			}
		}
	}
	shown := m.ID // whose words change
	if target := m.Content.Target(); target != "" {
		shown = target
	}
	return c.reindex(shown, func() error {
		for _, n := range append(edits, p.key) {
			one, err := c.get(place{placeStored, n})
			if err != nil {
				return err
			}
			one.Content, one.Reason, one.Edited, one.Deleted = chat.Content{Kind: chat.KindVanished}, "", false, false
			if err := c.write(one, place{placeStored, n}, []byte(one.ID)); err != nil {
				return err
			}
		}
		return nil
	})
}

// timerKey is where a timer of our own is kept that the relay does not have yet.
func timerKey(conv chat.ConversationID) string { return "timer " + string(conv) }

type pendingTimer struct {
	ID      chat.MessageID `json:"id"`
	Seconds int64          `json:"seconds"`
}

// PutTimer notes a timer of our own, by its message, that counts before all others
// until EndTimer: the relay does not have it yet.
func (tx *Tx) PutTimer(conv chat.ConversationID, id chat.MessageID, seconds int64) error {
	b, err := json.Marshal(pendingTimer{id, seconds})
	if err != nil {
		return err
	}
	return tx.PutValue(timerKey(conv), b)
}

// EndTimer takes PutTimer back, when it was the one of this message.
func (tx *Tx) EndTimer(conv chat.ConversationID, id chat.MessageID) error {
	t, ok, err := tx.timer(conv)
	if err != nil || !ok || t.ID != id {
		return err
	}
	return tx.PutValue(timerKey(conv), nil)
}

func (tx *Tx) timer(conv chat.ConversationID) (t pendingTimer, ok bool, err error) {
	b, err := tx.Value(timerKey(conv))
	if err != nil || b == nil {
		return t, false, err
	}
	err = json.Unmarshal(b, &t)
	return t, err == nil, err
}
