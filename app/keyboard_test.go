package app

import (
	"bytes"
	"fmt"
	"image"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"satchel/widgets"
)

// tabs goes once around with Tab.
func (p *person) tabs(t *testing.T, what string, shown map[string]bool) {
	t.Helper()
	c := p.window.Canvas()
	all := p.looks().controls
	for _, one := range all {
		name := nameOf(one.object)
		if f, ok := one.object.(*widgets.Field); ok && name == "" {
			name = f.Hint()
		}
		if name == "" && !area(one) {
			t.Errorf("%s: %s at %v has no name", what, kind(one.object), one.box)
		}
	}
	c.Unfocus()
	var order []fyne.Focusable
	for c.FocusNext(); c.Focused() != nil && !slices.Contains(order, c.Focused()); c.FocusNext() {
		order = append(order, c.Focused())
	}
	var before *control
	for _, f := range order {
		i := slices.IndexFunc(all, func(one *control) bool { return one.object == f.(fyne.CanvasObject) })
		if i < 0 {
			t.Errorf("%s: Tab goes to %s, which can't be seen", what, named(f.(fyne.CanvasObject)))
			continue
		}
		now := all[i]
		if before != nil && !readAfter(before, now.clamped()) {
			t.Errorf("%s: Tab goes from %s at %.0f back to %s at %.0f", what, named(before.object), before.box, named(now.object), now.box)
		}
		before = now.clamped()
		if k := focusKind(now.object); !shown[k] && !area(now) {
			shown[k] = true
			if !p.showsFocus(t, f) {
				t.Errorf("%s: %s looks the same with the focus", what, named(now.object))
			}
		}
	}
	for _, one := range all {
		f, ok := one.object.(fyne.Focusable)
		if d, can := one.object.(fyne.Disableable); can && d.Disabled() || !ok || slices.Contains(order, f) || one.in != nil {
			continue
		}
		t.Errorf("%s: Tab never comes to %s", what, named(one.object))
	}
}

// tells fails where a control without words has no name that the pointer brings up.
func (p *person) tells(t *testing.T, what string) {
	t.Helper()
	for _, one := range p.looks().controls {
		words := &seen{}
		words.walk(one.object, walker{clip: [4]float32{-1e6, -1e6, 1e6, 1e6}})
		if k := kind(one.object); len(words.runs) > 0 || area(one) || k == "rowGrid" || k == "gridWrapItem" { // with what is in them
			continue
		}
		h, ok := one.object.(desktop.Hoverable)
		if !ok {
			t.Errorf("%s: nothing tells what %s at %v is", what, kind(one.object), one.box)
			continue
		}
		h.MouseIn(&desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(2, 2)}})
		if widgets.TipName() == "" {
			t.Errorf("%s: the pointer brings up no name on %s %q at %v", what, kind(one.object), nameOf(one.object), one.box)
		}
		h.MouseOut()
	}
}

// escapes backs out of what lies over the window, from each kind of widget that Tab
// leads to in it: Escape takes it away.
func (p *person) escapes(t *testing.T, v view) {
	t.Helper()
	c := p.window.Canvas()
	tried := map[string]bool{"focusSelectable": true} // Fyne's own: it hears no keys
	for again := c.Overlays().Top() != nil; again; {
		again = false
		c.Unfocus()
		var first fyne.Focusable
		for c.FocusNext(); c.Focused() != nil && c.Focused() != first; c.FocusNext() {
			from := c.Focused()
			if first == nil {
				first = from
			}
			o := from.(fyne.CanvasObject)
			if k := focusKind(o); !tried[k] {
				tried[k], again = true, true
				from.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
				if c.Overlays().Top() != nil {
					t.Errorf("%s: Escape does nothing from %s", v.name, named(o))
				}
				p.back()
				p.shows(v)
				settle(c.Content())
				break
			}
		}
	}
}

// focusKind is what looks alike with the focus: a widget's type, and how a button
// asks to be pressed.
func focusKind(o fyne.CanvasObject) string {
	if b, ok := o.(*widgets.Button); ok {
		return fmt.Sprint(kind(o), b.Kind)
	}
	return kind(o)
}

