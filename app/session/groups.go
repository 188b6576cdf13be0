package session

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/seal"
)

// NewGroup makes a group of these people, with this account as its owner. The
// title is sealed. history is as in AddMembers; a new group has none, so both
// give the same.
func (s *Session) NewGroup(ctx context.Context, title string, members []chat.AccountID, history bool) (chat.Conversation, error) {
	title, err := cleanTitle(title)
	if err != nil {
		return chat.Conversation{}, err
	}
	with, changes, err := s.newcomers(ctx, members)
	if err != nil {
		return chat.Conversation{}, err
	}
	by, _, err := s.author()
	if err != nil {
		return chat.Conversation{}, err
	}
	c, w, err := seal.NewGroup(by, changes, title, with, time.Now())
	if err != nil {
		return chat.Conversation{}, groupError(err)
	}
	id := c.ID()
	if err := s.submit(ctx, id, w); err != nil {
		return chat.Conversation{}, err
	}
	e := &beginGroup{learnRoom: learnRoom{asked: ask(), id: id, statements: [][]byte{w.Statement}, keys: w.Keys}}
	if err := s.await(ctx, e, e.asked); err != nil {
		return chat.Conversation{}, err
	}
	if e.problem != nil {
		return chat.Conversation{}, e.problem
	}
	row, _, err := s.Conversation(id)
	return row, err
}

// beginGroup keeps a group that was made here, with its row.
type beginGroup struct{ learnRoom }

func (e *beginGroup) apply(t *turn) error {
	row, ok, err := t.tx.Conversation(e.id)
	if err != nil {
		return err
	}
	if !ok {
		row = chat.Conversation{ID: e.id, Kind: chat.Group, Created: time.Now().UTC().Truncate(time.Millisecond)}
		if err := t.tx.PutConversation(&row); err != nil {
			return err
		}
	}
	return e.learnRoom.apply(t)
}

// newcomers are the chains of people who are to be added, and what adds them.
func (s *Session) newcomers(ctx context.Context, members []chat.AccountID) (seal.Accounts, []seal.MemberState, error) {
	with := seal.Accounts{}
	var changes []seal.MemberState
	for _, id := range members {
		if id == s.me() {
			continue
		}
		a, err := s.accountChain(ctx, id)
		if err != nil {
			return nil, nil, groupError(err)
		}
		if with[a.Root()] == nil {
			with[a.Root()] = a
			changes = append(changes, seal.MemberState{Root: a.Root(), Role: seal.Member})
		}
	}
	return with, changes, nil
}

// cleanTitle trims a group's title.
func cleanTitle(title string) (string, error) {
	title = strings.Join(strings.Fields(strings.ToValidUTF8(title, "")), " ")
	switch {
	case title == "":
		return "", refusal("A group needs a name.")
	case len(title) > seal.MaxTitle:
		return "", refusal("The group's name is too long: %d bytes at most.", seal.MaxTitle)
	}
	return title, nil
}

// groupError says in words why a group is not changed.
func groupError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, seal.ErrNotAllowed):
		return Refusal("Your role in this group does not allow this. Ask one of its admins.")
	case errors.Is(err, seal.ErrNoOwner):
		return Refusal("A group needs an owner: make somebody else one first.")
	case errors.Is(err, seal.ErrNotMember):
		return Refusal("This person is no member of the group.")
	case errors.Is(err, seal.ErrLimit):
		return refusal("A group has %d members at most.", seal.MaxMembers)
	case errors.Is(err, seal.ErrNoKey):
		return Refusal("The group's key did not come yet. Try again in a moment.")
	case refusedChain(err):
		return Refusal(sayChain(err))
	}
	return err
}

// edit changes a group's chain.
func (s *Session) edit(ctx context.Context, id chat.ConversationID, propose func(*room, seal.Author, seal.Accounts) (*seal.Proposal, error)) error {
	row, ok, err := s.Conversation(id)
	switch {
	case err != nil:
		return err
	case !ok || row.Kind != chat.Group:
		return refusal("There is no such group here.")
	case row.Gone != "":
		return Refusal(errGone)
	case row.Stopped:
		return Refusal(row.Warning)
	}
	unlock, err := s.care.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	return groupError(s.change(ctx, id, propose))
}

