package seal

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// sent is a message of the schedule, and what the rules say of it.
type sent struct {
	body       []byte
	e          Envelope
	text       string
	generation uint64
	members    map[int]bool // who took part then
	since      map[int]bool // who took part then or at any time after
}

// schedule is a group in which people and devices come and go, the chains as
// the relay keeps them, and a model of who holds which key: who got a box, and
// where the barriers are.
type schedule struct {
	t       *rapid.T
	people  []*person
	all     Accounts
	room    *room
	owner   int
	member  map[int]bool
	boxes   map[uint64]map[int]bool
	barrier map[uint64]bool
	sent    []*sent
	counts  map[*Device]uint64
	held    []ConversationKeys // by person: what a running client keeps open
	boxed   []int              // by person: boxes of the room that it has looked at
}

// keys are what somebody's running client holds.
func (s *schedule) keys(i int) ConversationKeys {
	p := s.people[i]
	for ; s.boxed[i] < len(s.room.boxes); s.boxed[i]++ {
		b := s.room.boxes[s.boxed[i]]
		if must(ParseMemberBox(b)).Member == p.root() {
			if err := s.room.Open(s.held[i], p.root(), p.keys, b); err != nil {
				s.t.Fatalf("open box: %v", err)
			}
		}
	}
	return s.held[i]
}

func (s *schedule) others() (out []int) {
	for i := range s.people {
		if s.member[i] && i != s.owner {
			out = append(out, i)
		}
	}
	return out
}

func (s *schedule) outside() (out []int) {
	for i := range s.people {
		if !s.member[i] {
			out = append(out, i)
		}
	}
	return out
}

func (s *schedule) pick(from []int, label string) int {
	return rapid.SampledFrom(from).Draw(s.t, label)
}

// device draws an active computer of somebody.
func (s *schedule) device(i int) int {
	p := s.people[i]
	var active []int
	for n, d := range p.devices {
		if x := p.account.Device(d.public.Key); x.Removed == 0 && x.Kind == Computer {
			active = append(active, n)
		}
	}
	return s.pick(active, "device")
}

func (s *schedule) author(i int) Author { return s.people[i].author(s.device(i)) }

// do proposes as a client would: with the keys that its account holds.
func (s *schedule) do(by int, p Proposal) {
	s.t.Helper()
	w, err := s.room.Propose(s.author(by), s.all, s.keys(by), p, noon)
	if err != nil {
		s.t.Fatalf("propose: %v", err)
	}
	s.room.take(s.t, w, s.all)
	for _, c := range p.Changes {
		i := slices.IndexFunc(s.people, func(p *person) bool { return p.root() == c.Root })
		if _, was := s.member[i]; c.Role == Removed {
			delete(s.member, i)
		} else if !was {
			s.member[i] = true
			if p.Rotate == NoRotation {
				s.boxes[s.room.Generation()][i] = true
			}
			for _, m := range s.sent {
				m.since[i] = true
			}
		}
	}
	if p.Rotate != NoRotation {
		g := s.room.Generation()
		s.boxes[g], s.barrier[g] = maps.Clone(s.member), p.Rotate == Barrier
	}
}

// reads is the rule of docs/security.md.
func (s *schedule) reads(i int, g uint64) bool {
	for h := g; h <= s.room.Generation(); h++ {
		if h > g && s.barrier[h] {
			return false
		}
		if s.boxes[h][i] {
			return true
		}
	}
	return false
}

func (s *schedule) settle() {
	if s.room.MustRotate(s.all, noon) {
		members := append(s.others(), s.owner)
		s.do(s.pick(members, "who rotates"), Proposal{Rotate: Linked})
	}
}

func (s *schedule) step() {
	title := "title"
	switch rapid.IntRange(0, 10).Draw(s.t, "step") {
	case 0, 1, 2:
		s.settle()
		s.send()
	case 3: // with history
		if out := s.outside(); len(out) > 0 {
			s.settle()
			s.do(s.owner, Proposal{Changes: []MemberState{add(s.people[s.pick(out, "who")], Member)}})
		}
	case 4: // without
		if out := s.outside(); len(out) > 0 {
			s.do(s.owner, Proposal{Changes: []MemberState{add(s.people[s.pick(out, "who")], Member)}, Rotate: Barrier, Title: &title})
		}
	case 5: // is removed
		if in := s.others(); len(in) > 0 {
			s.do(s.owner, Proposal{Changes: []MemberState{add(s.people[s.pick(in, "who")], Removed)}, Rotate: Linked})
		}
	case 6: // leaves
		if in := s.others(); len(in) > 0 {
			s.settle()
			i := s.pick(in, "who")
			s.do(i, Proposal{Changes: []MemberState{add(s.people[i], Removed)}})
		}
	case 7:
		s.do(s.pick(append(s.others(), s.owner), "who rotates"), Proposal{Rotate: Linked})
	case 8: // another device
		if p := s.people[rapid.IntRange(0, len(s.people)-1).Draw(s.t, "who")]; len(p.account.Active()) < 3 {
			p.add(s.t, s.device(slices.Index(s.people, p)), Computer)
		}
	case 9: // one device less
		i := rapid.IntRange(0, len(s.people)-1).Draw(s.t, "who")
		if p := s.people[i]; len(p.account.Active()) > 1 {
			by := s.device(i)
			var rest []int
			for n, d := range p.devices {
				if n != by && p.account.activeKey(d.public.Key) {
					rest = append(rest, n)
				}
			}
			p.remove(s.t, by, s.pick(rest, "which"))
		}
	case 10: // everybody starts anew from what the relay has
		s.all = Accounts{}
		for _, p := range s.people {
			p.account = must(VerifyAccount(p.account.ID(), p.statements))
			s.all[p.root()] = p.account
		}
		c, err := VerifyConversation(s.room.ID(), s.room.statements, s.all)
		if err != nil {
			s.t.Fatalf("restart: %v", err)
		}
		s.room.Conversation = c
	}
}

