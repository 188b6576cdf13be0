package widgets

import (
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"satchel/chat"
)

// room puts a widget alone into a window.
func room(t *testing.T, v fyne.ThemeVariant, o fyne.CanvasObject, w, h float32) fyne.Window {
	t.Helper()
	window := fyne.CurrentApp().NewWindow("")
	window.SetPadded(false)
	ground := ColorWindow
	if _, ok := o.(*ConversationList); ok {
		ground = ColorSide
	}
	window.SetContent(container.NewStack(NewGround(ground), o))
	window.Resize(fyne.NewSize(w, h))
	t.Cleanup(window.Close)
	return window
}

// inBoth runs a look in light and in dark.
func inBoth(t *testing.T, name string, look func(*testing.T, fyne.ThemeVariant) fyne.Window) {
	for tone, v := range map[string]fyne.ThemeVariant{"light": theme.VariantLight, "dark": theme.VariantDark} {
		t.Run(name+"-"+tone, func(t *testing.T) {
			test.NewTempApp(t).Settings().SetTheme(NewThemeVariant(v))
			w := look(t, v)
			test.AssertImageMatches(t, "shell/"+name+"-"+tone+".png", w.Canvas().Capture())
		})
	}
}

var rowsOfEveryKind = []Row{
	{ID: "1", Name: "Ines Tavares", Face: Face{Name: "Ines Tavares", Key: "a", Online: true}, Line: "Sending 3 files… 62 %", LineTone: ToneAccent, Time: "14:32"},
	{ID: "2", Name: "Film crew", Face: Face{Name: "Film crew", Key: "b"}, Lead: "Joao:", Icon: IconAttach, Line: "shotlist-v7.pdf", Time: "14:10", Unread: 4},
	{ID: "3", Name: "Petra Solberg", Face: Face{Name: "Petra Solberg", Key: "c"}, Line: "typing…", LineTone: ToneGood, Italic: true, Time: "12:55"},
	{ID: "4", Name: "Notes to self", Face: Face{Self: true}, HasReceipt: true, Receipt: chat.ReceiptSent, Icon: IconPicture, Line: "invoice-0423.jpg", Time: "Yesterday"},
	{ID: "5", Name: "Anders Berg", Face: Face{Name: "Anders Berg", Key: "e"}, Lead: "Draft:", LeadTone: ToneBad, Line: "could you resend the contract that we talked about last week?", Time: "Fri"},
	{ID: "6", Name: "Somebody with a name that is longer than any row can be", Face: Face{Name: "Somebody Else", Key: "f"}, HasReceipt: true, Receipt: chat.ReceiptRead, Line: "See you there", Time: "2026-01-02", Unread: 1200},
	{ID: "7", Name: "Bo", Face: Face{Name: "Bo", Key: "g"}, HasReceipt: true, Receipt: chat.ReceiptFailed, Line: "Not sent", LineTone: ToneBad, Time: "Mon"},
}