// AddMembers adds people to a group. With history they read what was written
// since its last barrier; without, nothing from before.
func (s *Session) AddMembers(ctx context.Context, id chat.ConversationID, members []chat.AccountID, history bool) error {
	_, all, err := s.newcomers(ctx, members)
	if err != nil {
		return err
	}
	err = s.edit(ctx, id, func(r *room, _ seal.Author, with seal.Accounts) (*seal.Proposal, error) {
		p := &seal.Proposal{}
		for _, m := range all {
			if _, is := r.chain.Member(m.Root); !is {
				p.Changes = append(p.Changes, m)
			}
		}
		switch {
		case len(p.Changes) == 0:
			return nil, nil
		case !history:
			p.Rotate = seal.Barrier
			title, err := r.chain.Title(r.keys)
			if err != nil {
				return nil, err
			}
			if title != "" {
				p.Title = &title // the new ones can't open the one from before
			}
		case r.chain.MustRotate(with, time.Now()):
			p.Rotate = seal.Linked
		}
		return p, nil
	})
	if err != nil {
		return err
	}
	e := again{ask(), id}
	return s.await(ctx, e, e.asked)
}

// RemoveMember takes somebody out of a group. What is written from then on they
// can't read.
func (s *Session) RemoveMember(ctx context.Context, id chat.ConversationID, member chat.AccountID) error {
	return s.editMember(ctx, id, member, seal.Removed)
}

// SetRole gives a member of a group another role.
func (s *Session) SetRole(ctx context.Context, id chat.ConversationID, member chat.AccountID, role chat.Role) error {
	roles := map[chat.Role]seal.Role{chat.Member: seal.Member, chat.Admin: seal.Admin, chat.Owner: seal.Owner}
	to, ok := roles[role]
	if !ok {
		return refusal("There is no role %q.", role)
	}
	return s.editMember(ctx, id, member, to)
}

func (s *Session) editMember(ctx context.Context, id chat.ConversationID, member chat.AccountID, role seal.Role) error {
	return s.edit(ctx, id, func(r *room, _ seal.Author, with seal.Accounts) (*seal.Proposal, error) {
		all := r.chain.Members()
		i := slices.IndexFunc(all, func(m seal.MemberState) bool { return seal.AccountName(m.Root) == member })
		if i < 0 {
			return nil, seal.ErrNotMember
		}
		if all[i].Role == role {
			return nil, nil
		}
		p := &seal.Proposal{Changes: []seal.MemberState{{Root: all[i].Root, Role: role}}}
		if role == seal.Removed || r.chain.MustRotate(with, time.Now()) {
			p.Rotate = seal.Linked
		}
		return p, nil
	})
}

// Leave takes this account out of a group. What it has read stays here.
func (s *Session) Leave(ctx context.Context, id chat.ConversationID) error {
	err := s.edit(ctx, id, func(r *room, by seal.Author, with seal.Accounts) (*seal.Proposal, error) {
		if r.chain.MustRotate(with, time.Now()) {
			return nil, errRotateFirst
		}
		return &seal.Proposal{Changes: []seal.MemberState{{Root: by.Account.Root(), Role: seal.Removed}}}, nil
	})
	if !errors.Is(err, errRotateFirst) {
		return err
	}
	// Who leaves can't bring the next key, and one is due.
	if err := s.edit(ctx, id, func(*room, seal.Author, seal.Accounts) (*seal.Proposal, error) {
		return &seal.Proposal{Rotate: seal.Linked}, nil
	}); err != nil {
		return err
	}
	return s.edit(ctx, id, func(_ *room, by seal.Author, _ seal.Accounts) (*seal.Proposal, error) {
		return &seal.Proposal{Changes: []seal.MemberState{{Root: by.Account.Root(), Role: seal.Removed}}}, nil
	})
}

var errRotateFirst = errors.New("a new key is due first")

// Rename gives a group another title.
func (s *Session) Rename(ctx context.Context, id chat.ConversationID, title string) error {
	title, err := cleanTitle(title)
	if err != nil {
		return err
	}
	return s.edit(ctx, id, func(r *room, _ seal.Author, with seal.Accounts) (*seal.Proposal, error) {
		p := &seal.Proposal{Title: &title}
		if r.chain.MustRotate(with, time.Now()) {
			p.Rotate = seal.Linked
		}
		return p, nil
	})
}

const errOnlyAdmins = Refusal("Only admins write in this group. Nothing was lost; ask one of them.")

// SetOnlyAdmins lets admins and owners alone write in a group, or all members again.
func (s *Session) SetOnlyAdmins(ctx context.Context, group chat.ConversationID, on bool) error {
	return s.edit(ctx, group, func(r *room, _ seal.Author, _ seal.Accounts) (*seal.Proposal, error) {
		rules := r.chain.Rules()
		if rules.OnlyAdmins == on {
			return nil, nil
		}
		rules.OnlyAdmins = on
		return &seal.Proposal{Rules: &rules}, nil
	})
}
