package widgets

import (
	"runtime"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// What is drawn again and again costs no more memory for it: no set of fonts a time.
func TestFieldKeepsItsFonts(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	box := FieldBox(NewField("Search"), false)
	w := test.NewTempWindow(t, box)
	heap := func() uint64 {
		box.Refresh()
		w.Canvas().Capture()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for range 20 {
		box.Refresh()
		w.Canvas().Capture()
	}
	if after := heap(); after > before+10<<20 {
		t.Errorf("%d MB more after 20 times", (after-before)>>20)
	}
}

// All fields of a kind are drawn with the same fonts: Fyne reads them anew for each
// theme of its own that it draws text in, and keeps them for ever.
func TestFieldsShareTheirFonts(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	drawn := func(n int) uint64 {
		for range n {
			f := NewField("Search")
			w := test.NewWindow(FieldBox(f, false))
			w.Resize(fyne.NewSize(300, 60))
			f.SetText("some words")
			w.Canvas().Capture()
			w.Close()
		}
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := drawn(2)
	if more := int64(drawn(10)) - int64(before); more > 5<<20 {
		t.Errorf("ten more fields hold %d KB", more>>10)
	}
}
