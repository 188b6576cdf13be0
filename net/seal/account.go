package seal

import (
	"fmt"
	"slices"

	"satchel/chat"
)

// Account is what a checked chain says of an account: its devices and keys,
// now and at every statement before.
type Account struct {
	root        Hash
	hashes      []Hash // of statement 1, 2, …
	devices     []AccountDevice
	generations []accountGeneration
	removals    []uint64 // numbers of the statements that removed a device
	at          uint64
}

// AccountDevice is a device in the chain of its account.
type AccountDevice struct {
	DevicePublic
	Label   []byte // sealed; see Account.Label
	labeled uint64 // generation that the label is sealed under
	Added   uint64 // number of the statement that added it
	Removed uint64 // number of the statement that removed it, or 0
	At      uint64 // when that addition says it was made: Unix milliseconds by its signer's clock
}

// ID is the device's name.
func (d *AccountDevice) ID() chat.DeviceID { return DeviceName(d.Key) }

// ActiveAt tells whether the device belonged to the account right after
// statement seq.
func (d *AccountDevice) ActiveAt(seq uint64) bool {
	return d.Added <= seq && (d.Removed == 0 || seq < d.Removed)
}

type accountGeneration struct {
	public PublicKey
	link   []byte // nil for the first
	seq    uint64 // statement that brought it
}

// accountStatement is one parsed statement; which fields hold is kind's matter.
type accountStatement struct {
	kind   byte
	seq    uint64
	prev   Hash
	at     uint64
	signer Key
	device DevicePublic // first, add
	label  []byte       // first, add
	proof  Signature    // add
	remove Key          // remove
	key    accountKey   // first, remove, new key
	sig    Signature
}

type accountKey struct {
	generation uint64
	public     PublicKey
	link       []byte // linkSize bytes when generation > 1
}

const maxSealedLabel = labelSize + synthetic

// unsigned is what the signature covers.
func (s *accountStatement) unsigned() []byte {
	w := newWriter(s.kind)
	w.u64(s.seq)
	w.hash(s.prev)
	w.u64(s.at)
	w.key(s.signer)
	switch s.kind {
	case typeFirstDevice, typeAddDevice:
		s.device.write(w)
		w.v8(s.label)
		if s.kind == typeAddDevice {
			w.raw(s.proof[:])
		}
	case typeRemoveDevice:
		w.key(s.remove)
	}
	if s.kind != typeAddDevice {
		w.u64(s.key.generation)
		w.raw(s.key.public[:])
		w.raw(s.key.link)
	}
	return w.b
}

func (s *accountStatement) marshal() []byte { return append(s.unsigned(), s.sig[:]...) }

func (s *accountStatement) signText() []byte { return join("satchel.v1 sign account", s.unsigned()) }

func parseAccountStatement(b []byte) (*accountStatement, error) {
	r, kind := newReader(b, MaxAccountStatement, typeFirstDevice, typeAddDevice, typeRemoveDevice, typeNewKey)
	s := &accountStatement{kind: kind, seq: r.u64(), prev: r.hash(), at: r.u64(), signer: r.key()}
	switch kind {
	case typeFirstDevice, typeAddDevice:
		s.device = readDevicePublic(r)
		s.label = slices.Clone(r.v8(maxSealedLabel))
		if kind == typeAddDevice {
			s.proof = r.sig()
		}
	case typeRemoveDevice:
		s.remove = r.key()
	}
	if kind != typeAddDevice {
		s.key.generation = r.u64()
		copy(s.key.public[:], r.raw(publicSize))
		if s.key.generation > 1 {
			s.key.link = slices.Clone(r.raw(linkSize))
		}
	}
	s.sig = r.sig()
	return s, r.done("account statement")
}

func accountStatementHash(b []byte) Hash { return hashOf("satchel.v1 account statement", b) }

// VerifyAccount checks a whole chain, from the first statement on, against the
// name under which it was delivered: ErrIdentity when it is another account's.
func VerifyAccount(id chat.AccountID, statements [][]byte) (*Account, error) {
	if len(statements) == 0 {
		return nil, fmt.Errorf("seal: account %s: %w: the chain is empty", id, ErrSequence)
	}
	if AccountIDOf(statements[0]) != id {
		return nil, fmt.Errorf("seal: account %s: %w", id, ErrIdentity)
	}
	a := &Account{}
	for _, b := range statements {
		if err := a.Append(b); err != nil {
			return nil, err
		}
	}
	return a, nil
}

// AccountIDOf is the name of the account that begins with this statement.
func AccountIDOf(first []byte) chat.AccountID { return AccountName(accountStatementHash(first)) }

// Append checks the next statement and takes it in. After an error the account
// is as it was. A statement that is in the chain already is ErrSequence when it
// is the same, and ErrFork when it is another one.
func (a *Account) Append(b []byte) error {
	s, err := parseAccountStatement(b)
	if err != nil {
		return err
	}
	hash := accountStatementHash(b)
	if err := place(a.hashes, s.seq, s.prev, hash, MaxAccountStatements); err != nil {
		return fmt.Errorf("seal: account %s, statement %d: %w", a.ID(), s.seq, err)
	}
	if err := a.check(s); err != nil {
		return fmt.Errorf("seal: account %s, statement %d: %w", a.ID(), s.seq, err)
	}
	a.take(s, hash)
	return nil
}

// place tells whether a statement with this number and predecessor comes next.
func place(hashes []Hash, seq uint64, prev, hash Hash, limit int) error {
	n := uint64(len(hashes))
	switch {
	case seq == 0 || seq > n+1:
		return ErrSequence
	case seq <= n && hashes[seq-1] == hash:
		return ErrSequence
	case seq <= n:
		return ErrFork
	case n > 0 && hashes[n-1] != prev:
		return ErrFork
	case n == 0 && !prev.IsZero():
		return ErrSequence
	case n >= uint64(limit):
		return ErrLimit
	}
	return nil
}

