package widgets

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"satchel/chat"
)

// space is a stroke as a window hands it out: a key, and a rune to who has the
// focus by then.
func space(c fyne.Canvas) {
	c.Focused().TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
	c.Focused().TypedRune(' ')
}

// Space presses, and is not written by who gets the focus by that; the next is.
func TestSpacePresses(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	field, pressed := NewField("Words"), 0
	var c fyne.Canvas
	press := func() { pressed++; c.Focus(field) }
	all := []fyne.CanvasObject{NewButton(PlainButton, "Button", press), NewRowButton("Row", "", press), NewToggle("Toggle", "", false, func(bool) { press() })}
	c = room(t, theme.VariantLight, container.NewVBox(append(all, field)...), 400, 400).Canvas()
	for i, o := range all {
		c.Focus(o.(fyne.Focusable))
		space(c)
		if pressed != i+1 || field.Text != "" || c.Focused() != fyne.Focusable(field) {
			t.Errorf("%T: pressed %d times, and %q is written", o, pressed, field.Text)
		}
	}
	space(c)
	if field.Text != " " {
		t.Errorf("%q is written", field.Text)
	}
}

// Space chooses from a menu, and is not written by who has the focus afterwards; the
// next is. That of a field's own menu is not, either.
func TestSpaceInMenu(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	field, chosen := NewField("Words"), 0
	c := room(t, theme.VariantLight, container.NewVBox(field), 400, 400).Canvas()
	menu := []*fyne.MenuItem{fyne.NewMenuItem("First", func() { chosen++ })}
	for _, opens := range []func(){
		func() { ShowMenu(menu, c, fyne.NewPos(20, 20)) },
		func() { ShowMenuBelow(menu, c, field, fyne.NewPos(0, 20)) },
		func() { ShowMenuAbove(menu, c, field) },
		func() { field.TappedSecondary(&fyne.PointEvent{}) },
	} {
		c.Focus(field)
		field.SetText("")
		opens()
		on := c.Focused()
		on.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
		space(c)
		if c.Focused() == on || field.Text != "" {
			t.Errorf("%T has the focus, and %q is written", c.Focused(), field.Text)
		}
		space(c)
		if field.Text != " " {
			t.Errorf("%q is written", field.Text)
		}
	}
	if chosen != 3 {
		t.Errorf("chosen %d times", chosen)
	}
}

// Messages are chosen with Space, one after the other, and nothing is written.
func TestSpaceChooses(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl, typed := s.timeline, ""
	tl.Reset(numberedFromTo(1, 20), false)
	tl.OnTyped = func(r rune) { typed += string(r) }
	tl.Begin()
	for range 3 {
		tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeySpace})
		tl.TypedRune(' ')
		tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	}
	if n := len(tl.Picked()); n != 3 || typed != "" {
		t.Errorf("%d are chosen, and %q is written", n, typed)
	}
	tl.TypedRune('a')
	if typed != "a" {
		t.Errorf("%q is written", typed)
	}
}

// A pointer that is drawn from one message to another chooses both and what is
// between them, and back on the first it selects its words again.
func TestDrawnAcross(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	tl.Reset(numberedFromTo(1, 6), false)
	part := tl.entries[1].widget.text
	drag := func(to int) {
		y := tl.entries[to].widget.Position().Y - tl.entries[1].widget.Position().Y + 12
		part.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(30, y)}})
	}
	part.MouseDown(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(1, 8)}, Button: desktop.MouseButtonPrimary})
	for i, want := range []int{0, 2, 3, 2, 0, 2} {
		drag([]int{1, 2, 3, 0, 1, 2}[i])
		if n := len(tl.Picked()); n != want {
			t.Errorf("after %d: %d are chosen", i, n)
		}
		if words := tl.SelectedText(); (words == "") != (want > 0) {
			t.Errorf("after %d: %q is selected", i, words)
		}
	}
	copied := 0
	tl.OnCopyPicked = func() { copied++ }
	tl.TypedShortcut(&fyne.ShortcutCopy{})
	if copied != 1 {
		t.Error("what is chosen is not copied")
	}
}

// Pictures and files of a conversation open by a click, and by Enter; Escape closes.
func TestMediaOpens(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	c := room(t, theme.VariantLight, NewGround(ColorWindow), 900, 700).Canvas()
	file := func(id, name string, thumbnail []byte) chat.Message {
		return chat.Message{ID: chat.MessageID(id), Content: chat.Content{Kind: chat.KindMessage, File: &chat.File{Name: name, Size: 9, Width: 40, Height: 30, Thumbnail: thumbnail}}}
	}
	s, opened := NewMediaSheet("Ines"), ""
	s.OnOpen = func(m chat.Message) { opened += m.Content.File.Name + " " }
	s.SetMessages([]chat.Message{file("1", "a.jpg", []byte{1}), file("2", "b.jpg", []byte{1}), file("3", "c.pdf", nil)}, "")
	s.Sheet.ShowOn(c, s.Search)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(s.grid)
	test.TapCanvas(c, at.AddXY(40, 40))
	c.Focus(s.grid)
	s.grid.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	s.grid.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	test.Tap(s.Files)
	test.TapCanvas(c, fyne.CurrentApp().Driver().AbsolutePositionForObject(s.list).AddXY(100, 30))
	c.Focus(s.list)
	s.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if opened != "a.jpg b.jpg c.pdf c.pdf " {
		t.Errorf("%q was opened", opened)
	}
	s.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if s.Sheet.Shown() {
		t.Error("it is still there")
	}
}
