package storage

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"satchel/chat"
	"satchel/storage/index"
)

// Entries that only change another message (an edit, a deletion, a reaction)
// stay entries of the log. changes/C finds them by the message that they change:
//
//	target, kind, sender, 's'         → number of the newest stored one; of edits
//	                                    and deletions all, ascending
//	target, kind, sender, 'p', number → nothing: a pending one
//
// What is shown of a message is made from these when it is read. So it depends
// on which entries are here and on their numbers, never on the order in which
// they came: an edit may be here long before its target. There is one row for
// each sender, however often they change their mind; of edits and deletions it
// has them all, since of some it can only be told with the target that they came
// too late (see late).
const (
	changeDelete   = 'd'
	changeEdit     = 'e'
	changeReaction = 'r'
	changeLink     = 'l'
)

// addChangesAndIndex makes room for changes, of which a database before it has
// none, and an empty index, which IndexMore fills with what is here already.
func addChangesAndIndex(tx *bbolt.Tx) error {
	if err := index.Create(tx); err != nil {
		return err
	}
	top, err := tx.CreateBucket(bChanges)
	if err != nil {
		return err
	}
	return tx.Bucket(bConversations).ForEach(func(id, _ []byte) error {
		_, err := top.CreateBucket(id)
		return err
	})
}

// changeLead is what the keys of all changes of one sender to one message begin
// with; nil for a message that changes none.
func changeLead(m *chat.Message) []byte {
	target := m.Content.Target()
	if target == "" {
		return nil
	}
	kind := map[string]byte{chat.KindDelete: changeDelete, chat.KindEdit: changeEdit, chat.KindReaction: changeReaction, chat.KindLink: changeLink}[m.Content.Kind]
	return leadOf(target, kind, m.From)
}

func leadOf(target chat.MessageID, kind byte, from chat.AccountID) []byte {
	return appendPart(append(appendPart(nil, []byte(target)), kind), []byte(from))
}

// note writes down that m, at p, changes another message. One that was given up
// changes nothing.
func (c *conversation) note(m *chat.Message, p place) error {
	lead := changeLead(m)
	switch {
	case lead == nil:
		return nil
	case p.in == placeStored:
		k := slices.Concat(lead, []byte{placeStored})
		v := c.changes.Get(k)
		if m.Content.Kind != chat.KindReaction {
			return c.changes.Put(k, withNumber(v, p.key))
		}
		if v != nil && keyNum(v) >= keyNum(p.key) {
			return nil
		}
		return c.changes.Put(k, p.key)
	case m.State == chat.MessageFailed:
		return c.changes.Delete(slices.Concat(lead, []byte{placePending}, p.key))
	}
	return c.changes.Put(slices.Concat(lead, []byte{placePending}, p.key), nil)
}

// dropRows takes the pending row of m at p away, and what was noted of it.
func (c *conversation) dropRows(m *chat.Message, p place) error {
	if err := c.pending.Delete(p.key); err != nil {
		return err
	}
	if lead := changeLead(m); lead != nil {
		return c.changes.Delete(slices.Concat(lead, []byte{placePending}, p.key))
	}
	return nil
}

// erase empties a stored message that its author deleted, now that m was
// stored, which is either of the two. The entry itself stays.
func (c *conversation) erase(m *chat.Message) error {
	id := m.ID
	if m.Content.Kind == chat.KindDelete {
		id = m.Content.Target()
	} else if c.changes.Get(append(leadOf(id, changeDelete, m.From), placeStored)) == nil {
		return nil
	}
	p, err := c.find(id)
	if err != nil || p.in != placeStored {
		return err
	}
	target, err := c.get(p)
	if err != nil || target.From != m.From || target.Deleted || target.Content.Changes() {
		return err
	}
	if target, err = c.changed(target); err != nil || !target.Deleted {
		return err // it came too late
	}
	return c.put(target, p)
}

// changesMost is how many edits, or deletions, of one message count.
const changesMost = 1000

// withNumber puts a number into a list of them, ascending, each once.
func withNumber(list, n []byte) []byte {
	for at := 0; at < len(list); at += 8 {
		switch bytes.Compare(n, list[at:at+8]) {
		case 0:
			return list
		case -1:
			return slices.Concat(list[:at], n, list[at:])
		}
	}
	if len(list) >= 8*changesMost {
		return list
	}
	return slices.Concat(list, n)
}

// late tells whether by came too late to edit or delete target. What waits here
// was in time when it was written.
func (c *conversation) late(target, by *chat.Message) (bool, error) {
	if target.Seq == 0 || by.Seq == 0 {
		return false, nil
	}
	p, _, err := c.tx.Profile()
	window := time.Duration(p.EditWindow) * time.Second
	return window > 0 && by.At.Sub(target.At) > window, err
}

// change is the newest change of one kind by one sender.
type change struct {
	kind byte
	from chat.AccountID
	at   place
}

