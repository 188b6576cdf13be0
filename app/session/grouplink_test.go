package session

import (
	"errors"
	"slices"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
)

// linked makes a link to a group.
func (p *person) linked(group chat.ConversationID, terms LinkTerms) GroupLink {
	p.t.Helper()
	l, err := p.NewGroupLink(p.bounded(), group, terms)
	if err != nil {
		p.t.Fatal(err)
	}
	return l
}

// comes uses a link, which waits or is answered.
func (p *person) comes(link string) {
	p.t.Helper()
	if _, err := p.JoinGroup(p.bounded(), link); err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
}

// turnedAway waits for the answer that does not let somebody in.
func (p *person) turnedAway(group chat.ConversationID, reason string) {
	p.t.Helper()
	p.wait("an answer", func() bool {
		j, err := p.Joining(group)
		return err == nil && j.Refused != "" && !j.In
	})
	if j, _ := p.Joining(group); j.Refused != joinSentence(reason) {
		p.t.Errorf("%s: %s, not %s", p.name, j.Refused, reason)
	}
}

// Somebody on the relay comes in at once; a newcomer by the same link; and whoever
// asks while the link's maker is off, when they are back.
func TestGroupLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, bo := w.person("Ana"), w.person("Bo")
	g, err := ana.NewGroup(ana.bounded(), "Film crew", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	before := ana.say(g.ID, "from before")
	ana.flushed(before)
	l := ana.linked(g.ID, LinkTerms{Uses: 5, Expires: time.Hour, History: true, Relay: true})
	if is, here := bo.IsGroupLink(l.Link); !is || !here {
		t.Error("it is no link to a group here")
	}
	if is, _ := bo.IsGroupLink(w.invite()); is {
		t.Error("an invitation is a link to a group")
	}
	bo.comes(l.Link)
	bo.inGroup(g.ID, "Film crew")
	bo.wait("what was before", func() bool { _, ok, _ := bo.Message(g.ID, before.ID); return ok })
	if j, err := bo.JoinGroup(bo.bounded(), l.Link); err != nil || !j.In {
		t.Errorf("again: %+v %v", j, err)
	}
	if err := ana.Close(); err != nil {
		t.Fatal(err)
	}
	cleo := &person{t: t, dir: t.TempDir(), name: "Cleo"}
	cleo.open()
	if _, err := cleo.JoinGroup(cleo.bounded(), l.Link); err == nil {
		t.Error("nobody yet, and comes in")
	}
	if err := cleo.Join(cleo.bounded(), l.Link, "Cleo"); err != nil {
		t.Fatal(err)
	}
	j, err := cleo.JoinGroup(cleo.bounded(), l.Link)
	if err != nil || j.In || j.By.Name != "Ana" {
		t.Fatalf("%+v %v", j, err)
	}
	cleo.again() // the question is on the disk
	if again, err := cleo.JoinGroup(cleo.bounded(), l.Link); err != nil || again.Message != j.Message {
		t.Errorf("asked twice: %+v %v", again, err)
	}
	ana.open()
	cleo.inGroup(g.ID, "Film crew")
	ana.wait("two came", func() bool {
		all, err := ana.GroupLinks(g.ID)
		return err == nil && len(all) == 1 && all[0].Used == 2 && all[0].Link == l.Link
	})
	// Who left by themselves may come back by it, and what they see is no message.
	if err := bo.Leave(bo.bounded(), g.ID); err != nil {
		t.Fatal(err)
	}
	bo.wait("gone", func() bool { return bo.row(g.ID).Gone == chat.Left })
	bo.comes(l.Link)
	bo.wait("back", func() bool { j, err := bo.Joining(g.ID); return err == nil && j.In })
	if c := ana.row(chat.ConversationID(wire.DirectID(string(ana.me()), string(bo.me())))); c.Unread != 0 || c.Last != nil {
		t.Errorf("%d unread, last %+v", c.Unread, c.Last)
	}
}

