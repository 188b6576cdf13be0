package app

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/widgets"
)

// A second start on a profile shows its window, with what it was started for.
func TestSecondStart(t *testing.T) {
	s, dir := newStage(t), t.TempDir()
	started := make(chan []string, 4)
	p := s.sits(dir, func(c *Config) {
		c.Another = func(args ...string) error { started <- args; return nil }
	})
	p.begins("Petra")
	file := filepath.Join(t.TempDir(), "plan.txt")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := func(open ...string) {
		t.Helper()
		if _, err := New(s.fyne, Config{Dir: dir, Open: open, Do: func(func()) {}}); !errors.Is(err, ErrRaised) {
			t.Fatalf("a second program: %v", err)
		}
	}
	again(file)
	p.sees("the file is offered", func(s Screen) bool { return s.Sheet != nil && slices.Equal(s.Sheet.Files, []string{file}) })
	link := p.invites()
	again(link)
	p.sees("it asks about the invitation", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "invited" })
	test.Tap(p.sheet.spots["begin"].(fyne.Tappable))
	p.sees("the sheet is gone", func(s Screen) bool { return s.Sheet == nil })
	var got []string
	for got == nil {
		select {
		case f := <-s.todo:
			f()
		case got = <-started:
		case <-time.After(patience):
			t.Fatal("no other account was started")
		}
	}
	if len(got) != 4 || got[1] != filepath.Join(filepath.Dir(dir), "account-2") || !strings.HasPrefix(got[3], Link) {
		t.Errorf("started %v", got)
	}
	again(seal.Verification{}.String())
	p.sees("what to do with a number's code", func(s Screen) bool { return strings.Contains(s.Notice, "clipboard") })
	again()
}

// Settings hold at once and after a restart; the screen that is made anew has the
// same conversation open, with what was being written.
func TestSettingsHold(t *testing.T) {
	s, dir := newStage(t), t.TempDir()
	t.Cleanup(func() { setLanguage("en"); widgets.SetCompact(false) })
	p := s.sits(dir)
	p.begins("Mara")
	p.writes("a note")
	p.sees("the note", func(s Screen) bool { return last(s).Receipt == "sent" })
	test.Type(p.main.pane.composer.Entry(), "half a thou")

	p.openSettingsAt("appearance")
	p.setTheme("dark")
	p.setCompact(true)
	shown := p.sees("all is there again", func(s Screen) bool { return len(s.Messages) == 1 && s.Draft == "half a thou" })
	if shown.Sheet != nil && shown.Sheet.Name != "settings" {
		t.Errorf("%+v", shown.Sheet)
	}
	p.setScale(1000)
	p.openSettingsAt("notifications")
	test.Tap(p.sheet.spots["words"].(fyne.Tappable))
	p.sheet.sheet.Dismiss()
	for _, by := range []int{-1, 1, 1} {
		p.zoom(by)
	}
	p.leaves()

	p = s.sits(dir)
	p.sees("it is back", func(s Screen) bool { return s.Screen == "main" && len(s.Messages) == 1 })
	if got := p.settings; got.Theme != "dark" || !got.Compact || got.Scale != mostScale || !got.Notices.NamesOnly || got.Account != "Mara" {
		t.Errorf("%+v", got)
	}
	p.speak("pt")
	if spoken.Load().code != "pt" {
		t.Error("it does not speak Portuguese")
	}
	note := last(p.sees("the screen is there in another language", func(s Screen) bool { return len(s.Messages) == 1 && s.Draft == "half a thou" })).ID

	// What is answered or edited goes on in the other language.
	p.chooses(note, "Responder")
	p.speak("en")
	p.sees("the answer goes on", func(s Screen) bool {
		return s.Bar == "Reply to yourself: a note" && s.Draft == "half a thou" && len(s.Messages) == 1
	})
	p.chooses(note, "Edit")
	test.Type(p.main.pane.composer.Entry(), ", longer")
	p.speak("pt")
	p.sees("the edit goes on", func(s Screen) bool {
		return strings.HasSuffix(s.Bar, ": a note") && s.Draft == "a note, longer" && len(s.Messages) == 1
	})
	p.escape()
	if s := p.screen(); s.Bar != "" || s.Draft != "half a thou" {
		t.Errorf("after the edit: %q, %q", s.Bar, s.Draft)
	}
}

// Each page of the settings is made, and makes sense to somebody without a mouse:
// everything that can be pressed has a name.
func TestEverySettingsPage(t *testing.T) {
	s := newStage(t)
	p := s.sits(t.TempDir())
	p.begins("Mara")
	for _, page := range settingsPages() {
		p.openSettingsAt(page.id)
		p.sees("the page "+page.id, func(s Screen) bool { return s.Sheet != nil && len(s.Spots) > 0 })
		for name, o := range p.sheet.spots {
			if a, ok := o.(fyne.Accessible); ok && strings.TrimSpace(a.AccessibilityLabel()) == "" {
				t.Errorf("%s: %s has no name", page.id, name)
			}
		}
	}
	p.showLicence(licences()[0])
	p.sees("a licence", func(s Screen) bool { return s.Sheet.Name == "licence" })
	p.showShortcuts()
	p.sees("the keys", func(s Screen) bool { return s.Sheet.Name == "keyboard" })
	p.shortcut(&desktop.CustomShortcut{KeyName: fyne.KeyN, Modifier: ctrl})
	p.sees("one of them, in the place of the list", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "new" })
	p.escape()
	p.sees("nothing", func(s Screen) bool { return s.Sheet == nil })
}

