package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// NewParagraph returns words that wrap, in a size and a colour of the theme.
func NewParagraph(text string, size fyne.ThemeSizeName, name fyne.ThemeColorName, align fyne.TextAlign) *Paragraph {
	p := &Paragraph{text: text, size: size, color: name, align: align}
	p.ExtendBaseWidget(p)
	return p
}

// NewHeading returns words above a part of a page; a Column sets it apart from what
// is before it.
func NewHeading(text string) *Paragraph {
	p := NewParagraph(text, SizeText, ColorText, fyne.TextAlignLeading)
	p.style.Bold = true
	p.heads = true
	return p
}

// Paragraph is words that wrap and begin at its edge. Its lines are as far apart as
// those of a bubble: Fyne's own texts have none of that air.
type Paragraph struct {
	widget.BaseWidget
	text  string
	size  fyne.ThemeSizeName
	color fyne.ThemeColorName
	align fyne.TextAlign
	style fyne.TextStyle
	heads bool

	lines  *textLayout // of the words, in this width
	width  float32
	pieces []*canvas.Text // in use first, spare ones hidden behind
}

// SetText changes the words.
func (p *Paragraph) SetText(text string) { p.Say(text, p.color) }

// Say changes the words and their colour.
func (p *Paragraph) Say(text string, name fyne.ThemeColorName) {
	if p.text != text || p.color != name {
		p.text, p.color, p.lines = text, name, nil
		p.Refresh()
	}
}

// Text returns the words.
func (p *Paragraph) Text() string { return p.text }

// layout breaks the words into lines of this width.
func (p *Paragraph) layout(width float32) *textLayout {
	size := base().Size(p.size)
	if p.lines == nil || p.width != width || p.lines.size != size {
		pitch := LineHeight
		if size < TextSize {
			pitch = SmallLineHeight
		} else if size > TextSize {
			pitch = size * 1.3
		}
		p.lines, p.width = layoutText(p.text, width, size, pitch, p.style), width
	}
	return p.lines
}

// HeightAt returns the height that the words take in this width.
func (p *Paragraph) HeightAt(width float32) float32 { return p.layout(width).height() }

// AccessibilityLabel implements fyne.Accessible.
func (p *Paragraph) AccessibilityLabel() string { return p.text }

// AccessibilityRole implements fyne.Accessible.
func (p *Paragraph) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleText }

// draw puts the lines where they belong.
func (p *Paragraph) draw(width float32) {
	l := p.layout(width)
	used, ink, base := 0, Color(p.color), baseline(l.size, l.pitch, l.style)
	for i, line := range l.lines {
		x := float32(0)
		switch p.align {
		case fyne.TextAlignCenter:
			x = (width - line.width) / 2
		case fyne.TextAlignTrailing:
			x = width - line.width
		}
		l.runs(line.from, line.to, func(from, to int, _ *span) {
			if used == len(p.pieces) {
				p.pieces = append(p.pieces, &canvas.Text{})
			}
			x += drawRun(p.pieces[used], l.text[from:to], l.size, l.style, fyne.NewPos(x, float32(i)*l.pitch+base), ink)
			used++
		})
	}
	for _, t := range p.pieces[used:] {
		t.Hide()
	}
}

// CreateRenderer implements fyne.Widget.
func (p *Paragraph) CreateRenderer() fyne.WidgetRenderer {
	r := &paragraphRenderer{p: p}
	return r
}

type paragraphRenderer struct {
	p       *Paragraph
	objects []fyne.CanvasObject
}

func (r *paragraphRenderer) Layout(s fyne.Size) {
	r.p.draw(s.Width)
	r.objects = r.objects[:0]
	for _, t := range r.p.pieces {
		r.objects = append(r.objects, t)
	}
}

func (r *paragraphRenderer) MinSize() fyne.Size {
	width := r.p.Size().Width
	if width == 0 {
		width = 240
	}
	return fyne.NewSize(0, r.p.HeightAt(width))
}

func (r *paragraphRenderer) Refresh() {
	if w := r.p.Size().Width; w > 0 {
		r.Layout(r.p.Size())
	}
	for _, t := range r.p.pieces {
		t.Refresh()
	}
}

func (r *paragraphRenderer) Objects() []fyne.CanvasObject { return r.objects }
func (r *paragraphRenderer) Destroy()                     {}