func TestShellLooks(t *testing.T) {
	inBoth(t, "new-group", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		s := NewGroupSheet()
		s.Name.SetText("Film crew")
		s.People.SetPeople([]chat.Account{{ID: "a", Name: "Ines Tavares"}, {ID: "b", Name: "Somebody with a name that is much longer than any row can show"}}, "")
		s.People.pick(chat.Account{ID: "a", Name: "Ines Tavares"})
		s.Fail("The relay can't be reached at the moment; try again when it is.")
		w := room(t, v, container.NewStack(), 560, 620)
		s.Sheet.ShowOn(w.Canvas(), nil)
		return w
	})
	inBoth(t, "group", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		p := NewGroupPage()
		more := []*fyne.MenuItem{fyne.NewMenuItem("Write", nil)}
		p.Set(Face{Name: "Film crew", Key: "g"}, "3 people", []MemberRow{
			{Account: chat.Account{ID: "m", Name: "Mara Reyes"}, Detail: "You · owner"},
			{Account: chat.Account{ID: "a", Name: "Ines Tavares"}, Detail: "admin", Online: true, Menu: more},
			{Account: chat.Account{ID: "b", Name: "Somebody with a name that is much longer than any row can show"}, Detail: "member", Menu: more},
		}, true, true)
		p.Answer("A group needs an owner: make somebody else one first.")
		w := room(t, v, container.NewStack(), 560, 620)
		p.Sheet.ShowOn(w.Canvas(), nil)
		return w
	})
	inBoth(t, "settings", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		p := NewPages(PageName{"devices", "Devices", IconComputer}, PageName{"appearance", "Appearance", IconPicture}, PageName{"about", "About", IconTalk})
		a := NewToggle("Open pictures at once", "Those of people you know, up to the size below. Others wait for a click.", true, nil)
		b := NewToggle("Remove location and camera data from pictures", "", true, nil)
		b.Box, b.Aside = true, "saves 4.2 MB"
		b.Refresh()
		p.SetPage("appearance", NewColumn(10, a, NewToggle("Close to the tray", "", false, nil), NewPicker("Theme", "As the system has it, or always one.", []string{"System", "Light", "Dark"}, 0, nil), b,
			NewLine(12, NewButton(PlainButton, "Test", nil), NewButton(PrimaryButton, "Save", nil))))
		return room(t, v, p, 700, 420)
	})
	inBoth(t, "media", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		s := NewMediaSheet("Ines Tavares")
		s.Thumbnail = func(_ []byte, w, h int, _ func()) image.Image {
			img := image.NewRGBA(image.Rect(0, 0, w, h))
			for i := range img.Pix {
				img.Pix[i] = uint8(i / 4 % w * 255 / w)
				if i%4 == 3 {
					img.Pix[i] = 255
				}
			}
			return img
		}
		w := room(t, v, container.NewStack(), 760, 660)
		s.Sheet.ShowOn(w.Canvas(), nil)
		var all []chat.Message
		for i := range 7 {
			all = append(all, chat.Message{ID: chat.MessageID(rune('a' + i)), Content: chat.Content{Kind: chat.KindMessage,
				File: &chat.File{Name: "harbour.jpg", MIME: "image/jpeg", Width: 400 + 100*i, Height: 600, Size: 3 << 20, Thumbnail: []byte{1}}}})
		}
		s.SetMessages(all, "")
		return w
	})
	inBoth(t, "rows", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		l := NewConversationList()
		l.SetRows(rowsOfEveryKind, "")
		l.SetSelected("1")
		return room(t, v, l, 320, 7*ConversationRowHeight)
	})
	inBoth(t, "rows-set", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		l := NewConversationList()
		l.SetRows(rowsThatWereSet, "")
		l.SetSelected("3")
		return room(t, v, l, 320, 6*ConversationRowHeight)
	})
	inBoth(t, "composer", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		empty, full := NewComposer(), NewComposer()
		empty.SetHint("Message Ines…")
		box := container.NewVBox(empty, full)
		w := room(t, v, box, 640, 300)
		full.SetText("One line,\nanother one,\nand one that is long enough to be broken by the field, since nobody likes to scroll sideways while writing.")
		box.Refresh()
		return w
	})
	inBoth(t, "welcome", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		return room(t, v, NewWelcome("Mara Reyes"), 1000, 720)
	})
	inBoth(t, "welcome-wrong", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		welcome := NewWelcome("Mara Reyes")
		w := room(t, v, welcome, 640, 520)
		welcome.SetLink("satchel://wrong")
		welcome.Fail("This is not an invitation: it should look like satchel://…?code=…&key=…, copied whole.")
		w.Canvas().Unfocus()
		return w
	})
	inBoth(t, "send", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		w := room(t, v, NewDropTarget(true, false), 900, 560)
		s := NewSendSheet()
		s.Add(SendFile{Path: "/1", Name: "IMG_2041.jpg", Size: 3_100_000}, SendFile{Path: "/2", Name: "shotlist-v7.pdf", Size: 840_000}, SendFile{Path: "/3", Name: "harbour-rushes.zip", Size: 2_400_000_000})
		img := image.NewRGBA(image.Rect(0, 0, 64, 48))
		for i := range img.Pix {
			img.Pix[i] = uint8(0x60 + i%97)
		}
		s.SetPicture("/1", img, &chat.File{MIME: "image/jpeg", Thumbnail: []byte{1}, Width: 4032, Height: 3024},
			chat.PictureFacts{Place: true, Lat: 41.15, Lon: -8.61, Camera: "Canon EOS R8", Taken: "2026:05:03 14:07:09"})
		s.SetPicture("/2", img, &chat.File{MIME: "application/pdf", Thumbnail: []byte{1}, Width: 226, Height: 320, Pages: 12}, chat.PictureFacts{})
		s.Sheet.ShowOn(w.Canvas(), nil)
		return w
	})
	inBoth(t, "side", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		head, foot, chatHead, notice := NewSideHead(), NewSideFoot(), NewChatHead(), NewNoticeBar()
		head.SetFace(Face{Name: "Mara Reyes", Key: "me"})
		head.SetStatus("Connected to studio relay", "Connected", ToneMuted)
		foot.Set("3 transfers", "41 MB/s · 0:18 left", 0.62)
		chatHead.Set(Face{Name: "Ines Tavares", Key: "a"}, "online", ToneMuted)
		notice.Say("The relay's storage is full. Nothing was lost.")
		return room(t, v, container.NewVBox(head, foot, chatHead, notice), 320, 320)
	})
	inBoth(t, "drop", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		d := NewDropTarget(true, true)
		d.Set(IconDrop, "Drop to send to Ines Tavares", "Files of any kind and size.")
		return room(t, v, d, 640, 420)
	})
}

