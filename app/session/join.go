package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// joinTimeout is how long a relay may take to let somebody in.
const joinTimeout = 9 * time.Second

// Join registers this profile's device with the relay of an invitation, under a
// name. The profile belongs to the relay once Join returned nil; after any error
// it does not, and Join may be called again, with the same link or another.
// Joining the same relay again is harmless; a link that names another address of
// it moves the profile there. Errors are sentences.
func (s *Session) Join(ctx context.Context, invitation, name string) error {
	s.joining.Lock()
	defer s.joining.Unlock()
	inv, err := wire.ParseInvitation(invitation)
	if err != nil {
		return err
	}
	name, err = cleanName(name)
	if err != nil {
		return err
	}
	if done, err := s.joinAgain(ctx, inv, name); done || err != nil {
		return err
	}

	s.mu.Lock()
	id := s.id
	s.mu.Unlock()
	switch {
	case id == nil:
		if id, err = newIdentity(); err != nil {
			return s.sentence(err)
		}
		if err := id.keep(s.opts.Dir); err != nil {
			return s.sentence(err)
		}
		s.mu.Lock()
		s.id = id
		s.mu.Unlock()
	case id.device == nil:
		return errOld
	}
	ctx, cancel := context.WithTimeout(ctx, joinTimeout)
	defer cancel()
	welcome, err := link.Register(ctx, id.config(link.Config{URL: inv.URL, Key: inv.Key, Client: s.opts.Client,
		Logger: s.log, Invite: inv.Code, Name: name}))
	if err != nil {
		var f *link.Failure
		if errors.As(err, &f) {
			s.log.Info("not joined", "code", f.Code, "cause", f.Err)
		}
		return err
	}
	e := &joined{asked: ask(), welcome: welcome, identity: id,
		profile: storage.Profile{Account: chat.Account{ID: id.account, Name: welcome.Account.Name}, Device: id.device.ID(), RelayURL: inv.URL, RelayKey: inv.Key,
			RelayName: welcome.Name, MaxFile: welcome.MaxFile, EditWindow: welcome.EditWindow}}
	return s.await(ctx, e, e.asked)
}

// joinAgain meets a profile that belongs to a relay already.
func (s *Session) joinAgain(ctx context.Context, inv wire.Invitation, name string) (done bool, err error) {
	s.mu.Lock()
	who, relay := s.who, s.relay
	s.mu.Unlock()
	switch {
	case !who.Joined:
		return false, nil
	case relay.RelayKey != inv.Key:
		return true, refusal("This profile is %s at %s already. Use another profile to join another relay.", who.Account.Name, relay.RelayName)
	case !strings.EqualFold(who.Account.Name, name):
		return true, refusal("This profile is %s at %s already. Use another profile for another name.", who.Account.Name, relay.RelayName)
	case s.Connection().State == chat.Refused:
		return false, nil // the relay does not know us any more: register again
	}
	return true, s.Move(ctx, inv.URL)
}

// Move notes that the relay is reached at another address now. Its key is the
// same: the next connection checks that.
func (s *Session) Move(ctx context.Context, url string) error {
	s.mu.Lock()
	joined, same := s.who.Joined, s.relay.RelayURL == url
	s.mu.Unlock()
	if !joined || same {
		return nil
	}
	e := moved{ask(), url}
	if err := s.await(ctx, e, e.asked); err != nil {
		return err
	}
	s.restart()
	if l := s.link.Load(); l != nil {
		l.Close()
	}
	return nil
}

type moved struct {
	asked
	url string
}

func (e moved) apply(t *turn) error {
	p, ok, err := t.tx.Profile()
	if err != nil || !ok {
		return err
	}
	p.RelayURL = e.url
	t.then(func() { t.s.know(p) })
	return t.tx.PutProfile(p)
}

// joined stores who we are, and notes to self.
type joined struct {
	asked
	welcome  *wire.Welcome
	identity *identity
	profile  storage.Profile
}

func (e *joined) apply(t *turn) error {
	p := e.profile
	t.me = p.Account.ID
	if err := t.tx.PutProfile(p); err != nil {
		return err
	}
	if err := t.tx.PutAccount(p.Account); err != nil {
		return err
	}
	if err := t.ownAccount(e.identity); err != nil {
		return err
	}
	self, has := wire.SelfID(string(p.Account.ID)), false
	for i := range e.welcome.Conversations {
		c := &e.welcome.Conversations[i]
		if _, err := t.keep(c); err != nil {
			return err
		}
		has = has || c.ID == self
	}
	if !has {
		if err := t.begin(&chat.Conversation{ID: chat.ConversationID(self), Kind: chat.Self, Members: []chat.Account{p.Account},
			Created: at(e.welcome.Time)}); err != nil {
			return err
		}
	}
	t.then(func() {
		t.s.know(p)
		t.s.restart()
	})
	return nil
}

// ownAccount keeps the account's chain and key as they were made with the
// device. One that was added to an account fetches them.
func (t *turn) ownAccount(id *identity) error {
	if len(id.chain) == 0 {
		return nil
	}
	v := t.seals()
	if _, err := v.learnAccount(id.account, 0, id.chain); err != nil {
		return err
	}
	a, err := v.account(id.account)
	if err != nil {
		return err
	}
	keys, err := seal.OpenAccountKeys(a, id.device, id.boxes)
	if err != nil {
		return err
	}
	return v.learnAccountKeys(keys)
}

// begin keeps a conversation that begins here, and has its chain made.
func (t *turn) begin(c *chat.Conversation) error {
	if err := t.tx.PutConversation(c); err != nil {
		return err
	}
	for _, m := range c.Members {
		if err := t.tx.PutAccount(m); err != nil {
			return err
		}
	}
	t.touch(c.ID)
	return t.put(actFound, c.ID, "", struct{}{})
}
