package relay

import (
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
	"satchel/net/wire"
)

// room is a group as its members know it.
type room struct {
	t        *testing.T
	chain    *seal.Conversation
	accounts seal.Accounts
	keys     seal.ConversationKeys
}

func (r *room) id() string { return string(r.chain.ID()) }

// newRoom makes a group of which the first is the owner.
func newRoom(t *testing.T, owner *client, others ...*client) *room {
	t.Helper()
	r := &room{t: t, accounts: seal.Accounts{owner.root(): owner.owner.chain}}
	var changes []seal.MemberState
	for _, o := range others {
		r.accounts[o.root()] = o.owner.chain
		changes = append(changes, seal.MemberState{Root: o.root(), Role: seal.Member})
	}
	chain, w, err := seal.NewGroup(owner.author(), changes, "Studio", r.accounts, time.Now())
	owner.begin(chain, w, err)
	r.chain, r.keys = chain, w.Keys
	return r
}

// propose writes the next statement, as if it were allowed.
func (r *room) propose(by *client, p seal.Proposal) *wire.AppendChain {
	r.t.Helper()
	w, err := r.chain.Propose(by.author(), r.accounts, r.keys, p, time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	for g, k := range w.Keys {
		r.keys[g] = k
	}
	return &wire.AppendChain{Conversation: r.id(), Statement: w.Statement, Boxes: w.Boxes}
}

// do proposes and appends.
func (r *room) do(by *client, p seal.Proposal) {
	r.t.Helper()
	f := r.propose(by, p)
	must[*wire.OK](by, f)
	if err := r.chain.Append(f.Statement, r.accounts); err != nil {
		r.t.Fatal(err)
	}
}

func set(c *client, role seal.Role) seal.Proposal {
	p := seal.Proposal{Changes: []seal.MemberState{{Root: c.root(), Role: role}}}
	if role == seal.Removed {
		p.Rotate = seal.Linked
	}
	return p
}

// added is the statement that gives an account another device.
func (c *client) added(kind seal.DeviceKind) (*identity, *wire.AppendChain) {
	c.t.Helper()
	d := seal.NewDevice(kind)
	s, boxes, err := c.owner.chain.AddDevice(c.device, c.owner.keys, d.Public(), d.Proof(c.root()), "another", time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	return &identity{d, c.owner}, &wire.AppendChain{Statement: s, Boxes: boxes}
}

// removed is the statement that takes a device away.
func (c *client) removed(d *identity) *wire.AppendChain {
	c.t.Helper()
	s, boxes, err := c.owner.chain.RemoveDevice(c.device, c.owner.keys, d.device.Public().Key, time.Now())
	if err != nil {
		c.t.Fatal(err)
	}
	return &wire.AppendChain{Statement: s, Boxes: boxes}
}

// take appends to an account's chain, at the relay and here.
func (c *client) take(f *wire.AppendChain) {
	c.t.Helper()
	must[*wire.OK](c, f)
	if err := c.owner.chain.Append(f.Statement); err != nil {
		c.t.Fatal(err)
	}
	keys, err := seal.OpenAccountKeys(c.owner.chain, c.device, f.Boxes)
	if err == nil {
		c.owner.keys = keys
	}
}

// second connects another device of the same account.
func (c *client) second(kind seal.DeviceKind) *client {
	c.t.Helper()
	i, f := c.added(kind)
	c.take(f)
	other, e := connect(c.t, c.url, i, "", "")
	if e != nil {
		c.t.Fatal(e)
	}
	return other
}

func TestAccountChain(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	direct(mara, joao)
	news[*wire.ConversationNews](joao)
	maraAgain := mara.again(r.URL())

	i, f := mara.added(seal.Computer)
	if _, e := connect(t, r.URL(), i, "", ""); e == nil || e.Code != wire.CodeUnknownDevice {
		t.Errorf("a device that nobody added: %+v", e)
	}
	mara.take(f)
	for _, c := range []*client{joao, maraAgain} {
		if a := news[*wire.AccountNews](c).Account; a.ID != mara.account || a.Chain != 2 || a.Name != "Mara" || !a.Online {
			t.Errorf("%+v", a)
		}
	}
	must[*wire.OK](mara, f) // once more
	quiet[*wire.AccountNews](joao)
	second, e := connect(t, r.URL(), i, "", "")
	if e != nil {
		t.Fatal(e)
	}
	if w := second.welcome; w.Account.Chain != 2 || len(w.Conversations) != 2 {
		t.Errorf("%+v", w)
	}
	boxes := must[*wire.Boxes](second, &wire.GetBoxes{}).Boxes
	keys, err := seal.OpenAccountKeys(mara.owner.chain, i.device, boxes)
	if err != nil || len(keys) != 1 {
		t.Fatalf("%d %v", len(keys), err)
	}
	// The chain, whole and from the middle, for anybody.
	chain := must[*wire.Chain](joao, &wire.GetChain{Account: mara.account})
	if a, err := seal.VerifyAccount(mara.owner.chain.ID(), chain.Statements); err != nil || a.Head() != mara.owner.chain.Head() || chain.More || chain.Account != mara.account {
		t.Errorf("%v", err)
	}
	if c := must[*wire.Chain](joao, &wire.GetChain{Account: mara.account, After: 1}); len(c.Statements) != 1 {
		t.Errorf("%d", len(c.Statements))
	}
	if c := must[*wire.Chain](joao, &wire.GetChain{Account: mara.account, After: 2}); len(c.Statements) != 0 {
		t.Errorf("%d", len(c.Statements))
	}
	joao.refused(wire.CodeNotFound, &wire.GetChain{Account: wire.NewID()})
	joao.refused(wire.CodeBadFrame, &wire.GetChain{})
	joao.refused(wire.CodeBadFrame, &wire.GetChain{Account: mara.account, After: 1 << 63})
	// Its first box, which the hello had no room for, comes with the statement; but only while that is the newest.
	if b := must[*wire.Boxes](joao, &wire.GetBoxes{}).Boxes; len(b) != 0 {
		t.Errorf("%d", len(b))
	}
	must[*wire.OK](joao, &wire.AppendChain{Statement: joao.owner.first, Boxes: joao.owner.boxes})
	if b := must[*wire.Boxes](joao, &wire.GetBoxes{}).Boxes; len(b) != 1 {
		t.Errorf("%d", len(b))
	}
	// After a removal there are boxes of the newest key only, for those who are left.
	mara.take(mara.removed(i))
	if b := must[*wire.Boxes](mara, &wire.GetBoxes{}).Boxes; len(b) != 1 {
		t.Errorf("%d", len(b))
	}
	if b, err := r.store.DeviceBoxes(mara.account, string(i.device.ID()), 0); err != nil || len(b) != 0 {
		t.Errorf("%d %v", len(b), err)
	}
}

// What does not continue an account's chain is refused and leaves nothing behind.
func TestAccountAttacks(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, eve := join(t, r, "Mara"), join(t, r, "Eve")
	stranger := newIdentity(t)
	i, add := mara.added(seal.Computer)
	second := func() *wire.AppendChain { c := *add; return &c }
	evil, evilAdd := eve.added(seal.Computer)
	for name, c := range map[string]struct {
		code string
		f    *wire.AppendChain
	}{
		"nothing":               {wire.CodeBadFrame, &wire.AppendChain{}},
		"rubbish":               {wire.CodeBadFrame, &wire.AppendChain{Statement: []byte("rubbish")}},
		"too long":              {wire.CodeTooLarge, &wire.AppendChain{Statement: make([]byte, wire.MaxStatement+1)}},
		"someone else's chain":  {wire.CodeForbidden, evilAdd},
		"another first":         {wire.CodeConflict, &wire.AppendChain{Statement: stranger.owner.first}},
		"swapped statement":     {wire.CodeBadFrame, &wire.AppendChain{Statement: flipped(add.Statement, -1), Boxes: add.Boxes}},
		"without its box":       {wire.CodeBoxesMissing, &wire.AppendChain{Statement: add.Statement}},
		"box for a stranger":    {wire.CodeForbidden, &wire.AppendChain{Statement: add.Statement, Boxes: append(slices.Clone(add.Boxes), evilAdd.Boxes...)}},
		"a box twice":           {wire.CodeForbidden, &wire.AppendChain{Statement: add.Statement, Boxes: append(slices.Clone(add.Boxes), add.Boxes...)}},
		"a box that is none":    {wire.CodeBadFrame, &wire.AppendChain{Statement: add.Statement, Boxes: [][]byte{{1}}}},
		"too many boxes":        {wire.CodeTooLarge, &wire.AppendChain{Statement: add.Statement, Boxes: make([][]byte, wire.MaxBoxes+1)}},
		"conversation's chain":  {wire.CodeBadFrame, &wire.AppendChain{Conversation: mara.self(), Statement: add.Statement}},
		"a conversation's here": {wire.CodeBadFrame, &wire.AppendChain{Statement: newRoom(t, mara).propose(mara, seal.Proposal{Rotate: seal.Linked}).Statement}},
	} {
		t.Run(name, func(t *testing.T) {
			mara.t = t
			mara.refused(c.code, c.f)
		})
	}
	mara.t = t
	if _, e := connect(t, r.URL(), i, "", ""); e == nil || e.Code != wire.CodeUnknownDevice {
		t.Errorf("%+v", e)
	}
	// A fork: two statements with one number.
	_, other := mara.added(seal.Computer)
	mara.take(second())
	mara.refused(wire.CodeConflict, other)
	// A device signs for itself, and a removed one for nobody.
	phone, e := connect(t, r.URL(), i, "", "")
	if e != nil {
		t.Fatal(e)
	}
	_, f := mara.added(seal.Computer)
	phone.refused(wire.CodeForbidden, f)
	mine := phone.removed(mara.identity)
	mara.take(mara.removed(i))
	if e := news[*wire.Error](phone); e.Code != wire.CodeDeviceRemoved || e.Retry {
		t.Errorf("%+v", e)
	}
	closed(t, phone.ws, websocket.ClosePolicyViolation)
	mara.refused(wire.CodeConflict, mine) // what it signed before
	// The chain is Mara's device, another, and its removal.
	if c := must[*wire.Chain](eve, &wire.GetChain{Account: mara.account}); len(c.Statements) != 3 {
		t.Errorf("%d statements", len(c.Statements))
	}
	// Nobody takes another account's device into their own.
	eve.take(evilAdd)
	if a := must[*wire.Chain](eve, &wire.GetChain{Account: eve.account}); len(a.Statements) != 2 {
		t.Errorf("%d statements", len(a.Statements))
	}
	d := evil.device
	s, boxes, err := mara.owner.chain.AddDevice(mara.device, mara.owner.keys, d.Public(), d.Proof(mara.root()), "mine now", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	mara.refused(wire.CodeForbidden, &wire.AppendChain{Statement: s, Boxes: boxes})
}

func flipped(b []byte, at int) []byte {
	b = slices.Clone(b)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	return b
}

// A removed device is cut off in the middle, and does not come back.
func TestRemovedDevice(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	id := direct(mara, joao)
	phone := mara.second(seal.Computer)
	file, content, _ := newFile(1000)
	up := phone.ticket(wire.TicketUpload, file, len(content))
	mara.take(mara.removed(phone.identity))
	if e := news[*wire.Error](phone); e.Code != wire.CodeDeviceRemoved {
		t.Errorf("%+v", e)
	}
	closed(t, phone.ws, websocket.ClosePolicyViolation)
	if _, e := connect(t, r.URL(), phone.identity, "", ""); e == nil || e.Code != wire.CodeDeviceRemoved || e.Retry {
		t.Errorf("%+v", e)
	}
	if _, e := connect(t, r.URL(), phone.identity, wire.NewID(), "Mara II"); e == nil || e.Code != wire.CodeDeviceRemoved {
		t.Errorf("with an invitation: %+v", e)
	}
	if resp, _ := phone.post(up, len(content)); resp.StatusCode != 401 {
		t.Errorf("its ticket: %v", resp.Status)
	}
	// What it had asked for and was not stored yet is not stored after the removal.
	stored := make(chan error, 1)
	r.store.Append(wire.Entry{Conversation: id, Message: "late", From: mara.account, Device: string(phone.device.ID()), Body: []byte{}}, nil, 0,
		func(_ wire.Entry, _ bool, err error) { stored <- err })
	if err := <-stored; err == nil {
		t.Error("a removed device writes")
	}
	mara.send(id, "m", "still here")
}

// A recovery file may see and change its account's chain, and nothing else.
func TestRecoveryDevice(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	id := direct(mara, joao)
	kit := mara.second(seal.Recovery)
	if w := kit.welcome; len(w.Conversations) != 0 || w.Account.Online {
		t.Errorf("%+v", w)
	}
	mara.ws.Close()
	if p := news[*wire.Presence](joao); p.Online {
		t.Errorf("%+v", p)
	}
	for _, f := range []wire.Frame{
		&wire.Send{Conversation: id, Message: "m"}, &wire.History{Conversation: id}, &wire.Mark{Conversation: id}, &wire.Typing{Conversation: id},
		&wire.ListConversations{}, &wire.FindAccounts{}, &wire.CreateInvite{}, &wire.TicketRequest{Purpose: wire.TicketUpload}, &wire.GetChain{Conversation: id},
		&wire.GetChain{Account: joao.account}, &wire.GetBoxes{Conversation: id}, &wire.PutBoxes{Conversation: id}, &wire.OpenLink{Code: string(seal.NewLinkCode())},
		&wire.AppendChain{Conversation: id, Statement: []byte{1}},
	} {
		kit.refused(wire.CodeForbidden, f)
	}
	if c := must[*wire.Chain](kit, &wire.GetChain{Account: mara.account}); len(c.Statements) != 2 {
		t.Errorf("%d", len(c.Statements))
	}
	if b := must[*wire.Boxes](kit, &wire.GetBoxes{}).Boxes; len(b) != 1 {
		t.Errorf("%d", len(b))
	}
	laptop := kit.second(seal.Computer)
	laptop.take(laptop.removed(mara.identity))
	if e := laptop.send(id, "m", "back"); e.Seq != 1 {
		t.Errorf("%+v", e)
	}
	// What others write does not reach the recovery file.
	joao.send(id, "n", "x")
	if got := must[*wire.Boxes](kit, &wire.GetBoxes{}).Boxes; len(got) != 1 || len(kit.kept) > 0 {
		t.Errorf("%d boxes, %v", len(got), kit.kept)
	}
}

func TestConversationChain(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao, ana := join(t, r, "Mara"), join(t, r, "João"), join(t, r, "Ana")
	g := newRoom(t, mara, joao)
	if v := news[*wire.ConversationNews](joao).Conversation; v.ID != g.id() || v.Kind != "group" || v.Chain != 1 || len(v.Members) != 2 || v.Members[0].Chain != 1 || v.Created == 0 {
		t.Errorf("%+v", v)
	}
	open := func(c *client) (seal.ConversationKeys, *seal.Conversation) {
		t.Helper()
		chain, err := seal.VerifyConversation(g.chain.ID(), must[*wire.Chain](c, &wire.GetChain{Conversation: g.id()}).Statements, g.accounts)
		if err != nil {
			t.Fatal(err)
		}
		keys := seal.ConversationKeys{}
		for _, b := range must[*wire.Boxes](c, &wire.GetBoxes{Conversation: g.id()}).Boxes {
			if err := chain.Open(keys, c.root(), c.owner.keys, b); err != nil && !errors.Is(err, seal.ErrSealed) {
				t.Error(err)
			}
		}
		return keys, chain
	}
	if keys, chain := open(joao); len(keys) != 1 || chain.Head() != g.chain.Head() {
		t.Errorf("%d keys", len(keys))
	}
	g.accounts[ana.root()] = ana.owner.chain
	g.do(mara, set(ana, seal.Member))
	if v := news[*wire.ConversationNews](ana).Conversation; len(v.Members) != 3 || v.Chain != 2 {
		t.Errorf("%+v", v)
	}
	news[*wire.ConversationNews](joao)
	g.do(joao, seal.Proposal{Rotate: seal.Linked})
	if keys, _ := open(ana); len(keys) != 2 {
		t.Errorf("%d keys", len(keys))
	}
	if b := must[*wire.Boxes](ana, &wire.GetBoxes{Conversation: g.id(), After: 1}).Boxes; len(b) != 1 {
		t.Errorf("%d", len(b))
	}
	// A box once more: it stands beside the first, whoever makes it.
	box, err := g.chain.Box(g.keys, joao.owner.chain)
	if err != nil {
		t.Fatal(err)
	}
	box[len(box)-1] ^= 1 // one that does not open does not take the good one away
	must[*wire.OK](ana, &wire.PutBoxes{Conversation: g.id(), Boxes: [][]byte{box}, Loose: true})
	must[*wire.OK](ana, &wire.PutBoxes{Conversation: g.id(), Boxes: [][]byte{box}, Loose: true})
	if keys, _ := open(joao); len(keys) != 2 {
		t.Errorf("%d keys", len(keys))
	}
	if b := must[*wire.Boxes](joao, &wire.GetBoxes{Conversation: g.id()}).Boxes; len(b) != 3 {
		t.Errorf("%d", len(b))
	}
	// The roles are those of the chain, also for one who comes later.
	w := ana.again(r.URL()).welcome
	i := slices.IndexFunc(w.Conversations, func(v wire.Conversation) bool { return v.ID == g.id() })
	if v := w.Conversations[i]; v.Chain != 3 || len(v.Members) != 3 {
		t.Errorf("%+v", v)
	}
	// The same statement again, with nothing: it is there.
	must[*wire.OK](mara, &wire.AppendChain{Conversation: g.id(), Statement: must[*wire.Chain](mara, &wire.GetChain{Conversation: g.id(), After: 2}).Statements[0]})
}

func TestConversationAttacks(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao, eve, ana, bo := join(t, r, "Mara"), join(t, r, "João"), join(t, r, "Eve"), join(t, r, "Ana"), join(t, r, "Bo")
	nobody := &client{identity: newIdentity(t)} // has never been here
	g := newRoom(t, mara, joao, bo)
	for _, c := range []*client{ana, eve, nobody} {
		g.accounts[c.root()] = c.owner.chain
	}
	rotate := g.propose(mara, seal.Proposal{Rotate: seal.Linked})
	with := func(f *wire.AppendChain, boxes ...[]byte) *wire.AppendChain {
		return &wire.AppendChain{Conversation: f.Conversation, Statement: f.Statement, Boxes: boxes}
	}
	own := newRoom(t, eve, mara)
	adds := g.propose(mara, set(ana, seal.Member))
	title := "Mine"
	_, mine, err := seal.NewGroup(eve.author(), nil, "", nil, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		by   *client
		code string
		f    *wire.AppendChain
	}{
		"statement by a non-member":         {eve, wire.CodeNotFound, rotate},
		"a member's statement by another":   {joao, wire.CodeForbidden, rotate},
		"statement of another conversation": {eve, wire.CodeBadFrame, with(&wire.AppendChain{Conversation: own.id(), Statement: rotate.Statement})},
		"under a name that is not its own":  {eve, wire.CodeBadFrame, &wire.AppendChain{Conversation: wire.NewID(), Statement: mine.Statement, Boxes: mine.Boxes}},
		"swapped statement":                 {mara, wire.CodeBadFrame, with(&wire.AppendChain{Conversation: g.id(), Statement: flipped(rotate.Statement, -1)}, rotate.Boxes...)},
		"a gap":                             {mara, wire.CodeConflict, with(ahead(t, g, mara))},
		"without boxes":                     {mara, wire.CodeBoxesMissing, with(rotate)},
		"without one box":                   {mara, wire.CodeBoxesMissing, with(rotate, rotate.Boxes[:1]...)},
		"boxes for strangers":               {mara, wire.CodeForbidden, with(rotate, append(slices.Clone(rotate.Boxes), adds.Boxes...)...)},
		"a box of another conversation":     {mara, wire.CodeForbidden, with(rotate, append(slices.Clone(rotate.Boxes), mine.Boxes...)...)},
		"a box twice":                       {mara, wire.CodeForbidden, with(rotate, append(slices.Clone(rotate.Boxes), rotate.Boxes[0])...)},
		"too many boxes":                    {mara, wire.CodeTooLarge, with(rotate, make([][]byte, wire.MaxBoxes+1)...)},
		"an addition without the box":       {mara, wire.CodeBoxesMissing, with(adds)},
		"somebody who is not on this relay": {mara, wire.CodeNotFound, g.propose(mara, set(nobody, seal.Member))},
		"loose boxes by a non-member":       {eve, wire.CodeNotFound, nil},
		"title by a plain member":           {joao, wire.CodeForbidden, g.as(joao, mara, seal.Proposal{Title: &title})},
		"addition by a plain member":        {joao, wire.CodeForbidden, g.as(joao, mara, set(ana, seal.Member))},
		"removal by a plain member":         {joao, wire.CodeForbidden, g.as(joao, mara, set(bo, seal.Removed))},
		"a member makes itself owner":       {joao, wire.CodeForbidden, g.as(joao, mara, set(joao, seal.Owner))},
		"a non-member signs for itself":     {eve, wire.CodeNotFound, g.as(eve, mara, seal.Proposal{Title: &title})},
	} {
		t.Run(name, func(t *testing.T) {
			c.by.t = t
			if c.f == nil {
				c.by.refused(c.code, &wire.PutBoxes{Conversation: g.id(), Boxes: rotate.Boxes, Loose: true})
				must[*wire.OK](c.by, &wire.PutBoxes{Conversation: g.id(), Boxes: rotate.Boxes}) // held for a statement that it can't make
				return
			}
			c.by.refused(c.code, c.f)
		})
	}
	for _, c := range []*client{mara, joao, eve, ana} {
		c.t = t
	}
	eve.refused(wire.CodeNotFound, &wire.GetChain{Conversation: g.id()})
	eve.refused(wire.CodeNotFound, &wire.GetBoxes{Conversation: g.id()})
	mara.refused(wire.CodeBadFrame, &wire.PutBoxes{Conversation: g.id()})
	mara.refused(wire.CodeBadFrame, &wire.PutBoxes{Conversation: g.id(), Boxes: [][]byte{{1}}})
	mara.refused(wire.CodeForbidden, &wire.PutBoxes{Conversation: g.id(), Boxes: mine.Boxes})
	mara.refused(wire.CodeForbidden, &wire.PutBoxes{Conversation: g.id(), Boxes: adds.Boxes, Loose: true})
	if c := must[*wire.Chain](mara, &wire.GetChain{Conversation: g.id()}); len(c.Statements) != 1 {
		t.Errorf("%d statements", len(c.Statements))
	}
	must[*wire.OK](mara, rotate)
	mara.refused(wire.CodeConflict, adds) // a fork
}

// signed changes a conversation's statement and signs it again.
func signed(statement []byte, i *identity, change func([]byte)) []byte {
	b := slices.Clone(statement[:len(statement)-ed25519.SignatureSize])
	change(b)
	text := []byte(nil)
	for _, part := range [][]byte{[]byte("satchel.v1 sign conversation"), b} {
		text = append(binary.BigEndian.AppendUint32(text, uint32(len(part))), part...)
	}
	return append(b, i.device.Sign(text)...)
}

// as is what the owner may do, signed by somebody who may not.
func (r *room) as(by, owner *client, p seal.Proposal) *wire.AppendChain {
	f := r.propose(owner, p)
	f.Statement = signed(f.Statement, by.identity, func(b []byte) {
		root, key, head := by.root(), by.device.Public().Key, by.owner.chain.Head()
		at := slices.Concat(root[:], key[:], binary.BigEndian.AppendUint64(nil, head.Seq), head.Hash[:])
		copy(b[76:], at) // behind version, type, id, number, previous, time
	})
	return f
}

// ahead is the statement after the next one.
func ahead(t *testing.T, g *room, by *client) *wire.AppendChain {
	t.Helper()
	next := &room{t: t, chain: g.chain.Clone(), accounts: g.accounts, keys: g.keys}
	f := next.propose(by, seal.Proposal{Rotate: seal.Linked})
	if err := next.chain.Append(f.Statement, g.accounts); err != nil {
		t.Fatal(err)
	}
	return next.propose(by, seal.Proposal{Rotate: seal.Linked})
}

// A member who is removed in the middle reads, writes, downloads and types
// nothing more, and sees the chain up to there.
func TestRemovedMember(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao, ana := join(t, r, "Mara"), join(t, r, "João"), join(t, r, "Ana")
	g := newRoom(t, mara, joao, ana)
	id := g.id()
	file, content, _ := newFile(1000)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content))
	mara.patch(k, 0, content)
	mara.send(id, "1", "with a file", file)
	joao.send(id, "2", "before")
	down := joao.ticket(wire.TicketDownload, file, 0)
	if resp, _ := joao.request("GET", down.URL, down.Token, nil); resp.StatusCode != 200 {
		t.Fatal(resp.Status)
	}
	if p := must[*wire.Page](joao, &wire.History{Conversation: id}); len(p.Entries) != 2 {
		t.Errorf("%d entries before", len(p.Entries))
	}
	joao.kept = nil
	g.do(mara, set(joao, seal.Removed))
	if v := news[*wire.ConversationNews](joao).Conversation; v.ID != id || v.Chain != 2 || slices.ContainsFunc(v.Members, func(a wire.Account) bool { return a.ID == joao.account }) {
		t.Errorf("%+v", v)
	}
	mara.send(id, "3", "after")
	mara.write(&wire.Typing{Conversation: id})
	must[*wire.OK](mara, &wire.Mark{Conversation: id, Read: 3})
	ana.ws.Close()
	news[*wire.Presence](mara)
	for _, f := range []wire.Frame{
		&wire.History{Conversation: id}, &wire.Send{Conversation: id, Message: "4"}, &wire.Send{Conversation: id, Message: "2"}, &wire.Mark{Conversation: id, Read: 2},
		&wire.Typing{Conversation: id}, &wire.TicketRequest{Purpose: wire.TicketDownload, File: file},
		&wire.TicketRequest{Purpose: wire.TicketUpload, File: wire.NewID() + "000000", Conversation: id},
		&wire.PutBoxes{Conversation: id, Boxes: must[*wire.Boxes](joao, &wire.GetBoxes{Conversation: id}).Boxes, Loose: true},
	} {
		if t, ok := f.(*wire.TicketRequest); ok && t.Purpose == wire.TicketUpload {
			t.File, _, _ = newFile(0)
		}
		joao.refused(wire.CodeNotFound, f)
	}
	if resp, _ := joao.request("GET", down.URL, down.Token, nil); resp.StatusCode != 404 {
		t.Errorf("by an older ticket: %v", resp.Status)
	}
	for _, f := range joao.kept {
		t.Errorf("João got %T %+v", f, f)
	}
	// The chain until there: that of the removal, and nothing of what follows.
	g.do(mara, seal.Proposal{Rotate: seal.Linked})
	if c := must[*wire.Chain](joao, &wire.GetChain{Conversation: id}); len(c.Statements) != 2 {
		t.Errorf("%d statements", len(c.Statements))
	}
	w := joao.again(r.URL()).welcome
	if slices.ContainsFunc(w.Conversations, func(v wire.Conversation) bool { return v.ID == id }) {
		t.Error("it is among the conversations")
	}
	// Back again, all is there.
	g.do(mara, set(joao, seal.Member))
	if p := must[*wire.Page](joao, &wire.History{Conversation: id}); len(p.Entries) != 3 {
		t.Errorf("%d entries", len(p.Entries))
	}
	if c := must[*wire.Chain](joao, &wire.GetChain{Conversation: id}); len(c.Statements) != 4 {
		t.Errorf("%d statements", len(c.Statements))
	}
}

// Whoever leaves by itself is out, too; and the others must rotate first.
func TestLeaving(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	g := newRoom(t, mara, joao)
	alone := "Alone"
	title := g.propose(mara, seal.Proposal{Title: &alone})
	leave := g.propose(joao, seal.Proposal{Changes: []seal.MemberState{{Root: joao.root(), Role: seal.Removed}}})
	must[*wire.OK](joao, leave)
	must[*wire.OK](joao, leave) // once more, by one who is no member any more
	joao.refused(wire.CodeNotFound, &wire.History{Conversation: g.id()})
	if err := g.chain.Append(leave.Statement, g.accounts); err != nil {
		t.Fatal(err)
	}
	mara.refused(wire.CodeForbidden, &wire.AppendChain{Conversation: g.id(), Statement: signed(title.Statement, mara.identity, func(b []byte) {
		head := g.chain.Head()
		copy(b[28:], binary.BigEndian.AppendUint64(nil, head.Seq+1))
		copy(b[36:], head.Hash[:])
	})})
	g.do(mara, seal.Proposal{Rotate: seal.Linked, Title: &alone})
}

// Boxes of a large group go ahead; the statement takes them or they are gone.
func TestBoxesAhead(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{RequestBurst: 10000}})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	g := newRoom(t, mara, joao)
	rotate := g.propose(mara, seal.Proposal{Rotate: seal.Linked})
	bare := &wire.AppendChain{Conversation: g.id(), Statement: rotate.Statement}
	put := &wire.PutBoxes{Conversation: g.id(), Boxes: rotate.Boxes}
	must[*wire.OK](mara, put)
	mara.again(r.URL()).refused(wire.CodeBoxesMissing, bare) // they are this connection's
	must[*wire.OK](mara, &wire.PutBoxes{Conversation: mara.self(), Boxes: selfBoxes(t, mara)})
	mara.refused(wire.CodeBoxesMissing, bare) // those of another conversation took their place
	must[*wire.OK](mara, put)
	mara.refused(wire.CodeBadFrame, &wire.AppendChain{Conversation: g.id(), Statement: []byte{1}})
	mara.refused(wire.CodeBoxesMissing, bare) // whatever comes of the statement, they went with it
	must[*wire.OK](mara, put)
	r.staged.sweep(time.Now().Add(wire.StagedExpires + time.Second))
	mara.refused(wire.CodeBoxesMissing, bare)
	// One at a time works, too.
	for _, b := range rotate.Boxes {
		must[*wire.OK](mara, &wire.PutBoxes{Conversation: g.id(), Boxes: [][]byte{b}})
	}
	must[*wire.OK](mara, bare)
	if b := must[*wire.Boxes](joao, &wire.GetBoxes{Conversation: g.id()}).Boxes; len(b) != 2 {
		t.Errorf("%d boxes", len(b))
	}
	// More than any conversation takes.
	many := make([][]byte, wire.MaxBoxes)
	for i := range many {
		many[i] = rotate.Boxes[0]
	}
	for range wire.MaxMembers / wire.MaxBoxes {
		must[*wire.OK](mara, &wire.PutBoxes{Conversation: g.id(), Boxes: many})
	}
	mara.refused(wire.CodeTooLarge, &wire.PutBoxes{Conversation: g.id(), Boxes: rotate.Boxes})
	mara.ws.Close()
	gone := time.Now().Add(within)
	for r.staged.held() > 0 && time.Now().Before(gone) {
		time.Sleep(time.Millisecond)
	}
	if n := r.staged.held(); n != 0 {
		t.Errorf("%d bytes are held for nobody", n)
	}
}

