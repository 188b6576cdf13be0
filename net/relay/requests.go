package relay

import (
	"errors"
	"strings"
	"time"
	"unicode"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// isID tells whether a string has the form that wire.NewID gives.
func isID(s string) bool {
	return len(s) == 26 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

func (c *conn) list(f *wire.ListConversations) *wire.Error {
	if f.After != "" && !isID(f.After) {
		return wire.NewError(wire.CodeBadFrame, "This takes the id of a conversation.", false)
	}
	all, more, err := c.relay.collect(func(yield func(wire.Conversation) bool) error {
		return c.relay.store.After(c.account.ID, f.After, yield)
	})
	if err != nil {
		return c.relay.refusal(err)
	}
	c.reply(&wire.Conversations{Header: wire.Header{Re: f.ID}, Conversations: all, More: more})
	return nil
}

func (c *conn) find(f *wire.FindAccounts) *wire.Error {
	var all []wire.Account
	var err error
	if f.Name != "" {
		name, wrong := wire.CleanName(f.Name)
		if wrong == nil {
			all, err = c.relay.store.Find(name)
		}
	} else if len(f.Prefix) <= 4*wire.MaxName && !strings.ContainsFunc(f.Prefix, unicode.IsControl) {
		all, err = c.relay.store.Directory(strings.Join(strings.Fields(f.Prefix), " "))
	}
	if err != nil {
		return c.relay.refusal(err)
	}
	if all == nil {
		all = []wire.Account{}
	}
	c.relay.dress(all)
	c.reply(&wire.Accounts{Header: wire.Header{Re: f.ID}, Accounts: all})
	return nil
}

func (c *conn) invite(f *wire.CreateInvite) *wire.Error {
	uses, expires := f.Uses, DefaultInvite
	if uses == 0 {
		uses = 1
	}
	if f.Expires != 0 {
		expires = time.Duration(min(max(f.Expires, -1), int64(maxInvite/time.Second)+1)) * time.Second
	}
	if wrong := InviteBounds(uses, expires); wrong != nil {
		return wire.NewError(wire.CodeBadFrame, sentence(wrong), false)
	}
	r := c.relay
	i := store.Invite{Code: wire.NewID(), Uses: uses, Expires: time.Now().Add(expires), Account: c.account.ID, Conversation: f.Conversation}
	answer := &wire.Invited{Header: wire.Header{Re: f.ID}, Expires: i.Expires.UnixMilli()}
	if f.Conversation != "" {
		if e := c.isMember(f.Conversation); e != nil {
			return e
		}
		if f.Here {
			i.Uses = 0
		}
		if f.Expires == 0 {
			i.Expires, answer.Expires = time.Time{}, 0
		}
	}
	switch err := r.store.AddInvite(i); {
	case errors.Is(err, store.ErrMayNot):
		return wire.NewError(wire.CodeForbidden, "Only admins and owners of a group make invitations that lead to it.", false)
	case err != nil:
		return r.refusal(err)
	}
	answer.Link = wire.Invitation{URL: r.url, Code: i.Code, Key: r.Key()}.String()
	c.reply(answer)
	return nil
}

// lookInvite tells who may let people into the group of an invitation. To know its
// code is what it takes.
func (c *conn) lookInvite(f *wire.LookInvite) *wire.Error {
	all, err := c.relay.store.Admins(f.Code)
	if err != nil {
		return c.relay.refusal(err)
	}
	c.relay.dress(all)
	c.reply(&wire.Accounts{Header: wire.Header{Re: f.ID}, Accounts: all})
	return nil
}

func (c *conn) revokeInvite(f *wire.RevokeInvite) *wire.Error {
	if len(f.Invite) != 64 || strings.Trim(f.Invite, "0123456789abcdef") != "" {
		return c.relay.refusal(store.ErrInviteInvalid)
	}
	if err := c.relay.store.TakeBack(f.Invite, c.account.ID); err != nil {
		return c.relay.refusal(err)
	}
	c.ok(f.ID)
	return nil
}

// sentence writes an error as a sentence.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
