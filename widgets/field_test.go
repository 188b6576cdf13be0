package widgets

import (
	"runtime"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
)

// Fifty sheets with fields, and pickers of emoji, leave nothing behind: no set of fonts.
func TestFieldsCostNothing(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := test.NewTempWindow(t, NewText("", TextSize, ColorText))
	w.Resize(fyne.NewSize(800, 600))
	open := func() uint64 {
		s := NewSheet("Title", FieldBox(NewField("Name"), false))
		s.ShowOn(w.Canvas(), nil)
		w.Canvas().Capture()
		s.Dismiss()
		p := NewEmojiPicker(nil)
		p.ShowOn(w.Canvas(), fyne.NewPos(600, 500))
		w.Canvas().Capture()
		p.Dismiss()
		return heapNow()
	}
	before := open()
	for range 9 {
		open()
	}
	after := open()
	t.Logf("%d KB more after ten of each", (int64(after)-int64(before))>>10)
	if after > before+10<<20 {
		t.Errorf("%d MB more after ten of each", (after-before)>>20)
	}
}

// heapNow is how many bytes are in use.
func heapNow() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// What is longer than a field moves along with the caret, and comes back with it.
func TestFieldFollows(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	f := NewField("Name")
	box := FieldBox(f, false)
	w := test.NewTempWindow(t, box)
	w.Resize(fyne.NewSize(200, fieldHeight))
	test.Type(f, strings.Repeat("harbour ", 20))
	caret := func() float32 { return f.Position().X + f.CursorPosition().X }
	if f.Position().X >= 0 || caret() > f.shown {
		t.Errorf("the caret is at %v of %v, the words begin at %v", caret(), f.shown, f.Position().X)
	}
	f.TypedKey(&fyne.KeyEvent{Name: fyne.KeyHome})
	if f.Position().X != 0 || caret() < 0 {
		t.Errorf("at the beginning the words begin at %v", f.Position().X)
	}
	f.SetText("")
	if f.Position().X != 0 || f.Size().Width != f.shown {
		t.Errorf("empty, it begins at %v and is %v wide", f.Position().X, f.Size().Width)
	}
}

// What is drawn again and again costs no more memory for it: no set of fonts a time.
func TestFieldKeepsItsFonts(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	box := FieldBox(NewField("Search"), false)
	w := test.NewTempWindow(t, box)
	heap := func() uint64 {
		box.Refresh()
		w.Canvas().Capture()
		return heapNow()
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

// A field takes the beginning of what no name, link or key is as long as.
func TestFieldTakesTheBeginning(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	f := NewField("Name")
	w := test.NewTempWindow(t, FieldBox(f, false))
	w.Resize(fyne.NewSize(200, fieldHeight))
	clipboard := fyne.CurrentApp().Clipboard()
	clipboard.SetContent("x" + strings.Repeat("é", 1<<20))
	f.TypedShortcut(&fyne.ShortcutPaste{Clipboard: clipboard})
	if want := "x" + strings.Repeat("é", maxField/2-1); f.Text != want {
		t.Errorf("%d bytes are written, not %d", len(f.Text), len(want))
	}
	f.SetText("")
	clipboard.SetContent("Ines")
	f.TypedShortcut(&fyne.ShortcutPaste{Clipboard: clipboard})
	if f.Text != "Ines" {
		t.Errorf("%q is written", f.Text)
	}
}