// rowsThatWereSet are those that the person pinned, muted, marked or put away.
var rowsThatWereSet = []Row{
	{ID: "1", Name: "Ines Tavares", Face: Face{Name: "Ines Tavares", Key: "a", Online: true}, Line: "See you at the harbour", Time: "14:32", Pinned: true},
	{ID: "2", Name: "Film crew", Face: Face{Name: "Film crew", Key: "b"}, Lead: "Joao:", Icon: IconAttach, Line: "shotlist-v7.pdf, the one with all of the changes", Time: "14:10", Unread: 4, Pinned: true, Muted: true},
	{ID: "3", Name: "Petra Solberg", Face: Face{Name: "Petra Solberg", Key: "c"}, Line: "Read it again when you have time for it, please", Time: "12:55", Marked: true},
	{ID: "4", Name: "A group that talks all day long, about everything", Face: Face{Name: "All Day", Key: "d"}, Line: "and on", Time: "Yesterday", Unread: 1200, Muted: true},
	{ID: "5", Name: "Anders Berg", Face: Face{Name: "Anders Berg", Key: "e"}, Line: "Muted and marked", Time: "Fri", Muted: true, Marked: true},
	{Folder: true, Name: "Archived", Face: Face{Icon: IconArchive}, Line: "Old project, Bo, Carl", Unread: 3, Muted: true},
}

// The menu of a conversation opens by a click and by the keyboard.
func TestConversationMenu(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	l := NewConversationList()
	var asked []chat.ConversationID
	l.OnMenu = func(r Row) []*fyne.MenuItem {
		asked = append(asked, r.ID)
		return []*fyne.MenuItem{fyne.NewMenuItem("Pin to the top", nil)}
	}
	var chosen []Row
	l.OnSelect = func(r Row) { chosen = append(chosen, r) }
	w := room(t, theme.VariantLight, l, 320, 480)
	l.SetRows(rowsThatWereSet, "")
	l.SetSelected("3")
	test.TapSecondary(l.RowObject("2").(fyne.SecondaryTappable))
	w.Canvas().Overlays().Top().Hide()
	w.Canvas().Focus(l.list)
	l.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyDown})
	l.list.TypedKey(&fyne.KeyEvent{Name: desktop.KeyMenu})
	l.list.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if !l.ShowMenu() {
		t.Error("the open conversation has no menu")
	}
	if !slices.Equal(asked, []chat.ConversationID{"2", "2", "3"}) {
		t.Errorf("menus of %v", asked)
	}
	if len(chosen) != 1 || chosen[0].ID != "2" {
		t.Errorf("Enter chose %+v", chosen)
	}
	if l.menuAt(5) || l.menuAt(6) || l.menuAt(-1) {
		t.Error("the archive has a menu")
	}
}

