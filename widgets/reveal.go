package widgets

import (
	"slices"
	"weak"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// scrolls are those that newScroll made, as long as something else knows them.
// The screen's.
var scrolls []weak.Pointer[container.Scroll]

// newScroll returns content that scrolls up and down, also by itself to what
// gets the keyboard: Fyne does not.
func newScroll(content fyne.CanvasObject) *container.Scroll {
	s := container.NewVScroll(content)
	scrolls = slices.DeleteFunc(scrolls, func(p weak.Pointer[container.Scroll]) bool { return p.Value() == nil })
	scrolls = append(scrolls, weak.Make(s))
	return s
}

// reveal scrolls to an object that got the keyboard, where it is outside of what
// is shown of its scroll.
func reveal(o fyne.CanvasObject) {
	const air = 12
	if fyne.CurrentApp() == nil {
		return
	}
	d := fyne.CurrentApp().Driver()
	canvas := d.CanvasForObject(o)
	if canvas == nil {
		return
	}
	at := d.AbsolutePositionForObject(o)
	for _, p := range scrolls {
		s := p.Value()
		if s == nil || !s.Visible() || d.CanvasForObject(s) != canvas {
			continue
		}
		in := at.Subtract(d.AbsolutePositionForObject(s))
		y, room, whole := in.Y+s.Offset.Y, s.Size().Height, s.Content.Size().Height
		if in.X < 0 || in.X+o.Size().Width > s.Size().Width+1 || y < -1 || y+o.Size().Height > whole+1 {
			continue // it is not in there
		}
		to := s.Offset.Y
		if in.Y+o.Size().Height > room {
			to = y + o.Size().Height + air - room
		}
		if y-air < to {
			to = y - air
		}
		if to = max(0, min(to, whole-room)); to != s.Offset.Y {
			s.ScrollToOffset(fyne.NewPos(0, to))
		}
	}
}
