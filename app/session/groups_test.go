package session

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// member waits until somebody is in a group as its chain says, with its title.
func (p *person) inGroup(id chat.ConversationID, title string) {
	p.t.Helper()
	p.wait("in "+title, func() bool { r := p.row(id); return r.Title == title && r.Gone == "" && r.Roles[p.me()] != "" })
}

// reads waits until the cache has exactly these texts.
func (p *person) reads(id chat.ConversationID, want ...string) {
	p.t.Helper()
	p.wait(strings.Join(want, ","), func() bool { return slices.Equal(p.texts(id), want) })
}

// People come and go in a group, with history and without, by every role; each
// reads what the rules say, and the rows say who is what.
func TestGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, bo, carl, dora := w.person("Ana"), w.person("Bo"), w.person("Carl"), w.person("Dora")
	g, err := ana.NewGroup(ana.bounded(), "  The  studio ", []chat.AccountID{bo.me()}, true)
	if err != nil {
		t.Fatal(err)
	}
	if g.Title != "The studio" || g.Roles[ana.me()] != chat.Owner || g.Roles[bo.me()] != chat.Member || len(g.Members) != 2 {
		t.Errorf("%+v", g)
	}
	bo.inGroup(g.ID, "The studio")
	ana.flushed(ana.say(g.ID, "one"))
	bo.reads(g.ID, "one")
	if err := bo.AddMembers(bo.bounded(), g.ID, []chat.AccountID{carl.me()}, true); !isRefusal(err) {
		t.Errorf("a member added somebody: %v", err)
	}
	if err := ana.SetRole(ana.bounded(), g.ID, bo.me(), chat.Admin); err != nil {
		t.Fatal(err)
	}
	bo.wait("admin", func() bool { return bo.row(g.ID).Roles[bo.me()] == chat.Admin })
	if err := bo.AddMembers(bo.bounded(), g.ID, []chat.AccountID{carl.me()}, true); err != nil {
		t.Fatal(err)
	}
	carl.inGroup(g.ID, "The studio")
	carl.reads(g.ID, "one")
	if err := ana.AddMembers(ana.bounded(), g.ID, []chat.AccountID{dora.me()}, false); err != nil {
		t.Fatal(err)
	}
	dora.inGroup(g.ID, "The studio")
	ana.flushed(ana.say(g.ID, "two"))
	dora.reads(g.ID, "two")
	carl.reads(g.ID, "one", "two")
	dora.wait("what is not hers is held, and not shown", func() bool { return dora.row(g.ID).Held.Has(1) })
	if row := dora.row(g.ID); row.Warning != "" || row.Unread != 1 || len(dora.texts(g.ID)) != 1 {
		t.Errorf("%+v", row)
	}

	if err := ana.RemoveMember(ana.bounded(), g.ID, carl.me()); err != nil {
		t.Fatal(err)
	}
	carl.wait("removed", func() bool { return carl.row(g.ID).Gone == chat.Removed })
	bo.wait("without Carl", func() bool { return len(bo.row(g.ID).Members) == 3 })
	bo.flushed(bo.say(g.ID, "three"))
	if _, err := carl.Send(carl.bounded(), g.ID, chat.Content{Text: "let me in"}); !isRefusal(err) {
		t.Errorf("%v", err)
	}
	if err := ana.Leave(ana.bounded(), g.ID); !isRefusal(err) {
		t.Errorf("the last owner left: %v", err)
	}
	if err := bo.Leave(bo.bounded(), g.ID); err != nil {
		t.Fatal(err)
	}
	if row := bo.row(g.ID); row.Gone != chat.Left {
		t.Errorf("%+v", row)
	}
	// Whoever writes first brings the key that Bo does not have.
	dora.wait("without Bo", func() bool { return len(dora.row(g.ID).Members) == 2 })
	dora.flushed(dora.say(g.ID, "four"))
	if err := ana.Rename(ana.bounded(), g.ID, "Studio"); err != nil {
		t.Fatal(err)
	}
	dora.inGroup(g.ID, "Studio")
	ana.reads(g.ID, "one", "two", "three", "four")
	dora.reads(g.ID, "two", "three", "four")
	if got := carl.texts(g.ID); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("Carl reads %v", got)
	}
	if got := bo.texts(g.ID); !slices.Equal(got, []string{"one", "two", "three"}) {
		t.Errorf("Bo reads %v", got)
	}
	for _, p := range []*person{ana, bo, carl, dora} {
		p.again() // chains and keys are on disk, and are checked again
		if row := p.row(g.ID); row.Warning != "" || row.Stopped {
			t.Errorf("%s is warned: %s", p.name, row.Warning)
		}
	}
	ana.synced()
	ana.flushed(ana.say(g.ID, "five"))
	dora.reads(g.ID, "two", "three", "four", "five")
}