// later sorts changes as they happened: stored ones by number, then pending ones.
func later(a, b change) int {
	if a.at.in != b.at.in {
		return cmp.Compare(b.at.in, a.at.in) // 's' before 'p'
	}
	return bytes.Compare(a.at.key, b.at.key)
}

// changesOf are the changes to a message, as they happened: of the reactions of
// one sender the newest alone.
func (c *conversation) changesOf(id chat.MessageID) ([]change, error) {
	if c.changes == nil {
		return nil, nil
	}
	var all []change
	lead := appendPart(nil, []byte(id))
	cursor := c.changes.Cursor()
	for k, v := cursor.Seek(lead); bytes.HasPrefix(k, lead); k, v = cursor.Next() {
		if len(k) == len(lead) {
			return nil, errRow
		}
		from, rest, err := cutPart(k[len(lead)+1:])
		if err != nil || len(rest) == 0 {
			return nil, errRow
		}
		one := change{k[len(lead)], chat.AccountID(from), place{rest[0], slices.Clone(rest[1:])}}
		if one.at.in == placeStored {
			one.at.key = slices.Clone(v)
		}
		if len(one.at.key) == 0 || len(one.at.key)%8 != 0 {
			return nil, errRow
		}
		if one.kind != changeReaction {
			for n := range slices.Chunk(one.at.key, 8) {
				all = append(all, change{one.kind, one.from, place{one.at.in, n}})
			}
			continue
		}
		if n := len(all); n > 0 && all[n-1].kind == one.kind && all[n-1].from == one.from {
			if later(all[n-1], one) < 0 {
				all[n-1] = one
			}
			continue
		}
		all = append(all, one)
	}
	slices.SortFunc(all, later)
	return all, nil
}

// changed is m with what other entries make of it.
func (c *conversation) changed(m chat.Message) (chat.Message, error) {
	if m.Content.Changes() || m.Deleted {
		return m, nil
	}
	all, err := c.changesOf(m.ID)
	if err != nil || len(all) == 0 {
		return m, err
	}
	// The newest edit counts, and any deletion; both only the author's, in time.
	edited := false
	for _, one := range slices.Backward(all) {
		if one.from != m.From || one.kind != changeDelete && (one.kind != changeEdit || edited) {
			continue
		}
		by, err := c.get(one.at)
		if err != nil {
			return m, fmt.Errorf("a change of %s: %w", m.ID, err)
		}
		if by.Content.Kind == chat.KindVanished {
			continue
		}
		if late, err := c.late(&m, &by); err != nil {
			return m, err
		} else if late {
			continue
		}
		if one.kind == changeDelete {
			m.Content, m.Edited, m.Deleted = chat.Content{Kind: chat.KindMessage}, false, true
			return m, nil
		}
		edited = true
		m.Content, m.Edited = m.Content.Edited(&by.Content)
	}
	// Then where its file lies now, as the author says, and everybody's reactions.
	for _, one := range all {
		if one.kind != changeReaction && (one.kind != changeLink || one.from != m.From) {
			continue
		}
		by, err := c.get(one.at)
		if err != nil {
			return m, fmt.Errorf("a change of %s: %w", m.ID, err)
		}
		if one.kind == changeLink {
			m.Content = m.Content.Linked(&by.Content)
		} else if emoji := by.Content.Reaction; emoji != "" {
			m.Reactions = append(m.Reactions, chat.Reaction{From: one.from, Emoji: emoji})
		}
	}
	return m, nil
}

// shown is m as people see it: changed, and with what it answers.
func (c *conversation) shown(m chat.Message) (chat.Message, error) {
	m, err := c.changed(m)
	if err != nil || m.Content.Reply == "" || m.Content.Changes() {
		return m, err
	}
	p, err := c.find(m.Content.Reply)
	if err != nil || p.in == 0 {
		return m, err
	}
	target, err := c.get(p)
	if err == nil && !target.Content.Changes() {
		if target, err = c.changed(target); err == nil {
			m.ReplyTo = chat.QuoteOf(&target)
		}
	}
	return m, err
}

// LinkOf returns the newest link that somebody told to the file of a message, which
// need not be here; "" when they told none.
func (tx *Tx) LinkOf(conv chat.ConversationID, id chat.MessageID, by chat.AccountID) (string, error) {
	c, err := tx.open(conv)
	if err != nil {
		return "", err
	}
	all, err := c.changesOf(id)
	if err != nil {
		return "", err
	}
	for _, one := range slices.Backward(all) {
		if one.kind != changeLink || one.from != by {
			continue
		}
		m, err := c.get(one.at)
		if err != nil {
			return "", fmt.Errorf("a link of %s: %w", id, err)
		}
		if m.Content.Kind == chat.KindLink {
			return m.Content.URL, nil
		}
	}
	return "", nil
}
