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

// placePart is the card of a place: the map that came with it, or else a drawn one,
// a pin, the name and the coordinates. It asks nobody.
type placePart struct {
	baseWidgetPart
	bubble *bubble

	ground  mapPicture
	area    *pressable
	name    *canvas.Text
	coords  *canvas.Text
	open    *pressable
	objects []fyne.CanvasObject
}

func newPlacePart(b *bubble) *placePart {
	p := &placePart{bubble: b, ground: newMapPicture(), area: newArea(), name: &canvas.Text{}, coords: &canvas.Text{}, open: newArea()}
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
	w, h := int(math.Round(float64(r.w*scale))), int(math.Round(float64(r.h*scale)))
	var img *image.RGBA
	credit := ""
	if at.Map != nil {
		e := p.bubble.entry
		if found := p.bubble.owner.images.thumbnail(p, at.Map.Picture, w, h, false, func() { p.bubble.owner.redraw(e) }); found != nil {
			img, credit = found, at.Map.Credit
		}
	}
	open := func() { p.bubble.owner.openLink(mapURL(at.Lat, at.Lon)) }
	p.area.label, p.area.tapped = lang.L("Open map"), open
	setBounds(p.area, 0, 0, r.w, r.h)
	p.objects = append(p.objects[:0], p.ground.put(img, credit, r.w, r.h, scale)...)
	p.objects = append(p.objects, p.area)

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

// CreateRenderer implements fyne.Widget.
func (p *placePart) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return p.objects }}
}
