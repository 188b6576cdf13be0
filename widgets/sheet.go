package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// Sheet is a card over a dimmed window, with a title, a way to close it, what
// it is about, and buttons at its foot. Escape and a tap beside it close it.
type Sheet struct {
	widget.BaseWidget
	Title   string
	Content fyne.CanvasObject
	Buttons []*Button // from left to right, at the right; hidden ones take no room
	Aside   *Button   // at the left of the same line; nil: none
	Width   float32   // of the card
	Height  float32   // of the content; 0: as it asks
	OnClose func()    // after it was closed, however that came

	Close  *Button
	canvas fyne.Canvas
	tips   *Tips
}

// NewSheet returns a sheet that is not shown yet.
func NewSheet(title string, content fyne.CanvasObject, buttons ...*Button) *Sheet {
	s := &Sheet{Title: title, Content: content, Buttons: buttons, Width: 480, tips: NewTips()}
	s.ExtendBaseWidget(s)
	s.Close = NewIconButton(IconClose, lang.L("Close"), s.Dismiss)
	for _, b := range append(buttons, s.Close) {
		b.OnEscape = s.Dismiss
	}
	return s
}

// ShowOn puts the sheet over everything in the window and gives focus to first;
// nil: to the sheet itself, for Escape.
func (s *Sheet) ShowOn(c fyne.Canvas, first fyne.Focusable) {
	s.canvas = c
	s.Resize(c.Size())
	c.Overlays().Add(s)
	s.tips.Push()
	if first == nil {
		first = s
	}
	c.Focus(first)
}

// Shown tells whether the sheet is in a window.
func (s *Sheet) Shown() bool { return s.canvas != nil }

// Dismiss closes the sheet.
func (s *Sheet) Dismiss() {
	if s.canvas == nil {
		return
	}
	s.canvas.Overlays().Remove(s)
	s.tips.Pop()
	s.canvas = nil
	if s.OnClose != nil {
		s.OnClose()
	}
}

// FocusGained implements fyne.Focusable.
func (s *Sheet) FocusGained() {}

// FocusLost implements fyne.Focusable.
func (s *Sheet) FocusLost() {}

// TypedRune implements fyne.Focusable.
func (s *Sheet) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (s *Sheet) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		s.Dismiss()
	case fyne.KeyReturn, fyne.KeyEnter:
		if b := s.shownButtons(); len(b) > 0 && b[len(b)-1].Kind == PrimaryButton {
			b[len(b)-1].press()
		}
	}
}

// shownButtons are those that are not hidden.
func (s *Sheet) shownButtons() (shown []*Button) {
	for _, b := range s.Buttons {
		if b.Visible() {
			shown = append(shown, b)
		}
	}
	return shown
}

// CreateRenderer implements fyne.Widget.
func (s *Sheet) CreateRenderer() fyne.WidgetRenderer {
	scrim := newSurface(s.Dismiss)
	card := newSurface(nil)
	title := NewBoldText("", 18, ColorText)
	r := &shellRenderer{objects: []fyne.CanvasObject{scrim, card, title, s.Close, s.Content}}
	for _, b := range s.Buttons {
		r.objects = append(r.objects, b)
	}
	if s.Aside != nil {
		r.objects = append(r.objects, s.Aside)
	}
	r.objects = append(r.objects, &s.tips.Container)
	const pad, gap = 22, 14
	r.layout = func(size fyne.Size) {
		place(scrim, 0, 0, size.Width, size.Height)
		place(&s.tips.Container, 0, 0, size.Width, size.Height)
		width := min(s.Width, size.Width-32)
		content := heightAt(s.Content, width-2*pad)
		if s.Height > 0 {
			content = s.Height
		}
		foot := float32(0)
		buttons := s.shownButtons()
		if len(buttons) > 0 || s.Aside != nil && s.Aside.Visible() {
			foot = 38 + gap
		}
		height := pad + 36 + gap + content + foot + pad
		if most := size.Height - 32; height > most {
			content -= height - most
			height = most
		}
		x, y := (size.Width-width)/2, (size.Height-height)/2
		place(card, x, y, width, height)
		place(title, x+pad, y+pad, width-2*pad-40, 36)
		title.Text = ElideEnd(s.Title, width-2*pad-40, 18, true)
		place(s.Close, x+width-pad-30, y+pad, 36, 36)
		place(s.Content, x+pad, y+pad+36+gap, width-2*pad, content)
		if s.Aside != nil {
			m := s.Aside.MinSize()
			place(s.Aside, x+pad, y+height-pad-m.Height, m.Width, m.Height)
		}
		right := x + width - pad
		for _, b := range slices.Backward(buttons) {
			m := b.MinSize()
			place(b, right-m.Width, y+height-pad-m.Height, m.Width, m.Height)
			right -= m.Width + 12
		}
	}
	r.min = func() fyne.Size { return fyne.NewSize(280, 200) }
	r.refresh = func() {
		scrim.box.FillColor = rgba(0x14110E, 0x59)
		card.box.FillColor, card.box.CornerRadius = Color("overlayBackground"), 16
		title.Text, title.Color = s.Title, Color(ColorText)
		if !s.Size().IsZero() {
			r.layout(s.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

// surface is a rectangle that takes taps, so that they don't go through it.
type surface struct {
	widget.BaseWidget
	box      *canvas.Rectangle
	onTapped func()
}

func newSurface(tapped func()) *surface {
	s := &surface{box: &canvas.Rectangle{}, onTapped: tapped}
	s.ExtendBaseWidget(s)
	return s
}

func (s *surface) Tapped(*fyne.PointEvent) {
	if s.onTapped != nil {
		s.onTapped()
	}
}

func (s *surface) Scrolled(*fyne.ScrollEvent) {}

func (s *surface) CreateRenderer() fyne.WidgetRenderer {
	return &shellRenderer{
		objects: []fyne.CanvasObject{s.box},
		layout:  func(size fyne.Size) { place(s.box, 0, 0, size.Width, size.Height) },
		min:     func() fyne.Size { return fyne.Size{} },
		refresh: s.box.Refresh,
	}
}
