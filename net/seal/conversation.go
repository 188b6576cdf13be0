package seal

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"satchel/chat"
)

// Kind says who takes part in a conversation.
type Kind byte

const (
	Self   Kind = 1
	Direct Kind = 2
	Group  Kind = 3
)

// Role is what a member may do; see docs/security.md, "Conversations".
type Role byte

const (
	Removed Role = 0
	Member  Role = 1
	Admin   Role = 2
	Owner   Role = 3
)

// Accounts are the checked chains of accounts by root. A conversation can be
// checked when those of its members are there.
type Accounts map[Hash]*Account

// get finds an account; ErrUnknown when it is not there.
func (all Accounts) get(root Hash) (*Account, error) {
	if a := all[root]; a != nil {
		return a, nil
	}
	return nil, fmt.Errorf("%w: %s", ErrUnknown, AccountName(root))
}

// MemberState is a member of a conversation, and how much of their account's
// chain the conversation knows.
type MemberState struct {
	Root Hash
	Role Role
	Head Head
}

// Conversation is what a checked chain says: members, roles, generations, now
// and at every statement before.
type Conversation struct {
	id          chat.ConversationID
	kind        Kind
	hashes      []Hash
	members     map[Hash][]memberEvent // ascending by seq; the last one is now
	generations []generation
	leaving     []uint64    // numbers of statements after which a new generation was due
	title       []byte      // sealed; nil when there never was one
	titleOf     uint64      // generation that it is sealed under
	rules       []ruleEvent // ascending by seq; the last one is now
	at          uint64
}

type ruleEvent struct {
	seq   uint64
	rules Rules
}

type memberEvent struct {
	seq  uint64
	role Role
	head Head
}

type generation struct {
	commitment Hash
	link       []byte // nil: a barrier
	seq        uint64 // statement that brought it
	at         uint64
}

type conversationStatement struct {
	first      bool
	id         chat.ConversationID
	seq        uint64
	prev       Hash
	at         uint64
	signer     Hash
	device     Key
	head       Head // of the signer's account
	kind       Kind
	salt       Hash
	changes    []MemberState
	title      []byte
	flag       byte // flagNone, flagBarrier, flagLinked
	number     uint64
	commitment Hash
	link       []byte
	rules      *Rules // nil: as they are
	sig        Signature
}

const (
	flagNone    = 0
	flagBarrier = 1
	flagLinked  = 2
	flagRules   = 16 // beside one of the others: rules follow
)

const sealedTitleSize = 2 + MaxTitle + synthetic

func (s *conversationStatement) unsigned() []byte {
	kind := byte(typeNextConversation)
	if s.first {
		kind = typeFirstConversation
	}
	w := newWriter(kind)
	w.name(string(s.id))
	w.u64(s.seq)
	w.hash(s.prev)
	w.u64(s.at)
	w.hash(s.signer)
	w.key(s.device)
	w.head(s.head)
	if s.first {
		w.u8(byte(s.kind))
		w.hash(s.salt)
	}
	w.u16(uint16(len(s.changes)))
	for _, c := range s.changes {
		w.hash(c.Root)
		w.u8(byte(c.Role))
		if c.Role != Removed {
			w.head(c.Head)
		}
	}
	w.v16(s.title)
	flag := s.flag
	if s.rules != nil {
		flag |= flagRules
	}
	w.u8(flag)
	if s.flag != flagNone {
		w.u64(s.number)
		w.hash(s.commitment)
		w.raw(s.link)
	}
	if s.rules != nil {
		w.u8(s.rules.bits())
	}
	return w.b
}

func (s *conversationStatement) marshal() []byte { return append(s.unsigned(), s.sig[:]...) }

func (s *conversationStatement) signText() []byte {
	return join("satchel.v1 sign conversation", s.unsigned())
}

