package session

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
)

// lie changes a frame of the relay's; nil: it is not sent.
type lie func(wire.Frame) wire.Frame

// liar is a relay that tells the truth until a lie is given to it.
type liar struct {
	*proxy
	lie atomic.Pointer[lie]
}

func (w *world) liar() *liar {
	l := &liar{}
	l.proxy = w.behind(func(f wire.Frame, b []byte) [][]byte {
		lie := l.lie.Load()
		if lie == nil {
			return [][]byte{b}
		}
		if f = (*lie)(f); f == nil {
			return nil
		}
		out, err := wire.Encode(f)
		if err != nil {
			w.t.Error(err)
		}
		return [][]byte{out}
	})
	return l
}

func (l *liar) say(x lie) { l.lie.Store(&x) }

// entries changes every entry, new or in a page; nil: it is left out.
func entries(change func(*wire.Entry) *wire.Entry) lie {
	return func(f wire.Frame) wire.Frame {
		switch f := f.(type) {
		case *wire.Entry:
			if e := change(f); e != nil {
				return e
			}
			return nil
		case *wire.Page:
			var kept []wire.Entry
			for i := range f.Entries {
				if e := change(&f.Entries[i]); e != nil {
					kept = append(kept, *e)
				}
			}
			f.Entries = kept
		}
		return f
	}
}

// scene is two people who have said hello; Bo's relay will lie.
type scene struct {
	*world
	relay   *liar
	ana, bo *person
	direct  chat.ConversationID
	group   chat.ConversationID
}

func newScene(t *testing.T) *scene {
	w := newWorld(t)
	s := &scene{world: w, relay: w.liar()}
	s.ana, s.bo = w.person("Ana"), w.personBehind(s.relay.proxy, "Bo")
	s.direct = s.ana.direct("Bo")
	s.ana.flushed(s.ana.say(s.direct, "hello"))
	s.bo.reads(s.direct, "hello")
	g, err := s.ana.NewGroup(s.ana.bounded(), "Studio", []chat.AccountID{s.bo.me()}, true)
	if err != nil {
		t.Fatal(err)
	}
	s.group = g.ID
	s.bo.inGroup(g.ID, "Studio")
	s.ana.flushed(s.ana.say(g.ID, "hello"))
	s.bo.reads(g.ID, "hello")
	return s
}

// says has Ana write in a conversation.
func (s *scene) says(id chat.ConversationID, texts ...string) {
	s.t.Helper()
	for _, text := range texts {
		s.ana.flushed(s.ana.say(id, text))
	}
}

// closedAt waits until Bo has a message at seq that is shown as unreadable.
func (s *scene) closedAt(id chat.ConversationID, seq uint64) {
	s.t.Helper()
	s.bo.wait("an unreadable message", func() bool {
		page, err := s.bo.Messages(id, seq+1, 1)
		return err == nil && len(page) == 1 && page[0].Seq == seq && page[0].Content.Kind == chat.KindUnreadable && page[0].Content.Text != ""
	})
}

// warned waits until Bo is told.
func (s *scene) warned(id chat.ConversationID, text string, stopped bool) {
	s.t.Helper()
	s.bo.wait("a warning", func() bool { r := s.bo.row(id); return r.Warning == text && r.Stopped == stopped })
	_, err := s.bo.Send(s.bo.bounded(), id, chat.Content{Text: "can I write?"})
	if stopped != isRefusal(err) {
		s.t.Errorf("stopped is %v, and sending says %v", stopped, err)
	}
}

// reconnects ends Bo's connection and waits for the next one.
func (s *scene) reconnects() {
	s.t.Helper()
	s.bo.again()
	s.bo.synced()
}

