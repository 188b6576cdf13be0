package session

import (
	"context"
	"errors"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// proposals is how often a statement is proposed anew, when another one was
// there first.
const proposals = 8

// errNoChain is what stands for the own chain before it was fetched.
const errNoChain = Refusal("This device does not know its account yet: it has to reach the relay once.")

// author is this device, its account's chain as it is known here, and the
// account's private keys.
func (s *Session) author() (by seal.Author, keys seal.AccountKeys, err error) {
	err = s.look(func(v *view) error {
		by, keys, err = s.authorIn(v)
		return err
	})
	return by, keys, err
}

func (s *Session) authorIn(v *view) (seal.Author, seal.AccountKeys, error) {
	s.mu.Lock()
	id, me := s.id, s.who.Account.ID
	s.mu.Unlock()
	switch {
	case id == nil || me == "":
		return seal.Author{}, nil, ErrNotHere
	case id.device == nil:
		return seal.Author{}, nil, errOld
	}
	a, err := v.account(me)
	if err != nil {
		return seal.Author{}, nil, err
	}
	if a == nil {
		return seal.Author{}, nil, errNoChain
	}
	keys, err := v.accountKeys()
	return seal.Author{Account: a, Device: id.device}, keys, err
}

// known is an account's chain as it is here; nil when nothing of it is.
func (s *Session) knownAccount(id chat.AccountID) (a *seal.Account, err error) {
	err = s.look(func(v *view) error {
		a, err = v.account(id)
		return err
	})
	return a, err
}

// accountChain is an account's chain, as new as the relay has it. A chain that
// contradicts what was seen before is refused (seal.ErrFork, ErrRollback,
// ErrIdentity), and said so in the conversations with that account; what was
// here before stays.
func (s *Session) accountChain(ctx context.Context, id chat.AccountID) (*seal.Account, error) {
	for {
		a, err := s.knownAccount(id)
		if err != nil {
			return nil, err
		}
		known := uint64(0)
		if a != nil {
			known = a.Head().Seq
		}
		statements, more, err := s.fetchChain(ctx, wire.GetChain{Account: string(id)}, known)
		if id == s.me() && errors.Is(err, seal.ErrRollback) {
			if err = s.giveBackOwn(ctx); err == nil {
				statements, more, err = s.fetchChain(ctx, wire.GetChain{Account: string(id)}, known)
			}
		}
		if err == nil && a != nil {
			statements, err = same(a.Clone().Append, statements)
		}
		if err == nil && a == nil && len(statements) == 0 {
			return nil, refusal("The relay does not have the keys of this person.")
		}
		if err == nil && len(statements) > 0 {
			e := &learnAccount{asked: ask(), id: id, after: known, statements: statements}
			if err := s.await(ctx, e, e.asked); err != nil {
				return nil, err
			}
			err = e.problem
		}
		if err == nil && a != nil {
			err = s.showsAgain(ctx, "", id)
		}
		if refusedChain(err) {
			e := refusedEvent{asked: ask(), account: id, err: err}
			return nil, errors.Join(err, s.await(ctx, e, e.asked))
		}
		if err != nil {
			return nil, err
		}
		if !more || len(statements) == 0 {
			return s.knownAccount(id)
		}
	}
}

const errAnswer = Refusal("The relay gave an answer that is not understood.")

// learnAccount takes statements of an account's chain. boxes are for this
// device, when the account is the own one.
type learnAccount struct {
	asked
	id         chat.AccountID
	after      uint64
	statements [][]byte
	boxes      seal.Boxes
	problem    error // the answer: why the chain is refused
}

func (e *learnAccount) apply(t *turn) error {
	v := t.seals()
	before, err := v.account(e.id)
	if err != nil {
		return err
	}
	grew, err := v.learnAccount(e.id, e.after, e.statements)
	e.problem = err
	var disk notKept
	if errors.As(err, &disk) {
		return disk
	}
	if grew {
		if err := t.accountChanged(e.id, before); err != nil {
			return err
		}
	}
	if e.id == t.me && e.problem == nil {
		if e.problem = t.ownChain(e.boxes); errors.As(e.problem, &disk) {
			return disk
		}
	}
	return nil
}

// accountChanged has conversations looked at that may need a new key now, and
// stops a device that was removed. before is the chain as it was, or nil.
func (t *turn) accountChanged(id chat.AccountID, before *seal.Account) error {
	a, err := t.seals().account(id)
	if err == nil {
		err = t.noteDevices(before, a)
	}
	if err != nil || len(a.Active()) == len(a.Devices()) {
		return err // nobody was ever removed
	}
	ids, err := t.conversationsWith(id)
	if err != nil {
		return err
	}
	s := t.s
	t.then(func() {
		if id == s.me() && s.removedHere() {
			s.stopRemoved()
			return
		}
		for _, conv := range ids {
			s.care.add(conv, wants{})
		}
	})
	return nil
}

// errRemoved is what a device says that another one removed.
const errRemoved = Refusal("This device was removed from your account by another one. Its messages stay readable here; nothing new comes, and nothing can be sent from it.")

// removedHere tells whether the own chain says that this device was removed.
func (s *Session) removedHere() bool {
	by, _, err := s.author()
	if err != nil {
		return false
	}
	d := by.Account.Device(by.Device.Public().Key)
	return d != nil && d.Removed != 0
}

// stopRemoved ends the connection of a device that was removed.
func (s *Session) stopRemoved() {
	if l := s.link.Load(); l != nil {
		l.Close()
	}
	s.restart()
}

// ownChain holds the own chain against the place in it that was seen when the
// profile was made, and takes the account's private keys out of their boxes.
func (t *turn) ownChain(boxes seal.Boxes) error {
	v := t.seals()
	by, _, err := t.s.authorIn(v)
	if err != nil {
		return err
	}
	if seq, hash, ok := t.tx.Pin(); ok {
		if err := by.Account.Check(seal.Head{Seq: seq, Hash: hash}); err != nil && !errors.Is(err, seal.ErrRollback) {
			return err
		}
	}
	if len(boxes) == 0 {
		return nil
	}
	keys, err := seal.OpenAccountKeys(by.Account, by.Device, boxes)
	if err != nil {
		return err
	}
	if err := v.learnAccountKeys(keys); err != nil {
		return notKept{err}
	}
	return nil
}

// ownKeys fetches the own account's chain, and its keys as far as they are not here.
func (s *Session) ownKeys(ctx context.Context) (seal.Author, seal.AccountKeys, error) {
	a, err := s.accountChain(ctx, s.me())
	if err != nil {
		return seal.Author{}, nil, err
	}
	by, keys, err := s.author()
	if err != nil || keys[a.Generation()] != (seal.Secret{}) {
		return by, keys, err
	}
	reply, err := s.request(ctx, &wire.GetBoxes{})
	if err != nil {
		return by, keys, err
	}
	boxes, ok := reply.(*wire.Boxes)
	if !ok {
		return by, keys, errAnswer
	}
	e := &learnAccount{asked: ask(), id: a.ID(), after: a.Head().Seq, boxes: boxes.Boxes}
	if err := s.await(ctx, e, e.asked); err != nil {
		return by, keys, err
	}
	if e.problem != nil {
		return by, keys, e.problem
	}
	return s.author()
}

// appendOwn writes the next statement of the own account's chain: it asks
// propose for one, has the relay store it, and takes it in. When another device
// was first, its statement is fetched and propose is asked again, a few times.
func (s *Session) appendOwn(ctx context.Context, propose func(seal.Author, seal.AccountKeys) (statement []byte, boxes seal.Boxes, err error)) error {
	by, keys, err := s.author()
	if err != nil {
		return err
	}
	for range proposals {
		statement, boxes, err := propose(by, keys)
		if err != nil {
			return err
		}
		_, err = s.request(ctx, &wire.AppendChain{Statement: statement, Boxes: boxes})
		if err == nil {
			e := &learnAccount{asked: ask(), id: by.Account.ID(), after: by.Account.Head().Seq, statements: [][]byte{statement},
				boxes: boxesFor(by, boxes)}
			if err := s.await(ctx, e, e.asked); err != nil {
				return err
			}
			return e.problem
		}
		if !isConflict(err) {
			return err
		}
		if by, keys, err = s.ownKeys(ctx); err != nil {
			return err
		}
	}
	return Refusal("Other devices of yours change the account at the same time. Nothing was lost; try again.")
}

// boxesFor are those of the boxes that this device can open.
func boxesFor(by seal.Author, boxes seal.Boxes) (own seal.Boxes) {
	for _, b := range boxes {
		if x, err := seal.ParseDeviceBox(b); err == nil && x.Device == by.Device.Public().Key {
			own = append(own, b)
		}
	}
	return own
}

// isConflict tells that another statement was there first.
func isConflict(err error) bool {
	var said *wire.Error
	return errors.As(err, &said) && said.Code == wire.CodeConflict
}

// adopt makes a profile that has joined nothing a device of this account: one
// that the account's chain has taken in. relay says where, under which name
// and which id; keys may be empty, then the relay's boxes give them.
func (s *Session) adopt(ctx context.Context, relay storage.Profile, device *seal.Device, account *seal.Account, keys seal.AccountKeys) error {
	s.joining.Lock()
	defer s.joining.Unlock()
	if s.Profile().Joined {
		return refusal("This profile belongs to somebody already. Use a new profile.")
	}
	if d := account.Device(device.Public().Key); d == nil || d.Removed != 0 {
		return refusal("The account does not have this device.")
	}
	id := &identity{device: device, account: account.ID()}
	if err := id.keep(s.opts.Dir); err != nil {
		return s.sentence(err)
	}
	relay.Account.ID, relay.Device = account.ID(), device.ID()
	e := &adopted{asked: ask(), identity: id, profile: relay, head: account.Head(), keys: keys}
	return s.await(ctx, e, e.asked)
}

type adopted struct {
	asked
	identity *identity
	profile  storage.Profile
	head     seal.Head
	keys     seal.AccountKeys
}

func (e *adopted) apply(t *turn) error {
	s, p := t.s, e.profile
	if err := t.tx.PutProfile(p); err != nil {
		return err
	}
	if err := t.tx.PutAccount(p.Account); err != nil {
		return err
	}
	if err := t.tx.PutPin(e.head.Seq, e.head.Hash); err != nil {
		return err
	}
	if err := t.seals().learnAccountKeys(e.keys); err != nil {
		return err
	}
	t.then(func() {
		s.mu.Lock()
		s.id = e.identity
		s.mu.Unlock()
		s.know(p)
		s.restart()
	})
	return nil
}
