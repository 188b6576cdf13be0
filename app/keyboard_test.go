package app

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"satchel/widgets"
)

// tabs goes once around with Tab.
func (p *person) tabs(t *testing.T, what string) {
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
	}
	for _, one := range all {
		f, ok := one.object.(fyne.Focusable)
		if d, can := one.object.(fyne.Disableable); can && d.Disabled() || !ok || slices.Contains(order, f) || one.in != nil {
			continue
		}
		t.Errorf("%s: Tab never comes to %s", what, named(one.object))
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