// Any admin lets in who has a link, whoever made it; two at the same time do so once.
// One that was used up, or that another admin revoked, is good for nobody, at the
// relay neither.
func TestGroupLinkOfAnyAdmin(t *testing.T) {
	w := newWorld(t)
	ana, bo := w.person("Ana"), w.person("Bo")
	g, err := ana.NewGroup(ana.bounded(), "Film crew", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	// Bo comes after the links were made, without history: he is told of them.
	once := ana.linked(g.ID, LinkTerms{Uses: 1, Relay: true})
	many := ana.linked(g.ID, LinkTerms{Relay: true})
	if err := ana.AddMembers(ana.bounded(), g.ID, []chat.AccountID{bo.me()}, false); err != nil {
		t.Fatal(err)
	}
	if err := ana.SetRole(ana.bounded(), g.ID, bo.me(), chat.Admin); err != nil {
		t.Fatal(err)
	}
	knows := func(p *person, used map[string]int) {
		t.Helper()
		p.wait("the links, and their use", func() bool {
			all, err := p.GroupLinks(g.ID)
			if err != nil || len(all) != len(used) {
				return false
			}
			for i := range all {
				if n, ok := used[all[i].ID]; !ok || all[i].Used != n || all[i].By.Name != "Ana" || (all[i].Link != "") != (p == ana) {
					return false
				}
			}
			return true
		})
	}
	bo.wait("an admin", func() bool { return bo.row(g.ID).Roles[bo.me()] == chat.Admin })
	knows(bo, map[string]int{once.ID: 0, many.ID: 0})
	if err := ana.Close(); err != nil {
		t.Fatal(err)
	}
	newcomer := func(name, link string) *person {
		p := &person{t: t, dir: t.TempDir(), name: name}
		p.open()
		if err := p.Join(p.bounded(), link, name); err != nil {
			t.Fatal(err)
		}
		p.comes(link)
		return p
	}
	cleo := newcomer("Cleo", once.Link)
	cleo.inGroup(g.ID, "Film crew")
	knows(bo, map[string]int{once.ID: 1, many.ID: 0})
	dora := w.person("Dora")
	dora.comes(once.Link)
	dora.wait("Bo's no", func() bool { j, _ := dora.Joining(g.ID); return j.Refused == joinSentence(chat.JoinUsed) })
	ana.open()
	knows(ana, map[string]int{once.ID: 1, many.ID: 0})
	// Both are there, and both answer.
	dora.comes(many.Link)
	dora.inGroup(g.ID, "Film crew")
	for _, p := range []*person{ana, bo} {
		p.wait("an answer of each", func() bool {
			page, err := p.Messages(chat.ConversationID(wire.DirectID(string(p.me()), string(dora.me()))), 0, 100)
			return err == nil && slices.ContainsFunc(page, func(m chat.Message) bool {
				return m.From == p.me() && m.Content.Kind == chat.KindJoined && m.Content.Text == "" && m.Seq > 0
			})
		})
		knows(p, map[string]int{once.ID: 1, many.ID: 1})
		if n := len(p.row(g.ID).Members); n != 4 {
			t.Errorf("%s sees %d members", p.name, n)
		}
	}
	if err := bo.RevokeGroupLink(bo.bounded(), many.ID); err != nil {
		t.Fatal(err)
	}
	knows(ana, map[string]int{once.ID: 1})
	eve := w.person("Eve")
	eve.comes(many.Link)
	eve.turnedAway(g.ID, chat.JoinRevoked)
	parsed, err := wire.ParseGroupLink(many.Link)
	if err != nil {
		t.Fatal(err)
	}
	var no *wire.Error
	for ctx := eve.bounded(); no == nil || no.Code != wire.CodeInviteInvalid; { // Bo's program tells the relay, too
		if _, err := eve.request(ctx, &wire.LookInvite{Code: parsed.Code}); ctx.Err() != nil {
			t.Fatal("the relay's invitation stays good")
		} else if no = nil; err != nil && !errors.As(err, &no) {
			t.Fatal(err)
		}
	}
}

// What is tried to come into a group by a link ends with a sentence, and outside.
func TestAttackGroupLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ana, bo, cleo := w.person("Ana"), w.person("Bo"), w.person("Cleo")
	g, err := ana.NewGroup(ana.bounded(), "Film crew", []chat.AccountID{bo.me()}, false)
	if err != nil {
		t.Fatal(err)
	}
	other, err := ana.NewGroup(ana.bounded(), "Board", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	bo.inGroup(g.ID, "Film crew")
	if _, err := bo.NewGroupLink(bo.bounded(), g.ID, LinkTerms{}); !isRefusal(err) {
		t.Errorf("a member makes a link: %v", err)
	}
	// Nor does one by telling of it.
	secret := wire.NewID()
	if _, err := bo.Send(bo.bounded(), g.ID, chat.Content{Kind: chat.KindDoor, Door: &chat.Door{Link: seal.GroupLinkID(secret), Key: seal.GroupLinkKey(secret), By: ana.me()}}); err != nil {
		t.Fatal(err)
	}
	ana.wait("what a member may not say", func() bool {
		page, err := ana.Messages(g.ID, 0, 10)
		return err == nil && slices.ContainsFunc(page, func(m chat.Message) bool { return m.From == bo.me() && m.Content.Kind == chat.KindUnreadable })
	})
	if set := ana.setting(chat.SettingLink, seal.GroupLinkID(secret)); set.Text != "" {
		t.Errorf("%+v", set)
	}
	good := ana.linked(g.ID, LinkTerms{})
	parsed, err := wire.ParseGroupLink(good.Link)
	if err != nil {
		t.Fatal(err)
	}
	// turned tries a question as it stands, as a program may that is not Satchel's.
	turned := func(p *person, ask chat.Join, reason string) {
		t.Helper()
		conv := p.direct("Ana")
		m, err := p.Send(p.bounded(), conv, chat.Content{Kind: chat.KindJoin, Join: &ask})
		if err != nil {
			t.Fatal(err)
		}
		p.wait("an answer", func() bool {
			page, err := p.Messages(conv, 0, 100)
			return err == nil && slices.ContainsFunc(page, func(a chat.Message) bool {
				return a.Content.Kind == chat.KindJoined && a.Content.Reply == m.ID && a.Content.Text == reason
			})
		})
	}
	proof := seal.GroupLinkProof(parsed.Secret, g.ID, ana.me(), cleo.me())
	forged := slices.Clone(proof)
	forged[0]++
	turned(cleo, chat.Join{Group: g.ID, Link: good.ID, Proof: forged}, chat.JoinForged)
	turned(cleo, chat.Join{Group: g.ID, Link: good.ID}, chat.JoinForged)
	turned(cleo, chat.Join{Group: g.ID, Link: good.ID, Proof: seal.GroupLinkProof(parsed.Secret, g.ID, ana.me(), bo.me())}, chat.JoinForged) // another's
	turned(cleo, chat.Join{Group: other.ID, Link: good.ID, Proof: seal.GroupLinkProof(parsed.Secret, other.ID, ana.me(), cleo.me())}, chat.JoinRevoked)
	turned(cleo, chat.Join{Group: g.ID, Link: seal.GroupLinkID(wire.NewID()), Proof: proof}, chat.JoinRevoked)

	wrong := parsed
	wrong.Secret = wire.NewID()
	cleo.comes(wrong.String())
	cleo.turnedAway(g.ID, chat.JoinRevoked)

	old := ana.linked(g.ID, LinkTerms{Expires: time.Hour})
	set := ana.setting(chat.SettingLink, old.ID)
	set.At = 1 // as if it had been made long ago
	if err := ana.set(ana.bounded(), set); err != nil {
		t.Fatal(err)
	}
	cleo.comes(old.Link)
	cleo.turnedAway(g.ID, chat.JoinExpired)

	revoked := ana.linked(g.ID, LinkTerms{})
	if err := ana.RevokeGroupLink(ana.bounded(), revoked.ID); err != nil {
		t.Fatal(err)
	}
	if err := ana.RevokeGroupLink(ana.bounded(), revoked.ID); !isRefusal(err) {
		t.Errorf("twice: %v", err)
	}
	cleo.comes(revoked.Link)
	cleo.turnedAway(g.ID, chat.JoinRevoked)

	// Bo is removed: no link brings him back, and none that he made would.
	if err := ana.RemoveMember(ana.bounded(), g.ID, bo.me()); err != nil {
		t.Fatal(err)
	}
	bo.wait("removed", func() bool { return bo.row(g.ID).Gone == chat.Removed })
	bo.comes(good.Link)
	bo.turnedAway(g.ID, chat.JoinBanned)

	once := ana.linked(g.ID, LinkTerms{Uses: 1})
	dora := w.person("Dora")
	dora.comes(once.Link)
	dora.inGroup(g.ID, "Film crew")
	cleo.comes(once.Link)
	cleo.turnedAway(g.ID, chat.JoinUsed)

	// Who may bring nobody in can't by a link.
	if err := ana.SetRole(ana.bounded(), g.ID, dora.me(), chat.Owner); err != nil {
		t.Fatal(err)
	}
	dora.wait("an owner", func() bool { return dora.row(g.ID).Roles[dora.me()] == chat.Owner })
	if err := dora.SetRole(dora.bounded(), g.ID, ana.me(), chat.Member); err != nil {
		t.Fatal(err)
	}
	ana.wait("a member", func() bool { return ana.row(g.ID).Roles[ana.me()] == chat.Member })
	cleo.comes(good.Link)
	cleo.turnedAway(g.ID, chat.JoinCannot)

	for _, id := range []chat.ConversationID{g.ID, other.ID} {
		for _, p := range []*person{cleo, bo} {
			if c, ok, _ := p.Conversation(id); ok && c.Gone == "" {
				t.Errorf("%s is in %s", p.name, c.Title)
			}
		}
	}
	// A link to another relay, or half a link, asks nobody.
	elsewhere := parsed
	elsewhere.Key = wire.B64(make([]byte, 32))
	for _, link := range []string{elsewhere.String(), good.Link[:len(good.Link)-30], w.invite()} {
		if _, err := cleo.JoinGroup(cleo.bounded(), link); err == nil {
			t.Errorf("%s", link)
		}
	}
}

func (p *person) setting(kind, about string) (set chat.Setting) {
	p.t.Helper()
	if err := p.look(func(v *view) error {
		row, err := v.tx.Setting(kind, about)
		set = row.Setting
		return err
	}); err != nil {
		p.t.Fatal(err)
	}
	return set
}
