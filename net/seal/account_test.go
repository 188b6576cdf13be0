package seal

import (
	"bytes"
	"strings"
	"testing"
)

func TestAccountGrowsAndShrinks(t *testing.T) {
	p := newPerson(t)
	laptop := p.add(t, 0, Computer)
	paper := p.add(t, 1, Recovery)
	p.remove(t, laptop, 0)
	s, boxes, err := p.account.NewKey(p.devices[laptop], p.keys, noon)
	if err != nil {
		t.Fatal(err)
	}
	p.take(t, s, boxes)

	a, err := VerifyAccount(p.account.ID(), p.statements)
	if err != nil {
		t.Fatal(err)
	}
	if a.ID() != p.account.ID() || a.Head() != p.account.Head() || a.Head().Seq != 5 || a.Generation() != 3 || len(a.Active()) != 2 {
		t.Fatalf("%+v", a)
	}
	if a.ID() != AccountName(accountStatementHash(p.statements[0])) {
		t.Error("the name is not that of the first statement")
	}
	for i, want := range []int{1, 3, 3} { // how many generations each device opens
		keys, err := OpenAccountKeys(a, p.devices[i], p.boxes)
		if err != nil || len(keys) != want {
			t.Errorf("device %d opens %d generations (%v), want %d", i, len(keys), err, want)
		}
	}
	for i, want := range []string{"desk", "another", "another"} {
		if got := a.Label(&a.devices[i], p.keys); got != want {
			t.Errorf("device %d is called %q, want %q", i, got, want)
		}
		if got := a.Label(&a.devices[i], nil); got != "" {
			t.Errorf("somebody else reads the name %q", got)
		}
	}
	if d := a.Device(p.devices[0].public.Key); !d.ActiveAt(3) || d.ActiveAt(4) || d.ID() != p.devices[0].ID() || a.DeviceByID(d.ID()) != d {
		t.Errorf("%+v", d)
	}
	// Whoever forges is a stranger, or uses a device that may not.
	for name, c := range map[string]struct {
		by   *Device
		want error
	}{"stranger": {NewDevice(Computer), ErrDevice}, "removed": {p.devices[0], ErrDevice}} {
		if _, _, err := a.NewKey(c.by, p.keys, noon); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			wantError(t, err, c.want)
		}
	}
	if _, _, err := a.NewKey(p.devices[paper], p.keys, noon); err != nil {
		t.Errorf("the recovery file can't act for its account: %v", err)
	}
}

// Every rule of "Accounts" has a statement that breaks it alone.
func TestAccountRules(t *testing.T) {
	p := newPerson(t)
	p.add(t, 0, Computer)
	p.remove(t, 0, 1)
	p.add(t, 0, Computer)
	stranger := NewDevice(Computer)
	new := NewDevice(Computer)
	me := p.devices[0]

	add := func(edit func(s *accountStatement)) []byte {
		s := p.account.next(typeAddDevice, me, noon)
		s.device, s.proof, s.label = new.public, new.Proof(p.root()), []byte{}
		edit(s)
		return s.resign(me)
	}
	key := func(kind byte, edit func(s *accountStatement)) []byte {
		s := p.account.next(kind, me, noon)
		s.remove = p.devices[2].public.Key
		s.key = accountKey{p.account.Generation() + 1, publicOf(newSecret()), make([]byte, linkSize)}
		edit(s)
		return s.resign(me)
	}
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"good add":           {add(func(s *accountStatement) {}), nil},
		"good key":           {key(typeNewKey, func(s *accountStatement) {}), nil},
		"good removal":       {key(typeRemoveDevice, func(s *accountStatement) {}), nil},
		"gap":                {add(func(s *accountStatement) { s.seq++ }), ErrSequence},
		"number 0":           {add(func(s *accountStatement) { s.seq = 0 }), ErrSequence},
		"number again":       {add(func(s *accountStatement) { s.seq-- }), ErrFork},
		"other past":         {add(func(s *accountStatement) { s.prev[0] ^= 1 }), ErrFork},
		"repeat":             {p.statements[3], ErrSequence},
		"first again":        {p.statements[0], ErrSequence},
		"another first":      {newPerson(t).statements[0], ErrFork},
		"proof of another":   {add(func(s *accountStatement) { s.proof = stranger.Proof(p.root()) }), ErrSignature},
		"proof for another":  {add(func(s *accountStatement) { s.proof = new.Proof(Hash{1}) }), ErrSignature},
		"removed again":      {add(func(s *accountStatement) { s.device, s.proof = p.devices[1].public, p.devices[1].Proof(p.root()) }), ErrDeviceReuse},
		"active again":       {add(func(s *accountStatement) { s.device, s.proof = me.public, me.Proof(p.root()) }), ErrDeviceReuse},
		"bad HPKE key":       {badHPKE(add, new, p), ErrEncoding},
		"kind 3":             {add(func(s *accountStatement) { s.device.Kind = 3 }), ErrEncoding},
		"generation skipped": {key(typeNewKey, func(s *accountStatement) { s.key.generation++ }), ErrGeneration},
		"generation again":   {key(typeNewKey, func(s *accountStatement) { s.key.generation-- }), ErrGeneration},
		"removes itself":     {key(typeRemoveDevice, func(s *accountStatement) { s.remove = me.public.Key }), ErrRemoveSelf},
		"removes a stranger": {key(typeRemoveDevice, func(s *accountStatement) { s.remove = stranger.public.Key }), ErrDevice},
		"removes twice":      {key(typeRemoveDevice, func(s *accountStatement) { s.remove = p.devices[1].public.Key }), ErrDevice},
		"signed by a stranger": {func() []byte {
			s := p.account.next(typeNewKey, stranger, noon)
			s.key.generation = 3
			s.key.link = make([]byte, linkSize)
			return s.resign(stranger)
		}(), ErrDevice},
		"in another's name": {func() []byte {
			s := p.account.next(typeNewKey, me, noon)
			s.key.generation = 3
			s.key.link = make([]byte, linkSize)
			return s.resign(stranger)
		}(), ErrSignature},
		"byte left over": {append(add(func(s *accountStatement) {}), 0), ErrEncoding},
		"byte missing":   {p.statements[0][:len(p.statements[0])-1], ErrEncoding},
		"too long":       {make([]byte, MaxAccountStatement+1), ErrLimit},
		"empty":          {nil, ErrEncoding},
	} {
		a := p.account.Clone()
		err := a.Append(c.b)
		if c.want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if c.want != nil {
			if err == nil || a.Head() != p.account.Head() || len(a.devices) != len(p.account.devices) {
				t.Errorf("%s: accepted, or left something behind (%v)", name, err)
			}
			wantError(t, err, c.want)
		}
	}
}

