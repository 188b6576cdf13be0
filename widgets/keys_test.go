package widgets

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"satchel/chat"
)

// A field writes what its window says is on the clipboard, whenever that comes, and
// no more of it than it takes; nothing once one is elsewhere.
func TestFieldPastes(t *testing.T) {
	app := test.NewTempApp(t)
	app.Settings().SetTheme(NewTheme())
	field, other := NewField("Words"), NewField("Others")
	c := room(t, theme.VariantLight, container.NewVBox(FieldBox(field, false), FieldBox(other, false)), 400, 200).Canvas()
	var answer func(string)
	SetHost(c, Host{Paste: func(words func(string)) { answer = words }})
	t.Cleanup(func() { SetHost(c, Host{}) })
	app.Clipboard().SetContent("nobody waits for this")
	paste := func() { field.TypedShortcut(&fyne.ShortcutPaste{Clipboard: app.Clipboard()}) }

	c.Focus(field)
	paste()
	if field.Text != "" {
		t.Errorf("%q is written before it is known", field.Text)
	}
	answer("the harbour\nat three")
	if field.Text != "the harbour at three" {
		t.Errorf("%q is written", field.Text)
	}
	field.SetText("")
	paste()
	answer(string(make([]byte, 3*maxField)))
	if len(field.Text) != maxField {
		t.Errorf("%d bytes are written", len(field.Text))
	}
	field.SetText("")
	paste()
	c.Focus(other)
	answer("too late")
	if field.Text+other.Text != "" {
		t.Errorf("%q and %q are written", field.Text, other.Text)
	}
}

// The keyboard goes from the field to people and back, and through a folder's rows.
func TestArrows(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	l := NewPersonList("Whom?")
	c := room(t, theme.VariantLight, l, 400, 300).Canvas()
	l.SetPeople([]chat.Account{{ID: "a", Name: "Ana"}, {ID: "b", Name: "Bo"}}, "")
	press := func(names ...fyne.KeyName) {
		for _, n := range names {
			c.Focused().TypedKey(&fyne.KeyEvent{Name: n})
		}
	}
	name := func() string { return c.Focused().(fyne.Accessible).AccessibilityLabel() }
	c.Focus(l.Search)
	press(fyne.KeyDown, fyne.KeyDown, fyne.KeyDown)
	if name() != "Bo" {
		t.Errorf("the keyboard is at %s", name())
	}
	press(fyne.KeyUp, fyne.KeyUp)
	if c.Focused() != fyne.Focusable(l.Search) {
		t.Error("it does not come back to the field")
	}

	s := NewTreeSheet("shoot", "")
	s.SetTree([]chat.TreeEntry{{Path: "a/1"}, {Path: "a/2"}, {Path: "b"}}, "", false)
	for _, step := range []struct {
		key  fyne.KeyName
		rows int
	}{{fyne.KeyRight, 4}, {fyne.KeyLeft, 2}, {fyne.KeyLeft, 2}, {fyne.KeyRight, 4}} {
		s.list.TypedKey(&fyne.KeyEvent{Name: step.key})
		if len(s.Lines()) != step.rows {
			t.Errorf("after %s there are %q", step.key, s.Lines())
		}
	}
}

// Everything that a click on a bubble does is in the message's menu, too: links, what
// is answered, the rest of a long text, a map, reactions; and a sound goes on or back.
func TestMessageByKeys(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl, did := s.timeline, ""
	it := numbered(2)
	content := &it.Message.Content
	content.File = nil
	content.Text = "See https://example.org/a, https://example.org/a and [this](https://example.org/b)"
	content.Location = &chat.Location{Lat: 1, Lon: 2}
	content.Reply = numbered(1).Message.ID
	it.Reactions = []Reaction{{Emoji: "👍", Count: 1, Who: "Ana"}}
	sound := numbered(3)
	sound.Message.Content.File = &chat.File{Name: "a.mp3", MIME: "audio/mpeg", Duration: 100}
	sound.Heard.At = 20
	tl.OnReact = func(_ chat.Message, emoji string) { did += emoji }
	at := 0.0
	tl.OnSeek = func(_ chat.Message, part float64) { at = part }
	tl.Reset([]Item{numbered(1), it, sound}, false)
	names := map[string]*fyne.MenuItem{}
	for _, item := range tl.menu(tl.entries[1]) {
		names[item.Label] = item
	}
	for _, n := range []string{"Open https://example.org/a", "Open https://example.org/b", "What this answers", "Open map", "👍  Ana"} {
		if names[n] == nil || names[n].Disabled {
			t.Errorf("%q is not offered among %d", n, len(names))
		}
	}
	names["👍  Ana"].Action()
	if did != "👍" {
		t.Error("no reaction")
	}
	s.window.Canvas().Focus(tl)
	tl.KeyUp(&fyne.KeyEvent{Name: fyne.KeyTab})
	if tl.Current() != sound.Message.ID {
		t.Errorf("Tab comes to %q", tl.Current())
	}
	tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	forward := at
	tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft})
	if forward != 0.3 || at != 0.1 {
		t.Errorf("it plays from %v and %v", forward, at)
	}
	tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	names["What this answers"].Action()
	if tl.Current() != content.Reply {
		t.Errorf("the keyboard is at %q", tl.Current())
	}
}
