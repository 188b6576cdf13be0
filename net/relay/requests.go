package relay

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"satchel/net/wire"
)

func (c *conn) create(f *wire.CreateConversation) *wire.Error {
	members := slices.DeleteFunc(slices.Clone(f.Members), func(m string) bool { return m == c.account.ID })
	slices.Sort(members)
	members = append(slices.Compact(members), c.account.ID)
	if len(members) > wire.MaxMembers {
		return wire.NewError(wire.CodeTooLarge, fmt.Sprintf("A conversation has %d members at most.", wire.MaxMembers), false)
	}
	title := ""
	switch f.Kind {
	case "self":
		if len(members) != 1 || f.Conversation != wire.SelfID(c.account.ID) {
			return wire.NewError(wire.CodeBadFrame, "Notes to self have their own id and no other member.", false)
		}
	case "direct":
		if len(members) != 2 || f.Conversation != wire.DirectID(members[0], members[1]) {
			return wire.NewError(wire.CodeBadFrame, "A direct conversation has the id of its two members.", false)
		}
	case "group":
		if !isID(f.Conversation) {
			return wire.NewError(wire.CodeBadFrame, "A group's id is 128 random bits in base32, 26 characters.", false)
		}
		if f.Title != "" {
			var wrong error
			if title, wrong = wire.CleanName(f.Title); wrong != nil {
				return wire.NewError(wire.CodeNameInvalid, "The title can't be used: "+wrong.Error()+".", false)
			}
		}
	default:
		return wire.NewError(wire.CodeBadFrame, "A conversation's kind is self, direct or group.", false)
	}
	r := c.relay
	isNew, err := r.store.Create(wire.Conversation{ID: f.Conversation, Kind: f.Kind, Title: title}, c.account.ID, members)
	if err != nil {
		if e := r.conversationRefusal(err); e != errConversation {
			return e
		}
		return wire.NewError(wire.CodeNotFound, "There is no such account here.", false)
	}
	v, err := r.store.Conversation(f.Conversation)
	if err != nil {
		return r.refusal(err)
	}
	r.dress(v.Members)
	if isNew {
		r.toMembers(v.ID, &wire.ConversationNews{Conversation: v}, c)
	}
	c.reply(&wire.ConversationNews{Header: wire.Header{Re: f.ID}, Conversation: v})
	return nil
}

// isID tells whether a string has the form that wire.NewID gives.
func isID(s string) bool {
	return len(s) == 26 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

func (c *conn) list(f *wire.ListConversations) *wire.Error {
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
	} else if len(f.Prefix) <= 4*wire.MaxName {
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
