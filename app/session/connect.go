package session

import (
	"context"
	"errors"
	"time"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/wire"
	"satchel/storage"
)

// connect keeps a link to the relay that was joined, until ctx ends. It is one
// goroutine: it hands the link's events to the loop, in order, and tells the
// transfer engine whether the relay can be reached.
func (s *Session) connect(ctx context.Context) error {
	s.engine.SetOnline(false)
	for ctx.Err() == nil {
		s.mu.Lock()
		relay, id, joined := s.relay, s.id, s.who.Joined
		s.mu.Unlock()
		switch {
		case joined && id.device == nil:
			s.connection(chat.Refused, string(errOld))
		case joined && s.removedHere():
			s.connection(chat.Refused, string(errRemoved))
		case joined:
			l := link.New(id.config(link.Config{URL: relay.RelayURL, Key: relay.RelayKey, Client: s.opts.Client, Logger: s.log}))
			s.link.Store(l)
			ended := make(chan error, 1)
			go func() { ended <- l.Run(ctx) }()
			for e := range l.Events() {
				s.post(linked{e, s})
				switch e.(type) {
				case link.Up:
					s.engine.SetOnline(true)
					s.wake() // links that could not be made
				case link.Down:
					s.engine.SetOnline(false)
				}
			}
			<-ended
		}
		// Not joined, refused for good, or the relay moved: wait for the person.
		select {
		case <-s.again:
		case <-ctx.Done():
		}
	}
	s.link.Store(nil)
	s.engine.SetOnline(false)
	s.post(linked{link.Down{Failure: &link.Failure{Sentence: "Not connected."}}, s})
	return nil
}

// Kick connects now, instead of at the end of a pause, and also after a refusal.
func (s *Session) Kick() {
	if l := s.link.Load(); l != nil {
		l.Kick()
	}
	s.restart()
}

func (s *Session) restart() {
	select {
	case s.again <- struct{}{}:
	default:
	}
}

// linked is an event of the link.
type linked struct {
	event link.Event
	s     *Session
}

func (e linked) stores() bool {
	switch x := e.event.(type) {
	case link.Up:
		return true
	case link.Received:
		switch f := x.Frame.(type) {
		case *wire.Typing, *wire.Presence, *wire.LinkMessage, *wire.CloseLink:
			return false
		case *wire.OK:
			_, setting := e.s.state.settings.flight[f.Re]
			_, fetched := e.s.state.fetched.flight[f.Re]
			return setting || fetched
		case *wire.Error:
			return e.s.state.outbox.flight[f.Re] != nil
		}
		return true
	}
	return false
}

// frameOf returns the frame that an event brought, or nil when it is another.
func frameOf[F wire.Frame](e event) (f F) {
	if l, ok := e.(linked); ok {
		if r, ok := l.event.(link.Received); ok {
			f, _ = r.Frame.(F)
		}
	}
	return f
}

// patient are the ticks that follow a message. An answer is not, while others
// may wait in the outbox for its place.
func (e linked) patient() bool {
	r, ok := e.event.(link.Received)
	if !ok {
		return false
	}
	switch f := r.Frame.(type) {
	case *wire.Mark:
		return true
	case *wire.Sent:
		return len(e.s.state.outbox.flight) < flightMost
	case *wire.OK:
		return e.s.marksFlight(f.Re)
	}
	return false
}

func (e linked) apply(t *turn) error {
	s := t.s
	switch x := e.event.(type) {
	case link.Connecting:
		t.then(func() { s.connection(chat.Connecting, "") })
	case link.Up:
		return t.up(x.Welcome)
	case link.Down:
		t.then(func() { s.down(x.Failure) })
	case link.Received:
		return t.received(x.Frame)
	}
	return nil
}

// settle meets a disk that refuses what the relay sent: the connection is
// dropped, and what was not acknowledged comes again with the next one.
func (e linked) settle(err error) {
	if err == nil || errors.Is(err, ErrClosed) {
		return
	}
	s := e.s
	if errors.Is(err, storage.ErrConflict) {
		// The same would come again and again: say it, and leave it out.
		if r, ok := e.event.(link.Received); ok {
			if page, ok := r.Frame.(*wire.Page); ok {
				s.fetchRefused(&wire.Error{Header: page.Header})
			}
		}
		s.contradicted(err)
		return
	}
	s.log.Error("what the relay sent could not be kept", "error", err)
	sentence := s.sentence(err).Error()
	s.hub.publish(chat.Notice{Text: sentence})
	if l := s.link.Load(); l != nil {
		l.Drop(sentence)
	}
}

// contradicted says that something of the relay's was left out.
func (s *Session) contradicted(err error) {
	s.log.Error("the relay contradicts itself", "error", err)
	s.hub.publish(chat.Notice{Text: "The relay sent a message that contradicts the ones that are here. It was left out; nothing here was changed."})
}

// connection tells how the connection stands.
func (s *Session) connection(state chat.ConnectionState, reason string) {
	s.mu.Lock()
	c := chat.ConnectionChanged{State: state, Relay: s.who.RelayName, Reason: reason}
	if state == chat.Connecting && s.conn.State == chat.Disconnected {
		c.Reason = s.conn.Reason // still true until it is connected
	}
	changed := c != s.conn
	s.conn = c
	s.mu.Unlock()
	if changed {
		s.hub.publish(c)
	}
}