func parseConversationStatement(b []byte) (*conversationStatement, error) {
	r, kind := newReader(b, MaxConversationStatement, typeFirstConversation, typeNextConversation)
	s := &conversationStatement{first: kind == typeFirstConversation, id: chat.ConversationID(r.name()), seq: r.u64(), prev: r.hash(),
		at: r.u64(), signer: r.hash(), device: r.key(), head: r.head()}
	if s.first {
		s.kind, s.salt = Kind(r.u8()), r.hash()
		r.refuse(s.kind < Self || s.kind > Group)
	}
	count := int(r.u16())
	if count > 2*MaxMembers {
		r.failWith(ErrLimit)
	}
	for i := 0; i < count && r.fail == nil; i++ {
		c := MemberState{Root: r.hash(), Role: Role(r.u8())}
		r.refuse(c.Role > Owner)
		if c.Role != Removed {
			c.Head = r.head()
		}
		r.refuse(i > 0 && bytes.Compare(s.changes[i-1].Root[:], c.Root[:]) >= 0)
		s.changes = append(s.changes, c)
	}
	s.title = slices.Clone(r.v16(sealedTitleSize))
	r.refuse(len(s.title) != 0 && len(s.title) != sealedTitleSize)
	flag := r.u8()
	s.flag = flag &^ flagRules
	r.refuse(s.flag > flagLinked)
	if s.flag != flagNone {
		s.number, s.commitment = r.u64(), r.hash()
		if s.flag == flagLinked {
			s.link = slices.Clone(r.raw(linkSize))
		}
	}
	if flag&flagRules != 0 {
		rules, ok := rulesOf(r.u8())
		r.refuse(!ok)
		s.rules = &rules
	}
	s.sig = r.sig()
	return s, r.done("conversation statement")
}

func conversationStatementHash(b []byte) Hash {
	return hashOf("satchel.v1 conversation statement", b)
}

// VerifyConversation checks a whole chain against the name under which it was
// delivered, and the chains of the accounts that it speaks of.
func VerifyConversation(id chat.ConversationID, statements [][]byte, accounts Accounts) (*Conversation, error) {
	c := NewConversation(id)
	for _, b := range statements {
		if err := c.Append(b, accounts); err != nil {
			return nil, err
		}
	}
	if len(c.hashes) == 0 {
		return nil, fmt.Errorf("seal: conversation %s: %w: the chain is empty", id, ErrSequence)
	}
	return c, nil
}

// NewConversation is a conversation of which no statement is known yet.
func NewConversation(id chat.ConversationID) *Conversation {
	return &Conversation{id: id, members: map[Hash][]memberEvent{}}
}

// Clone is a copy that may be appended to while others read the first one.
func (c *Conversation) Clone() *Conversation {
	out := *c
	out.members = maps.Clone(c.members)
	out.hashes, out.generations, out.leaving = slices.Clip(c.hashes), slices.Clip(c.generations), slices.Clip(c.leaving)
	out.rules = slices.Clip(c.rules)
	return &out
}

// Need is a part of an account's chain.
type Need struct {
	Root Hash
	Head Head // zero: any part of it
}

// StatementNeeds tells which accounts' chains have to be known, and up to
// where, before a statement of a conversation can be checked.
func StatementNeeds(statement []byte) (needs []Need, err error) {
	s, err := parseConversationStatement(statement)
	if err != nil {
		return nil, err
	}
	needs = append(needs, Need{s.signer, s.head})
	for _, c := range s.changes {
		needs = append(needs, Need{c.Root, c.Head})
	}
	return needs, nil
}

// Append checks the next statement and takes it in; after an error the
// conversation is as it was. See Account.Append.
func (c *Conversation) Append(b []byte, accounts Accounts) error {
	s, err := parseConversationStatement(b)
	if err != nil {
		return err
	}
	hash := conversationStatementHash(b)
	wrap := func(err error) error {
		return fmt.Errorf("seal: conversation %s, statement %d: %w", c.id, s.seq, err)
	}
	if s.id != c.id {
		return wrap(ErrIdentity)
	}
	if err := place(c.hashes, s.seq, s.prev, hash, MaxConversationChain); err != nil {
		return wrap(err)
	}
	after, err := c.check(s, accounts)
	if err != nil {
		return wrap(err)
	}
	c.take(s, hash, after)
	return nil
}

// take makes a checked statement true; after are the members that differ.
func (c *Conversation) take(s *conversationStatement, hash Hash, after map[Hash]memberEvent) {
	if s.first {
		c.kind = s.kind
	}
	c.hashes = append(c.hashes, hash)
	c.at = s.at
	for root, e := range after {
		c.members[root] = append(slices.Clip(c.members[root]), e) // a clone shares what is there
	}
	if s.flag != flagNone {
		c.generations = append(c.generations, generation{s.commitment, s.link, s.seq, s.at})
	}
	if len(s.title) > 0 {
		c.title, c.titleOf = s.title, c.Generation()
	}
	if s.rules != nil {
		c.rules = append(c.rules, ruleEvent{s.seq, *s.rules})
	}
	if e, ok := after[s.signer]; ok && e.role == Removed {
		c.leaving = append(c.leaving, s.seq)
	}
}

