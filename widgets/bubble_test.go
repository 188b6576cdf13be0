package widgets

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"satchel/chat"
)

// Golden pictures: what bubbles look like, by day and by night. A changed one
// is written to testdata/failed; look at it before it becomes the new master.
func TestLooks(t *testing.T) {
	for _, c := range []struct {
		name    string
		variant fyne.ThemeVariant
		w, h    float32
		items   []Item
	}{
		{"talk-light", theme.VariantLight, 520, 690, talkItems()},
		{"talk-dark", theme.VariantDark, 520, 690, talkItems()},
		{"files-light", theme.VariantLight, 520, 950, fileItems()},
		{"files-dark", theme.VariantDark, 520, 950, fileItems()},
		{"pictures-light", theme.VariantLight, 460, 1240, pictureItems()},
		{"pictures-dark", theme.VariantDark, 460, 1240, pictureItems()},
		{"maps-light", theme.VariantLight, 460, 640, mapItems(t)},
		{"maps-dark", theme.VariantDark, 460, 640, mapItems(t)},
		{"folded-light", theme.VariantLight, 520, 1240, foldedItems()},
		{"folded-dark", theme.VariantDark, 520, 1240, foldedItems()},
		{"previews-light", theme.VariantLight, 520, 980, previewItems()},
		{"previews-dark", theme.VariantDark, 520, 980, previewItems()},
		{"sounds-light", theme.VariantLight, 520, 640, soundItems()},
		{"sounds-dark", theme.VariantDark, 520, 640, soundItems()},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStage(t, c.variant, c.w, c.h)
			s.timeline.Reset(c.items, false)
			if strings.HasPrefix(c.name, "talk") {
				s.timeline.MarkUnread(messageID(4))
			}
			s.settle()
			test.AssertImageMatches(t, c.name+".png", s.window.Canvas().Capture())
		})
	}
}

func said(n int, mine bool, text string) Item {
	it := fileItem(n, mine, nil, nil)
	it.Message.Content.Text = text
	return it
}

func talkItems() []Item {
	items := []Item{
		said(1, false, "Morning! Did the rushes from the harbour come through? The colourist starts at three."),
		said(2, true, "Uploading the raw folder now. It is 2.4 GB, you can keep writing, it won't hold anything up."),
		said(3, true, "Short."),
		said(4, false, "All of it is at https://example.org/notes, see page 3.\n\nA second paragraph."),
		said(5, false, "Averylongwordthatnolineofabubblecaneverholdandthatisbrokenbetweenitslettersforthereasonthatitistoolong"),
		said(6, false, "x"), said(7, false, "x"), said(8, true, "Is anybody there?"),
	}
	items[0].Message.At = noon.AddDate(0, 0, -1)
	items[1].Receipt = chat.ReceiptRead
	items[2].Receipt = chat.ReceiptSent
	items[3].Sender, items[3].Message.Content.Title = "Ines Tavares", "Notes"
	items[5].Message.Content.Kind, items[6].Message.Content = "poll", chat.Content{Kind: chat.KindUnreadable}
	m := &items[7].Message
	m.Seq, m.State, m.Reason, items[7].Receipt = 0, chat.MessageFailed, "You are not a member any more. The text is kept here.", chat.ReceiptFailed
	return items
}

// fileItems are the states of a file that is not a picture.
func fileItems() []Item {
	moved := func(d chat.Direction, state chat.TransferState) *chat.Transfer {
		return &chat.Transfer{Direction: d, State: state, Offset: 310e6}
	}
	moving := moved(chat.Upload, chat.TransferMoving)
	moving.Rate, moving.Left = 38e6, 13*time.Second
	failed := moved(chat.Upload, chat.TransferFailed)
	failed.Reason = "The relay's storage is full. Nothing was lost."
	gone := moved(chat.Download, chat.TransferFailed)
	gone.Reason = "It is no longer on the relay, which keeps files for 90 days. Ask for it again."
	queued := moved(chat.Upload, chat.TransferQueued)
	queued.Offset = 0
	items := []Item{
		fileItem(1, true, movie(), queued),
		fileItem(2, true, movie(), moved(chat.Upload, chat.TransferPreparing)),
		fileItem(3, true, movie(), moving),
		fileItem(4, true, movie(), moved(chat.Upload, chat.TransferPaused)),
		fileItem(5, true, movie(), moved(chat.Upload, chat.TransferWaiting)),
		fileItem(6, true, movie(), moved(chat.Upload, chat.TransferFinishing)),
		fileItem(7, true, movie(), failed),
		fileItem(8, true, movie(), nil),
		fileItem(9, false, &chat.File{URL: "/f", Name: "a-very-long-name-that-somebody-gave-to-the-final-version-of-a-film.mp4", Size: 48e9}, nil),
		fileItem(10, false, movie(), moved(chat.Download, chat.TransferMoving)),
		fileItem(11, false, &chat.File{URL: "/f", Name: "contract-signed.pdf", Size: 91_000}, gone),
		fileItem(12, false, &chat.File{URL: "/f", Name: "shotlist-v7.pdf", Size: 840_000}, nil),
		fileItem(13, false, &chat.File{URL: "/f", Name: "budget.xlsx", Size: 0}, nil),
	}
	items[7].Path, items[11].Path, items[12].Path = "/f", "/f", "/f"
	items[11].Message.Content.File.Pages = 12
	items[12].Message.Content.Text = "Second draft, with the boat."
	return items
}

