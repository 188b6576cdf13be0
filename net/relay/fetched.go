package relay

import (
	"fmt"

	"satchel/net/wire"
)

// putFetched keeps which files a device fetched, and tells the members. Of which
// messages these are the relay knows no more than which 4096 they are among.
func (c *conn) putFetched(f *wire.PutFetched) *wire.Error {
	switch {
	case len(f.Body) > wire.MaxFetched:
		return wire.NewError(wire.CodeTooLarge, fmt.Sprintf("What is told of fetched files has %d KiB at most.", wire.MaxFetched>>10), false)
	case f.Part > 1<<50:
		return wire.NewError(wire.CodeBadFrame, "There is no such part of a conversation.", false)
	}
	if e := c.isMember(f.Conversation); e != nil {
		return e
	}
	v := wire.Fetched{Conversation: f.Conversation, Account: c.account.ID, Device: c.device, Part: f.Part, Body: f.Body}
	if v.Body == nil {
		v.Body = []byte{}
	}
	var err error
	if v.Number, err = c.relay.store.PutFetched(v); err != nil {
		return c.relay.conversationRefusal(err)
	}
	c.relay.toMembers(f.Conversation, &v, c)
	c.ok(f.ID)
	return nil
}

// fetched answers with what was told in a conversation, as much as fits into a frame.
func (c *conn) fetched(f *wire.ListFetched) *wire.Error {
	if f.After > 1<<62 {
		return wire.NewError(wire.CodeBadFrame, "There is no such number.", false)
	}
	if e := c.isMember(f.Conversation); e != nil {
		return e
	}
	out := &wire.FetchedPage{Header: wire.Header{Re: f.ID}, Conversation: f.Conversation, Fetched: []wire.Fetched{}}
	size := 0
	err := c.relay.store.Fetched(f.Conversation, f.After, func(v wire.Fetched) bool {
		if size > wire.MaxPageBytes-wire.MaxFetched {
			out.More = true
			return false
		}
		size += 512 + len(v.Body)
		out.Fetched = append(out.Fetched, v)
		return true
	})
	if err != nil {
		return c.relay.refusal(err)
	}
	c.reply(out)
	return nil
}
