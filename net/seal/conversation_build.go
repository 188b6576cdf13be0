package seal

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// Author is who signs: a device of an account.
type Author struct {
	Account *Account
	Device  *Device
}

// Rotation says whether a statement brings a new generation.
type Rotation byte

const (
	NoRotation Rotation = flagNone
	Barrier    Rotation = flagBarrier // who is added reads nothing before
	Linked     Rotation = flagLinked  // the new key leads back to the old ones
)

// Proposal is what a statement is to do. Heads in Changes may be left zero:
// then they are the newest that is known.
type Proposal struct {
	Changes []MemberState
	Title   *string // nil: as it is
	Rotate  Rotation
	Rules   *Rules // nil: as they are
}

// Written is a statement with what goes along with it. Nothing is true before
// the relay has stored it: a relay has one place for the next statement, and
// somebody else's may be there first. Then propose anew.
type Written struct {
	Statement []byte
	Boxes     Boxes            // for the members; those of a new generation, or of who was added
	Keys      ConversationKeys // the new generation's key, if there is one
}

// NewSelf makes the notes to self of an account.
func NewSelf(by Author, at time.Time) (*Conversation, *Written, error) {
	p := Proposal{Changes: []MemberState{{Root: by.Account.root, Role: Owner}}, Rotate: Barrier}
	return begin(NewConversation(SelfID(by.Account.root)), Self, Hash{}, by, Accounts{}, p, at)
}

// NewDirect makes the conversation of two accounts.
func NewDirect(by Author, other *Account, at time.Time) (*Conversation, *Written, error) {
	p := Proposal{Changes: []MemberState{{Root: by.Account.root, Role: Owner}, {Root: other.root, Role: Owner}}, Rotate: Barrier}
	return begin(NewConversation(DirectID(by.Account.root, other.root)), Direct, Hash{}, by, Accounts{other.root: other}, p, at)
}

// NewGroup makes a group: its author is the owner, the others have the roles
// that changes gives them.
func NewGroup(by Author, changes []MemberState, title string, accounts Accounts, at time.Time) (*Conversation, *Written, error) {
	salt := newSecret()
	p := Proposal{Changes: append(grown(changes), MemberState{Root: by.Account.root, Role: Owner}), Rotate: Barrier}
	if title != "" {
		p.Title = &title
	}
	return begin(NewConversation(GroupID(by.Account.root, salt)), Group, Hash(salt), by, accounts, p, at)
}

func begin(c *Conversation, kind Kind, salt Hash, by Author, accounts Accounts, p Proposal, at time.Time) (*Conversation, *Written, error) {
	s := &conversationStatement{first: true, kind: kind, salt: salt}
	out, err := c.write(s, by, accounts, nil, p, at)
	if err != nil {
		return nil, nil, err
	}
	with := Accounts{by.Account.root: by.Account}
	for root, a := range accounts {
		with[root] = a
	}
	return c, out, c.Append(out.Statement, with)
}

// Propose writes the next statement. keys must hold the newest generation,
// unless the proposal is to leave or sets a barrier. The heads of members whose
// account has a new key since are renewed when a generation begins, so that
// nobody who was removed is sealed to. The conversation is not changed: Append
// the statement once the relay has stored it.
func (c *Conversation) Propose(by Author, accounts Accounts, keys ConversationKeys, p Proposal, at time.Time) (*Written, error) {
	if len(c.hashes) == 0 {
		return nil, fmt.Errorf("seal: propose: %w", ErrSequence)
	}
	out, err := c.write(&conversationStatement{}, by, accounts, keys, p, at)
	if err != nil {
		return nil, err
	}
	s, err := parseConversationStatement(out.Statement)
	if err != nil {
		return nil, err
	}
	with := accounts
	if accounts[by.Account.root] == nil {
		with = Accounts{by.Account.root: by.Account}
		for root, a := range accounts {
			with[root] = a
		}
	}
	if _, err := c.check(s, with); err != nil {
		return nil, fmt.Errorf("seal: propose: %w", err)
	}
	return out, nil
}

