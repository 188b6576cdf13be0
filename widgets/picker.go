package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Picker is one of several, with what it is about: a button at the right shows
// what was chosen, and a menu of all when it is pressed.
type Picker struct {
	widget.BaseWidget
	Text      string
	Detail    string
	Options   []string
	OnChanged func(index int) // after a person chose another

	Button *Button
	picked int
	detail *Paragraph
	label  *Paragraph // Text, where it is too long for one line
	menu   *widget.PopUpMenu
}

// NewPicker returns a choice with one picked.
func NewPicker(text, detail string, options []string, picked int, changed func(int)) *Picker {
	p := &Picker{Text: text, Detail: detail, Options: options, OnChanged: changed, picked: picked}
	p.Button = NewButton(PlainButton, "", p.open)
	p.Button.Leads = true
	p.detail = NewParagraph(detail, SizeSmall, ColorMuted, fyne.TextAlignLeading)
	p.label = NewParagraph(text, SizeText, ColorText, fyne.TextAlignLeading)
	p.ExtendBaseWidget(p)
	return p
}

// Picked returns the index of what is chosen.
func (p *Picker) Picked() int { return p.picked }

// SetPicked chooses without a word to OnChanged.
func (p *Picker) SetPicked(i int) {
	p.picked = i
	p.Refresh()
}

// Pick chooses as a person does.
func (p *Picker) Pick(i int) {
	if i < 0 || i >= len(p.Options) || i == p.picked {
		return
	}
	p.SetPicked(i)
	if p.OnChanged != nil {
		p.OnChanged(i)
	}
}

func (p *Picker) open() {
	canvas := fyne.CurrentApp().Driver().CanvasForObject(p.Button)
	if canvas == nil {
		return
	}
	var items []*fyne.MenuItem
	for i, o := range p.Options {
		item := fyne.NewMenuItem(o, func() { p.Pick(i) })
		item.Checked = i == p.picked
		items = append(items, item)
	}
	p.menu = ShowMenuBelow(items, canvas, p.Button, fyne.NewPos(0, p.Button.Size().Height+2))
}

func (p *Picker) shown() string {
	if p.picked >= 0 && p.picked < len(p.Options) {
		return p.Options[p.picked]
	}
	return "…"
}

// buttonWidth has room for the longest option, so that nothing moves.
func (p *Picker) buttonWidth(width float32) float32 {
	widest := float32(60)
	for _, o := range p.Options {
		widest = max(widest, MeasureText(o, TextSize, true).Width+2*16+arrowRoom)
	}
	return min(widest, width/2)
}

func (p *Picker) textWidth(width float32) float32 { return width - p.buttonWidth(width) - 16 }

// labelHeight is how high the words beside the button are; long says that they take
// more than a line.
func (p *Picker) labelHeight(width float32) (height float32, long bool) {
	if MeasureText(p.Text, TextSize, false).Width <= width {
		return LineHeight, false
	}
	return p.label.HeightAt(width), true
}

// HeightAt returns its height at a width.
func (p *Picker) HeightAt(width float32) float32 {
	label, _ := p.labelHeight(p.textWidth(width))
	h := label + 2*togglePad
	if p.Detail != "" {
		h += 2 + p.detail.HeightAt(p.textWidth(width))
	}
	return max(h, 38+2*2)
}

// CreateRenderer implements fyne.Widget.
func (p *Picker) CreateRenderer() fyne.WidgetRenderer {
	text := NewText("", TextSize, ColorText)
	r := &shellRenderer{objects: []fyne.CanvasObject{text, p.label, p.detail, p.Button}}
	r.layout = func(s fyne.Size) {
		width, button := p.textWidth(s.Width), p.buttonWidth(s.Width)
		text.Text = p.Text
		label, long := p.labelHeight(width)
		show(text, !long)
		show(p.label, long)
		top := togglePad
		if p.Detail == "" {
			top = (s.Height - label) / 2
		}
		place(text, 0, top, width, label)
		place(p.label, 0, top, width, label)
		place(p.detail, 0, top+label+2, width, p.detail.HeightAt(width))
		place(p.Button, s.Width-button, 2, button, 38)
		p.Button.SetText(ElideEnd(p.shown(), button-2*12-arrowRoom, TextSize, true))
	}
	r.min = func() fyne.Size {
		width := p.Size().Width
		if width == 0 {
			width = 240
		}
		return fyne.NewSize(200, p.HeightAt(width))
	}
	r.refresh = func() {
		text.Color = Color(ColorText)
		show(p.detail, p.Detail != "")
		if !p.Size().IsZero() {
			r.layout(p.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

// SetOptions changes what can be chosen.
func (p *Picker) SetOptions(options []string, picked int) {
	p.Options, p.picked = slices.Clone(options), picked
	p.Refresh()
}
