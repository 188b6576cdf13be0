package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// run is some text, in what widget and where it stands.
type run struct {
	text, in   string
	x, y, w, h float32
	room       float32 // that its place has
	clip       [4]float32
	scrolls    bool // the clip is of something that scrolls
	typed      bool // it scrolls with the cursor
}

// control is something that can be pressed or typed into.
type control struct {
	object  fyne.CanvasObject
	in      *control // it is a part of; nil: of none
	box     [4]float32
	clip    [4]float32
	scrolls bool
}

// seen is what can be seen of a window.
type seen struct {
	runs     []run
	controls []*control
	named    []string // what widgets call themselves
}

// walker goes through what is drawn.
type walker struct {
	at      fyne.Position
	clip    [4]float32
	scrolls bool
	typed   bool
	in      string
	control *control
}

// kind is a widget's type without its package.
func kind(o fyne.CanvasObject) string {
	name := fmt.Sprintf("%T", o)
	return name[strings.LastIndexByte(name, '.')+1:]
}

// walk notes all that can be seen below an object.
func (s *seen) walk(o fyne.CanvasObject, w walker) {
	if !o.Visible() {
		return
	}
	w.at = w.at.Add(o.Position())
	size := o.Size()
	box := [4]float32{w.at.X, w.at.Y, w.at.X + size.Width, w.at.Y + size.Height}
	switch o := o.(type) {
	case *canvas.Text:
		if strings.TrimSpace(o.Text) == "" {
			return
		}
		m := fyne.MeasureText(o.Text, o.TextSize, o.TextStyle)
		x := w.at.X
		switch o.Alignment {
		case fyne.TextAlignCenter:
			x += (size.Width - m.Width) / 2
		case fyne.TextAlignTrailing:
			x += size.Width - m.Width
		}
		// The letters, without the air above and below.
		y, h := w.at.Y+(size.Height-o.TextSize)/2, o.TextSize
		if w.scrolls && (y+h <= w.clip[1] || y >= w.clip[3] || x >= w.clip[2] || x+m.Width <= w.clip[0]) {
			return
		}
		s.runs = append(s.runs, run{o.Text, w.in, x, y, m.Width, h, size.Width, w.clip, w.scrolls, w.typed})
	case *fyne.Container:
		for _, c := range o.Objects {
			s.walk(c, w)
		}
	case fyne.Widget:
		w.in = kind(o)
		if w.in == "DropTarget" || w.in == "MentionList" {
			s.cover(box)
		}
		if a, ok := o.(fyne.Accessible); ok && a.AccessibilityLabel() != "" {
			s.named = append(s.named, a.AccessibilityLabel())
		}
		if strings.HasSuffix(w.in, "Entry") || w.in == "Field" {
			w.typed = true
		}
		_, tappable := o.(fyne.Tappable)
		_, focusable := o.(fyne.Focusable)
		if (tappable || focusable) && w.in != "surface" {
			c := &control{o, w.control, box, w.clip, w.scrolls}
			s.controls = append(s.controls, c)
			w.control = c
		}
		if strings.Contains(w.in, "Scroll") || strings.Contains(w.in, "List") || strings.HasSuffix(w.in, "Entry") || strings.HasSuffix(w.in, "Field") || strings.Contains(w.in, "Timeline") || w.in == "GridWrap" || w.in == "Clip" {
			w.clip = [4]float32{max(w.clip[0], box[0]), max(w.clip[1], box[1]), min(w.clip[2], box[2]), min(w.clip[3], box[3])}
			w.scrolls = true
		}
		children := test.WidgetRenderer(o).Objects()
		if s, ok := o.(*container.Scroll); ok {
			children = []fyne.CanvasObject{s.Content}
		}
		for _, c := range children {
			s.walk(c, w)
		}
	}
}

// cover takes away what something without holes lies over.
func (s *seen) cover(box [4]float32) {
	s.runs = slices.DeleteFunc(s.runs, func(r run) bool { return touch([4]float32{r.x, r.y, r.x + r.w, r.y + r.h}, box) })
	s.controls = slices.DeleteFunc(s.controls, func(c *control) bool { return touch(within(c.box, c.clip), box) })
}

// looks is what can be seen now: of the window, or of what lies over it.
func (p *person) looks() *seen {
	size := p.window.Canvas().Size()
	root := p.window.Canvas().Content()
	if over := p.window.Canvas().Overlays().Top(); over != nil {
		root = over
	}
	s := &seen{}
	s.walk(root, walker{clip: [4]float32{0, 0, size.Width, size.Height}})
	return s
}