// pictureItems are pictures and places.
func pictureItems() []Item {
	f := photo(3000, 1200)
	items := []Item{
		fileItem(1, false, f, nil),
		fileItem(2, false, f, &chat.Transfer{Direction: chat.Download, State: chat.TransferMoving, Offset: 1_900_000}),
		fileItem(3, false, f, nil),
		fileItem(4, true, f, &chat.Transfer{State: chat.TransferPaused, Offset: 1_400_000}),
		fileItem(5, true, f, &chat.Transfer{State: chat.TransferFailed, Reason: "The relay's storage is full. Nothing was lost."}),
		fileItem(6, false, f, nil),
		fileItem(7, false, nil, nil),
	}
	items[2].Path = "/f"
	items[5].Message.Content.Text = "Reference for the evening look"
	items[6].Message.Content.Location = &chat.Location{Lat: 38.7056, Lon: -9.1446, Name: "Cais do Sodré"}
	return items
}

// mapItems are places with a map: one with words, and one whose map is none.
func mapItems(t *testing.T) []Item {
	items := []Item{fileItem(1, false, nil, nil), fileItem(2, true, nil, nil), fileItem(3, false, nil, nil)}
	for i := range items {
		items[i].Message.Content.Location = &chat.Location{Lat: 38.7056, Lon: -9.1446, Name: "Cais do Sodré", Map: &chat.Map{Picture: mapOfTest(t), Credit: "© OpenStreetMap contributors"}}
	}
	items[0].Message.Content.Text = "Under the clock, at eight"
	items[1].Message.Content.Location.Map.Credit = "\u202e© a map server whose name is so long that nobody knows how it ends"
	items[2].Message.Content.Location.Map.Picture = []byte("no picture at all")
	return items
}

