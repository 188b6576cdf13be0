package seal

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"satchel/chat"
)

// LinkExpires is how long a code is good for, and linkAlphabet what it is
// written in: letters and digits that do not look alike.
const (
	LinkExpires  = 10 * time.Minute
	linkAlphabet = "abcdefghjkmnpqrstuvwxyz23456789"
	linkLength   = 10

	maxLinkMessage = 4 << 10 // bytes
)

// LinkCode finds the mailbox of one attempt to link a device. It keeps nobody
// out: the comparison of digits does.
type LinkCode string

// NewLinkCode returns 49 random bits.
func NewLinkCode() LinkCode {
	var out []byte
	for len(out) < linkLength {
		var b [32]byte
		rand.Read(b[:]) // never fails
		for _, x := range b {
			// 248 is 8 times 31: no letter is likelier than another.
			if x < 248 && len(out) < linkLength {
				out = append(out, linkAlphabet[int(x)%len(linkAlphabet)])
			}
		}
	}
	return LinkCode(out)
}

// String shows the code as a person reads it: abcde-fghjk.
func (c LinkCode) String() string {
	if len(c) != linkLength {
		return string(c)
	}
	return string(c[:linkLength/2] + "-" + c[linkLength/2:])
}

// ParseLinkCode reads what a person typed: case, spaces and dashes are no matter.
func ParseLinkCode(s string) (LinkCode, error) {
	s = strings.ToLower(strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(s)))
	if len(s) != linkLength || strings.Trim(s, linkAlphabet) != "" {
		return "", fmt.Errorf("seal: link: %w", ErrLinkCode)
	}
	return LinkCode(s), nil
}

// LinkQR is what a link or a QR code from the old device says beside the
// relay's address. The new device then also knows whom to expect.
type LinkQR struct {
	Code   LinkCode
	Root   Hash
	Device Key
}

// The four messages of linking; see docs/security.md, "Linking a device".
type linkCommit struct {
	code   LinkCode
	commit Hash
}

type linkOffer struct {
	code   LinkCode
	root   Hash
	head   Head
	device DevicePublic
	nonce  Hash
}

type linkReveal struct {
	code   LinkCode
	device DevicePublic
	nonce  Hash
}

type linkProof struct {
	code  LinkCode
	proof Signature
	label []byte // the new device's name, sealed to the old device
	sig   Signature
}

// labelCipher is how many bytes a device's name has when it is sealed to a device.
const labelCipher = encapsulated + labelSize + tagSize

func (m *linkCommit) marshal() []byte {
	w := newWriter(typeLinkCommit)
	w.v8([]byte(m.code))
	w.hash(m.commit)
	return w.b
}

func (m *linkOffer) marshal() []byte {
	w := newWriter(typeLinkOffer)
	w.v8([]byte(m.code))
	w.hash(m.root)
	w.head(m.head)
	m.device.write(w)
	w.hash(m.nonce)
	return w.b
}

func (m *linkReveal) marshal() []byte {
	w := newWriter(typeLinkReveal)
	w.v8([]byte(m.code))
	m.device.write(w)
	w.hash(m.nonce)
	return w.b
}

func (m *linkProof) marshal() []byte {
	w := newWriter(typeLinkProof)
	w.v8([]byte(m.code))
	w.raw(m.proof[:])
	w.raw(m.label)
	w.raw(m.sig[:])
	return w.b
}

func linkReader(b []byte, kind byte) (*reader, LinkCode) {
	r, _ := newReader(b, maxLinkMessage, kind)
	s := string(r.v8(linkLength))
	code, err := ParseLinkCode(s)
	r.refuse(err != nil || string(code) != s)
	return r, code
}

func parseLinkCommit(b []byte) (*linkCommit, error) {
	r, code := linkReader(b, typeLinkCommit)
	m := &linkCommit{code, r.hash()}
	return m, r.done("link: commit")
}

func parseLinkOffer(b []byte) (*linkOffer, error) {
	r, code := linkReader(b, typeLinkOffer)
	m := &linkOffer{code, r.hash(), r.head(), readDevicePublic(r), r.hash()}
	return m, r.done("link: offer")
}

func parseLinkReveal(b []byte) (*linkReveal, error) {
	r, code := linkReader(b, typeLinkReveal)
	m := &linkReveal{code, readDevicePublic(r), r.hash()}
	return m, r.done("link: reveal")
}

func parseLinkProof(b []byte) (*linkProof, error) {
	r, code := linkReader(b, typeLinkProof)
	m := &linkProof{code: code, proof: r.sig(), label: r.raw(labelCipher), sig: r.sig()}
	return m, r.done("link: proof")
}

