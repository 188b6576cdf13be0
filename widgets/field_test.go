package widgets

import (
	"runtime"
	"testing"

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
