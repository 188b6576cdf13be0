package relay

import (
	"errors"
	"slices"
	"strings"

	"satchel/net/relay/store"
	"satchel/net/seal"
	"satchel/net/wire"
)

var (
	errDeviceRemoved = wire.NewError(wire.CodeDeviceRemoved, "This device was removed from its account by another one. What it has stays readable; nothing new comes.", false)
	errCameSecond    = wire.NewError(wire.CodeConflict, "Another statement came first. Fetch it, and propose anew.", true)
	errBoxesMissing  = wire.NewError(wire.CodeBoxesMissing, "Somebody has no box for the key that this brings. Send all boxes again, then the statement.", true)
	errBoxStranger   = wire.NewError(wire.CodeForbidden, "A box is for somebody who does not hold this key.", false)
	errNoStatement   = wire.NewError(wire.CodeBadFrame, "This is no statement of this chain.", false)
)

// appendChain stores the next statement of a chain, when the chain's own rules
// allow it. Others hear of it in the order of the commits.
func (c *conn) appendChain(f *wire.AppendChain) *wire.Error {
	var before [][]byte
	if f.Conversation != "" {
		before = c.relay.staged.take(c, f.Conversation)
	}
	switch {
	case len(f.Statement) == 0:
		return errNoStatement
	case len(f.Statement) > wire.MaxStatement:
		return wire.NewError(wire.CodeTooLarge, "A statement has 128 KiB at most.", false)
	case len(f.Boxes) > wire.MaxBoxes:
		return errTooManyBoxes
	}
	var e *wire.Error
	if f.Conversation == "" {
		e = c.appendAccount(f)
	} else {
		e = c.appendConversation(f, append(before, f.Boxes...))
	}
	if e == nil {
		c.ok(f.ID)
	}
	return e
}

func (c *conn) appendAccount(f *wire.AppendChain) *wire.Error {
	r, id := c.relay, c.account.ID
	o, err := seal.OutlineAccount(f.Statement)
	if err != nil {
		return errNoStatement
	}
	chain, err := r.accountChain(id)
	if err != nil {
		return r.refusal(err)
	}
	if o.Seq <= chain.Head().Seq {
		return c.repeatedAccount(chain, o, f)
	}
	if string(seal.DeviceName(o.Device)) != c.device && !r.restored {
		return errOtherDevice
	}
	next := chain.Clone()
	if err := next.Append(f.Statement); err != nil {
		return r.chainRefusal(err)
	}
	s := store.AccountStatement{Account: id, Seq: o.Seq, Statement: f.Statement, By: c.device, Generation: next.Generation()}
	var holders []string // who needs a box
	for _, d := range next.Active() {
		if d.Added == o.Seq {
			s.Added = &store.Device{ID: string(d.ID()), Key: wire.B64(d.Key[:]), Kind: int(d.Kind)}
		}
		if d.Added == o.Seq || next.Generation() != chain.Generation() {
			holders = append(holders, string(d.ID()))
		}
	}
	for _, d := range next.Devices() {
		if d.Removed == o.Seq {
			s.Removed = string(d.ID())
		}
	}
	var e *wire.Error
	if s.Boxes, e = deviceBoxes(next, f.Boxes); e != nil {
		return e
	}
	for _, h := range holders {
		if !slices.ContainsFunc(s.Boxes, func(b store.DeviceBox) bool { return b.Device == h }) {
			return errBoxesMissing
		}
	}
	stored := make(chan error, 1)
	r.store.AppendAccount(s, func(repeated bool, err error) {
		if err == nil && !repeated {
			r.chains.accounts.put(id, next)
			r.announceAccount(id, s.Removed, c)
		}
		stored <- err
	})
	return r.chainRefusal(<-stored)
}

// repeatedAccount answers a statement whose number is taken. The newest one
// brings boxes that are missing.
func (c *conn) repeatedAccount(chain *seal.Account, o seal.Outline, f *wire.AppendChain) *wire.Error {
	r, id := c.relay, c.account.ID
	same, err := r.store.HasStatement(store.Chain{Kind: store.AccountChain, ID: id}, o.Seq, f.Statement)
	switch {
	case err != nil:
		return r.refusal(err)
	case !same:
		return errCameSecond
	case o.Seq < chain.Head().Seq || len(f.Boxes) == 0:
		return nil
	}
	boxes, e := deviceBoxes(chain, f.Boxes)
	if e != nil {
		return e
	}
	if err := r.store.PutDeviceBoxes(id, o.Seq, chain.Generation(), boxes); !errors.Is(err, store.ErrConflict) {
		return r.chainRefusal(err)
	}
	return nil // the account has gone on, and has boxes of a newer key
}

