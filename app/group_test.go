package app

import (
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// picksPeople ticks rows of the list on the sheet, by name.
func (p *person) picksPeople(names ...string) {
	p.stage.t.Helper()
	for _, name := range names {
		s := p.sees(name+" is listed", func(s Screen) bool { return s.Sheet != nil && slices.Contains(s.Sheet.People, name) })
		_, rows := p.sheet.list.Rows()
		test.Tap(rows[slices.Index(s.Sheet.People, name)].(fyne.Tappable))
	}
}

// menu presses an item of a member's menu on the group's page.
func (p *person) menu(member, item string) {
	p.stage.t.Helper()
	for _, m := range p.sheet.page.Members.Members() {
		if m.Account.Name != member {
			continue
		}
		for _, i := range m.Menu {
			if i.Label == item {
				i.Action()
				return
			}
		}
	}
	p.stage.t.Fatalf("nobody is called %s, or there is no %q about them", member, item)
}

// A group is made, named, grows, changes roles, loses somebody, and is left;
// everybody in it sees each of that.
func TestGroupInTheWindow(t *testing.T) {
	s := newStage(t)
	mara, ines := pair(s)
	joao := s.sits(t.TempDir())
	joao.joins("Joao Lima", mara.invites())
	joao.sees("Joao is in", func(s Screen) bool { return s.Screen == "main" && s.Connection == "connected" && s.Synced })

	mara.newMessage()
	test.Tap(mara.sheet.sheet.Aside)
	mara.sees("the sheet of a new group", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "new-group" })
	if !mara.sheet.group.Do.Disabled() {
		t.Error("a group without a name and people can be made")
	}
	mara.picksPeople("Ines Tavares")
	test.Type(mara.sheet.group.Name, "Film crew")
	test.Tap(mara.sheet.group.Do)
	made := mara.sees("the group", func(s Screen) bool { return s.Conversation != nil && s.Conversation.Name == "Film crew" })
	test.Type(mara.main.pane.composer.Entry(), "Rushes at three, @in")
	if l := mara.main.pane.composer.Mentions; !l.Visible() || !slices.Equal(l.Names(), []string{"Ines Tavares"}) || l.Size().Height < 30 {
		t.Errorf("offered: %q, %v", l.Names(), l.Size())
	}
	mara.main.pane.composer.SetText("")
	mara.writes("Rushes at three, @Ines Tavares")
	ines.sees("she is in it", func(s Screen) bool {
		return slices.ContainsFunc(s.Rows, func(r RowState) bool { return r.ID == made.Conversation.ID && r.Name == "Film crew" && r.Unread == 1 })
	})
	ines.opens("Film crew")
	ines.sees("the words", func(s Screen) bool { return last(s).Text == "Rushes at three, @Ines Tavares" })

	// Who has no say sees who is there, and can write to them, no more.
	ines.main.pane.head.Tapped(nil)
	page := ines.sees("the page", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "group" && len(s.Sheet.Lines) == 2 })
	if page.Sheet.Lines[0] != "Mara Reyes, owner" || page.Sheet.Lines[1] != "Ines Tavares, You · member" {
		t.Errorf("the page lists %q", page.Sheet.Lines)
	}
	if ines.sheet.page.Add.Visible() || ines.sheet.page.Rename.Visible() || !ines.sheet.page.Name.Disabled() || len(ines.sheet.page.Members.Members()[0].Menu) != 1 {
		t.Error("a member is offered what only admins may do")
	}

	if ines.sheet.page.Timer.Visible() || ines.sheet.page.Links.Visible() {
		t.Error("a member is offered what only admins may do")
	}
	mara.main.pane.head.Tapped(nil)
	test.Tap(mara.sheet.page.Links)
	test.Tap(mara.sheet.spots["make"].(fyne.Tappable))
	mara.sees("the link", func(Screen) bool { return mara.sheet != nil && mara.sheet.spots["copy"] != nil })
	test.Tap(mara.sheet.spots["copy"].(fyne.Tappable))
	if link := mara.fyne.Clipboard().Content(); !strings.HasPrefix(link, Link) {
		t.Errorf("copied: %q", link)
	}
	test.Tap(mara.sheet.spots["back"].(fyne.Tappable))
	test.Tap(mara.sheet.page.Add)
	mara.picksPeople("Joao Lima")
	test.Tap(mara.sheet.group.Do)
	mara.sees("three people", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "group" && len(s.Sheet.Lines) == 3 })
	joao.opens("Film crew")
	joao.sees("what was before", func(s Screen) bool { return last(s).Text == "Rushes at three, @Ines Tavares" })
	ines.sees("three people", func(s Screen) bool { return len(s.Sheet.Lines) == 3 })

	mara.menu("Ines Tavares", "Make admin")
	ines.sees("she may", func(Screen) bool { return ines.sheet.page.Add.Visible() })
	ines.sheet.page.Name.SetText("Harbour crew")
	test.Tap(ines.sheet.page.Rename)
	mara.sees("its new name", func(s Screen) bool { return s.Conversation.Name == "Harbour crew" && s.Sheet.Title == "Harbour crew" })
	ines.menu("Joao Lima", "Remove from the group")
	joao.sees("he is out", func(s Screen) bool { return strings.HasPrefix(s.Closed, "You were removed") })
	if joao.main.pane.composer.Visible() {
		t.Error("he can write there")
	}
	mara.sees("two people", func(s Screen) bool { return len(s.Sheet.Lines) == 2 })

	// The only owner can't go; when somebody else is one, she can.
	mara.askToLeave(made.Conversation.ID)
	test.Tap(mara.sheet.sheet.Buttons[1])
	mara.sees("why not", func(Screen) bool { return mara.sheet != nil && !mara.sheet.sheet.Buttons[1].Disabled() })
	test.Tap(mara.sheet.sheet.Buttons[0])
	mara.menu("Ines Tavares", "Make owner")
	mara.sees("two owners", func(s Screen) bool { return slices.Contains(s.Sheet.Lines, "Ines Tavares, owner") })
	mara.askToLeave(made.Conversation.ID)
	test.Tap(mara.sheet.sheet.Buttons[1])
	mara.sees("she left", func(s Screen) bool { return s.Sheet == nil && strings.HasPrefix(s.Closed, "You left") })
}
