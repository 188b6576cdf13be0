package widgets

import (
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
		s := NewLocationSheet()
		s.SetPlace(chat.Location{Lat: 41.15, Lon: -8.61})
		s.Name.SetText("Harbour")
		s.Sheet.ShowOn(w.Canvas(), nil)
		return w
	})
	test.NewTempApp(t).Settings().SetTheme(NewTheme())
	w := room(t, theme.VariantLight, NewGround(ColorWindow), 700, 480)
	s := NewLocationSheet()
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
