package app

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"github.com/adrg/xdg"

	"satchel/app/session"
	"satchel/app/system"
	"satchel/chat"
	"satchel/widgets"
)

// An account goes from the computer after a question that says what is lost: its
// profile, its relay and its start at login, and nothing else.
func TestRemoveAccount(t *testing.T) {
	old := xdg.ConfigHome
	xdg.ConfigHome = t.TempDir()
	t.Cleanup(func() { xdg.ConfigHome = old })
	s, home := newStage(t), t.TempDir()
	dir := filepath.Join(home, "work")
	quit := make(chan struct{}, 1)
	p := s.sits(dir, func(c *Config) {
		c.Quit = func() { quit <- struct{}{} }
		c.RelayFiles = []string{"relay", "address"}
	})
	p.begins("Mara")
	p.writes("a note")
	p.sees("the note", func(s Screen) bool { return last(s).Receipt == "sent" })
	if err := system.SetStartAtLogin(true, dir); err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(home, "saved.txt")
	if err := os.WriteFile(kept, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	p.openSettingsAt("profile")
	test.Tap(p.sheet.spots["remove-account"].(fyne.Tappable))
	p.sees("it asks", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "remove-account" })
	words := p.sheet.sheet.Content.(*widgets.Paragraph).Text()
	for _, want := range []string{"Mara", "recovery file", "relay"} {
		if !strings.Contains(words, want) {
			t.Errorf("%q says nothing of %q", words, want)
		}
	}
	test.Tap(p.sheet.spots["cancel"].(fyne.Tappable))
	p.sees("the settings again, and nothing happened", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "settings" })
	p.askToRemove()
	p.sees("it asks again", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "remove-account" })
	test.Tap(p.sheet.spots["erase"].(fyne.Tappable))
	<-quit
	p.leaves()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		left, _ := os.ReadDir(dir)
		t.Errorf("left: %v (%v)", left, err)
	}
	if _, err := os.Stat(kept); err != nil {
		t.Error(err)
	}
	if system.StartsAtLogin(dir) {
		t.Error("it still starts at login")
	}
}

// Of several accounts the window's title says whose it is, and the menu how much is
// unread in the others.
func TestSeveralAccounts(t *testing.T) {
	s, home := newStage(t), t.TempDir()
	p := s.sits(filepath.Join(home, "work"))
	p.begins("Mara")
	if got := p.window.Title(); got != "Satchel" {
		t.Errorf("alone: %q", got)
	}
	other := filepath.Join(home, "default")
	if err := os.MkdirAll(other, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := (settings{Width: 1200, Height: 780, Account: "Ana", Unread: 3}).save(other); err != nil {
		t.Fatal(err)
	}
	p.setFocused(true)
	if got := p.window.Title(); got != "Satchel · Mara" {
		t.Errorf("beside another: %q", got)
	}
	if all := p.accounts(); len(all) != 2 || all[0].name != "Ana" || all[0].unread != 3 {
		t.Errorf("%+v", all)
	}
}

// What is unread in one account can be read in the others.
func TestUnreadOfOthers(t *testing.T) {
	mara, ines := pair(newStage(t))
	ines.setFocused(false)
	mara.writes("Look at this")
	ines.sees("it is unread", func(s Screen) bool { return row(s, "Mara Reyes").Unread == 1 })
	mara.sees("that of the other account", func(Screen) bool {
		return slices.ContainsFunc(mara.accounts(), func(a account) bool { return a.name == "Ines Tavares" && a.unread == 1 })
	})
	if got := ines.window.Title(); got != "(1) Satchel · Ines Tavares" {
		t.Errorf("%q", got)
	}
}

// Every link says what it is for, also one that is damaged.
func TestLinks(t *testing.T) {
	s := newStage(t)
	p := s.sits(t.TempDir())
	p.begins("Mara")
	link := p.invites()
	for _, bad := range []string{"satchel://garbage", link[:len(link)-5], "satchel://"} {
		p.notice(" ")
		p.take([]string{bad})
		p.sees("that it leads nowhere", func(s Screen) bool { return strings.Contains(s.Notice, "leads nowhere") && s.Sheet == nil })
	}
	p.take([]string{"satchel://127.0.0.1:1/?link=abcdefghjk&key=" + link[strings.Index(link, "key=")+4:]})
	p.sees("what it is for", func(s Screen) bool { return strings.Contains(s.Notice, "another device") && s.Sheet == nil })

	// A click on one in a message does what opening it does.
	p.writes("come in: " + link)
	p.sees("the message", func(s Screen) bool { return last(s).Receipt == "sent" })
	p.main.pane.timeline.OnLink(parsed(t, link))
	p.sees("it asks about the invitation", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "invited" })
	p.sheet.sheet.Dismiss()
}