func (m *linkReveal) commitment() Hash {
	return hashOf("satchel.v1 link commit", []byte(m.code), m.device.bytes(), m.nonce[:])
}

// linkDigits is what both screens show.
func linkDigits(commit, offer, reveal []byte) string {
	h := hashOf("satchel.v1 link digits", commit, offer, reveal)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint64(h[:8])%1_000_000)
}

// linkLabelInfo binds a sealed name to the attempt that was compared.
func linkLabelInfo(offer, reveal []byte) []byte {
	return join("satchel.v1 link label", offer, reveal)
}

// linkLabelText is what the new device signs, so that nobody else names it.
func linkLabelText(offer, reveal, sealed []byte) []byte {
	return join("satchel.v1 sign link label", offer, reveal, sealed)
}

// linkStep is how far a side of linking is. Every failure is for good: an
// attempt that failed once gives nobody a second guess.
type linkStep byte

const (
	linkBegun linkStep = iota
	linkWaits          // for the other's next message
	linkCompares
	linkConfirmed
	linkOver
)

// LinkNew is the new device's side. Its methods are called in this order:
// Commit, Offer, then, when the person says that the digits are equal, Confirm;
// then Finish with the chain that the relay has.
type LinkNew struct {
	code   LinkCode
	device *Device
	expect *LinkQR
	until  time.Time
	nonce  Hash
	step   linkStep
	offer  *linkOffer
	sent   []byte // commit
	heard  []byte // offer, as it came
}

// NewLinkNew begins on the new device. qr is nil when the code was typed.
func NewLinkNew(code LinkCode, device *Device, qr *LinkQR, now time.Time) *LinkNew {
	return &LinkNew{code: code, device: device, expect: qr, until: now.Add(LinkExpires), nonce: Hash(newSecret())}
}

func (l *LinkNew) due(step linkStep, now time.Time) error {
	if l.step != step || now.After(l.until) {
		l.step = linkOver
		return fmt.Errorf("seal: link: %w", ErrStep)
	}
	l.step = linkOver // unless the step succeeds
	return nil
}

func (l *LinkNew) reveal() *linkReveal { return &linkReveal{l.code, l.device.public, l.nonce} }

// Commit is the first message.
func (l *LinkNew) Commit(now time.Time) ([]byte, error) {
	if err := l.due(linkBegun, now); err != nil {
		return nil, err
	}
	l.sent = (&linkCommit{l.code, l.reveal().commitment()}).marshal()
	l.step = linkWaits
	return l.sent, nil
}

// Offer takes the old device's answer; it returns the next message and the digits to show.
func (l *LinkNew) Offer(b []byte, now time.Time) (reveal []byte, digits string, err error) {
	if err := l.due(linkWaits, now); err != nil {
		return nil, "", err
	}
	m, err := parseLinkOffer(b)
	if err != nil {
		return nil, "", err
	}
	if m.code != l.code {
		return nil, "", fmt.Errorf("seal: link: %w", ErrLinkCode)
	}
	if m.device.Kind != Computer {
		return nil, "", fmt.Errorf("seal: link: %w", ErrDeviceKind)
	}
	if l.expect != nil && (l.expect.Root != m.root || l.expect.Device != m.device.Key) {
		return nil, "", fmt.Errorf("seal: link: %w", ErrLinkCommit)
	}
	l.offer, l.heard = m, bytes.Clone(b)
	reveal = l.reveal().marshal()
	l.step = linkCompares
	return reveal, linkDigits(l.sent, b, reveal), nil
}

// Confirm is called when the person says that the digits are equal; it returns
// the last message. label is the device's name; only the old device can read it.
func (l *LinkNew) Confirm(label string, now time.Time) ([]byte, error) {
	if err := l.due(linkCompares, now); err != nil {
		return nil, err
	}
	plain, err := fill(label, MaxLabel)
	if err != nil {
		return nil, fmt.Errorf("seal: link: name of the device: %w", err)
	}
	reveal := l.reveal().marshal()
	m := &linkProof{code: l.code, proof: l.device.Proof(l.offer.root)}
	if m.label, err = l.offer.device.HPKE.seal(linkLabelInfo(l.heard, reveal), plain); err != nil {
		return nil, fmt.Errorf("seal: link: %w", err)
	}
	m.sig = l.device.signature(linkLabelText(l.heard, reveal, m.label))
	l.step = linkConfirmed
	return m.marshal(), nil
}

