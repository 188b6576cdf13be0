package app

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"satchel/chat"
	"satchel/widgets"
)

// from presses an item of a conversation's menu in the list; more are those of
// menus inside it.
func (p *person) from(name, item string, more ...string) {
	p.stage.t.Helper()
	row := p.listed(name)
	if row == nil {
		p.stage.t.Fatalf("%s is not in the list", name)
		return
	}
	items := p.conversationMenu(widgets.Row{ID: row.ID})
	for _, label := range append([]string{item}, more...) {
		i := slices.IndexFunc(items, func(i *fyne.MenuItem) bool { return i.Label == label })
		if i < 0 {
			p.stage.t.Fatalf("the menu of %s has no %q", name, label)
		}
		if items[i].ChildMenu == nil {
			items[i].Action()
			return
		}
		items = items[i].ChildMenu.Items
	}
}

// listed is the row of somebody, or nil.
func (p *person) listed(name string) *RowState {
	for _, r := range p.screen().Rows {
		if r.Name == name {
			return &r
		}
	}
	return nil
}

func at(s Screen, name string) int {
	return slices.IndexFunc(s.Rows, func(r RowState) bool { return r.Name == name })
}

// What a person sets by the menu of the list holds, and the list shows it.
func TestListMenu(t *testing.T) {
	mara, ines := pair(newStage(t))
	const name, folder = "Ines Tavares", "Archived"
	mara.from("Notes to self", "Pin to the top")
	mara.sees("the notes are pinned above what is newer", func(s Screen) bool { return at(s, "Notes to self") == 0 && s.Rows[0].Pinned })
	mara.from("Notes to self", "Unpin")
	mara.sees("they are not", func(s Screen) bool { return at(s, name) == 0 })

	mara.opens("Notes to self")
	mara.from(name, "Mark as unread")
	mara.sees("the mark", func(s Screen) bool { return s.Rows[at(s, name)].Marked && mara.window.Title() == "(1) Satchel" })
	mara.opens(name)
	mara.from(name, "Mark as read")
	mara.sees("no mark", func(s Screen) bool { return !s.Rows[at(s, name)].Marked && mara.window.Title() == "Satchel" })

	mara.opens("Notes to self")
	mara.from(name, "Mute", "Until I turn it on")
	mara.from(name, "Archive")
	mara.sees("it is in the folder", func(s Screen) bool { return at(s, name) < 0 && at(s, folder) == len(s.Rows)-1 })
	ines.writes("are you there?")
	mara.sees("a message that does not bring it back", func(s Screen) bool {
		return at(s, name) < 0 && at(s, folder) >= 0 && s.Rows[at(s, folder)].Unread == 1
	})
	if title := mara.window.Title(); title != "Satchel" {
		t.Errorf("what is muted counts in the title: %q", title)
	}
	mara.choose(widgets.Row{Folder: true})
	mara.sees("the archive", func(s Screen) bool { return at(s, name) == 1 && s.Rows[1].Muted && at(s, "Notes to self") < 0 })
	mara.from(name, "Turn notifications on")
	mara.sees("it came back", func(s Screen) bool { return at(s, name) == 0 && at(s, folder) < 0 && s.Rows[0].Unread == 1 })

	mara.from(name, "Block…")
	mara.sees("it is asked", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "confirm" })
	test.Tap(mara.sheet.spots["sure"].(*widgets.Button))
	mara.sees("she is gone", func(s Screen) bool { return at(s, name) < 0 })
	mara.sees("and not on the screen", func(s Screen) bool { return s.Conversation == nil || s.Conversation.Name != name })
}

// What another device writes and does not send appears where one writes, unless
// one writes there oneself.
func TestDraftFollowsOnTheScreen(t *testing.T) {
	mara, _ := pair(newStage(t))
	conv := mara.main.pane.id
	other := func(text string) {
		if err := mara.session.SetDraft(conv, text); err != nil {
			t.Fatal(err)
		}
	}
	other("from the phone")
	mara.sees("the draft", func(s Screen) bool { return s.Draft == "from the phone" })
	mara.main.pane.composer.SetText("") // as somebody who deletes it
	mara.main.pane.changed("")
	mara.main.pane.composer.SetText("mine")
	mara.main.pane.changed("mine")
	other("another from the phone")
	mara.sees("the model has it", func(Screen) bool { return mara.model.conversations[conv].Draft != "from the phone" })
	if d := mara.screen().Draft; d != "mine" {
		t.Errorf("what was being written became %q", d)
	}
}

