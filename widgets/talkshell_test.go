package widgets

import (
	"image"
	"image/color"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
)

// sky is a picture of w by h pixels.
func sky(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{uint8(x * 255 / w), uint8(y * 255 / h), 160, 255})
		}
	}
	return img
}

func TestTalkShellLooks(t *testing.T) {
	inBoth(t, "bars", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		reply, edit, picked, none := NewReplyBar(), NewReplyBar(), NewPickBar(), NewPickBar()
		box := container.NewVBox(picked, none, reply, edit)
		w := room(t, v, box, 640, 260)
		reply.Set(IconReply, "Reply to Ines Tavares", "The boat leaves at six, and nobody knows whether the light will hold until we have everything")
		edit.Set(IconEdit, "Edit message", "Short")
		picked.Set("3 messages", true, false)
		none.Set("1 message", false, true)
		picked.Show()
		none.Show()
		box.Refresh()
		return w
	})
	inBoth(t, "found", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		l := NewConversationList()
		l.SetRows([]Row{
			{ID: "1", Name: "Harbour crew", Face: Face{Name: "Harbour crew", Key: "a"}, Line: "See you there", Time: "14:32"},
			{Name: "People", Heading: true},
			{Person: "Hana", Name: "Hana", Face: Face{Name: "Hana", Key: "b"}, Line: "Write to them"},
			{Name: "Messages", Heading: true},
			{ID: "2", Message: "m", Name: "Ines Tavares", Face: Face{Name: "Ines Tavares", Key: "c"}, Lead: "You:", Line: "…at six from the harbour, all of us", Time: "Fri"},
		}, "")
		l.SetSelected("2")
		l.Step(true)
		l.Step(true)
		return room(t, v, l, 320, 5*ConversationRowHeight)
	})
	inBoth(t, "emoji", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		w := room(t, v, NewDropTarget(true, false), 480, 400)
		p := NewEmojiPicker(nil)
		p.ShowOn(w.Canvas(), fyne.NewPos(460, 380))
		p.find("nothing has that name")
		w.Canvas().Unfocus()
		return w
	})
	inBoth(t, "viewer", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		w := room(t, v, NewDropTarget(true, false), 640, 420)
		p := NewPictureViewer()
		p.ShowOn(w.Canvas())
		p.Set(sky(300, 200), "harbour.jpg", "Ines Tavares · 14:32 · 3.1 MB", true, false)
		return w
	})
}

// The list's mark goes over headings, and a click on one does nothing.
func TestFoundRows(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	l := NewConversationList()
	var chosen []Row
	l.OnSelect = func(r Row) { chosen = append(chosen, r) }
	w := room(t, theme.VariantLight, l, 320, 480)
	rows := []Row{{Name: "Messages", Heading: true}, {ID: "1", Message: "a", Name: "A"}, {Name: "Files", Heading: true}, {ID: "1", Message: "b", Name: "B"}}
	l.SetRows(rows, "")
	if r, ok := l.Marked(); !ok || r.Message != "a" {
		t.Errorf("the first is %+v", r)
	}
	l.Step(true)
	l.Step(true)
	l.Step(true)
	if r, _ := l.Marked(); r.Message != "b" {
		t.Errorf("the second is %+v", r)
	}
	l.Step(false)
	l.Step(false)
	if r, _ := l.Marked(); r.Message != "a" {
		t.Errorf("back at %+v", r)
	}
	test.TapCanvas(w.Canvas(), fyne.NewPos(150, 20))
	test.TapCanvas(w.Canvas(), fyne.NewPos(150, 64+20))
	if len(chosen) != 1 || chosen[0].Message != "a" {
		t.Errorf("chose %+v", chosen)
	}
	l.SetRows(nil, "none")
	if _, ok := l.Marked(); ok {
		t.Error("there is something where nothing is")
	}
}

// The picture fits, zooms around the pointer, stays in the window and is led
// from one to the next.
func TestPictureViewer(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := room(t, theme.VariantLight, NewDropTarget(true, false), 640, 456)
	v := NewPictureViewer()
	stepped, closed, copied := 0, false, false
	v.OnStep = func(n int) { stepped += n }
	v.OnClose = func() { closed = true }
	v.Copy.OnTapped = func() { copied = true }
	v.ShowOn(w.Canvas())
	v.Set(sky(1200, 600), "x", "", false, true)
	if got := v.image.Size(); got != fyne.NewSize(608, 304) {
		t.Errorf("it is %v big", got)
	}
	at := fyne.NewPos(400, 300)
	inside := func() fyne.Position { p := at.Subtract(v.image.Position()); return fyne.NewPos(p.X/v.zoom, p.Y/v.zoom) }
	before := inside()
	for range 5 {
		v.Scrolled(&fyne.ScrollEvent{PointEvent: fyne.PointEvent{Position: at}, Scrolled: fyne.NewDelta(0, 1)})
	}
	if after := inside(); after.X-before.X > 2 || before.X-after.X > 2 || v.zoom < 3 {
		t.Errorf("zoom %v: what was under the pointer went from %v to %v", v.zoom, before, after)
	}
	for range 50 {
		v.Dragged(&fyne.DragEvent{Dragged: fyne.NewDelta(500, 500)})
	}
	if p := v.image.Position(); p.X > 0.1 || p.Y > viewerBar+0.1 {
		t.Errorf("it was dragged out of the window: %v", p)
	}
	v.TypedRune('0')
	if v.zoom != 1 || v.pan != (fyne.Position{}) {
		t.Errorf("zoom %v, moved by %v", v.zoom, v.pan)
	}
	v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyLeft}) // there is none
	v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyRight})
	v.TypedShortcut(&fyne.ShortcutCopy{})
	if stepped != 1 || !copied {
		t.Errorf("stepped by %d, copied %v", stepped, copied)
	}
	v.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if !closed || w.Canvas().Overlays().Top() != nil {
		t.Error("Escape does not close it")
	}
}
