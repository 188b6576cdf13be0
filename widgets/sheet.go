package widgets

import (
	"slices"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
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
	Tall    float32   // of the content where the window is high; 0: as Height
	OnClose func()    // after it was closed, however that came

	Close  *Button
	canvas fyne.Canvas
	scroll *container.Scroll // of a content that would be too high; nil: none
	shown  time.Time
	tips   *Tips
}

// secondClick is how long after something came up a click beside it may belong to
// the double click that brought it.
const secondClick = 400 * time.Millisecond

// NewSheet returns a sheet that is not shown yet.
func NewSheet(title string, content fyne.CanvasObject, buttons ...*Button) *Sheet {
	s := &Sheet{Title: title, Content: content, Buttons: buttons, Width: 480, tips: NewTips()}
	s.ExtendBaseWidget(s)
	s.Close = NewIconButton(IconClose, lang.L("Close"), s.Dismiss)
	return s
}

// ShowOn puts the sheet over everything in the window and gives focus to first;
// nil: to the sheet itself, for Escape.
func (s *Sheet) ShowOn(c fyne.Canvas, first fyne.Focusable) {
	s.canvas, s.shown = c, time.Now()
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
	s.canvas.Unfocus() // or the caret of a field blinks on, unseen
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

// KeyDown implements desktop.Keyable.
func (s *Sheet) KeyDown(*fyne.KeyEvent) {}

// KeyUp implements desktop.Keyable: Tab goes on from the sheet, on which it can't be seen.
func (s *Sheet) KeyUp(k *fyne.KeyEvent) { passTab(s.canvas, k) }

// TypedKey implements fyne.Focusable.
func (s *Sheet) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		s.Dismiss()
	case fyne.KeyReturn, fyne.KeyEnter:
		if b := s.shownButtons(); len(b) > 0 && b[len(b)-1].Kind == PrimaryButton {
			b[len(b)-1].press()
		}
	default:
		s.scrollBy(k.Name)
	}
}

// scrollBy moves what scrolls on the sheet.
func (s *Sheet) scrollBy(key fyne.KeyName) {
	scroll := s.scroll
	switch c := s.Content.(type) {
	case *container.Scroll:
		scroll = c
	case *Pages:
		scroll = c.scroll
	case *fyne.Container:
		for _, o := range c.Objects {
			if inner, ok := o.(*container.Scroll); ok {
				scroll = inner
			}
		}
	}
	if scroll == nil {
		return
	}
	page := scroll.Size().Height * 0.9
	by, ok := map[fyne.KeyName]float32{fyne.KeyUp: -2 * LineHeight, fyne.KeyDown: 2 * LineHeight, fyne.KeyPageUp: -page, fyne.KeyPageDown: page,
		fyne.KeyHome: -scroll.Offset.Y, fyne.KeyEnd: scroll.Content.Size().Height}[key]
	if most := scroll.Content.Size().Height - scroll.Size().Height; ok && most > 0 {
		scroll.ScrollToOffset(fyne.NewPos(0, min(max(scroll.Offset.Y+by, 0), most)))
	}
}