// deviceBoxes reads boxes for the active devices of an account, one each at
// most, of its newest key.
func deviceBoxes(a *seal.Account, boxes [][]byte) (all []store.DeviceBox, _ *wire.Error) {
	for _, b := range boxes {
		x, err := seal.ParseDeviceBox(b)
		if err != nil {
			return nil, errNoBox
		}
		d := a.Device(x.Device)
		if x.Root != a.Root() || x.Generation != a.Generation() || d == nil || d.Removed != 0 ||
			slices.ContainsFunc(all, func(other store.DeviceBox) bool { return other.Device == string(d.ID()) }) {
			return nil, errBoxStranger
		}
		all = append(all, store.DeviceBox{Device: string(d.ID()), Box: b})
	}
	return all, nil
}

func (c *conn) appendConversation(f *wire.AppendChain, boxes [][]byte) *wire.Error {
	r, id := c.relay, f.Conversation
	o, err := seal.OutlineConversation(f.Statement)
	if err != nil || string(o.Conversation) != id {
		return errNoStatement
	}
	chain, err := r.conversationChain(id)
	exists := err == nil
	switch {
	case errors.Is(err, store.ErrNotFound):
		chain = seal.NewConversation(o.Conversation)
	case err != nil:
		return r.refusal(err)
	}
	if o.Seq <= chain.Head().Seq {
		same, err := r.store.HasStatement(store.Chain{Kind: store.ConversationChain, ID: id}, o.Seq, f.Statement)
		if err != nil {
			return r.refusal(err)
		} else if same {
			return nil
		}
	}
	before := rolesOf(chain)
	_, inside := before[c.account.ID]
	if !inside && o.Seq > 1 {
		return errConversation
	}
	if !inside {
		// Answered as if nobody had made it: that it is there is not for everybody.
		chain, before = seal.NewConversation(o.Conversation), nil
	}
	if o.Seq <= chain.Head().Seq {
		return errCameSecond
	}
	// What a relay lost that was put back from a backup, any member brings again.
	another := string(seal.AccountName(o.Signer)) != c.account.ID || string(seal.DeviceName(o.Device)) != c.device
	if another && !r.restored {
		return errOtherDevice
	}
	accounts, err := r.accountsFor(f.Statement)
	if err != nil {
		return r.chainRefusal(err)
	}
	next := chain.Clone()
	if err := next.Append(f.Statement, accounts); err != nil {
		return r.chainRefusal(err)
	}
	after := rolesOf(next)
	if _, member := after[c.account.ID]; another && (!inside && !member || !signsStill(accounts, o)) {
		return errOtherDevice
	}
	if !inside && exists {
		return errConversation
	}
	s := store.ConversationStatement{Conversation: id, Kind: kindName(next.Kind()), Seq: o.Seq, Statement: f.Statement,
		From: c.account.ID, By: c.device}
	if next.Rules().OnlyAdmins {
		s.Writers = int(seal.Admin)
	}
	var removed []string
	missing := map[string]bool{} // who needs a box
	for account, role := range after {
		was, is := before[account]
		if !is || was != role {
			s.Roles = append(s.Roles, store.Role{Account: account, Role: int(role)})
		}
		if !is || next.Generation() != chain.Generation() {
			missing[account] = true
		}
	}
	for account := range before {
		if _, is := after[account]; !is {
			s.Roles = append(s.Roles, store.Role{Account: account})
			removed = append(removed, account)
		}
	}
	var e *wire.Error
	if s.Boxes, e = memberBoxes(next, after, boxes); e != nil {
		return e
	}
	for _, b := range s.Boxes {
		delete(missing, b.Member)
	}
	if len(missing) > 0 {
		return errBoxesMissing
	}
	stored := make(chan error, 1)
	r.store.AppendConversation(s, func(repeated bool, err error) {
		if err == nil && !repeated {
			r.chains.conversations.put(id, next)
			r.announceConversation(id, removed, c)
		}
		stored <- err
	})
	return r.chainRefusal(<-stored)
}

// signsStill tells whether the device that signed a statement is one of its account
// now: one that was removed can't have others bring what it signs as if before.
func signsStill(accounts seal.Accounts, o seal.Outline) bool {
	a := accounts[o.Signer]
	if a == nil {
		return false
	}
	d := a.Device(o.Device)
	return d != nil && d.Removed == 0
}

