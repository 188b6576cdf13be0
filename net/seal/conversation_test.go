package seal

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"satchel/net/wire"
)

func add(p *person, r Role) MemberState { return MemberState{Root: p.root(), Role: r} }

func text(s string) *string { return &s }

// Names are those that net/wire gives, so that relay and clients agree.
func TestNamesAreTheWires(t *testing.T) {
	a, b, d := Hash{1}, Hash{2}, NewDevice(Computer)
	if string(DeviceName(d.public.Key)) != wire.DeviceID(d.public.Key[:]) {
		t.Error("device")
	}
	if string(SelfID(a)) != wire.SelfID(string(AccountName(a))) {
		t.Error("self")
	}
	if string(DirectID(a, b)) != wire.DirectID(string(AccountName(a)), string(AccountName(b))) || DirectID(a, b) != DirectID(b, a) {
		t.Error("direct")
	}
}

func TestSelfAndDirect(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	self, w, err := NewSelf(ana.author(0), noon)
	if err != nil || self.Kind() != Self || self.ID() != SelfID(ana.root()) || len(w.Boxes) != 1 {
		t.Fatalf("%v", err)
	}
	direct, w, err := NewDirect(ana.author(0), bo.account, noon)
	if err != nil || len(direct.Members()) != 2 || len(w.Boxes) != 2 {
		t.Fatalf("%v", err)
	}
	all := accountsOf(ana, bo)
	again, err := VerifyConversation(direct.ID(), [][]byte{w.Statement}, all)
	if err != nil || again.Head() != direct.Head() {
		t.Fatalf("%v", err)
	}
	// The other one rotates; nothing else can be changed.
	if _, err := direct.Propose(bo.author(0), all, w.Keys, Proposal{Rotate: Linked}, noon); err != nil {
		t.Error(err)
	}
	carl := newPerson(t)
	all[carl.root()] = carl.account
	for name, p := range map[string]Proposal{
		"somebody added": {Changes: []MemberState{add(carl, Member)}, Rotate: Linked},
		"title":          {Title: text("x")},
		"role":           {Changes: []MemberState{add(bo, Member)}},
		"leaves":         {Changes: []MemberState{{Root: ana.root()}}},
		"barrier":        {Rotate: Barrier},
	} {
		if _, err := direct.Propose(ana.author(0), all, w.Keys, p, noon); err == nil {
			t.Errorf("%s: accepted", name)
		} else {
			wantError(t, err, ErrNotAllowed)
		}
	}
	// Nobody but the two can begin it.
	id := direct.ID()
	_, w, err = NewDirect(carl.author(0), bo.account, noon)
	if err != nil {
		t.Fatal(err)
	}
	_, err = VerifyConversation(id, [][]byte{w.Statement}, all)
	wantError(t, err, ErrIdentity)
}