func TestConversationList(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	l := NewConversationList()
	var chosen []chat.ConversationID
	l.OnSelect = func(r Row) { chosen = append(chosen, r.ID) }
	w := room(t, theme.VariantLight, l, 320, 480)
	l.SetRows(rowsOfEveryKind, "nobody")
	test.TapCanvas(w.Canvas(), fyne.NewPos(150, 64+20))
	if !slices.Equal(chosen, []chat.ConversationID{"2"}) {
		t.Fatalf("a tap on the second row chose %v", chosen)
	}
	for _, c := range []struct {
		at   chat.ConversationID
		step int
		want chat.ConversationID
	}{{"", 1, "1"}, {"", -1, "7"}, {"1", 1, "2"}, {"1", -1, ""}, {"7", 1, ""}, {"gone", 1, "1"}} {
		l.SetSelected(c.at)
		if got := l.Next(c.step); got != c.want {
			t.Errorf("%d from %q is %q, want %q", c.step, c.at, got, c.want)
		}
	}
	if l.RowObject("1") == nil || l.RowObject("none") != nil {
		t.Error("the drawn rows are not found by their conversation")
	}
	l.SetRows(nil, "nobody")
	if !l.empty.Visible() || l.empty.Text != "nobody" {
		t.Error("an empty list does not say so")
	}
}

func TestInitials(t *testing.T) {
	for name, want := range map[string]string{"Mara Reyes": "MR", "ana": "A", "João  da Silva": "JS", "花子": "花", "👩‍🎨 Ada": "👩‍🎨A", "": "?", "jean-luc": "JL"} {
		if got := initials(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestComposer(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	c := NewComposer()
	w := room(t, theme.VariantLight, c, 600, 200)
	var sent, changed []string
	refused := ""
	take := true
	c.OnSend = func(s string) bool { sent = append(sent, s); return take }
	c.OnChanged = func(s string) { changed = append(changed, s) }
	c.OnRefused = func(s string) { refused = s }
	key := func(name fyne.KeyName) { c.entry.TypedKey(&fyne.KeyEvent{Name: name}) }

	c.Focus()
	key(fyne.KeyReturn)
	test.Type(c.entry, " hello ")
	c.entry.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	key(fyne.KeyReturn)
	c.entry.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	test.Type(c.entry, "there")
	if len(sent) != 0 || c.Text() != " hello \nthere" {
		t.Fatalf("sent %q, written %q", sent, c.Text())
	}
	take = false
	key(fyne.KeyReturn)
	if c.Text() == "" {
		t.Fatal("what was not taken is gone")
	}
	take = true
	key(fyne.KeyEnter)
	if !slices.Equal(sent, []string{"hello \nthere", "hello \nthere"}) || c.Text() != "" || !c.Send.Disabled() {
		t.Fatalf("sent %q, left %q", sent, c.Text())
	}
	n := len(changed)
	c.SetText("a draft")
	if len(changed) != n {
		t.Error("a draft that is put in counts as written")
	}
	test.Tap(c.Send)
	if len(sent) != 3 {
		t.Error("the button does not send")
	}

	one := c.MinSize().Height
	resized := 0
	c.OnResize = func() { resized++ }
	for lines, last := 2, one; lines < 12; lines++ {
		c.SetText(strings.Repeat("x\n", lines-1) + "x")
		h := c.MinSize().Height
		if lines <= composerLines && h <= last || lines > composerLines && h != last {
			t.Errorf("%d lines: %v high after %v", lines, h, last)
		}
		last = h
	}
	if resized != composerLines-1 {
		t.Errorf("asked for another height %d times", resized)
	}

	// The limit: nothing more goes in, and nothing is lost.
	c.SetText(strings.Repeat("x", MaxTyped-2))
	c.entry.TypedRune('y')
	if refused == "" || len(c.Text()) != MaxTyped-2 {
		t.Errorf("%d bytes are written, and %q was said", len(c.Text()), refused)
	}
	long := ""
	c.OnLong = func(text string) { long = text }
	fyne.CurrentApp().Clipboard().SetContent(strings.Repeat("z", 100))
	c.entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: fyne.CurrentApp().Clipboard()})
	if len(long) != 100 || strings.Contains(c.Text(), "z") {
		t.Errorf("a paste over the limit: %d bytes are handed on", len(long))
	}
	for _, text := range []string{strings.Repeat("\n", maxTypedLines), strings.Repeat("x", maxTypedWord+1)} {
		c.SetText("")
		fyne.CurrentApp().Clipboard().SetContent(text)
		c.entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: fyne.CurrentApp().Clipboard()})
		if long != text || c.Text() != "" {
			t.Errorf("%d bytes of %q are written", len(c.Text()), text[:1])
		}
	}
	c.SetText(strings.Repeat("\n", maxTypedLines-1))
	refused = ""
	c.entry.TypedRune('\n')
	if refused == "" || !Writable(c.Text()) {
		t.Errorf("one more line is written: %q", refused)
	}
	fyne.CurrentApp().Clipboard().SetContent(strings.Repeat("z", 100))
	c.SetText("")
	pasted := false
	c.OnPaste = func(words func(string)) { pasted = true; words(fyne.CurrentApp().Clipboard().Content()) }
	c.entry.TypedShortcut(&fyne.ShortcutPaste{Clipboard: fyne.CurrentApp().Clipboard()})
	if !pasted || len(c.Text()) != 100 {
		t.Errorf("pasted %v: %q", pasted, c.Text())
	}
	w.Canvas().Unfocus()
}