// Every button does what it says, with the right message or transfer.
func TestButtons(t *testing.T) {
	s := lightStage(t, 640, 560)
	tl := s.timeline
	var did []string
	tl.OnFile = func(m chat.Message) { did = append(did, "file "+string(m.ID)) }
	tl.OnSaveAs = func(m chat.Message) { did = append(did, "save "+string(m.ID)) }
	tl.OnShowInFolder = func(m chat.Message) { did = append(did, "show "+string(m.ID)) }
	tl.OnPause = func(id chat.TransferID) { did = append(did, "pause "+string(id)) }
	tl.OnResume = func(id chat.TransferID) { did = append(did, "resume "+string(id)) }
	tl.OnCancel = func(id chat.TransferID) { did = append(did, "cancel "+string(id)) }
	tl.OnLink = func(u *url.URL) { did = append(did, u.String()) }
	up, down := chat.Upload, chat.Download
	tr := func(d chat.Direction, state chat.TransferState) *chat.Transfer {
		return &chat.Transfer{Direction: d, State: state, Offset: 1000}
	}
	for _, c := range []struct {
		item Item
		path string
		tap  string
		want string
	}{
		{fileItem(1, true, movie(), tr(up, chat.TransferQueued)), "", "Cancel", "cancel t1"},
		{fileItem(1, true, movie(), tr(up, chat.TransferMoving)), "", "Pause", "pause t1"},
		{fileItem(1, true, movie(), tr(up, chat.TransferMoving)), "", "Cancel", "cancel t1"},
		{fileItem(1, true, movie(), tr(up, chat.TransferPaused)), "", "Go on", "resume t1"},
		{fileItem(1, true, movie(), tr(up, chat.TransferWaiting)), "", "Go on", "resume t1"},
		{fileItem(1, true, movie(), tr(up, chat.TransferFailed)), "", "Retry", "resume t1"},
		{fileItem(1, false, movie(), nil), "", "Download", "file m00000001"},
		{fileItem(1, false, movie(), tr(down, chat.TransferCancelled)), "", "Download", "file m00000001"},
		{fileItem(1, false, movie(), tr(down, chat.TransferMoving)), "", "Pause", "pause t1"},
		{fileItem(1, false, movie(), tr(down, chat.TransferFailed)), "", "Retry", "resume t1"},
		{fileItem(1, false, movie(), tr(down, chat.TransferDone)), "/f", "Open", "file m00000001"},
		{fileItem(1, false, photo(300, 200), nil), "", "Download", "file m00000001"},
		{fileItem(1, false, photo(300, 200), tr(down, chat.TransferMoving)), "", "Stop", "pause t1"},
		{fileItem(1, false, photo(300, 200), tr(down, chat.TransferPaused)), "", "Go on", "resume t1"},
		{fileItem(1, false, photo(300, 200), tr(down, chat.TransferPaused)), "", "Cancel", "cancel t1"},
		{fileItem(1, true, photo(300, 200), tr(up, chat.TransferMoving)), "", "Cancel", "cancel t1"},
		{fileItem(1, true, photo(300, 200), tr(up, chat.TransferFailed)), "", "Retry", "resume t1"},
		{fileItem(1, false, photo(300, 200), nil), "/f", "Open", "file m00000001"},
	} {
		did = nil
		c.item.Path = c.path
		tl.Reset([]Item{c.item}, false)
		s.settle()
		s.tap(c.tap)
		if strings.Join(did, ",") != c.want {
			t.Errorf("%q did %q, want %q", c.tap, did, c.want)
		}
	}

	did = nil
	it := fileItem(1, false, photo(3000, 2000), nil)
	it.Path = "/f"
	tl.Reset([]Item{it}, false)
	s.settle()
	test.MoveMouse(s.window.Canvas(), s.buttons()["Open"])
	s.tap("Save as…")
	test.MoveMouse(s.window.Canvas(), s.buttons()["Save as…"])
	s.tap("Show in folder")
	test.MoveMouse(s.window.Canvas(), fyne.NewPos(600, 20))
	if _, there := s.buttons()["Save as…"]; there {
		t.Error("the actions stay when the pointer has gone")
	}
	it = fileItem(2, false, nil, nil)
	it.Message.Content.Location = &chat.Location{Lat: 1, Lon: 2}
	tl.Reset([]Item{it}, false)
	s.tap("Open map")
	if want := "save m00000001,show m00000001,https://www.openstreetmap.org/?mlat=1.00000&mlon=2.00000#map=16/1.00000/2.00000"; strings.Join(did, ",") != want {
		t.Errorf("did %q, want %q", did, want)
	}
}

func TestSetTransfer(t *testing.T) {
	s := lightStage(t, 640, 560)
	tl := s.timeline
	it := fileItem(1, false, movie(), nil)
	tl.Reset([]Item{it}, false)
	tr := chat.Transfer{ID: "t", Direction: chat.Download, Message: it.Message.ID, File: *movie(), State: chat.TransferMoving, Offset: 406e6}
	tl.SetTransfer(tr)
	if bar := tl.entries[0].widget.file; bar.bar.Size().Width/bar.track.Size().Width != 0.5 {
		t.Errorf("the bar is %v of %v at the half", bar.bar.Size().Width, bar.track.Size().Width)
	}
	tr.State, tr.Path = chat.TransferDone, "/f"
	tl.SetTransfer(tr)
	if _, there := s.buttons()["Open"]; !there {
		t.Error("what is here can't be opened")
	}
	if it := (Item{Mine: true, Transfer: &chat.Transfer{State: chat.TransferDone, Path: "/f"}}); !it.here() {
		t.Error("what was just sent can't be opened")
	}
	tr.Message = "nobody"
	tl.SetTransfer(tr)
}

