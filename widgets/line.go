package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Line puts objects beside each other, as wide as they ask to be, from the left.
// Those that don't fit go into a line below. Hidden ones take no room.
type Line struct {
	widget.BaseWidget
	Gap     float32
	objects []fyne.CanvasObject
}

// NewLine returns a line.
func NewLine(gap float32, objects ...fyne.CanvasObject) *Line {
	l := &Line{Gap: gap, objects: objects}
	l.ExtendBaseWidget(l)
	return l
}

// HeightAt returns the height of all at this width.
func (l *Line) HeightAt(width float32) float32 {
	return l.each(width, func(fyne.CanvasObject, float32, float32, fyne.Size) {})
}

// each hands out where every object goes, and returns their height.
func (l *Line) each(width float32, put func(o fyne.CanvasObject, x, y float32, s fyne.Size)) float32 {
	x, y, high := float32(0), float32(0), float32(0)
	for _, o := range l.objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		if x > 0 && x+m.Width > width {
			x, y, high = 0, y+high+l.Gap, 0
		}
		put(o, x, y, fyne.NewSize(min(m.Width, width), m.Height))
		x += m.Width + l.Gap
		high = max(high, m.Height)
	}
	return y + high
}

// CreateRenderer implements fyne.Widget.
func (l *Line) CreateRenderer() fyne.WidgetRenderer {
	r := &shellRenderer{objects: l.objects}
	r.layout = func(s fyne.Size) {
		l.each(s.Width, func(o fyne.CanvasObject, x, y float32, size fyne.Size) { place(o, x, y, size.Width, size.Height) })
	}
	r.min = func() fyne.Size {
		widest := float32(0)
		for _, o := range l.objects {
			if o.Visible() {
				widest = max(widest, o.MinSize().Width)
			}
		}
		return fyne.NewSize(widest, l.HeightAt(max(l.Size().Width, widest)))
	}
	r.refresh = func() {
		if !l.Size().IsZero() {
			r.layout(l.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	return r
}