func (s *staged) held() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.bytes
}

func selfBoxes(t *testing.T, c *client) [][]byte {
	t.Helper()
	_, w, err := seal.NewSelf(c.author(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return w.Boxes
}

// Of many statements with one number exactly one is taken, however they race.
func TestConcurrentAppends(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{Connections: 64}})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	g := newRoom(t, mara, joao)
	const n = 50
	all := make([]*client, n)
	frames := make([]*wire.AppendChain, n)
	for i := range all {
		all[i] = mara.again(r.URL())
		if i%2 == 1 {
			all[i] = joao.again(r.URL())
		}
	}
	for round := range 3 {
		for i, c := range all {
			w, err := g.chain.Propose(c.author(), g.accounts, g.keys, seal.Proposal{Rotate: seal.Linked}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			frames[i] = &wire.AppendChain{Header: wire.Header{ID: fmt.Sprint("round ", round)}, Conversation: g.id(), Statement: w.Statement, Boxes: w.Boxes}
		}
		answers := make([]wire.Frame, n)
		var done sync.WaitGroup
		for i, c := range all {
			b, err := wire.Encode(frames[i])
			if err != nil {
				t.Fatal(err)
			}
			done.Add(1)
			go func() {
				defer done.Done()
				if err := c.ws.WriteMessage(websocket.TextMessage, b); err != nil {
					t.Error(err)
					return
				}
				for answers[i] == nil {
					c.ws.SetReadDeadline(time.Now().Add(within))
					_, b, err := c.ws.ReadMessage()
					if err != nil {
						t.Error(err)
						return
					}
					if f, _ := wire.Decode(b); f.Meta().Re != "" {
						answers[i] = f
					}
				}
			}()
		}
		done.Wait()
		won := -1
		for i, a := range answers {
			switch a := a.(type) {
			case *wire.OK:
				if won >= 0 {
					t.Errorf("round %d: %d and %d won", round, won, i)
				}
				won = i
			case *wire.Error:
				if a.Code != wire.CodeConflict || !a.Retry {
					t.Errorf("round %d: %+v", round, a)
				}
			}
		}
		if won < 0 {
			t.Fatalf("round %d: nobody won", round)
		}
		last := must[*wire.Chain](mara, &wire.GetChain{Conversation: g.id(), After: g.chain.Head().Seq}).Statements
		if len(last) != 1 || !slices.Equal(last[0], frames[won].Statement) {
			t.Fatalf("round %d: the relay has another one", round)
		}
		if err := g.chain.Append(last[0], g.accounts); err != nil {
			t.Fatal(err)
		}
		for _, b := range must[*wire.Boxes](mara, &wire.GetBoxes{Conversation: g.id(), After: g.chain.Generation() - 1}).Boxes {
			if err := g.chain.Open(g.keys, mara.root(), mara.owner.keys, b); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// What is kept of checked chains is bounded, and what was forgotten is read again.
func TestChainsKept(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	g := newRoom(t, mara, joao)
	g.do(mara, seal.Proposal{Rotate: seal.Linked})
	for i := range maxChains + 10 {
		r.chains.accounts.put(fmt.Sprint(i), mara.owner.chain)
	}
	if n := len(r.chains.accounts.all); n > maxChains || n < maxChains/2 {
		t.Errorf("%d chains are kept", n)
	}
	clear(r.chains.accounts.all)
	clear(r.chains.conversations.all)
	g.do(joao, seal.Proposal{Rotate: seal.Linked})
	c, err := r.conversationChain(g.id())
	if err != nil || c.Head() != g.chain.Head() {
		t.Errorf("%v", err)
	}
}

// A group with more boxes than a frame has: they go first.
func TestLargeGroup(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	link, err := r.Invite(t.Context(), 1000, time.Hour)
	invite := code(t, link, err)
	accounts := seal.Accounts{mara.root(): mara.owner.chain}
	var changes []seal.MemberState
	for i := range wire.MaxBoxes + 50 {
		somebody := newIdentity(t)
		key := somebody.device.Public().Key
		if e := r.register(&wire.Hello{Account: string(somebody.owner.chain.ID()), Device: string(somebody.device.ID()), Key: wire.B64(key[:]),
			First: somebody.owner.first, Invite: invite, Name: fmt.Sprint("Member ", i)}); e != nil {
			t.Fatal(e)
		}
		accounts[somebody.root()] = somebody.owner.chain
		changes = append(changes, seal.MemberState{Root: somebody.root(), Role: seal.Member})
	}
	chain, w, err := seal.NewGroup(mara.author(), changes, "Everybody", accounts, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	id := string(chain.ID())
	for all := range slices.Chunk(w.Boxes, wire.MaxBoxes) {
		must[*wire.OK](mara, &wire.PutBoxes{Conversation: id, Boxes: all})
		mara.refused(wire.CodeNotFound, &wire.GetBoxes{Conversation: id}) // nobody sees them yet
	}
	must[*wire.OK](mara, &wire.AppendChain{Conversation: id, Statement: w.Statement})
	if v, err := r.store.Conversation(id); err != nil || len(v.Members) != wire.MaxBoxes+51 {
		t.Errorf("%d members, %v", len(v.Members), err)
	}
	if b := must[*wire.Boxes](mara, &wire.GetBoxes{Conversation: id}).Boxes; len(b) != 1 {
		t.Errorf("%d boxes", len(b))
	}
}
