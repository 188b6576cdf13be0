package widgets

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"
	"strings"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
	"golang.org/x/image/math/fixed"
)

// outlineScale is how finely curves become lines: as for a drawing so many times as
// large as its box.
const outlineScale = 8

// outlined returns an SVG that looks as the given one and has areas only. Fyne draws
// a line as wide in pixels as its SVG says in units, however large the drawing is: half
// as wide as meant on a screen of twice the density, and wider than meant in small
// letters. An area is right at every size. The drawing is ours: one that can't be read
// is returned as it is.
func outlined(svg string) string {
	icon, err := oksvg.ReadIconStream(strings.NewReader(svg))
	if err != nil || len(icon.SVGPaths) == 0 {
		return svg
	}
	var o outline
	dasher := rasterx.NewDasher(1, 1, &o)
	grow := rasterx.Identity.Scale(outlineScale, outlineScale)
	for i := range icon.SVGPaths {
		p := &icon.SVGPaths[i]
		p.LineWidth *= outlineScale
		p.DrawTransformed(dasher, 1, grow)
	}
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" width="%[1]g" height="%[2]g" viewBox="0 0 %[1]g %[2]g">%[3]s</svg>`,
		icon.ViewBox.W, icon.ViewBox.H, o.body.String())
}

// outline is a scanner that writes what it is to fill as paths. What it is told is
// edges in any order, as a scanner needs no more: both sides of a line on their own,
// the second one backwards.
type outline struct {
	body  strings.Builder
	edges [][]fixed.Point26_6
	fill  color.NRGBA
}

var _ rasterx.Scanner = (*outline)(nil)

// Start implements rasterx.Scanner.
func (o *outline) Start(at fixed.Point26_6) { o.edges = append(o.edges, []fixed.Point26_6{at}) }

// Line implements rasterx.Scanner.
func (o *outline) Line(to fixed.Point26_6) {
	last := len(o.edges) - 1
	o.edges[last] = append(o.edges[last], to)
}

// SetColor implements rasterx.Scanner; there are no gradients.
func (o *outline) SetColor(c interface{}) {
	if c, ok := c.(color.Color); ok {
		o.fill = color.NRGBAModel.Convert(c).(color.NRGBA)
	}
}

// Draw implements rasterx.Scanner.
func (o *outline) Draw() {
	fmt.Fprintf(&o.body, `<path fill="#%02x%02x%02x" d="`, o.fill.R, o.fill.G, o.fill.B)
	for len(o.edges) > 0 {
		loop := o.edges[0]
		o.edges = o.edges[1:]
		for loop[len(loop)-1] != loop[0] {
			end := loop[len(loop)-1]
			next := slices.IndexFunc(o.edges, func(e []fixed.Point26_6) bool { return e[0] == end })
			if next < 0 {
				break
			}
			loop = append(loop, o.edges[next][1:]...)
			o.edges = slices.Delete(o.edges, next, next+1)
		}
		if len(loop) < 3 { // a point
			continue
		}
		command := "M"
		for _, at := range loop {
			fmt.Fprintf(&o.body, "%s%g %g", command, unit(at.X), unit(at.Y))
			command = "L"
		}
		o.body.WriteString("Z")
	}
	o.body.WriteString(`"/>`)
}

// unit is a place of the enlarged drawing in its own units.
func unit(v fixed.Int26_6) float64 { return math.Round(float64(v)/64/outlineScale*100) / 100 }

// Clear implements rasterx.Scanner.
func (o *outline) Clear() { o.edges = nil }

// GetPathExtent implements rasterx.Scanner.
func (o *outline) GetPathExtent() fixed.Rectangle26_6 { return fixed.Rectangle26_6{} }

// SetBounds implements rasterx.Scanner.
func (o *outline) SetBounds(int, int) {}

// SetWinding implements rasterx.Scanner: what overlaps is filled.
func (o *outline) SetWinding(bool) {}

// SetClip implements rasterx.Scanner.
func (o *outline) SetClip(image.Rectangle) {}
