package session

import (
	"encoding/json"
	"time"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/wire"
	"satchel/storage"
)

// Kinds of acts in the outbox.
const (
	actSend  = "send"
	actFound = "found" // make the conversation's chain, if nobody has
)

// sendAct is the data of an act that sends a message. The content is the
// message's own: it is sealed when it goes out, under the key that is in use
// then. The count is given out once, so that the message is the same whenever
// it is sent again.
type sendAct struct {
	Count uint64   `json:"count"`
	Files []string `json:"files,omitempty"`
}

// outbox sends the acts that are on disk in their order, several at a time, and
// begins anew with every connection: the relay knows what it has already. A
// conversation that has no key to seal with is blocked: its acts are passed over
// until it has one.
type outbox struct {
	last     uint64             // newest act that went out, or was passed over, on this connection
	flight   map[string]*flying // not answered yet, by frame id
	blocked  map[chat.ConversationID]bool
	founding map[chat.ConversationID][]uint64 // acts that end when the chain is there
	waiting  bool                             // the relay, or the network, asked for a pause
	pause    time.Duration
	leave    func() // the gate, when acts are in flight
}

type flying struct {
	n       uint64
	conv    chat.ConversationID
	message chat.MessageID
}

func (o *outbox) flies(n uint64) bool {
	for _, f := range o.flight {
		if f.n == n {
			return true
		}
	}
	return false
}

// flightMost is how many acts are under way at a time.
const flightMost = 32

func newOutbox() outbox {
	return outbox{flight: map[string]*flying{}, blocked: map[chat.ConversationID]bool{}, founding: map[chat.ConversationID][]uint64{}}
}

func (o *outbox) reset() {
	o.last, o.waiting, o.pause = 0, false, 0
	clear(o.flight)
	clear(o.blocked)
	clear(o.founding)
}

// landed notes that an act was answered for good.
func (o *outbox) landed(id string) {
	delete(o.flight, id)
	o.pause = 0
}

// pump sends as many acts as may be under way.
func (s *Session) pump() {
	o, l := &s.state.outbox, s.link.Load()
	if !s.state.online || l == nil || o.waiting {
		return
	}
	for len(o.flight) < flightMost {
		var acts []storage.Act
		err := s.db.View(func(tx *storage.Tx) (err error) {
			acts, err = tx.Acts(o.last, flightMost)
			return err
		})
		if err != nil {
			s.log.Error("read the outbox", "error", err)
			return
		}
		if len(acts) == 0 {
			return
		}
		for _, a := range acts {
			if len(o.flight) >= flightMost {
				return
			}
			if !s.dispatchAct(l, &a) {
				s.pauseOutbox(retryPause, false)
				return
			}
			o.last = a.N
		}
	}
}

// dispatchAct sends an act, or blocks its conversation; false when the
// connection takes no more.
func (s *Session) dispatchAct(l *link.Link, a *storage.Act) bool {
	o := &s.state.outbox
	switch {
	case o.flies(a.N):
		return true
	case a.Kind == actFound:
		o.founding[a.Conversation] = append(o.founding[a.Conversation], a.N)
		s.care.add(a.Conversation, wants{found: true})
		return true
	case a.Kind != actSend || o.blocked[a.Conversation]:
		return true
	}
	f, state, err := s.sealAct(a)
	switch {
	case err != nil:
		s.log.Error("a message can't be sealed", "act", a.N, "error", err)
		o.blocked[a.Conversation] = true
		return true
	case state == roomGone, state == roomSilent:
		o.blocked[a.Conversation] = true
		why := errGone
		if state == roomSilent {
			why = string(errOnlyAdmins)
		}
		s.later(0, giveUp{a.Conversation, a.Message, a.N, why})
		return true
	case state != roomReady:
		o.blocked[a.Conversation] = true
		if state == roomNeeds {
			s.care.add(a.Conversation, wants{found: true, rotate: true})
		}
		return true
	}
	f.ID = l.NextID()
	if l.Send(f) != nil {
		return false
	}
	o.flight[f.ID] = &flying{a.N, a.Conversation, a.Message}
	return true
}

// unblock lets a conversation's acts go out, once something can be sealed in it.
func (s *Session) unblock(id chat.ConversationID) {
	o := &s.state.outbox
	if !o.blocked[id] {
		return
	}
	state := roomNeeds
	err := s.look(func(v *view) (err error) {
		state, err = s.stateOf(v, id)
		return err
	})
	if err != nil {
		s.log.Error("read a conversation's keys", "conversation", id, "error", err)
		return
	}
	if state == roomReady || state == roomGone || state == roomSilent {
		delete(o.blocked, id)
		o.last = 0
	}
}

