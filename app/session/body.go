package session

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// outcome is what became of an entry's body.
type outcome int

const (
	opened     outcome = iota // checked in full
	unreadable                // kept as it is, and tried again when a chain or key is new
	hidden                    // from before this account was added without history, or kept by the relay no more
	waits                     // for a chain or a key that is fetched first
)

// sealContent is a content as it goes into a sealed body.
func sealContent(c *chat.Content) ([]byte, error) { return json.Marshal(c) }

// openContent reads it.
func openContent(b []byte) (chat.Content, error) {
	var c chat.Content
	if err := json.Unmarshal(b, &c); err != nil {
		return closed("It is not written as messages are."), err
	}
	if c.Kind == "" || c.Kind == chat.KindUnreadable || c.Kind == chat.KindVanished {
		return closed("It is not written as messages are."), errors.New("no kind")
	}
	return c, nil
}

// closed is the content of a message that can't be shown, with the reason.
func closed(why string) chat.Content { return chat.Content{Kind: chat.KindUnreadable, Text: why} }

// open takes an entry of the relay's log. last says that everything that it may
// need was asked for: then it never waits. late says that, should its sender be
// gone, this was known here before it came. What the entry means beside its
// content is kept by taken, when it is stored.
func (t *turn) open(conv chat.ConversationID, e *wire.Entry, late, last bool) (m chat.Message, what outcome, taken func() error, err error) {
	nothing := func() error { return nil }
	m = chat.Message{ID: chat.MessageID(e.Message), Conversation: conv, Seq: e.Seq,
		From: chat.AccountID(e.From), Device: chat.DeviceID(e.Device), At: at(e.At)}
	known, ok, err := t.tx.Message(conv, m.ID)
	if err != nil {
		return m, 0, nil, err
	}
	if ok && (known.Seq > 0 || m.From == t.me && m.Device == t.s.Profile().Device) {
		m.Content = known.Content // here already: stored, or written here
		return m, opened, nothing, nil
	}
	if e.Expired {
		return m, hidden, nothing, nil
	}
	if isBeside(m.ID) {
		m.Content = closed("It is no message.")
		return m, opened, nothing, nil
	}
	content, o, what, err := t.openBody(&m, e.Body, last)
	if err != nil {
		return m, 0, nil, err
	}
	m.Content = content
	if end := m.Vanishes(); !end.IsZero() && !end.After(t.s.now()) {
		m.Content = chat.Content{Kind: chat.KindVanished} // it comes too late to be shown
	}
	if gone, err := t.goneForMe(&m); err != nil {
		return m, 0, nil, err
	} else if gone && what == opened {
		m.Content = chat.Content{Kind: chat.KindVanished}
	}
	switch {
	case what == unreadable:
		return m, what, func() error { return t.tx.PutSealed(conv, m.Seq, e.Body) }, nil
	case o != nil:
		return m, what, func() error { return t.note(&m, o, late) }, nil
	}
	return m, what, nothing, nil
}

// openBody opens and checks a body. What it returns beside the content is nil
// unless it opened.
func (t *turn) openBody(m *chat.Message, body []byte, last bool) (chat.Content, *seal.Opened, outcome, error) {
	v, s := t.seals(), t.s
	r, err := v.room(m.Conversation)
	if err != nil {
		return chat.Content{}, nil, 0, err
	}
	sender, err := v.account(m.From)
	if err != nil {
		return chat.Content{}, nil, 0, err
	}
	if r == nil || sender == nil {
		if !last {
			return chat.Content{}, nil, waits, nil
		}
		return closed("The keys for it did not come."), nil, unreadable, nil
	}
	o, err := r.chain.OpenMessage(r.keys, seal.Accounts{sender.Root(): sender},
		seal.Envelope{Message: m.ID, From: sender.Root(), Device: m.Device}, body)
	if err == nil {
		content, err := openContent(o.Content)
		if err != nil {
			s.log.Warn("a message says nothing that is understood", "conversation", m.Conversation, "seq", m.Seq)
		}
		if content.ForAdmins() && r.chain.Kind() == seal.Group && o.Role < seal.Admin {
			content = closed("Only admins may change this in a group.")
		}
		return content, o, opened, nil
	}
	fetch := errors.Is(err, seal.ErrBehind) || errors.Is(err, seal.ErrUnknown) || errors.Is(err, seal.ErrNoKey)
	if fetch && !last {
		return chat.Content{}, nil, waits, nil
	}
	s.log.Warn("a message does not open", "conversation", m.Conversation, "seq", m.Seq, "error", err)
	switch {
	case errors.Is(err, seal.ErrNoKey):
		g, _ := seal.MessageGeneration(body)
		if t.before(r, m, g) {
			return chat.Content{}, nil, hidden, nil
		}
		if g <= r.chain.Generation() {
			return closed("The key for it did not come yet."), nil, unreadable, nil
		}
		fallthrough // a key of which the chain that was delivered does not know
	case errors.Is(err, seal.ErrBehind):
		err := t.find(m.Conversation, storage.Finding{Key: findBehind, Text: sayBehind, Stop: true})
		return closed("It speaks of a change of members or keys that the relay did not deliver."), nil, unreadable, err
	case errors.Is(err, seal.ErrFork):
		err := t.find(m.Conversation, storage.Finding{Key: findChain, Text: sayFork, Stop: true})
		return closed("Its sender sees another history of this conversation than this device."), nil, unreadable, err
	case errors.Is(err, seal.ErrUnknown):
		return closed("It comes from a device that is not its sender's."), nil, unreadable, nil
	}
	return closed(fmt.Sprintf("It was not accepted: %v.", root(err))), nil, unreadable, nil
}

