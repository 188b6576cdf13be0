package seal

import (
	"bytes"
	"strings"
	"testing"
)

// linked plays both sides; middle may change each message on its way.
func linked(p *person, d *Device, middle func(step int, b []byte) []byte) (newDigits, oldDigits string, n *LinkNew, o *LinkOld, err error) {
	code := LinkCode("abcdefgh23")
	n, o = NewLinkNew(code, d, nil, noon), NewLinkOld(code, noon)
	commit, err := n.Commit(noon)
	if err != nil {
		return
	}
	offer, err := o.Commit(middle(1, commit), p.author(0), noon)
	if err != nil {
		return
	}
	reveal, newDigits, err := n.Offer(middle(2, offer), noon)
	if err != nil {
		return
	}
	oldDigits, err = o.Reveal(middle(3, reveal), noon)
	return
}

func honest(_ int, b []byte) []byte { return b }

func TestLink(t *testing.T) {
	p := newPerson(t)
	d := NewDevice(Computer)
	newDigits, oldDigits, n, o, err := linked(p, d, honest)
	if err != nil || newDigits != oldDigits || len(newDigits) != 6 || n.Account() != p.account.ID() {
		t.Fatalf("%v: %s, %s", err, newDigits, oldDigits)
	}
	proof, err := n.Confirm("laptop", noon)
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, n.Finish(p.account), ErrDevice) // not yet in the chain
	public, sig, label, err := o.Confirm(proof, noon)
	if err != nil || label != "laptop" {
		t.Fatal(label, err)
	}
	s, boxes, err := p.account.AddDevice(p.devices[0], p.keys, public, sig, label, noon)
	if err != nil {
		t.Fatal(err)
	}
	p.take(t, s, boxes)
	if err := n.Finish(must(VerifyAccount(p.account.ID(), p.statements))); err != nil {
		t.Fatal(err)
	}
	if keys, err := OpenAccountKeys(p.account, d, p.boxes); err != nil || len(keys) != 1 {
		t.Error(err)
	}
	wantError(t, n.Finish(newPerson(t).account), ErrIdentity)
	// A relay that gives the new device an older or another chain.
	n.offer.head = Head{9, Hash{}}
	wantError(t, n.Finish(p.account), ErrRollback)
	n.offer.head = Head{1, Hash{}}
	wantError(t, n.Finish(p.account), ErrFork)
}

// A relay in the middle: either a message is refused, or the digits differ.
func TestLinkMiddle(t *testing.T) {
	p, mallory := newPerson(t), newPerson(t)
	evil := NewDevice(Computer)
	nonce := Hash{1}
	fake := &linkReveal{"abcdefgh23", evil.public, nonce}
	paper := &linkReveal{"abcdefgh23", NewDevice(Recovery).public, nonce}
	for name, middle := range map[string]func(step int, b []byte) []byte{
		"its own device": func(step int, b []byte) []byte {
			switch step {
			case 1:
				return (&linkCommit{fake.code, fake.commitment()}).marshal()
			case 3:
				return fake.marshal()
			}
			return b
		},
		"its own account": func(step int, b []byte) []byte {
			if step == 2 {
				m := must(parseLinkOffer(b))
				m.root, m.head, m.device = mallory.root(), mallory.account.Head(), mallory.devices[0].public
				return m.marshal()
			}
			return b
		},
		"both": func(step int, b []byte) []byte {
			switch step {
			case 1:
				return (&linkCommit{fake.code, fake.commitment()}).marshal()
			case 2:
				m := must(parseLinkOffer(b))
				m.root = mallory.root()
				return m.marshal()
			case 3:
				return fake.marshal()
			}
			return b
		},
		"another head": func(step int, b []byte) []byte {
			if step == 2 {
				m := must(parseLinkOffer(b))
				m.head.Seq++
				return m.marshal()
			}
			return b
		},
	} {
		a, b, _, _, err := linked(p, NewDevice(Computer), middle)
		if err != nil || a == b {
			t.Errorf("%s: %v, both show %s", name, err, a)
		}
	}
	for name, c := range map[string]struct {
		middle func(step int, b []byte) []byte
		want   error
	}{
		"reveals another device": {func(step int, b []byte) []byte {
			if step == 3 {
				return fake.marshal()
			}
			return b
		}, ErrLinkCommit},
		"another code in commit": {recode(1), ErrLinkCode},
		"another code in offer":  {recode(2), ErrLinkCode},
		"another code in reveal": {recode(3), ErrLinkCode},
		"cut":                    {func(_ int, b []byte) []byte { return b[:len(b)-1] }, ErrEncoding},
		"a recovery file": {func(step int, b []byte) []byte {
			switch step {
			case 1:
				return (&linkCommit{paper.code, paper.commitment()}).marshal()
			case 3:
				return paper.marshal()
			}
			return b
		}, ErrLinkCommit},
	} {
		_, _, n, o, err := linked(p, NewDevice(Computer), c.middle)
		wantError(t, err, c.want)
		// The attempt is over: no second guess.
		_, err1 := n.Confirm("", noon)
		_, _, _, err2 := o.Confirm(nil, noon)
		if err1 == nil && err2 == nil {
			t.Errorf("%s: both go on", name)
		}
	}
}

