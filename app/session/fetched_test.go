package session

import (
	"slices"
	"testing"

	"satchel/chat"
)

// has fetches the file of a message, and waits until it is here.
func (p *person) has(m chat.Message) {
	p.t.Helper()
	p.wait("the message", func() bool {
		_, ok, _ := p.Message(m.Conversation, m.ID)
		return ok
	})
	if err := p.Download(m.Conversation, m.ID); err != nil {
		p.t.Fatal(err)
	}
	p.wait("its file", func() bool { return p.Path(m.Conversation, m.ID) != "" })
}

// fetchedBy are those who are known to have a file.
func (p *person) fetchedBy(m chat.Message) []chat.AccountID {
	p.t.Helper()
	all, err := p.FetchedBy(m.Conversation, m)
	if err != nil {
		p.t.Fatal(err)
	}
	return all[m.ID]
}

// The sender of a file is told who has it, whether they are there or not, by
// nothing that stands in the log; who is blocked is told nothing.
func TestFetchedBy(t *testing.T) {
	w := newWorld(t)
	mara, joao, ana := w.person("Mara"), w.person("João"), w.person("Ana")
	group, err := mara.NewGroup(mara.bounded(), "Files", []chat.AccountID{joao.me(), ana.me()}, true)
	if err != nil {
		t.Fatal(err)
	}
	conv := group.ID
	joao.inGroup(conv, "Files")
	ana.inGroup(conv, "Files")
	send := func(conv chat.ConversationID, n int) []chat.Message {
		var paths []string
		for i := range n {
			path, _ := source(t, string(rune('a'+i))+".bin", 1000+i)
			paths = append(paths, path)
		}
		sent, err := mara.SendFiles(mara.bounded(), conv, paths, chat.Content{})
		if err != nil {
			t.Fatal(err)
		}
		return mara.flushed(sent...)
	}
	sent := send(conv, 3)
	for _, m := range sent {
		if by := mara.fetchedBy(m); by != nil {
			t.Errorf("before anybody fetched it: %v", by)
		}
	}
	for _, m := range sent[:2] {
		joao.has(m)
	}
	is := func(p *person, m chat.Message, by ...*person) {
		t.Helper()
		var want []chat.AccountID
		for _, one := range by {
			want = append(want, one.me())
		}
		slices.Sort(want)
		p.wait("who fetched it", func() bool { return slices.Equal(p.fetchedBy(m), want) })
	}
	is(mara, sent[0], joao)
	is(mara, sent[1], joao)
	is(mara, sent[2])
	is(ana, sent[0], joao) // so do the other members
	head := mara.row(conv).Head

	// While the sender is away, the relay keeps it.
	if err := mara.Close(); err != nil {
		t.Fatal(err)
	}
	ana.has(sent[0])
	ana.has(sent[2])
	ana.Told(ana.bounded())
	mara.open()
	is(mara, sent[0], ana, joao)
	is(mara, sent[1], joao)
	is(mara, sent[2], ana)
	if now := mara.row(conv).Head; now != head {
		t.Errorf("the log grew from %d to %d", head, now)
	}

	// Where only admins write, the others tell it all the same.
	if err := mara.SetOnlyAdmins(mara.bounded(), conv, true); err != nil {
		t.Fatal(err)
	}
	ana.wait("that only admins write", func() bool { return ana.row(conv).OnlyAdmins })
	ana.has(sent[1])
	is(mara, sent[1], ana, joao)

	direct := mara.direct("João")
	secret := send(direct, 1)[0]
	if err := joao.Block(joao.bounded(), mara.me(), true); err != nil {
		t.Fatal(err)
	}
	joao.has(secret)
	joao.has(sent[2])
	is(mara, sent[2], ana, joao)
	if by := mara.fetchedBy(secret); by != nil {
		t.Errorf("somebody who is blocked was told: %v", by)
	}
}

// What is told of a part is a bit for each message, and joins with what is here.
func TestFetchedBits(t *testing.T) {
	var b bits
	for _, n := range []uint64{0, 7, 8, 4095} {
		if b.has(n) {
			t.Errorf("%d is set", n)
		}
		if b = b.with(n); !b.has(n) {
			t.Errorf("%d is not set", n)
		}
	}
	if len(b) != mostBits || b.has(1) || b.has(4094) || b.has(5000) {
		t.Errorf("%d bytes", len(b))
	}
	if j := (bits{1}).join(bits{2, 4}); !slices.Equal(j, bits{3, 4}) {
		t.Errorf("%v", j)
	}
}
