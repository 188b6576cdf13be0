package widgets

import (
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// What gets the keyboard is scrolled to, down and up, and what is seen stays.
func TestReveal(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	var rows []fyne.CanvasObject
	for range 40 {
		rows = append(rows, NewButton(PlainButton, "Press", nil))
	}
	scroll := newScroll(NewColumn(6, rows...))
	w := test.NewTempWindow(t, scroll)
	w.SetPadded(false)
	w.Resize(fyne.NewSize(240, 200))
	last := float32(0)
	for _, row := range []int{1, 39, 38, 0} {
		b := rows[row].(*Button)
		w.Canvas().Focus(b)
		top, bottom := b.Position().Y-scroll.Offset.Y, b.Position().Y+b.Size().Height-scroll.Offset.Y
		if top < 0 || bottom > scroll.Size().Height {
			t.Errorf("row %d is shown from %v to %v of %v", row, top, bottom, scroll.Size().Height)
		}
		if row == 1 && scroll.Offset.Y != 0 || row == 38 && scroll.Offset.Y != last {
			t.Errorf("row %d was in sight, and it scrolled to %v", row, scroll.Offset.Y)
		}
		last = scroll.Offset.Y
	}
}
