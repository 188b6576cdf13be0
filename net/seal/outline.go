package seal

import "slices"

// Outline is what a statement says of itself. Nothing of it is checked: it
// tells what has to be at hand before the statement can be.
type Outline struct {
	Seq    uint64
	Device Key    // that signed
	Signer Hash   // root of the signer's account; zero for an account's own statement
	Roots  []Hash // accounts whose chains are needed to check a conversation's statement
}

// OutlineAccount reads a statement of an account's chain.
func OutlineAccount(statement []byte) (Outline, error) {
	s, err := parseAccountStatement(statement)
	if err != nil {
		return Outline{}, err
	}
	return Outline{Seq: s.seq, Device: s.signer}, nil
}

// OutlineConversation reads a statement of a conversation's chain.
func OutlineConversation(statement []byte) (Outline, error) {
	s, err := parseConversationStatement(statement)
	if err != nil {
		return Outline{}, err
	}
	o := Outline{Seq: s.seq, Device: s.device, Signer: s.signer, Roots: []Hash{s.signer}}
	for _, c := range s.changes {
		if c.Role != Removed && c.Root != s.signer {
			o.Roots = append(o.Roots, c.Root)
		}
	}
	return o, nil
}

// Clone returns a copy that can be appended to while others read this one.
func (a *Account) Clone() *Account { return a.clone() }

// Clone returns a copy that can be appended to while others read this one.
func (c *Conversation) Clone() *Conversation {
	n := *c
	n.hashes, n.generations, n.leaving = slices.Clip(c.hashes), slices.Clip(c.generations), slices.Clip(c.leaving)
	n.members = make(map[Hash][]memberEvent, len(c.members))
	for root, events := range c.members {
		n.members[root] = slices.Clip(events)
	}
	return &n
}
