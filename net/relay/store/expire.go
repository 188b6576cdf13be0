package store

import "errors"

// expireEntries is how many bodies one transaction takes away.
const expireEntries = 500

// Expirable returns the conversations of which the oldest entry that has its
// body is older than a time, in Unix milliseconds.
func (s *Store) Expirable(before int64) ([]string, error) {
	return s.strings(`SELECT c.id FROM conversations c JOIN entries e ON e.conversation = c.id AND e.seq = c.expired + 1 WHERE e.at < ?`, before)
}

// ExpireEntries takes the bodies of a conversation's entries away that are older
// than a time, a bounded number at once. Their numbers, senders and times stay:
// a conversation has no gap, and what is sent again is still known. It returns
// how many it took; 0: no other is that old.
func (s *Store) ExpireEntries(conversation string, before int64) (taken int64, err error) {
	err = s.inOrder(conversation, func(t *tx) error {
		taken = 0
		if err := hold(t, conversation); err != nil {
			return err
		}
		var from, to int64
		if err := t.get("SELECT expired FROM conversations WHERE id = ?", []any{conversation}, &from); err != nil {
			return err
		}
		// Times never go back in a conversation.
		if err := t.get("SELECT COALESCE(MAX(seq), 0) FROM entries WHERE conversation = ? AND seq > ? AND seq <= ? AND at < ?",
			[]any{conversation, from, from + expireEntries, before}, &to); err != nil || to == 0 {
			return err
		}
		if err := t.exec("UPDATE entries SET body = ? WHERE conversation = ? AND seq > ? AND seq <= ?", []byte{}, conversation, from, to); err != nil {
			return err
		}
		taken = to - from
		return t.exec("UPDATE conversations SET expired = ? WHERE id = ?", to, conversation)
	})
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return taken, err
}

// Expiring is how many entries are older than a time and have their body.
func (s *Store) Expiring(before int64) (n int64, err error) {
	err = s.read.QueryRow("SELECT COUNT(*) FROM entries e JOIN conversations c ON c.id = e.conversation WHERE e.seq > c.expired AND e.at < ?", before).Scan(&n)
	return n, err
}
