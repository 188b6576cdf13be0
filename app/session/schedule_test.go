package session

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"satchel/chat"
)

// written is a message of a schedule, and the barrier that it was written behind.
type written struct {
	text  string
	epoch int
}

// schedule is a group in which people come and go, and a model of who reads what:
// docs/security.md, "Who reads what", in plain words.
type schedule struct {
	t      *rapid.T
	people []*person
	group  chat.ConversationID
	member map[int]bool
	reads  []map[string]bool // by person
	log    []written
	epoch  int
	open   []bool
}

// must fails the schedule.
func (s *schedule) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *schedule) pick(label string, from []int) int {
	return rapid.SampledFrom(from).Draw(s.t, label)
}

// who are people of whom something holds; the owner is left out.
func (s *schedule) who(holds func(int) bool) (out []int) {
	for i := 1; i < len(s.people); i++ {
		if holds(i) {
			out = append(out, i)
		}
	}
	return out
}

// current waits until somebody is connected and their chain of the group is the owner's.
func (s *schedule) current(i int) {
	p, owner := s.people[i], s.people[0]
	p.synced()
	p.wait("the group as it is", func() bool {
		mine, err := p.knownRoom(s.group)
		theirs, err2 := owner.knownRoom(s.group)
		return err == nil && err2 == nil && mine != nil && mine.chain.Contains(theirs.chain.Head()) == nil && p.row(s.group).Gone == ""
	})
}

func (s *schedule) send(i int) {
	if i > 0 {
		s.current(i)
	}
	text := fmt.Sprintf("message %d", len(s.log)+1)
	p := s.people[i]
	p.flushed(p.say(s.group, text))
	s.log = append(s.log, written{text, s.epoch})
	for m := range s.member {
		s.reads[m][text] = true
	}
}

func (s *schedule) add(i int, history bool) {
	owner := s.people[0]
	s.must(owner.AddMembers(owner.bounded(), s.group, []chat.AccountID{s.people[i].me()}, history))
	s.member[i] = true
	if !history {
		s.epoch++
		return
	}
	for _, m := range s.log {
		if m.epoch == s.epoch {
			s.reads[i][m.text] = true
		}
	}
}

func (s *schedule) step() {
	in := func(i int) bool { return s.member[i] && s.open[i] }
	switch rapid.IntRange(0, 8).Draw(s.t, "step") {
	default:
		s.send(s.pick("sender", append(s.who(in), 0)))
	case 3, 4:
		if out := s.who(func(i int) bool { return !s.member[i] }); len(out) > 0 {
			s.add(s.pick("joins", out), rapid.Bool().Draw(s.t, "history"))
		}
	case 5: // is removed
		if all := s.who(func(i int) bool { return s.member[i] }); len(all) > 0 {
			i := s.pick("removed", all)
			s.must(s.people[0].RemoveMember(s.people[0].bounded(), s.group, s.people[i].me()))
			delete(s.member, i)
		}
	case 6: // leaves
		if all := s.who(in); len(all) > 0 {
			i := s.pick("leaves", all)
			s.current(i)
			s.must(s.people[i].Leave(s.people[i].bounded(), s.group))
			delete(s.member, i)
			s.current(0)
			s.people[0].wait("who left is gone", func() bool { return len(s.people[0].row(s.group).Members) == len(s.member) })
		}
	case 7: // starts anew
		s.people[s.pick("restarts", append(s.who(func(i int) bool { return s.open[i] }), 0))].again()
		s.people[0].synced()
	case 8: // is away for a while
		i := s.pick("comes or goes", s.who(func(int) bool { return true }))
		if s.open[i] {
			s.must(s.people[i].Close())
		} else {
			s.people[i].open()
		}
		s.open[i] = !s.open[i]
	}
}

// check: members have all that is theirs, in order; nobody has anything else,
// and nobody is warned of anything.
func (s *schedule) check() {
	for i, p := range s.people {
		if !s.open[i] {
			p.open()
			s.open[i] = true
		}
		var want []string
		for _, m := range s.log {
			if s.reads[i][m.text] {
				want = append(want, m.text)
			}
		}
		if s.member[i] {
			p.LoadHistory(s.group, 0)
			p.reads(s.group, want...)
		} else {
			for _, text := range p.texts(s.group) {
				if !s.reads[i][text] {
					s.t.Fatalf("%s reads %q", p.name, text)
				}
			}
		}
		if row := p.row(s.group); row.Warning != "" {
			s.t.Fatalf("%s is warned: %s", p.name, row.Warning)
		}
	}
}

// Random schedules of joins with and without history, leaves, removals,
// restarts and absences, with a real relay: everybody reads what the rules say.
func TestSchedules(t *testing.T) {
	grace := holeGrace
	holeGrace = 50 * time.Millisecond
	t.Cleanup(func() { holeGrace = grace })
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		// Each is a relay's work for four programs, not a computation.
		if err := f.Value.Set("12"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
	}
	w := newWorld(t)
	people := []*person{w.person("Ana"), w.person("Bo"), w.person("Carl"), w.person("Dora")}
	rapid.Check(t, func(t *rapid.T) {
		s := &schedule{t: t, people: people, member: map[int]bool{0: true}}
		for range people {
			s.reads, s.open = append(s.reads, map[string]bool{}), append(s.open, true)
		}
		g, err := people[0].NewGroup(people[0].bounded(), "Studio", nil, true)
		s.must(err)
		s.group = g.ID
		defer func() {
			for i, p := range people {
				if !s.open[i] {
					p.open()
				}
			}
		}()
		for range rapid.IntRange(4, 12).Draw(t, "steps") {
			s.step()
		}
		s.send(0)
		s.check()
	})
}