// Account is the name of the account that the digits were compared for.
func (l *LinkNew) Account() chat.AccountID {
	if l.offer == nil {
		return ""
	}
	return AccountName(l.offer.root)
}

// Finish checks that a chain is the one that was compared, and has this device
// in it. It may be called again while the old device's statement is under way.
func (l *LinkNew) Finish(a *Account) error {
	if l.step != linkConfirmed {
		return fmt.Errorf("seal: link: %w", ErrStep)
	}
	if a.root != l.offer.root {
		return fmt.Errorf("seal: link: %w", ErrIdentity)
	}
	if err := a.Check(l.offer.head); err != nil {
		return fmt.Errorf("seal: link: %w", err)
	}
	if !a.activeKey(l.offer.device.Key) || !a.activeKey(l.device.public.Key) {
		return fmt.Errorf("seal: link: %w", ErrDevice)
	}
	return nil
}

// LinkOld is the side of a device that belongs to the account. Its methods are
// called in this order: Commit, Reveal, then, when the person says that the
// digits are equal, Confirm with the new device's proof.
type LinkOld struct {
	code   LinkCode
	until  time.Time
	nonce  Hash
	step   linkStep
	own    *Device
	commit Hash
	heard  []byte // commit, as it came
	offer  []byte // as it went
	reveal []byte // as it came
	root   Hash
	device DevicePublic
}

// NewLinkOld begins on the old device, with a code that is used for nothing else.
func NewLinkOld(code LinkCode, now time.Time) *LinkOld {
	return &LinkOld{code: code, until: now.Add(LinkExpires), nonce: Hash(newSecret())}
}

func (l *LinkOld) due(step linkStep, now time.Time) error {
	if l.step != step || now.After(l.until) {
		l.step = linkOver
		return fmt.Errorf("seal: link: %w", ErrStep)
	}
	l.step = linkOver // unless the step succeeds
	return nil
}

// Commit takes the new device's first message and returns the answer.
func (l *LinkOld) Commit(b []byte, by Author, now time.Time) (offer []byte, err error) {
	if err := l.due(linkBegun, now); err != nil {
		return nil, err
	}
	m, err := parseLinkCommit(b)
	if err != nil {
		return nil, err
	}
	if m.code != l.code {
		return nil, fmt.Errorf("seal: link: %w", ErrLinkCode)
	}
	l.commit, l.heard, l.root, l.own = m.commit, bytes.Clone(b), by.Account.root, by.Device
	l.offer = (&linkOffer{l.code, l.root, by.Account.Head(), by.Device.public, l.nonce}).marshal()
	l.step = linkWaits
	return l.offer, nil
}

// Reveal takes the second message and returns the digits to show.
func (l *LinkOld) Reveal(b []byte, now time.Time) (digits string, err error) {
	if err := l.due(linkWaits, now); err != nil {
		return "", err
	}
	m, err := parseLinkReveal(b)
	if err != nil {
		return "", err
	}
	if m.code != l.code {
		return "", fmt.Errorf("seal: link: %w", ErrLinkCode)
	}
	if m.commitment() != l.commit || m.device.Kind != Computer {
		return "", fmt.Errorf("seal: link: %w", ErrLinkCommit)
	}
	l.device, l.reveal = m.device, bytes.Clone(b)
	l.step = linkCompares
	return linkDigits(l.heard, l.offer, b), nil
}

// Confirm takes the proof, when the person says that the digits are equal. What
// it returns goes into Account.AddDevice; label is what the new device calls itself.
func (l *LinkOld) Confirm(b []byte, now time.Time) (device DevicePublic, proof Signature, label string, err error) {
	if err := l.due(linkCompares, now); err != nil {
		return DevicePublic{}, Signature{}, "", err
	}
	m, err := parseLinkProof(b)
	if err == nil && m.code != l.code {
		err = ErrLinkCode
	}
	if err == nil {
		err = verifySignature(l.device.Key, proofText(l.root, &l.device), m.proof)
	}
	if err == nil {
		err = verifySignature(l.device.Key, linkLabelText(l.offer, l.reveal, m.label), m.sig)
	}
	var plain []byte
	if err == nil {
		plain, err = openHPKE(l.own.private, linkLabelInfo(l.offer, l.reveal), m.label)
	}
	if err == nil {
		label, err = unfill(plain, MaxLabel)
	}
	if err != nil {
		return DevicePublic{}, Signature{}, "", fmt.Errorf("seal: link: %w", err)
	}
	l.step = linkConfirmed
	return l.device, m.proof, label, nil
}
