package widgets

import (
	"image"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

const (
	viewerBar float32 = 56 // above the picture
	zoomMost  float32 = 8
	zoomStep  float32 = 1.25
)

// PictureViewer shows one picture over the whole window: the wheel, + and -
// zoom, a drag moves it, ← and → lead to the one before and after (or move it while
// it is larger than the window), Escape closes.
type PictureViewer struct {
	widget.BaseWidget
	OnStep  func(step int) // -1: the one before, 1: the one after
	OnClose func()         // after it was closed, however that came

	Close, Back, Next, Save, Copy, Open *Button

	title, detail string
	said          string // in the place of detail; "": nothing
	image         *canvas.Image
	zoom          float32 // 1: as big as fits
	pan           fyne.Position
	canvas        fyne.Canvas
}

// NewPictureViewer returns a viewer that shows nothing yet. What its buttons
// Save, Copy and Open do is the owner's to set.
func NewPictureViewer() *PictureViewer {
	v := &PictureViewer{zoom: 1, image: &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleFastest}}
	v.ExtendBaseWidget(v)
	v.Close = NewIconButton(IconClose, lang.L("Close"), v.Dismiss)
	v.Back = NewIconButton(IconBack, lang.L("The picture before"), func() { v.step(-1) })
	v.Next = NewIconButton(IconNext, lang.L("The picture after"), func() { v.step(1) })
	v.Save = NewIconButton(IconSave, lang.L("Save as…"), nil)
	v.Copy = NewIconButton(IconCopy, lang.L("Copy"), nil)
	v.Open = NewIconButton(IconForward, lang.L("Open with another program"), nil)
	for _, b := range v.buttons() {
		b.onKey, b.onRune = v.TypedKey, v.TypedRune
	}
	return v
}

// buttons are those of the viewer, as Tab goes.
func (v *PictureViewer) buttons() []*Button {
	return []*Button{v.Back, v.Next, v.Save, v.Copy, v.Open, v.Close}
}

// Set shows a picture, as big as fits; nil: it is not decoded yet.
func (v *PictureViewer) Set(img image.Image, title, detail string, back, next bool) {
	if v.image.Image != img {
		v.zoom, v.pan = 1, fyne.Position{}
	}
	v.image.Image, v.title, v.detail = img, title, detail
	v.Back.SetDisabled(!back)
	v.Next.SetDisabled(!next)
	v.Refresh()
}

// SetFrame shows the next frame of a picture that moves: zoom and place stay.
func (v *PictureViewer) SetFrame(img image.Image) {
	v.image.Image = img
	v.image.Refresh()
}

// Text returns what is written above the picture.
func (v *PictureViewer) Text() (title, detail string) { return v.title, v.detail }

// Say shows a sentence below the title, until it is another one or "".
func (v *PictureViewer) Say(text string) {
	v.said = text
	v.Refresh()
}

// Said is that sentence.
func (v *PictureViewer) Said() string { return v.said }

// ShowOn puts the viewer over everything in the window.
func (v *PictureViewer) ShowOn(c fyne.Canvas) {
	v.canvas = c
	v.Resize(c.Size())
	c.Overlays().Add(v)
	c.Focus(v)
}

// Dismiss closes the viewer.
func (v *PictureViewer) Dismiss() {
	if v.canvas == nil {
		return
	}
	v.canvas.Overlays().Remove(v)
	v.canvas = nil
	if v.OnClose != nil {
		v.OnClose()
	}
}

func (v *PictureViewer) step(n int) {
	if b := map[int]*Button{-1: v.Back, 1: v.Next}[n]; !b.Disabled() && v.OnStep != nil {
		v.OnStep(n)
	}
}

// area is where the picture is.
func (v *PictureViewer) area() (at fyne.Position, size fyne.Size) {
	s := v.Size()
	return fyne.NewPos(0, viewerBar), fyne.NewSize(s.Width, max(1, s.Height-viewerBar))
}

// fitted is how big the picture is at zoom 1: no bigger than it has pixels.
func (v *PictureViewer) fitted() fyne.Size {
	_, room := v.area()
	if v.image.Image == nil {
		return room
	}
	b, scale := v.image.Image.Bounds(), float32(1)
	if v.canvas != nil {
		scale = v.canvas.Scale()
	}
	w, h := float32(b.Dx())/scale, float32(b.Dy())/scale
	part := min((room.Width-32)/w, (room.Height-24)/h, 1)
	return fyne.NewSize(w*part, h*part)
}

// zoomTo zooms around a point of the viewer, which stays where it is.
func (v *PictureViewer) zoomTo(zoom float32, around fyne.Position) {
	zoom = min(max(zoom, 1), zoomMost)
	at, room := v.area()
	from := around.Subtract(at.AddXY(room.Width/2, room.Height/2)) // the middle of the area
	part := zoom / v.zoom
	v.pan = fyne.NewPos(from.X-(from.X-v.pan.X)*part, from.Y-(from.Y-v.pan.Y)*part)
	v.zoom = zoom
	v.hold()
	v.Refresh()
}

// hold keeps some of the picture in every part of the area that it can fill.
func (v *PictureViewer) hold() {
	_, room := v.area()
	fit := v.fitted()
	most := fyne.NewPos(max(0, (fit.Width*v.zoom-room.Width)/2), max(0, (fit.Height*v.zoom-room.Height)/2))
	v.pan = fyne.NewPos(min(max(v.pan.X, -most.X), most.X), min(max(v.pan.Y, -most.Y), most.Y))
}

func (v *PictureViewer) middle() fyne.Position {
	at, room := v.area()
	return at.AddXY(room.Width/2, room.Height/2)
}

