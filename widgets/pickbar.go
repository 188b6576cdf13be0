package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// PickBar stands in the place of a conversation's head while messages are
// chosen: how many, and what can be done with them.
type PickBar struct {
	widget.BaseWidget
	Close, Forward, Copy, Save, Delete *Button
	words                              string
}

// NewPickBar returns a bar that is hidden. Its buttons' OnTapped are the owner's to set.
func NewPickBar() *PickBar {
	b := &PickBar{
		Close:   NewIconButton(IconClose, lang.L("Choose none"), nil),
		Forward: NewIconButton(IconForward, lang.L("Forward"), nil),
		Copy:    NewIconButton(IconCopy, lang.L("Copy"), nil),
		Save:    NewIconButton(IconSave, lang.L("Save files"), nil),
		Delete:  NewIconButton(IconDelete, lang.L("Delete"), nil),
	}
	b.ExtendBaseWidget(b)
	b.Hide()
	return b
}

// Set says how many are chosen, and what can be done with all of them.
func (b *PickBar) Set(words string, save, remove bool) {
	b.words = words
	b.Save.SetDisabled(!save)
	b.Delete.SetDisabled(!remove)
	b.Refresh()
}

// Text returns the words.
func (b *PickBar) Text() string { return b.words }

// CreateRenderer implements fyne.Widget.
func (b *PickBar) CreateRenderer() fyne.WidgetRenderer {
	ground, line := &canvas.Rectangle{}, &canvas.Rectangle{}
	words := NewBoldText("", TextSize, ColorText)
	r := &shellRenderer{objects: []fyne.CanvasObject{ground, line, words, b.Close, b.Forward, b.Copy, b.Save, b.Delete}}
	r.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, s.Height)
		place(line, 0, s.Height-1, s.Width, 1)
		y := (s.Height - 36) / 2
		place(b.Close, 20, y, 36, 36)
		x := s.Width - 20
		for _, o := range []*Button{b.Delete, b.Save, b.Copy, b.Forward} {
			x -= 40
			place(o, x, y, 36, 36)
		}
		words.Text = ElideEnd(b.words, x-76, TextSize, true)
		place(words, 68, 0, x-76, s.Height)
	}
	r.min = func() fyne.Size { return fyne.NewSize(300, 64) }
	r.refresh = func() {
		ground.FillColor, line.FillColor, words.Color = Color(ColorSelected), Color(ColorLine), Color(ColorText)
		words.Text = b.words
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
