package session

import (
	"encoding/json"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
)

// Kinds of acts in the outbox.
const (
	actSend   = "send"
	actCreate = "create"
)

// sendAct and createAct are the data of an act: what the relay will hear.
type sendAct struct {
	Body  []byte   `json:"body"`
	Files []string `json:"files,omitempty"`
}

type createAct struct {
	Kind    string   `json:"kind"`
	Title   string   `json:"title,omitempty"`
	Members []string `json:"members,omitempty"`
}

// outbox sends the acts that are on disk in their order, several at a time, and
// begins anew with every connection: the relay knows what it has already.
type outbox struct {
	last    uint64             // newest act that went out on this connection
	flight  map[string]*flying // not answered yet, by frame id
	waiting bool               // the relay, or the network, asked for a pause
	pause   time.Duration
	leave   func() // the gate, when acts are in flight
}

type flying struct {
	n       uint64
	conv    chat.ConversationID
	message chat.MessageID
}

// flightMost is how many acts are under way at a time.
const flightMost = 32

func newOutbox() outbox { return outbox{flight: map[string]*flying{}} }

func (o *outbox) reset() {
	o.last, o.waiting, o.pause = 0, false, 0
	clear(o.flight)
}

// landed notes that an act was answered for good.
func (o *outbox) landed(id string) {
	delete(o.flight, id)
	o.pause = 0
}

// pump sends as many acts as may be under way.
func (s *Session) pump() {
	o, l := &s.state.outbox, s.link.Load()
	if !s.state.online || l == nil || o.waiting || len(o.flight) >= flightMost {
		return
	}
	var acts []storage.Act
	err := s.db.View(func(tx *storage.Tx) (err error) {
		acts, err = tx.Acts(o.last, flightMost-len(o.flight))
		return err
	})
	if err != nil {
		s.log.Error("read the outbox", "error", err)
		return
	}
	for _, a := range acts {
		f, err := frameOf(&a)
		if err != nil {
			s.log.Error("an act in the outbox can't be read", "act", a.N, "error", err)
			o.last = a.N
			continue
		}
		f.Meta().ID = l.NextID()
		if l.Send(f) != nil {
			s.pauseOutbox(retryPause, false)
			return
		}
		o.flight[f.Meta().ID] = &flying{a.N, a.Conversation, a.Message}
		o.last = a.N
	}
}

// frameOf makes the frame that an act wants to be.
func frameOf(a *storage.Act) (wire.Frame, error) {
	if a.Kind == actCreate {
		var c createAct
		err := json.Unmarshal(a.Data, &c)
		return &wire.CreateConversation{Conversation: string(a.Conversation), Kind: c.Kind, Title: c.Title, Members: c.Members}, err
	}
	var d sendAct
	err := json.Unmarshal(a.Data, &d)
	return &wire.Send{Conversation: string(a.Conversation), Message: string(a.Message), Body: d.Body, Files: d.Files}, err
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
		}
	}))
}