// sheetKey is for what stands on a sheet: keys that mean nothing to it scroll.
func sheetKey(o fyne.CanvasObject, k *fyne.KeyEvent) {
	if c := canvasOf(o); c != nil {
		if s, ok := c.Overlays().Top().(*Sheet); ok {
			s.scrollBy(k.Name)
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

// buttonGap is between two buttons, beside each other and one below the other.
const buttonGap float32 = 12

// buttonLines are the buttons at the foot, in as many lines as they need in that
// width, with room for aside at the left of the first.
func (s *Sheet) buttonLines(width float32, aside *Button) (lines [][]*Button) {
	var line []*Button
	used := float32(0)
	for _, b := range slices.Backward(s.shownButtons()) {
		w := b.MinSize().Width
		if len(line) > 0 && used+buttonGap+w > width {
			lines, line, used = append([][]*Button{line}, lines...), nil, 0
		}
		if len(line) > 0 {
			used += buttonGap
		}
		line, used = append([]*Button{b}, line...), used+w
	}
	if len(line) > 0 {
		lines = append([][]*Button{line}, lines...)
	}
	if aside == nil || len(lines) > 0 && used+buttonGap+aside.MinSize().Width <= width {
		return lines
	}
	return append([][]*Button{nil}, lines...)
}

// The letters of a title, the distance of its second line from the first, and how
// much of a window's height the content of a tall sheet may have.
const (
	titleSize float32 = 18
	titleLine float32 = 25
	tallPart  float32 = 0.72
)

// ringRoom is what is left at the sides of what scrolls, for the rings of what has
// the keyboard.
const ringRoom float32 = 6

// fitting gives one object the whole width, but for rings, and the height that it
// wants there.
type fitting struct{}

func (fitting) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(100, heightAt(o[0], max(o[0].Size().Width, 100)))
}

func (fitting) Layout(o []fyne.CanvasObject, s fyne.Size) {
	width := s.Width - 2*ringRoom
	place(o[0], ringRoom, 0, width, max(heightAt(o[0], width), s.Height))
}

// CreateRenderer implements fyne.Widget.
func (s *Sheet) CreateRenderer() fyne.WidgetRenderer {
	scrim := newSurface(func() {
		if time.Since(s.shown) > secondClick {
			s.Dismiss()
		}
	})
	card := newSurface(nil)
	edge := &canvas.Rectangle{CornerRadius: 17} // at night the card is nearly as dark as what is behind
	title, more := NewBoldText("", titleSize, ColorText), NewBoldText("", titleSize, ColorText)
	body := s.Content
	if _, ok := s.Content.(tall); ok && s.Height == 0 {
		s.scroll = newScroll(container.New(fitting{}, s.Content)) // where the window is lower than the sheet
		body = s.scroll
	}
	r := &shellRenderer{objects: []fyne.CanvasObject{scrim, edge, card, title, more, s.Close, body}}
	if s.Aside != nil {
		r.objects = append(r.objects, s.Aside)
	}
	for _, b := range s.Buttons {
		r.objects = append(r.objects, b)
	}
	r.objects = append(r.objects, &s.tips.Container)
	const pad, gap = 22, 14
	r.layout = func(size fyne.Size) {
		place(scrim, 0, 0, size.Width, size.Height)
		place(&s.tips.Container, 0, 0, size.Width, size.Height)
		width := min(s.Width, size.Width-32)
		content := heightAt(s.Content, width-2*pad)
		if s.Height > 0 {
			content = max(s.Height, min(s.Tall, size.Height*tallPart))
		}
		var rest string
		title.Text, rest = cutWords(s.Title, width-2*pad-40, titleSize, true)
		title.Text, more.Text = ElideEnd(title.Text, width-2*pad-40, titleSize, true), ElideEnd(rest, width-2*pad-40, titleSize, true)
		head := float32(36)
		if rest != "" {
			head += titleLine
		}
		var aside *Button
		if s.Aside != nil && s.Aside.Visible() {
			aside = s.Aside
		}
		lines := s.buttonLines(width-2*pad, aside)
		foot := float32(0)
		if len(lines) > 0 {
			foot = float32(len(lines))*(38+buttonGap) - buttonGap + gap
		}
		height := pad + head + gap + content + foot + pad
		if most := size.Height - 32; height > most {
			content -= height - most
			height = most
		}
		x, y := (size.Width-width)/2, (size.Height-height)/2
		place(edge, x-1, y-1, width+2, height+2)
		place(card, x, y, width, height)
		place(title, x+pad, y+pad, width-2*pad-40, 36)
		place(more, x+pad, y+pad+titleLine, width-2*pad-40, 36)
		place(s.Close, x+width-pad-30, y+pad, 36, 36)
		if body != s.Content {
			s.Content.Resize(fyne.NewSize(width-2*pad, s.Content.Size().Height)) // how high it is depends on it
		}
		side := float32(0)
		if body != s.Content {
			side = ringRoom
		}
		place(body, x+pad-side, y+pad+head+gap, width-2*pad+2*side, max(0, content))
		bottom := y + height - pad
		for _, line := range slices.Backward(lines) {
			right := x + width - pad
			for _, b := range slices.Backward(line) {
				m := b.MinSize()
				w := min(m.Width, width-2*pad)
				place(b, right-w, bottom-m.Height, w, m.Height)
				right -= w + buttonGap
			}
			bottom -= 38 + buttonGap
		}
		if aside != nil {
			m := aside.MinSize()
			place(aside, x+pad, y+height-pad-m.Height-float32(len(lines)-1)*(38+buttonGap), m.Width, m.Height)
		}
	}
	r.min = func() fyne.Size { return fyne.NewSize(280, 200) }
	r.refresh = func() {
		scrim.box.FillColor = rgba(0x14110E, 0x59)
		card.box.FillColor, card.box.CornerRadius = Color("overlayBackground"), 16
		edge.FillColor = Color(ColorLine)
		title.Color, more.Color = Color(ColorText), Color(ColorText)
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
