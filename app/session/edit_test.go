package session

import (
	"testing"
	"time"

	"satchel/chat"
)

// An answer, an edit, a reaction and a deletion reach the other side, count as
// nothing unread, and only who wrote a message may change it.
func TestChangesReachTheOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	first := mara.flushed(mara.say(conv, "helo"))[0]
	joao.wait("the first", func() bool { return len(joao.texts(conv)) == 1 })
	sees := func(p *person, what string, holds func(chat.Message) bool) {
		t.Helper()
		p.wait(what, func() bool {
			m, ok, err := p.Message(conv, first.ID)
			return ok && err == nil && holds(m)
		})
	}
	if err := joao.Edit(joao.bounded(), conv, first.ID, "mine"); !isRefusal(err) {
		t.Errorf("somebody else's message was edited: %v", err)
	}
	if err := joao.Delete(joao.bounded(), conv, first.ID); !isRefusal(err) {
		t.Errorf("somebody else's message was deleted: %v", err)
	}
	if err := mara.Edit(mara.bounded(), conv, first.ID, ""); !isRefusal(err) {
		t.Errorf("a message was emptied: %v", err)
	}
	if err := mara.Edit(mara.bounded(), conv, first.ID, "hello"); err != nil {
		t.Fatal(err)
	}
	sees(mara, "the edit here at once", func(m chat.Message) bool { return m.Content.Text == "hello" && m.Edited })
	sees(joao, "the edit", func(m chat.Message) bool { return m.Content.Text == "hello" && m.Edited })
	if row := joao.row(conv); row.Unread != 1 || row.Last == nil || row.Last.Content.Text != "hello" {
		t.Errorf("%d unread, last %+v", row.Unread, row.Last)
	}

	for _, want := range []string{"👍", "❤️", ""} {
		emoji := want
		if want == "" {
			emoji = "❤️" // again: it is taken back
		}
		if err := joao.React(joao.bounded(), conv, first.ID, emoji); err != nil {
			t.Fatal(err)
		}
		sees(mara, "the reaction "+want, func(m chat.Message) bool {
			if want == "" {
				return len(m.Reactions) == 0
			}
			return len(m.Reactions) == 1 && m.Reactions[0] == chat.Reaction{From: joao.me(), Emoji: want}
		})
	}
	if err := joao.React(joao.bounded(), conv, first.ID, "not an emoji"); err == nil {
		t.Error("words are a reaction")
	}

	answer, err := joao.Send(joao.bounded(), conv, chat.Content{Text: "yes", Reply: first.ID})
	if err != nil {
		t.Fatal(err)
	}
	mara.wait("the answer", func() bool {
		m, ok, _ := mara.Message(conv, answer.ID)
		return ok && m.ReplyTo != nil && m.ReplyTo.Text == "hello" && m.ReplyTo.From == mara.me()
	})
	notes := mara.direct("self")
	if err := mara.Forward(mara.bounded(), conv, []chat.MessageID{first.ID, answer.ID}, notes); err != nil {
		t.Fatal(err)
	}
	mara.wait("both forwarded", func() bool { got := mara.texts(notes); return len(got) == 2 && got[0] == "hello" && got[1] == "yes" })

	found := func(p *person, text string) int {
		t.Helper()
		all, err := p.Search(text, false, 10)
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	if found(joao, "hel") != 1 || found(joao, "helo") != 0 || found(mara, "HELLO") != 2 {
		t.Errorf("found %d, %d, %d", found(joao, "hel"), found(joao, "helo"), found(mara, "HELLO"))
	}
	if err := mara.Delete(mara.bounded(), conv, first.ID); err != nil {
		t.Fatal(err)
	}
	sees(joao, "it is gone", func(m chat.Message) bool { return m.Deleted && m.Content.Text == "" })
	if err := joao.React(joao.bounded(), conv, first.ID, "👍"); !isRefusal(err) {
		t.Errorf("a deleted message is answered: %v", err)
	}
	if found(joao, "hello") != 0 {
		t.Error("what was deleted is found")
	}
	m, _, _ := mara.Message(conv, answer.ID)
	if m.ReplyTo == nil || !m.ReplyTo.Deleted || m.ReplyTo.Text != "" {
		t.Errorf("%+v", m.ReplyTo)
	}

	// Without a relay a change waits, is seen here at once, and arrives later.
	again := mara.flushed(mara.say(conv, "one"))[0]
	w.stop()
	mara.wait("down", func() bool { return mara.Connection().State != chat.Connected })
	if err := mara.Edit(mara.bounded(), conv, again.ID, "two"); err != nil {
		t.Fatal(err)
	}
	mara.again()
	if m, _, _ := mara.Message(conv, again.ID); m.Content.Text != "two" {
		t.Errorf("%+v", m)
	}
	w.start()
	joao.wait("the edit that waited", func() bool {
		m, ok, _ := joao.Message(conv, again.ID)
		return ok && m.Content.Text == "two"
	})
}

// The relay's operator says for how long messages can be changed; what is older
// stays as it is, for whoever tries.
func TestEditWindow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.window = time.Second
	w.stop()
	w.start()
	mara, ines := w.person("Mara"), w.person("Ines")
	conv := mara.direct("Ines")
	m := mara.flushed(mara.say(conv, "first"))[0]
	if mara.Profile().EditWindow != time.Second {
		t.Fatalf("%+v", mara.Profile())
	}
	old := m
	old.At = old.At.Add(-time.Minute)
	if mara.Changeable(&old) {
		t.Error("an old message can be changed")
	}
	// As a client does that does not care, after the window.
	mara.wait("it is old", func() bool {
		if !mara.Changeable(&m) {
			return true
		}
		mara.flushed(mara.say(conv, "another moment"))
		return false
	})
	if err := mara.Edit(mara.bounded(), conv, m.ID, "changed"); !isRefusal(err) {
		t.Errorf("%v", err)
	}
	if err := mara.Delete(mara.bounded(), conv, m.ID); !isRefusal(err) {
		t.Errorf("%v", err)
	}
	e, err := mara.Send(mara.bounded(), conv, chat.Content{Kind: chat.KindEdit, Edit: m.ID, Text: "changed"})
	must(t, err)
	mara.flushed(e)
	ines.wait("the entry is there", func() bool { _, ok, _ := ines.Message(conv, e.ID); return ok })
	for _, p := range []*person{mara, ines} {
		if got, _, _ := p.Message(conv, m.ID); got.Content.Text != "first" || got.Edited {
			t.Errorf("%s reads %+v", p.name, got)
		}
	}
}
