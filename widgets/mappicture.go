package widgets

import (
	"image"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// mapPicture is a map with a pin in its middle and whose it is in a corner; without
// one it is drawn stripes.
type mapPicture struct {
	ground, pin *canvas.Image
	shade       *canvas.Rectangle // at night: maps are made for the day
	pill        *canvas.Rectangle
	credit      *canvas.Text
}

func newMapPicture() mapPicture {
	return mapPicture{ground: &canvas.Image{ScaleMode: canvas.ImageScaleFastest, FillMode: canvas.ImageFillStretch, CornerRadius: PictureRadius},
		pin: &canvas.Image{}, shade: &canvas.Rectangle{CornerRadius: PictureRadius, FillColor: rgba(0x1B1917, 0x5A)},
		pill: &canvas.Rectangle{CornerRadius: 6}, credit: &canvas.Text{}}
}

// put shows a map of exactly w by h units at a canvas's scale, or stripes when img is
// nil, and returns what to draw.
func (m *mapPicture) put(img *image.RGBA, credit string, w, h, scale float32) []fyne.CanvasObject {
	came := img != nil
	if !came {
		img = stripesFor(int(math.Round(float64(w*scale))), int(math.Round(float64(h*scale))), scale)
	}
	if m.ground.Image != img {
		m.ground.Image = img
		m.ground.Refresh()
	}
	setBounds(m.ground, 0, 0, w, h)
	objects := []fyne.CanvasObject{m.ground}
	if came && isDark() {
		setBounds(m.shade, 0, 0, w, h)
		objects = append(objects, m.shade)
	}
	setGlyph(m.pin, glyphPin, Color(ColorAccent))
	y := h/2 - glyphPin.height/2 - 2
	if came { // its tip shows the place
		y = h/2 - glyphPin.height
	}
	setBounds(m.pin, (w-glyphPin.width)/2, y, glyphPin.width, glyphPin.height)
	objects = append(objects, m.pin)
	if !came || credit == "" {
		return objects
	}
	size := setText(m.credit, ElideEnd(shownName(credit), w-28, TinySize, false), TinySize, false, colorOnScrim)
	m.pill.FillColor = Color(ColorScrim)
	setBounds(m.pill, w-size.Width-18, h-pillHeight-4, size.Width+14, pillHeight)
	centerLine(m.credit, w-size.Width-11, h-pillHeight/2-4)
	return append(objects, m.pill, m.credit)
}

// stripes is the drawn map, made once for a size in pixels and a theme.
var stripes struct {
	w, h int
	dark bool
	img  *image.RGBA
}

func stripesFor(w, h int, scale float32) *image.RGBA {
	dark := isDark()
	if stripes.img != nil && stripes.w == w && stripes.h == h && stripes.dark == dark {
		return stripes.img
	}
	sea, land := rgb(0xDDE6DA), rgb(0xEDE4D1)
	if dark {
		sea, land = rgb(0x2E3631), rgb(0x3A3428)
	}
	img := image.NewRGBA(image.Rect(0, 0, max(1, w), max(1, h)))
	pitch := 14 * float64(scale)
	for y := range img.Rect.Dy() {
		for x := range img.Rect.Dx() {
			// Soft by a pixel: where the diagonal falls inside its stripe.
			f := math.Mod((float64(x)-float64(y))*math.Sqrt2/2/pitch+1000, 2)
			t := math.Min(math.Max((math.Abs(f-1)-0.5)*pitch+0.5, 0), 1)
			mix := func(a, b uint8) uint8 { return uint8(float64(a)*t + float64(b)*(1-t)) }
			i := img.PixOffset(x, y)
			img.Pix[i], img.Pix[i+1], img.Pix[i+2], img.Pix[i+3] = mix(sea.R, land.R), mix(sea.G, land.G), mix(sea.B, land.B), 0xFF
		}
	}
	stripes.w, stripes.h, stripes.dark, stripes.img = w, h, dark, img
	return img
}

// isDark tells whether the theme's ground is dark.
func isDark() bool {
	r, g, b, _ := Color(ColorWindow).RGBA()
	return r+g+b < 3*0x8000
}

// mapBox is a mapPicture that stands by itself, as wide as there is room.
type mapBox struct {
	widget.BaseWidget
	picture mapPicture
	source  image.Image // nil: stripes
	credit  string
}

func newMapBox() *mapBox {
	b := &mapBox{picture: newMapPicture()}
	b.ExtendBaseWidget(b)
	return b
}

// set shows a map; nil: stripes.
func (b *mapBox) set(source image.Image, credit string) {
	b.source, b.credit = source, credit
	b.Refresh()
}

// HeightAt has it look as it does in a bubble.
func (b *mapBox) HeightAt(width float32) float32 { return roundUp(width * placeHeight / placeWidth) }

// CreateRenderer implements fyne.Widget.
func (b *mapBox) CreateRenderer() fyne.WidgetRenderer {
	var shown []fyne.CanvasObject
	var of image.Image // of which drawn is a copy at drawn's size
	var drawn *image.RGBA
	draw := func() {
		size, scale := b.Size(), float32(1)
		if size.IsZero() {
			return
		}
		if c := fyne.CurrentApp().Driver().CanvasForObject(b); c != nil {
			scale = c.Scale()
		}
		w, h := int(math.Round(float64(size.Width*scale))), int(math.Round(float64(size.Height*scale)))
		switch {
		case b.source == nil:
			drawn = nil
		case b.source != of || drawn == nil || drawn.Rect.Dx() != w || drawn.Rect.Dy() != h:
			drawn = ScaleTo(b.source, w, h)
		}
		of = b.source
		shown = b.picture.put(drawn, b.credit, size.Width, size.Height, scale)
	}
	return &mapBoxRenderer{box: b, draw: draw, shown: func() []fyne.CanvasObject { return shown }}
}

// mapBoxRenderer draws other objects when there is another map.
type mapBoxRenderer struct {
	box   *mapBox
	draw  func()
	shown func() []fyne.CanvasObject
}

func (r *mapBoxRenderer) Layout(fyne.Size) { r.draw() }
func (r *mapBoxRenderer) MinSize() fyne.Size {
	return fyne.NewSize(240, r.box.HeightAt(max(240, r.box.Size().Width)))
}
func (r *mapBoxRenderer) Objects() []fyne.CanvasObject { return r.shown() }
func (r *mapBoxRenderer) Destroy()                     {}
func (r *mapBoxRenderer) Refresh() {
	r.draw()
	for _, o := range r.shown() {
		o.Refresh()
	}
}