// No key means two things.
func TestShortcutTable(t *testing.T) {
	seen := map[shortcutKey]string{}
	for _, k := range windowKeys() {
		if k.what == "" || k.does == nil || len(k.keys) == 0 {
			t.Errorf("%+v is not whole", k)
		}
		for _, one := range k.keys {
			if seen[one] != "" {
				t.Errorf("%s is %q and %q", pressedName(one), seen[one], k.what)
			}
			seen[one] = k.what
		}
	}
}

// While files are under way, quitting asks once, and says that nothing is lost.
func TestQuitAsks(t *testing.T) {
	s := newStage(t)
	p := s.sits(t.TempDir())
	p.begins("Mara")
	p.model.setTransfer(chat.Transfer{ID: "t", State: chat.TransferMoving, File: chat.File{Name: "x", Size: 9}})
	p.closeWindow()
	p.sees("it asks", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Name == "quit" })
	test.Tap(p.sheet.spots["stay"].(fyne.Tappable))
	p.sees("it stays", func(s Screen) bool { return s.Sheet == nil })
}

// What the desktop is told follows the settings.
func TestNotices(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		choices noticeChoices
		tells   bool
	}{
		{noticeChoices{}, true}, {noticeChoices{Off: true}, false}, {noticeChoices{NamesOnly: true, Silent: true}, true},
		{noticeChoices{Quiet: now.Add(time.Minute)}, false}, {noticeChoices{Quiet: now.Add(-time.Minute)}, true},
	} {
		if c.choices.tells(now) != c.tells {
			t.Errorf("%+v tells: %v", c.choices, !c.tells)
		}
	}
	names, ends := quietOptions(now)
	if len(names) != len(ends) || !ends[0].IsZero() || ends[3].Hour() != 8 || !ends[3].After(now) || ends[3].Sub(now) > 25*time.Hour {
		t.Errorf("%v", ends)
	}
}

// The relay is turned off and on, and moved; an address that can't be used changes
// nothing.
func TestRelayPage(t *testing.T) {
	s := newStage(t)
	p := s.sits(t.TempDir())
	p.begins("Mara")
	p.openSettingsAt("relay")
	run := func(name string) { test.Tap(p.sheet.spots[name].(fyne.Tappable)) }
	run("relay-run")
	p.sees("the relay is off", func(s Screen) bool { _, on := p.cfg.RelayPlace(); return s.Connection != "connected" && !on })
	p.writes("later")
	p.openSettingsAt("relay")
	p.sheet.spots["relay-run"].(*widgets.Toggle).OnChanged(true)
	p.sees("it runs again, and what waited went out", func(s Screen) bool { return s.Connection == "connected" && last(s).Receipt == "sent" })

	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	before, _ := p.cfg.RelayPlace()
	for _, wrong := range []string{"nonsense", ":1", taken.Addr().String()} {
		if err := p.moveRelay(wrong, true); err == nil {
			t.Errorf("%q was taken", wrong)
		}
		if now, on := p.cfg.RelayPlace(); now != before || !on {
			t.Errorf("after %q: %s, %v", wrong, now, on)
		}
	}
	p.sees("it is where it was", func(s Screen) bool { return s.Connection == "connected" })
	if err := p.moveRelay("127.0.0.1:0", true); err != nil {
		t.Fatal(err)
	}
	p.sees("it is somewhere else, and so is the profile", func(s Screen) bool {
		return s.Connection == "connected" && !strings.Contains(p.session.Profile().RelayURL, before)
	})
}

// Accounts lie beside each other, the default first; what is no profile is none.
func TestAccounts(t *testing.T) {
	s, home := newStage(t), t.TempDir()
	for name, account := range map[string]string{"default": "Ana", "account-2": "Bo"} {
		if err := os.MkdirAll(filepath.Join(home, name), 0o700); err != nil {
			t.Fatal(err)
		}
		kept := settings{Width: 1200, Height: 780, Account: account}
		if err := kept.save(filepath.Join(home, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(home, "none"), 0o700); err != nil {
		t.Fatal(err)
	}
	started := make(chan []string, 9)
	p := s.sits(filepath.Join(home, "work"), func(c *Config) {
		c.Another = func(args ...string) error { started <- args; return errors.New("there is no such program") }
	})
	p.begins("Carla")
	var names []string
	for _, a := range p.accounts() {
		names = append(names, a.name)
	}
	if !slices.Equal(names, []string{"Ana", "Bo", "Carla"}) {
		t.Fatalf("%v", names)
	}
	p.switchTo(2) // itself
	p.switchTo(7) // nobody
	p.shortcut(&desktop.CustomShortcut{KeyName: fyne.Key2, Modifier: ctrl})
	p.sees("that it could not be opened", func(s Screen) bool { return strings.Contains(s.Notice, "no such program") })
	if got := <-started; !slices.Equal(got, []string{"--profile", filepath.Join(home, "account-2")}) {
		t.Errorf("%v", got)
	}
	p.addAccount("")
	if got := <-started; got[1] != filepath.Join(home, "account-3") || len(started) != 0 {
		t.Errorf("%v", got)
	}
	p.accountMenu()
	if len(p.window.Canvas().Overlays().List()) == 0 {
		t.Error("there is no menu")
	}
}