// check applies the rules of docs/security.md, "Accounts".
func (a *Account) check(s *accountStatement) error {
	if (s.kind == typeFirstDevice) != (s.seq == 1) {
		return ErrSequence
	}
	switch s.kind {
	case typeFirstDevice:
		if s.signer != s.device.Key {
			return ErrSignature
		}
		if s.device.Kind != Computer {
			return ErrDeviceKind
		}
	default:
		if !a.activeKey(s.signer) {
			return ErrDevice
		}
	}
	if err := verifySignature(s.signer, s.signText(), s.sig); err != nil {
		return err
	}
	switch s.kind {
	case typeFirstDevice, typeAddDevice:
		if a.Device(s.device.Key) != nil {
			return ErrDeviceReuse
		}
		if len(a.Active()) >= MaxDevices {
			return ErrLimit
		}
		if err := s.device.HPKE.check(); err != nil {
			return err
		}
		if s.kind == typeAddDevice {
			if err := verifySignature(s.device.Key, proofText(a.root, &s.device), s.proof); err != nil {
				return fmt.Errorf("the new device's proof: %w", err)
			}
		}
	case typeRemoveDevice:
		if s.remove == s.signer {
			return ErrRemoveSelf
		}
		if !a.activeKey(s.remove) {
			return ErrDevice
		}
	}
	if s.kind != typeAddDevice {
		if s.key.generation != a.Generation()+1 {
			return ErrGeneration
		}
		return s.key.public.check()
	}
	return nil
}

func (a *Account) take(s *accountStatement, hash Hash) {
	if s.seq == 1 {
		a.root = hash
	}
	a.hashes = append(a.hashes, hash)
	a.at = s.at
	if s.kind != typeAddDevice {
		a.generations = append(a.generations, accountGeneration{s.key.public, s.key.link, s.seq})
	}
	switch s.kind {
	case typeFirstDevice, typeAddDevice:
		a.devices = append(a.devices, AccountDevice{DevicePublic: s.device, Label: s.label, labeled: a.Generation(), Added: s.seq, At: s.at})
	case typeRemoveDevice:
		a.Device(s.remove).Removed = s.seq
		a.removals = append(a.removals, s.seq)
	}
}

// Root is the hash of the first statement: the account itself.
func (a *Account) Root() Hash { return a.root }

// ID is the account's name.
func (a *Account) ID() chat.AccountID { return AccountName(a.root) }

// Head is the newest statement.
func (a *Account) Head() Head {
	n := len(a.hashes)
	if n == 0 {
		return Head{}
	}
	return Head{uint64(n), a.hashes[n-1]}
}

// Changed is when the newest statement says it was made: Unix milliseconds by
// its signer's clock.
func (a *Account) Changed() uint64 { return a.at }

// Contains tells whether the head is in this chain: nil, ErrFork, or a
// BehindError when it is newer than the chain.
func (a *Account) Contains(h Head) error {
	switch {
	case h.Seq == 0:
		return ErrSequence
	case h.Seq > uint64(len(a.hashes)):
		return &BehindError{Account: a.ID(), Need: h}
	case a.hashes[h.Seq-1] != h.Hash:
		return ErrFork
	}
	return nil
}

// Check holds a chain that was delivered against the head that was seen
// before: ErrRollback when it is shorter, ErrFork when it is another one.
func (a *Account) Check(seen Head) error { return checkSeen(a.hashes, seen) }

func checkSeen(hashes []Hash, seen Head) error {
	switch {
	case seen == Head{}:
		return nil
	case seen.Seq == 0:
		return ErrSequence
	case seen.Seq > uint64(len(hashes)):
		return ErrRollback
	case hashes[seen.Seq-1] != seen.Hash:
		return ErrFork
	}
	return nil
}

// Devices are all devices that ever were, in the order of their addition.
func (a *Account) Devices() []AccountDevice { return slices.Clone(a.devices) }

// Device finds a device by its key; nil when it never was there. The account
// owns what it points to.
func (a *Account) Device(key Key) *AccountDevice {
	for i := range a.devices {
		if a.devices[i].Key == key {
			return &a.devices[i]
		}
	}
	return nil
}

// DeviceByID finds a device by its name; nil when it never was there.
func (a *Account) DeviceByID(id chat.DeviceID) *AccountDevice {
	for i := range a.devices {
		if a.devices[i].ID() == id {
			return &a.devices[i]
		}
	}
	return nil
}

// Active are the devices that belong to the account now.
func (a *Account) Active() (active []AccountDevice) {
	for _, d := range a.devices {
		if d.Removed == 0 {
			active = append(active, d)
		}
	}
	return active
}

func (a *Account) activeKey(key Key) bool {
	d := a.Device(key)
	return d != nil && d.Removed == 0
}

// Generation is the number of the newest account key.
func (a *Account) Generation() uint64 { return uint64(len(a.generations)) }

// keyAt is the account key right after statement seq.
func (a *Account) keyAt(seq uint64) (generation uint64, public PublicKey) {
	for i := len(a.generations) - 1; i >= 0; i-- {
		if a.generations[i].seq <= seq {
			return uint64(i + 1), a.generations[i].public
		}
	}
	return 0, PublicKey{}
}

// removedBetween tells whether a device was removed after statement from, up
// to and with statement to.
func (a *Account) removedBetween(from, to uint64) bool {
	return slices.ContainsFunc(a.removals, func(seq uint64) bool { return from < seq && seq <= to })
}
