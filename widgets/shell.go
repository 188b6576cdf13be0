package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// shellRenderer draws a widget from its pieces: it places them, says how small
// they may get, and dresses them anew when the value or the theme changed.
type shellRenderer struct {
	objects []fyne.CanvasObject
	layout  func(fyne.Size)
	min     func() fyne.Size
	refresh func()
}

func (r *shellRenderer) Layout(s fyne.Size)           { r.layout(s) }
func (r *shellRenderer) MinSize() fyne.Size           { return r.min() }
func (r *shellRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *shellRenderer) Destroy()                     {}
func (r *shellRenderer) Refresh() {
	if r.refresh != nil {
		r.refresh()
	}
}

// place moves and sizes o in one go. Letters stand where Latin ones would.
func place(o fyne.CanvasObject, x, y, w, h float32) {
	if t, ok := o.(*canvas.Text); ok {
		y -= drop(t.Text, t.TextSize, t.TextStyle)
	}
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
}

// focusOn gives the focus to o.
func focusOn(o fyne.Focusable) {
	object, ok := o.(fyne.CanvasObject)
	if !ok {
		return
	}
	if c := canvasOf(object); c != nil {
		c.Focus(o)
	}
}

// do calls what somebody may have set.
func do(f func()) {
	if f != nil {
		f()
	}
}

// backOut is Escape for what was not told what it does: it closes what lies over
// the window and has o in it.
func backOut(o fyne.Focusable) {
	for _, w := range fyne.CurrentApp().Driver().AllWindows() {
		over, ok := w.Canvas().Overlays().Top().(interface{ Dismiss() })
		if ok && w.Canvas().Focused() == o {
			over.Dismiss()
			return
		}
	}
}