// root is the innermost reason.
func root(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// before tells of a message from before this account was added without history:
// its key g lies beyond a barrier of the next newer one that is held. Behind
// what is here already that is only so for somebody who was away in between.
func (t *turn) before(r *room, m *chat.Message, g uint64) bool {
	next := g + 1
	barrier := false
	for ; next <= r.chain.Generation(); next++ {
		barrier = barrier || !r.chain.Linked(next)
		if _, held := r.keys[next]; held {
			break
		}
	}
	if g == 0 || !barrier || next > r.chain.Generation() {
		return false
	}
	stored := t.tx.FirstStored(m.Conversation)
	return stored == 0 || m.Seq < stored || r.away(g)
}

// away tells that generation g is one that began and ended while this account,
// which holds older ones, was no member.
func (r *room) away(g uint64) bool {
	for held := range r.keys {
		if held < g {
			return true
		}
	}
	return false
}

// note takes in what a message that opened tells: its count, and who sent it.
func (t *turn) note(m *chat.Message, o *seal.Opened, late bool) error {
	c, err := t.tx.Counts(m.Conversation, m.Device)
	if err != nil {
		return err
	}
	counts := seal.Counts{Seen: c.Seen, Max: c.Max}
	if err := counts.Note(o.Count, m.ID, func(uint64) chat.MessageID { return "" }); err != nil {
		if err := t.find(m.Conversation, storage.Finding{Key: findReplay + " " + string(m.Device), Text: sayReplay}); err != nil {
			return err
		}
	} else {
		c.Seen, c.Max = counts.Seen, counts.Max
		if err := t.tx.PutCounts(m.Conversation, m.Device, c); err != nil {
			return err
		}
		if _, holes := counts.Missing(); holes {
			t.then(func() { t.s.watchHoles(m.Conversation) })
		}
	}
	if late && o.Since != seal.SinceNothing {
		return t.findSince(m.Conversation, m.Device, o.Since)
	}
	return nil
}

// isGone tells whether a message's sender is known to be removed: the device, or
// the member.
func (t *turn) isGone(m *chat.Message) (bool, error) {
	v := t.seals()
	r, err := v.room(m.Conversation)
	if err != nil || r == nil {
		return false, err
	}
	a, err := v.account(m.From)
	if err != nil || a == nil {
		return false, err
	}
	_, member := r.chain.Member(a.Root())
	d := a.DeviceByID(m.Device)
	return !member || d != nil && d.Removed != 0, nil
}

// findSince warns of something that came newly from somebody who was removed since.
func (t *turn) findSince(id chat.ConversationID, device chat.DeviceID, since seal.Since) error {
	text := sayDevice
	if since == seal.SinceNotMember {
		text = sayMember
	}
	return t.find(id, storage.Finding{Key: findSince + " " + string(device), Text: text})
}

// reopenMost is how many bodies are tried again in one turn.
const reopenMost = 500

// reopen tries bodies again that did not open, now that a chain or key is new.
func (t *turn) reopen(id chat.ConversationID) error {
	var changed []chat.Message
	for _, x := range t.tx.Sealed(id, 0, reopenMost) {
		m, ok, err := t.tx.StoredAt(id, x.Seq)
		if err != nil {
			return err
		}
		if !ok {
			continue
		}
		content, o, _, err := t.openBody(&m, x.Body, true)
		if err != nil {
			return err
		}
		if o == nil {
			continue
		}
		if err := t.note(&m, o, false); err != nil {
			return err
		}
		m.Content = content
		if gone, err := t.goneForMe(&m); err != nil {
			return err
		} else if gone {
			m.Content = chat.Content{Kind: chat.KindVanished}
		}
		if err := t.tx.UpdateMessage(m); err != nil {
			return err
		}
		if err := t.tx.DeleteSealed(id, x.Seq); err != nil {
			return err
		}
		changed = append(changed, m)
	}
	if err := t.came(changed); err != nil {
		return err
	}
	t.news(id, false, changed...)
	return nil
}

// at reads the wire's Unix milliseconds; 0 is the zero time.
func at(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func account(a wire.Account) chat.Account {
	return chat.Account{ID: chat.AccountID(a.ID), Name: a.Name}
}

func conversation(c *wire.Conversation) *chat.Conversation {
	out := &chat.Conversation{ID: chat.ConversationID(c.ID), Kind: chat.ConversationKind(c.Kind),
		Head: c.Head, Created: at(c.Created)}
	for _, m := range c.Members {
		out.Members = append(out.Members, account(m))
	}
	return out
}

func mark(m *wire.Mark) chat.Mark { return chat.Mark{Received: m.Received, Read: m.Read} }