// StatementSince tells what happened to the signer of a statement since it was
// signed. A removed device that works together with the relay can still sign as
// of before its removal, until this chain knows of it: a statement that is new
// here and comes from such a device deserves a warning, and MustRotate is true.
func StatementSince(statement []byte, accounts Accounts) (Since, error) {
	s, err := parseConversationStatement(statement)
	if err != nil {
		return 0, err
	}
	a, err := accounts.get(s.signer)
	if err != nil {
		return 0, fmt.Errorf("seal: conversation statement: %w", err)
	}
	if d := a.Device(s.device); d == nil || d.Removed != 0 {
		return SinceDeviceRemoved, nil
	}
	return SinceNothing, nil
}

// ID is the conversation's name.
func (c *Conversation) ID() chat.ConversationID { return c.id }

// Kind says who takes part.
func (c *Conversation) Kind() Kind { return c.kind }

// Head is the newest statement.
func (c *Conversation) Head() Head {
	n := len(c.hashes)
	if n == 0 {
		return Head{}
	}
	return Head{uint64(n), c.hashes[n-1]}
}

// Contains tells whether the head is in this chain: nil, ErrFork, or a
// BehindError when it is newer than the chain.
func (c *Conversation) Contains(h Head) error {
	switch {
	case h.Seq == 0:
		return ErrSequence
	case h.Seq > uint64(len(c.hashes)):
		return &BehindError{Conversation: c.id, Need: h}
	case c.hashes[h.Seq-1] != h.Hash:
		return ErrFork
	}
	return nil
}

// Check holds a chain that was delivered against the head that was seen before.
func (c *Conversation) Check(seen Head) error { return checkSeen(c.hashes, seen) }

// Members are those who take part now, ascending by root.
func (c *Conversation) Members() (all []MemberState) {
	for root, events := range c.members {
		if e := events[len(events)-1]; e.role != Removed {
			all = append(all, MemberState{root, e.role, e.head})
		}
	}
	slices.SortFunc(all, func(a, b MemberState) int { return bytes.Compare(a.Root[:], b.Root[:]) })
	return all
}

// Member is somebody's state now; false when they do not take part.
func (c *Conversation) Member(root Hash) (MemberState, bool) {
	return c.memberAt(root, uint64(len(c.hashes)))
}

func (c *Conversation) memberAt(root Hash, seq uint64) (MemberState, bool) {
	events := c.members[root]
	for i := len(events) - 1; i >= 0; i-- {
		if e := events[i]; e.seq <= seq {
			return MemberState{root, e.role, e.head}, e.role != Removed
		}
	}
	return MemberState{}, false
}

// Generation is the number of the newest key.
func (c *Conversation) Generation() uint64 { return uint64(len(c.generations)) }

func (c *Conversation) generationAt(seq uint64) uint64 {
	for i := len(c.generations) - 1; i >= 0; i-- {
		if c.generations[i].seq <= seq {
			return uint64(i + 1)
		}
	}
	return 0
}

// Linked tells whether generation g leads back to the one before.
func (c *Conversation) Linked(g uint64) bool {
	return 1 < g && g <= c.Generation() && c.generations[g-1].link != nil
}

// RotateEvery is how long a generation is used at most.
const RotateEvery = 30 * 24 * time.Hour

// MustRotate tells why a new generation is due before anything more is sealed:
// somebody left, one of a member's devices was removed, or the key is old. To
// be asked when a chain changed and once a day, not for every message.
func (c *Conversation) MustRotate(accounts Accounts, now time.Time) bool {
	if c.isLeaving(uint64(len(c.hashes))) {
		return true
	}
	if n := len(c.generations); n > 0 && now.Sub(time.UnixMilli(int64(c.generations[n-1].at))) > RotateEvery {
		return true
	}
	for _, m := range c.Members() {
		if a := accounts[m.Root]; a != nil && a.removedBetween(m.Head.Seq, a.Head().Seq) {
			return true
		}
	}
	return false
}

func (c *Conversation) isLeaving(seq uint64) bool { return slices.Contains(c.leaving, seq) }

func (c *Conversation) titleAD(g uint64) []byte { return join(string(c.id), number(g)) }

// Title opens the group's title; "" when it has none. ErrNoKey when its
// generation is not among the keys.
func (c *Conversation) Title(keys ConversationKeys) (string, error) {
	if c.title == nil {
		return "", nil
	}
	secret, ok := keys[c.titleOf]
	if !ok {
		return "", fmt.Errorf("seal: title of %s: %w", c.id, ErrNoKey)
	}
	plain, err := openSynthetic(secret, "satchel.v1 title", c.titleAD(c.titleOf), c.title)
	if err != nil {
		return "", fmt.Errorf("seal: title of %s: %w", c.id, err)
	}
	return unfill(plain, MaxTitle)
}
