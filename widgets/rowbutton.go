package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// RowButton is a line of a list that leads somewhere, with a few words at its
// right.
type RowButton struct {
	widget.BaseWidget
	Text, Aside string
	OnTapped    func()

	hovered, focused bool
}

// NewRowButton returns a line.
func NewRowButton(text, aside string, tapped func()) *RowButton {
	b := &RowButton{Text: text, Aside: aside, OnTapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// Tapped implements fyne.Tappable.
func (b *RowButton) Tapped(*fyne.PointEvent) {
	if b.OnTapped != nil {
		b.OnTapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (b *RowButton) MouseIn(*desktop.MouseEvent) { b.hovered = true; b.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (b *RowButton) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *RowButton) MouseOut() { b.hovered = false; b.Refresh() }

// FocusGained implements fyne.Focusable.
func (b *RowButton) FocusGained() { b.focused = true; b.Refresh(); reveal(b) }

// FocusLost implements fyne.Focusable.
func (b *RowButton) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune implements fyne.Focusable.
func (b *RowButton) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (b *RowButton) TypedKey(k *fyne.KeyEvent) {
	switch {
	case pressing(b, k):
		b.Tapped(nil)
	case k.Name == fyne.KeyEscape:
		backOut(b)
	default:
		sheetKey(b, k)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (b *RowButton) AccessibilityLabel() string { return b.Text }

// AccessibilityRole implements fyne.Accessible.
func (b *RowButton) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (b *RowButton) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(color.Transparent, ButtonRadius)
	text, aside := NewText("", TextSize, ColorText), NewText("", SmallSize, ColorMuted)
	aside.Alignment = fyne.TextAlignTrailing
	r := &shellRenderer{objects: []fyne.CanvasObject{box, text, aside}}
	r.layout = func(s fyne.Size) {
		place(box, 0, 0, s.Width, s.Height)
		w := MeasureText(b.Aside, SmallSize, false).Width
		text.Text = ElideEnd(b.Text, s.Width-w-28, TextSize, false)
		place(text, 8, 0, s.Width-w-28, s.Height)
		place(aside, s.Width-w-8, 0, w, s.Height)
	}
	r.min = func() fyne.Size { return fyne.NewSize(160, 28) }
	r.refresh = func() {
		box.FillColor, box.StrokeWidth = color.Transparent, 0
		if b.hovered {
			box.FillColor = Color(ColorHover)
		}
		if b.focused {
			box.StrokeColor, box.StrokeWidth = Color(colorRing), 2
		}
		text.Color, aside.Color, aside.Text = Color(ColorText), Color(ColorMuted), b.Aside
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

// unpadded puts what Fyne pads at the edge of its room.
type unpadded struct{}

func (unpadded) MinSize(o []fyne.CanvasObject) fyne.Size { return o[0].MinSize() }

func (unpadded) Layout(o []fyne.CanvasObject, s fyne.Size) {
	inner := base().Size(theme.SizeNameInnerPadding)
	place(o[0], -inner, -inner, s.Width+inner+barRoom, s.Height+inner)
}

// NewLongText returns a text that is read and scrolled.
func NewLongText(text string) fyne.CanvasObject {
	words := widget.NewLabel(text)
	words.SizeName = SizeSmall
	words.Wrapping = fyne.TextWrapWord
	return container.New(unpadded{}, container.NewVScroll(words))
}
