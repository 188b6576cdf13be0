package widgets

import (
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
)

// dayMark is the pill that says on which day the messages below were written,
// or that they are new.
type dayMark struct {
	baseWidgetPart
	text  string
	color fyne.ThemeColorName
	back  *canvas.Rectangle
	label *canvas.Text
}

func newDayMark(name fyne.ThemeColorName) *dayMark {
	d := &dayMark{color: name, back: &canvas.Rectangle{CornerRadius: dayHeight / 2}, label: &canvas.Text{}}
	d.ExtendBaseWidget(d)
	return d
}

func (d *dayMark) set(text string) {
	if d.text == text {
		return
	}
	d.text = text
	d.back.FillColor = Color(ColorIncoming)
	d.back.Refresh()
	size := setText(d.label, text, TinySize, false, d.color)
	d.back.Resize(fyne.NewSize(size.Width+20, dayHeight))
	centerLine(d.label, 10, dayHeight/2)
}

// place puts the pill's top at y, in the middle of left..left+room.
func (d *dayMark) place(left, room, y float32) {
	w := d.back.Size().Width
	setBounds(d, left+(room-w)/2, y, w, dayHeight)
}

func (d *dayMark) CreateRenderer() fyne.WidgetRenderer {
	objects := []fyne.CanvasObject{d.back, d.label}
	return &partRenderer{objects: func() []fyne.CanvasObject { return objects }}
}

const (
	barArea  float32 = 14 // that answers the mouse
	barThin  float32 = 4
	barThick float32 = 7
	barLeast float32 = 32 // a thumb is never shorter
)

// scrollBar is the thin bar at the timeline's right edge.
type scrollBar struct {
	baseWidgetPart
	owner   *Timeline
	thumb   *canvas.Rectangle
	hovered bool
	dragged bool
	from    float32 // where on the thumb it was taken
	top     float32
	length  float32
	objects []fyne.CanvasObject
}

func newScrollBar(t *Timeline) *scrollBar {
	b := &scrollBar{owner: t, thumb: &canvas.Rectangle{}}
	b.objects = []fyne.CanvasObject{b.thumb}
	b.ExtendBaseWidget(b)
	return b
}

func (b *scrollBar) restyle() {
	b.thumb.FillColor = Color("scrollBar")
	b.thumb.Refresh()
}

// place puts the thumb where the screen is in the whole.
func (b *scrollBar) place(size fyne.Size) {
	setBounds(b, size.Width-barArea, 0, barArea, size.Height)
	whole, view := b.owner.whole(), float64(size.Height)
	if whole <= view+1 {
		b.length = 0
		b.thumb.Hide()
		return
	}
	track := size.Height - 8
	b.length = max(barLeast, track*float32(view/whole))
	if !b.dragged {
		part := b.owner.y() / (whole - view)
		b.top = 4 + (track-b.length)*float32(min(max(part, 0), 1))
	}
	thick := barThin
	if b.hovered || b.dragged {
		thick = barThick
	}
	b.thumb.CornerRadius = thick / 2
	setBounds(b.thumb, barArea-thick-3, b.top, thick, b.length)
	b.thumb.Show()
}

// MouseIn implements desktop.Hoverable.
func (b *scrollBar) MouseIn(*desktop.MouseEvent) { b.hover(true) }

// MouseMoved implements desktop.Hoverable.
func (b *scrollBar) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *scrollBar) MouseOut() { b.hover(false) }

func (b *scrollBar) hover(on bool) {
	b.hovered = on
	b.place(b.owner.Size())
	b.thumb.Refresh()
}

// MouseDown implements desktop.Mouseable: takes the thumb, or brings it here.
func (b *scrollBar) MouseDown(e *desktop.MouseEvent) {
	if b.length == 0 || e.Button != desktop.MouseButtonPrimary {
		return
	}
	b.from = e.Position.Y - b.top
	if b.from < 0 || b.from > b.length {
		b.from = b.length / 2
		b.scroll(e.Position.Y)
	}
}

// MouseUp implements desktop.Mouseable.
func (b *scrollBar) MouseUp(*desktop.MouseEvent) {}

// Dragged implements fyne.Draggable.
func (b *scrollBar) Dragged(e *fyne.DragEvent) {
	if b.length > 0 {
		b.dragged = true
		b.scroll(e.Position.Y)
	}
}

// DragEnd implements fyne.Draggable.
func (b *scrollBar) DragEnd() {
	b.dragged = false
	b.hover(b.hovered)
}

// scroll brings the point of the thumb that was taken to y.
func (b *scrollBar) scroll(y float32) {
	size := b.owner.Size()
	track := size.Height - 8 - b.length
	if track <= 0 {
		return
	}
	b.top = min(max(y-b.from, 4), 4+track)
	part := float64((b.top - 4) / track)
	if part > 0.999 {
		b.owner.ScrollToEnd()
		return
	}
	b.owner.scrollToY(part * (b.owner.whole() - float64(size.Height)))
}

func (b *scrollBar) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return b.objects }}
}

const jumpSize float32 = 40

// jumpButton is the round button that leads to the newest message, with the
// number of those that came meanwhile.
type jumpButton struct {
	pressable
	on      bool
	disc    *canvas.Circle
	badge   *canvas.Rectangle
	count   *canvas.Text
	drawing []fyne.CanvasObject
}

func newJumpButton(t *Timeline) *jumpButton {
	b := &jumpButton{disc: &canvas.Circle{StrokeWidth: 1}, badge: &canvas.Rectangle{CornerRadius: 9}, count: &canvas.Text{}}
	b.image = &canvas.Image{FillMode: canvas.ImageFillContain}
	b.tapped = t.ScrollToEnd
	b.ExtendBaseWidget(b)
	return b
}

func (b *jumpButton) restyle() {
	b.disc.FillColor, b.disc.StrokeColor = Color(ColorWindow), Color(ColorLine)
	b.disc.Refresh()
	setGlyph(b.image, glyphEnd, Color(ColorMuted))
	b.badge.FillColor = Color(ColorAccent)
	b.badge.Refresh()
}

// MouseIn implements desktop.Hoverable.
func (b *jumpButton) MouseIn(e *desktop.MouseEvent) {
	b.pressable.MouseIn(e)
	showTip(b, b.label)
}

// MouseOut implements desktop.Hoverable.
func (b *jumpButton) MouseOut() {
	b.pressable.MouseOut()
	hideTip(b)
}

// place shows the button when there is a way to go.
func (b *jumpButton) place(size fyne.Size, on bool, unseen int) {
	b.on = on && size.Height > 120
	if !b.on {
		return
	}
	setBounds(b, size.Width-timelineMargin-jumpSize, size.Height-timelineBottom-jumpSize, jumpSize, jumpSize)
	b.disc.Resize(fyne.NewSize(jumpSize, jumpSize))
	setBounds(b.image, (jumpSize-22)/2, (jumpSize-22)/2+1, 22, 22)
	b.label = lang.L("Newest messages")
	b.drawing = append(b.drawing[:0], b.disc, b.image)
	if unseen == 0 {
		return
	}
	n := strconv.Itoa(unseen)
	if unseen > 99 {
		n = "99+"
	}
	text := setText(b.count, n, TinySize, true, ColorOnAccent)
	w := max(18, text.Width+10)
	setBounds(b.badge, (jumpSize-w)/2, -9, w, 18)
	centerLine(b.count, (jumpSize-text.Width)/2, 0)
	b.drawing = append(b.drawing, b.badge, b.count)
}

func (b *jumpButton) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return b.drawing }}
}
