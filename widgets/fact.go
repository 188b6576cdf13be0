package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Fact is something to know: what it is at the left, and what that is beside it.
type Fact struct {
	widget.BaseWidget
	Name   string
	detail *Paragraph
}

const factName float32 = 120 // where the value begins

// NewFact returns a name with its value.
func NewFact(name, value string) *Fact {
	f := &Fact{Name: name, detail: NewParagraph(value, SizeText, ColorText, fyne.TextAlignLeading)}
	f.ExtendBaseWidget(f)
	return f
}

// SetDetail changes the value.
func (f *Fact) SetDetail(value string) {
	f.detail.SetText(value)
	f.Refresh()
}

// Detail returns the value.
func (f *Fact) Detail() string { return f.detail.Text() }

func (f *Fact) valueLeft(width float32) float32 { return min(factName, width/2) }

// HeightAt returns its height at a width.
func (f *Fact) HeightAt(width float32) float32 {
	return max(LineHeight, f.detail.HeightAt(width-f.valueLeft(width)))
}

// CreateRenderer implements fyne.Widget.
func (f *Fact) CreateRenderer() fyne.WidgetRenderer {
	name := NewText("", TextSize, ColorMuted)
	r := &shellRenderer{objects: []fyne.CanvasObject{name, f.detail}}
	r.layout = func(s fyne.Size) {
		left := f.valueLeft(s.Width)
		name.Text = ElideEnd(f.Name, left-8, TextSize, false)
		place(name, 0, 0, left-8, LineHeight)
		place(f.detail, left, 0, s.Width-left, s.Height)
	}
	r.min = func() fyne.Size {
		width := f.Size().Width
		if width == 0 {
			width = 240
		}
		return fyne.NewSize(200, f.HeightAt(width))
	}
	r.refresh = func() {
		name.Color = Color(ColorMuted)
		if !f.Size().IsZero() {
			r.layout(f.Size())
		}
		name.Refresh()
		f.detail.Refresh()
	}
	r.refresh()
	return r
}

// FieldLine is a field with the button that uses what is in it.
type FieldLine struct {
	widget.BaseWidget
	field  fyne.CanvasObject
	button *Button
}

// NewFieldLine returns the field, as wide as there is room, and the button right
// of it.
func NewFieldLine(field *Field, button *Button) *FieldLine {
	l := &FieldLine{field: FieldBox(field, false), button: button}
	l.ExtendBaseWidget(l)
	return l
}

// CreateRenderer implements fyne.Widget.
func (l *FieldLine) CreateRenderer() fyne.WidgetRenderer {
	return &shellRenderer{
		objects: []fyne.CanvasObject{l.field, l.button},
		layout: func(s fyne.Size) {
			w := l.button.MinSize().Width
			place(l.field, 0, 0, s.Width-w-12, 39)
			place(l.button, s.Width-w, 0, w, 38)
		},
		min: func() fyne.Size { return fyne.NewSize(l.button.MinSize().Width+140, 39) },
		refresh: func() {
			l.field.Refresh()
			l.button.Refresh()
		},
	}
}
