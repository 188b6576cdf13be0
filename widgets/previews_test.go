package widgets

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"satchel/chat"
)

// previewItems are files that show something of their inside.
func previewItems() []Item {
	wave := make([]byte, 56)
	for i := range wave {
		wave[i] = byte(30 + (i*37+i*i*11)%220)
	}
	sound := func(name string) *chat.File {
		return &chat.File{URL: "/f", Name: name, MIME: "audio/wav", Size: 2_100_000, Duration: 34, Waveform: wave}
	}
	page := &chat.File{URL: "/f", Name: "shotlist-v7.pdf", MIME: "application/pdf", Size: 840_000, Pages: 12, Width: 226, Height: 320, Thumbnail: evening(226, 320)}
	code := &chat.File{URL: "/f", Name: "main.go", MIME: "text/plain", Size: 1_204, Excerpt: "package main\n\nimport \"fmt\"\n\nfunc main() {\n    fmt.Println(\"a line that is much too long for any bubble to show on one line\")"}
	film := photo(1920, 1080)
	film.Name, film.MIME, film.Duration = "take4.mp4", "video/mp4", 754
	items := []Item{
		fileItem(1, false, sound("voice.wav"), nil),
		fileItem(2, true, sound("harbour-atmo.wav"), nil),
		fileItem(3, false, page, nil),
		fileItem(4, true, code, nil),
		fileItem(5, false, film, nil),
		fileItem(6, true, film, nil),
		fileItem(7, false, code, &chat.Transfer{Direction: chat.Download, State: chat.TransferMoving, Offset: 600}),
	}
	items[1].Path, items[2].Path, items[3].Path, items[5].Path = "/f", "/f", "/f", "/f"
	return items
}

// soundItems are sounds and spoken words, as they are, while they play and paused.
func soundItems() []Item {
	sound := *previewItems()[0].Message.Content.File
	voice := sound
	voice.Name, voice.Voice, voice.Size = "Voice message 2026-05-14 11.58.12.wav", true, 1_088_044
	items := []Item{
		fileItem(1, false, &sound, nil),
		fileItem(2, true, &sound, nil),
		fileItem(3, false, &voice, nil),
		fileItem(4, false, &voice, nil),
		fileItem(5, true, &voice, nil),
		fileItem(6, true, &voice, &chat.Transfer{Direction: chat.Upload, State: chat.TransferMoving, Offset: 600_000}),
		said(7, false, "Listen to the gulls."),
	}
	items[1].Path, items[1].Heard = "/f", Heard{Playing: true, At: 12}
	items[3].Path, items[3].Heard = "/f", Heard{Playing: true, At: 21.4}
	items[4].Path, items[4].Heard = "/f", Heard{At: 6}
	items[6].Message.Content.File, items[6].Path = &voice, "/f"
	return items
}

// A press on the tile plays, one on the waveform seeks, and the menu has both ways.
func TestSoundBubble(t *testing.T) {
	s := lightStage(t, 520, 640)
	var played []chat.MessageID
	var parts []float64
	s.timeline.OnPlay = func(m chat.Message) { played = append(played, m.ID) }
	s.timeline.OnSeek = func(_ chat.Message, part float64) { parts = append(parts, part) }
	s.timeline.Reset(soundItems()[3:4], false)
	s.tap("Pause")
	s.tap("Play from here")
	if len(played) != 1 || len(parts) != 1 || parts[0] < 0.45 || parts[0] > 0.55 {
		t.Errorf("played %v, sought %v", played, parts)
	}
	var menu []string
	for _, i := range s.timeline.menu(s.timeline.entries[0]) {
		menu = append(menu, i.Label)
	}
	if strings.Join(menu[:2], " ") != "Pause Open" {
		t.Errorf("the menu has %v", menu)
	}
	before := s.timeline.entries[0].widget.Size()
	s.timeline.SetHeard(messageID(4), Heard{})
	s.timeline.SetHeard("m404", Heard{Playing: true})
	s.tap("Play")
	if after := s.timeline.entries[0].widget.Size(); len(played) != 2 || after != before {
		t.Errorf("played %v; as big as %v, then %v", played, before, after)
	}
}

