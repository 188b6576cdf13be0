package widgets

import (
	"math"
	"strings"
	"testing"
	"time"
	"unicode"

	"fyne.io/fyne/v2"
	"pgregory.net/rapid"
	"satchel/chat"
)

func TestHeightsAreAList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float32Range(0, 500), 0, 70).Draw(t, "heights")
		var h heights
		h.reset(len(values), func(i int) float32 { return values[i] })
		for range rapid.IntRange(0, 20).Draw(t, "acts") {
			if v := rapid.Float32Range(1, 500).Draw(t, "value"); len(values) == 0 || rapid.Bool().Draw(t, "push") {
				h.push(v)
				values = append(values, v)
			} else {
				i := rapid.IntRange(0, len(values)-1).Draw(t, "row")
				h.set(i, v)
				values[i] = v
			}
		}
		sum := 0.0
		for i, v := range values {
			if math.Abs(h.top(i)-sum) > 1e-3 {
				t.Fatalf("row %d begins at %v, want %v", i, h.top(i), sum)
			}
			if v > 1 {
				if got := h.find(sum + float64(v)/2); got != i {
					t.Fatalf("in the middle of row %d is %d", i, got)
				}
			}
			sum += float64(v)
		}
		if math.Abs(h.total()-sum) > 1e-3 {
			t.Fatalf("all are %v, want %v", h.total(), sum)
		}
		if n := len(values); h.find(sum+10) != n-1 || h.find(-5) > 0 {
			t.Fatalf("beyond the ends: %d and %d of %d", h.find(sum+10), h.find(-5), n)
		}
	})
}

// Every letter of a text is in one line, in order, and no line is wider than
// the bubble.
func TestTextIsBroken(t *testing.T) {
	lightStage(t, 300, 300)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOfN(rapid.SampledFrom([]rune("abcdefghijWMil .,-\n\t漢字かなé\u0301🙂)(/:")), 0, 400, -1).Draw(t, "text")
		width := float32(rapid.IntRange(30, 500).Draw(t, "width"))
		l := layoutText(text, width, TextSize, LineHeight, fyne.TextStyle{})
		if l.text != strings.ReplaceAll(text, "\t", "    ") {
			t.Fatalf("the text became %q", l.text)
		}
		text, at := l.text, 0
		for i, line := range l.lines {
			if line.from < at || line.to < line.from || line.to > len(text) {
				t.Fatalf("line %d is %d..%d behind %d", i, line.from, line.to, at)
			}
			if gap := text[at:line.from]; strings.TrimFunc(gap, unicode.IsSpace) != "" {
				t.Fatalf("%q is in no line", gap)
			}
			at = line.to
			if w := fyne.MeasureText(text[line.from:line.to], TextSize, fyne.TextStyle{}).Width; w > width+2 && len([]rune(text[line.from:line.to])) > 3 {
				t.Fatalf("line %d %q is %v wide, of %v", i, text[line.from:line.to], w, width)
			}
		}
		if rest := text[at:]; strings.TrimFunc(rest, unicode.IsSpace) != "" {
			t.Fatalf("%q is in no line", rest)
		}
	})
}

func TestLinks(t *testing.T) {
	for text, want := range map[string]string{
		"nothing":                                     "",
		"see https://example.org/a.":                  "https://example.org/a",
		"(https://example.org/a_(b)), really":         "https://example.org/a_(b)",
		"www.example.org/ü and http://x.org":          "https://www.example.org/%C3%BC http://x.org",
		"javascript://alert(1) file:///etc/passwd":    "",
		"HTTPS://EXAMPLE.ORG!":                        "https://EXAMPLE.ORG",
		"https://":                                    "",
		"mail me: a@example.org or ftp://x.example":   "",
		"mailto:a@example.org, satchel://h:1/?code=x": "mailto:a@example.org satchel://h:1/?code=x",
		"https://" + strings.Repeat(")", 5000):        "",
	} {
		var got []string
		for _, k := range findLinks(text) {
			got = append(got, k.url.String())
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: %q, want %q", text, s, want)
		}
	}
}

