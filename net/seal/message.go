package seal

import (
	"bytes"
	"fmt"
	"math/bits"

	"satchel/chat"
)

// letterSize is what a letter has besides its content.
const letterSize = 2 + 2*(8+32) + 8 + 64 + 4

// messageSize is what a message has besides its padded letter.
const messageSize = 2 + 8 + synthetic

// minLetter is the smallest padded letter: short texts look alike.
const minLetter = 512

// padded is the length that a letter of n bytes is filled up to: Padmé, which
// keeps the exponent of n and as many bits behind it as the exponent has: at
// most 12 % more, and few lengths.
func padded(n int) int {
	if n <= minLetter {
		return minLetter
	}
	e := bits.Len(uint(n)) - 1
	s := bits.Len(uint(e))
	mask := 1<<(e-s) - 1
	return (n + mask) &^ mask
}

// letter is what is inside a message, beside its content.
type letter struct {
	conversation Head
	account      Head
	count        uint64
	sig          Signature
	content      []byte
}

// signed is the part that the signature covers along with ad and content.
func (l *letter) signed() *writer {
	w := newWriter(typeLetter)
	w.head(l.conversation)
	w.head(l.account)
	w.u64(l.count)
	return w
}

func (l *letter) signText(ad []byte) []byte {
	return join("satchel.v1 sign message", ad, l.signed().b, l.content)
}

func (l *letter) marshal() []byte {
	w := l.signed()
	w.raw(l.sig[:])
	w.v32(l.content)
	return append(w.b, make([]byte, padded(len(w.b))-len(w.b))...)
}

func parseLetter(b []byte) (*letter, error) {
	r, _ := newReader(b, MaxBody, typeLetter)
	l := &letter{conversation: r.head(), account: r.head(), count: r.u64(), sig: r.sig()}
	l.content = r.bounded(int(r.u32()), MaxContent)
	r.refuse(len(b) != padded(r.off) || l.count == 0)
	rest := r.raw(len(b) - r.off)
	r.refuse(!bytes.Equal(rest, make([]byte, len(rest))))
	return l, r.done("letter")
}

// message is a parsed, still sealed message.
type message struct {
	generation uint64
	sealed     []byte
}

func (m *message) marshal() []byte {
	w := newWriter(typeMessage)
	w.u64(m.generation)
	w.raw(m.sealed)
	return w.b
}

func parseMessage(b []byte) (*message, error) {
	r, _ := newReader(b, MaxBody, typeMessage)
	m := &message{generation: r.u64()}
	m.sealed = r.raw(len(b) - r.off)
	r.refuse(len(m.sealed) < synthetic+minLetter || m.generation == 0)
	return m, r.done("message")
}

// MessageGeneration tells which of a conversation's keys a message needs.
func MessageGeneration(body []byte) (uint64, error) {
	m, err := parseMessage(body)
	if err != nil {
		return 0, err
	}
	return m.generation, nil
}

func messageAD(c chat.ConversationID, id chat.MessageID, sender Hash, device Key, generation uint64) []byte {
	return join("satchel.v1 message", []byte(c), []byte(id), sender[:], device[:], number(generation))
}

// Seal makes the body of a message under the conversation's newest generation.
// count is 1, 2, 3 … of this device in this conversation (see Counts). The same
// arguments give the same bytes. To be called when the message goes out, not
// when it is written: what it says of the chains is what the sender knows then.
func (c *Conversation) Seal(by Author, keys ConversationKeys, id chat.MessageID, count uint64, content []byte) ([]byte, error) {
	return c.seal(by, keys, id, count, content, false)
}

func (c *Conversation) seal(by Author, keys ConversationKeys, id chat.MessageID, count uint64, content []byte, beside bool) ([]byte, error) {
	wrap := func(err error) error { return fmt.Errorf("seal: message: %w", err) }
	g := c.Generation()
	secret, ok := keys[g]
	member, is := c.Member(by.Account.root)
	d := by.Account.Device(by.Device.public.Key)
	switch {
	case len(content) > MaxContent || len(id) > MaxMessageID:
		return nil, wrap(ErrLimit)
	case len(id) == 0 || count == 0:
		return nil, wrap(ErrEncoding)
	case !is:
		return nil, wrap(ErrNotMember)
	case !beside && !c.Rules().writes(member.Role):
		return nil, wrap(ErrNotAllowed)
	case d == nil || d.Removed != 0:
		return nil, wrap(ErrDevice)
	case d.Kind != Computer:
		return nil, wrap(ErrDeviceKind)
	case c.isLeaving(c.Head().Seq) || by.Account.removedBetween(member.Head.Seq, by.Account.Head().Seq):
		return nil, wrap(ErrMustRotate)
	case !ok:
		return nil, wrap(ErrNoKey)
	}
	ad := messageAD(c.id, id, by.Account.root, by.Device.public.Key, g)
	l := &letter{conversation: c.Head(), account: by.Account.Head(), count: count, content: content}
	l.sig = by.Device.signature(l.signText(ad))
	m := &message{g, sealSynthetic(secret, "satchel.v1 message", ad, l.marshal())}
	return m.marshal(), nil
}