func TestWelcome(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := NewWelcome("")
	room(t, theme.VariantLight, w, 800, 700)
	var did []string
	w.OnStart = func(name string) { did = append(did, "start "+name) }
	w.OnJoin = func(name, link string) { did = append(did, "join "+name+" "+link) }
	test.Tap(w.Continue)
	if w.Reason() == "" || len(did) != 0 {
		t.Fatal("it begins without a name")
	}
	test.Type(w.Name, "  Mara ")
	test.Tap(w.Continue)
	test.Tap(w.Invited)
	if !w.Invited.Chosen() || w.Here.Chosen() {
		t.Fatal("both ways are chosen, or none")
	}
	test.Tap(w.Continue)
	if len(did) != 1 || w.Reason() == "" {
		t.Fatalf("without a link it did %v", did)
	}
	test.Type(w.Link, "satchel://x")
	w.Link.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	w.SetBusy(true)
	test.Tap(w.Continue)
	w.Fail("It is down.")
	if w.Name.Text != "  Mara " || w.Link.Text != "satchel://x" || w.Busy() || w.Reason() != "It is down." {
		t.Error("a failure took away what was typed")
	}
	if !slices.Equal(did, []string{"start Mara", "join Mara satchel://x"}) {
		t.Errorf("did %q", did)
	}
}

func TestSendSheet(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := room(t, theme.VariantLight, NewGround(ColorWindow), 800, 600)
	s := NewSendSheet()
	closed := 0
	s.Sheet.OnClose = func() { closed++ }
	var paths []string
	caption := ""
	var edit chat.PictureEdit
	s.OnSend = func(p []string, c string, e chat.PictureEdit) { paths, caption, edit = p, c, e }
	s.Add(SendFile{Path: "/a", Name: "a", Size: 1}, SendFile{Path: "/b", Name: "b", Size: 2})
	s.Add(SendFile{Path: "/a", Name: "a", Size: 1}, SendFile{Path: "/c", Name: "c", Size: 3_000_000})
	s.Sheet.ShowOn(w.Canvas(), s.Caption)
	test.Tap(s.RemoveButton(1))
	if s.Sheet.Title != "Send 2 files" || s.Send.Text != "Send 3 MB" {
		t.Errorf("%q, %q", s.Sheet.Title, s.Send.Text)
	}
	test.Type(s.Caption, " Harbour ")
	s.Caption.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if !slices.Equal(paths, []string{"/a", "/c"}) || caption != "Harbour" || edit != (chat.PictureEdit{Clean: true}) {
		t.Errorf("sent %v with %q, %+v", paths, caption, edit)
	}
	if s.Clean.Visible() || s.Smaller.Visible() {
		t.Error("options for pictures, and there is none")
	}
	// What is removed is said, what smaller ones save, too.
	s.SetPicture("/c", image.NewRGBA(image.Rect(0, 0, 4, 3)), &chat.File{MIME: "image/jpeg", Thumbnail: []byte{1}, Width: 4096, Height: 3072}, chat.PictureFacts{Place: true, Camera: "Pixel 9"})
	if !s.Clean.Visible() || s.Clean.Detail != "Removed: the place, Pixel 9." || !s.Smaller.Visible() || s.Smaller.Aside != "saves about 2.3 MB" {
		t.Errorf("%v %q, %v %q", s.Clean.Visible(), s.Clean.Detail, s.Smaller.Visible(), s.Smaller.Aside)
	}
	s.Clean.Tapped(nil)
	if s.Clean.Detail != "They go untouched, to the last bit, and tell the place, Pixel 9." {
		t.Errorf("%q", s.Clean.Detail)
	}
	s.Smaller.Tapped(nil)
	s.Caption.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if s.Send.Text != "Send 750 KB" || edit != (chat.PictureEdit{Smaller: true}) {
		t.Errorf("%q, %+v", s.Send.Text, edit)
	}
	test.Tap(s.RemoveButton(0))
	test.Tap(s.RemoveButton(0))
	if closed != 1 || s.Sheet.Shown() || len(w.Canvas().Overlays().List()) != 0 {
		t.Error("a sheet without files stays")
	}
}

