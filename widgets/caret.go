package widgets

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// caretBlinks is how long the caret blinks after the last key. Each of its steps
// paints the whole window again, and a field has the focus all day.
const caretBlinks = 5 * time.Second

// caretHeld is less than Fyne holds it for, after a key.
const caretHeld = 200 * time.Millisecond

// caretEntry is Fyne's entry with a caret that stands still when nothing was
// written for a while.
type caretEntry struct {
	widget.Entry
	still *fyne.Animation // runs while the field has the focus, and draws nothing
	used  time.Time       // when the last key was pressed
	held  time.Time       // when the caret was
}

// FocusGained implements fyne.Focusable.
func (e *caretEntry) FocusGained() {
	e.used = time.Now()
	if e.still == nil {
		e.still = fyne.NewAnimation(time.Second, func(float32) {
			if now := time.Now(); now.Sub(e.used) > caretBlinks && now.Sub(e.held) > caretHeld {
				e.held = now
				e.rest()
			}
		})
		e.still.RepeatCount = fyne.AnimationRepeatForever
		e.still.Start()
	}
	e.Entry.FocusGained()
}

// rest keeps the caret as it is while one types: Fyne holds it for a moment after
// each key, this one too, which stands for nothing.
func (e *caretEntry) rest() { e.Entry.TypedKey(&fyne.KeyEvent{}) }

// FocusLost implements fyne.Focusable.
func (e *caretEntry) FocusLost() {
	if e.still != nil {
		e.still.Stop()
		e.still = nil
	}
	e.Entry.FocusLost()
}

// MouseDown implements desktop.Mouseable.
func (e *caretEntry) MouseDown(m *desktop.MouseEvent) {
	e.used = time.Now()
	e.Entry.MouseDown(m)
}

// TypedKey implements fyne.Focusable.
func (e *caretEntry) TypedKey(k *fyne.KeyEvent) {
	e.used = time.Now()
	spaceTaken = false // this key is for the field
	e.Entry.TypedKey(k)
}

// TypedRune implements fyne.Focusable.
func (e *caretEntry) TypedRune(r rune) {
	e.used = time.Now()
	if pressed(r) {
		return
	}
	e.Entry.TypedRune(r)
}

// TappedSecondary implements fyne.SecondaryTappable.
func (e *caretEntry) TappedSecondary(at *fyne.PointEvent) {
	takeSpace()
	e.Entry.TappedSecondary(at)
}

// TypedShortcut implements fyne.Shortcutable.
func (e *caretEntry) TypedShortcut(s fyne.Shortcut) {
	e.used = time.Now()
	e.Entry.TypedShortcut(s)
}
