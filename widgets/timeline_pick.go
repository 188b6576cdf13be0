package widgets

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"satchel/chat"
)

// Messages are chosen by Ctrl and a click, by Shift for all between two, and by
// any click while some are chosen. The keyboard goes from one to the next.

// Modifiers are the keys that are held now.
func Modifiers() fyne.KeyModifier {
	if d, ok := fyne.CurrentApp().Driver().(desktop.Driver); ok {
		return d.CurrentKeyModifiers()
	}
	return 0
}

// pick chooses a message, or no longer, when that is what a click means now.
func (t *Timeline) pick(e *entry, m fyne.KeyModifier) bool {
	if e == nil {
		return false
	}
	id := e.item.Message.ID
	switch {
	case m&fyne.KeyModifierShift != 0 && t.pickAt != "":
		from, known := t.index[t.pickAt]
		if !known {
			return false
		}
		to := t.index[id]
		for i := min(from, to); i <= max(from, to); i++ {
			t.setPicked(t.entries[i], true)
		}
	case m&fyne.KeyModifierShortcutDefault != 0 || len(t.picked) > 0 && m&fyne.KeyModifierShift == 0:
		t.setPicked(e, !t.picked[id])
		t.pickAt = id
	default:
		return false
	}
	t.clearSelection()
	t.focus()
	t.tellPicked()
	return true
}

// pickAcross chooses all messages from one to that at a place of the canvas, where
// the pointer was drawn to; false while it is on the first.
func (t *Timeline) pickAcross(from *entry, at fyne.Position) bool {
	y := at.Y - fyne.CurrentApp().Driver().AbsolutePositionForObject(t).Y
	var over *entry
	for _, e := range t.shown {
		if top := e.widget.Position().Y; y >= top && y < top+e.body {
			over = e
		}
	}
	switch {
	case over == from && t.across:
		t.across = false
		t.PickNone()
		return false
	case over == nil || over == from:
		return t.across
	case len(t.picked) > 0 && !t.across:
		return false
	}
	a, b := t.index[from.item.Message.ID], t.index[over.item.Message.ID]
	clear(t.picked)
	for i := min(a, b); i <= max(a, b); i++ {
		t.setPicked(t.entries[i], true)
	}
	t.across, t.pickAt = true, from.item.Message.ID
	t.clearSelection()
	t.tellPicked()
	return true
}

func (t *Timeline) setPicked(e *entry, yes bool) {
	switch {
	case !yes:
		delete(t.picked, e.item.Message.ID)
	case !e.item.Message.Deleted:
		t.picked[e.item.Message.ID] = true
	}
}

func (t *Timeline) tellPicked() {
	if len(t.picked) == 0 {
		t.pickAt, t.across = "", false
	}
	t.arrange()
	if t.OnPicked != nil {
		t.OnPicked(len(t.picked))
	}
}

// Pick chooses one message, as a click with Ctrl does.
func (t *Timeline) Pick(id chat.MessageID) {
	if i, ok := t.index[id]; ok {
		t.pick(t.entries[i], fyne.KeyModifierShortcutDefault)
	}
}

// Picked are the messages that are chosen, in order.
func (t *Timeline) Picked() (all []chat.Message) {
	for _, e := range t.entries {
		if t.picked[e.item.Message.ID] {
			all = append(all, e.message())
		}
	}
	return all
}

// PickNone chooses no message any more.
func (t *Timeline) PickNone() {
	if len(t.picked) > 0 {
		clear(t.picked)
		t.tellPicked()
	}
}

// Begin lets the keyboard go through the messages, from the newest on the screen.
func (t *Timeline) Begin() {
	for i := len(t.shown) - 1; i >= 0; i-- {
		if e := t.shown[i]; e.widget.Position().Y+min(e.body, 24) <= t.Size().Height {
			t.focus()
			t.setCurrent(e.item.Message.ID)
			return
		}
	}
}

// Current is the message that the keyboard is at; "": at none.
func (t *Timeline) Current() chat.MessageID { return t.current }

func (t *Timeline) setCurrent(id chat.MessageID) {
	if t.current != id {
		t.current = id
		t.arrange()
	}
}

// windStep is how many seconds of a sound ← and → leave out, or play again.
const windStep = 10.0