// rolesOf are the members of a conversation by account.
func rolesOf(c *seal.Conversation) map[string]seal.Role {
	all := map[string]seal.Role{}
	for _, m := range c.Members() {
		all[string(seal.AccountName(m.Root))] = m.Role
	}
	return all
}

func kindName(k seal.Kind) string {
	switch k {
	case seal.Self:
		return "self"
	case seal.Direct:
		return "direct"
	}
	return "group"
}

// memberBoxes reads boxes for the members of a conversation, one each at most,
// of its newest key.
func memberBoxes(c *seal.Conversation, members map[string]seal.Role, boxes [][]byte) ([]store.MemberBox, *wire.Error) {
	if len(boxes) > wire.MaxMembers {
		return nil, errTooManyBoxes
	}
	all := make([]store.MemberBox, 0, len(boxes))
	seen := map[string]bool{}
	for _, b := range boxes {
		x, err := seal.ParseMemberBox(b)
		if err != nil {
			return nil, errNoBox
		}
		member := string(seal.AccountName(x.Member))
		if _, is := members[member]; !is || seen[member] || x.Conversation != c.ID() || x.Generation != c.Generation() {
			return nil, errBoxStranger
		}
		seen[member] = true
		all = append(all, store.MemberBox{Member: member, Generation: x.Generation, Box: b})
	}
	return all, nil
}

var errOtherDevice = wire.NewError(wire.CodeForbidden, "A statement is signed by the device that sends it.", false)

// chainRefusal turns what the rules of chains say into an answer; nil stays nil.
func (r *Relay) chainRefusal(err error) *wire.Error {
	is := func(targets ...error) bool {
		return slices.ContainsFunc(targets, func(t error) bool { return errors.Is(err, t) })
	}
	switch {
	case err == nil:
		return nil
	case is(store.ErrConflict, seal.ErrFork, seal.ErrSequence, seal.ErrBehind):
		return errCameSecond
	case is(store.ErrRemoved):
		return errDeviceRemoved
	case is(store.ErrBarred):
		return errBlocked
	case is(store.ErrDevice):
		return wire.NewError(wire.CodeForbidden, "The device belongs to another account of this relay.", false)
	case is(errStranger, seal.ErrUnknown):
		return errAccount
	case is(seal.ErrEncoding, seal.ErrIdentity, seal.ErrSignature):
		return wire.NewError(wire.CodeBadFrame, "The statement can't be taken: "+reason(err)+".", false)
	case is(seal.ErrLimit, seal.ErrDevice, seal.ErrDeviceKind, seal.ErrDeviceReuse, seal.ErrRemoveSelf, seal.ErrGeneration, seal.ErrMustRotate,
		seal.ErrNotMember, seal.ErrNotAllowed, seal.ErrNoOwner, seal.ErrRollback):
		return wire.NewError(wire.CodeForbidden, "The statement can't be taken: "+reason(err)+".", false)
	}
	return r.refusal(err)
}

// reason is the innermost part of an error of net/seal, which is for people.
func reason(err error) string {
	parts := strings.Split(err.Error(), ": ")
	return parts[len(parts)-1]
}

// announceAccount tells of an account's new statement, and ends the
// connections of a device that it removed. By is the connection that asked.
func (r *Relay) announceAccount(id, removed string, by *conn) {
	if removed != "" {
		r.removeDevice(id, removed)
	}
	a, err := r.store.Account(id)
	if err != nil {
		r.log.Error("account was not announced", "account", id, "error", err)
		return
	}
	peers, err := r.store.Peers(id)
	if err != nil {
		r.log.Error("peers were not told", "account", id, "error", err)
		return
	}
	all := []wire.Account{a}
	r.dress(all)
	r.toAccounts(append(peers, id), &wire.AccountNews{Account: all[0]}, by)
}

// announceConversation tells members, and those who were removed, how a
// conversation is now.
func (r *Relay) announceConversation(id string, removed []string, by *conn) {
	r.forget(id)
	v, err := r.store.Conversation(id)
	if err != nil {
		r.log.Error("conversation was not announced", "conversation", id, "error", err)
		return
	}
	r.dress(v.Members)
	for _, m := range v.Members {
		removed = append(removed, m.ID)
	}
	r.toAccounts(removed, &wire.ConversationNews{Conversation: v}, by)
}