// Who may do what: role of the signer, the act, the answer.
func TestGroupRules(t *testing.T) {
	owner, admin, member, other, stranger := newPerson(t), newPerson(t), newPerson(t), newPerson(t), newPerson(t)
	all := accountsOf(owner, admin, member, other, stranger)
	r := newRoom(t, "Studio", owner, member, other)
	r.do(t, owner.author(0), all, Proposal{Changes: []MemberState{add(admin, Admin)}})
	for name, c := range map[string]struct {
		by   *person
		p    Proposal
		want error
	}{
		"owner adds":              {owner, Proposal{Changes: []MemberState{add(stranger, Member)}}, nil},
		"owner adds an owner":     {owner, Proposal{Changes: []MemberState{add(stranger, Owner)}}, nil},
		"owner promotes":          {owner, Proposal{Changes: []MemberState{add(member, Admin)}}, nil},
		"owner demotes":           {owner, Proposal{Changes: []MemberState{add(admin, Member)}}, nil},
		"owner removes an admin":  {owner, Proposal{Changes: []MemberState{add(admin, Removed)}, Rotate: Linked}, nil},
		"owner hands over":        {owner, Proposal{Changes: []MemberState{add(owner, Member), add(member, Owner)}}, nil},
		"owner gives up":          {owner, Proposal{Changes: []MemberState{add(owner, Member)}}, ErrNoOwner},
		"owner leaves":            {owner, Proposal{Changes: []MemberState{add(owner, Removed)}}, ErrNoOwner},
		"admin adds":              {admin, Proposal{Changes: []MemberState{add(stranger, Member)}}, nil},
		"admin adds, no history":  {admin, Proposal{Changes: []MemberState{add(stranger, Member)}, Rotate: Barrier, Title: text("Studio")}, nil},
		"barrier without title":   {admin, Proposal{Changes: []MemberState{add(stranger, Member)}, Rotate: Barrier}, ErrGeneration},
		"admin removes":           {admin, Proposal{Changes: []MemberState{add(member, Removed)}, Rotate: Linked}, nil},
		"admin renames":           {admin, Proposal{Title: text("Atelier")}, nil},
		"admin adds an admin":     {admin, Proposal{Changes: []MemberState{add(stranger, Admin)}}, ErrNotAllowed},
		"admin promotes":          {admin, Proposal{Changes: []MemberState{add(member, Admin)}}, ErrNotAllowed},
		"admin promotes itself":   {admin, Proposal{Changes: []MemberState{add(admin, Owner)}}, ErrNotAllowed},
		"admin removes the owner": {admin, Proposal{Changes: []MemberState{add(owner, Removed)}, Rotate: Linked}, ErrNotAllowed},
		"admin leaves":            {admin, Proposal{Changes: []MemberState{add(admin, Removed)}}, nil},
		"member leaves":           {member, Proposal{Changes: []MemberState{add(member, Removed)}}, nil},
		"member leaves, new key":  {member, Proposal{Changes: []MemberState{add(member, Removed)}, Rotate: Linked}, ErrGeneration},
		"member rotates":          {member, Proposal{Rotate: Linked}, nil},
		"member renews a head":    {member, Proposal{Changes: []MemberState{add(other, Member)}}, nil},
		"member sets a barrier":   {member, Proposal{Rotate: Barrier}, ErrNotAllowed},
		"member adds":             {member, Proposal{Changes: []MemberState{add(stranger, Member)}}, ErrNotAllowed},
		"member removes":          {member, Proposal{Changes: []MemberState{add(other, Removed)}, Rotate: Linked}, ErrNotAllowed},
		"member renames":          {member, Proposal{Title: text("x")}, ErrNotAllowed},
		"member promotes itself":  {member, Proposal{Changes: []MemberState{add(member, Owner)}}, ErrNotAllowed},
		"stranger adds itself":    {stranger, Proposal{Changes: []MemberState{add(stranger, Member)}}, ErrNotMember},
		"stranger rotates":        {stranger, Proposal{Rotate: Linked}, ErrNotMember},
		"removal, old key":        {owner, Proposal{Changes: []MemberState{add(member, Removed)}}, ErrMustRotate},
		"removes a stranger":      {owner, Proposal{Changes: []MemberState{add(stranger, Removed)}, Rotate: Linked}, ErrNotMember},
		"named twice":             {owner, Proposal{Changes: []MemberState{add(member, Admin), add(member, Owner)}}, ErrEncoding},
		"long title":              {owner, Proposal{Title: text(string(make([]byte, MaxTitle+1)))}, ErrLimit},
	} {
		_, err := r.propose(c.by.author(0), all, c.p)
		if c.want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if c.want != nil {
			if err == nil {
				t.Errorf("%s: accepted", name)
				continue
			}
			wantError(t, err, c.want)
		}
	}
	if title, err := r.Title(r.keys); err != nil || title != "Studio" {
		t.Errorf("%q, %v", title, err)
	}
	_, err := r.Title(nil)
	wantError(t, err, ErrNoKey)
}

