package store

import (
	"database/sql"
	"errors"

	"satchel/net/wire"
)

// mayWrite finds a conversation that an account is a member of, by a device
// that its chain has.
const mayWrite = `SELECT 1 FROM members m JOIN devices d ON d.account = m.account
	WHERE m.conversation = ? AND m.account = ? AND d.id = ? AND d.removed = 0`

// Members returns the members of a conversation; none when it does not exist.
func (s *Store) Members(conversation string) ([]string, error) {
	return s.strings("SELECT account FROM members WHERE conversation = ?", conversation)
}

// Conversation returns a conversation; ErrNotFound when there is none.
func (s *Store) Conversation(id string) (wire.Conversation, error) {
	c := wire.Conversation{ID: id}
	err := s.read.QueryRow("SELECT kind, head, created, chain FROM conversations WHERE id = ?", id).Scan(&c.Kind, &c.Head, &c.Created, &c.Chain)
	if err == nil {
		err = s.fill(&c)
	}
	return c, found(err)
}

// fill reads members and marks.
func (s *Store) fill(c *wire.Conversation) error {
	rows, err := s.read.Query(`SELECT a.id, a.name, a.last_seen, a.chain, m.received, m.read
		FROM members m JOIN accounts a ON a.id = m.account WHERE m.conversation = ?`, c.ID)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var a wire.Account
		var m wire.Mark
		if err := rows.Scan(&a.ID, &a.Name, &a.LastSeen, &a.Chain, &m.Received, &m.Read); err != nil {
			return err
		}
		c.Members = append(c.Members, a)
		if m.Received > 0 || m.Read > 0 {
			m.Account = a.ID
			c.Marks = append(c.Marks, m)
		}
	}
	return rows.Err()
}

// Newest calls yield with an account's conversations, the last active first,
// until there is no other or yield returns false.
func (s *Store) Newest(account string, yield func(wire.Conversation) bool) error {
	return s.each(yield, `SELECT c.id, c.kind, c.head, c.created, c.chain FROM members m JOIN conversations c ON c.id = m.conversation
		WHERE m.account = ? ORDER BY c.updated DESC, c.id`, account)
}

// After is as Newest, by id, and begins above one.
func (s *Store) After(account, id string, yield func(wire.Conversation) bool) error {
	return s.each(yield, `SELECT c.id, c.kind, c.head, c.created, c.chain FROM members m JOIN conversations c ON c.id = m.conversation
		WHERE m.account = ? AND m.conversation > ? ORDER BY m.conversation`, account, id)
}

func (s *Store) each(yield func(wire.Conversation) bool, query string, args ...any) error {
	rows, err := s.read.Query(query, args...)
	if err != nil {
		return err
	}
	// All rows first: one that held its connection of the pool while it waits
	// for a second would wait forever beside others that do the same.
	var all []wire.Conversation
	for rows.Next() {
		var c wire.Conversation
		if err := rows.Scan(&c.ID, &c.Kind, &c.Head, &c.Created, &c.Chain); err != nil {
			rows.Close()
			return err
		}
		all = append(all, c)
	}
	rows.Close()
	if err := rows.Err(); err != nil {
		return err
	}
	for _, c := range all {
		if err := s.fill(&c); err != nil {
			return err
		}
		if !yield(c) {
			return nil
		}
	}
	return nil
}

