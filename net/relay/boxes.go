package relay

import (
	"fmt"
	"sync"
	"time"

	"satchel/net/relay/store"
	"satchel/net/seal"
	"satchel/net/wire"
)

var (
	errTooManyBoxes = wire.NewError(wire.CodeTooLarge, fmt.Sprintf("A frame has %d boxes at most, and a statement %d.", wire.MaxBoxes, wire.MaxMembers), false)
	errNoBox        = wire.NewError(wire.CodeBadFrame, "A box can't be read.", false)
)

// maxStagedBytes is how much of boxes that go ahead is held for all
// connections together: fifty groups of a thousand.
const maxStagedBytes = 64 << 20

// staged holds boxes that went ahead of a statement, for each connection those
// of one conversation.
type staged struct {
	mu    sync.Mutex
	all   map[*conn]*stage
	bytes int
}

type stage struct {
	conversation string
	boxes        [][]byte
	bytes        int
	at           time.Time // of the newest
}

func (s *staged) init() { s.all = map[*conn]*stage{} }

// add holds boxes; those for another conversation, or from too long ago, go.
func (s *staged) add(c *conn, conversation string, boxes [][]byte, now time.Time) *wire.Error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.all[c]
	if g == nil || g.conversation != conversation || now.Sub(g.at) > wire.StagedExpires {
		s.drop(c)
		g = &stage{conversation: conversation}
	}
	size := 0
	for _, b := range boxes {
		size += len(b)
	}
	if len(g.boxes)+len(boxes) > wire.MaxMembers {
		return errTooManyBoxes
	}
	if s.bytes+size > maxStagedBytes {
		return errRate
	}
	g.boxes, g.bytes, g.at = append(g.boxes, boxes...), g.bytes+size, now
	s.all[c] = g
	s.bytes += size
	return nil
}

// take gives the boxes for a conversation out, once.
func (s *staged) take(c *conn, conversation string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.all[c]
	if g == nil || g.conversation != conversation {
		return nil
	}
	s.drop(c)
	if time.Since(g.at) > wire.StagedExpires {
		return nil
	}
	return g.boxes
}

// leave forgets what a connection had.
func (s *staged) leave(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(c)
}

// drop is called with mu held.
func (s *staged) drop(c *conn) {
	if g := s.all[c]; g != nil {
		s.bytes -= g.bytes
		delete(s.all, c)
	}
}

// sweep forgets what no statement followed in time.
func (s *staged) sweep(now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c, g := range s.all {
		if now.Sub(g.at) > wire.StagedExpires {
			s.drop(c)
		}
	}
}

func (c *conn) putBoxes(f *wire.PutBoxes) *wire.Error {
	switch {
	case len(f.Boxes) > wire.MaxBoxes:
		return errTooManyBoxes
	case len(f.Boxes) == 0 || !isID(f.Conversation):
		return wire.NewError(wire.CodeBadFrame, "This takes boxes, and the id of the conversation that they are for.", false)
	}
	for _, b := range f.Boxes {
		if x, err := seal.ParseMemberBox(b); err != nil {
			return errNoBox
		} else if string(x.Conversation) != f.Conversation {
			return errBoxStranger
		}
	}
	if f.Loose {
		if e := c.putLoose(f); e != nil {
			return e
		}
	} else if e := c.relay.staged.add(c, f.Conversation, f.Boxes, time.Now()); e != nil {
		return e // for members and all others alike: whether there is such a conversation is not for everybody
	}
	c.ok(f.ID)
	return nil
}

// putLoose stores boxes that come without a statement.
func (c *conn) putLoose(f *wire.PutBoxes) *wire.Error {
	r := c.relay
	chain, err := r.conversationChain(f.Conversation)
	if err != nil {
		return r.conversationRefusal(err)
	}
	members := rolesOf(chain)
	if _, is := members[c.account.ID]; !is {
		return errConversation
	}
	boxes, e := memberBoxes(chain, members, f.Boxes)
	if e != nil {
		return e
	}
	return r.chainRefusal(r.store.PutMemberBoxes(f.Conversation, chain.Head().Seq, c.account.ID, c.device, boxes))
}

func (c *conn) getChain(f *wire.GetChain) *wire.Error {
	if f.After > store.Newest || (f.Account == "") == (f.Conversation == "") {
		return wire.NewError(wire.CodeBadFrame, "This takes an account or a conversation, and the number of a statement.", false)
	}
	r := c.relay
	of, until := store.Chain{Kind: store.AccountChain, ID: f.Account}, uint64(store.Newest)
	if f.Conversation != "" {
		var err error
		if until, err = r.store.MayReadChain(f.Conversation, c.account.ID); err != nil {
			return r.conversationRefusal(err)
		}
		of = store.Chain{Kind: store.ConversationChain, ID: f.Conversation}
	} else if is, err := r.store.HasAccount(f.Account); err != nil {
		return r.refusal(err)
	} else if !is {
		return errAccount
	}
	all, more, err := r.store.Statements(of, f.After, until)
	if err != nil {
		return r.refusal(err)
	}
	c.reply(&wire.Chain{Header: wire.Header{Re: f.ID}, Account: f.Account, Conversation: f.Conversation, Statements: all, More: more})
	return nil
}

func (c *conn) getBoxes(f *wire.GetBoxes) *wire.Error {
	if f.After > store.Newest {
		return wire.NewError(wire.CodeBadFrame, "There is no such generation.", false)
	}
	r := c.relay
	a := &wire.Boxes{Header: wire.Header{Re: f.ID}, Conversation: f.Conversation}
	var err error
	if f.Conversation == "" {
		a.Boxes, err = r.store.DeviceBoxes(c.account.ID, c.device, f.After)
	} else if _, err = r.store.MayReadChain(f.Conversation, c.account.ID); err == nil {
		a.Boxes, a.More, err = r.store.MemberBoxes(f.Conversation, c.account.ID, f.After)
	}
	if err != nil {
		return r.conversationRefusal(err)
	}
	c.reply(a)
	return nil
}