// typedOnMessage does what a key means for the message that the keyboard is at.
func (t *Timeline) typedOnMessage(k *fyne.KeyEvent) bool {
	if k.Name == fyne.KeyEscape && len(t.picked) > 0 {
		t.PickNone()
		return true
	}
	at, ok := t.index[t.current]
	if !ok {
		return false
	}
	switch k.Name {
	case fyne.KeyUp, fyne.KeyDown:
		step := 1
		if k.Name == fyne.KeyUp {
			step = -1
		}
		if to := at + step; to >= 0 && to < len(t.entries) {
			t.current = t.entries[to].item.Message.ID
			t.bringIn(t.entries[to])
		} else if step > 0 {
			t.setCurrent("")
			if t.OnDone != nil {
				t.OnDone()
			}
		}
	case fyne.KeyLeft, fyne.KeyRight:
		by := windStep
		if k.Name == fyne.KeyLeft {
			by = -windStep
		}
		return t.wind(t.entries[at], by)
	case fyne.KeySpace:
		pressing(t, k)
		t.pick(t.entries[at], fyne.KeyModifierShortcutDefault)
	case desktop.KeyMenu, fyne.KeyF10, fyne.KeyReturn, fyne.KeyEnter:
		if w := t.entries[at].widget; w != nil {
			on := fyne.CurrentApp().Driver().AbsolutePositionForObject(w)
			t.showMenu(t.entries[at], on.AddXY(24, min(t.entries[at].body, 40)))
		}
	case fyne.KeyEscape:
		t.setCurrent("")
		if t.OnDone != nil {
			t.OnDone()
		}
	default:
		return false
	}
	return true
}

// bringIn scrolls as little as shows all of a message, or its beginning.
func (t *Timeline) bringIn(e *entry) {
	view := t.Size().Height
	if e.widget != nil {
		y := e.widget.Position().Y
		switch {
		case y < timelineTop:
			t.scrollBy(timelineTop - y)
			return
		case y+e.body > view-timelineBottom:
			t.scrollBy(view - timelineBottom - y - min(e.body, view-timelineBottom-timelineTop))
			return
		}
		t.arrange()
		return
	}
	t.ScrollTo(e.item.Message.ID, view/3)
}

// Flash scrolls to a message, in the middle, and lights it up for a moment.
// false: it is not loaded.
func (t *Timeline) Flash(id chat.MessageID) bool {
	i, ok := t.index[id]
	if !ok {
		return false
	}
	t.endFlash()
	e := t.entries[i]
	t.measure(i)
	t.flashed = e
	if t.current != "" {
		t.current = id // the keyboard goes along
	}
	t.ScrollTo(id, max(timelineTop+dayHeight, (t.Size().Height-e.body)/3))
	if e.tint == nil {
		return true // not on a screen
	}
	from := asNRGBA(Color(ColorAccent))
	from.A = 0x50
	to := from
	to.A = 0
	tint := e.tint
	t.flash = canvas.NewColorRGBAAnimation(from, to, flashTime, func(c color.Color) {
		if tint == e.tint {
			tint.FillColor = c
			tint.Refresh()
			if asNRGBA(c).A == 0 {
				t.endFlash()
			}
		}
	})
	t.flash.Curve = fyne.AnimationEaseIn
	t.flash.Start()
	return true
}

// flashTime is how long a message that was jumped to stands out.
const flashTime = 1600 * time.Millisecond

func (t *Timeline) endFlash() {
	flash := t.flash
	t.flashed, t.flash = nil, nil
	if flash != nil {
		flash.Stop()
		t.arrange()
	}
}

// jumpTo leads to the message that a quote is of.
func (t *Timeline) jumpTo(id chat.MessageID) {
	if !t.Flash(id) && t.OnQuote != nil {
		t.OnQuote(id)
	}
}

// tintRow draws what is behind a row whose bubble is at y: chosen, at the
// keyboard, or jumped to; it reaches above further up.
func (t *Timeline) tintRow(e *entry, y, above float32) {
	id := e.item.Message.ID
	picked, current, flashed := t.picked[id], t.focused && id == t.current, e == t.flashed
	if !picked && !current && !flashed {
		e.tint = nil
		return
	}
	if e.tint == nil {
		e.tint = &canvas.Rectangle{}
	}
	if e.tile.n > 0 { // its neighbours stand beside it
		setBounds(e.tint, t.left(e)-albumGap/2, y-albumGap/2, e.body+albumGap, e.body+albumGap)
	} else {
		setBounds(e.tint, 0, y-2-above, t.Size().Width, e.body+4+above)
	}
	e.tint.CornerRadius = 0
	if current && !picked && !flashed { // a ring around the bubble, that has its own colour
		const air = 4
		setBounds(e.tint, t.left(e)-air, y-air, e.widget.Size().Width+2*air, e.body+2*air)
		e.tint.CornerRadius = BubbleRadius + air
	}
	if flashed && t.flash != nil {
		return // its colour is on its way
	}
	fill, ring := color.Color(color.Transparent), color.Color(color.Transparent)
	wide := float32(0)
	if current {
		ring, wide = Color(colorRing), 2
	}
	switch {
	case picked && e.tile.n > 0: // all that is seen of it is a frame
		fill = Color(ColorAccent)
	case picked:
		fill = blend(Color(ColorSelected), Color(ColorAccent), 0.25)
	case current:
		fill = Color(ColorWindow) // a line around nothing has a dark seam
	}
	if e.tint.FillColor != fill || e.tint.StrokeColor != ring || e.tint.StrokeWidth != wide {
		e.tint.FillColor, e.tint.StrokeColor, e.tint.StrokeWidth = fill, ring, wide
		e.tint.Refresh()
	}
}
