package seal

import (
	"fmt"

	"satchel/chat"
)

// check applies the rules of docs/security.md, "Conversations", by their
// numbers there. It decides from the chains alone and changes nothing; it
// returns the members that differ after the statement.
func (c *Conversation) check(s *conversationStatement, accounts Accounts) (map[Hash]memberEvent, error) {
	if s.first != (s.seq == 1) {
		return nil, ErrSequence
	}
	if err := c.checkSigner(s, accounts); err != nil {
		return nil, err
	}
	if s.flag != flagNone && s.number != c.Generation()+1 {
		return nil, ErrGeneration
	}
	// A chain of generations begins without a link: there is nothing before.
	if s.first && s.flag != flagBarrier {
		return nil, ErrGeneration
	}
	if c.isLeaving(uint64(len(c.hashes))) && s.flag == flagNone {
		return nil, ErrMustRotate
	}
	after, rotate, err := c.changes(s, accounts)
	if err != nil {
		return nil, err
	}
	leaves := false
	if e, ok := after[s.signer]; ok {
		leaves = e.role == Removed
	}
	switch {
	case leaves && s.flag != flagNone: // it would know the key
		return nil, fmt.Errorf("%w: who leaves can't bring the next key", ErrGeneration)
	case !leaves && rotate && s.flag == flagNone:
		return nil, ErrMustRotate
	}
	if s.first {
		return after, c.checkFirst(s)
	}
	if c.kind != Group {
		return after, c.checkFixed(s)
	}
	return after, c.checkGroup(s, after)
}

// checkSigner is rule 1, and the signature.
func (c *Conversation) checkSigner(s *conversationStatement, accounts Accounts) error {
	a, err := accounts.get(s.signer)
	if err != nil {
		return err
	}
	if err := a.Contains(s.head); err != nil {
		return fmt.Errorf("the signer's account: %w", err)
	}
	d := a.Device(s.device)
	switch {
	case d == nil || !d.ActiveAt(s.head.Seq):
		return ErrDevice
	case d.Kind != Computer:
		return ErrDeviceKind
	}
	if !s.first {
		m, ok := c.Member(s.signer)
		if !ok {
			return ErrNotMember
		}
		if s.head.Seq < m.Head.Seq {
			return fmt.Errorf("%w: it speaks from before what is known of its account", ErrDevice)
		}
	}
	return verifySignature(s.device, s.signText(), s.sig)
}

// changes works out who differs, and whether that needs a new generation.
func (c *Conversation) changes(s *conversationStatement, accounts Accounts) (after map[Hash]memberEvent, rotate bool, err error) {
	after = map[Hash]memberEvent{}
	for _, change := range s.changes {
		before, was := c.Member(change.Root)
		e := memberEvent{s.seq, change.Role, change.Head}
		if change.Role == Removed {
			if !was {
				return nil, false, ErrNotMember
			}
			rotate = true
			after[change.Root] = e
			continue
		}
		a, err := accounts.get(change.Root)
		if err != nil {
			return nil, false, err
		}
		if err := a.Contains(change.Head); err != nil {
			return nil, false, fmt.Errorf("a member's account: %w", err)
		}
		if change.Root == s.signer && change.Head != s.head {
			return nil, false, fmt.Errorf("%w: the signer names two heads of its own", ErrEncoding)
		}
		// Somebody who was here before comes back with what was known of them.
		known := before.Head
		if events := c.members[change.Root]; !was && len(events) > 0 {
			known = lastHead(events)
		}
		if change.Head.Seq < known.Seq {
			return nil, false, fmt.Errorf("%w: a member's head moves back", ErrRollback)
		}
		rotate = rotate || was && a.removedBetween(known.Seq, change.Head.Seq)
		after[change.Root] = e
	}
	// The signer's own head moves by signing.
	if m, ok := c.Member(s.signer); ok && m.Head.Seq < s.head.Seq {
		rotate = rotate || accounts[s.signer].removedBetween(m.Head.Seq, s.head.Seq)
		if _, named := after[s.signer]; !named {
			after[s.signer] = memberEvent{s.seq, m.Role, s.head}
		}
	}
	return after, rotate, nil
}

// lastHead is the newest head that any event knows.
func lastHead(events []memberEvent) (h Head) {
	for _, e := range events {
		if e.head.Seq > h.Seq {
			h = e.head
		}
	}
	return h
}

// checkFirst is rule 2, and that the name belongs to who stands in it.
func (c *Conversation) checkFirst(s *conversationStatement) error {
	signer := Removed
	for _, m := range s.changes {
		if m.Role == Removed {
			return ErrNotMember
		}
		if m.Root == s.signer {
			signer = m.Role
		}
	}
	if signer != Owner || len(s.changes) > MaxMembers {
		return ErrNotAllowed
	}
	var id chat.ConversationID
	salted := !s.salt.IsZero()
	switch {
	case s.kind == Self && len(s.changes) == 1 && !salted:
		id = SelfID(s.signer)
	case s.kind == Direct && len(s.changes) == 2 && !salted && s.changes[0].Role == Owner && s.changes[1].Role == Owner:
		id = DirectID(s.changes[0].Root, s.changes[1].Root)
	case s.kind == Group:
		id = GroupID(s.signer, s.salt)
	default:
		return ErrNotAllowed
	}
	if id != c.id {
		return ErrIdentity
	}
	if s.kind != Group && (len(s.title) > 0 || s.rules != nil) {
		return ErrNotAllowed
	}
	return nil
}

// checkFixed is rule 3: conversations whose members never change.
func (c *Conversation) checkFixed(s *conversationStatement) error {
	if len(s.title) > 0 || s.flag == flagBarrier || s.rules != nil {
		return ErrNotAllowed
	}
	for _, change := range s.changes {
		if m, was := c.Member(change.Root); !was || m.Role != change.Role {
			return ErrNotAllowed
		}
	}
	return nil
}

// checkGroup is rules 4, 5, 7 and 9.
func (c *Conversation) checkGroup(s *conversationStatement, after map[Hash]memberEvent) error {
	signer, _ := c.Member(s.signer)
	for _, change := range s.changes {
		before, was := c.Member(change.Root)
		if !was {
			before.Role = Removed
		}
		if !mayChange(signer.Role, change.Root == s.signer, before.Role, change.Role) {
			return ErrNotAllowed
		}
	}
	if (len(s.title) > 0 || s.flag == flagBarrier || s.rules != nil) && signer.Role < Admin {
		return ErrNotAllowed
	}
	if s.flag == flagBarrier && c.title != nil && len(s.title) == 0 {
		return fmt.Errorf("%w: behind a barrier the title has to be sealed anew", ErrGeneration)
	}
	owners, members := 0, 0
	count := func(r Role) {
		if r != Removed {
			members++
		}
		if r == Owner {
			owners++
		}
	}
	for root, events := range c.members {
		if _, changed := after[root]; !changed {
			count(events[len(events)-1].role)
		}
	}
	for _, e := range after {
		count(e.role)
	}
	switch {
	case members > MaxMembers:
		return ErrLimit
	case members > 0 && owners == 0:
		return ErrNoOwner
	}
	return nil
}

// mayChange is rules 4 and 5 for one change of role.
func mayChange(signer Role, own bool, before, after Role) bool {
	switch {
	case before == after: // a newer head
		return true
	case own && after == Removed: // leaves
		return true
	case signer == Owner:
		return true
	case signer == Admin:
		return before == Removed && after == Member || before == Member && after == Removed
	}
	return false
}
