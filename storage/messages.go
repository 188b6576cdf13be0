package storage

import (
	"fmt"
	"math"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"satchel/chat"
)

// Where a message is, as ids/C says it: the bucket and the key in it.
const (
	placeStored  = 's'
	placePending = 'p'
)

type place struct {
	in  byte // placeStored or placePending; 0: not here
	key []byte
}

func (p place) seq() uint64 {
	if p.in != placeStored {
		return 0
	}
	return keyNum(p.key)
}

func (c *conversation) find(id chat.MessageID) (place, error) {
	v := c.ids.Get([]byte(id))
	if v == nil {
		return place{}, nil
	}
	if len(v) != 9 {
		return place{}, errRow
	}
	return place{v[0], slices.Clone(v[1:])}, nil
}

func (c *conversation) bucket(in byte) *bbolt.Bucket {
	if in == placePending {
		return c.pending
	}
	return c.messages
}

// put writes m at p, and its id's row.
func (c *conversation) put(m chat.Message, p place) error {
	id, err := idKey(m.ID)
	if err != nil {
		return err
	}
	return c.found(&m, func() error { return c.write(m, p, id) })
}

func (c *conversation) write(m chat.Message, p place, id []byte) error {
	v, err := encodeMessage(m)
	if err != nil {
		return err
	}
	if err := c.bucket(p.in).Put(p.key, v); err != nil {
		return err
	}
	if err := c.note(&m, p); err != nil {
		return err
	}
	if err := c.promise(&m, p); err != nil {
		return err
	}
	return c.ids.Put(id, append([]byte{p.in}, p.key...))
}

// get reads the message at p.
func (c *conversation) get(p place) (chat.Message, error) {
	v := c.bucket(p.in).Get(p.key)
	if v == nil {
		return chat.Message{}, fmt.Errorf("storage: %s names a message that is not there: %w", c.id, errRow)
	}
	return decodeMessage(c.id, p.seq(), v)
}

// store puts m, which the relay holds, in its place; a pending row of it goes.
// One that is stored stays as it is: changed tells whether anything was written.
func (c *conversation) store(m chat.Message) (changed bool, err error) {
	p, err := c.find(m.ID)
	if err != nil {
		return false, err
	}
	to := place{placeStored, numKey(m.Seq)}
	if p.in == placeStored {
		if p.seq() != m.Seq {
			return false, fmt.Errorf("storage: message %s is number %d, not %d: %w", m.ID, p.seq(), m.Seq, ErrConflict)
		}
		return false, nil
	}
	if c.messages.Get(to.key) != nil {
		return false, fmt.Errorf("storage: number %d is another message than %s: %w", m.Seq, m.ID, ErrConflict)
	}
	if err := c.put(m, to); err != nil {
		return false, err
	}
	if p.in == placePending {
		if err := c.dropRows(&m, p); err != nil {
			return false, err
		}
	}
	if !m.Content.Changes() {
		c.state.Shown = max(c.state.Shown, m.Seq)
	}
	return true, c.erase(&m)
}

// saveLast finds the newest message that is shown, pending ones included, and
// writes the state.
func (c *conversation) saveLast() error {
	c.state.Last = nil
	var last place
	var v []byte
	for most := 1; v == nil; most *= 16 {
		rows := newest(c.pending, most)
		for _, row := range rows {
			_, shown, err := rowFrom(row)
			if err != nil {
				return err
			}
			if shown {
				v = row
				break
			}
		}
		if len(rows) < most {
			break
		}
	}
	if v == nil {
		if err := c.findShown(); err != nil {
			return err
		}
		if c.state.Shown > 0 {
			last = place{placeStored, numKey(c.state.Shown)}
			v = c.messages.Get(last.key)
		}
	}
	if v != nil {
		m, err := decodeMessage(c.id, last.seq(), v)
		if err == nil {
			m, err = c.changed(m)
		}
		if err != nil {
			return err
		}
		c.state.Last = forList(m)
	}
	return c.save()
}

// findShown looks for the newest stored message that is shown, where that is
// not known yet.
func (c *conversation) findShown() error {
	if c.state.Shown > 0 {
		return nil
	}
	cursor := c.messages.Cursor() // nothing is ever deleted there
	for k, v := cursor.Last(); k != nil; k, v = cursor.Prev() {
		_, shown, err := rowFrom(v)
		if err != nil {
			return err
		}
		if shown {
			c.state.Shown = keyNum(k)
			return nil
		}
	}
	return nil
}