// many is a list of as many conversations, with all that rows can have.
func many(m *model, n int) {
	m.init()
	m.me = chat.Account{ID: "me", Name: "Me"}
	r := rand.New(rand.NewPCG(1, 2))
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		who := chat.Account{ID: chat.AccountID(fmt.Sprint("account ", i)), Name: fmt.Sprint("Somebody ", i)}
		c := chat.Conversation{ID: chat.ConversationID(fmt.Sprintf("%05d", i)), Kind: chat.Direct, Members: []chat.Account{m.me, who}, Head: 1,
			Last: &chat.Message{From: who.ID, Seq: 1, At: began.Add(time.Duration(r.IntN(1000)) * time.Minute), Content: chat.Content{Kind: chat.KindMessage, Text: "some *words* to show"}}}
		switch r.IntN(40) {
		case 0:
			c.Pinned = began.Add(time.Duration(i) * time.Second)
		case 1:
			c.Archived = 2
		case 2:
			c.Muted = chat.Forever
		case 3:
			c.Blocked = true
		}
		m.setConversation(c)
	}
}

// The order depends on the conversations alone: not on how they came, and rows
// that were kept are those that would be made anew.
func TestListOrder(t *testing.T) {
	const conversations = 800 // of each kind there are some
	var m model
	many(&m, conversations)
	now := time.Now()
	ids := func(m *model) (out []chat.ConversationID) {
		m.sort(now)
		for _, o := range slices.Concat(m.list.order, m.list.archived) {
			out = append(out, o.id)
		}
		return out
	}
	first := ids(&m)
	pinned := true
	for i, o := range m.list.order {
		switch c := m.conversations[o.id]; {
		case !c.Pinned.IsZero() && !pinned:
			t.Fatalf("%s is pinned, and stands below one that is not", o.id)
		case c.Blocked || c.Archived > 0:
			t.Fatalf("%s is listed", o.id)
		case i > 0 && m.list.order[i-1].compare(o) >= 0:
			t.Fatalf("%s is out of order", o.id)
		}
		pinned = pinned && !m.conversations[o.id].Pinned.IsZero()
	}
	r := rand.New(rand.NewPCG(3, 4))
	for range 60 {
		id := first[r.IntN(len(first))]
		c := m.conversations[id]
		last := *c.Last
		last.Seq, last.At = last.Seq+1, last.At.Add(time.Hour)
		c.Last, c.Head, c.Unread = &last, last.Seq, c.Unread+1
		m.setConversation(c)
		m.sort(now)
		m.listRow(id, false, now)
	}
	var again model
	again.init()
	again.me = m.me
	for _, id := range r.Perm(conversations) {
		if c, ok := m.conversations[chat.ConversationID(fmt.Sprintf("%05d", id))]; ok {
			again.setConversation(c)
		}
	}
	if !slices.Equal(ids(&m), ids(&again)) {
		t.Error("the order depends on how the conversations came")
	}
	for _, id := range ids(&m) {
		if m.listRow(id, false, now) != again.listRow(id, false, now) {
			t.Fatalf("the row of %s is an old one", id)
		}
	}
}

// BenchmarkList is what one message costs a list of 5,000 conversations.
func BenchmarkList(b *testing.B) {
	test.NewTempApp(b).Settings().SetTheme(widgets.NewTheme())
	var m model
	many(&m, 5000)
	l := widgets.NewConversationList()
	w := test.NewTempWindow(b, l)
	w.Resize(fyne.NewSize(320, 700))
	now := time.Now()
	m.sort(now)
	id := m.list.order[len(m.list.order)/2].id
	for b.Loop() {
		c := m.conversations[id]
		last := *c.Last
		last.At = last.At.Add(time.Hour)
		c.Last = &last
		m.setConversation(c)
		m.sort(now)
		rows := make([]widgets.Row, 0, len(m.list.order))
		for _, o := range m.list.order {
			rows = append(rows, m.listRow(o.id, false, now))
		}
		l.SetRows(rows, "")
	}
}
