package store

import (
	"database/sql"
	"errors"
	"math"
	"time"

	"satchel/net/wire"
)

// mayWrite finds a conversation that an account is a member of, by a device
// that its chain has.
const mayWrite = `SELECT 1 FROM members m JOIN devices d ON d.account = m.account
	WHERE m.conversation = ? AND m.account = ? AND d.id = ? AND d.removed = 0 AND d.blocked = 0`

// Members returns the members of a conversation; none when it does not exist.
func (s *Store) Members(conversation string) ([]string, error) {
	return s.strings("SELECT account FROM members WHERE conversation = ?", conversation)
}

// IsMember tells whether an account is in a conversation.
func (s *Store) IsMember(conversation, account string) (bool, error) {
	var one int
	err := found(s.read.QueryRow("SELECT 1 FROM members WHERE conversation = ? AND account = ?", conversation, account).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Conversation returns a conversation; ErrNotFound when there is none.
func (s *Store) Conversation(id string) (wire.Conversation, error) {
	c := wire.Conversation{ID: id}
	err := s.read.QueryRow("SELECT kind, head, created, chain, fetched FROM conversations WHERE id = ?", id).Scan(&c.Kind, &c.Head, &c.Created, &c.Chain, &c.Fetched)
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
	return s.each(yield, `SELECT c.id, c.kind, c.head, c.created, c.chain, c.fetched FROM members m JOIN conversations c ON c.id = m.conversation
		WHERE m.account = ? ORDER BY c.updated DESC, c.id`, account)
}

// After is as Newest, by id, and begins above one.
func (s *Store) After(account, id string, yield func(wire.Conversation) bool) error {
	return s.each(yield, `SELECT c.id, c.kind, c.head, c.created, c.chain, c.fetched FROM members m JOIN conversations c ON c.id = m.conversation
		WHERE m.account = ? AND m.conversation > ? ORDER BY m.conversation`, account, id)
}

// Heads returns the conversations that have an entry since a time, in Unix
// milliseconds, with the number of the newest.
func (s *Store) Heads(since int64) (map[string]uint64, error) {
	rows, err := s.read.Query("SELECT id, head FROM conversations WHERE updated >= ? AND head > 0", since)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	heads := map[string]uint64{}
	for rows.Next() {
		var id string
		var head uint64
		if err := rows.Scan(&id, &head); err != nil {
			return nil, err
		}
		heads[id] = head
	}
	return heads, rows.Err()
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
		if err := rows.Scan(&c.ID, &c.Kind, &c.Head, &c.Created, &c.Chain, &c.Fetched); err != nil {
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
// this account. ErrMayNot: only others write there. ErrConflict: somebody else's message has this id.
// ErrFile: a file that the sender may not pass on. With a lifetime, above 0, the
// body is there for so long after the entry's time, and so is what the files
// may be read for.
func (s *Store) Append(e wire.Entry, files []string, lifetime time.Duration, after func(e wire.Entry, isNew bool, err error)) {
	isNew, at := true, now()
	vanishes := 0
	if lifetime > 0 {
		vanishes = 1
	}
	entry := []any{e.Message, e.Device, at, e.Body, at, lifetime.Milliseconds(), vanishes, e.Conversation, e.From, e.Device}
	head := []any{at, e.Conversation, e.Conversation}
	o := op{of: e.Conversation, after: func(err error) { after(e, isNew && err == nil, err) }}
	if len(files) == 0 {
		o.quick = []statement{
			{insertEntry, entry, []any{&e.Seq, &e.At}},
			{raiseHead, head, nil},
		}
	}
	o.do = func(t *tx) error {
		isNew = false
		if err := hold(t, e.Conversation); err != nil {
			return err
		}
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
			isNew = t.repeated
			return err
		}
		if ok, err := t.has("SELECT 1 FROM members m JOIN conversations c ON c.id = m.conversation WHERE c.id = ? AND m.account = ? AND m.role >= c.writers", e.Conversation, e.From); err != nil {
			return err
		} else if !ok {
			return ErrMayNot
		}
		if err := t.get(insertEntry, entry, &e.Seq, &e.At); err != nil {
			return err
		}
		until := int64(0)
		if lifetime > 0 {
			until = e.At + lifetime.Milliseconds()
		}
		if err := grant(t, e.Conversation, e.From, files, until); err != nil {
			return err
		}
		isNew = true
		return t.exec(raiseHead, head...)
	}
	s.queue(o)
}

// insertEntry stores a member's entry with the next number, unless its message
// is there; raiseHead follows it. Whoever calls them holds the conversation.
const (
	insertEntry = `INSERT INTO entries (conversation, seq, message, sender, device, at, body, vanish)
		SELECT c.id, c.head + 1, ?, m.account, ?, GREATEST(c.updated, ?), ?, (GREATEST(c.updated, ?) + ?) * ?
		FROM conversations c JOIN members m ON m.conversation = c.id JOIN devices d ON d.account = m.account
		WHERE c.id = ? AND m.account = ? AND d.id = ? AND d.removed = 0 AND d.blocked = 0 AND m.role >= c.writers
		ON CONFLICT (conversation, message) DO NOTHING RETURNING seq, at`
	raiseHead = `UPDATE conversations SET head = head + 1, updated = GREATEST(updated, ?)
		WHERE id = ? AND EXISTS (SELECT 1 FROM entries e WHERE e.conversation = ? AND e.seq = conversations.head + 1)`
)

// hold keeps a conversation as it is until the transaction ends; ErrNotFound
// when there is none.
func hold(t *tx, conversation string) error {
	var one int
	return t.get("SELECT 1 FROM conversations WHERE id = ? FOR NO KEY UPDATE", []any{conversation}, &one)
}

// History returns entries of a conversation, ascending, and its head. With
// before, the newest below it; with after, the oldest above it; else the newest.
// At most limit, and at most wire.MaxPageBytes of bodies, but one always.
func (s *Store) History(conversation string, before, after uint64, limit int) ([]wire.Entry, uint64, error) {
	var rows *sql.Rows
	var err error
	const columns = "SELECT seq, message, sender, device, at, body, vanish FROM entries WHERE conversation = ?"
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
	entries, bytes, present := []wire.Entry{}, 0, now()
	for rows.Next() {
		var e wire.Entry
		var vanish int64
		if err := rows.Scan(&e.Seq, &e.Message, &e.From, &e.Device, &e.At, &e.Body, &vanish); err != nil {
			return nil, 0, err
		}
		if vanish < 0 || vanish > 0 && vanish <= present {
			e.Body, e.Expired = []byte{}, true
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
	// Read last, so that they are never below what the page says.
	var head, expired uint64
	err = s.read.QueryRow("SELECT head, expired FROM conversations WHERE id = ?", conversation).Scan(&head, &expired)
	for i := range entries {
		if entries[i].Seq <= expired {
			entries[i].Body, entries[i].Expired = []byte{}, true
		}
	}
	return entries, head, found(err)
}

// Mark moves an account's mark in a conversation, forward only and not above
// the head, and calls after with the mark as it is then and whether it moved,
// under the rules of Append; it may wait a moment for another write. ErrNotFound: no such conversation for this account.
func (s *Store) Mark(m wire.Mark, after func(m wire.Mark, moved bool, err error)) {
	moved := true
	read, received := int64(min(m.Read, math.MaxInt64)), int64(min(m.Received, math.MaxInt64))
	args := []any{read, received, read, m.Conversation, m.Account, read, received}
	s.queue(op{
		of:    m.Conversation,
		quick: []statement{{moveMark, args, []any{&m.Received, &m.Read}}},
		do: func(t *tx) error {
			err := t.get(moveMark, args, &m.Received, &m.Read)
			if moved = err == nil; !errors.Is(err, ErrNotFound) {
				return err
			}
			return t.get("SELECT received, read FROM members WHERE conversation = ? AND account = ?", []any{m.Conversation, m.Account}, &m.Received, &m.Read)
		},
		after:   func(err error) { after(m, moved && err == nil, err) },
		patient: true,
	})
}

// moveMark gives no row when the mark stays where it is. What was read was received.
const moveMark = `UPDATE members SET read = GREATEST(members.read, LEAST(?, c.head)), received = GREATEST(members.received, LEAST(?, c.head), LEAST(?, c.head))
	FROM conversations c WHERE c.id = members.conversation AND members.conversation = ? AND members.account = ?
	AND (members.read < LEAST(?, c.head) OR members.received < LEAST(?, c.head)) RETURNING received, read`