// Who begins by a link to a group sees their notes and what they wait for, and then
// the group.
func TestBeginInGroup(t *testing.T) {
	s := newStage(t)
	mara, _ := pair(s)
	mara.newMessage()
	test.Tap(mara.sheet.sheet.Aside)
	mara.picksPeople("Ines Tavares")
	test.Type(mara.sheet.group.Name, "Film crew")
	test.Tap(mara.sheet.group.Do)
	made := mara.sees("the group", func(s Screen) bool { return s.Conversation != nil && s.Conversation.Name == "Film crew" })
	link, err := mara.session.NewGroupLink(t.Context(), made.Conversation.ID, session.LinkTerms{Relay: true})
	if err != nil {
		t.Fatal(err)
	}
	lee := s.sits(t.TempDir())
	lee.joins("Lee Chen", link.Link)
	lee.sees("the group", func(s Screen) bool {
		if c := s.Conversation; c != nil && (lee.model.conversations[c.ID].Kind == chat.Direct || c.Name == "Mara Reyes" || c.Name == "Ines Tavares") {
			t.Fatalf("it shows %+v", c)
		}
		return s.Conversation != nil && s.Conversation.Name == "Film crew"
	})
}

// Files that are dropped on a row go into its conversation; those that can't be sent
// are all counted.
func TestDropOnRow(t *testing.T) {
	s := newStage(t)
	_, ines := pair(s) // whose window is the newest: Fyne's driver of tests knows places in that one alone
	ines.opens("Mara Reyes")
	file := filepath.Join(t.TempDir(), "plan.txt")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	ines.painted(t) // everything is in its place
	middle := func(name string) fyne.Position {
		t.Helper()
		shown := ines.sees(name+" is drawn", func(s Screen) bool { r := row(s, name); return r != nil && r.Spot != nil })
		r := row(shown, name).Spot
		return ines.placeOf(r.X+r.W/2, r.Y+r.H/2)
	}
	ines.hover(true, middle("Notes to self"))
	if got := ines.main.pane.hover.Title(); got != "Drop to keep in your notes" {
		t.Errorf("over the notes: %q", got)
	}
	at := middle("Mara Reyes")
	ines.hover(true, at)
	if got := ines.main.pane.hover.Title(); got != "Drop to send to Mara Reyes" {
		t.Errorf("over Mara: %q", got)
	}
	ines.dropFiles([]string{file}, middle("Notes to self"))
	ines.sees("the notes, and the file", func(s Screen) bool {
		return s.Conversation.Name == "Notes to self" && s.Sheet != nil && len(s.Sheet.Files) == 1
	})
	ines.sheet.sheet.Dismiss()

	gone := filepath.Join(t.TempDir(), "gone.txt")
	ines.dropFiles([]string{gone, gone + "2", file}, fyne.NewPos(900, 500))
	ines.sees("two of three", func(s Screen) bool {
		return s.Sheet != nil && len(s.Sheet.Files) == 1 && strings.HasPrefix(s.Notice, "2 of these can't be sent. The first of them: “gone.txt”")
	})
}

// Without something that shows tray icons, closing the window is not its loss.
func TestTrayGoes(t *testing.T) {
	s := newStage(t)
	quit := make(chan struct{}, 2)
	p := s.sits(t.TempDir(), func(c *Config) { c.Quit = func() { quit <- struct{}{} } })
	p.begins("Mara")
	p.settings.ToTray = true
	p.tray = &tray{desktop: noTray{}, drawn: time.Now()}
	p.closeWindow()
	if !p.hidden || len(quit) != 0 {
		t.Fatal("it did not go into the tray")
	}
	p.raise()
	p.tray.gone.Store(true)
	p.closeWindow()
	if p.hidden || len(quit) != 1 {
		t.Error("it went where nothing brings it back from")
	}
	if got := p.loginDetail(); !strings.Contains(got, "tray") {
		t.Errorf("%q", got)
	}
}

// parsed is a link as a message hands it over.
func parsed(t *testing.T, link string) *url.URL {
	t.Helper()
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// noTray takes what a tray shows, and shows nothing.
type noTray struct{}

func (noTray) SetSystemTrayMenu(*fyne.Menu)    {}
func (noTray) SetSystemTrayIcon(fyne.Resource) {}
func (noTray) SetSystemTrayWindow(fyne.Window) {}
