package relay

import (
	"strings"
	"time"
	"unicode"

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
	link, until, err := addInvite(c.relay.store, c.relay.url, c.relay.Key(), uses, expires)
	if err != nil {
		return c.relay.refusal(err)
	}
	c.reply(&wire.Invited{Header: wire.Header{Re: f.ID}, Link: link, Expires: until.UnixMilli()})
	return nil
}

// sentence writes an error as a sentence.
func sentence(err error) string {
	s := err.Error()
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
