package widgets

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// glyph is a drawing inside a bubble: an SVG body in a box of width by height
// units, where %[1]s stands for its colour.
type glyph struct {
	name          string
	width, height float32
	body          string
}

const stroke = `fill="none" stroke="%[1]s" stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round"`

// The ticks are drawn at the size of a line of small text.
var (
	glyphWaiting   = glyph{"waiting", 12, 12, `<circle cx="6" cy="6" r="4.6" fill="none" stroke="%[1]s" stroke-width="1.1"/><path d="M6 3.6V6L7.6 7.2" fill="none" stroke="%[1]s" stroke-width="1.1" stroke-linecap="round" stroke-linejoin="round"/>`}
	glyphSent      = glyph{"sent", 12, 12, `<path d="M1.8 6.6l2.8 3L10.2 3" fill="none" stroke="%[1]s" stroke-width="1.2" stroke-linecap="round" stroke-linejoin="round"/>`}
	glyphDelivered = glyph{"delivered", 18, 12, `<path d="M1.8 6.6l2.8 3L10.2 3" fill="none" stroke="%[1]s" stroke-width="1.2" stroke-linecap="round" stroke-linejoin="round"/><path d="M9.4 8.3l1.2 1.3L16.2 3" fill="none" stroke="%[1]s" stroke-width="1.2" stroke-linecap="round" stroke-linejoin="round"/>`}
	glyphNotSent   = glyph{"notsent", 12, 12, `<circle cx="6" cy="6" r="4.8" fill="%[1]s"/><path d="M6 3.4v3.2" fill="none" stroke="#ffffff" stroke-width="1.2" stroke-linecap="round"/><circle cx="6" cy="8.7" r="0.8" fill="#ffffff"/>`}

	glyphPause = glyph{"pause", 24, 24, `<rect x="6.6" y="5.5" width="3.6" height="13" rx="1" ry="1" fill="%[1]s"/><rect x="13.8" y="5.5" width="3.6" height="13" rx="1" ry="1" fill="%[1]s"/>`}
	glyphPlay  = glyph{"play", 24, 24, `<path d="M8 5.4v13.2L18.6 12z" fill="%[1]s" stroke="%[1]s" stroke-width="1" stroke-linejoin="round"/>`}
	glyphCross = glyph{"cross", 24, 24, `<path d="M7 7l10 10" ` + stroke + `/><path d="M17 7L7 17" ` + stroke + `/>`}
	glyphDown  = glyph{"down", 24, 24, `<path d="M12 5.5v12.5" ` + stroke + `/><path d="M6.5 12.8l5.5 5.5 5.5-5.5" ` + stroke + `/>`}
	glyphRetry = glyph{"retry", 24, 24, `<path d="M18.2 9.2a6.8 6.8 0 1 0 0.5 4.6" ` + stroke + `/><path d="M18.8 5v4.6h-4.6" ` + stroke + `/>`}
	glyphSave  = glyph{"save", 24, 24, `<path d="M12 5v9.5" ` + stroke + `/><path d="M7.5 10.3l4.5 4.5 4.5-4.5" ` + stroke + `/><path d="M6 19h12" ` + stroke + `/>`}
	glyphShow  = glyph{"show", 24, 24, `<path d="M9 6h9v9" ` + stroke + `/><path d="M17.6 6.4L6.5 17.5" ` + stroke + `/>`}
	glyphPin   = glyph{"pin", 24, 36, `<path d="M12 35c-1.6-7.4-9.6-12-9.6-21.2a9.6 9.6 0 0 1 19.2 0C21.6 23 13.6 27.6 12 35z" fill="%[1]s"/><circle cx="12" cy="13.6" r="3.7" fill="#ffffff"/>`}
	glyphEnd   = glyph{"end", 24, 24, `<path d="M6 9.5l6 6 6-6" ` + stroke + `/>`}
)

type glyphKey struct {
	name  string
	color color.NRGBA
}

// glyphs holds the coloured drawings: there are few, and Fyne remembers them by name.
var glyphs = map[glyphKey]fyne.Resource{}

// in returns the drawing in a colour.
func (g glyph) in(c color.Color) fyne.Resource {
	n := color.NRGBAModel.Convert(c).(color.NRGBA)
	key := glyphKey{g.name, n}
	if r, ok := glyphs[key]; ok {
		return r
	}
	hex := fmt.Sprintf("#%02x%02x%02x", n.R, n.G, n.B)
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g">`, g.width, g.height, g.width, g.height) +
		fmt.Sprintf(g.body, hex) + `</svg>`
	r := fyne.NewStaticResource("satchel-"+g.name+"-"+hex[1:]+".svg", []byte(outlined(svg)))
	glyphs[key] = r
	return r
}

// setGlyph makes img show g in a colour, and redraws it only when it differs.
func setGlyph(img *canvas.Image, g glyph, c color.Color) {
	if r := g.in(c); img.Resource != r {
		img.Resource = r
		img.FillMode = canvas.ImageFillContain
		img.Refresh()
	}
}
