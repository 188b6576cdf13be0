package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fyne.io/fyne/v2/test"

	"satchel/app/session"
)

// A second window becomes a device of the same person: both show the digits,
// the history is there, and it is told when it is removed. Then a recovery file
// brings the account into a third one.
func TestSecondDevice(t *testing.T) {
	s := newStage(t)
	mara := s.sits(t.TempDir())
	mara.begins("Mara Reyes")
	mara.writes("before the laptop")
	mara.sees("the note is stored", func(s Screen) bool { return last(s).Receipt == "sent" })

	test.Tap(mara.main.head.Settings)
	mara.sees("there is one device", func(s Screen) bool { return s.Sheet != nil && len(s.Sheet.Lines) == 1 })
	mara.linkAnother()
	link := mara.sees("there is a link", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Link != "" }).Sheet.Link
	laptop := s.sits(t.TempDir())
	laptop.welcome.SetDevice("laptop")
	test.Tap(laptop.welcome.Linked)
	laptop.welcome.Code.SetText(link)
	test.Tap(laptop.welcome.Continue)
	here := laptop.sees("digits", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Digits != "" }).Sheet.Digits
	there := mara.sees("digits", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Digits != "" }).Sheet.Digits
	if here != there || len(here) != 7 {
		t.Fatalf("digits %q and %q", here, there)
	}
	test.Tap(laptop.sheet.link.Same)
	test.Tap(mara.sheet.link.Same)
	mara.sees("it is linked", func(s Screen) bool { return strings.Contains(s.Sheet.Words, "laptop") })
	laptop.sees("the note is here", func(s Screen) bool {
		return s.Screen == "main" && s.Me == "Mara Reyes" && last(s).Text == "before the laptop"
	})

	mara.openSettings()
	mara.sees("there are two devices", func(s Screen) bool {
		return s.Sheet.Name == "settings" && len(s.Sheet.Lines) == 2 && s.Sheet.Lines[1] == "laptop"
	})
	test.Tap(mara.sheet.devices.RemoveButton(1))
	mara.sees("it is asked", func(s Screen) bool { return s.Sheet.Name == "remove" })
	mara.sheet.sheet.Buttons[1].OnTapped()
	mara.sees("it is gone", func(s Screen) bool { return s.Sheet.Name == "settings" && len(s.Sheet.Lines) == 1 })
	laptop.sees("it is told", func(s Screen) bool { return s.Connection == "refused" && strings.Contains(s.Notice, "removed") })

	pass := session.NewPassphrase()
	path := filepath.Join(t.TempDir(), "recovery.txt")
	mara.makeRecovery()
	mara.saveRecovery(mara.sheet.recovery, path, "short")
	mara.sees("a weak passphrase is refused", func(s Screen) bool { return strings.Contains(s.Sheet.Words, "12") })
	mara.saveRecovery(mara.sheet.recovery, path, pass)
	mara.sees("it is saved", func(s Screen) bool { return strings.Contains(s.Sheet.Words, path) })
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	third := s.sits(t.TempDir())
	test.Tap(third.welcome.Recovered)
	third.welcome.SetFile(path, "Mara Reyes")
	third.welcome.Passphrase.SetText(pass)
	test.Tap(third.welcome.Continue)
	third.sees("everything is back", func(s Screen) bool { return s.Screen == "main" && last(s).Text == "before the laptop" })
}

// Two people compare their numbers, and both see it in the head.
func TestVerifyOnScreen(t *testing.T) {
	s := newStage(t)
	mara := s.sits(t.TempDir())
	mara.begins("Mara Reyes")
	ines := s.sits(t.TempDir())
	ines.joins("Ines Tavares", mara.invites())
	ines.sees("Ines is in", func(s Screen) bool { return s.Screen == "main" && s.Connection == "connected" && s.Synced })
	c, err := ines.session.OpenDirect(t.Context(), "Mara Reyes")
	if err != nil {
		t.Fatal(err)
	}
	ines.opens("Mara Reyes")
	ines.writes("hello")
	mara.opens("Ines Tavares")
	var numbers []string
	for _, p := range []*person{mara, ines} {
		test.Tap(p.main.pane.head)
		numbers = append(numbers, p.sees("the number", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Digits != "" }).Sheet.Digits)
	}
	if numbers[0] != numbers[1] || len(strings.Fields(numbers[0])) != 12 {
		t.Errorf("%q", numbers)
	}
	mara.sheet.person.OnCode("hello")
	mara.sees("it is no code", func(s Screen) bool { return strings.Contains(s.Sheet.Words, "code") })
	test.Tap(mara.sheet.person.Same)
	mara.sees("it is said", func(s Screen) bool { return s.Conversation.Verified })
	test.Tap(mara.sheet.person.Undo)
	mara.sees("it is taken back", func(s Screen) bool { return !s.Conversation.Verified })
	test.Tap(mara.sheet.person.Same)
	mara.sees("it is said again", func(s Screen) bool { return s.Conversation.Verified })
	dir := mara.dir
	mara.leaves()
	mara = s.sits(dir)
	mara.sees("it is still said", func(s Screen) bool {
		return s.Conversation != nil && s.Conversation.ID == c.ID && s.Conversation.Verified
	})
	if ines.main.pane.head.Verified() {
		t.Error("a mark on the other side, where nobody compared")
	}
}
