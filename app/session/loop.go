package session

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
)

// event is something for the loop to do. Its methods run on the loop.
type event interface {
	// stores tells whether apply needs a transaction that writes.
	stores() bool
	// apply does the event's part of a turn. It may run more than once, for a
	// turn that failed is taken apart; so it changes storage and the turn, and
	// nothing of the loop's before the turn's commit (see turn.then).
	apply(t *turn) error
	// settle is the end: nil after the commit, or why it was not done.
	settle(err error)
}

// turn is what one transaction of the loop gathers.
type turn struct {
	s  *Session
	tx *storage.Tx // nil when no event of the turn stores
	me chat.AccountID

	view     *view                 // of the chains; nil until it is asked for
	order    []chat.ConversationID // conversations whose rows changed
	touched  map[chat.ConversationID]bool
	messages []chat.Change
	changes  []chat.Change
	drafts   map[chat.ConversationID]bool    // touched in this turn: whether they are to be told
	batches  map[chat.MessageID]map[int]bool // to be looked at: see letGo
	after    []func()
}

// then runs f on the loop after the commit and the announcement.
func (t *turn) then(f func()) { t.after = append(t.after, f) }

// announce tells a change after the commit.
func (t *turn) announce(c chat.Change) { t.changes = append(t.changes, c) }

// touch notes that a conversation's row changed.
func (t *turn) touch(id chat.ConversationID) {
	if !t.touched[id] {
		t.touched[id] = true
		t.order = append(t.order, id)
	}
}

// news tells messages that are new or changed, and touches their conversation.
// What somebody writes who is blocked is kept, and not told.
func (t *turn) news(id chat.ConversationID, history bool, messages ...chat.Message) {
	if len(messages) > 0 && !t.blocked(id, messages) {
		t.messages = append(t.messages, chat.MessagesChanged{Conversation: id, Messages: messages, History: history})
	}
	t.touch(id)
}

// aside marks an event that only moves files along: bytes do not wait for it.
type aside interface{ aside() }

// isWord tells of events that files wait for.
func isWord(e event) bool {
	_, is := e.(aside)
	return !is
}

// blocked tells whether these come from somebody who is, in the conversation
// with them alone.
func (t *turn) blocked(id chat.ConversationID, messages []chat.Message) bool {
	from := messages[0].From
	if from == t.me || id != chat.ConversationID(wire.DirectID(string(t.me), string(from))) {
		return false
	}
	set, err := t.tx.Setting(chat.SettingBlock, string(from))
	return err == nil && set.At > 0
}

// patient tells of events that nobody waits for: they share the next word's
// transaction, or after company one of their own. So a text that is sent or
// read costs the disk one commit, instead of one for each tick that follows.
type patient interface{ patient() bool }

func isPatient(e event) bool {
	p, is := e.(patient)
	return is && p.patient()
}

const (
	most    = 128                   // events that one turn takes
	company = 25 * time.Millisecond // that a turn of patient events waits for others
)

// loop runs until the session closes.
func (s *Session) loop() {
	defer close(s.done)
	var ready []event
	for {
		ready = ready[:0]
		select {
		case e := <-s.inbox:
			ready = append(ready, e)
		case <-s.closing:
			s.refuseRest()
			return
		}
		ready = s.gather(ready)
		leave := func() {}
		if slices.ContainsFunc(ready, isWord) {
			leave = s.words.Enter()
		}
		s.turn(ready)
		s.unanswered()
		leave()
	}
}

// gather takes what waits behind the first event, and waits for company while
// all are patient.
func (s *Session) gather(ready []event) []event {
	for len(ready) < most {
		select {
		case e := <-s.inbox:
			ready = append(ready, e)
			continue
		default:
		}
		break
	}
	hurried := func(e event) bool { return !isPatient(e) }
	if slices.ContainsFunc(ready, hurried) {
		return ready
	}
	alone := time.NewTimer(company)
	defer alone.Stop()
	for len(ready) < most {
		s.answered(ready)
		select {
		case e := <-s.inbox:
			if ready = append(ready, e); hurried(e) {
				return ready
			}
		case <-alone.C:
			return ready
		case <-s.closing:
			return ready
		}
	}
	return ready
}

// answered lets files go on when all that was under way is among what waits for company.
func (s *Session) answered(waiting []event) {
	o := &s.state.outbox
	if o.leave == nil {
		return
	}
	n := 0
	for _, e := range waiting {
		if f := frameOf[*wire.Sent](e); f != nil && o.flight[f.Re] != nil {
			n++
		}
	}
	if n == len(o.flight) {
		o.leave()
		o.leave = nil
	}
}

// unanswered has files wait as long as messages are under way to the relay.
func (s *Session) unanswered() {
	o := &s.state.outbox
	switch {
	case len(o.flight) > 0 && o.leave == nil:
		o.leave = s.words.Enter()
	case len(o.flight) == 0 && o.leave != nil:
		o.leave()
		o.leave = nil
	}
}

// refuseRest answers those whose events came too late.
func (s *Session) refuseRest() {
	for {
		select {
		case e := <-s.inbox:
			e.settle(ErrClosed)
		default:
			return
		}
	}
}

