package widgets

import (
	"bytes"
	"image/color"
	"regexp"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
)

// A drawing is as bold on a screen of twice the density, in small letters and in large
// ones: its lines are areas, which grow with it.
func TestIconsGrowWhole(t *testing.T) {
	test.NewTempApp(t)
	covered := func(r fyne.Resource, side float32) float64 { // part of the box that has ink
		img := canvas.NewImageFromResource(r)
		img.FillMode = canvas.ImageFillContain
		c := software.NewCanvas()
		c.SetPadded(false)
		c.SetContent(img)
		c.Resize(fyne.NewSquareSize(side))
		sum, pixels := 0.0, c.Capture()
		for x := range int(side) {
			for y := range int(side) {
				lum := color.GrayModel.Convert(pixels.At(x, y)).(color.Gray).Y
				sum += 1 - float64(lum)/255
			}
		}
		return sum / float64(side*side)
	}
	drawings := map[string]fyne.Resource{"search": IconSearch.Resource(color.Black), "emoji": IconEmoji.Resource(color.Black), "settings": IconSettings.Resource(color.Black),
		"send": IconSend.Resource(color.Black), "cross": glyphCross.in(color.Black), "sent": glyphSent.in(color.Black)}
	for name, r := range drawings {
		if bytes.Contains(r.Content(), []byte("stroke")) {
			t.Errorf("%s has lines that don't grow", name)
		}
		small, large := covered(r, 24), covered(r, 96)
		if small < 0.02 || large < small*0.85 || large > small*1.15 {
			t.Errorf("%s covers %.3f of a small box and %.3f of a large one", name, small, large)
		}
	}
	if got := outlined("no drawing"); got != "no drawing" {
		t.Errorf("%q", got)
	}
	// Every loop is closed, or an area would leak over the whole drawing.
	for _, path := range regexp.MustCompile(`d="([^"]*)"`).FindAllStringSubmatch(string(IconAttach.Resource(color.Black).Content()), -1) {
		for _, loop := range strings.Split(strings.TrimSuffix(path[1], "Z"), "Z") {
			points := strings.FieldsFunc(loop, func(r rune) bool { return r == 'M' || r == 'L' })
			if len(points) < 3 || points[0] != points[len(points)-1] {
				t.Errorf("a loop goes from %q to %q", points[0], points[len(points)-1])
			}
		}
	}
}
