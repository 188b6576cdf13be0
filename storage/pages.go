package storage

import (
	"errors"
	"slices"

	"go.etcd.io/bbolt"

	"satchel/chat"
)

// Message returns one message as its own entry has it, stored or pending; false
// when it isn't here.
func (tx *Tx) Message(conv chat.ConversationID, id chat.MessageID) (chat.Message, bool, error) {
	_, _, m, err := tx.message(conv, id)
	if errors.Is(err, ErrNotFound) {
		return chat.Message{}, false, nil
	}
	return m, err == nil, err
}

// Shown returns one message as people see it: with what other entries make of
// it, and with what it answers. false when it isn't here.
func (tx *Tx) Shown(conv chat.ConversationID, id chat.MessageID) (chat.Message, bool, error) {
	c, _, m, err := tx.message(conv, id)
	if errors.Is(err, ErrNotFound) {
		return chat.Message{}, false, nil
	}
	if err == nil {
		m, err = c.shown(m)
	}
	return m, err == nil, err
}

// page gives the messages of a page as people see them.
func (tx *Tx) page(conv chat.ConversationID, page []chat.Message) ([]chat.Message, error) {
	c := &conversation{id: conv}
	c.enter(tx)
	for i, m := range page {
		var err error
		if page[i], err = c.shown(m); err != nil {
			return nil, err
		}
	}
	return page, nil
}

// Messages returns the newest messages below sequence number before, at most
// limit of them, in ascending order. With before 0 it is the end of the
// conversation: the newest of all, pending ones last. What isn't here is left out,
// see Conversation.Held; a conversation that isn't here has no messages. Entries
// that only change others (see chat.Content.Changes) are among them, so that a
// page has no gap; each message is as people see it, see Shown.
func (tx *Tx) Messages(conv chat.ConversationID, before uint64, limit int) ([]chat.Message, error) {
	var page []chat.Message
	if pending := tx.bolt.Bucket(bPending).Bucket([]byte(conv)); pending != nil && before == 0 {
		for _, v := range newest(pending, limit) {
			m, err := decodeMessage(conv, 0, v)
			if err != nil {
				return nil, err
			}
			page = append(page, m)
		}
	}
	if stored := tx.bolt.Bucket(bMessages).Bucket([]byte(conv)); stored != nil && len(page) < limit {
		cursor := stored.Cursor()
		k, v := cursor.Last()
		if before > 0 {
			if at, _ := cursor.Seek(numKey(before)); at != nil {
				k, v = cursor.Prev()
			} else {
				k, v = cursor.Last()
			}
		}
		for ; k != nil && len(page) < limit; k, v = cursor.Prev() {
			m, err := decodeMessage(conv, keyNum(k), v)
			if err != nil {
				return nil, err
			}
			page = append(page, m)
		}
	}
	slices.Reverse(page)
	return tx.page(conv, page)
}

// newest returns the last rows of a bucket whose keys are numbers of its own sequence,
// and of which this transaction may have deleted some, the last one first. It only
// walks forward: in a bucket whose pages a transaction has emptied, bbolt v1.5.0's
// Cursor.Last never returns, and Cursor.Prev ends at the first page that is empty. It
// begins as many numbers before the last one that was given out as are wanted, and
// further back where too few of those are left: what lies before costs nothing.
func newest(b *bbolt.Bucket, limit int) (rows [][]byte) {
	last, cursor := b.Sequence(), b.Cursor()
	for back := uint64(limit); ; back *= 2 {
		from := last - min(back-1, last)
		rows = rows[:0]
		for k, v := cursor.Seek(numKey(from)); k != nil; k, v = cursor.Next() {
			rows = append(rows, v)
		}
		if len(rows) >= limit || from == 0 {
			break
		}
	}
	if len(rows) > limit {
		rows = rows[len(rows)-limit:]
	}
	slices.Reverse(rows)
	return rows
}

// MessagesAfter returns the oldest stored messages above sequence number after,
// at most limit of them, in ascending order, as Messages does. Pending ones have no
// number, and are not among them.
func (tx *Tx) MessagesAfter(conv chat.ConversationID, after uint64, limit int) ([]chat.Message, error) {
	stored := tx.bolt.Bucket(bMessages).Bucket([]byte(conv))
	if stored == nil || after+1 == 0 {
		return nil, nil
	}
	var page []chat.Message
	cursor := stored.Cursor()
	for k, v := cursor.Seek(numKey(after + 1)); k != nil && len(page) < limit; k, v = cursor.Next() {
		m, err := decodeMessage(conv, keyNum(k), v)
		if err != nil {
			return nil, err
		}
		page = append(page, m)
	}
	return tx.page(conv, page)
}