// showsFocus tells whether one sees that f has the focus. Nothing of the program
// runs in between: the stage's goroutine is the test's.
func (p *person) showsFocus(t *testing.T, f fyne.Focusable) bool {
	t.Helper()
	c := p.window.Canvas()
	c.Unfocus()
	without := p.painted(t)
	c.Focus(f)
	if c.Focused() != f {
		t.Fatalf("%s does not take the focus", named(f.(fyne.CanvasObject)))
	}
	return !bytes.Equal(without, p.painted(t))
}

// painted is what the window shows. Fyne forgets how widgets are drawn that it did
// not paint for a minute. A real window gives them their places again; the one of
// tests leaves them blank, so they get them here.
func (p *person) painted(t *testing.T) []byte {
	t.Helper()
	c := p.window.Canvas()
	test.NewCanvas().Capture() // what is to be forgotten is forgotten now
	settle(c.Content())
	for _, over := range c.Overlays().List() {
		settle(over)
	}
	img, ok := c.Capture().(*image.NRGBA)
	if !ok {
		t.Fatal("a picture of another kind")
	}
	return img.Pix
}

// settle puts all that can be seen of an object where it belongs.
func settle(o fyne.CanvasObject) {
	if !o.Visible() {
		return
	}
	switch o := o.(type) {
	case *fyne.Container:
		for _, c := range o.Objects {
			settle(c)
		}
	case fyne.Widget:
		r := test.WidgetRenderer(o)
		r.Layout(o.Size())
		for _, c := range r.Objects() {
			settle(c)
		}
	}
}

// clamped is a control with as much of its box as its scroll shows.
func (c *control) clamped() *control {
	in := *c
	in.box = within(c.box, c.clip)
	return &in
}

// area tells of what holds things that have names: a list, the timeline, a sheet.
func area(c *control) bool {
	switch kind(c.object) {
	case "Timeline", "keyedList", "List", "GridWrap", "Sheet", "PictureViewer", "SideFoot", "scrollBar", "composerEntry", "bubble", "textPart", "focusSelectable":
		return true
	}
	return false
}

// readAfter tells whether b comes after a for who reads lines from the top, and
// columns from the left.
func readAfter(a, b *control) bool {
	for up := b; up != nil; up = up.in {
		if up.object == a.object {
			return true
		}
	}
	below, right := b.box[1] > a.box[3]-slack, b.box[0] > a.box[2]-slack
	sameLine := b.box[1] < a.box[3] && a.box[1] < b.box[3]
	switch {
	case below, right && sameLine:
		return true
	case right: // another column
		return b.box[3] < a.box[1]
	}
	return b.box[1] >= a.box[1] && !sameLine
}

// strikes is a shortcut as a window hands it out: to what has the keyboard if that takes
// any, else to the window.
func (p *person) strikes(s fyne.Shortcut) {
	c := p.window.Canvas()
	if f, ok := c.Focused().(fyne.Shortcutable); ok {
		f.TypedShortcut(s)
		return
	}
	if !p.shortcut(s) {
		p.copies(s)
	}
}