func TestVoiceBar(t *testing.T) {
	levels := make([]byte, 300)
	for i := range levels {
		levels[i] = byte(20 + (i*37+i*i*11)%220)
	}
	for name, state := range map[string]VoiceState{"voice": {Seconds: 12.3, Levels: levels}, "voice-paused": {Seconds: 754, Levels: levels[:40], Paused: true}} {
		inBoth(t, name, func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
			b := NewVoiceBar()
			b.Show()
			w := room(t, v, b, 700, 64)
			b.Set(state)
			return w
		})
	}
	inBoth(t, "composer-voice", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		c := NewComposer()
		c.SetHint("Message Ines…")
		c.SetVoice(func() {})
		return room(t, v, c, 700, 64)
	})
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	b := NewVoiceBar()
	did := ""
	b.OnCancel, b.OnPause, b.OnSend = func() { did += "c" }, func() { did += "p" }, func() { did += "s" }
	b.TypedRune(' ')
	b.TypedRune('x')
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	b.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if did != "psc" {
		t.Errorf("the keys did %q", did)
	}
	c := NewComposer()
	c.SetVoice(func() {})
	c.SetText("words")
	if c.Voice.Visible() || !c.Send.Visible() {
		t.Error("words can't be sent")
	}
	c.SetText("")
	if !c.Voice.Visible() || c.Send.Visible() {
		t.Error("nothing can be said")
	}
}

func TestFormatDuration(t *testing.T) {
	for seconds, want := range map[float64]string{0.2: "0:00", 6.6: "0:07", 59.7: "1:00", 754: "12:34", 3599.4: "59:59", 3723: "1:02:03", -4: "0:00", 1e18: "277:46:40"} {
		if got := FormatDuration(seconds); got != want {
			t.Errorf("%v: %s, want %s", seconds, got, want)
		}
	}
}

// What a hostile sender says of a file's inside stays inside the bubble.
func TestHostileInside(t *testing.T) {
	lightStage(t, 520, 800)
	long := make([]byte, 1<<20)
	for i := range long {
		long[i] = 'x'
	}
	for i, it := range []Item{
		fileItem(1, false, &chat.File{URL: "/f", Name: "a.txt", Size: 1, Excerpt: string(long)}, nil),
		fileItem(2, false, &chat.File{URL: "/f", Name: "b.txt", Size: 1, Excerpt: "\u202egnp.exe\x00\n\n\n\xff"}, nil),
		fileItem(3, false, &chat.File{URL: "/f", Name: "c.wav", MIME: "audio/wav", Size: 1, Waveform: long, Duration: -1, Pages: -5}, nil),
		fileItem(4, false, &chat.File{URL: "/f", Name: "d.wav", MIME: "audio/wav", Size: 1, Waveform: []byte{255}, Duration: 1e300}, nil),
	} {
		lay := layoutBubble(&entry{item: it}, 480)
		if lay.size.Width > 480 || lay.size.Height > 240 || lay.size.Height <= 0 {
			t.Errorf("bubble %d is %v", i+1, lay.size)
		}
	}
}

func TestLocationSheet(t *testing.T) {
	inBoth(t, "location", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		w := room(t, v, NewDropTarget(true, false), 700, 480)
		s := NewLocationSheet("")
		s.SetPlace(chat.Location{Lat: 41.15, Lon: -8.61})
		s.Name.SetText("Harbour")
		s.Sheet.ShowOn(w.Canvas(), nil)
		return w
	})
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := room(t, theme.VariantLight, NewGround(ColorWindow), 700, 480)
	s := NewLocationSheet("")
	var sent []chat.Location
	s.OnSend = func(l chat.Location) { sent = append(sent, l) }
	s.Sheet.ShowOn(w.Canvas(), s.Place)
	test.Type(s.Place, "somewhere")
	test.Tap(s.Send)
	if len(sent) != 0 || !strings.HasPrefix(s.Words(), "This is no place yet.") {
		t.Errorf("%v, %q", sent, s.Words())
	}
	s.Place.SetText("https://maps.google.com/?q=-33.8568,151.2153")
	if s.Words() != "That is 33.8568° S, 151.2153° E." {
		t.Errorf("%q", s.Words())
	}
	test.Type(s.Name, " Opera ")
	test.Tap(s.Send)
	if len(sent) != 1 || sent[0] != (chat.Location{Lat: -33.8568, Lon: 151.2153, Name: "Opera"}) {
		t.Errorf("%+v", sent)
	}
}

