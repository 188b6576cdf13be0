package widgets

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// DropTarget says where files may be dropped: an arrow, what happens, and a
// dashed frame. It is both the empty conversation's invitation and what lies
// over a conversation while files hang over it.
type DropTarget struct {
	widget.BaseWidget
	title, detail string
	icon          Icon
	framed        bool
	solid         bool // hides what is below
}

// NewDropTarget returns a target with a frame all around; solid ones hide what
// they lie on.
func NewDropTarget(framed, solid bool) *DropTarget {
	d := &DropTarget{icon: IconDrop, framed: framed, solid: solid}
	d.ExtendBaseWidget(d)
	return d
}

// Set says what happens to what is dropped.
func (d *DropTarget) Set(icon Icon, title, detail string) {
	if d.icon != icon || d.title != title || d.detail != detail {
		d.icon, d.title, d.detail = icon, title, detail
		d.Refresh()
	}
}

// Title is what it says first.
func (d *DropTarget) Title() string { return d.title }

// CreateRenderer implements fyne.Widget.
func (d *DropTarget) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(color.Transparent)
	frame := canvas.NewRaster(func(w, h int) image.Image { return dashedFrame(w, h, d.Size(), Color(ColorAccent)) })
	arrow := newIconImage(d.icon, ColorMuted)
	arrow.Resource = d.icon.drawn(Color(ColorMuted), largeLine)
	title := NewBoldText("", HeadSize, ColorText)
	title.Alignment = fyne.TextAlignCenter
	detail := NewParagraph("", SizeText, ColorMuted, fyne.TextAlignCenter)
	r := &shellRenderer{objects: []fyne.CanvasObject{ground, frame, arrow, title, detail}}
	r.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, s.Height)
		place(frame, 20, 20, max(0, s.Width-40), max(0, s.Height-40))
		width := min(480, s.Width-64)
		words := detail.HeightAt(width)
		y := (s.Height - (40 + 14 + 28 + 6 + words)) / 2
		place(arrow, (s.Width-40)/2, y, 40, 40)
		title.Text = ElideEnd(d.title, s.Width-64, HeadSize, true)
		place(title, 32, y+54, s.Width-64, 28)
		place(detail, (s.Width-width)/2, y+88, width, words)
	}
	r.min = func() fyne.Size { return fyne.NewSize(240, 160) }
	r.refresh = func() {
		ground.FillColor = color.Transparent
		if d.solid {
			ground.FillColor = Color(ColorWindow)
		}
		show(frame, d.framed)
		arrow.Resource = d.icon.drawn(Color(ColorMuted), largeLine)
		title.Text, title.Color = d.title, Color(ColorText)
		detail.SetText(d.detail)
		if !d.Size().IsZero() {
			r.layout(d.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

// dashedFrame draws a rounded frame of dashes in w by h pixels, for a widget of
// that size. Fyne has no dashed line.
func dashedFrame(w, h int, size fyne.Size, c color.Color) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	if w < 40 || h < 40 {
		return img
	}
	scale := float64(w) / math.Max(1, float64(size.Width-40))
	ink := color.NRGBAModel.Convert(c).(color.NRGBA)
	thick, radius, dash, gap := 2*scale, 18*scale, 7*scale, 5*scale
	fw, fh := float64(w), float64(h)
	set := func(x, y int) {
		px, py := float64(x)+0.5, float64(y)+0.5
		// Distance to the middle of the stroke, and how far along the frame it is.
		inset := thick
		cx := math.Max(radius+inset, math.Min(px, fw-radius-inset))
		cy := math.Max(radius+inset, math.Min(py, fh-radius-inset))
		dx, dy := px-cx, py-cy
		off := math.Abs(math.Hypot(dx, dy) - radius)
		cover := math.Max(0, math.Min(1, thick/2-off+0.5))
		if cover == 0 {
			return
		}
		var along float64
		switch {
		case dx != 0 && dy != 0: // a corner: along its arc
			along = math.Atan2(math.Abs(dy), math.Abs(dx)) * radius
		case dy != 0:
			along = px
		default:
			along = py
		}
		if math.Mod(along, dash+gap) > dash {
			return
		}
		img.SetNRGBA(x, y, color.NRGBA{ink.R, ink.G, ink.B, uint8(cover * float64(ink.A))})
	}
	edge := int(radius + 2*thick)
	for y := range h {
		for x := range w {
			if x >= edge && x < w-edge && y > int(2*thick) && y < h-int(2*thick) {
				continue
			}
			set(x, y)
		}
	}
	return img
}
