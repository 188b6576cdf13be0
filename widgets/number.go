package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Number is a number that two people read out or compare: its groups, parted by
// spaces, in rows of so many columns.
type Number struct {
	widget.BaseWidget
	columns int
	size    float32
	groups  []string
}

// NewNumber returns a number in rows of columns groups; size is of its digits.
func NewNumber(columns int, size float32, text string) *Number {
	n := &Number{columns: columns, size: size, groups: strings.Fields(text)}
	n.ExtendBaseWidget(n)
	return n
}

// SetText shows another number.
func (n *Number) SetText(text string) {
	n.groups = strings.Fields(text)
	n.Refresh()
}

// Text returns the number, its groups parted by spaces.
func (n *Number) Text() string { return strings.Join(n.groups, " ") }

func (n *Number) rows() int { return (len(n.groups) + n.columns - 1) / n.columns }

// lineHeight is the distance of two rows.
func (n *Number) lineHeight() float32 { return n.size * 1.7 }

// CreateRenderer implements fyne.Widget.
func (n *Number) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(Color(ColorIncoming), FieldRadius)
	r := &shellRenderer{objects: []fyne.CanvasObject{box}}
	var texts []*canvas.Text
	const pad = 12
	r.layout = func(s fyne.Size) {
		place(box, 0, 0, s.Width, s.Height)
		gap := n.size * 1.2
		wide := MeasureText(strings.Repeat("0", longest(n.groups)), n.size, true).Width
		x := (s.Width - wide*float32(n.columns) - gap*float32(n.columns-1)) / 2
		for i, t := range texts {
			place(t, x+float32(i%n.columns)*(wide+gap), pad+float32(i/n.columns)*n.lineHeight(), wide, n.lineHeight())
		}
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, float32(max(n.rows(), 1))*n.lineHeight()+2*pad) }
	r.refresh = func() {
		box.FillColor = Color(ColorIncoming)
		if len(texts) != len(n.groups) {
			texts = texts[:0]
			r.objects = r.objects[:1]
			for range n.groups {
				t := NewBoldText("", n.size, ColorText)
				t.Alignment = fyne.TextAlignCenter
				texts = append(texts, t)
				r.objects = append(r.objects, t)
			}
		}
		for i, t := range texts {
			t.Text, t.Color = n.groups[i], Color(ColorText)
		}
		if !n.Size().IsZero() {
			r.layout(n.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

func longest(words []string) (n int) {
	for _, w := range words {
		n = max(n, len(w))
	}
	return n
}