// Envelope is what the relay says of a message. If it lies, nothing opens.
type Envelope struct {
	Message chat.MessageID
	From    Hash // the root of the account that is said to have sent it
	Device  chat.DeviceID
}

// Since says what happened to a sender after a valid message was sealed.
type Since byte

const (
	SinceNothing       Since = iota
	SinceDeviceRemoved       // the device was removed from its account
	SinceNotMember           // the account is no longer in the conversation
)

// Opened is a message that was checked in full.
type Opened struct {
	Content      []byte
	Device       Key
	Generation   uint64
	Count        uint64 // of this device in this conversation: see Counts
	Conversation Head   // what the sender knew of the conversation
	Account      Head   // what the sender knew of its own account
	Role         Role   // what the sender was in the conversation, as far as it knew
	Since        Since  // history needs such messages; a new one deserves a warning
}

// OpenMessage opens a body and checks it against the chains. A BehindError
// says which chain has to be fetched before it can be judged; ErrFork, that
// the sender has another chain than this one.
func (c *Conversation) OpenMessage(keys ConversationKeys, accounts Accounts, e Envelope, body []byte) (*Opened, error) {
	o, err := c.openMessage(keys, accounts, e, body, false)
	if err != nil {
		return nil, fmt.Errorf("seal: message %s: %w", e.Message, err)
	}
	return o, nil
}

func (c *Conversation) openMessage(keys ConversationKeys, accounts Accounts, e Envelope, body []byte, beside bool) (*Opened, error) {
	m, err := parseMessage(body)
	if err != nil {
		return nil, err
	}
	a, err := accounts.get(e.From)
	if err != nil {
		return nil, err
	}
	d := a.DeviceByID(e.Device)
	if d == nil {
		return nil, fmt.Errorf("%w: no device %s in it", ErrUnknown, e.Device)
	}
	secret, ok := keys[m.generation]
	if !ok {
		return nil, ErrNoKey
	}
	ad := messageAD(c.id, e.Message, e.From, d.Key, m.generation)
	plain, err := openSynthetic(secret, "satchel.v1 message", ad, m.sealed)
	if err != nil {
		return nil, err
	}
	l, err := parseLetter(plain)
	if err != nil {
		return nil, err
	}
	if err := verifySignature(d.Key, l.signText(ad), l.sig); err != nil {
		return nil, err
	}
	if err := c.judge(m, l, a, d, beside); err != nil {
		return nil, err
	}
	o := &Opened{Content: l.content, Device: d.Key, Generation: m.generation, Count: l.count, Conversation: l.conversation, Account: l.account}
	if then, is := c.memberAt(e.From, l.conversation.Seq); is {
		o.Role = then.Role
	}
	if _, is := c.Member(e.From); !is {
		o.Since = SinceNotMember
	} else if d.Removed != 0 {
		o.Since = SinceDeviceRemoved
	}
	return o, nil
}

// judge holds a letter against the chains; one from beside the log asks no right to write.
func (c *Conversation) judge(m *message, l *letter, a *Account, d *AccountDevice, beside bool) error {
	if err := c.Contains(l.conversation); err != nil {
		return fmt.Errorf("the conversation: %w", err)
	}
	seq := l.conversation.Seq
	if c.generationAt(seq) != m.generation {
		return ErrGeneration
	}
	if c.isLeaving(seq) {
		return ErrMustRotate
	}
	member, is := c.memberAt(a.root, seq)
	if !is {
		return ErrNotMember
	}
	if !beside && !c.rulesAt(seq).writes(member.Role) {
		return ErrNotAllowed
	}
	if err := a.Contains(l.account); err != nil {
		return fmt.Errorf("the sender's account: %w", err)
	}
	switch {
	case l.account.Seq < member.Head.Seq:
		return fmt.Errorf("%w: it speaks from before what is known of its account", ErrDevice)
	case a.removedBetween(member.Head.Seq, l.account.Seq):
		return ErrMustRotate // its own account dropped a device: it had to rotate first
	case !d.ActiveAt(l.account.Seq):
		return ErrDevice
	case d.Kind != Computer:
		return ErrDeviceKind
	}
	return nil
}