// Rules that only a forged statement can break.
func TestForgedConversations(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	all := accountsOf(ana, bo)
	r := newRoom(t, "", ana, bo)
	paper := ana.add(t, 0, Recovery)
	forge := func(by *Device, edit func(s *conversationStatement)) []byte {
		w, err := r.propose(ana.author(0), all, Proposal{Rotate: Linked})
		if err != nil {
			t.Fatal(err)
		}
		s := must(parseConversationStatement(w.Statement))
		edit(s)
		return s.resign(by)
	}
	me := ana.devices[0]
	for name, c := range map[string]struct {
		b    []byte
		want error
	}{
		"good":               {forge(me, func(s *conversationStatement) {}), nil},
		"gap":                {forge(me, func(s *conversationStatement) { s.seq++ }), ErrSequence},
		"fork":               {forge(me, func(s *conversationStatement) { s.prev[3] ^= 1 }), ErrFork},
		"another beginning":  {forge(me, func(s *conversationStatement) { s.seq--; s.first, s.kind = true, Group }), ErrFork},
		"a second beginning": {forge(me, func(s *conversationStatement) { s.first, s.kind = true, Group }), ErrSequence},
		"another's room":     {forge(me, func(s *conversationStatement) { s.id = SelfID(ana.root()) }), ErrIdentity},
		"generation skipped": {forge(me, func(s *conversationStatement) { s.number++ }), ErrGeneration},
		"in another's name":  {forge(bo.devices[0], func(s *conversationStatement) {}), ErrSignature},
		"another's device":   {forge(bo.devices[0], func(s *conversationStatement) { s.device = bo.devices[0].public.Key }), ErrDevice},
		"recovery file":      {forge(ana.devices[paper], func(s *conversationStatement) { s.device = ana.devices[paper].public.Key }), ErrDeviceKind},
		"forked account":     {forge(me, func(s *conversationStatement) { s.head.Hash[0] ^= 1 }), ErrFork},
		"account to come":    {forge(me, func(s *conversationStatement) { s.head.Seq += 5 }), ErrBehind},
		"member forked":      {forge(me, func(s *conversationStatement) { s.changes = []MemberState{{bo.root(), Member, Head{1, Hash{9}}}} }), ErrFork},
		"unknown account":    {forge(me, func(s *conversationStatement) { s.signer = Hash{7} }), ErrUnknown},
		"two heads of itself": {forge(me, func(s *conversationStatement) {
			s.changes = []MemberState{{ana.root(), Owner, Head{1, ana.account.hashes[0]}}}
		}), ErrEncoding},
		"unsorted": {forge(me, func(s *conversationStatement) { s.changes = []MemberState{{Root: Hash{9}}, {Root: Hash{8}}} }), ErrEncoding},
	} {
		c2 := must(VerifyConversation(r.ID(), r.statements, all))
		err := c2.Append(c.b, all)
		if c.want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		} else if c.want != nil {
			if err == nil || c2.Head() != r.Head() {
				t.Errorf("%s: accepted", name)
				continue
			}
			wantError(t, err, c.want)
		}
	}
	// Flipped bits.
	s := r.statements[0]
	for at := 0; at < len(s); at += 3 {
		b := bytes.Clone(s)
		b[at] ^= 1 << (at % 8)
		if _, err := VerifyConversation(r.ID(), [][]byte{b}, all); err == nil {
			t.Fatalf("byte %d: not found", at)
		}
	}
}

