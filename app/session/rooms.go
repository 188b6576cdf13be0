package session

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
)

// knownRoom is a conversation's chain as it is here; nil when nothing of it is.
func (s *Session) knownRoom(id chat.ConversationID) (r *room, err error) {
	err = s.look(func(v *view) error {
		r, err = v.room(id)
		return err
	})
	return r, err
}

// due is a conversation's chain, and whether it needs a new key that this device
// can make.
func (s *Session) due(id chat.ConversationID) (r *room, rotate bool, err error) {
	err = s.look(func(v *view) error {
		if r, err = v.room(id); r == nil || err != nil {
			return err
		}
		by, _, err := s.authorIn(v)
		if err != nil {
			return err
		}
		with, err := v.members(r.chain)
		if err != nil {
			return err
		}
		_, member := r.chain.Member(by.Account.Root())
		rotate = member && r.opens() && r.chain.MustRotate(with, time.Now())
		return nil
	})
	return r, rotate, err
}

// fetchChain asks for the statements after number known-1: the newest one that
// is here comes again, and shows whether the relay still has the same chain.
func (s *Session) fetchChain(ctx context.Context, ask wire.GetChain, known uint64) (statements [][]byte, more bool, err error) {
	ask.After = max(known, 1) - 1
	reply, err := s.request(ctx, &ask)
	if err != nil {
		return nil, false, err
	}
	chain, ok := reply.(*wire.Chain)
	if !ok {
		return nil, false, errAnswer
	}
	if known > 0 && len(chain.Statements) == 0 {
		return nil, false, seal.ErrRollback
	}
	return chain.Statements, chain.More && len(chain.Statements) > 1, nil
}

// same holds what the relay has in the place of the newest known statement
// against it: appended again it is one that is there. rest are those that follow.
func same(again func([]byte) error, statements [][]byte) (rest [][]byte, err error) {
	if err := again(statements[0]); !errors.Is(err, seal.ErrSequence) {
		return nil, seal.ErrFork
	}
	return statements[1:], nil
}

// refresh brings a conversation's chain and keys up to what the relay has. A
// chain that is refused is kept as a finding, and is no error.
func (s *Session) refresh(ctx context.Context, id chat.ConversationID) error {
	for more := true; more; {
		r, err := s.knownRoom(id)
		if err != nil {
			return err
		}
		known := uint64(0)
		if r != nil {
			known = r.chain.Head().Seq
		}
		var statements [][]byte
		statements, more, err = s.fetchChain(ctx, wire.GetChain{Conversation: string(id)}, known)
		if isNotFound(err) && r == nil {
			return nil
		}
		if r != nil && (isNotFound(err) || errors.Is(err, seal.ErrRollback)) {
			if err = s.giveBack(ctx, id); err == nil {
				more = true
				continue
			}
		}
		if err == nil && r != nil {
			statements, err = same(func(b []byte) error { return r.chain.Clone().Append(b, nil) }, statements)
		}
		if refusedChain(err) {
			e := refusedEvent{asked: ask(), conv: id, err: err}
			return s.await(ctx, e, e.asked)
		}
		if err != nil {
			return err
		}
		if err := s.fetchNeeds(ctx, statements); err != nil {
			return err
		}
		e := &learnRoom{asked: ask(), id: id, after: known, statements: statements}
		if err := s.await(ctx, e, e.asked); err != nil {
			return err
		}
		more = more && e.problem == nil
		if e.problem == nil && r != nil {
			if err := s.showsAgain(ctx, id, ""); err != nil {
				return err
			}
		}
	}
	return s.fetchKeys(ctx, id)
}

// atOnce is how many chains are asked for at a time.
const atOnce = 8