// down forgets what was under way on the connection that ended.
func (s *Session) down(f *link.Failure) {
	s.state.online = false
	s.state.outbox.reset()
	s.linkMail("", link.MailboxEvent{Closed: true})
	s.state.sync.reset()
	s.state.waiting.reset()
	s.state.settings.reset()
	s.state.fetched.reset()
	s.care.forget()
	s.checkSynced()
	for _, m := range s.state.marks {
		m.flight = ""
	}
	state := chat.Disconnected
	if f.Final {
		state = chat.Refused
	}
	s.connection(state, f.Sentence)
	var gone []chat.Change
	s.mu.Lock()
	for id, p := range s.people {
		if p.Online {
			p.Online = false
			s.people[id] = p
			gone = append(gone, chat.PresenceChanged{Presence: p})
		}
	}
	s.mu.Unlock()
	s.hub.publish(gone...)
}

// up takes the welcome: who we are, and all conversations and marks.
func (t *turn) up(w *wire.Welcome) error {
	s := t.s
	s.mu.Lock()
	profile := s.relay
	s.mu.Unlock()
	profile.Account.Name, profile.RelayName, profile.MaxFile, profile.EditWindow = w.Account.Name, w.Name, w.MaxFile, w.EditWindow
	if err := t.tx.PutProfile(profile); err != nil {
		return err
	}
	if err := t.clock(w.Time); err != nil {
		return err
	}
	self := []wire.Account{w.Account}
	own := t.staleAccounts(self, true)
	return t.list(w.Conversations, w.More, func() {
		s.tellAccounts(self)
		if len(own) > 0 {
			s.care.add("", wants{accounts: own})
		}
		s.know(profile)
		s.state.online = true
		clear(s.state.marks)
		s.connection(chat.Connected, "")
		s.state.sync.reset()
		s.state.settings.reset()
		s.askSettings()
		s.tellSettings()
		s.state.fetched.reset()
		s.tellFetched()
	})
}

// list takes conversations that the relay lists, after the commit and first, and
// asks for the others when there are more.
func (t *turn) list(all []wire.Conversation, more bool, first func()) error {
	s := t.s
	var stale, fetched []chat.ConversationID
	var care []func()
	for i := range all {
		care = append(care, t.chainNews(&all[i], first != nil))
		behind, err := t.keep(&all[i])
		if err != nil {
			return err
		}
		if behind {
			stale = append(stale, chat.ConversationID(all[i].ID))
		}
		if behind, err = t.behindFetched(&all[i]); err != nil {
			return err
		} else if behind {
			fetched = append(fetched, chat.ConversationID(all[i].ID))
		}
	}
	t.then(func() {
		if first != nil {
			first()
		}
		for i := range all {
			care[i]()
			s.relayMarks(&all[i])
			s.present(all[i].Members)
			s.tellMark(chat.ConversationID(all[i].ID))
		}
		for _, id := range fetched {
			s.askFetched(id)
		}
		f := &s.state.sync
		for i := range all {
			f.listed[chat.ConversationID(all[i].ID)] = true
		}
		if !more {
			s.unlisted()
		}
		f.stale = append(f.stale, stale...)
		f.listing = more
		if l := s.link.Load(); more && l != nil {
			after := ""
			if first == nil { // a welcome is in another order
				after = all[len(all)-1].ID
			}
			if err := l.Send(&wire.ListConversations{Header: wire.Header{ID: l.NextID()}, After: after}); err != nil {
				l.Drop("The connection to the relay is too slow.")
			}
		}
		s.checkSynced()
	})
	return nil
}

// keep stores what the relay says of a conversation, and tells whether there
// are news that are not here.
func (t *turn) keep(c *wire.Conversation) (behind bool, err error) {
	id := chat.ConversationID(c.ID)
	for _, m := range c.Members {
		if err := t.named(account(m)); err != nil {
			return false, err
		}
	}
	if err := t.describe(id, c); err != nil {
		return false, err
	}
	for i := range c.Marks {
		if _, err := t.tx.SetMark(id, chat.AccountID(c.Marks[i].Account), mark(&c.Marks[i]), t.me); err != nil {
			return false, err
		}
	}
	t.touch(id)
	now, _, err := t.tx.Conversation(id)
	if err != nil {
		return false, err
	}
	_, behind = missing(&now, t.me)
	return behind, nil
}

// present notes who is connected.
func (s *Session) present(members []wire.Account) {
	var changes []chat.Change
	s.mu.Lock()
	for _, a := range members {
		p := chat.Presence{Account: chat.AccountID(a.ID), Online: a.Online, LastSeen: at(a.LastSeen)}
		if p.Account != s.who.Account.ID && s.people[p.Account] != p {
			s.people[p.Account] = p
			changes = append(changes, chat.PresenceChanged{Presence: p})
		}
	}
	s.mu.Unlock()
	s.hub.publish(changes...)
}

// retryPause is the wait before what the relay could not do is asked for again;
// it doubles up to retryMost.
const (
	retryPause = 250 * time.Millisecond
	retryMost  = 15 * time.Second
)