// turn carries events out: all in one transaction, or, when that fails, each in
// its own, so that one that can't be stored harms no other.
func (s *Session) turn(events []event) {
	err := s.try(events)
	if err == nil {
		for _, e := range events {
			e.settle(nil)
		}
		return
	}
	if len(events) == 1 {
		events[0].settle(err)
		return
	}
	for _, e := range events {
		e.settle(s.try([]event{e}))
	}
}

// try is one transaction and what follows from it.
func (s *Session) try(events []event) error {
	t := &turn{s: s, touched: map[chat.ConversationID]bool{}, me: s.me()}
	stores := false
	for _, e := range events {
		stores = stores || e.stores()
	}
	work := func(tx *storage.Tx) error {
		t.tx = tx
		for _, e := range events {
			if err := e.apply(t); err != nil {
				return err
			}
		}
		if tx == nil {
			return nil
		}
		if err := t.letGo(); err != nil {
			return err
		}
		if err := t.follow(); err != nil {
			return err
		}
		return t.rows()
	}
	var err error
	if stores {
		err = s.db.Update(work)
	} else {
		err = work(nil)
	}
	if err != nil {
		return err
	}
	if t.view != nil {
		s.keeper.take(t.view)
	}
	s.hub.publish(slices.Concat(s.rowsOf(t), t.messages, t.changes)...)
	for _, f := range t.after {
		f()
	}
	s.pump()
	s.fetch()
	s.told()
	return nil
}

// rows ends a turn's transaction: own received marks follow what is held.
func (t *turn) rows() error {
	for _, id := range t.order {
		row, ok, err := t.tx.Conversation(id)
		if err != nil || !ok || t.me == "" {
			if err != nil {
				return err
			}
			continue
		}
		if to := contiguous(row.Held, row.Marks[t.me].Received); to > row.Marks[t.me].Received {
			if _, err := t.tx.SetMark(id, t.me, chat.Mark{Received: to}, t.me); err != nil {
				return err
			}
		}
		t.then(func() { t.s.tellMark(id) })
	}
	return nil
}

// contiguous returns how far one can read on from mark without a hole.
func contiguous(held chat.Ranges, mark uint64) uint64 {
	for _, r := range held {
		if r.From <= mark+1 && mark < r.To {
			return r.To
		}
	}
	return mark
}

// rowsOf reads the rows that a turn changed, as they are on disk now.
func (s *Session) rowsOf(t *turn) []chat.Change {
	if len(t.order) == 0 {
		return nil
	}
	var out []chat.Change
	err := s.db.View(func(tx *storage.Tx) error {
		for _, id := range t.order {
			row, ok, err := tx.Conversation(id)
			if err != nil {
				return err
			}
			if ok {
				out = append(out, chat.ConversationChanged{Conversation: row})
			}
		}
		return nil
	})
	if err != nil {
		s.log.Error("read conversations", "error", err)
	}
	return out
}

// post hands an event to the loop. The loop itself never posts: it would wait
// for itself.
func (s *Session) post(e event) bool {
	select {
	case s.inbox <- e:
		return true
	case <-s.done:
		e.settle(ErrClosed)
		return false
	}
}

// later posts an event after a pause.
func (s *Session) later(d time.Duration, e event) {
	time.AfterFunc(d, func() { s.post(e) })
}

// asked is the part of an event that somebody waits for.
type asked struct{ answer chan error }

func ask() asked { return asked{make(chan error, 1)} }

func (a asked) stores() bool     { return true }
func (a asked) settle(err error) { a.answer <- err }

// await posts an event and waits for its end. When ctx ends first the event may
// still be carried out.
func (s *Session) await(ctx context.Context, e event, a asked) error {
	select {
	case s.inbox <- e:
	case <-s.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-a.answer:
		return s.sentence(err)
	case <-s.done:
		select {
		case err := <-a.answer:
			return s.sentence(err)
		default:
			return ErrClosed
		}
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Refusal is an error whose text is a sentence for a person.
type Refusal string

func (r Refusal) Error() string { return string(r) }

func refusal(format string, args ...any) error { return Refusal(fmt.Sprintf(format, args...)) }

// sentence turns an error of the loop into one for a person.
func (s *Session) sentence(err error) error {
	var r Refusal
	switch {
	case err == nil, errors.As(err, &r), errors.Is(err, ErrClosed), errors.Is(err, ErrNotHere):
		return err
	case errors.Is(err, storage.ErrFull):
		return storedBadly{"The disk is full, so this was not kept. Nothing else was lost: free some space and try again.", err}
	}
	return storedBadly{"This could not be kept on disk: " + err.Error() + ".", err}
}

// storedBadly keeps the cause behind a sentence.
type storedBadly struct {
	text string
	err  error
}

func (e storedBadly) Error() string { return e.text }
func (e storedBadly) Unwrap() error { return e.err }

// call is an event made of a function, for the small ones that store nothing.
type call func(*turn)

func (c call) stores() bool        { return false }
func (c call) apply(t *turn) error { t.then(func() { c(t) }); return nil }
func (c call) settle(error)        {}
