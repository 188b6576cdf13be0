package relay

import (
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// handle carries out one frame of a welcomed connection, on its reading goroutine.
func (c *conn) handle(f wire.Frame) {
	re := f.Meta().ID
	if c.recovery && !mayRecover(f, c.account.ID) {
		c.reply(answer(errRecovery, re))
		return
	}
	var e *wire.Error
	switch f := f.(type) {
	case *wire.Send:
		e = c.send(f)
	case *wire.Mark:
		c.mark(f)
	case *wire.Typing:
		e = c.typing(f)
	case *wire.History:
		e = c.history(f)
	case *wire.ListConversations:
		e = c.list(f)
	case *wire.GetChain:
		e = c.getChain(f)
	case *wire.GetBoxes:
		e = c.getBoxes(f)
	case *wire.Hello:
		e = wire.NewError(wire.CodeBadFrame, "This connection has said hello already.", false)
	default:
		e = c.request(f)
	}
	if e != nil {
		c.reply(answer(e, re))
	}
}

var errRecovery = wire.NewError(wire.CodeForbidden, "A recovery file may only change the devices of its account. Add a new device with it, and go on there.", false)

// mayRecover tells whether a recovery file may ask this: for its own account's
// chain and keys.
func mayRecover(f wire.Frame, account string) bool {
	switch f := f.(type) {
	case *wire.GetChain:
		return f.Conversation == "" && f.Account == account
	case *wire.GetBoxes:
		return f.Conversation == ""
	case *wire.AppendChain:
		return f.Conversation == ""
	}
	return false
}

// request carries out the frames that are counted by account.
func (c *conn) request(f wire.Frame) *wire.Error {
	switch f.(type) {
	case *wire.AppendChain, *wire.PutBoxes, *wire.OpenLink, *wire.FindAccounts, *wire.CreateInvite, *wire.LookInvite, *wire.RevokeInvite, *wire.TicketRequest,
		*wire.PutSetting, *wire.ListSettings, *wire.Rename, *wire.PutFetched, *wire.ListFetched:
		if !c.relay.gates.accounts.allow(c.account.ID) {
			return errRate
		}
	}
	switch f := f.(type) {
	case *wire.AppendChain:
		return c.appendChain(f)
	case *wire.PutBoxes:
		return c.putBoxes(f)
	case *wire.OpenLink:
		return c.openLink(f)
	case *wire.LinkMessage:
		return c.linkMessage(f)
	case *wire.CloseLink:
		return c.closeLink(f)
	case *wire.FindAccounts:
		return c.find(f)
	case *wire.CreateInvite:
		return c.invite(f)
	case *wire.LookInvite:
		return c.lookInvite(f)
	case *wire.RevokeInvite:
		return c.revokeInvite(f)
	case *wire.TicketRequest:
		return c.ticket(f)
	case *wire.PutSetting:
		return c.putSetting(f)
	case *wire.ListSettings:
		return c.settings(f)
	case *wire.Rename:
		return c.rename(f)
	case *wire.PutFetched:
		return c.putFetched(f)
	case *wire.ListFetched:
		return c.fetched(f)
	}
	return wire.NewError(wire.CodeUnknownType, "This type of frame is not one that a client sends.", false)
}

// ok answers a request that has nothing to tell, if an answer was asked for.
func (c *conn) ok(re string) {
	if re != "" {
		c.reply(&wire.OK{Header: wire.Header{Re: re}})
	}
}

// enqueue takes one of the places for writes that wait; done gives it back.
// It is false when the connection is gone.
func (c *conn) enqueue() bool {
	select {
	case c.pending <- struct{}{}:
		return true
	case <-c.gone:
		return false
	}
}

func (c *conn) done() { <-c.pending }

func (c *conn) send(f *wire.Send) *wire.Error {
	switch {
	case f.Message == "" || len(f.Message) > wire.MaxID || strings.ContainsFunc(f.Message, unicode.IsControl):
		return wire.NewError(wire.CodeBadFrame, "A message's id has 1 to 64 characters, and no control characters.", false)
	case len(f.Body) > wire.MaxBody:
		return wire.NewError(wire.CodeTooLarge, "A message's body has 256 KiB at most. Larger things go as files.", false)
	case len(f.Files) > wire.MaxFiles:
		return wire.NewError(wire.CodeTooLarge, "A message refers to 16 files at most.", false)
	}
	if f.Lifetime < 0 || f.Lifetime > wire.MaxLifetime {
		return wire.NewError(wire.CodeBadFrame, "A message disappears after 366 days at the latest.", false)
	}
	if f.Body == nil {
		f.Body = []byte{}
	}
	if !c.enqueue() {
		return nil
	}
	r, re := c.relay, f.ID
	leave := r.words.Enter()
	entry := wire.Entry{Conversation: f.Conversation, Message: f.Message, From: c.account.ID, Device: c.device, Body: f.Body}
	r.store.Append(entry, f.Files, time.Duration(f.Lifetime)*time.Second, func(e wire.Entry, isNew bool, err error) {
		defer c.done()
		defer leave()
		if err != nil {
			c.pushFrame(answer(r.conversationRefusal(err), re))
			return
		}
		if isNew {
			r.metrics.stored.Inc()
			r.announce(&e, c)
		}
		c.pushFrame(&wire.Sent{Header: wire.Header{Re: re}, Conversation: e.Conversation, Message: e.Message, Seq: e.Seq, At: e.At})
	})
	return nil
}

func (r *Relay) conversationRefusal(err error) *wire.Error {
	if errors.Is(err, store.ErrNotFound) {
		return errConversation
	}
	return r.refusal(err)
}

func (c *conn) mark(f *wire.Mark) {
	if !c.enqueue() {
		return
	}
	r, re := c.relay, f.ID
	r.words.Enter()() // bytes go slowly for a while, and do not wait for a tick
	m := wire.Mark{Conversation: f.Conversation, Account: c.account.ID, Received: f.Received, Read: f.Read}
	r.store.Mark(m, func(m wire.Mark, moved bool, err error) {
		defer c.done()
		if err != nil {
			c.pushFrame(answer(r.conversationRefusal(err), re))
			return
		}
		if moved {
			r.toMembers(m.Conversation, &m, c)
		}
		if re != "" {
			c.pushFrame(&wire.OK{Header: wire.Header{Re: re}})
		}
	})
}

// isMember tells whether this connection's account is in a conversation. With
// other relays, what is remembered here may be older than what one of them stored.
func (c *conn) isMember(conversation string) *wire.Error {
	r := c.relay
	if !isID(conversation) {
		return errConversation // and no store has to know what to do with it
	}
	var is bool
	var err error
	if r.bus.alone() {
		var all []string
		all, err = r.membersOf(conversation)
		is = slices.Contains(all, c.account.ID)
	} else {
		is, err = r.store.IsMember(conversation, c.account.ID)
	}
	switch {
	case err != nil:
		return r.refusal(err)
	case !is:
		return errConversation
	}
	return nil
}

func (c *conn) typing(f *wire.Typing) *wire.Error {
	defer c.relay.words.Enter()() // files make room before the message comes
	if e := c.isMember(f.Conversation); e != nil {
		return e
	}
	all, err := c.relay.membersOf(f.Conversation)
	if err != nil {
		return c.relay.refusal(err)
	}
	var others []string
	for _, a := range all {
		if a != c.account.ID {
			others = append(others, a)
		}
	}
	c.relay.toAccounts(others, &wire.Typing{Conversation: f.Conversation, Account: c.account.ID}, nil)
	c.ok(f.ID)
	return nil
}

func (c *conn) history(f *wire.History) *wire.Error {
	if f.Before > 0 && f.After > 0 {
		return wire.NewError(wire.CodeBadFrame, "A page lies before or after an entry, not both.", false)
	}
	if f.Before > 1<<62 || f.After > 1<<62 {
		return wire.NewError(wire.CodeBadFrame, "There is no such sequence number.", false)
	}
	if e := c.isMember(f.Conversation); e != nil {
		return e
	}
	limit := f.Limit
	if limit <= 0 || limit > wire.MaxPage {
		limit = wire.MaxPage
	}
	entries, head, err := c.relay.store.History(f.Conversation, f.Before, f.After, limit)
	if err != nil {
		return c.relay.conversationRefusal(err)
	}
	c.reply(&wire.Page{Header: wire.Header{Re: f.ID}, Conversation: f.Conversation, Entries: entries, Head: head})
	return nil
}
