package seal

import (
	"fmt"

	"satchel/chat"
)

// AccountKeys are an account's private keys by generation. They are secrets:
// kept as the device's own keys are.
type AccountKeys map[uint64]Secret

// ConversationKeys are a conversation's keys by generation.
type ConversationKeys map[uint64]Secret

// DeviceBox is an account key that is sealed to one of the account's devices.
type DeviceBox struct {
	Root       Hash
	Generation uint64
	Device     Key
	sealed     []byte
}

func (x *DeviceBox) header() []byte {
	w := newWriter(typeDeviceBox)
	w.hash(x.Root)
	w.u64(x.Generation)
	w.key(x.Device)
	return w.b
}

// Marshal writes the box.
func (x *DeviceBox) Marshal() []byte { return append(x.header(), x.sealed...) }

// ParseDeviceBox reads a box, without opening it.
func ParseDeviceBox(b []byte) (*DeviceBox, error) {
	r, _ := newReader(b, 2<<10, typeDeviceBox)
	x := &DeviceBox{Root: r.hash(), Generation: r.u64(), Device: r.key(), sealed: r.raw(boxSize)}
	return x, r.done("box")
}

// OpenAccountKeys opens the newest box that is for this device, and from there
// all older generations by their links. Boxes for others are passed over. What
// opens is the right key: the chain says which public keys belong to it.
func OpenAccountKeys(a *Account, d *Device, boxes Boxes) (AccountKeys, error) {
	var best *DeviceBox
	for _, b := range boxes {
		x, err := ParseDeviceBox(b)
		if err != nil {
			return nil, err
		}
		if x.Root == a.root && x.Device == d.public.Key && x.Generation <= a.Generation() && x.Generation > 0 &&
			(best == nil || x.Generation > best.Generation) {
			best = x
		}
	}
	if best == nil {
		return nil, fmt.Errorf("seal: account keys: %w", ErrNoKey)
	}
	secret, err := openBox(d.private, join("satchel.v1 device box", best.header()), best.sealed)
	if err != nil {
		return nil, fmt.Errorf("seal: account keys: %w", err)
	}
	return a.Unroll(best.Generation, secret)
}

// Unroll checks a private key against the chain and opens all older ones.
func (a *Account) Unroll(generation uint64, secret Secret) (AccountKeys, error) {
	if generation == 0 || generation > a.Generation() {
		return nil, fmt.Errorf("seal: account keys: %w", ErrGeneration)
	}
	keys := AccountKeys{}
	for g := generation; ; g-- {
		known := &a.generations[g-1]
		if publicOf(secret) != known.public {
			return nil, fmt.Errorf("seal: account keys, generation %d: %w", g, ErrWrongKey)
		}
		keys[g] = secret
		if g == 1 {
			return keys, nil
		}
		old, err := openOnce(a.linkKey(secret, g), known.link, nil)
		if err != nil {
			return nil, fmt.Errorf("seal: account keys, generation %d: %w", g, err)
		}
		copy(secret[:], old)
	}
}

// MemberBox is a conversation's key that is sealed to a member's account key.
type MemberBox struct {
	Conversation      chat.ConversationID
	Generation        uint64
	Member            Hash
	AccountGeneration uint64
	sealed            []byte
}

func (x *MemberBox) header() []byte {
	w := newWriter(typeMemberBox)
	w.name(string(x.Conversation))
	w.u64(x.Generation)
	w.hash(x.Member)
	w.u64(x.AccountGeneration)
	return w.b
}

// Marshal writes the box.
func (x *MemberBox) Marshal() []byte { return append(x.header(), x.sealed...) }

// ParseMemberBox reads a box, without opening it.
func ParseMemberBox(b []byte) (*MemberBox, error) {
	r, _ := newReader(b, 2<<10, typeMemberBox)
	x := &MemberBox{Conversation: chat.ConversationID(r.name()), Generation: r.u64(), Member: r.hash(), AccountGeneration: r.u64(),
		sealed: r.raw(boxSize)}
	return x, r.done("box")
}

// Open adds to keys what the box gives: its generation, and the older ones by
// their links as far as they go. The commitment in the chain says whether it
// is the right key (ErrWrongKey). keys may hold some already; a box of a
// generation that it holds is not opened again.
func (c *Conversation) Open(keys ConversationKeys, me Hash, mine AccountKeys, box []byte) error {
	x, err := ParseMemberBox(box)
	if err != nil {
		return err
	}
	if x.Conversation != c.id || x.Member != me {
		return fmt.Errorf("seal: box: %w", ErrIdentity)
	}
	if x.Generation == 0 || x.Generation > c.Generation() {
		return fmt.Errorf("seal: box: %w", ErrGeneration)
	}
	if _, ok := keys[x.Generation]; ok {
		return nil
	}
	private, ok := mine[x.AccountGeneration]
	if !ok {
		return fmt.Errorf("seal: box: %w", ErrNoKey)
	}
	secret, err := openBox(private, join("satchel.v1 member box", x.header()), x.sealed)
	if err != nil {
		return fmt.Errorf("seal: box: %w", err)
	}
	return c.unroll(keys, x.Generation, secret)
}

// unroll checks a key and follows the links down to a barrier or to what is
// known. Whoever made a link may have put nothing useful in it: then the older
// generations stay closed, and that is no reason to refuse this one.
func (c *Conversation) unroll(keys ConversationKeys, g uint64, secret Secret) error {
	if c.commitment(g, secret) != c.generations[g-1].commitment {
		return fmt.Errorf("seal: conversation %s, key %d: %w", c.id, g, ErrWrongKey)
	}
	keys[g] = secret
	for ; g > 1 && c.generations[g-1].link != nil; g-- {
		old, err := openOnce(c.linkKey(secret, g), c.generations[g-1].link, nil)
		if err != nil {
			return nil
		}
		copy(secret[:], old)
		if _, ok := keys[g-1]; ok || c.commitment(g-1, secret) != c.generations[g-2].commitment {
			return nil
		}
		keys[g-1] = secret
	}
	return nil
}

func (c *Conversation) commitment(g uint64, secret Secret) Hash {
	return hashOf("satchel.v1 conversation key", []byte(c.id), number(g), secret[:])
}

func (c *Conversation) linkKey(secret Secret, g uint64) Secret {
	return expand(secret, join("satchel.v1 conversation link", []byte(c.id), number(g)))
}