func TestSheetCloses(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := room(t, theme.VariantLight, NewGround(ColorWindow), 800, 600)
	for name, act := range map[string]func(*Sheet){
		"escape": func(s *Sheet) { s.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape}) },
		"a tap beside": func(s *Sheet) {
			test.TapCanvas(w.Canvas(), fyne.NewPos(5, 5)) // the second of a double click, which brought it
			if !s.Shown() {
				t.Error("a double click closes what it brings")
			}
			s.shown = time.Time{}
			test.TapCanvas(w.Canvas(), fyne.NewPos(5, 5))
		},
		"the cross": func(s *Sheet) { test.Tap(s.Close) },
	} {
		pressed := 0
		s := NewSheet("Title", NewParagraph("Words", SizeText, ColorText, fyne.TextAlignLeading), NewButton(PrimaryButton, "Do", func() { pressed++ }))
		s.ShowOn(w.Canvas(), nil)
		test.TapCanvas(w.Canvas(), fyne.NewPos(400, 300)) // on the card: stays
		if !s.Shown() {
			t.Errorf("%s: a tap on the card closed it", name)
		}
		s.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
		act(s)
		if s.Shown() || pressed != 1 {
			t.Errorf("%s: shown %v, pressed %d", name, s.Shown(), pressed)
		}
	}
}

// A name in front of a row's words leaves them room, and the count.
func TestRowOfLongName(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	r := &conversationRow{}
	r.ExtendBaseWidget(r)
	w := test.NewTempWindow(t, r)
	w.Resize(fyne.NewSize(320, 64))
	r.set(Row{ID: "c", Name: strings.Repeat("W", 64), Lead: strings.Repeat("W", 64) + ":", Line: "The boat leaves at six", Time: "12:00", Unread: 120}, false)
	end := float32(0)
	for _, o := range test.WidgetRenderer(r).Objects() {
		if x, ok := o.(*canvas.Text); ok && (x.Text == "120" || x.Text == unreadText(120)) {
			end = x.Position().X
		}
	}
	if end == 0 {
		t.Fatal("the row does not count")
	}
	for _, o := range test.WidgetRenderer(r).Objects() {
		if x, ok := o.(*canvas.Text); ok && x.Position().Y > 30 && x.Position().X < end && x.Position().X+x.MinSize().Width > end {
			t.Errorf("%q reaches to %v, and the count begins at %v", x.Text, x.Position().X+x.MinSize().Width, end)
		}
	}
}

func TestPersonList(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	l := NewPersonList("Whom?")
	room(t, theme.VariantLight, l, 400, 400)
	var asked []string
	var picked []chat.Account
	l.OnSearch = func(s string) { asked = append(asked, s) }
	l.OnPick = func(a chat.Account) { picked = append(picked, a) }
	test.Type(l.Search, "an")
	people := []chat.Account{{ID: "1", Name: "Ana"}, {ID: "2", Name: "Anders"}}
	l.SetPeople(people, "nobody")
	_, rows := l.Rows()
	test.Tap(rows[1].(fyne.Tappable))
	l.Search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if !slices.Equal(asked, []string{"a", "an"}) || !slices.Equal(picked, []chat.Account{people[1], people[0]}) {
		t.Errorf("asked %v, picked %v", asked, picked)
	}
	l.SetPeople(nil, "nobody")
	if !l.empty.Visible() || l.empty.Text() != "nobody" {
		t.Error("nobody is not said")
	}
}
