package session

import (
	"reflect"
	"slices"
	"testing"

	"satchel/chat"
)

// Two people write twenty messages each, at the same time; both have all forty,
// in the relay's order, and the ticks come.
func TestTwoPeopleTalk(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("joão") // upper and lower case alike
	var hers, his []chat.Message
	for _, text := range numbered(20, "M %d") {
		hers = append(hers, mara.say(conv, text))
	}
	joao.wait("the conversation", func() bool { return joao.row(conv).ID != "" })
	for _, text := range numbered(20, "J %d") {
		his = append(his, joao.say(conv, text))
	}
	mara.flushed(hers...)
	joao.flushed(his...)
	for _, p := range []*person{mara, joao} {
		p.wait("all messages", func() bool { return len(p.texts(conv)) == 40 })
	}
	a, b := mara.texts(conv), joao.texts(conv)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("not the same order:\n%v\n%v", a, b)
	}
	var only []string
	for _, text := range a {
		if text[0] == 'M' {
			only = append(only, text)
		}
	}
	if !slices.Equal(only, numbered(20, "M %d")) {
		t.Errorf("out of order: %v", only)
	}

	receipt := func() chat.Receipt {
		m, _, _ := mara.Message(conv, hers[19].ID)
		row := mara.row(conv)
		return row.Receipt(mara.me(), &m)
	}
	mara.wait("delivered", func() bool { return receipt() >= chat.ReceiptDelivered })
	if row := joao.row(conv); row.Unread != 20 || row.Name(joao.me()) != "Mara" {
		t.Errorf("%+v", row)
	}
	if err := joao.MarkRead(conv, 40); err != nil {
		t.Fatal(err)
	}
	mara.wait("read", func() bool { return receipt() == chat.ReceiptRead })
	if n := joao.row(conv).Unread; n != 0 {
		t.Errorf("%d unread", n)
	}
}

// Notes to self are there at once, and are the relay's after a moment.
func TestNotesToSelf(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara := w.person("Mara")
	for _, name := range []string{"self", "Notes to self", "mara", " MARA "} {
		conv := mara.direct(name)
		mara.flushed(mara.say(conv, name))
	}
	all, err := mara.Conversations()
	if err != nil || len(all) != 1 || all[0].Kind != chat.Self || all[0].Head != 4 {
		t.Errorf("%+v, %v", all, err)
	}
}

// What is written without a relay goes out in order when it is back, once.
func TestOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	mara.flushed(mara.say(conv, "before"))
	w.stop()
	mara.wait("down", func() bool { return mara.Connection().State != chat.Connected })
	if mara.Connection().Reason == "" {
		t.Error("no reason")
	}
	var sent []chat.Message
	for _, text := range numbered(5, "offline %d") {
		sent = append(sent, mara.say(conv, text))
	}
	if m := sent[4]; m.State != chat.MessagePending || m.Seq != 0 {
		t.Errorf("%+v", m)
	}
	mara.again() // closed, opened: the outbox is on disk
	joao.again()
	joaos := joao.say(conv, "from the other side")
	w.start()
	mara.flushed(sent...)
	joao.flushed(joaos)
	want := append([]string{"before"}, numbered(5, "offline %d")...)
	for _, p := range []*person{mara, joao} {
		p.wait("all messages", func() bool { return len(p.texts(conv)) == 7 })
		got := slices.DeleteFunc(p.texts(conv), func(s string) bool { return s == "from the other side" })
		if !slices.Equal(got, want) {
			t.Errorf("%s has %v", p.name, got)
		}
	}
}

// Somebody who comes back after many messages has the newest page first, and
// then all of them; every one is there once.
func TestComesBackToMany(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	mara.flushed(mara.say(conv, "M 1"))
	joao.wait("the first", func() bool { return len(joao.texts(conv)) == 1 })
	if err := joao.Close(); err != nil {
		t.Fatal(err)
	}
	var last chat.Message
	for _, text := range numbered(130, "M %d")[1:] {
		last = mara.say(conv, text)
	}
	mara.flushed(last)
	joao.open()
	joao.synced()
	if got := joao.texts(conv); got[len(got)-1] != "M 130" {
		t.Errorf("synced without the newest: %d messages", len(got))
	}
	joao.wait("all messages", func() bool { return len(joao.texts(conv)) == 130 })
	if got := joao.texts(conv); !slices.Equal(got, numbered(130, "M %d")) {
		t.Errorf("%v", got)
	}
	if row := joao.row(conv); row.Unread != 130 || len(row.Held) != 1 {
		t.Errorf("unread %d, held %v", row.Unread, row.Held)
	}
}

// Who is there, who writes, and what was begun.
func TestPresenceTypingDraft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	mara.flushed(mara.say(conv, "hello"))
	joao.wait("the conversation", func() bool { return len(joao.texts(conv)) == 1 })
	joao.wait("Mara is there", func() bool { return joao.Presence(mara.me()).Online })

	changes, stop := joao.Subscribe()
	defer stop()
	for range 50 { // a key each
		mara.Typing(conv)
	}
	typed := 0
	mara.flushed(mara.say(conv, "typed"))
	for heard := false; !heard; {
		select {
		case batch := <-changes:
			for _, change := range batch {
				switch c := change.(type) {
				case chat.TypingChanged:
					if c.Account != mara.me() || c.Conversation != conv {
						t.Errorf("%+v", c)
					}
					typed++
				case chat.MessagesChanged: // "hello" may still be announced
					heard = heard || slices.ContainsFunc(c.Messages, func(m chat.Message) bool { return m.Content.Text == "typed" })
				}
			}
		case <-joao.bounded().Done():
			t.Fatal("nothing was heard")
		}
	}
	if typed != 1 {
		t.Errorf("told %d times", typed)
	}

	if err := mara.SetDraft(conv, "half a sen"); err != nil {
		t.Fatal(err)
	}
	mara.again()
	if d := mara.row(conv).Draft; d != "half a sen" {
		t.Errorf("%q", d)
	}
	if err := mara.Close(); err != nil {
		t.Fatal(err)
	}
	joao.wait("Mara left", func() bool { p := joao.Presence(mara.me()); return !p.Online && !p.LastSeen.IsZero() })
	people, err := joao.People(joao.bounded(), "ma")
	if err != nil || len(people) != 1 || people[0].Name != "Mara" {
		t.Errorf("%v, %v", people, err)
	}
}
