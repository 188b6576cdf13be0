package app

import (
	"math"

	"fyne.io/fyne/v2"

	"satchel/widgets"
)

// keyboard is where the keyboard was when that was looked at last.
type keyboard struct {
	on fyne.Focusable
	at fyne.Position
}

// standsAt is where an object is in the window; false when it can't be seen there.
func (a *App) standsAt(o fyne.CanvasObject) (fyne.Position, bool) {
	if o == a.window.Canvas().Overlays().Top() {
		return fyne.Position{}, true
	}
	if a.fyne.Driver().CanvasForObject(o) != a.window.Canvas() {
		return fyne.Position{}, false
	}
	at := a.fyne.Driver().AbsolutePositionForObject(o)
	return at, !at.IsZero() // Fyne's answer for what it does not find
}

// pressed is told that a key is about to press something, which may be gone
// afterwards.
func (a *App) pressed() {
	a.keepKeyboard()
	a.joined(func() { a.ui(func() {}) })
}

// keepKeyboard gives the keyboard to what is next where that is gone which had it:
// nothing would be heard of the keys otherwise. It runs after all that changes the
// screen.
func (a *App) keepKeyboard() {
	c := a.window.Canvas()
	f := c.Focused()
	o, ok := f.(fyne.CanvasObject)
	if !ok || a.main != nil && (f == a.main.pane.composer.Entry() || f == fyne.Focusable(a.main.pane.timeline)) && o.Visible() {
		a.keyboard = keyboard{}
		return
	}
	at, seen := a.standsAt(o)
	switch {
	case seen:
		a.keyboard = keyboard{f, at}
	case a.keyboard.on != f: // not drawn yet
	case c.Overlays().Top() == nil && a.main != nil:
		a.main.pane.focus()
	default:
		a.focusNear(a.keyboard.at)
	}
}

// focusNear gives the keyboard to what stands next to a place.
func (a *App) focusNear(at fyne.Position) {
	c := a.window.Canvas()
	var nearest fyne.Focusable
	least := float32(math.MaxFloat32)
	a.eachFocusable(func(f fyne.Focusable) bool {
		if p, seen := a.standsAt(f.(fyne.CanvasObject)); seen {
			if d := p.Subtract(at); d.X*d.X+4*d.Y*d.Y < least {
				nearest, least = f, d.X*d.X+4*d.Y*d.Y
			}
		}
		return true
	})
	if nearest == nil {
		nearest, _ = c.Overlays().Top().(fyne.Focusable)
	}
	if nearest != nil {
		c.Focus(nearest)
	}
}

// focusNamed gives the keyboard to what is called so, as focusName has it, if there is
// one.
func (a *App) focusNamed(name string) {
	c := a.window.Canvas()
	before, found := c.Focused(), false
	a.eachFocusable(func(fyne.Focusable) bool {
		found = a.focusName() == name
		return !found
	})
	if !found {
		c.Focus(before)
	}
}

// eachFocusable goes once through what Tab leads to, until visit says false; the
// keyboard stays there.
func (a *App) eachFocusable(visit func(fyne.Focusable) bool) {
	const most = 1000 // more than there are
	c := a.window.Canvas()
	c.Unfocus()
	seen := map[fyne.Focusable]bool{}
	for range most {
		c.FocusNext()
		f := c.Focused()
		if f == nil || seen[f] || !visit(f) {
			return
		}
		seen[f] = true
	}
}

// refocus has the keyboard go on where it was before something lay over the window.
func (a *App) refocus() {
	if a.main == nil {
		return
	}
	if o, ok := a.window.Canvas().Focused().(fyne.CanvasObject); ok {
		if _, seen := a.standsAt(o); seen {
			return
		}
	}
	a.main.pane.focus()
}

// again opens a sheet anew, with the keyboard at the same place of its order.
func (a *App) again(open func()) {
	c := a.window.Canvas()
	on, at := c.Focused(), 0
	a.eachFocusable(func(f fyne.Focusable) bool {
		at++
		return f != on
	})
	open()
	if on != nil {
		a.eachFocusable(func(fyne.Focusable) bool {
			at--
			return at > 0
		})
	}
}

// host says what the window does for its widgets.
func (a *App) host() {
	widgets.SetHost(a.window.Canvas(), widgets.Host{Shortcut: a.shortcut, Paste: a.pasteWords, Pressed: a.pressed})
}