// device makes another device of p's account, by the account's chain alone.
func (p *person) device(name string) *person {
	p.t.Helper()
	device := seal.NewDevice(seal.Computer)
	err := p.appendOwn(p.bounded(), func(by seal.Author, keys seal.AccountKeys) ([]byte, seal.Boxes, error) {
		return by.Account.AddDevice(by.Device, keys, device.Public(), device.Proof(by.Account.Root()), name, time.Now())
	})
	if err != nil {
		p.t.Fatal(err)
	}
	by, _, err := p.author()
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	relay := storage.Profile{Account: p.relay.Account, RelayURL: p.relay.RelayURL, RelayKey: p.relay.RelayKey}
	p.mu.Unlock()
	other := &person{t: p.t, dir: p.t.TempDir(), name: name}
	other.open()
	if err := other.adopt(other.bounded(), relay, device, by.Account, nil); err != nil {
		p.t.Fatal(err)
	}
	other.synced()
	return other
}

// removes takes another device out of the account's chain.
func (p *person) removes(other *person) {
	p.t.Helper()
	key := other.id.device.Public().Key
	err := p.appendOwn(p.bounded(), func(by seal.Author, keys seal.AccountKeys) ([]byte, seal.Boxes, error) {
		return by.Account.RemoveDevice(by.Device, keys, key, time.Now())
	})
	if err != nil {
		p.t.Fatal(err)
	}
}

// Two devices of one person, offline in turn, while members come and go: both
// have everything; one that is removed reads and writes nothing more, and says so.
func TestTwoDevices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, bo, carl := w.person("Ana"), w.person("Bo"), w.person("Carl")
	direct := ana.direct("Bo")
	ana.flushed(ana.say(direct, "before"))
	laptop := ana.device("laptop")
	laptop.wait("the history", func() bool { return slices.Equal(laptop.texts(direct), []string{"before"}) })
	bo.reads(direct, "before")
	laptop.flushed(laptop.say(direct, "from the laptop"))
	bo.reads(direct, "before", "from the laptop")
	ana.reads(direct, "before", "from the laptop")

	if err := ana.Close(); err != nil {
		t.Fatal(err)
	}
	g, err := laptop.NewGroup(laptop.bounded(), "Trip", []chat.AccountID{bo.me(), carl.me()}, true)
	if err != nil {
		t.Fatal(err)
	}
	laptop.flushed(laptop.say(g.ID, "one"))
	carl.reads(g.ID, "one")
	if err := laptop.RemoveMember(laptop.bounded(), g.ID, carl.me()); err != nil {
		t.Fatal(err)
	}
	laptop.flushed(laptop.say(g.ID, "two"))
	if err := laptop.Close(); err != nil {
		t.Fatal(err)
	}
	ana.open()
	ana.reads(g.ID, "one", "two")
	ana.flushed(ana.say(g.ID, "three"))
	bo.reads(g.ID, "one", "two", "three")

	ana.removes(laptop)
	bo.wait("a key without the laptop", func() bool {
		r, err := bo.knownRoom(g.ID)
		return err == nil && r.chain.Generation() == 3
	})
	ana.flushed(ana.say(g.ID, "four"), ana.say(direct, "only us"))
	bo.reads(g.ID, "one", "two", "three", "four")
	bo.reads(direct, "before", "from the laptop", "only us")
	laptop.open()
	laptop.wait("removed", func() bool { return laptop.Connection().State == chat.Refused })
	if c := laptop.Connection(); !strings.Contains(c.Reason, "removed") {
		t.Errorf("%+v", c)
	}
	if got := laptop.texts(g.ID); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("the removed device reads %v", got)
	}
	for _, p := range []*person{ana, bo} {
		for _, id := range []chat.ConversationID{g.ID, direct} {
			if row := p.row(id); row.Warning != "" {
				t.Errorf("%s is warned: %s", p.name, row.Warning)
			}
		}
	}
}

