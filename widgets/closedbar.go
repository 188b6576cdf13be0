package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// ClosedBar stands where one writes, in a conversation where nobody can write
// from here, and says why.
type ClosedBar struct {
	widget.BaseWidget
	words *Paragraph
}

// NewClosedBar returns a bar that says nothing yet.
func NewClosedBar() *ClosedBar {
	b := &ClosedBar{words: NewParagraph("", SizeSmall, ColorMuted, fyne.TextAlignCenter)}
	b.ExtendBaseWidget(b)
	return b
}

// Say shows why.
func (b *ClosedBar) Say(words string) {
	if b.words.Text() != words {
		b.words.SetText(words)
		b.Refresh()
	}
}

// Said returns what it shows.
func (b *ClosedBar) Said() string { return b.words.Text() }

// HeightAt returns its height at a width.
func (b *ClosedBar) HeightAt(width float32) float32 {
	return max(64, b.words.HeightAt(max(100, width-80))+28)
}

// CreateRenderer implements fyne.Widget.
func (b *ClosedBar) CreateRenderer() fyne.WidgetRenderer {
	line := canvas.NewRectangle(Color(ColorLine))
	r := &shellRenderer{objects: []fyne.CanvasObject{line, b.words}}
	r.layout = func(s fyne.Size) {
		place(line, 0, 0, s.Width, 1)
		h := b.words.HeightAt(s.Width - 80)
		place(b.words, 40, (s.Height-h)/2, s.Width-80, h)
	}
	r.min = func() fyne.Size { return fyne.NewSize(240, b.HeightAt(b.Size().Width)) }
	r.refresh = func() {
		line.FillColor = Color(ColorLine)
		if !b.Size().IsZero() {
			r.layout(b.Size())
		}
		line.Refresh()
		b.words.Refresh()
	}
	return r
}
