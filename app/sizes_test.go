package app

import (
	"fmt"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// run is some text, in what widget and where it stands.
type run struct {
	text, in   string
	x, y, w, h float32
}

// wordsOf are all runs of text that can be seen below an object.
func wordsOf(o fyne.CanvasObject, at fyne.Position, clip [4]float32, in string, out *[]run) {
	if !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	size := o.Size()
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case *canvas.Text:
		if strings.TrimSpace(o.Text) == "" {
			return
		}
		m := fyne.MeasureText(o.Text, o.TextSize, o.TextStyle)
		x := at.X
		switch o.Alignment {
		case fyne.TextAlignCenter:
			x += (size.Width - m.Width) / 2
		case fyne.TextAlignTrailing:
			x += size.Width - m.Width
		}
		// The letters, without the air above and below.
		y, h := at.Y+(size.Height-o.TextSize)/2, o.TextSize
		if y+h <= clip[1] || y >= clip[3] || x >= clip[2] || x+m.Width <= clip[0] {
			return
		}
		*out = append(*out, run{o.Text, in, x, y, m.Width, h})
		return
	case *fyne.Container:
		children = o.Objects
	case fyne.Widget:
		name := fmt.Sprintf("%T", o)
		if strings.Contains(name, "Scroll") || strings.Contains(name, "List") || strings.HasSuffix(name, "Entry") || strings.HasSuffix(name, "Field") || strings.Contains(name, "Timeline") {
			clip = [4]float32{max(clip[0], at.X), max(clip[1], at.Y), min(clip[2], at.X+size.Width), min(clip[3], at.Y+size.Height)}
		}
		children = test.WidgetRenderer(o).Objects()
		in = name
		if s, ok := o.(*container.Scroll); ok {
			children = []fyne.CanvasObject{s.Content}
		}
	}
	for _, c := range children {
		wordsOf(c, at, clip, in, out)
	}
}

// looksRight fails where words stand outside of the window or on others.
func (p *person) looksRight(t *testing.T, what string) {
	t.Helper()
	size := p.window.Canvas().Size()
	var all []run
	root := p.window.Canvas().Content()
	if over := p.window.Canvas().Overlays().Top(); over != nil {
		root = over
	}
	wordsOf(root, fyne.Position{}, [4]float32{0, 0, size.Width, size.Height}, "", &all)
	for i, a := range all {
		if a.x < -1 || a.x+a.w > size.Width+1 {
			t.Errorf("%s, %v: %.60q of %s is outside: from %.0f to %.0f", what, size, a.text, a.in, a.x, a.x+a.w)
		}
		for _, b := range all[i+1:] {
			const slack = 2
			if a.x+slack < b.x+b.w && b.x+slack < a.x+a.w && a.y+slack < b.y+b.h && b.y+slack < a.y+a.h {
				t.Errorf("%s, %v: %.50q of %s stands on %.50q of %s", what, size, a.text, a.in, b.text, b.in)
			}
		}
	}
	if len(all) == 0 {
		t.Errorf("%s, %v: there is nothing", what, size)
	}
}