// A text is selected with the mouse, copied, and its links are clicked.
func TestSelection(t *testing.T) {
	s := lightStage(t, 640, 560)
	tl := s.timeline
	copied, opened := "", ""
	tl.OnCopy = func(text string) { copied = text }
	tl.OnLink = func(u *url.URL) { opened = u.String() }
	tl.Reset([]Item{said(1, false, "One two https://example.org/x end"), said(2, true, "Other")}, false)
	part := tl.entries[0].widget.text
	at := func(b int) fyne.Position { return fyne.NewPos(part.xOf(part.layout.lines[0], b), 10) }
	mouse := func(p fyne.Position) *desktop.MouseEvent {
		return &desktop.MouseEvent{PointEvent: fyne.PointEvent{Position: p, AbsolutePosition: p}, Button: desktop.MouseButtonPrimary}
	}
	part.MouseDown(mouse(at(4)))
	part.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: at(7)}})
	part.DragEnd()
	part.MouseUp(mouse(at(7)))
	if s.window.Canvas().Focused() != fyne.Focusable(tl) {
		t.Error("the timeline has no keyboard after a selection")
	}
	tl.TypedShortcut(&fyne.ShortcutCopy{})
	if copied != "two" || tl.SelectedText() != "two" {
		t.Errorf("copied %q", copied)
	}
	tl.Upsert(said(3, false, "News")) // redraws the rows
	if tl.SelectedText() != "two" || part.from != 4 {
		t.Error("news take the selection away")
	}
	part.clicks = clickCounter{}
	part.MouseDown(mouse(at(12)))
	part.MouseUp(mouse(at(12)))
	if opened != "https://example.org/x" {
		t.Errorf("opened %q", opened)
	}
	part.MouseDown(mouse(at(12)))
	if tl.SelectedText() != "https://example.org/x" {
		t.Errorf("a double click selects %q", tl.SelectedText())
	}
	part.MouseMoved(mouse(at(12)))
	if part.Cursor() != desktop.PointerCursor {
		t.Error("a link does not look as if it could be clicked")
	}
	other := tl.entries[1].widget.text
	other.MouseDown(mouse(fyne.NewPos(5, 5)))
	if tl.SelectedText() != "" || part.from != part.to {
		t.Error("two texts are selected")
	}
}

// A text of 256 KiB is folded, and unfolds piece by piece without drawing more than
// the screen.
func TestLongText(t *testing.T) {
	s := lightStage(t, 640, 560)
	tl := s.timeline
	long := strings.Repeat("It goes on and on. ", 256<<10/19)
	tl.Reset([]Item{said(1, false, "before"), said(2, false, long), said(3, false, "after")}, false)
	e := tl.entries[1]
	if e.body > 700 {
		t.Fatalf("a folded text is %v high", e.body)
	}
	s.tap("Show more")
	if n := len(e.lay.text.text); n != unfoldBytes {
		t.Fatalf("%d bytes are unfolded", n)
	}
	for range 256<<10/unfoldBytes - 1 {
		tl.ScrollToEnd()
		s.tap("Show more")
	}
	if e.body < 50_000 || len(e.lay.text.text) != len(long) {
		t.Fatalf("an unfolded text is %v high", e.body)
	}
	tl.scrollBy(-20_000)
	if n := len(e.widget.text.pieces); n > 200 {
		t.Errorf("%d lines are drawn", n)
	}
	tl.ScrollToEnd()
	if !tl.AtEnd() {
		t.Error("the end is not reached")
	}
}

func TestMenu(t *testing.T) {
	s := lightStage(t, 640, 560)
	tl := s.timeline
	tl.OnMenu = func(chat.Message) []*fyne.MenuItem { return []*fyne.MenuItem{fyne.NewMenuItem("More", nil)} }
	it := fileItem(1, false, movie(), nil)
	it.Path, it.Message.Content.Text = "/f", "Words"
	tl.Reset([]Item{it}, false)
	var names []string
	for _, m := range tl.menu(tl.entries[0]) {
		names = append(names, m.Label)
	}
	if got := strings.Join(names, ", "); got != "More, Copy text, Open, Save as…, Show in folder" {
		t.Errorf("the menu offers %s", got)
	}
	tl.entries[0].widget.TappedSecondary(&fyne.PointEvent{AbsolutePosition: fyne.NewPos(50, 500)})
	if s.window.Canvas().Overlays().Top() == nil {
		t.Error("no menu is shown")
	}
}

// A change of theme reaches bubbles that are shown already.
func TestThemeChanges(t *testing.T) {
	s := lightStage(t, 640, 560)
	s.timeline.Reset(talkItems(), false)
	fyne.CurrentApp().Settings().SetTheme(NewThemeVariant(theme.VariantDark))
	s.timeline.Refresh()
	if got := s.timeline.shown[0].widget.back.FillColor; got != (palette[ColorIncoming][1]) {
		t.Errorf("by night a bubble is %v", got)
	}
}

// What a sender calls a thumbnail may be anything.
func TestHostileThumbnails(t *testing.T) {
	s := lightStage(t, 640, 560)
	for name, data := range map[string][]byte{
		"no picture": []byte("hello"), "cut off": evening(320, 200)[:200], "too many pixels": evening(600, 10), "too many bytes": make([]byte, 40<<10),
	} {
		f := photo(300, 200)
		f.Thumbnail = data
		s.timeline.Reset([]Item{fileItem(1, false, f, nil)}, false)
		s.settle()
		if img := s.timeline.entries[0].widget.picture.image; s.timeline.entries[0].widget.picture.objects[0] == fyne.CanvasObject(img) {
			t.Errorf("%s: it is drawn", name)
		}
	}
}
