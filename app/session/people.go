package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
)

// callTimeout bounds a question to the relay that a person waits for.
const callTimeout = 15 * time.Second

// SelfNames are what a person may call their notes to self, beside their own name.
var SelfNames = []string{"Notes to self", "self"}

// OpenDirect finds the conversation that is meant by a conversation's id, a
// person's name (upper and lower case alike) or account id, a group's title, or,
// for notes to self, one of SelfNames or one's own name. A direct conversation
// with somebody on the relay begins with this. Nobody of that name is a sentence.
func (s *Session) OpenDirect(ctx context.Context, nameOrID string) (chat.Conversation, error) {
	who := s.Profile()
	if !who.Joined {
		return chat.Conversation{}, ErrNotHere
	}
	nameOrID = strings.Join(strings.Fields(nameOrID), " ")
	if c, ok, err := s.known(nameOrID); ok || err != nil {
		return c, err
	}
	other, err := s.find(ctx, nameOrID)
	if err != nil {
		return chat.Conversation{}, err
	}
	if other.ID == who.Account.ID {
		c, _, err := s.Conversation(chat.ConversationID(wire.SelfID(string(other.ID))))
		return c, err
	}
	id := chat.ConversationID(wire.DirectID(string(who.Account.ID), string(other.ID)))
	e := beginDirect{ask(), chat.Conversation{ID: id, Kind: chat.Direct, Members: []chat.Account{who.Account, other},
		Created: time.Now().UTC().Truncate(time.Millisecond)}}
	if err := s.await(ctx, e, e.asked); err != nil {
		return chat.Conversation{}, err
	}
	c, _, err := s.Conversation(id)
	return c, err
}

// known looks in the cache.
func (s *Session) known(nameOrID string) (chat.Conversation, bool, error) {
	me := s.Profile().Account
	if c, ok, err := s.Conversation(chat.ConversationID(nameOrID)); ok || err != nil {
		return c, ok, err
	}
	for _, n := range append([]string{me.Name, string(me.ID)}, SelfNames...) {
		if strings.EqualFold(n, nameOrID) {
			return s.Conversation(chat.ConversationID(wire.SelfID(string(me.ID))))
		}
	}
	all, err := s.Conversations()
	if err != nil {
		return chat.Conversation{}, false, err
	}
	for _, kind := range []chat.ConversationKind{chat.Direct, chat.Group} {
		for _, c := range all {
			if c.Kind == kind && nameOrID != "" && strings.EqualFold(c.Name(me.ID), nameOrID) {
				return c, true, nil
			}
		}
	}
	return s.Conversation(chat.ConversationID(wire.DirectID(string(me.ID), nameOrID)))
}

// Person finds somebody by name (upper and lower case alike) or account id,
// without a conversation's being made.
func (s *Session) Person(ctx context.Context, nameOrID string) (chat.Account, error) {
	me := s.me()
	if c, ok, err := s.known(nameOrID); err != nil || ok && c.Kind == chat.Direct {
		for _, m := range c.Members {
			if m.ID != me {
				return m, err
			}
		}
		return chat.Account{}, err
	}
	return s.find(ctx, nameOrID)
}

// find asks the relay for the one of this name.
func (s *Session) find(ctx context.Context, name string) (chat.Account, error) {
	if _, err := wire.CleanName(name); err != nil {
		return chat.Account{}, refusal("%q is no name that somebody could have.", name)
	}
	reply, err := s.request(ctx, &wire.FindAccounts{Name: name})
	if err != nil {
		return chat.Account{}, err
	}
	list, ok := reply.(*wire.Accounts)
	if !ok || len(list.Accounts) == 0 {
		return chat.Account{}, refusal("There is nobody called %q on this relay.", name)
	}
	return s.meet(list.Accounts[:1])[0], nil
}

// meet notes who the relay told of. A group needs the names of its members
// before the relay speaks of it.
func (s *Session) meet(told []wire.Account) []chat.Account {
	e := met{}
	for _, a := range told {
		e.people = append(e.people, account(a))
	}
	s.post(e)
	return e.people
}

type met struct{ people []chat.Account }

func (met) stores() bool { return true }
func (met) settle(error) {}

func (e met) apply(t *turn) error {
	for _, a := range e.people {
		if err := t.tx.PutAccount(a); err != nil {
			return err
		}
	}
	return nil
}

const errLate = Refusal("The relay did not answer in time; try again.")

type beginDirect struct {
	asked
	conversation chat.Conversation
}

func (e beginDirect) apply(t *turn) error {
	if _, ok, err := t.tx.Conversation(e.conversation.ID); ok || err != nil {
		return err
	}
	return t.begin(&e.conversation)
}

// People lists who is on the relay: those whose name starts with prefix. Without
// a connection it lists those that are known here.
func (s *Session) People(ctx context.Context, prefix string) ([]chat.Account, error) {
	var out []chat.Account
	reply, err := s.request(ctx, &wire.FindAccounts{Prefix: prefix})
	if list, ok := reply.(*wire.Accounts); err == nil && ok {
		return s.meet(list.Accounts), nil
	}
	if !errors.Is(err, ErrOffline) {
		return nil, err
	}
	err = s.db.View(func(tx *storage.Tx) error {
		all, err := tx.Accounts()
		for _, a := range all {
			if strings.HasPrefix(strings.ToLower(a.Name), strings.ToLower(prefix)) {
				out = append(out, a)
			}
		}
		return err
	})
	return out, err
}

// Invite makes an invitation: its link lets as many people in as uses says (0:
// one), until it expires (0: after seven days).
func (s *Session) Invite(ctx context.Context, uses int, expires time.Duration) (string, error) {
	reply, err := s.request(ctx, &wire.CreateInvite{Uses: uses, Expires: int64(expires / time.Second)})
	if err != nil {
		return "", err
	}
	invited, ok := reply.(*wire.Invited)
	if !ok {
		return "", Refusal("The relay gave an answer that is not understood.")
	}
	return invited.Link, nil
}

// request is a call whose errors are sentences.
func (s *Session) request(ctx context.Context, f wire.Frame) (wire.Frame, error) {
	if !s.Profile().Joined {
		return nil, ErrNotHere
	}
	bounded, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	reply, err := s.call(bounded, f)
	var said *wire.Error
	switch {
	case err == nil, errors.As(err, &said):
		return reply, err
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case bounded.Err() != nil:
		return nil, errLate
	}
	return nil, storedBadly{ErrOffline.Error(), errors.Join(ErrOffline, err)}
}