func TestOnlyEmoji(t *testing.T) {
	for text, want := range map[string]bool{
		"👍": true, "👍🏽 ": true, "👨‍👩‍👧‍👦🌊❤️": true, "1️⃣": true, "⭐": true, "🇵🇹": true,
		"": false, "a": false, "👍👍👍👍": false, "👍!": false, "12": false, "❤": false, "→": false,
	} {
		if onlyEmoji(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1 KB", 1500: "1.5 KB", 9949: "9.9 KB", 9950: "10 KB", 840_000: "840 KB", 999_499: "999 KB", 999_500: "1 MB",
		3_100_000: "3.1 MB", 812_000_000: "812 MB", 2_400_000_000: "2.4 GB", math.MaxInt64: "9.2 EB",
	} {
		if got := FormatSize(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for _, c := range []struct{ got, want string }{
		{FormatProgress(1_500_000_000, 2_400_000_000), "1.5 of 2.4 GB"},
		{FormatProgress(310_000_000, 812_000_000), "310 of 812 MB"},
		{FormatProgress(0, 0), "0 of 0 B"},
		{formatFraction(1_900_000, 3_100_000), "1.9 / 3.1 MB"},
		{FormatRate(41e6), "41 MB/s"},
		{FormatRate(math.NaN()), "0 B/s"},
		{FormatRate(math.Inf(1)), "4.6 EB/s"},
		{FormatLeft(0), ""},
		{FormatLeft(22 * time.Second), "0:22 left"},
		{FormatLeft(61*time.Minute + 5*time.Second), "1:01:05 left"},
		{FormatLeft(25 * time.Hour), "more than a day left"},
		{FormatDay(noon, noon), "Today"},
		{FormatDay(noon.Add(-13*time.Hour), noon), "Yesterday"},
		{FormatDay(noon.AddDate(0, 0, -3), noon), "Monday"},
		{FormatDay(noon.AddDate(0, -1, 0), noon), "14 April"},
		{FormatDay(noon.AddDate(-1, 0, 0), noon), "14 May 2025"},
		{shownName("a\u202Egpj.exe\n"), "agpj.exe"},
		{shownName(" \x00"), "File"},
		{extension("shotlist.pdf"), "PDF"},
		{extension("archive.tar.gz"), "GZ"},
		{extension("name.with-a-dash"), ""},
		{extension("README"), ""},
		{formatCoordinates(&chat.Location{Lat: 38.70561, Lon: -9.14462}), "38.7056, −9.1446"},
		{mapURL(38.7056, -9.1446).String(), "https://www.openstreetmap.org/?mlat=38.70560&mlon=-9.14460#map=16/38.70560/-9.14460"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}

func TestElide(t *testing.T) {
	lightStage(t, 300, 300)
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringOfN(rapid.SampledFrom([]rune("abcW -_.漢é")), 1, 120, -1).Draw(t, "name")
		width := float32(rapid.IntRange(20, 400).Draw(t, "width"))
		for _, s := range []string{ElideMiddle(name, width, TextSize, true), ElideEnd(name, width, TextSize, true)} {
			if w := MeasureText(s, TextSize, true).Width; w > width && s != "…" {
				t.Fatalf("%q is %v wide, of %v", s, w, width)
			}
		}
	})
	if got := ElideMiddle("a-very-long-name-of-a-film.mov", 120, TextSize, true); !strings.HasSuffix(got, ".mov") {
		t.Errorf("%q has lost its end", got)
	}
}

// A bubble is never wider than it may be, and holds all of its parts.
func TestBubblesFit(t *testing.T) {
	lightStage(t, 300, 300)
	rapid.Check(t, func(t *rapid.T) {
		it := fileItem(1, rapid.Bool().Draw(t, "mine"), nil, nil)
		c := &it.Message.Content
		if rapid.Bool().Draw(t, "text") {
			c.Text = strings.Repeat("word and ", rapid.IntRange(0, 40).Draw(t, "words")) + "x"
		}
		if rapid.Bool().Draw(t, "title") {
			c.Title = "A title " + strings.Repeat("W", rapid.IntRange(0, 90).Draw(t, "letters"))
		}
		switch rapid.IntRange(0, 3).Draw(t, "file") {
		case 1:
			c.File = movie()
		case 2:
			c.File = &chat.File{Name: strings.Repeat("n", 300), Size: 5}
		case 3:
			c.File = &chat.File{Name: "p.jpg", Thumbnail: []byte{1}, Width: rapid.IntRange(1, 9000).Draw(t, "w"), Height: rapid.IntRange(1, 9000).Draw(t, "h")}
		}
		if c.File != nil && rapid.Bool().Draw(t, "transfer") {
			it.Transfer = &chat.Transfer{State: chat.TransferState(rapid.IntRange(0, 8).Draw(t, "state")), Reason: strings.Repeat("Reason. ", rapid.IntRange(0, 30).Draw(t, "reason"))}
		}
		if rapid.Bool().Draw(t, "place") {
			c.Location = &chat.Location{Lat: 1, Lon: 2, Name: "Somewhere"}
		}
		if !it.Mine {
			it.Sender = "Ines Tavares"
		}
		room := float32(rapid.IntRange(int(leastRoom), 1500).Draw(t, "room"))
		l := layoutBubble(&entry{item: it, first: true, last: true}, room)
		if l.size.Width > bubbleWidth(room)+1 || l.size.Width < 20 || l.size.Height < 20 {
			t.Fatalf("%v of %v", l.size, bubbleWidth(room))
		}
		for name, b := range map[string]box{"file": l.fileBox, "picture": l.picture, "place": l.place, "time": l.metaBox} {
			if b.x < 0 || b.y < 0 || b.x+b.w > l.size.Width+0.5 || b.y+b.h > l.size.Height+0.5 {
				t.Fatalf("the %s %v is not in %v", name, b, l.size)
			}
		}
		for name, p := range map[string]placed{"text": l.text, "title": l.title, "note": l.note} {
			if p.textLayout != nil && (p.at.X+p.width > l.size.Width+0.5 || p.at.Y+p.height() > l.size.Height+0.5) {
				t.Fatalf("the %s at %v, %vx%v, is not in %v", name, p.at, p.width, p.height(), l.size)
			}
		}
	})
}

// A file's row is as wide in each state of its transfer while it moves, and shows as
// much of a long name as there is room for.
func TestMovingFilesKeepTheirWidth(t *testing.T) {
	width := func(name string, s chat.TransferState, room float32) (float32, string) {
		f := &chat.File{Name: name, Size: 812_000_000}
		it := Item{Message: chat.Message{ID: "m", Content: chat.Content{Kind: chat.KindMessage, File: f}}, Sender: "Ines",
			Transfer: &chat.Transfer{State: s, Direction: chat.Download, File: *f}}
		l := layoutBubble(&entry{item: it, first: true, last: true}, room)
		return l.size.Width, l.name
	}
	for _, name := range []string{"a.mov", "interview-take4-of-the-second-day.mov", strings.Repeat("long-", 60) + ".mov"} {
		for _, room := range []float32{leastRoom, 520, 1500} {
			first, _ := width(name, chat.TransferQueued, room)
			for _, s := range []chat.TransferState{chat.TransferMoving, chat.TransferPaused, chat.TransferWaiting, chat.TransferFinishing} {
				if got, _ := width(name, s, room); got != first {
					t.Errorf("%.10s in %v is %v wide in state %v, and %v before", name, room, got, s, first)
				}
			}
		}
	}
	if _, shown := width("interview-take4-of-the-second-day.mov", chat.TransferMoving, 1500); shown != "interview-take4-of-the-second-day.mov" {
		t.Errorf("%q, where there is room for all", shown)
	}
}

// People read dates and amounts as they write them.
func TestShortDates(t *testing.T) {
	if got := FormatDate(time.Date(2026, 11, 3, 12, 0, 0, 0, time.Local)); got != "3 Nov 2026" {
		t.Error(got)
	}
}