// The window's shortcuts are heard wherever the keyboard is: nothing eats them. Each of
// the table does what the list says.
func TestShortcutsAnywhere(t *testing.T) {
	s := newStage(t)
	p := s.sits(t.TempDir())
	p.begins("Mara")
	p.writes("a note")
	note := last(p.sees("a note", func(s Screen) bool { return last(s).Seq > 0 })).ID
	c, pane := p.window.Canvas(), p.main.pane
	ctrlAnd := func(k fyne.KeyName) fyne.Shortcut { return &desktop.CustomShortcut{KeyName: k, Modifier: ctrl} }
	away := func() {
		p.uncover()
		delete(p.voices, pane.id)
		pane.drawVoice()
	}
	for name, comes := range map[string]func(){
		"nowhere":      func() { c.Unfocus() },
		"the composer": pane.composer.Focus,
		"the search":   p.find,
		"a message":    pane.timeline.Begin,
		"the list":     func() { p.focusNamed("list") },
		"a button":     func() { c.Focus(p.main.head.New) },
		"the head":     func() { c.Focus(pane.head) },
		"the pages":    func() { p.openSettingsAt("about") },
		"a sheet":      func() { p.showSheet(&openSheet{name: "x", sheet: widgets.NewSheet("", widgets.NewField(""))}) },
		"a field":      func() { p.newMessage() },
		"emoji":        func() { pane.pickEmoji() },
		"a recording":  func() { p.recorded(); pane.focus() },
	} {
		comes()
		at := p.focusName()
		p.strikes(ctrlAnd(fyne.KeySlash))
		if p.sheet == nil || p.sheet.name != "keyboard" {
			t.Errorf("at %s (%q) the list of keys is not heard of", name, at)
		}
		away()
	}
	pane.composer.Focus()
	for key, name := range map[fyne.KeyName]string{fyne.KeyN: "new", fyne.KeyI: "invite", fyne.KeyM: "media", fyne.KeyJ: "transfers", fyne.KeyComma: "settings"} {
		p.strikes(ctrlAnd(key))
		if p.sheet == nil || p.sheet.name != name {
			t.Errorf("Ctrl+%s does not bring %s", key, name)
		}
		away()
		if at := p.focusName(); at != "composer" {
			t.Errorf("after %s the keyboard is at %s", name, at)
		}
	}
	for _, key := range []fyne.KeyName{fyne.KeyK, fyne.KeyF} {
		p.strikes(ctrlAnd(key))
		if c.Focused() != fyne.Focusable(p.main.head.Search) {
			t.Errorf("Ctrl+%s does not search", key)
		}
		pane.composer.Focus()
	}
	p.strikes(ctrlAnd(fyne.KeyUp))
	if at := pane.timeline.Current(); at != note {
		t.Errorf("Ctrl+↑ comes to %q", at)
	}
	p.strikes(ctrlAnd(fyne.KeyEqual))
	if p.settings.Scale <= 100 {
		t.Errorf("the text is at %d %%", p.settings.Scale)
	}
	p.strikes(ctrlAnd(fyne.Key0))

	// What is chosen is copied from wherever the keyboard is.
	pane.timeline.Pick(note)
	c.Focus(pane.picked.Forward)
	p.strikes(&fyne.ShortcutCopy{Clipboard: p.fyne.Clipboard()})
	if got := p.fyne.Clipboard().Content(); got != "a note" {
		t.Errorf("%q was copied", got)
	}
}

// Where something lay over the window and goes, the keyboard is where it was; and where
// that is gone which had it, what is next has it.
func TestKeyboardComesBack(t *testing.T) {
	s := newStage(t)
	_, ines := pair(s) // Fyne's driver for tests knows places in the last window only
	c, pane := ines.window.Canvas(), ines.main.pane
	ines.sees("a message", func(Screen) bool { return len(pane.inOrder()) > 0 })
	at := func(want string) {
		t.Helper()
		if got := ines.focusName(); got != want {
			t.Errorf("the keyboard is at %q instead of %q", got, want)
		}
	}
	c.Focus(ines.main.head.Settings)
	ines.openSettingsAt("about")
	first := licences()[0]
	ines.focusNamed(first.name)
	at(first.name)
	ines.showLicence(first)
	ines.escape()
	at(first.name)
	if ines.sheet == nil || ines.sheet.pages.Picked() != "about" {
		t.Error("the licence does not lead back to where it was opened")
	}
	ines.escape()
	at("Settings")
	pane.openPerson()
	ines.chooseTimer(pane.id)
	ines.escape()
	if ines.sheet == nil || ines.sheet.name != "person" {
		t.Error("the timer does not lead back to the person")
	}
	ines.escape()
	at("Settings")
	pane.timeline.Begin()
	ines.forward(pane.inOrder()[:1])
	ines.escape()
	at("timeline " + string(pane.timeline.Current()))

	// A bar that closes itself.
	pane.answer(pane.inOrder()[0])
	c.Focus(pane.reply.Close)
	ines.keepKeyboard()
	pane.reply.Close.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	ines.sees("the keyboard where one writes", func(Screen) bool { return ines.focusName() == "composer" })
}
