package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// NewParagraph returns words that wrap, without a label's padding.
func NewParagraph(text string, size fyne.ThemeSizeName, importance widget.Importance, align fyne.TextAlign) *Paragraph {
	p := &Paragraph{label: widget.NewLabel(text)}
	p.label.Wrapping = fyne.TextWrapWord
	p.label.Alignment = align
	p.label.SizeName = size
	p.label.Importance = importance
	p.ExtendBaseWidget(p)
	return p
}

// Paragraph is a label whose words begin at its edge.
type Paragraph struct {
	widget.BaseWidget
	label *widget.Label
}

// SetText changes the words.
func (p *Paragraph) SetText(text string) {
	p.label.SetText(text)
	p.Refresh()
}

// Text returns the words.
func (p *Paragraph) Text() string { return p.label.Text }

// HeightAt returns the height that the words take in this width.
func (p *Paragraph) HeightAt(width float32) float32 {
	inset := base().Size("innerPadding")
	p.label.Resize(fyne.NewSize(width+2*inset, p.label.Size().Height))
	return p.label.MinSize().Height - 2*inset
}

// CreateRenderer implements fyne.Widget.
func (p *Paragraph) CreateRenderer() fyne.WidgetRenderer {
	return &shellRenderer{
		objects: []fyne.CanvasObject{p.label},
		layout: func(s fyne.Size) {
			inset := base().Size("innerPadding")
			place(p.label, -inset, -inset, s.Width+2*inset, s.Height+2*inset)
		},
		min: func() fyne.Size {
			width := p.Size().Width
			if width == 0 {
				width = 240
			}
			return fyne.NewSize(0, p.HeightAt(width))
		},
		refresh: p.label.Refresh,
	}
}
