package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// ReplyBar stands above the composer and says which message is answered, or
// edited. It is hidden when it is neither.
type ReplyBar struct {
	widget.BaseWidget
	OnClose func()
	Close   *Button
	icon    Icon
	name    string
	line    string
}

// NewReplyBar returns a bar that is hidden.
func NewReplyBar() *ReplyBar {
	b := &ReplyBar{icon: IconReply}
	b.ExtendBaseWidget(b)
	b.Close = NewIconButton(IconClose, lang.L("Close"), func() {
		if b.OnClose != nil {
			b.OnClose()
		}
	})
	b.Hide()
	return b
}

// Set shows what is answered or edited: a heading and the message in a line. An
// empty heading takes the bar away.
func (b *ReplyBar) Set(icon Icon, name, line string) {
	b.icon, b.name, b.line = icon, name, line
	if name == "" {
		b.Hide()
		return
	}
	b.Show()
	b.Refresh()
}

// Text returns both lines.
func (b *ReplyBar) Text() (name, line string) { return b.name, b.line }

// CreateRenderer implements fyne.Widget.
func (b *ReplyBar) CreateRenderer() fyne.WidgetRenderer {
	top, bar := &canvas.Rectangle{}, &canvas.Rectangle{CornerRadius: 1.5}
	icon := newIconImage(b.icon, ColorAccent)
	name, line := NewBoldText("", SmallSize, ColorAccent), NewText("", SmallSize, ColorMuted)
	r := &shellRenderer{objects: []fyne.CanvasObject{top, icon, bar, name, line, b.Close}}
	r.layout = func(s fyne.Size) {
		place(top, 0, 0, s.Width, 1)
		place(icon, 27, (s.Height-22)/2, 22, 22)
		place(bar, 68, 8, 3, s.Height-16)
		room := s.Width - 80 - 64
		name.Text, line.Text = ElideEnd(b.name, room, SmallSize, true), ElideEnd(b.line, room, SmallSize, false)
		place(name, 80, 7, room, SmallLineHeight)
		place(line, 80, 25, room, SmallLineHeight)
		place(b.Close, s.Width-20-40, (s.Height-36)/2, 36, 36)
	}
	r.min = func() fyne.Size { return fyne.NewSize(240, 48) }
	r.refresh = func() {
		top.FillColor, bar.FillColor = Color(ColorLine), Color(ColorAccent)
		icon.Resource = b.icon.Resource(Color(ColorAccent))
		name.Color, line.Color = Color(ColorAccent), Color(ColorMuted)
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
