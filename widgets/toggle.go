package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Toggle is something that is on or off, with what it is and what that means.
// It is a switch at the right, or with Box a box to tick at the left.
type Toggle struct {
	widget.BaseWidget
	Text      string
	Detail    string // below Text; "": none
	Aside     string // a few words at the far right; "": none
	Box       bool
	OnChanged func(on bool) // after a person changed it

	on, disabled, focused bool
	detail                *Paragraph
	label                 *Paragraph // Text, where it is too long for one line
}

// NewToggle returns a switch.
func NewToggle(text, detail string, on bool, changed func(bool)) *Toggle {
	t := &Toggle{Text: text, Detail: detail, OnChanged: changed, on: on}
	t.detail = NewParagraph(detail, SizeSmall, ColorMuted, fyne.TextAlignLeading)
	t.label = NewParagraph(text, SizeText, ColorText, fyne.TextAlignLeading)
	t.ExtendBaseWidget(t)
	return t
}

// On tells whether it is on.
func (t *Toggle) On() bool { return t.on }

// SetOn turns it on or off without a word to OnChanged.
func (t *Toggle) SetOn(on bool) {
	if t.on != on {
		t.on = on
		t.Refresh()
	}
}

// SetDetail changes what is below the text.
func (t *Toggle) SetDetail(detail string) {
	t.Detail = detail
	t.detail.SetText(detail)
	t.Refresh()
}

// SetDisabled lets nobody change it, or somebody again.
func (t *Toggle) SetDisabled(off bool) {
	if t.disabled != off {
		t.disabled = off
		t.Refresh()
	}
}

func (t *Toggle) turn() {
	if t.disabled {
		return
	}
	t.on = !t.on
	t.Refresh()
	if t.OnChanged != nil {
		t.OnChanged(t.on)
	}
}

// Tapped implements fyne.Tappable.
func (t *Toggle) Tapped(*fyne.PointEvent) { t.turn() }

// FocusGained implements fyne.Focusable.
func (t *Toggle) FocusGained() { t.focused = true; t.Refresh(); reveal(t) }

// FocusLost implements fyne.Focusable.
func (t *Toggle) FocusLost() { t.focused = false; t.Refresh() }

