package widgets

import (
	"image"
	"math"
	"net/url"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
)

// placePart is the card of a place: a drawn map that asks nobody, a pin, the
// name and the coordinates.
type placePart struct {
	baseWidgetPart
	bubble *bubble

	stripes *canvas.Image
	pin     *canvas.Image
	area    *pressable
	name    *canvas.Text
	coords  *canvas.Text
	open    *pressable
	objects []fyne.CanvasObject
}

func newPlacePart(b *bubble) *placePart {
	p := &placePart{bubble: b,
		stripes: &canvas.Image{ScaleMode: canvas.ImageScaleFastest, FillMode: canvas.ImageFillStretch, CornerRadius: PictureRadius},
		pin:     &canvas.Image{}, area: newArea(), name: &canvas.Text{}, coords: &canvas.Text{}, open: newArea()}
	p.open.text = &canvas.Text{}
	p.open.objects = []fyne.CanvasObject{p.open.text}
	p.area.menu, p.open.menu = b.showMenu, b.showMenu
	p.ExtendBaseWidget(p)
	return p
}

func (p *placePart) apply() {
	lay := p.bubble.lay
	r, at := lay.place, p.bubble.entry.item.Message.Content.Location
	scale := p.bubble.owner.scale()
	img := stripesFor(int(math.Round(float64(r.w*scale))), int(math.Round(float64(r.h*scale))), scale)
	if p.stripes.Image != img {
		p.stripes.Image = img
		p.stripes.Refresh()
	}
	setBounds(p.stripes, 0, 0, r.w, r.h)
	setGlyph(p.pin, glyphPin, Color(ColorAccent))
	setBounds(p.pin, (r.w-glyphPin.width)/2, r.h/2-glyphPin.height/2-2, glyphPin.width, glyphPin.height)
	open := func() { p.bubble.owner.openLink(mapURL(at.Lat, at.Lon)) }
	p.area.label, p.area.tapped = lang.L("Open map"), open
	setBounds(p.area, 0, 0, r.w, r.h)
	p.objects = append(p.objects[:0], p.stripes, p.pin, p.area)

	x, y := bubblePadX-r.x, r.h+6
	if at.Name != "" {
		setText(p.name, ElideEnd(shownName(at.Name), r.w-2*x, TextSize, true), TextSize, true, ColorText)
		centerLine(p.name, x, y+LineHeight/2)
		p.objects = append(p.objects, p.name)
		y += LineHeight
	}
	size := setText(p.coords, lay.coords+" · ", TinySize, false, ColorMuted)
	centerLine(p.coords, x, y+SmallLineHeight/2-1)
	words := setText(p.open.text, lang.L("Open map"), TinySize, false, ColorAccent)
	p.open.label, p.open.tapped = lang.L("Open map"), open
	setBounds(p.open, x+size.Width, y-1, words.Width, SmallLineHeight)
	centerLine(p.open.text, 0, SmallLineHeight/2)
	p.objects = append(p.objects, p.coords, p.open)
	setBounds(p, r.x, r.y, lay.size.Width-r.x, y+SmallLineHeight)
}

// mapURL is where a map of the place is; nothing is asked there before a click.
func mapURL(lat, lon float64) *url.URL {
	f := func(v float64) string { return strconv.FormatFloat(v, 'f', 5, 64) }
	return &url.URL{Scheme: "https", Host: "www.openstreetmap.org", Path: "/",
		RawQuery: url.Values{"mlat": {f(lat)}, "mlon": {f(lon)}}.Encode(), Fragment: "map=16/" + f(lat) + "/" + f(lon)}
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

// CreateRenderer implements fyne.Widget.
func (p *placePart) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return p.objects }}
}