func (s *schedule) send() {
	i := s.pick(append(s.others(), s.owner), "sender")
	by := s.author(i)
	n := len(s.sent) + 1
	s.counts[by.Device]++
	m := &sent{e: Envelope{messageID(n), by.Account.root, by.Device.ID()}, text: fmt.Sprint("message ", n), generation: s.room.Generation(),
		members: maps.Clone(s.member), since: maps.Clone(s.member)}
	body, err := s.room.Seal(by, s.keys(i), m.e.Message, s.counts[by.Device], []byte(m.text))
	if err != nil {
		s.t.Fatalf("seal: %v", err)
	}
	m.body = body
	s.sent = append(s.sent, m)
}

// check lets every device of everybody read everything that the relay has.
func (s *schedule) check() {
	for i, p := range s.people {
		for _, d := range p.devices {
			keys, err := OpenAccountKeys(p.account, d, p.boxes)
			if err != nil {
				s.t.Fatalf("account keys: %v", err)
			}
			if !p.account.activeKey(d.public.Key) {
				s.read(i, keys, false)
			} else if !maps.Equal(keys, p.keys) {
				s.t.Fatalf("two devices of one account hold different keys")
			}
		}
		s.read(i, p.keys, true)
	}
}

// read opens all boxes and messages with the keys that the devices of somebody
// hold, or that a removed one still has.
func (s *schedule) read(i int, keys AccountKeys, active bool) {
	p, held := s.people[i], ConversationKeys{}
	for _, b := range s.room.boxes {
		if must(ParseMemberBox(b)).Member == p.root() {
			if err := s.room.Open(held, p.root(), keys, b); err != nil && active {
				s.t.Fatalf("box: %v", err)
			}
		}
	}
	for _, m := range s.sent {
		o, err := s.room.OpenMessage(held, s.all, m.e, m.body)
		want := s.reads(i, m.generation)
		switch {
		case err == nil && string(o.Content) != m.text:
			s.t.Fatalf("%q was read as %q", m.text, o.Content)
		case active && want != (err == nil):
			s.t.Fatalf("%s, generation %d, by person %d: %v, the rule says %v", m.text, m.generation, i, err, want)
		case !active && err == nil && !want:
			s.t.Fatalf("%s is read by a removed device that its account can't read", m.text)
		case err != nil:
			wantError(s.t, err, ErrNoKey)
		}
		// The same in plain words, without the model of keys.
		if active && m.members[i] && err != nil {
			s.t.Fatalf("%s was sent to person %d, who can't read it", m.text, i)
		}
		if !m.since[i] && err == nil {
			s.t.Fatalf("%s is read by person %d, who was not there then or after", m.text, i)
		}
	}
}

// Random schedules of joins with and without history, leaves, removals of
// members and devices, rotations, restarts: everybody reads what the rules say,
// on every device, never more, never less.
func TestSchedules(t *testing.T) {
	// Key generation is the cost here; people are made once and begin every
	// schedule with copies of their first statement.
	var begun []*person
	for range 4 {
		begun = append(begun, newPerson(t))
	}
	rapid.Check(t, func(t *rapid.T) {
		s := &schedule{t: t, member: map[int]bool{0: true}, boxes: map[uint64]map[int]bool{}, barrier: map[uint64]bool{}, counts: map[*Device]uint64{}, all: Accounts{}}
		for _, b := range begun {
			p := &person{b.account.Clone(), slices.Clone(b.devices), slices.Clone(b.statements), slices.Clone(b.boxes), maps.Clone(b.keys)}
			s.people, s.all[p.root()] = append(s.people, p), p.account
		}
		s.room = newRoom(t, "title", s.people[0])
		for range s.people {
			s.held, s.boxed = append(s.held, ConversationKeys{}), append(s.boxed, 0)
		}
		s.boxes[1], s.barrier[1] = map[int]bool{0: true}, true
		for range rapid.IntRange(4, 14).Draw(t, "steps") {
			s.step()
		}
		s.settle()
		s.check()
		s.checkRemoved()
	})
}

// checkRemoved: what was sent after a removal was written into the group's
// chain is closed to the removed device, whatever the relay gives it.
func (s *schedule) checkRemoved() {
	n := len(s.sent)
	s.send()
	m := s.sent[n]
	for i, p := range s.people {
		for _, d := range p.devices {
			if p.account.activeKey(d.public.Key) {
				continue
			}
			keys := must(OpenAccountKeys(p.account, d, p.boxes))
			held := ConversationKeys{}
			for _, b := range s.room.boxes {
				if must(ParseMemberBox(b)).Member == p.root() {
					s.room.Open(held, p.root(), keys, b)
				}
			}
			if s.member[i] {
				if _, err := s.room.OpenMessage(held, s.all, m.e, m.body); err == nil {
					s.t.Fatalf("a removed device reads what was sent afterwards")
				}
			}
		}
	}
}