// TypedRune implements fyne.Focusable.
func (t *Toggle) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (t *Toggle) TypedKey(k *fyne.KeyEvent) {
	switch {
	case pressing(t, k):
		t.turn()
	case k.Name == fyne.KeyEscape:
		backOut(t)
	default:
		sheetKey(t, k)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (t *Toggle) AccessibilityLabel() string { return t.Text }

// AccessibilityRole implements fyne.Accessible.
func (t *Toggle) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// The switch, and what is left of and around the words.
const (
	switchWidth  float32 = 38
	switchHeight float32 = 22
	toggleBox    float32 = 18
	togglePad    float32 = 8
)

func (t *Toggle) textLeft() float32 {
	if t.Box {
		return toggleBox + 10
	}
	return 0
}

func (t *Toggle) textWidth(width float32) float32 {
	w := width - t.textLeft()
	if !t.Box {
		w -= switchWidth + 16
	}
	return max(40, w)
}

// labelHeight is how high the words are at a width of their own; long says that they
// take more than a line.
func (t *Toggle) labelHeight(width float32) (height float32, long bool) {
	if t.Aside != "" || MeasureText(t.Text, TextSize, false).Width <= width {
		return LineHeight, false
	}
	return t.label.HeightAt(width), true
}

// HeightAt returns its height at a width.
func (t *Toggle) HeightAt(width float32) float32 {
	label, _ := t.labelHeight(t.textWidth(width))
	h := label + 2*togglePad
	if t.Detail != "" {
		h += 2 + t.detail.HeightAt(t.textWidth(width))
	}
	return h
}

// CreateRenderer implements fyne.Widget.
func (t *Toggle) CreateRenderer() fyne.WidgetRenderer {
	ring := NewRounded(color.Transparent, ButtonRadius)
	track := NewRounded(color.Transparent, switchHeight/2)
	knob := &canvas.Circle{}
	mark := newTickBox()
	text := NewText("", TextSize, ColorText)
	aside := NewText("", SmallSize, ColorMuted)
	aside.Alignment = fyne.TextAlignTrailing
	r := &shellRenderer{objects: []fyne.CanvasObject{ring, track, knob, mark.box, mark.tick, text, aside, t.label, t.detail}}
	r.layout = func(s fyne.Size) {
		left, width := t.textLeft(), t.textWidth(s.Width)
		place(ring, -6, 2, s.Width+12, s.Height-4)
		asideWidth := float32(0)
		if t.Aside != "" {
			asideWidth = MeasureText(t.Aside, SmallSize, false).Width + 8
		}
		text.Text = ElideEnd(t.Text, width-asideWidth, TextSize, false)
		place(text, left, togglePad, width-asideWidth, LineHeight)
		place(aside, left+width-asideWidth, togglePad, asideWidth, LineHeight)
		label, long := t.labelHeight(width)
		show(text, !long)
		show(t.label, long)
		place(t.label, left, togglePad, width, label)
		place(t.detail, left, togglePad+label+2, width, t.detail.HeightAt(width))
		mark.place(0, togglePad+1)
		y := togglePad - 1
		place(track, s.Width-switchWidth, y, switchWidth, switchHeight)
		x := s.Width - switchWidth + 3
		if t.on {
			x = s.Width - switchHeight + 3
		}
		place(knob, x, y+3, switchHeight-6, switchHeight-6)
	}
	r.min = func() fyne.Size {
		width := t.Size().Width
		if width == 0 {
			width = 240
		}
		return fyne.NewSize(160, t.HeightAt(width))
	}
	r.refresh = func() {
		ring.StrokeWidth = 0
		if t.focused {
			ring.StrokeColor, ring.StrokeWidth = Color(colorRing), 2
		}
		ink := ColorText
		if t.disabled {
			ink = ColorMuted
		}
		text.Color, aside.Color, aside.Text = Color(ink), Color(ColorMuted), t.Aside
		t.label.Say(t.label.Text(), ink)
		// Off stands out from the ground, too; what can't be changed stands back.
		switch {
		case t.disabled && t.on:
			track.FillColor = blend(Color(ColorAccent), Color(ColorTrack), 0.6)
		case t.disabled:
			track.FillColor = Color(ColorTrack)
		case t.on:
			track.FillColor = Color(ColorAccent)
		default:
			track.FillColor = blend(Color(ColorMuted), Color(ColorTrack), 0.5)
		}
		knob.FillColor = Color(ColorWindow)
		show(track, !t.Box)
		show(knob, !t.Box)
		mark.set(t.on, t.Box)
		show(t.detail, t.Detail != "")
		if !t.Size().IsZero() {
			r.layout(t.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

const iconTick Icon = `<path stroke-width="3.4" d="M5.5 12.5l4.3 4.3 8.7-9.3"/>`

// tickBox is a box that is ticked or not.
type tickBox struct {
	box  *canvas.Rectangle
	tick *canvas.Image
}

func newTickBox() tickBox {
	return tickBox{NewRounded(color.Transparent, 5), &canvas.Image{FillMode: canvas.ImageFillContain}}
}

func (b tickBox) place(x, y float32) {
	place(b.box, x, y, toggleBox, toggleBox)
	place(b.tick, x+1, y+1, toggleBox-2, toggleBox-2)
}

// set draws it, or nothing when it is not shown.
func (b tickBox) set(on, shown bool) {
	b.box.FillColor, b.box.StrokeColor, b.box.StrokeWidth = Color("overlayBackground"), Color(ColorMuted), 1
	if on {
		b.box.FillColor, b.box.StrokeWidth = Color(ColorAccent), 0
	}
	b.tick.Resource = iconTick.Resource(Color(ColorOnAccent))
	show(b.box, shown)
	show(b.tick, shown && on)
}