func badHPKE(add func(func(*accountStatement)) []byte, d *Device, p *person) []byte {
	return add(func(s *accountStatement) {
		for i := range 1184 {
			s.device.HPKE[i] = 0xff // coefficients above the modulus
		}
		s.proof = d.signature(proofText(p.root(), &s.device))
	})
}

// A flipped bit anywhere in a chain is found, and so is a changed order.
func TestAccountFlippedBits(t *testing.T) {
	p := newPerson(t)
	p.add(t, 0, Computer)
	p.remove(t, 1, 0)
	for i, s := range p.statements {
		for at := 0; at < len(s); at += 1 + len(s)/60 {
			chain := make([][]byte, len(p.statements))
			copy(chain, p.statements)
			chain[i] = bytes.Clone(s)
			chain[i][at] ^= 1 << (at % 8)
			if _, err := VerifyAccount(p.account.ID(), chain); err == nil {
				t.Fatalf("statement %d, byte %d: not found", i, at)
			}
		}
	}
}

func TestSeenHeads(t *testing.T) {
	p := newPerson(t)
	fork := p.account.Clone()
	p.add(t, 0, Computer)
	seen := p.account.Head()
	p.add(t, 0, Computer)
	if err := p.account.Check(seen); err != nil {
		t.Error(err)
	}
	if err := p.account.Check(Head{}); err != nil {
		t.Error(err)
	}
	short := must(VerifyAccount(p.account.ID(), p.statements[:1]))
	wantError(t, short.Check(seen), ErrRollback)
	wantError(t, short.Contains(seen), ErrBehind)
	s, _, err := fork.NewKey(p.devices[0], p.keys, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := fork.Append(s); err != nil {
		t.Fatal(err)
	}
	wantError(t, fork.Check(seen), ErrFork)
	wantError(t, fork.Contains(seen), ErrFork)
}

func TestDeviceLimits(t *testing.T) {
	p := newPerson(t)
	for len(p.devices) < MaxDevices {
		p.add(t, 0, Computer)
	}
	d := NewDevice(Computer)
	_, _, err := p.account.AddDevice(p.devices[0], p.keys, d.Public(), d.Proof(p.root()), "", noon)
	wantError(t, err, ErrLimit)
	_, _, _, err = NewAccount(d, strings.Repeat("x", MaxLabel+1), noon)
	wantError(t, err, ErrLimit)
	_, _, _, err = NewAccount(NewDevice(Recovery), "", noon)
	wantError(t, err, ErrDeviceKind)
}

// A box that a relay exchanged opens to nothing, or to a key that the chain does not have.
func TestAccountBoxes(t *testing.T) {
	p, q := newPerson(t), newPerson(t)
	d := p.devices[0]
	wrong := must(p.account.box(newSecret(), &d.public))
	_, err := OpenAccountKeys(p.account, d, Boxes{wrong})
	wantError(t, err, ErrWrongKey)
	flipped := bytes.Clone(p.boxes[0])
	flipped[len(flipped)-1] ^= 1
	_, err = OpenAccountKeys(p.account, d, Boxes{flipped})
	wantError(t, err, ErrSealed)
	_, err = OpenAccountKeys(p.account, d, q.boxes)
	wantError(t, err, ErrNoKey)
	_, err = OpenAccountKeys(p.account, d, Boxes{{1, 2}})
	wantError(t, err, ErrEncoding)
}
