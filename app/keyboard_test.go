package app

import (
	"bytes"
	"fmt"
	"image"
	"slices"
	"testing"

	"fyne.io/fyne/v2"
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
