package session

import (
	"context"
	"errors"
	"slices"
	"time"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
)

// A relay that was put back from a backup has lost what came after it: entries,
// whose numbers it does not give out again, and statements of chains, which
// whoever has them brings back.

const sayRestored = "The relay was put back from a backup, and no longer has the newest messages that are here. They stay here, and everything goes on."

// lost says once in a run of the program that the relay has nothing where something
// is here.
func (t *turn) lost(id chat.ConversationID, run chat.Range) error {
	row, _, err := t.tx.Conversation(id)
	if err != nil || !slices.ContainsFunc(row.Held, func(r chat.Range) bool { return r.From <= run.To && r.To >= run.From }) {
		return err
	}
	t.then(func() {
		if s := t.s; !s.state.restored {
			s.state.restored = true
			s.log.Warn("the relay has lost what is here", "conversation", id, "from", run.From, "to", run.To)
			s.hub.publish(chat.Notice{Text: sayRestored})
		}
	})
	return nil
}

// unlisted has the chains of conversations fetched that the relay does not list any
// more: this account was taken out of them, or the relay has lost them. Nothing is
// sent there before that is known.
func (s *Session) unlisted() {
	var ids []chat.ConversationID
	err := s.look(func(v *view) error {
		all, err := v.tx.Conversations()
		for i := range all {
			if c := &all[i]; c.Gone == "" && !s.state.sync.listed[c.ID] && v.tx.ChainLength(c.ID) > 0 {
				ids = append(ids, c.ID)
			}
		}
		return err
	})
	if err != nil {
		s.log.Error("read the conversations", "error", err)
	}
	for _, id := range ids {
		s.state.outbox.blocked[id] = true
		s.care.add(id, wants{})
	}
}

// giveBack brings the relay the statements of a conversation's chain that it has
// no more. The error is a rollback's when it does not take them now.
func (s *Session) giveBack(ctx context.Context, id chat.ConversationID) error {
	var ours [][]byte
	if err := s.look(func(v *view) error { ours = v.tx.Chain(id); return nil }); err != nil {
		return err
	}
	have, err := s.stillThere(ctx, wire.GetChain{Conversation: string(id)}, ours)
	if err != nil || have == len(ours) {
		return err
	}
	var given []*seal.Written
	err = s.look(func(v *view) error {
		r, err := v.room(id)
		if err != nil {
			return err
		}
		c := seal.NewConversation(id)
		for i, b := range ours {
			before := c.Clone()
			if err := v.check(c, b); err != nil {
				return err
			}
			if i < have {
				continue
			}
			with, err := v.members(c)
			if err != nil {
				return err
			}
			boxes, err := c.BoxesSince(before, r.keys, with)
			if err != nil {
				return err // another member has the key
			}
			given = append(given, &seal.Written{Statement: b, Boxes: boxes})
		}
		return nil
	})
	if err != nil {
		return s.notTaken(id, err)
	}
	for _, w := range given {
		if err := s.submit(ctx, id, w); err != nil && !isConflict(err) {
			return s.notTaken(id, err)
		}
	}
	// Somebody else may have brought them meanwhile; or an account's chain is to be
	// brought first, by its own devices.
	if have, err = s.stillThere(ctx, wire.GetChain{Conversation: string(id)}, ours); err == nil && have < len(ours) {
		return s.notTaken(id, nil)
	}
	return err
}

// notTaken has what the relay did not take back tried again later.
func (s *Session) notTaken(id chat.ConversationID, err error) error {
	if err != nil && transient(err) {
		return err
	}
	time.AfterFunc(retryMost, func() { s.care.add(id, wants{}) })
	return errors.Join(seal.ErrRollback, err)
}

// giveBackOwn does the same for the own account's chain.
func (s *Session) giveBackOwn(ctx context.Context) error {
	var ours [][]byte
	var keys seal.AccountKeys
	if err := s.look(func(v *view) (err error) {
		ours = v.tx.AccountChain(s.me())
		keys, err = v.accountKeys()
		return err
	}); err != nil {
		return err
	}
	have, err := s.stillThere(ctx, wire.GetChain{Account: string(s.me())}, ours)
	if err != nil {
		return err
	}
	for i := have; i < len(ours); i++ {
		a, err := seal.VerifyAccount(s.me(), ours[:i+1])
		if err != nil {
			return err
		}
		boxes, err := a.Boxes(keys)
		if err != nil {
			return errors.Join(seal.ErrRollback, err)
		}
		if _, err := s.request(ctx, &wire.AppendChain{Statement: ours[i], Boxes: boxes}); err != nil && !isConflict(err) {
			return err
		}
	}
	return nil
}

// stillThere counts how many statements of a chain the relay has, which must be
// those that are here: seal.ErrFork else.
func (s *Session) stillThere(ctx context.Context, ask wire.GetChain, ours [][]byte) (have int, err error) {
	for more := true; more; {
		ask := ask
		ask.After = uint64(have)
		reply, err := s.request(ctx, &ask)
		if isNotFound(err) {
			return have, nil
		}
		if err != nil {
			return have, err
		}
		theirs, ok := reply.(*wire.Chain)
		if !ok {
			return have, errAnswer
		}
		for _, b := range theirs.Statements {
			if have == len(ours) {
				return have, nil
			}
			if !slices.Equal(b, ours[have]) {
				return have, seal.ErrFork
			}
			have++
		}
		more = theirs.More && len(theirs.Statements) > 0
	}
	return have, nil
}

func isNotFound(err error) bool {
	var said *wire.Error
	return errors.As(err, &said) && said.Code == wire.CodeNotFound
}

// shownAgain takes back that the relay hid something of a conversation's chain, or of an
// account's.
type shownAgain struct {
	asked
	conv    chat.ConversationID // or
	account chat.AccountID
}

func (e shownAgain) apply(t *turn) error {
	ids, key := []chat.ConversationID{e.conv}, findRollback
	if e.account != "" {
		var err error
		if ids, err = t.conversationsWith(e.account); err != nil {
			return err
		}
		key += " " + string(e.account)
	}
	for _, id := range ids {
		if err := t.tx.DeleteFinding(id, key); err != nil {
			return err
		}
		t.touch(id)
		t.then(func() { t.s.unblock(id) })
	}
	return nil
}

// showsAgain posts one where something had been said.
func (s *Session) showsAgain(ctx context.Context, conv chat.ConversationID, account chat.AccountID) error {
	said := false
	err := s.look(func(v *view) error {
		ids, key := []chat.ConversationID{conv}, findRollback
		if account != "" {
			key += " " + string(account)
			all, err := v.tx.Conversations()
			if err != nil {
				return err
			}
			ids = ids[:0]
			for i := range all {
				if all[i].Stopped {
					ids = append(ids, all[i].ID)
				}
			}
		}
		for _, id := range ids {
			all, err := v.tx.Findings(id)
			if err != nil {
				return err
			}
			for _, f := range all {
				said = said || f.Key == key
			}
		}
		return nil
	})
	if err != nil || !said {
		return err
	}
	e := shownAgain{ask(), conv, account}
	return s.await(ctx, e, e.asked)
}