func TestLeavingNeedsAKey(t *testing.T) {
	ana, bo, carl := newPerson(t), newPerson(t), newPerson(t)
	all := accountsOf(ana, bo, carl)
	r := newRoom(t, "", ana, bo, carl)
	r.do(t, bo.author(0), all, Proposal{Changes: []MemberState{add(bo, Removed)}})
	if !r.MustRotate(all, noon) {
		t.Error("nobody has to rotate")
	}
	_, err := r.Seal(ana.author(0), r.keys, messageID(1), 1, []byte("x"))
	wantError(t, err, ErrMustRotate)
	_, err = r.propose(carl.author(0), all, Proposal{Changes: []MemberState{add(carl, Removed)}})
	wantError(t, err, ErrMustRotate)
	r.do(t, carl.author(0), all, Proposal{Rotate: Linked})
	if r.MustRotate(all, noon) || !r.MustRotate(all, noon.Add(RotateEvery+time.Hour)) {
		t.Error("rotation is due at the wrong time")
	}
	keys := r.keysOf(t, bo.root(), bo.keys)
	if len(keys) != 1 {
		t.Errorf("who left holds %d keys", len(keys))
	}
	// Everybody leaves: the group is over.
	r.do(t, ana.author(0), all, Proposal{Changes: []MemberState{add(carl, Removed)}, Rotate: Linked})
	r.do(t, ana.author(0), all, Proposal{Changes: []MemberState{add(ana, Removed)}})
	if len(r.Members()) != 0 {
		t.Error("somebody is left")
	}
}

// A device's removal must bring a new key, in statements of its own account and of others.
func TestDeviceRemovalRotates(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	lost := bo.add(t, 0, Computer)
	all := accountsOf(ana, bo)
	r := newRoom(t, "x", ana, bo)
	if r.MustRotate(all, noon) {
		t.Error("must rotate at the beginning")
	}
	before := must(r.propose(bo.author(lost), all, Proposal{Rotate: Linked}))
	bo.remove(t, 0, lost)
	if !r.MustRotate(all, noon) {
		t.Error("nobody has to rotate")
	}
	// Not without a key: neither by moving the head nor by signing.
	_, err := r.propose(ana.author(0), all, Proposal{Changes: []MemberState{add(bo, Member)}})
	wantError(t, err, ErrMustRotate)
	_, err = r.propose(bo.author(0), all, Proposal{})
	wantError(t, err, ErrMustRotate)
	_, err = r.Seal(bo.author(0), r.keys, messageID(1), 1, nil)
	wantError(t, err, ErrMustRotate)
	if since, err := StatementSince(before.Statement, all); since != SinceDeviceRemoved || err != nil {
		t.Errorf("%v, %v", since, err)
	}
	if since, err := StatementSince(r.statements[0], all); since != SinceNothing || err != nil {
		t.Errorf("%v, %v", since, err)
	}
	_, err = StatementSince(before.Statement, Accounts{})
	wantError(t, err, ErrUnknown)
	// Backdated together with the relay, it is taken, and heals at once.
	fork := must(VerifyConversation(r.ID(), r.statements, all))
	if err := fork.Append(before.Statement, all); err != nil || !fork.MustRotate(all, noon) {
		t.Errorf("%v", err)
	}
	r.do(t, ana.author(0), all, Proposal{Rotate: Linked})
	// What the lost device signed before comes too late now, and what it would sign is refused.
	wantError(t, r.Append(before.Statement, all), ErrFork)
	m, _ := r.Member(bo.root())
	if m.Head != bo.account.Head() {
		t.Errorf("the conversation knows %+v", m.Head)
	}
	w, err := r.Propose(bo.author(0), all, r.keys, Proposal{}, noon)
	if err != nil {
		t.Fatal(err)
	}
	s := must(parseConversationStatement(w.Statement))
	s.device = bo.devices[lost].public.Key
	for seq := range uint64(3) {
		s.head = Head{seq + 1, bo.account.hashes[seq]}
		wantError(t, r.Append(s.resign(bo.devices[lost]), all), ErrDevice)
	}
	// It opens nothing of the new generation.
	i := slices.IndexFunc(r.boxes, func(b []byte) bool {
		x := must(ParseMemberBox(b))
		return x.Member == bo.root() && x.Generation == 2
	})
	old := must(OpenAccountKeys(bo.account, bo.devices[lost], bo.boxes))
	wantError(t, r.Open(ConversationKeys{}, bo.root(), old, r.boxes[i]), ErrNoKey)
}