// roomState tells whether something can be sealed in a conversation.
type roomState int

const (
	roomReady   roomState = iota
	roomNeeds             // a chain, or a key, first
	roomStopped           // something is wrong: see its warning
	roomGone              // this account is no member any more
	roomSilent            // it is one that may not write
)

// stateOf tells it of messages.
func (s *Session) stateOf(v *view, id chat.ConversationID) (roomState, error) {
	return s.sealState(v, id, true)
}

// besideOf tells it of what stands beside the log: every member may tell that.
func (s *Session) besideOf(v *view, id chat.ConversationID) (roomState, error) {
	return s.sealState(v, id, false)
}

func (s *Session) sealState(v *view, id chat.ConversationID, writes bool) (roomState, error) {
	row, _, err := v.tx.Conversation(id)
	if err != nil {
		return 0, err
	}
	r, err := v.room(id)
	switch {
	case err != nil:
		return 0, err
	case row.Stopped:
		return roomStopped, nil
	case r == nil:
		return roomNeeds, nil
	}
	by, _, err := s.authorIn(v)
	if err != nil {
		return 0, err
	}
	if _, member := r.chain.Member(by.Account.Root()); !member {
		return roomGone, nil
	}
	if writes && !r.chain.MayWrite(by.Account.Root()) {
		return roomSilent, nil
	}
	with, err := v.members(r.chain)
	if err != nil {
		return 0, err
	}
	if !r.opens() || r.chain.MustRotate(with, time.Now()) {
		return roomNeeds, nil
	}
	return roomReady, nil
}

// sealAct seals an act's message with what is known now.
func (s *Session) sealAct(a *storage.Act) (f *wire.Send, state roomState, err error) {
	var d sendAct
	if err := json.Unmarshal(a.Data, &d); err != nil {
		return nil, 0, err
	}
	err = s.look(func(v *view) error {
		if state, err = s.stateOf(v, a.Conversation); state != roomReady || err != nil {
			return err
		}
		m, ok, err := v.tx.Message(a.Conversation, a.Message)
		if err != nil {
			return err
		}
		if !ok {
			state = roomGone // it was taken back
			return nil
		}
		content, err := sealContent(&m.Content)
		if err != nil {
			return err
		}
		by, _, err := s.authorIn(v)
		if err != nil {
			return err
		}
		r, err := v.room(a.Conversation)
		if err != nil {
			return err
		}
		body, err := r.chain.Seal(by, r.keys, a.Message, d.Count, content)
		f = &wire.Send{Conversation: string(a.Conversation), Message: string(a.Message), Body: body, Files: d.Files, Lifetime: m.Content.Vanishes()}
		return err
	})
	return f, state, err
}

// giveUp takes an act out that nobody can hear any more.
type giveUp struct {
	conv    chat.ConversationID
	message chat.MessageID
	n       uint64
	why     string
}

func (e giveUp) stores() bool { return true }
func (e giveUp) settle(error) {}

func (e giveUp) apply(t *turn) error {
	if err := t.fail(e.conv, e.message, e.why); err != nil {
		return err
	}
	t.then(func() { t.s.unblock(e.conv) })
	return t.tx.DeleteAct(e.n)
}

const errGone = "You take part in this conversation no more, so this was not sent. Nothing was lost."

// founded ends the acts that waited for a conversation's chain.
func (t *turn) founded(id chat.ConversationID) error {
	o := &t.s.state.outbox
	acts := o.founding[id]
	if len(acts) == 0 || t.tx.ChainLength(id) == 0 {
		return nil
	}
	for _, n := range acts {
		if err := t.tx.DeleteAct(n); err != nil {
			return err
		}
	}
	t.then(func() { delete(o.founding, id) })
	return nil
}

// giveCount gives the next of this device's counts out.
func (t *turn) giveCount(id chat.ConversationID) (n uint64, err error) {
	device := t.s.Profile().Device
	c, err := t.tx.Counts(id, device)
	if err != nil {
		return 0, err
	}
	if len(c.Free) > 0 {
		n, c.Free = c.Free[0], c.Free[1:]
	} else {
		c.Max++
		n = c.Max
		c.Seen.Add(n, n)
	}
	return n, t.tx.PutCounts(id, device, c)
}