// fetchNeeds fetches the chains of the accounts that statements speak of, as far
// as they are not here.
func (s *Session) fetchNeeds(ctx context.Context, statements [][]byte) error {
	ask := map[chat.AccountID]bool{}
	err := s.look(func(v *view) error {
		for _, b := range statements {
			needs, err := seal.StatementNeeds(b)
			if err != nil {
				return nil // refused when it is taken in
			}
			for _, n := range needs {
				id := seal.AccountName(n.Root)
				a, err := v.account(id)
				if err != nil {
					return err
				}
				ask[id] = ask[id] || a == nil || a.Head().Seq < n.Head.Seq
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.renewAccounts(ctx, ask)
}

// renewAccounts fetches the chains of those accounts whose value is true. One
// that is refused, or not there, is left as it is: what needs it says so.
func (s *Session) renewAccounts(ctx context.Context, ids map[chat.AccountID]bool) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for id, wanted := range ids {
		if wanted {
			group.Go(func() error {
				if err := s.renewAccount(ctx, id); err != nil && transient(err) {
					return err
				}
				return nil
			})
		}
	}
	return group.Wait()
}

// fetchKeys opens the boxes of a conversation whose newest key is not here.
func (s *Session) fetchKeys(ctx context.Context, id chat.ConversationID) error {
	r, err := s.knownRoom(id)
	if err != nil || r == nil || r.opens() {
		return err
	}
	by, own, err := s.author()
	if err != nil {
		return err
	}
	newest := uint64(0)
	for g := range r.keys {
		newest = max(newest, g)
	}
	keys := maps.Clone(r.keys)
	for renewed, more := false, true; more; {
		reply, err := s.request(ctx, &wire.GetBoxes{Conversation: string(id), After: newest})
		if err != nil {
			return err
		}
		boxes, ok := reply.(*wire.Boxes)
		if !ok {
			return errAnswer
		}
		last := newest
		for _, b := range boxes.Boxes {
			x, err := seal.ParseMemberBox(b)
			if err != nil {
				continue
			}
			if _, have := own[x.AccountGeneration]; !have && !renewed {
				renewed = true
				if by, own, err = s.ownKeys(ctx); err != nil {
					return err
				}
			}
			if err := r.chain.Open(keys, by.Account.Root(), own, b); err != nil {
				s.log.Warn("a box does not open", "conversation", id, "generation", x.Generation, "error", err)
			}
			newest = max(newest, x.Generation)
		}
		more = boxes.More && newest > last
	}
	e := &learnRoom{asked: ask(), id: id, keys: keys}
	return s.await(ctx, e, e.asked)
}

// found makes the chain of notes to self, or of two people.
func (s *Session) found(ctx context.Context, id chat.ConversationID) error {
	row, ok, err := s.Conversation(id)
	if err != nil || !ok {
		return err
	}
	by, _, err := s.author()
	if err != nil {
		return err
	}
	var c *seal.Conversation
	var w *seal.Written
	switch row.Kind {
	case chat.Self:
		c, w, err = seal.NewSelf(by, time.Now())
	case chat.Direct:
		var other chat.AccountID
		for _, m := range row.Members {
			if m.ID != by.Account.ID() {
				other = m.ID
			}
		}
		var a *seal.Account
		if a, err = s.accountChain(ctx, other); err == nil {
			c, w, err = seal.NewDirect(by, a, time.Now())
		}
	default:
		return refusal("The relay does not have this group.")
	}
	if err != nil {
		return err
	}
	if c.ID() != id {
		return seal.ErrIdentity
	}
	err = s.submit(ctx, id, w)
	if isConflict(err) {
		return s.refresh(ctx, id)
	} else if err != nil {
		return err
	}
	if err := s.takeWritten(ctx, id, 0, w); err != nil || row.Kind != chat.Direct {
		return err
	}
	s.seeOther(ctx, &row)
	return nil
}

// seeOther learns whether the other of a direct conversation that was just made is
// connected: the relay tells from now on who comes and goes, and not who is there.
func (s *Session) seeOther(ctx context.Context, c *chat.Conversation) {
	me := s.me()
	for _, m := range c.Members {
		if m.ID == me {
			continue
		}
		reply, err := s.request(ctx, &wire.FindAccounts{Name: m.Name})
		if list, ok := reply.(*wire.Accounts); err == nil && ok {
			s.present(slices.DeleteFunc(list.Accounts, func(a wire.Account) bool { return a.ID != string(m.ID) }))
		}
	}
}

// takeWritten takes in a statement that the relay has stored.
func (s *Session) takeWritten(ctx context.Context, id chat.ConversationID, after uint64, w *seal.Written) error {
	e := &learnRoom{asked: ask(), id: id, after: after, statements: [][]byte{w.Statement}, keys: w.Keys}
	if err := s.await(ctx, e, e.asked); err != nil {
		return err
	}
	return e.problem
}

// rotate brings a new key, that leads back to the old ones.
func (s *Session) rotate(ctx context.Context, id chat.ConversationID) error {
	return s.change(ctx, id, func(r *room, _ seal.Author, with seal.Accounts) (*seal.Proposal, error) {
		if !r.chain.MustRotate(with, time.Now()) {
			return nil, nil // somebody else did
		}
		return &seal.Proposal{Rotate: seal.Linked}, nil
	})
}

// change writes the next statement of a conversation's chain: it asks propose
// what it should do, has the relay store it, and takes it in. When somebody else
// was first, their statement is fetched and propose is asked again, a few times.
// nil from propose: there is nothing to do. The conversation is locked by the caller.
func (s *Session) change(ctx context.Context, id chat.ConversationID, propose func(*room, seal.Author, seal.Accounts) (*seal.Proposal, error)) error {
	for range proposals {
		if err := s.renewMembers(ctx, id); err != nil {
			return err
		}
		var after uint64
		var w *seal.Written
		err := s.look(func(v *view) error {
			r, err := v.room(id)
			if err != nil {
				return err
			}
			if r == nil {
				return refusal("There is no such conversation here.")
			}
			by, _, err := s.authorIn(v)
			if err != nil {
				return err
			}
			with, err := v.members(r.chain)
			if err != nil {
				return err
			}
			p, err := propose(r, by, with)
			if p == nil || err != nil {
				return err
			}
			var roots []seal.Hash
			for _, m := range p.Changes {
				roots = append(roots, m.Root)
			}
			joining, err := v.named(roots...)
			if err != nil {
				return err
			}
			maps.Copy(with, joining)
			after = r.chain.Head().Seq
			w, err = r.chain.Propose(by, with, r.keys, *p, time.Now())
			return err
		})
		if w == nil || err != nil {
			return err
		}
		err = s.submit(ctx, id, w)
		if err == nil {
			return s.takeWritten(ctx, id, after, w)
		}
		var said *wire.Error
		if !isConflict(err) && !(errors.As(err, &said) && said.Code == wire.CodeBoxesMissing) {
			return err
		}
		if err := s.refresh(ctx, id); err != nil {
			return err
		}
	}
	return errBusy
}

const errBusy = Refusal("Others change this conversation at the same time. Nothing was lost; try again.")

// renewMembers fetches what the relay told of members' chains and is not here.
func (s *Session) renewMembers(ctx context.Context, id chat.ConversationID) error {
	ask := map[chat.AccountID]bool{}
	err := s.look(func(v *view) error {
		r, err := v.room(id)
		if err != nil || r == nil {
			return err
		}
		for _, m := range r.chain.Members() {
			name := seal.AccountName(m.Root)
			a, err := v.account(name)
			if err != nil {
				return err
			}
			ask[name] = a == nil || a.Head().Seq < s.toldOf(name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return s.renewAccounts(ctx, ask)
}

// inline is how many boxes go in the statement's own frame.
const inline = 100

// submit has the relay store a statement; many boxes go ahead of it in batches.
func (s *Session) submit(ctx context.Context, id chat.ConversationID, w *seal.Written) error {
	boxes := w.Boxes
	for len(boxes) > inline {
		n := min(len(boxes), wire.MaxBoxes)
		if _, err := s.request(ctx, &wire.PutBoxes{Conversation: string(id), Boxes: boxes[:n]}); err != nil {
			return err
		}
		boxes = boxes[n:]
	}
	_, err := s.request(ctx, &wire.AppendChain{Conversation: string(id), Statement: w.Statement, Boxes: boxes})
	return err
}