// recode changes the code in one of the messages.
func recode(at int) func(int, []byte) []byte {
	return func(step int, b []byte) []byte {
		if step == at {
			b = bytes.Replace(b, []byte("abcdefgh23"), []byte("abcdefgh24"), 1)
		}
		return b
	}
}

// Steps out of order, too late, or twice end the attempt.
func TestLinkSteps(t *testing.T) {
	p := newPerson(t)
	late := noon.Add(LinkExpires + 1)
	code := NewLinkCode()
	n := NewLinkNew(code, NewDevice(Computer), nil, noon)
	_, err := n.Confirm("", noon)
	wantError(t, err, ErrStep)
	_, err = n.Commit(noon)
	wantError(t, err, ErrStep)
	wantError(t, n.Finish(p.account), ErrStep)
	_, err = NewLinkNew(code, NewDevice(Computer), nil, noon).Commit(late)
	wantError(t, err, ErrStep)
	o := NewLinkOld(code, noon)
	_, err = o.Reveal(nil, noon)
	wantError(t, err, ErrStep)
	_, err = o.Commit(nil, p.author(0), noon)
	wantError(t, err, ErrStep)

	// A proof by another device than the one that was compared.
	d := NewDevice(Computer)
	_, _, n, o, err = linked(p, d, honest)
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.Confirm(strings.Repeat("x", MaxLabel+1), noon)
	wantError(t, err, ErrLimit)
	for name, edit := range map[string]func(*linkProof){
		"another device's proof": func(m *linkProof) { m.proof = NewDevice(Computer).Proof(p.root()) },
		"another label":          func(m *linkProof) { m.label[labelCipher-1] ^= 1 },
		"a label of somebody else": func(m *linkProof) {
			m.label = must(p.devices[0].public.HPKE.seal(linkLabelInfo(o.offer, o.reveal), make([]byte, labelSize)))
		},
	} {
		_, _, n, o, err = linked(p, d, honest)
		if err != nil {
			t.Fatal(name, err)
		}
		m := must(parseLinkProof(must(n.Confirm("laptop", noon))))
		right := m.marshal()
		edit(m)
		_, _, _, err = o.Confirm(m.marshal(), noon)
		wantError(t, err, ErrSignature)
		_, _, _, err = o.Confirm(right, noon)
		wantError(t, err, ErrStep)
	}

	// A link says whom to expect.
	qr := LinkQR{n.code, p.root(), p.devices[0].public.Key}
	for name, c := range map[string]struct {
		edit func(*LinkQR)
		want error
	}{"right": {func(*LinkQR) {}, nil}, "account": {func(q *LinkQR) { q.Root[0] ^= 1 }, ErrLinkCommit}, "device": {func(q *LinkQR) { q.Device[0] ^= 1 }, ErrLinkCommit}} {
		q := qr
		c.edit(&q)
		n, o := NewLinkNew(q.Code, NewDevice(Computer), &q, noon), NewLinkOld(q.Code, noon)
		offer := must(o.Commit(must(n.Commit(noon)), p.author(0), noon))
		if _, _, err := n.Offer(offer, noon); (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLinkCodes(t *testing.T) {
	seen := map[LinkCode]bool{}
	for range 1000 {
		c := NewLinkCode()
		if got, err := ParseLinkCode(" " + c.String() + "\n"); err != nil || got != c || seen[c] {
			t.Fatal(c, got, err)
		}
		seen[c] = true
	}
	if c, err := ParseLinkCode("ABCDE fghjk"); err != nil || c != "abcdefghjk" {
		t.Error(c, err)
	}
	for _, bad := range []string{"", "abc", "abcdefghi1", "abcdefghjkm"} {
		_, err := ParseLinkCode(bad)
		wantError(t, err, ErrLinkCode)
	}
}

func TestSafetyNumbers(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	n := SafetyNumber(ana.root(), bo.root())
	if n != SafetyNumber(bo.root(), ana.root()) || len(n) != 60+11 {
		t.Error(n)
	}
	bo.add(t, 0, Computer)
	if n != SafetyNumber(ana.root(), bo.root()) || n == SafetyNumber(ana.root(), newPerson(t).root()) {
		t.Error("the number hangs on something else than who they are")
	}

	v := Verification{bo.root(), bo.account.Head(), ana.root()}
	v = must(ParseVerification(v.String()))
	if err := v.Verify(ana.account, bo.account); err != nil {
		t.Error(err)
	}
	wantError(t, v.Verify(ana.account, newPerson(t).account), ErrIdentity)
	wantError(t, v.Verify(newPerson(t).account, bo.account), ErrIdentity)
	wantError(t, v.Verify(ana.account, must(VerifyAccount(bo.account.ID(), bo.statements[:1]))), ErrBehind)
	v.Head.Hash[5] ^= 1
	wantError(t, v.Verify(ana.account, bo.account), ErrFork)
	for _, bad := range []string{"", "satchel://verify?", "satchel://verify?%%", "http://x", v.String() + "A", v.String()[:60]} {
		_, err := ParseVerification(bad)
		wantError(t, err, ErrEncoding)
	}
}

func TestRecovery(t *testing.T) {
	p := newPerson(t)
	paper := p.add(t, 0, Recovery)
	kit := &RecoveryKit{p.devices[paper], p.account.Generation(), p.keys[p.account.Generation()], p.statements}
	pass := NewPassphrase()
	if len(pass) != 29 {
		t.Error(pass)
	}
	file, err := ExportRecovery(kit, pass, 10)
	if err != nil || !bytes.HasPrefix(file, []byte("-----BEGIN AGE")) {
		t.Fatal(err)
	}
	// Life goes on: a removal, a new key.
	p.add(t, 0, Computer)
	p.remove(t, 2, 0)

	got, a, keys, err := ImportRecovery(file, pass)
	if err != nil || a.root != p.root() || len(keys) != 1 || got.Device.ID() != p.devices[paper].ID() {
		t.Fatal(err)
	}
	if err := p.account.Check(a.Head()); err != nil {
		t.Error(err)
	}
	// The file opens what came after it, adds a device, removes the lost one.
	keys, err = OpenAccountKeys(p.account, got.Device, p.boxes)
	if err != nil || len(keys) != 2 {
		t.Fatal(err)
	}
	p.devices[paper] = got.Device
	n := p.add(t, paper, Computer)
	p.remove(t, n, 2)
	if len(p.account.Active()) != 2 {
		t.Error("recovered in part")
	}

	for name, c := range map[string]struct {
		file []byte
		pass string
		want error
	}{
		"passphrase": {file, pass + "x", ErrPassphrase},
		"empty":      {file, "", ErrPassphrase},
		"no file":    {nil, pass, ErrEncoding},
		"cut":        {file[:len(file)/2], pass, nil},
		"flipped":    {bytes.Replace(bytes.Clone(file), file[400:401], []byte{file[400] ^ 1}, 1), pass, nil},
		"huge":       {make([]byte, maxRecovery+1), pass, ErrLimit},
	} {
		_, _, _, err := ImportRecovery(c.file, c.pass)
		if err == nil {
			t.Errorf("%s: opened", name)
		} else if c.want != nil {
			wantError(t, err, c.want)
		}
	}
	_, err = ExportRecovery(kit, "short", 10)
	wantError(t, err, ErrWeak)
	kit.Device = NewDevice(Recovery)
	_, err = ExportRecovery(kit, pass, 10)
	wantError(t, err, ErrDevice)
	kit.Device, kit.Secret = p.devices[paper], newSecret()
	_, err = ExportRecovery(kit, pass, 10)
	wantError(t, err, ErrWrongKey)
}