// Append stores an entry of a member's, gives it the conversation's next
// number, and lets the members read these files. It calls after when the entry
// is on the disk, in the order of the numbers, on a goroutine that must not be
// held up. An entry whose message is there already is answered with the first
// one's numbers, and isNew is false. ErrNotFound: no such conversation for
// this account. ErrConflict: somebody else's message has this id.
// ErrFile: a file that the sender may not pass on.
func (s *Store) Append(e wire.Entry, files []string, after func(e wire.Entry, isNew bool, err error)) {
	isNew := false
	s.submit(func(t *tx) error {
		if ok, err := t.has(mayWrite, e.Conversation, e.From, e.Device); err != nil {
			return err
		} else if !ok {
			return ErrNotFound
		}
		var from string
		err := t.get("SELECT seq, at, sender FROM entries WHERE conversation = ? AND message = ?", []any{e.Conversation, e.Message}, &e.Seq, &e.At, &from)
		if err == nil && from != e.From {
			return ErrConflict
		}
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		if err := grant(t, e.Conversation, e.From, files); err != nil {
			return err
		}
		at := now()
		if err := t.get(`UPDATE conversations SET head = head + 1, updated = CASE WHEN updated > ? THEN updated ELSE ? END
			WHERE id = ? RETURNING head, updated`, []any{at, at, e.Conversation}, &e.Seq, &e.At); err != nil {
			return err
		}
		isNew = true
		return t.exec("INSERT INTO entries (conversation, seq, message, sender, device, at, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
			e.Conversation, e.Seq, e.Message, e.From, e.Device, e.At, e.Body)
	}, func(err error) { after(e, isNew && err == nil, err) })
}

// History returns entries of a conversation, ascending, and its head. With
// before, the newest below it; with after, the oldest above it; else the newest.
// At most limit, and at most wire.MaxPageBytes of bodies, but one always.
func (s *Store) History(conversation string, before, after uint64, limit int) ([]wire.Entry, uint64, error) {
	var rows *sql.Rows
	var err error
	const columns = "SELECT seq, message, sender, device, at, body FROM entries WHERE conversation = ?"
	switch {
	case after > 0:
		rows, err = s.read.Query(columns+" AND seq > ? ORDER BY seq LIMIT ?", conversation, after, limit)
	case before > 0:
		rows, err = s.read.Query(columns+" AND seq < ? ORDER BY seq DESC LIMIT ?", conversation, before, limit)
	default:
		rows, err = s.read.Query(columns+" ORDER BY seq DESC LIMIT ?", conversation, limit)
	}
	if err != nil {
		return nil, 0, err
	}
	defer rows.Close()
	entries, bytes := []wire.Entry{}, 0
	for rows.Next() {
		var e wire.Entry
		if err := rows.Scan(&e.Seq, &e.Message, &e.From, &e.Device, &e.At, &e.Body); err != nil {
			return nil, 0, err
		}
		if bytes += len(e.Body); bytes > wire.MaxPageBytes && len(entries) > 0 {
			break
		}
		entries = append(entries, e)
	}
	if err := rows.Err(); err != nil {
		return nil, 0, err
	}
	rows.Close()
	if after == 0 {
		for i, j := 0, len(entries)-1; i < j; i, j = i+1, j-1 {
			entries[i], entries[j] = entries[j], entries[i]
		}
	}
	// Read last, so that it is never below an entry of the page.
	var head uint64
	err = s.read.QueryRow("SELECT head FROM conversations WHERE id = ?", conversation).Scan(&head)
	return entries, head, found(err)
}

// Mark moves an account's mark in a conversation, forward only and not above
// the head, and calls after with the mark as it is then and whether it moved,
// under the rules of Append. ErrNotFound: no such conversation for this account.
func (s *Store) Mark(m wire.Mark, after func(m wire.Mark, moved bool, err error)) {
	moved := false
	s.submit(func(t *tx) error {
		var head, received, read uint64
		if err := t.get(`SELECT c.head, m.received, m.read FROM members m JOIN conversations c ON c.id = m.conversation
			WHERE m.conversation = ? AND m.account = ?`, []any{m.Conversation, m.Account}, &head, &received, &read); err != nil {
			return err
		}
		m.Read = max(read, min(m.Read, head))
		m.Received = max(received, min(m.Received, head), m.Read) // what was read was received
		if moved = m.Read != read || m.Received != received; !moved {
			return nil
		}
		return t.exec("UPDATE members SET received = ?, read = ? WHERE conversation = ? AND account = ?", m.Received, m.Read, m.Conversation, m.Account)
	}, func(err error) { after(m, moved && err == nil, err) })
}
