package widgets

import (
	"image/color"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// baseWidgetPart is a widget whose place and size its bubble decides: it asks
// for no room, so that what is in it never makes Fyne lay out the window.
type baseWidgetPart struct{ widget.BaseWidget }

// MinSize implements fyne.CanvasObject.
func (*baseWidgetPart) MinSize() fyne.Size { return fyne.Size{} }

// partRenderer shows objects that were put in place already.
type partRenderer struct {
	objects func() []fyne.CanvasObject
	layout  func(fyne.Size)
	refresh func()
}

func (r *partRenderer) Destroy() {}
func (r *partRenderer) Layout(s fyne.Size) {
	if r.layout != nil {
		r.layout(s)
	}
}
func (r *partRenderer) MinSize() fyne.Size           { return fyne.Size{} }
func (r *partRenderer) Objects() []fyne.CanvasObject { return r.objects() }
func (r *partRenderer) Refresh() {
	if r.refresh != nil {
		r.refresh()
	}
}

// clickCounter tells single, double and triple presses apart.
type clickCounter struct {
	last time.Time
	at   fyne.Position
	n    int
}

func (c *clickCounter) press(at fyne.Position) int {
	now := time.Now()
	d := at.Subtract(c.at)
	if now.Sub(c.last) > 400*time.Millisecond || d.X*d.X+d.Y*d.Y > 25 {
		c.n = 0
	}
	c.last, c.at = now, at
	c.n++
	return c.n
}

// setText changes a line of text, and redraws it only when it differs. It
// returns how big the text is.
func setText(t *canvas.Text, s string, size float32, bold bool, name fyne.ThemeColorName) fyne.Size {
	c := Color(name)
	style := fyne.TextStyle{Bold: bold}
	meet(s)
	box := fyne.MeasureText(s, size, style)
	if t.Text != s || t.TextSize != size || t.Color != c || t.TextStyle != style {
		t.Text, t.TextSize, t.Color, t.TextStyle = s, size, c, style
		t.Resize(box)
		t.Refresh()
	}
	return box
}

// centerLine moves a line of text so that the middle of its box is at y.
func centerLine(t *canvas.Text, x, y float32) {
	t.Move(fyne.NewPos(x, y-t.Size().Height/2-drop(t.Text, t.TextSize, t.TextStyle)))
}

// setBounds moves and resizes.
func setBounds(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(w, h))
}

// pressable is a button inside a bubble: an area that answers a click, with
// a hover shade. It has a drawing or words.
type pressable struct {
	baseWidgetPart
	label   string // what a screen reader says; the words on it when it has no drawing
	tapped  func()
	menu    func(*fyne.PointEvent)
	entered func(bool)

	shade   *canvas.Rectangle
	outline *canvas.Rectangle // nil: none
	text    *canvas.Text      // nil: a drawing
	image   *canvas.Image
	objects []fyne.CanvasObject
	radius  float32
	hovered bool
}

// newGlyphButton is a round button with a drawing, as big as it is resized to.
func newGlyphButton() *pressable {
	b := &pressable{image: &canvas.Image{FillMode: canvas.ImageFillContain}, shade: &canvas.Rectangle{}, radius: 100}
	b.objects = []fyne.CanvasObject{b.shade, b.image}
	b.ExtendBaseWidget(b)
	return b
}

// newWordButton is an outlined button with words.
func newWordButton() *pressable {
	b := &pressable{text: &canvas.Text{}, shade: &canvas.Rectangle{}, outline: &canvas.Rectangle{StrokeWidth: 1, CornerRadius: ButtonRadius}, radius: ButtonRadius}
	b.objects = []fyne.CanvasObject{b.outline, b.shade, b.text}
	b.ExtendBaseWidget(b)
	return b
}

// newArea is a button that draws nothing itself.
func newArea() *pressable {
	b := &pressable{}
	b.ExtendBaseWidget(b)
	return b
}

// setGlyph says what the button shows and does.
func (b *pressable) setGlyph(g glyph, name fyne.ThemeColorName, label string, tapped func()) {
	b.label, b.tapped = label, tapped
	setGlyph(b.image, g, Color(name))
	b.paint()
}

// setWords says what is written on the button and what it does, on a ground of
// that colour; wordButtonSize is its size.
func (b *pressable) setWords(words string, ground fyne.ThemeColorName, tapped func()) {
	b.label, b.tapped = words, tapped
	setText(b.text, words, TextSize, true, ColorText)
	fill := Color(ground)
	if line := blend(fill, Color(ColorText), 0.14); b.outline.StrokeColor != line || b.outline.FillColor != fill {
		b.outline.StrokeColor, b.outline.FillColor = line, fill
		b.outline.Refresh()
	}
	b.paint()
}

func wordButtonSize(words string) fyne.Size {
	return fyne.NewSize(MeasureText(words, TextSize, true).Width+26, 34)
}

func (b *pressable) paint() {
	if b.shade == nil {
		return
	}
	var c color.Color = color.Transparent
	if b.hovered {
		c = Color(ColorHover)
	}
	if b.shade.FillColor != c {
		b.shade.FillColor = c
		b.shade.Refresh()
	}
}

func (b *pressable) arrange(s fyne.Size) {
	if b.shade == nil {
		return
	}
	if b.text != nil {
		b.outline.Resize(s)
		b.shade.Resize(s)
		b.shade.CornerRadius = b.radius
		centerLine(b.text, (s.Width-b.text.Size().Width)/2, s.Height/2)
		return
	}
	side := min(s.Width, s.Height, 32)
	b.shade.CornerRadius = side / 2
	setBounds(b.shade, (s.Width-side)/2, (s.Height-side)/2, side, side)
	side = min(side*0.7, 22)
	setBounds(b.image, (s.Width-side)/2, (s.Height-side)/2, side, side)
}

// Tapped implements fyne.Tappable.
func (b *pressable) Tapped(*fyne.PointEvent) {
	if b.tapped != nil {
		b.tapped()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (b *pressable) TappedSecondary(e *fyne.PointEvent) {
	if b.menu != nil {
		b.menu(e)
	}
}

// MouseIn implements desktop.Hoverable.
func (b *pressable) MouseIn(*desktop.MouseEvent) { b.hover(true) }

// MouseMoved implements desktop.Hoverable.
func (b *pressable) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *pressable) MouseOut() { b.hover(false) }

func (b *pressable) hover(on bool) {
	b.hovered = on
	b.paint()
	if on && b.text == nil {
		showTip(b, b.label)
	} else {
		hideTip(b)
	}
	if b.entered != nil {
		b.entered(on)
	}
}

// Cursor implements desktop.Cursorable.
func (b *pressable) Cursor() desktop.Cursor {
	if b.tapped == nil {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// AccessibilityLabel implements fyne.Accessible.
func (b *pressable) AccessibilityLabel() string { return b.label }

// AccessibilityRole implements fyne.Accessible.
func (b *pressable) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (b *pressable) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return b.objects }, layout: b.arrange}
}