// With a map server the sheet shows the map that will go along; without a map the
// place goes as it is; who presses Send first waits for it, or presses once more.
func TestLocationSheetMap(t *testing.T) {
	at, around := chat.Location{Lat: 41.15, Lon: -8.61}, &chat.Map{Picture: mapOfTest(t), Credit: "© OpenStreetMap contributors"}
	picture, _, err := image.Decode(bytes.NewReader(around.Picture))
	if err != nil {
		t.Fatal(err)
	}
	inBoth(t, "location-map", func(t *testing.T, v fyne.ThemeVariant) fyne.Window {
		w := room(t, v, NewDropTarget(true, false), 700, 620)
		s := NewLocationSheet("tile.openstreetmap.org")
		s.SetPlace(at)
		s.SetMap(at, around, picture)
		s.Sheet.ShowOn(w.Canvas(), nil)
		return w
	})
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	for name, c := range map[string]struct {
		do   func(s *LocationSheet)
		want []*chat.Map // of what is sent
	}{
		"the map is here":     {func(s *LocationSheet) { s.SetMap(at, around, picture); s.send() }, []*chat.Map{around}},
		"it comes":            {func(s *LocationSheet) { s.send(); s.SetMap(at, around, picture) }, []*chat.Map{around}},
		"it does not come":    {func(s *LocationSheet) { s.send(); s.NoMap(at, "None.") }, []*chat.Map{nil}},
		"sent without":        {func(s *LocationSheet) { s.send(); s.send() }, []*chat.Map{nil}},
		"it is not waited on": {func(s *LocationSheet) { s.NoMap(at, "None."); s.send() }, []*chat.Map{nil}},
		"of another place":    {func(s *LocationSheet) { s.SetMap(chat.Location{Lat: 1}, around, picture); s.send() }, nil},
		"another after it": {func(s *LocationSheet) {
			s.SetMap(at, around, picture)
			s.SetPlace(chat.Location{Lat: 1, Lon: 2})
			s.NoMap(chat.Location{Lat: 1, Lon: 2}, "None.")
			s.send()
		}, []*chat.Map{nil}},
	} {
		s := NewLocationSheet("tiles.example.org")
		var sent []*chat.Map
		asked := 0
		s.OnSend = func(l chat.Location) { sent = append(sent, l.Map) }
		s.OnPlace = func(l *chat.Location) { asked++ }
		s.SetPlace(at)
		c.do(s)
		if !slices.Equal(sent, c.want) || asked == 0 {
			t.Errorf("%s: sent %v, asked %d times", name, sent, asked)
		}
	}
}

// mapOfTest is a map that nobody has to be asked for: streets on a ground.
func mapOfTest(t *testing.T) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, chat.MapWidth, chat.MapHeight))
	for y := range chat.MapHeight {
		for x := range chat.MapWidth {
			c := color.RGBA{0xF2, 0xEF, 0xE9, 0xFF}
			switch {
			case y > 96+x/16:
				c = color.RGBA{0xAA, 0xD3, 0xDF, 0xFF}
			case (x+y/2)%64 < 6 || (2*y-x/3+400)%70 < 8:
				c = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
			case x > 210 && y < 50:
				c = color.RGBA{0xC8, 0xDF, 0xAF, 0xFF}
			}
			img.SetRGBA(x, y, c)
		}
	}
	var out bytes.Buffer
	if err := png.Encode(&out, img); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
