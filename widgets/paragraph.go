package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// NewParagraph returns words that wrap, in a size and a colour of the theme.
func NewParagraph(text string, size fyne.ThemeSizeName, name fyne.ThemeColorName, align fyne.TextAlign) *Paragraph {
	words := &widget.TextSegment{Text: text, Style: widget.RichTextStyle{ColorName: name, SizeName: size, Alignment: align}}
	p := &Paragraph{words: words, text: widget.NewRichText(words)}
	p.text.Wrapping = fyne.TextWrapWord
	p.ExtendBaseWidget(p)
	return p
}

// NewHeading returns words above a part of a page; a Column sets it apart from what
// is before it.
func NewHeading(text string) *Paragraph {
	p := NewParagraph(text, SizeText, ColorText, fyne.TextAlignLeading)
	p.words.Style.TextStyle.Bold = true
	p.heads = true
	return p
}

// Paragraph is words that wrap and begin at its edge.
type Paragraph struct {
	widget.BaseWidget
	words *widget.TextSegment
	text  *widget.RichText
	heads bool
}

// SetText changes the words.
func (p *Paragraph) SetText(text string) {
	if p.words.Text != text {
		p.words.Text = text
		p.text.Refresh()
		p.Refresh()
	}
}

// Say changes the words and their colour.
func (p *Paragraph) Say(text string, name fyne.ThemeColorName) {
	p.words.Style.ColorName = name
	p.words.Text = text
	p.text.Refresh()
	p.Refresh()
}

// Text returns the words.
func (p *Paragraph) Text() string { return p.words.Text }

// HeightAt returns the height that the words take in this width.
func (p *Paragraph) HeightAt(width float32) float32 {
	inset := base().Size("innerPadding")
	p.text.Resize(fyne.NewSize(width+2*inset, p.text.Size().Height))
	return p.text.MinSize().Height - 2*inset
}

// CreateRenderer implements fyne.Widget.
func (p *Paragraph) CreateRenderer() fyne.WidgetRenderer {
	return &shellRenderer{
		objects: []fyne.CanvasObject{p.text},
		layout: func(s fyne.Size) {
			inset := base().Size("innerPadding")
			place(p.text, -inset, -inset, s.Width+2*inset, s.Height+2*inset)
		},
		min: func() fyne.Size {
			width := p.Size().Width
			if width == 0 {
				width = 240
			}
			return fyne.NewSize(0, p.HeightAt(width))
		},
		refresh: p.text.Refresh,
	}
}