// Scrolled implements fyne.Scrollable.
func (v *PictureViewer) Scrolled(e *fyne.ScrollEvent) {
	if e.Scrolled.DY > 0 {
		v.zoomTo(v.zoom*zoomStep, e.Position)
	} else if e.Scrolled.DY < 0 {
		v.zoomTo(v.zoom/zoomStep, e.Position)
	}
}

// Dragged implements fyne.Draggable.
func (v *PictureViewer) Dragged(e *fyne.DragEvent) {
	v.pan = v.pan.Add(e.Dragged)
	v.hold()
	v.Refresh()
}

// DragEnd implements fyne.Draggable.
func (v *PictureViewer) DragEnd() {}

// Tapped implements fyne.Tappable: a click beside the picture closes.
func (v *PictureViewer) Tapped(e *fyne.PointEvent) {
	p := e.Position.Subtract(v.image.Position())
	if s := v.image.Size(); v.image.Image != nil && (p.X < 0 || p.Y < 0 || p.X > s.Width || p.Y > s.Height) {
		v.Dismiss()
	}
}

// DoubleTapped implements fyne.DoubleTappable: near, and back.
func (v *PictureViewer) DoubleTapped(e *fyne.PointEvent) {
	if v.zoom > 1 {
		v.zoomTo(1, e.Position)
	} else {
		v.zoomTo(2.5, e.Position)
	}
}

// FocusGained implements fyne.Focusable.
func (v *PictureViewer) FocusGained() {}

// FocusLost implements fyne.Focusable.
func (v *PictureViewer) FocusLost() {}

// KeyDown implements desktop.Keyable.
func (v *PictureViewer) KeyDown(*fyne.KeyEvent) {}

// KeyUp implements desktop.Keyable: Tab goes on to a button, which can be seen.
func (v *PictureViewer) KeyUp(k *fyne.KeyEvent) { passTab(v.canvas, k) }

// TypedRune implements fyne.Focusable.
func (v *PictureViewer) TypedRune(r rune) {
	switch r {
	case '+', '=':
		v.zoomTo(v.zoom*zoomStep, v.middle())
	case '-':
		v.zoomTo(v.zoom/zoomStep, v.middle())
	case '0':
		v.zoomTo(1, v.middle())
	}
}

// TypedKey implements fyne.Focusable.
func (v *PictureViewer) TypedKey(k *fyne.KeyEvent) {
	switch k.Name {
	case fyne.KeyEscape:
		v.Dismiss()
	case fyne.KeySpace:
		v.step(1)
	case fyne.KeyLeft, fyne.KeyRight, fyne.KeyUp, fyne.KeyDown:
		v.arrow(k.Name)
	}
}

// arrow goes to the next picture, or shows more of one that is larger than its room.
func (v *PictureViewer) arrow(name fyne.KeyName) {
	_, room := v.area()
	by := map[fyne.KeyName]fyne.Position{
		fyne.KeyLeft: {X: room.Width / 8}, fyne.KeyRight: {X: -room.Width / 8},
		fyne.KeyUp: {Y: room.Height / 8}, fyne.KeyDown: {Y: -room.Height / 8},
	}[name]
	switch {
	case v.zoom > 1:
		v.pan = v.pan.Add(by)
		v.hold()
		v.Refresh()
	case name == fyne.KeyLeft:
		v.step(-1)
	case name == fyne.KeyRight:
		v.step(1)
	}
}

// TypedShortcut implements fyne.Shortcutable: Ctrl+C and Ctrl+S.
func (v *PictureViewer) TypedShortcut(s fyne.Shortcut) {
	switch s := s.(type) {
	case *fyne.ShortcutCopy:
		v.Copy.press()
	case *desktop.CustomShortcut:
		if s.KeyName == fyne.KeyS {
			v.Save.press()
		} else {
			shortcut(v, s)
		}
	}
}

// CreateRenderer implements fyne.Widget.
func (v *PictureViewer) CreateRenderer() fyne.WidgetRenderer {
	ground, bar := canvas.NewRectangle(rgba(0x14110E, 0xF0)), &canvas.Rectangle{}
	title, detail := NewBoldText("", TextSize, ColorText), NewText("", SmallSize, ColorMuted)
	r := &shellRenderer{objects: []fyne.CanvasObject{ground, v.image, bar, title, detail}}
	for _, b := range v.buttons() {
		r.objects = append(r.objects, b)
	}
	r.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, s.Height)
		place(bar, 0, 0, s.Width, viewerBar)
		fit, at := v.fitted(), v.middle()
		w, h := fit.Width*v.zoom, fit.Height*v.zoom
		place(v.image, at.X-w/2+v.pan.X, at.Y-h/2+v.pan.Y, w, h)
		x := s.Width - 12
		for _, b := range []*Button{v.Close, v.Open, v.Copy, v.Save, v.Next, v.Back} {
			x -= 40
			place(b, x, (viewerBar-36)/2, 36, 36)
		}
		room := max(40, x-32)
		title.Text, detail.Text = ElideMiddle(v.title, room, TextSize, true), ElideEnd(v.detail, room, SmallSize, false)
		if v.said != "" {
			detail.Text = ElideMiddle(v.said, room, SmallSize, false)
		}
		place(title, 20, 9, room, LineHeight)
		place(detail, 20, 30, room, SmallLineHeight)
	}
	r.min = func() fyne.Size { return fyne.NewSize(280, 200) }
	r.refresh = func() {
		bar.FillColor = Color(ColorWindow)
		title.Color, detail.Color = Color(ColorText), Color(ColorMuted)
		if v.said != "" {
			detail.Color = Color(ColorText)
		}
		show(v.image, v.image.Image != nil)
		if !v.Size().IsZero() {
			r.layout(v.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}
