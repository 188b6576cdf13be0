package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// NoticeBar says one sentence that a person should read once. It is hidden
// when it has none.
type NoticeBar struct {
	widget.BaseWidget
	OnClose func()
	Close   *Button
	words   *Paragraph
}

// NewNoticeBar returns a bar that says nothing.
func NewNoticeBar() *NoticeBar {
	n := &NoticeBar{words: NewParagraph("", SizeSmall, ColorText, fyne.TextAlignLeading)}
	n.ExtendBaseWidget(n)
	n.Close = NewIconButton(IconClose, lang.L("Close"), func() {
		n.Say("")
		if n.OnClose != nil {
			n.OnClose()
		}
	})
	n.Hide()
	return n
}

// Say shows a sentence; "" takes the bar away.
func (n *NoticeBar) Say(sentence string) {
	n.words.SetText(sentence)
	if sentence == "" {
		n.Hide()
		return
	}
	n.Show()
	n.Refresh()
}

// Text returns the sentence, "" when there is none.
func (n *NoticeBar) Text() string { return n.words.Text() }

// CreateRenderer implements fyne.Widget.
func (n *NoticeBar) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(color.Transparent, FieldRadius)
	r := &shellRenderer{objects: []fyne.CanvasObject{box, n.words, n.Close}}
	const margin = 20
	r.layout = func(s fyne.Size) {
		place(box, margin, 0, s.Width-2*margin, s.Height-8)
		width := s.Width - 2*margin - 16 - 44
		height := n.words.HeightAt(width)
		place(n.words, margin+16, (s.Height-8-height)/2, width, height)
		place(n.Close, s.Width-margin-40, (s.Height-8-36)/2, 36, 36)
	}
	r.min = func() fyne.Size {
		width := n.Size().Width - 2*margin - 16 - 44
		if width < 100 {
			width = 400
		}
		return fyne.NewSize(200, max(40, n.words.HeightAt(width)+20)+8)
	}
	r.refresh = func() {
		box.FillColor = Color(ColorSelected)
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