// The relay does its worst to Bo. Each act is refused or shown, and what was
// there stays.
func TestMaliciousRelay(t *testing.T) {
	grace := holeGrace
	holeGrace = 50 * time.Millisecond
	t.Cleanup(func() { holeGrace = grace })
	for name, act := range map[string]func(t *testing.T, s *scene){
		"flips a bit": func(t *testing.T, s *scene) {
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry { e.Body[len(e.Body)/2] ^= 1; return e }))
			s.says(s.direct, "two")
			s.closedAt(s.direct, 2)
		},
		"truncates": func(t *testing.T, s *scene) {
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry { e.Body = e.Body[:len(e.Body)-1]; return e }))
			s.says(s.direct, "two")
			s.closedAt(s.direct, 2)
		},
		"empties": func(t *testing.T, s *scene) {
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry { e.Body = nil; return e }))
			s.says(s.direct, "two")
			s.closedAt(s.direct, 2)
		},
		"says that somebody else wrote it": func(t *testing.T, s *scene) {
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry { e.From = string(s.bo.me()); return e }))
			s.says(s.direct, "two")
			s.closedAt(s.direct, 2)
		},
		"puts a message into another conversation": func(t *testing.T, s *scene) {
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry {
				if e.Conversation == string(s.direct) {
					e.Conversation = string(s.group)
				}
				return e
			}))
			s.says(s.direct, "two")
			s.closedAt(s.group, 2)
		},
		"replays": func(t *testing.T, s *scene) {
			var mu sync.Mutex
			var first []byte
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry {
				mu.Lock()
				defer mu.Unlock()
				switch e.Seq {
				case 2:
					first = e.Body
				case 3:
					e.Body = first
				}
				return e
			}))
			s.says(s.direct, "two", "three")
			s.closedAt(s.direct, 3)
		},
		"swaps what two messages carry": func(t *testing.T, s *scene) {
			var mu sync.Mutex
			bodies := map[uint64][]byte{}
			s.says(s.direct, "warm-up")
			s.bo.reads(s.direct, "hello", "warm-up")
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry {
				mu.Lock()
				defer mu.Unlock()
				bodies[e.Seq] = e.Body
				if e.Seq == 4 {
					e.Body = bodies[3]
				}
				return e
			}))
			s.says(s.direct, "three", "four")
			s.closedAt(s.direct, 4)
		},
		"reorders": func(t *testing.T, s *scene) {
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry {
				if e.Seq == 2 || e.Seq == 3 {
					e.Seq = 5 - e.Seq
				}
				return e
			}))
			s.says(s.direct, "two", "three")
			s.bo.wait("both, once", func() bool {
				got := s.bo.texts(s.direct)
				slices.Sort(got)
				return slices.Equal(got, []string{"hello", "three", "two"})
			})
		},
		"drops": func(t *testing.T, s *scene) {
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry {
				if e.Seq == 2 {
					return nil
				}
				return e
			}))
			s.says(s.direct, "two", "three")
			s.warned(s.direct, sayMissing, false)
		},
		"gives other keys out for a person": func(t *testing.T, s *scene) {
			evil := seal.NewDevice(seal.Computer)
			_, first, _, err := seal.NewAccount(evil, "evil", time.Now())
			if err != nil {
				t.Fatal(err)
			}
			carl := s.person("Carl")
			s.relay.say(func(f wire.Frame) wire.Frame {
				if c, ok := f.(*wire.Chain); ok && c.Account == string(carl.me()) {
					c.Statements = [][]byte{first}
				}
				return f
			})
			_, err = s.bo.NewGroup(s.bo.bounded(), "Trip", []chat.AccountID{carl.me()}, true)
			if !isRefusal(err) {
				t.Errorf("%v", err)
			}
			id := carl.direct("Bo")
			carl.flushed(carl.say(id, "it is me"))
			s.closedAt(id, 1)
			s.relay.lie.Store(nil)
			s.reconnects()
			s.bo.wait("what it says", func() bool { return slices.Contains(s.bo.texts(id), "it is me") })
		},
		"swaps the key in a box": func(t *testing.T, s *scene) {
			s.relay.say(func(f wire.Frame) wire.Frame {
				if c, ok := f.(*wire.Boxes); ok {
					for _, b := range c.Boxes {
						b[len(b)-1] ^= 1
					}
				}
				return f
			})
			g, err := s.ana.NewGroup(s.ana.bounded(), "Trip", []chat.AccountID{s.bo.me()}, true)
			if err != nil {
				t.Fatal(err)
			}
			s.says(g.ID, "one")
			s.closedAt(g.ID, 1)
			s.relay.lie.Store(nil)
			s.reconnects()
			s.bo.reads(g.ID, "one")
		},
		"lists a member who is none": func(t *testing.T, s *scene) {
			s.relay.say(func(f wire.Frame) wire.Frame {
				if c, ok := f.(*wire.Welcome); ok {
					for i := range c.Conversations {
						c.Conversations[i].Members = append(c.Conversations[i].Members, wire.Account{ID: wire.NewID(), Name: "Eve"})
					}
				}
				return f
			})
			s.reconnects()
			s.says(s.group, "two")
			s.bo.reads(s.group, "hello", "two")
			if row := s.bo.row(s.group); len(row.Members) != 2 {
				t.Errorf("%+v", row.Members)
			}
		},
		"adds a member of its own": func(t *testing.T, s *scene) {
			eve := s.person("Eve")
			by, _, err := eve.author()
			if err != nil {
				t.Fatal(err)
			}
			_, w, err := seal.NewGroup(by, nil, "Studio", seal.Accounts{}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			s.relay.say(func(f wire.Frame) wire.Frame {
				switch f := f.(type) {
				case *wire.Chain:
					if f.Conversation == string(s.group) {
						f.Statements = append(f.Statements, w.Statement)
					}
				case *wire.Welcome:
					for i := range f.Conversations {
						f.Conversations[i].Chain++
					}
				}
				return f
			})
			s.reconnects()
			s.says(s.group, "two")
			s.bo.reads(s.group, "hello", "two")
			s.bo.wait("refused, or shown", func() bool {
				row := s.bo.row(s.group)
				return len(row.Members) == 2
			})
		},
		"forks a group": func(t *testing.T, s *scene) {
			// Ana works with the relay: she signs two second statements.
			var other []byte
			err := s.ana.look(func(v *view) error {
				r, err := v.room(s.group)
				if err != nil {
					return err
				}
				by, _, err := s.ana.authorIn(v)
				if err != nil {
					return err
				}
				with, err := v.members(r.chain)
				if err != nil {
					return err
				}
				w, err := r.chain.Propose(by, with, r.keys, seal.Proposal{Rotate: seal.NoRotation, Title: new(string)}, time.Now())
				other = w.Statement
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			s.relay.say(func(f wire.Frame) wire.Frame {
				if c, ok := f.(*wire.Chain); ok && c.Conversation == string(s.group) && len(c.Statements) == 2 {
					c.Statements[1] = other
				}
				return f
			})
			if err := s.ana.Rename(s.ana.bounded(), s.group, "Workshop"); err != nil {
				t.Fatal(err)
			}
			s.says(s.group, "two")
			s.closedAt(s.group, 2)
			s.warned(s.group, sayFork, true)
		},
		"withholds a removal": func(t *testing.T, s *scene) {
			carl := s.person("Carl")
			if err := s.ana.AddMembers(s.ana.bounded(), s.group, []chat.AccountID{carl.me()}, true); err != nil {
				t.Fatal(err)
			}
			s.bo.wait("Carl", func() bool { return len(s.bo.row(s.group).Members) == 3 })
			s.relay.say(func(f wire.Frame) wire.Frame {
				if c, ok := f.(*wire.Chain); ok && c.Conversation == string(s.group) && len(c.Statements) > 1 {
					c.Statements = c.Statements[:1]
				}
				return f
			})
			if err := s.ana.RemoveMember(s.ana.bounded(), s.group, carl.me()); err != nil {
				t.Fatal(err)
			}
			s.says(s.group, "without Carl")
			s.closedAt(s.group, 2)
			s.warned(s.group, sayBehind, true)
			s.relay.lie.Store(nil)
			s.reconnects()
			s.bo.reads(s.group, "hello", "without Carl")
			if row := s.bo.row(s.group); row.Stopped || row.Warning != "" {
				t.Errorf("%+v", row)
			}
			s.bo.flushed(s.bo.say(s.group, "so it is"))
		},
		"lets a removed device write as if before": func(t *testing.T, s *scene) {
			laptop := s.ana.device("laptop")
			laptop.wait("the group's key", func() bool { r, err := laptop.knownRoom(s.group); return err == nil && r != nil && r.opens() })
			old := chat.NewMessageID(time.Now())
			var body []byte
			err := laptop.look(func(v *view) error {
				r, err := v.room(s.group)
				if err != nil {
					return err
				}
				by, _, err := laptop.authorIn(v)
				if err != nil {
					return err
				}
				body, err = r.chain.Seal(by, r.keys, old, 1, []byte(`{"kind":"message","text":"send money"}`))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			s.ana.removes(laptop)
			s.bo.wait("a key without the laptop", func() bool { r, err := s.bo.knownRoom(s.group); return err == nil && r.chain.Generation() == 2 })
			s.relay.say(entries(func(e *wire.Entry) *wire.Entry {
				e.Message, e.Device, e.Body = string(old), string(laptop.Profile().Device), body
				return e
			}))
			s.says(s.group, "two")
			s.warned(s.group, sayDevice, false)
		},
		"rolls a group back": func(t *testing.T, s *scene) {
			s.relay.say(func(f wire.Frame) wire.Frame {
				switch f := f.(type) {
				case *wire.Chain:
					if f.Conversation == string(s.group) {
						f.Statements = nil
					}
				case *wire.Welcome:
					for i := range f.Conversations {
						f.Conversations[i].Chain = 0
					}
				}
				return f
			})
			s.reconnects()
			s.warned(s.group, sayRollback, true)
		},
		"rolls an account back": func(t *testing.T, s *scene) {
			s.relay.say(func(f wire.Frame) wire.Frame {
				switch f := f.(type) {
				case *wire.Chain:
					if f.Account == string(s.ana.me()) {
						f.Statements = nil
					}
				case *wire.Welcome:
					for i := range f.Conversations {
						for j := range f.Conversations[i].Members {
							f.Conversations[i].Members[j].Chain = 0
						}
					}
				}
				return f
			})
			s.reconnects()
			s.warned(s.direct, sayRollback, true)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			act(t, s)
			if got := s.bo.texts(s.direct); len(got) == 0 || got[0] != "hello" {
				t.Errorf("what was here is gone: %v", got)
			}
			if got := s.bo.texts(s.group); len(got) == 0 || got[0] != "hello" {
				t.Errorf("what was here is gone: %v", got)
			}
		})
	}
}