// A group with more members than a frame has room for boxes: they go ahead of
// the statement, when it begins and when its key is renewed.
func TestManyMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, bo := w.person("Ana"), w.person("Bo")
	members := []chat.AccountID{bo.me()}
	inv, err := wire.ParseInvitation(w.invite())
	if err != nil {
		t.Fatal(err)
	}
	for n := range inline + 20 {
		if n%50 == 0 { // an invitation has so many uses
			if inv, err = wire.ParseInvitation(w.invite()); err != nil {
				t.Fatal(err)
			}
		}
		id, err := newIdentity()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := link.Register(ana.bounded(), id.config(link.Config{URL: inv.URL, Key: inv.Key, Invite: inv.Code, Name: fmt.Sprint("guest ", n)})); err != nil {
			t.Fatal(n, err)
		}
		members = append(members, id.account)
	}
	g, err := ana.NewGroup(ana.bounded(), "All", members, true)
	if err != nil {
		t.Fatal(err)
	}
	ana.flushed(ana.say(g.ID, "welcome"))
	bo.reads(g.ID, "welcome")
	if err := ana.RemoveMember(ana.bounded(), g.ID, members[1]); err != nil {
		t.Fatal(err)
	}
	ana.flushed(ana.say(g.ID, "one less"))
	bo.reads(g.ID, "welcome", "one less")
	if row := bo.row(g.ID); len(row.Members) != inline+21 || row.Warning != "" {
		t.Errorf("%d members, %q", len(row.Members), row.Warning)
	}
}

// Where only admins write, nobody else does: not here, not by what waited, and
// not at the relay.
func TestOnlyAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, bo := w.person("Ana"), w.person("Bo")
	g, err := ana.NewGroup(ana.bounded(), "News", []chat.AccountID{bo.me()}, true)
	must(t, err)
	bo.inGroup(g.ID, "News")
	bo.flushed(bo.say(g.ID, "one"))
	if err := bo.SetOnlyAdmins(bo.bounded(), g.ID, true); !isRefusal(err) {
		t.Errorf("a member made the rule: %v", err)
	}
	must(t, bo.Close())
	must(t, ana.SetOnlyAdmins(ana.bounded(), g.ID, true))
	if !ana.row(g.ID).OnlyAdmins {
		t.Error("the rule is not in the row")
	}
	// Bo wrote before he knew.
	s, err := Open(Options{Dir: bo.dir})
	must(t, err)
	late, err := s.Send(ana.bounded(), g.ID, chat.Content{Text: "late"})
	must(t, err, s.Close())
	bo.open()
	bo.wait("it was given up", func() bool {
		m, _, err := bo.Message(g.ID, late.ID)
		return err == nil && m.State == chat.MessageFailed && strings.HasPrefix(m.Reason, "Only admins write")
	})
	if _, err := bo.Send(bo.bounded(), g.ID, chat.Content{Text: "again"}); !errors.Is(err, errOnlyAdmins) {
		t.Errorf("%v", err)
	}
	// The relay refuses it too, whatever the client.
	_, err = bo.call(bo.bounded(), &wire.Send{Conversation: string(g.ID), Message: "m", Body: []byte("x")})
	var said *wire.Error
	if !errors.As(err, &said) || said.Code != wire.CodeForbidden {
		t.Errorf("the relay said %v", err)
	}
	ana.flushed(ana.say(g.ID, "two"))
	bo.wait("two", func() bool { return slices.Contains(bo.texts(g.ID), "two") })
	must(t, ana.SetOnlyAdmins(ana.bounded(), g.ID, false))
	bo.wait("all write", func() bool { return !bo.row(g.ID).OnlyAdmins })
	bo.flushed(bo.say(g.ID, "three"))
	ana.wait("three", func() bool { return slices.Contains(ana.texts(g.ID), "three") })
}
