package store

import "satchel/net/wire"

// PutFetched keeps which files a member's device fetched, in the place of what it
// told of that part, and gives it the conversation's next number. ErrNotFound: no
// such conversation for this account, or it has no such part yet.
func (s *Store) PutFetched(v wire.Fetched) (number uint64, err error) {
	err = s.do(func(t *tx) error {
		number = 0
		// The conversation's row is held from here on, so numbers are in the order of the commits.
		if err := t.get(`UPDATE conversations SET fetched = fetched + 1 WHERE id = ? AND head >= ?
			AND EXISTS (SELECT 1 FROM members m WHERE m.conversation = conversations.id AND m.account = ?) RETURNING fetched`,
			[]any{v.Conversation, v.Part * wire.FetchedPart, v.Account}, &number); err != nil {
			return err
		}
		return t.exec(`INSERT INTO fetched (conversation, account, device, part, number, body) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (conversation, device, part) DO UPDATE SET number = excluded.number, body = excluded.body`,
			v.Conversation, v.Account, v.Device, v.Part, number, v.Body)
	})
	return number, err
}

// Fetched calls yield with what was told in a conversation above a number,
// ascending, until there is no other or yield returns false.
func (s *Store) Fetched(conversation string, after uint64, yield func(wire.Fetched) bool) error {
	rows, err := s.read.Query("SELECT account, device, part, number, body FROM fetched WHERE conversation = ? AND number > ? ORDER BY number", conversation, after)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var v wire.Fetched
		if err := rows.Scan(&v.Account, &v.Device, &v.Part, &v.Number, &v.Body); err != nil {
			return err
		}
		if !yield(v) {
			return nil
		}
	}
	return rows.Err()
}
