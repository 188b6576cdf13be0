package seal

import (
	"crypto/ed25519"

	"satchel/chat"
)

// DeviceKind says what a device may do.
type DeviceKind byte

const (
	Computer DeviceKind = 1 // everything
	Recovery DeviceKind = 2 // a recovery file: statements of its account only
)

func (k DeviceKind) valid() bool { return k == Computer || k == Recovery }

// Device holds the private keys of one installation, or of a recovery file.
type Device struct {
	kind    DeviceKind
	sign    ed25519.PrivateKey
	private Secret
	public  DevicePublic
}

// DevicePublic is what everybody may know of a device.
type DevicePublic struct {
	Kind DeviceKind
	Key  Key       // signs
	HPKE PublicKey // account keys are sealed to it
}

// NewDevice makes the keys of a device.
func NewDevice(kind DeviceKind) *Device { return deviceOf(kind, newSecret(), newSecret()) }

func deviceOf(kind DeviceKind, seed, private Secret) *Device {
	d := &Device{kind: kind, sign: ed25519.NewKeyFromSeed(seed[:]), private: private}
	d.public = DevicePublic{Kind: kind, HPKE: publicOf(private)}
	copy(d.public.Key[:], d.sign.Public().(ed25519.PublicKey))
	return d
}

// Public returns the public half.
func (d *Device) Public() DevicePublic { return d.public }

// ID is the device's name in tables and frames.
func (d *Device) ID() chat.DeviceID { return DeviceName(d.public.Key) }

// Sign signs another protocol's text, such as net/wire's hello, whose context
// keeps it apart from everything that this package signs.
func (d *Device) Sign(text []byte) []byte { return ed25519.Sign(d.sign, text) }

func (d *Device) signature(text []byte) (s Signature) {
	copy(s[:], ed25519.Sign(d.sign, text))
	return s
}

// Marshal writes the private keys. Whoever holds these bytes is the device.
func (d *Device) Marshal() []byte {
	w := newWriter(typeDeviceSecret)
	w.u8(byte(d.kind))
	w.raw(d.sign.Seed())
	w.raw(d.private[:])
	return w.b
}

// ParseDevice reads what Marshal wrote.
func ParseDevice(b []byte) (*Device, error) {
	r, _ := newReader(b, 128, typeDeviceSecret)
	kind := DeviceKind(r.u8())
	seed, private := r.secret(), r.secret()
	r.refuse(!kind.valid())
	if err := r.done("device"); err != nil {
		return nil, err
	}
	return deviceOf(kind, seed, private), nil
}

func (p *DevicePublic) write(w *writer) {
	w.u8(byte(p.Kind))
	w.key(p.Key)
	w.raw(p.HPKE[:])
}

func readDevicePublic(r *reader) (p DevicePublic) {
	p.Kind, p.Key = DeviceKind(r.u8()), r.key()
	copy(p.HPKE[:], r.raw(publicSize))
	r.refuse(!p.Kind.valid())
	return p
}

func (p *DevicePublic) bytes() []byte {
	w := &writer{}
	p.write(w)
	return w.b
}

// Proof is the device's agreement to belong to the account: nobody can put
// another's device into their own chain.
func (d *Device) Proof(root Hash) Signature { return d.signature(proofText(root, &d.public)) }

func proofText(root Hash, p *DevicePublic) []byte {
	return join("satchel.v1 device proof", root[:], p.bytes())
}