// freeCount takes back the count of a message that the relay refused, so that
// nobody misses it.
func (t *turn) freeCount(act uint64) error {
	acts, err := t.tx.Acts(act-1, 1)
	if err != nil || len(acts) == 0 || acts[0].N != act || acts[0].Kind != actSend {
		return err
	}
	var d sendAct
	if json.Unmarshal(acts[0].Data, &d) != nil || d.Count == 0 {
		return nil
	}
	device := t.s.Profile().Device
	c, err := t.tx.Counts(acts[0].Conversation, device)
	if err != nil {
		return err
	}
	c.Free = append(c.Free, d.Count)
	return t.tx.PutCounts(acts[0].Conversation, device, c)
}

// put adds an act to the outbox; it leaves after the commit.
func (t *turn) put(kind string, conv chat.ConversationID, message chat.MessageID, data any) error {
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = t.tx.PutAct(storage.Act{Kind: kind, Conversation: conv, Message: message, Data: b})
	return err
}

// sent takes the relay's word that a message is on its disk.
func (t *turn) sent(f *wire.Sent) error {
	s := t.s
	act := s.state.outbox.flight[f.Re]
	if act == nil || string(act.message) != f.Message || string(act.conv) != f.Conversation {
		return nil // of an earlier connection: the act is sent, and answered, again
	}
	if _, ok, err := t.tx.Message(act.conv, act.message); err != nil {
		return err
	} else if ok {
		m, err := t.tx.Acknowledge(act.conv, act.message, f.Seq, at(f.At))
		if err != nil {
			return err
		}
		if err := t.ruled([]chat.Message{m}); err != nil {
			return err
		}
		if !m.Vanishes().IsZero() {
			t.then(s.vanishSoon)
		}
		t.news(act.conv, false, m)
	}
	if err := t.tx.DeleteAct(act.n); err != nil {
		return err
	}
	t.then(func() {
		s.state.outbox.landed(f.Re)
		if f.Seq > 1 {
			s.fetchIfBehind(act.conv, f.Seq)
		}
	})
	return nil
}

// fetchIfBehind looks for entries of others that should have come before seq.
func (s *Session) fetchIfBehind(id chat.ConversationID, seq uint64) {
	row, ok, err := s.Conversation(id)
	if err == nil && ok && !row.Held.Has(seq-1) {
		s.fetchSoon(id)
	}
}

// actRefused takes the relay's no: for now, and the act goes out again after a
// pause, or for good, and the message says so.
func (t *turn) actRefused(act *flying, f *wire.Error) error {
	s := t.s
	if f.Retry {
		t.then(func() {
			delete(s.state.outbox.flight, f.Re)
			o := &s.state.outbox
			o.pause = min(max(2*o.pause, retryPause), retryMost)
			s.log.Warn("the relay can't take a message now", "code", f.Code, "again in", o.pause)
			s.pauseOutbox(o.pause, true)
		})
		return nil
	}
	s.log.Warn("the relay refused an act for good", "code", f.Code, "error", f.Message, "message", act.message)
	if act.message != "" {
		if err := t.fail(act.conv, act.message, f.Message); err != nil {
			return err
		}
	}
	if err := t.freeCount(act.n); err != nil {
		return err
	}
	if err := t.tx.DeleteAct(act.n); err != nil {
		return err
	}
	t.then(func() { s.state.outbox.landed(f.Re) })
	return nil
}

// fail marks a pending message as given up.
func (t *turn) fail(conv chat.ConversationID, id chat.MessageID, why string) error {
	m, ok, err := t.tx.Message(conv, id)
	if err != nil || !ok || m.State == chat.MessageStored {
		return err
	}
	m.State, m.Reason = chat.MessageFailed, why
	if err := t.tx.UpdateMessage(m); err != nil {
		return err
	}
	if err := t.tx.EndTimer(conv, id); err != nil {
		return err
	}
	t.news(conv, false, m)
	return nil
}

// pauseOutbox sends nothing for a while; with again it begins anew with the
// oldest act then, so that the order is kept.
func (s *Session) pauseOutbox(d time.Duration, again bool) {
	o := &s.state.outbox
	if o.waiting {
		return
	}
	o.waiting = true
	s.later(d, call(func(t *turn) {
		o.waiting = false
		if again {
			// What is in flight may go twice: harmless, the relay knows it.
			o.last = 0
			clear(o.flight)
			clear(o.founding)
		}
	}))
}
