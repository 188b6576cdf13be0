package widgets

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
)

// A control's name stands near it and inside the window, wherever it is; a sheet
// has a layer of its own, which goes with it.
func TestTips(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	layer := NewTips()
	layer.Push()
	defer layer.Pop()
	b := NewIconButton(IconSettings, "Settings of this and that", nil)
	spot := container.NewWithoutLayout(b)
	w := test.NewWindow(container.NewStack(spot, &layer.Container))
	defer w.Close()
	w.SetPadded(false)
	w.Resize(fyne.NewSize(400, 300))
	b.Resize(fyne.NewSquareSize(36))
	for _, at := range []fyne.Position{{X: 0, Y: 0}, {X: 364, Y: 0}, {X: 0, Y: 264}, {X: 364, Y: 264}, {X: 180, Y: 140}} {
		b.Move(at)
		layer.show(b, b.Text, 36)
		box := layer.box
		p, s := box.Position(), box.Size()
		if p.X < 0 || p.Y < 0 || p.X+s.Width > 400 || p.Y+s.Height > 300 {
			t.Errorf("at %v the name stands at %v, %v", at, p, s)
		}
		if p.Y < at.Y+36 && p.Y+s.Height > at.Y {
			t.Errorf("at %v the name stands on its control", at)
		}
		if layer.Shown() != b.Text {
			t.Errorf("shown: %q", layer.Shown())
		}
	}
	layer.over = b
	b.MouseOut()
	if layer.Shown() != "" {
		t.Error("it stays when the pointer goes")
	}
	sheet := NewSheet("Title", NewHeading("Words"))
	sheet.ShowOn(w.Canvas(), nil)
	if !slices.Contains(tips, sheet.tips) {
		t.Error("the sheet's controls have no layer for their names")
	}
	sheet.Dismiss()
	if slices.Contains(tips, sheet.tips) {
		t.Error("the layer is left")
	}
}
