package seal

import (
	"bytes"
	"fmt"
	"time"
)

// labelSize is what every device's name is filled up to.
const labelSize = 2 + MaxLabel

// Boxes are the keys of one generation, one for each that it is sealed to.
// They are delivered beside the chain; the order says nothing.
type Boxes [][]byte

// NewAccount makes an account with its first device. Nothing is remembered by
// the package: the caller keeps all three, the device's secret first.
func NewAccount(device *Device, label string, at time.Time) (*Account, []byte, Boxes, error) {
	secret := newSecret()
	sealed, err := sealLabel(secret, Hash{}, device.public.Key, label)
	if err != nil {
		return nil, nil, nil, err
	}
	s := &accountStatement{kind: typeFirstDevice, seq: 1, at: millis(at), signer: device.public.Key, device: device.public,
		label: sealed, key: accountKey{generation: 1, public: publicOf(secret)}}
	a := &Account{}
	b, err := a.sign(s, device)
	if err != nil {
		return nil, nil, nil, err
	}
	boxes, err := a.boxes(secret)
	return a, b, boxes, err
}

// AddDevice writes the statement that adds a device, signed by signer, and the
// box that gives it the account's keys. The account is not changed: Append the
// statement once the relay has stored it.
func (a *Account) AddDevice(signer *Device, keys AccountKeys, device DevicePublic, proof Signature, label string, at time.Time) ([]byte, Boxes, error) {
	secret, ok := keys[a.Generation()]
	if !ok {
		return nil, nil, fmt.Errorf("seal: add device: %w", ErrNoKey)
	}
	sealed, err := sealLabel(secret, a.root, device.Key, label)
	if err != nil {
		return nil, nil, err
	}
	s := a.next(typeAddDevice, signer, at)
	s.device, s.label, s.proof = device, sealed, proof
	next := a.Clone()
	b, err := next.sign(s, signer)
	if err != nil {
		return nil, nil, err
	}
	box, err := next.box(secret, &device)
	return b, Boxes{box}, err
}

// RemoveDevice writes the statement that removes a device, with the new
// account key that has to come with it, and the boxes for those that remain.
func (a *Account) RemoveDevice(signer *Device, keys AccountKeys, device Key, at time.Time) ([]byte, Boxes, error) {
	s := a.next(typeRemoveDevice, signer, at)
	s.remove = device
	return a.rotate(s, signer, keys)
}

// NewKey writes the statement that brings a new account key.
func (a *Account) NewKey(signer *Device, keys AccountKeys, at time.Time) ([]byte, Boxes, error) {
	return a.rotate(a.next(typeNewKey, signer, at), signer, keys)
}

func (a *Account) rotate(s *accountStatement, signer *Device, keys AccountKeys) ([]byte, Boxes, error) {
	old, ok := keys[a.Generation()]
	if !ok {
		return nil, nil, fmt.Errorf("seal: new account key: %w", ErrNoKey)
	}
	secret := newSecret()
	generation := a.Generation() + 1
	s.key = accountKey{generation, publicOf(secret), sealOnce(a.linkKey(secret, generation), old[:], nil)}
	next := a.Clone()
	b, err := next.sign(s, signer)
	if err != nil {
		return nil, nil, err
	}
	boxes, err := next.boxes(secret)
	return b, boxes, err
}

func (a *Account) next(kind byte, signer *Device, at time.Time) *accountStatement {
	h := a.Head()
	return &accountStatement{kind: kind, seq: h.Seq + 1, prev: h.Hash, at: millis(at), signer: signer.public.Key}
}

// sign completes a statement and appends it under the same rules as anybody's.
func (a *Account) sign(s *accountStatement, signer *Device) ([]byte, error) {
	s.sig = signer.signature(s.signText())
	b := s.marshal()
	return b, a.Append(b)
}

// Clone is a copy that may be appended to while others read the first one.
func (a *Account) Clone() *Account {
	c := *a
	c.hashes = grown(a.hashes)
	c.devices = grown(a.devices)
	c.generations = grown(a.generations)
	c.removals = grown(a.removals)
	return &c
}

// grown copies with room for one more.
func grown[T any](s []T) []T { return append(make([]T, 0, len(s)+1), s...) }

// Boxes seals the newest account key, which keys must hold, to every active device:
// for a relay that has lost the boxes that were made with it.
func (a *Account) Boxes(keys AccountKeys) (Boxes, error) {
	secret, ok := keys[a.Generation()]
	if !ok {
		return nil, fmt.Errorf("seal: boxes: %w", ErrNoKey)
	}
	return a.boxes(secret)
}

// boxes seals the newest account key to every active device.
func (a *Account) boxes(secret Secret) (Boxes, error) {
	var all Boxes
	for _, d := range a.Active() {
		b, err := a.box(secret, &d.DevicePublic)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

func (a *Account) box(secret Secret, d *DevicePublic) ([]byte, error) {
	header := (&DeviceBox{Root: a.root, Generation: a.Generation(), Device: d.Key}).header()
	sealed, err := d.HPKE.seal(join("satchel.v1 device box", header), secret[:])
	return append(header, sealed...), err
}

func (a *Account) linkKey(secret Secret, generation uint64) Secret {
	return expand(secret, join("satchel.v1 account link", a.root[:], number(generation)))
}

func labelAD(root Hash, key Key) []byte { return append(root[:], key[:]...) }

func sealLabel(secret Secret, root Hash, key Key, label string) ([]byte, error) {
	plain, err := fill(label, MaxLabel)
	if err != nil {
		return nil, fmt.Errorf("seal: name of the device: %w", err)
	}
	return sealSynthetic(secret, "satchel.v1 label", labelAD(root, key), plain), nil
}

// Label is the device's name; "" when it can't be told.
func (a *Account) Label(d *AccountDevice, keys AccountKeys) string {
	secret, ok := keys[d.labeled]
	if !ok {
		return ""
	}
	root := a.root
	if d.Added == 1 {
		root = Hash{}
	}
	plain, err := openSynthetic(secret, "satchel.v1 label", labelAD(root, d.Key), d.Label)
	if err != nil {
		return ""
	}
	label, err := unfill(plain, MaxLabel)
	if err != nil {
		return ""
	}
	return label
}

// fill writes a text's length, the text and zeros: one size for all texts.
func fill(text string, limit int) ([]byte, error) {
	if len(text) > limit {
		return nil, ErrLimit
	}
	w := &writer{b: make([]byte, 0, 2+limit)}
	w.v16([]byte(text))
	return append(w.b, make([]byte, limit-len(text))...), nil
}

func unfill(b []byte, limit int) (string, error) {
	r := &reader{b: b}
	text := r.v16(limit)
	rest := r.raw(limit - len(text))
	r.refuse(!bytes.Equal(rest, make([]byte, len(rest))))
	return string(text), r.done("text")
}

func millis(t time.Time) uint64 { return uint64(max(0, t.UnixMilli())) }
