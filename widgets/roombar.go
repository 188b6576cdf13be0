package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// RoomPart is something that takes room on a disk.
type RoomPart struct {
	Name  string
	Bytes int64
}

// RoomBar shows what shares the room that is taken: a bar of parts, and below it
// what each is. Parts that take nothing are left out.
type RoomBar struct {
	widget.BaseWidget
	parts []RoomPart
}

const (
	roomBar    float32 = 14
	roomDot    float32 = 10
	roomLegend float32 = 24
	roomGap    float32 = 10
)

// roomInks are the colours of parts, in their order: each time one is drawn, as a
// theme may change.
var roomInks = []func() color.Color{
	func() color.Color { return Color(ColorAccent) },
	func() color.Color { return Color(ColorGood) },
	func() color.Color { return blend(Color(ColorAccent), Color(ColorWindow), 0.5) },
	func() color.Color { return blend(Color(ColorGood), Color(ColorWindow), 0.5) },
	func() color.Color { return Color(ColorMuted) },
	func() color.Color { return blend(Color(ColorMuted), Color(ColorWindow), 0.5) },
}

// NewRoomBar returns a bar that waits for SetParts.
func NewRoomBar() *RoomBar {
	b := &RoomBar{}
	b.ExtendBaseWidget(b)
	return b
}

// SetParts shows these, at most six.
func (b *RoomBar) SetParts(parts ...RoomPart) {
	b.parts = parts[:min(len(parts), len(roomInks))]
	b.Refresh()
}

// Parts returns what is shown.
func (b *RoomBar) Parts() []RoomPart { return b.parts }

func (b *RoomBar) total() (n int64) {
	for _, p := range b.parts {
		n += p.Bytes
	}
	return n
}

// legend hands out where each part is named, and returns the height of all.
func (b *RoomBar) legend(width float32, put func(i int, text string, x, y, width float32)) float32 {
	x, y := float32(0), roomBar+roomGap
	for i, p := range b.parts {
		if p.Bytes <= 0 {
			continue
		}
		text := p.Name + "  " + FormatSize(p.Bytes)
		w := roomDot + 7 + MeasureText(text, SmallSize, false).Width
		if x > 0 && x+w > width {
			x, y = 0, y+roomLegend
		}
		put(i, text, x, y, w)
		x += w + 20
	}
	return y + roomLegend
}

// HeightAt returns its height at a width.
func (b *RoomBar) HeightAt(width float32) float32 {
	return b.legend(width, func(int, string, float32, float32, float32) {})
}

// CreateRenderer implements fyne.Widget.
func (b *RoomBar) CreateRenderer() fyne.WidgetRenderer {
	track := NewRounded(color.Transparent, roomBar/2)
	r := &shellRenderer{objects: []fyne.CanvasObject{track}}
	bars := make([]*canvas.Rectangle, len(roomInks))
	dots := make([]*canvas.Circle, len(roomInks))
	names := make([]*canvas.Text, len(roomInks))
	for i := range roomInks {
		bars[i], dots[i], names[i] = NewRounded(color.Transparent, 3), &canvas.Circle{}, NewText("", SmallSize, ColorText)
		r.objects = append(r.objects, bars[i], dots[i], names[i])
	}
	r.layout = func(s fyne.Size) {
		place(track, 0, 0, s.Width, roomBar)
		for i := range roomInks {
			for _, o := range []fyne.CanvasObject{bars[i], dots[i], names[i]} {
				o.Hide()
			}
		}
		const between, least = 2, 4
		total, x := b.total(), float32(0)
		shown := 0
		for _, p := range b.parts {
			if p.Bytes > 0 {
				shown++
			}
		}
		room := s.Width - float32(shown)*(least+between) // beyond the least of each
		for i, p := range b.parts {
			if p.Bytes <= 0 {
				continue
			}
			w := least + room*float32(float64(p.Bytes)/float64(total))
			place(bars[i], x, 0, w, roomBar)
			bars[i].Show()
			x += w + between
		}
		b.legend(s.Width, func(i int, text string, x, y, width float32) {
			place(dots[i], x, y+(roomLegend-roomDot)/2, roomDot, roomDot)
			names[i].Text = text
			place(names[i], x+roomDot+7, y, width-roomDot-7, roomLegend)
			dots[i].Show()
			names[i].Show()
		})
	}
	r.min = func() fyne.Size {
		width := b.Size().Width
		if width == 0 {
			width = 320
		}
		return fyne.NewSize(240, b.HeightAt(width))
	}
	r.refresh = func() {
		track.FillColor = Color(ColorTrack)
		for i, ink := range roomInks {
			bars[i].FillColor, dots[i].FillColor, names[i].Color = ink(), ink(), Color(ColorText)
		}
		if !b.Size().IsZero() {
			r.layout(b.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}