// slack is by how much things may touch.
const slack = 2

// looksRight fails where words stand outside of the window, on others or beyond
// their places, and where controls do.
func (p *person) looksRight(t *testing.T, what string) {
	t.Helper()
	size := p.window.Canvas().Size()
	s := p.looks()
	for i, a := range s.runs {
		boxA := within([4]float32{a.x, a.y, a.x + a.w, a.y + a.h}, a.clip)
		if !lettered(a.text) {
			continue // the tests' fonts have no emoji
		}
		switch {
		case a.typed:
		case a.x < -1 || a.x+a.w > size.Width+1, !a.scrolls && (a.y < -1 || a.y+a.h > size.Height+1):
			t.Errorf("%s, %v: %.60q of %s is outside: from %.0f,%.0f to %.0f,%.0f", what, size, a.text, a.in, a.x, a.y, a.x+a.w, a.y+a.h)
		case a.x < a.clip[0]-1 || a.x+a.w > a.clip[2]+1:
			t.Errorf("%s, %v: %.60q of %s is cut: from %.0f to %.0f, and shown from %.0f to %.0f", what, size, a.text, a.in, a.x, a.x+a.w, a.clip[0], a.clip[2])
		case a.w > a.room+slack:
			t.Errorf("%s, %v: %.60q of %s is %.0f wide and has room for %.0f", what, size, a.text, a.in, a.w, a.room)
		}
		for _, b := range s.runs[i+1:] {
			if !floats(a.in) && !floats(b.in) && touch(boxA, within([4]float32{b.x, b.y, b.x + b.w, b.y + b.h}, b.clip)) {
				t.Errorf("%s, %v: %.50q of %s stands on %.50q of %s", what, size, a.text, a.in, b.text, b.in)
			}
		}
	}
	for i, a := range s.controls {
		if !a.scrolls && (a.box[0] < -1 || a.box[1] < -1 || a.box[2] > size.Width+1 || a.box[3] > size.Height+1) {
			t.Errorf("%s, %v: %s is outside: %v", what, size, named(a.object), a.box)
		}
		for _, b := range s.controls[i+1:] {
			if a.in == b.in && touch(within(a.box, a.clip), within(b.box, b.clip)) && !over(a) && !over(b) && !corner(a, b) && !corner(b, a) {
				t.Errorf("%s, %v: %s stands on %s: %v, %v", what, size, named(a.object), named(b.object), a.box, b.box)
			}
		}
	}
	if len(s.runs) == 0 {
		t.Errorf("%s, %v: there is nothing", what, size)
	}
}

// within is as much of a box as its clip shows.
func within(box, clip [4]float32) [4]float32 {
	for i := range box {
		box[i] = min(max(box[i], clip[i%2]), clip[2+i%2])
	}
	return box
}

// touch tells whether boxes stand on each other.
func touch(a, b [4]float32) bool {
	return a[0]+slack < b[2] && b[0]+slack < a[2] && a[1]+slack < b[3] && b[1]+slack < a[3]
}

// lettered tells of words, and not only signs.
func lettered(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// over tells of what is meant to lie over others.
func over(c *control) bool { return floats(kind(c.object)) }

// floats tells whether what is of this kind does, and its words with it.
func floats(kind string) bool { return kind == "jumpButton" || kind == "scrollBar" }

// corner tells that a is a button of a picture that b is all of.
func corner(a, b *control) bool {
	return kind(a.object) == "pressable" && kind(b.object) == "pressable" && a.box[0] > b.box[0] && a.box[1] > b.box[1] && a.box[2] < b.box[2] && a.box[3] < b.box[3]
}

// named is a control as a report calls it.
func named(o fyne.CanvasObject) string { return kind(o) + " " + fmt.Sprintf("%.40q", nameOf(o)) }

// nameOf is what a control is called: what somebody is told who can't see it, or
// else the words on it.
func nameOf(o fyne.CanvasObject) string {
	if a, ok := o.(fyne.Accessible); ok && strings.TrimSpace(a.AccessibilityLabel()) != "" {
		return a.AccessibilityLabel()
	}
	s := &seen{}
	s.walk(o, walker{clip: [4]float32{-1e6, -1e6, 1e6, 1e6}})
	for _, r := range s.runs {
		return r.text
	}
	for _, inner := range s.named {
		return inner
	}
	return ""
}
