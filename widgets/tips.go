package widgets

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"
)

// Tips is the layer on which a control's name appears when the pointer rests on
// it: the last object of what it lies over. Fyne's own overlays would take the
// keyboard away from where one writes.
type Tips struct {
	fyne.Container
	box  *canvas.Rectangle
	text *canvas.Text
	over fyne.CanvasObject // whose name is shown or waited for; nil: none
	name string            // that one
	wait *time.Timer
}

// tipDelay is how long the pointer rests before a name is shown.
const tipDelay = 600 * time.Millisecond

// tips are the layers that are in a window, the topmost last. The screen's.
var tips []*Tips

// NewTips returns an empty layer.
func NewTips() *Tips {
	t := &Tips{box: &canvas.Rectangle{CornerRadius: 7}, text: NewText("", SmallSize, ColorText)}
	t.Objects = []fyne.CanvasObject{t.box, t.text}
	t.Layout = tipLayout{}
	t.hide()
	return t
}

// Push makes this the layer that names appear on; Pop takes it away again.
func (t *Tips) Push() { tips = append(tips, t) }

// Pop takes the layer away, wherever it lies.
func (t *Tips) Pop() {
	t.hide()
	for i, other := range tips {
		if other == t {
			tips = append(tips[:i:i], tips[i+1:]...)
			return
		}
	}
}

// showTip waits until the pointer has rested on o, and then shows its name.
func showTip(o fyne.CanvasObject, name string) { showTipAt(o, name, o.Size().Height) }

// showTipAt is showTip for what is the upper part of o, as high as this.
func showTipAt(o fyne.CanvasObject, name string, height float32) {
	if len(tips) == 0 || name == "" {
		return
	}
	t := tips[len(tips)-1]
	t.hide()
	t.over, t.name = o, name
	t.wait = time.AfterFunc(tipDelay, func() {
		fyne.Do(func() {
			if t.over == o && o.Visible() {
				t.show(o, name, height)
			}
		})
	})
}

// hideTip takes the name away, or the wait for it.
func hideTip(o fyne.CanvasObject) {
	for _, t := range tips {
		if t.over == o {
			t.hide()
		}
	}
}

func (t *Tips) hide() {
	if t.wait != nil {
		t.wait.Stop()
	}
	t.over, t.name, t.wait = nil, "", nil
	if t.box.Visible() || t.text.Visible() {
		t.box.Hide()
		t.text.Hide()
	}
}

// show puts the name below the upper part of o, or above where no room is, and
// inside the layer.
func (t *Tips) show(o fyne.CanvasObject, name string, height float32) {
	d := fyne.CurrentApp().Driver()
	at := d.AbsolutePositionForObject(o).Subtract(d.AbsolutePositionForObject(&t.Container))
	t.text.Text = ElideEnd(name, t.Size().Width-32, SmallSize, false)
	w, h := MeasureText(t.text.Text, SmallSize, false).Width+16, SmallLineHeight+8
	x := min(max(4, at.X+(o.Size().Width-w)/2), t.Size().Width-w-4)
	y := at.Y + height + 4
	if y+h > t.Size().Height {
		y = at.Y - h - 4
	}
	t.box.FillColor, t.text.Color = Color(ColorText), Color(theme.ColorNameBackground)
	place(t.box, x, y, w, h)
	place(t.text, x+8, y, w-16, h)
	t.box.Show()
	t.text.Show()
	t.box.Refresh()
	t.text.Refresh()
}

// TipName is the name that is on the screen, or about to be, of the control that the
// pointer rests on; "": none.
func TipName() string {
	if len(tips) == 0 {
		return ""
	}
	return tips[len(tips)-1].name
}

// Shown is the name that is on the screen; "": none.
func (t *Tips) Shown() string {
	if !t.text.Visible() {
		return ""
	}
	return t.text.Text
}

// tipLayout leaves the name where it was put.
type tipLayout struct{}

func (tipLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.Size{} }
func (tipLayout) Layout([]fyne.CanvasObject, fyne.Size) {}