func (c *Conversation) write(s *conversationStatement, by Author, accounts Accounts, keys ConversationKeys, p Proposal, at time.Time) (*Written, error) {
	account := func(root Hash) (*Account, error) {
		if root == by.Account.root {
			return by.Account, nil
		}
		return accounts.get(root)
	}
	head := c.Head()
	s.id, s.seq, s.prev, s.at = c.id, head.Seq+1, head.Hash, millis(at)
	s.signer, s.device, s.head = by.Account.root, by.Device.public.Key, by.Account.Head()
	s.changes, s.rules = slices.Clone(p.Changes), p.Rules
	for i := range s.changes {
		if x := &s.changes[i]; x.Role == Removed {
			x.Head = Head{}
		} else if x.Head == (Head{}) {
			a, err := account(x.Root)
			if err != nil {
				return nil, fmt.Errorf("seal: propose: %w", err)
			}
			x.Head = a.Head()
		}
	}
	if p.Rotate != NoRotation {
		s.changes = c.renew(s.changes, account)
	}
	slices.SortFunc(s.changes, func(a, b MemberState) int { return bytes.Compare(a.Root[:], b.Root[:]) })

	out := &Written{}
	g := c.Generation()
	secret, known := keys[g]
	if p.Rotate != NoRotation {
		old := secret
		if p.Rotate == Linked && !known {
			return nil, fmt.Errorf("seal: propose: %w", ErrNoKey)
		}
		g, secret, known = g+1, newSecret(), true
		s.flag, s.number, s.commitment = byte(p.Rotate), g, c.commitment(g, secret)
		if p.Rotate == Linked {
			s.link = sealOnce(c.linkKey(secret, g), old[:], nil)
		}
		out.Keys = ConversationKeys{g: secret}
	}
	if p.Title != nil {
		if !known {
			return nil, fmt.Errorf("seal: propose: %w", ErrNoKey)
		}
		plain, err := fill(*p.Title, MaxTitle)
		if err != nil {
			return nil, fmt.Errorf("seal: title: %w", err)
		}
		s.title = sealSynthetic(secret, "satchel.v1 title", c.titleAD(g), plain)
	}
	for _, m := range c.recipients(s, p.Rotate != NoRotation) {
		a, err := account(m.Root)
		if err != nil {
			return nil, fmt.Errorf("seal: propose: %w", err)
		}
		if !known {
			return nil, fmt.Errorf("seal: propose: %w", ErrNoKey)
		}
		box, err := c.box(g, secret, m, a)
		if err != nil {
			return nil, err
		}
		out.Boxes = append(out.Boxes, box)
	}
	s.sig = by.Device.signature(s.signText())
	out.Statement = s.marshal()
	return out, nil
}

// renew adds the members whose account has another key by now than the
// conversation knows of.
func (c *Conversation) renew(changes []MemberState, account func(Hash) (*Account, error)) []MemberState {
	named := map[Hash]bool{}
	for _, x := range changes {
		named[x.Root] = true
	}
	for _, m := range c.Members() {
		a, err := account(m.Root)
		if err != nil || named[m.Root] {
			continue
		}
		known, _ := a.keyAt(m.Head.Seq)
		if a.Generation() != known {
			changes = append(changes, MemberState{m.Root, m.Role, a.Head()})
		}
	}
	return changes
}

// recipients are those who get a box: all members after the statement when a
// generation begins, else those whom it adds.
func (c *Conversation) recipients(s *conversationStatement, all bool) (out []MemberState) {
	named := map[Hash]bool{}
	for _, x := range s.changes {
		named[x.Root] = true
		if _, was := c.Member(x.Root); x.Role != Removed && (all || !was) {
			out = append(out, x)
		}
	}
	if all {
		for _, m := range c.Members() {
			if !named[m.Root] {
				out = append(out, m)
			}
		}
	}
	return out
}

// Box seals a generation that is held for a member, to the account key that
// the conversation knows of: for somebody whose box was lost.
func (c *Conversation) Box(keys ConversationKeys, member *Account) ([]byte, error) {
	g := c.Generation()
	secret, ok := keys[g]
	m, is := c.Member(member.root)
	switch {
	case !ok:
		return nil, fmt.Errorf("seal: box: %w", ErrNoKey)
	case !is:
		return nil, fmt.Errorf("seal: box: %w", ErrNotMember)
	}
	return c.box(g, secret, m, member)
}

// BoxesSince makes the boxes that go along with the statements after before, a
// chain that c goes on from, for a relay that has lost them: for all members where
// a generation began, else for those who were added.
func (c *Conversation) BoxesSince(before *Conversation, keys ConversationKeys, accounts Accounts) (Boxes, error) {
	var all Boxes
	for _, m := range c.Members() {
		if _, was := before.Member(m.Root); was && c.Generation() == before.Generation() {
			continue
		}
		a, err := accounts.get(m.Root)
		if err != nil {
			return nil, fmt.Errorf("seal: box: %w", err)
		}
		box, err := c.Box(keys, a)
		if err != nil {
			return nil, err
		}
		all = append(all, box)
	}
	return all, nil
}

func (c *Conversation) box(g uint64, secret Secret, m MemberState, a *Account) ([]byte, error) {
	generation, public := a.keyAt(m.Head.Seq)
	if generation == 0 {
		return nil, fmt.Errorf("seal: box: %w", &BehindError{Account: a.ID(), Need: m.Head})
	}
	header := (&MemberBox{Conversation: c.id, Generation: g, Member: m.Root, AccountGeneration: generation}).header()
	sealed, err := public.seal(join("satchel.v1 member box", header), secret[:])
	return append(header, sealed...), err
}
