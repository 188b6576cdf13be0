package widgets

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"go.uber.org/goleak"
	"satchel/chat"
)

func TestMain(m *testing.M) {
	time.Local = time.UTC // golden pictures tell the time
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// noon is the day on which tests are read.
var noon = time.Date(2026, 5, 14, 12, 0, 0, 0, time.UTC)

// stage is a timeline in a window, on the test's goroutine.
type stage struct {
	t        testing.TB
	timeline *Timeline
	window   fyne.Window
	todo     chan func()
}

func newStage(t testing.TB, v fyne.ThemeVariant, w, h float32) *stage {
	t.Helper()
	app := test.NewTempApp(t)
	app.Settings().SetTheme(NewThemeVariant(v))
	forgetWidths()
	s := &stage{t: t, timeline: NewTimeline(), todo: make(chan func(), 100)}
	s.timeline.Dispatch = func(f func()) { s.todo <- f }
	s.timeline.Now = func() time.Time { return noon }
	s.window = app.NewWindow("")
	s.window.SetPadded(false)
	s.window.SetContent(s.timeline)
	s.window.Resize(fyne.NewSize(w, h))
	t.Cleanup(func() {
		s.timeline.Close()
		s.window.Close()
	})
	return s
}

func lightStage(t testing.TB, w, h float32) *stage { return newStage(t, theme.VariantLight, w, h) }

// settle runs what the decoders hand over until nothing is waited for.
func (s *stage) settle() {
	s.t.Helper()
	for len(s.timeline.images.waiting) > 0 {
		select {
		case f := <-s.todo:
			f()
		case <-time.After(10 * time.Second):
			s.t.Fatal("a thumbnail is never decoded")
		}
	}
}

// buttons are those on the screen, by what a screen reader says, with the middle of each.
func (s *stage) buttons() map[string]fyne.Position {
	found := map[string]fyne.Position{}
	var walk func(o fyne.CanvasObject, at fyne.Position)
	walk = func(o fyne.CanvasObject, at fyne.Position) {
		at = at.Add(o.Position())
		w, ok := o.(fyne.Widget)
		if !ok || !o.Visible() {
			return
		}
		if a, ok := o.(fyne.Accessible); ok {
			found[a.AccessibilityLabel()] = at.AddXY(o.Size().Width/2, o.Size().Height/2)
		}
		for _, c := range test.WidgetRenderer(w).Objects() {
			walk(c, at)
		}
	}
	walk(s.timeline, fyne.Position{})
	return found
}

func (s *stage) tap(label string) {
	s.t.Helper()
	at, ok := s.buttons()[label]
	if !ok {
		s.t.Fatalf("there is no %q among %v", label, s.buttons())
	}
	test.TapCanvas(s.window.Canvas(), at)
}

// y is where a message's bubble begins on the screen.
func (s *stage) y(id chat.MessageID) (float32, bool) {
	i, ok := s.timeline.index[id]
	if !ok || s.timeline.entries[i].widget == nil {
		return 0, false
	}
	return s.timeline.entries[i].widget.Position().Y, true
}

func messageID(n int) chat.MessageID { return chat.MessageID(fmt.Sprintf("m%08d", n)) }

var words = strings.Fields("the boat leaves at six and nobody knows whether the light will hold until we have everything that was planned for the harbour")

// numbered is message n of a conversation: a minute after the one before.
func numbered(n int) Item {
	it := Item{Mine: n%5 < 2, Message: chat.Message{ID: messageID(n), Seq: uint64(n), From: "ines", At: noon.Add(time.Duration(n-100_000) * time.Minute),
		Content: chat.Content{Kind: chat.KindMessage, Text: fmt.Sprintf("%d %s", n, strings.Join(words[:1+n*7%(len(words)-1)], " "))}}}
	if it.Mine {
		it.Message.From = "mara"
	}
	if n%13 == 5 {
		it.Message.Content.File = &chat.File{URL: "/files/x", Name: "take.mov", Size: 812e6}
	}
	return it
}

func numberedFromTo(from, to int) []Item {
	var items []Item
	for n := from; n <= to; n++ {
		items = append(items, numbered(n))
	}
	return items
}

func pendingItem(n int) Item {
	it := numbered(n)
	it.Mine, it.Message.From, it.Message.Seq, it.Message.State = true, "mara", 0, chat.MessagePending
	return it
}

// fileItem is a message with a file and nothing else.
func fileItem(n int, mine bool, f *chat.File, tr *chat.Transfer) Item {
	it := Item{Mine: mine, Receipt: chat.ReceiptDelivered, Message: chat.Message{ID: messageID(n), Seq: uint64(n), From: "ines", At: noon.Add(time.Duration(n) * time.Minute),
		Content: chat.Content{Kind: chat.KindMessage, File: f}}}
	if mine {
		it.Message.From = "mara"
	}
	if tr != nil {
		tr.ID, tr.Message, tr.File = chat.TransferID(fmt.Sprintf("t%d", n)), it.Message.ID, *f
		it.Transfer = tr
	}
	return it
}

func movie() *chat.File { return &chat.File{URL: "/files/x", Name: "interview-take4.mov", Size: 812e6} }

func photo(w, h int) *chat.File {
	return &chat.File{URL: "/files/p", Name: "harbour.jpg", Size: 3_100_000, Width: w, Height: h, Thumbnail: evening(320, 320*h/w)}
}

// evening is a JPEG of a sky over water.
func evening(w, h int) []byte {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			f := (float64(y) + 0.2*float64(x)) / (float64(h) + 0.2*float64(w))
			img.SetRGBA(x, y, color.RGBA{uint8(110 + 100*f), uint8(164 - 60*f), uint8(186 - 140*f), 255})
		}
	}
	for y := h / 3; y < h*3/4; y++ {
		img.SetRGBA(w/3, y, color.RGBA{0x40, 0x2C, 0x20, 255})
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 80}); err != nil {
		panic(err)
	}
	return b.Bytes()
}
