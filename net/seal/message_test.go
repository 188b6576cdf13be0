package seal

import (
	"bytes"
	"strings"
	"testing"

	"satchel/chat"
)

func envelope(p *person, device, id int) Envelope {
	return Envelope{messageID(id), p.root(), p.devices[device].ID()}
}

func TestMessage(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	all := accountsOf(ana, bo)
	r := newRoom(t, "", ana, bo)
	bos := r.keysOf(t, bo.root(), bo.keys)
	for _, n := range []int{0, 1, 300, 363, 364, 500, 4096, MaxContent - 1, MaxContent} {
		content := bytes.Repeat([]byte("é"), n/2+1)[:n]
		body, err := r.Seal(ana.author(0), r.keys, messageID(1), 1, content)
		if err != nil {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if len(body) > MaxBody {
			t.Errorf("%d bytes become %d", n, len(body))
		}
		o, err := r.OpenMessage(bos, all, envelope(ana, 0, 1), body)
		if err != nil || !bytes.Equal(o.Content, content) || o.Count != 1 || o.Device != ana.devices[0].public.Key ||
			o.Conversation != r.Head() || o.Account != ana.account.Head() || o.Since != SinceNothing || o.Generation != 1 {
			t.Fatalf("%d bytes: %v, %+v", n, err, o)
		}
		if again := must(r.Seal(ana.author(0), r.keys, messageID(1), 1, content)); !bytes.Equal(again, body) {
			t.Error("the same message was sealed in two ways")
		}
		if g, err := MessageGeneration(body); g != 1 || err != nil {
			t.Error(g, err)
		}
	}
	_, err := r.Seal(ana.author(0), r.keys, messageID(1), 1, make([]byte, MaxContent+1))
	wantError(t, err, ErrLimit)
	_, err = r.Seal(ana.author(0), r.keys, messageID(1), 0, nil)
	wantError(t, err, ErrEncoding)
	_, err = r.Seal(ana.author(0), nil, messageID(1), 1, nil)
	wantError(t, err, ErrNoKey)
	_, err = r.Seal(newPerson(t).author(0), r.keys, messageID(1), 1, nil)
	wantError(t, err, ErrNotMember)
	_, err = r.Seal(Author{ana.account, bo.devices[0]}, r.keys, messageID(1), 1, nil)
	wantError(t, err, ErrDevice)
}

// One id with two contents: no key is used twice.
func TestOneIDTwoContents(t *testing.T) {
	ana := newPerson(t)
	r := newRoom(t, "", ana)
	salts := map[string]bool{}
	for _, c := range []string{"a", "b", "ab", ""} {
		m := must(parseMessage(must(r.Seal(ana.author(0), r.keys, messageID(1), 1, []byte(c)))))
		salts[string(m.sealed[:saltSize])] = true
	}
	if len(salts) != 4 {
		t.Errorf("4 contents, %d salts", len(salts))
	}
}

func TestPadding(t *testing.T) {
	last, sizes := 0, map[int]bool{}
	for n := 1; n < MaxBody; n++ {
		p := padded(n)
		if p < n || p < last || padded(p) != p || n > minLetter && float64(p) > 1.12*float64(n) {
			t.Fatalf("%d becomes %d", n, p)
		}
		last, sizes[p] = p, true
	}
	if len(sizes) > 200 {
		t.Errorf("%d sizes tell too much", len(sizes))
	}
	if padded(MaxContent+letterSize)+messageSize > MaxBody {
		t.Error("the largest content does not fit into a body")
	}
}

// Whatever the relay changes about a message, it does not open.
func TestMessageChanged(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	ana.add(t, 0, Computer)
	all := accountsOf(ana, bo)
	r, r2 := newRoom(t, "", ana, bo), newRoom(t, "", ana, bo)
	r2.keys[1] = r.keys[1] // even if
	body := must(r.Seal(ana.author(0), r.keys, messageID(1), 1, []byte("hello")))
	good := envelope(ana, 0, 1)
	check := func(name string, want error, r *room, e Envelope, b []byte) {
		t.Helper()
		if _, err := r.OpenMessage(r.keys, all, e, b); err == nil {
			t.Errorf("%s: opened", name)
		} else {
			wantError(t, err, want)
		}
	}
	check("other id", ErrSealed, r, Envelope{messageID(2), good.From, good.Device}, body)
	check("other sender", ErrSealed, r, envelope(bo, 0, 1), body)
	check("other device", ErrSealed, r, envelope(ana, 1, 1), body)
	check("mixed sender", ErrUnknown, r, Envelope{good.Message, bo.root(), good.Device}, body)
	check("no such account", ErrUnknown, r, Envelope{good.Message, Hash{1}, good.Device}, body)
	check("other conversation", ErrSealed, r2, good, body)
	check("cut", ErrEncoding, r, good, body[:100])
	check("cut by one", ErrEncoding, r, good, body[:len(body)-1])
	check("longer", ErrSealed, r, good, append(bytes.Clone(body), 0))
	check("too long", ErrLimit, r, good, make([]byte, MaxBody+1))
	check("empty", ErrEncoding, r, good, nil)
	b := bytes.Clone(body)
	b[9] = 2 // generation
	check("other generation", ErrNoKey, r, good, b)
	for at := 10; at < len(body); at++ {
		b := bytes.Clone(body)
		b[at] ^= 1 << (at % 8)
		check("flipped bit", ErrSealed, r, good, b)
	}
}

// What a member may not do, though it has the key: letters that only a changed client writes.
func TestMessageForgedByMember(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	phone := bo.add(t, 0, Computer)
	paper := bo.add(t, 0, Recovery)
	carl := newPerson(t) // who was never a member, though somebody gave him the key
	all := accountsOf(ana, bo, carl)
	r := newRoom(t, "", ana, bo)
	bo.remove(t, 0, phone)
	oldHead := Head{3, bo.account.hashes[2]}
	r.do(t, ana.author(0), all, Proposal{Rotate: Linked})
	write := func(by *Device, as Hash, device Key, g uint64, edit func(l *letter)) []byte {
		ad := messageAD(r.ID(), messageID(1), as, device, g)
		l := &letter{conversation: r.Head(), account: bo.account.Head(), count: 1, content: []byte("x")}
		edit(l)
		l.sig = by.signature(l.signText(ad))
		return (&message{g, sealSynthetic(r.keys[g], "satchel.v1 message", ad, l.marshal())}).marshal()
	}
	me, lost, file := bo.devices[0], bo.devices[phone], bo.devices[paper]
	mine, hers := me.public.Key, ana.devices[0].public.Key
	for name, c := range map[string]struct {
		e    Envelope
		b    []byte
		want error
	}{
		"good":                     {envelope(bo, 0, 1), write(me, bo.root(), mine, 2, func(l *letter) {}), nil},
		"in another's name":        {envelope(ana, 0, 1), write(me, ana.root(), hers, 2, func(l *letter) { l.account = ana.account.Head() }), ErrSignature},
		"under an old key":         {envelope(bo, 0, 1), write(me, bo.root(), mine, 1, func(l *letter) {}), ErrGeneration},
		"conversation to come":     {envelope(bo, 0, 1), write(me, bo.root(), mine, 2, func(l *letter) { l.conversation.Seq++ }), ErrBehind},
		"another conversation":     {envelope(bo, 0, 1), write(me, bo.root(), mine, 2, func(l *letter) { l.conversation.Hash[0] ^= 1 }), ErrFork},
		"account to come":          {envelope(bo, 0, 1), write(me, bo.root(), mine, 2, func(l *letter) { l.account.Seq++ }), ErrBehind},
		"another account's past":   {envelope(bo, 0, 1), write(me, bo.root(), mine, 2, func(l *letter) { l.account.Hash[0] ^= 1 }), ErrFork},
		"removed device":           {envelope(bo, phone, 1), write(lost, bo.root(), lost.public.Key, 2, func(l *letter) {}), ErrDevice},
		"removed device, old head": {envelope(bo, phone, 1), write(lost, bo.root(), lost.public.Key, 2, func(l *letter) { l.account = oldHead }), ErrDevice},
		"recovery file":            {envelope(bo, paper, 1), write(file, bo.root(), file.public.Key, 2, func(l *letter) {}), ErrDeviceKind},
		"own removal not rotated":  {envelope(bo, 0, 1), write(me, bo.root(), mine, 1, func(l *letter) { l.conversation = Head{1, r.hashes[0]} }), ErrMustRotate},
		"stranger with the key":    {envelope(carl, 0, 1), write(carl.devices[0], carl.root(), carl.devices[0].public.Key, 2, func(l *letter) { l.account = carl.account.Head() }), ErrNotMember},
		"count 0":                  {envelope(bo, 0, 1), write(me, bo.root(), mine, 2, func(l *letter) { l.count = 0 }), ErrEncoding},
	} {
		_, err := r.OpenMessage(r.keys, all, c.e, c.b)
		if c.want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if c.want != nil {
			if err == nil {
				t.Errorf("%s: opened", name)
				continue
			}
			wantError(t, err, c.want)
		}
	}
}

// Old messages of people and devices that are gone stay readable, and say so.
func TestSince(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	phone := bo.add(t, 0, Computer)
	all := accountsOf(ana, bo)
	r := newRoom(t, "", ana, bo)
	body := must(r.Seal(bo.author(phone), r.keys, messageID(1), 1, []byte("old")))
	expect := func(want Since) {
		t.Helper()
		o, err := r.OpenMessage(r.keys, all, envelope(bo, phone, 1), body)
		if err != nil || o.Since != want {
			t.Errorf("%v, %+v", err, o)
		}
	}
	expect(SinceNothing)
	bo.remove(t, 0, phone)
	expect(SinceDeviceRemoved)
	r.do(t, ana.author(0), all, Proposal{Changes: []MemberState{add(bo, Removed)}, Rotate: Linked})
	expect(SinceNotMember)
}

func TestCounts(t *testing.T) {
	cache := map[uint64]chat.MessageID{}
	var c Counts
	note := func(count uint64, id int) error {
		err := c.Note(count, messageID(id), func(n uint64) chat.MessageID { return cache[n] })
		if err == nil {
			cache[count] = messageID(id)
		}
		return err
	}
	for _, n := range []int{5, 4, 1, 2, 5} { // pages come newest first; a page may come again
		if err := note(uint64(n), n); err != nil {
			t.Fatal(err)
		}
	}
	if m, ok := c.Missing(); !ok || m != (chat.Range{From: 3, To: 3}) {
		t.Errorf("missing %v %v", m, ok)
	}
	wantError(t, note(4, 9), ErrReplay)
	if err := note(3, 3); err != nil || c.Next() != 6 {
		t.Error(err, c.Next())
	}
	if m, ok := c.Missing(); ok {
		t.Errorf("missing %v", m)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s := newSecret()
	if got := s.String() + s.GoString(); strings.Contains(got, "[") {
		t.Error(got)
	}
}

// What only somebody with the key can write, and what nobody may: another salt
// than that of the bytes, other fill than zeros, a message while somebody leaves.
func TestMessageOddlySealed(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	all := accountsOf(ana, bo)
	r := newRoom(t, "", ana, bo)
	e, key := envelope(ana, 0, 1), ana.devices[0].public.Key
	ad := messageAD(r.ID(), e.Message, ana.root(), key, 1)
	open := func(plain, salt []byte) error {
		aead := newGCM(expand(r.keys[1], join("satchel.v1 message", []byte("key"), salt, ad)))
		_, err := r.OpenMessage(r.keys, all, e, (&message{1, aead.Seal(bytes.Clone(salt), zeroNonce[:], plain, ad)}).marshal())
		return err
	}
	letterAt := func(h Head) []byte {
		l := &letter{conversation: h, account: ana.account.Head(), count: 1, content: []byte("x")}
		l.sig = ana.devices[0].signature(l.signText(ad))
		return l.marshal()
	}
	good := letterAt(r.Head())
	salt := func(plain []byte) []byte { return syntheticSalt(r.keys[1], "satchel.v1 message", ad, plain) }
	if err := open(good, salt(good)); err != nil {
		t.Fatal(err)
	}
	wantError(t, open(good, make([]byte, saltSize)), ErrSealed)
	filled := bytes.Clone(good)
	filled[len(filled)-1] = 1
	wantError(t, open(filled, salt(filled)), ErrEncoding)
	long := append(bytes.Clone(good), make([]byte, padded(minLetter+1)-minLetter)...)
	wantError(t, open(long, salt(long)), ErrEncoding)
	r.do(t, bo.author(0), all, Proposal{Changes: []MemberState{add(bo, Removed)}})
	leaving := letterAt(r.Head())
	wantError(t, open(leaving, salt(leaving)), ErrMustRotate)
}
