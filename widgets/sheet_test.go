package widgets

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// A sheet says all of a long title, and uses the height of the window for what is tall.
func TestSheetFitsItsWindow(t *testing.T) {
	test.NewTempApp(t)
	w := test.NewTempWindow(t, container.NewStack())
	for _, c := range []struct {
		title        string
		width, high  float32
		lines        string
		room, before float32 // of the content
	}{
		{"Settings", 1600, 1000, "Settings", 680, 440},
		{"Settings", 1000, 700, "Settings", 700 * tallPart, 440},
		{"Settings", 800, 560, "Settings", 434, 440},
		{"Leave The people who make the film about the harbour?", 1600, 1000, "Leave The people who make the film about|the harbour?", 680, 440},
		{"Leave " + strings.Repeat("everybody ", 20), 1600, 1000, "Leave everybody everybody everybody|everybody everybody everybody everybod…", 680, 440},
		{strings.Repeat("e", 80), 1600, 1000, strings.Repeat("e", 35) + "…", 680, 440},
	} {
		w.Resize(fyne.NewSize(c.width, c.high))
		content := canvas.NewRectangle(nil)
		s := NewSheet(c.title, content)
		s.Height, s.Tall = c.before, 680
		s.ShowOn(w.Canvas(), nil)
		var lines []string
		for _, o := range test.WidgetRenderer(s).Objects() {
			if text, ok := o.(*canvas.Text); ok && text.Text != "" {
				lines = append(lines, text.Text)
				if right := text.Position().X + text.MinSize().Width; right > s.Close.Position().X {
					t.Errorf("%q stands on the way out", text.Text)
				}
			}
		}
		if said := strings.Join(lines, "|"); said != c.lines {
			t.Errorf("%q is said as %q", c.title, said)
		}
		if got := content.Size().Height; got != c.room {
			t.Errorf("%q has %v for its content in %v by %v, and not %v", c.title, got, c.width, c.high, c.room)
		}
		s.Dismiss()
	}
}