// A member that comes back is known by the newest head that ever was.
func TestComingBackDoesNotMoveBack(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	all := accountsOf(ana, bo)
	bo.add(t, 0, Computer)
	r := newRoom(t, "", ana, bo)
	r.do(t, ana.author(0), all, Proposal{Changes: []MemberState{add(bo, Removed)}, Rotate: Linked})
	_, err := r.propose(ana.author(0), all, Proposal{Changes: []MemberState{{bo.root(), Member, Head{1, bo.account.hashes[0]}}}})
	wantError(t, err, ErrRollback)
	r.do(t, ana.author(0), all, Proposal{Changes: []MemberState{add(bo, Member)}})
}

func TestMemberBoxes(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	r := newRoom(t, "", ana, bo)
	m, _ := r.Member(bo.root())
	open := func(box []byte) error { return r.Open(ConversationKeys{}, bo.root(), bo.keys, box) }
	wantError(t, open(must(r.box(1, newSecret(), m, bo.account))), ErrWrongKey)
	wantError(t, open(must(r.box(2, newSecret(), m, bo.account))), ErrGeneration)
	good := must(r.Box(r.keys, bo.account))
	if err := open(good); err != nil {
		t.Error(err)
	}
	flipped := bytes.Clone(good)
	flipped[len(flipped)-20] ^= 1
	wantError(t, open(flipped), ErrSealed)
	wantError(t, r.Open(ConversationKeys{}, ana.root(), ana.keys, good), ErrIdentity)
	wantError(t, newRoom(t, "", ana, bo).Open(ConversationKeys{}, bo.root(), bo.keys, good), ErrIdentity)
	wantError(t, open(good[:40]), ErrEncoding)
	_, err := r.Box(nil, bo.account)
	wantError(t, err, ErrNoKey)
	_, err = r.Box(r.keys, newPerson(t).account)
	wantError(t, err, ErrNotMember)
}

func TestMemberLimit(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	all := accountsOf(ana, bo)
	r := newRoom(t, "", ana)
	for i := range MaxMembers - 1 { // a crowd; it need not have accounts to be counted
		r.members[Hash{1, byte(i), byte(i >> 8)}] = []memberEvent{{1, Member, Head{1, Hash{}}}}
	}
	_, err := r.propose(ana.author(0), all, Proposal{Changes: []MemberState{add(bo, Member)}})
	wantError(t, err, ErrLimit)
	delete(r.members, Hash{1, 1, 0})
	r.do(t, ana.author(0), all, Proposal{Changes: []MemberState{add(bo, Member)}})
}

// A clone goes its own way: what is appended to either is not in the other.
func TestClone(t *testing.T) {
	ana, bo := newPerson(t), newPerson(t)
	all := accountsOf(ana, bo)
	r := newRoom(t, "Studio", ana, bo)
	before, first := r.Head(), r.Clone()
	propose := func(p Proposal) []byte {
		return must(r.Propose(ana.author(0), all, r.keys, p, noon)).Statement
	}
	one, other := propose(Proposal{Rotate: Linked}), propose(Proposal{Changes: []MemberState{add(bo, Removed)}, Rotate: Linked})
	second := r.Clone()
	if err := errors.Join(first.Append(one, all), second.Append(other, all)); err != nil {
		t.Fatal(err)
	}
	_, in := first.Member(bo.root())
	_, out := second.Member(bo.root())
	if r.Head() != before || !in || out || first.Generation() != 2 {
		t.Errorf("they share what was appended")
	}
	needs, err := StatementNeeds(other)
	if err != nil || len(needs) != 2 || needs[0] != (Need{ana.root(), ana.account.Head()}) || needs[1].Root != bo.root() {
		t.Errorf("%v, %v", needs, err)
	}
	a := ana.account.Clone()
	next, _, err := ana.account.NewKey(ana.devices[0], ana.keys, noon)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Append(next); err != nil || a.Generation() == ana.account.Generation() {
		t.Errorf("%v", err)
	}
}