// AddEntries stores entries of the relay's log: Seq > 0, ascending, all within
// from..to, which is the whole run that they cover and is held from now on. It is
// idempotent by message id: a message that is stored stays as it is, and a pending
// one of that id becomes the stored one. Head, Last, Unread and Held follow. It
// returns those that are new or changed here. ErrConflict: see there. After an
// error the transaction can't be committed: some entries may be in it, and others not.
func (tx *Tx) AddEntries(conv chat.ConversationID, me chat.AccountID, from, to uint64, msgs []chat.Message) (added []chat.Message, err error) {
	c, err := tx.open(conv)
	if err != nil {
		return nil, err
	}
	if len(msgs) == 0 && (from == 0 || to < from) {
		return nil, nil // an empty page covers nothing
	}
	if from == 0 || to < from || to > math.MaxInt64 {
		return nil, fmt.Errorf("storage: %s: %d to %d is no run of entries", conv, from, to)
	}
	defer func() {
		if err != nil {
			tx.failed = err
		}
	}()
	mark, err := c.mark(me)
	if err != nil {
		return nil, err
	}
	if err := c.findShown(); err != nil {
		return nil, err
	}
	if k, _ := c.messages.Cursor().Last(); k == nil || from > keyNum(k) {
		// Nothing will come between them: pages may be full. Half full, as bbolt
		// leaves them for what does, the cache is two thirds bigger.
		c.messages.FillPercent = 0.9
	}
	next := from
	for _, m := range msgs {
		if m.Seq < next || m.Seq > to {
			return nil, fmt.Errorf("storage: %s: entry %d is out of order, or not in %d to %d", conv, m.Seq, from, to)
		}
		next = m.Seq + 1
		m.Conversation, m.State, m.Reason = conv, chat.MessageStored, ""
		changed, err := c.store(m)
		if err != nil {
			return nil, err
		}
		if !changed {
			continue
		}
		added = append(added, m)
		if m.From != me && m.Seq > mark.Read && !m.Content.Changes() {
			c.state.Unread++
		}
	}
	c.state.Held.Add(from, to)
	c.state.Head = max(c.state.Head, to)
	return added, c.saveLast()
}

// AddPending keeps a message that was written here. It stands behind all that
// are stored, in the order of adding, until it is acknowledged.
func (tx *Tx) AddPending(m chat.Message) error {
	c, err := tx.open(m.Conversation)
	if err != nil {
		return err
	}
	p, err := c.find(m.ID)
	if err != nil {
		return err
	}
	if p.in != 0 {
		return fmt.Errorf("storage: message %s is there already", m.ID)
	}
	n, err := c.pending.NextSequence()
	if err != nil {
		return err
	}
	m.Seq = 0
	if m.State == chat.MessageStored {
		m.State = chat.MessagePending
	}
	if err := c.put(m, place{placePending, numKey(n)}); err != nil {
		return err
	}
	return c.saveLast()
}

// UpdateMessage takes content, state and reason of a message that is here from
// m; everything else stays. A stored message stays stored, and a pending one
// becomes so by AddEntries and Acknowledge alone.
func (tx *Tx) UpdateMessage(m chat.Message) error {
	c, p, old, err := tx.message(m.Conversation, m.ID)
	if err != nil {
		return err
	}
	if p.in == placePending {
		if m.State == chat.MessageStored {
			return fmt.Errorf("storage: message %s has no number, so it is not stored", m.ID)
		}
		old.State = m.State
	}
	old.Content, old.Reason = m.Content, m.Reason
	if err := c.put(old, p); err != nil {
		return err
	}
	return c.saveLast()
}

// Acknowledge gives a pending message its place in the log, and returns it as it
// is now. A message that is stored already, with this number, stays as it is.
func (tx *Tx) Acknowledge(conv chat.ConversationID, id chat.MessageID, seq uint64, at time.Time) (chat.Message, error) {
	c, p, m, err := tx.message(conv, id)
	if err != nil {
		return m, err
	}
	if seq == 0 || seq > math.MaxInt64 {
		return m, fmt.Errorf("storage: %d is no place in a log", seq)
	}
	if p.in == placePending {
		m.At, m.State, m.Reason = at, chat.MessageStored, ""
	}
	m.Seq = seq
	if err := c.findShown(); err != nil {
		return m, err
	}
	if _, err := c.store(m); err != nil {
		return m, err
	}
	c.state.Held.Add(seq, seq)
	c.state.Head = max(c.state.Head, seq)
	return m, c.saveLast()
}

// RemovePending takes back a message that was not sent. One that isn't here is
// no error; for one that the relay holds it is ErrSent.
func (tx *Tx) RemovePending(conv chat.ConversationID, id chat.MessageID) error {
	c, err := tx.open(conv)
	if err != nil {
		return err
	}
	p, err := c.find(id)
	switch {
	case err != nil || p.in == 0:
		return err
	case p.in == placeStored:
		return fmt.Errorf("storage: message %s: %w", id, ErrSent)
	}
	m, err := c.get(p)
	if err != nil {
		return err
	}
	err = c.found(&m, func() error {
		if err := c.dropRows(&m, p); err != nil {
			return err
		}
		return c.ids.Delete([]byte(id))
	})
	if err != nil {
		return err
	}
	return c.saveLast()
}

// message finds a message and where it is; ErrNotFound when it isn't here.
func (tx *Tx) message(conv chat.ConversationID, id chat.MessageID) (*conversation, place, chat.Message, error) {
	c, err := tx.open(conv)
	if err != nil {
		return nil, place{}, chat.Message{}, err
	}
	p, err := c.find(id)
	if err == nil && p.in == 0 {
		err = fmt.Errorf("storage: message %s: %w", id, ErrNotFound)
	}
	if err != nil {
		return nil, place{}, chat.Message{}, err
	}
	m, err := c.get(p)
	return c, p, m, err
}
