package widgets

import (
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"

	"satchel/chat"
)

// answerItems are what other messages make of messages: quotes, edits,
// deletions, reactions, and words with markup.
func answerItems() []Item {
	items := []Item{
		said(1, false, "The boat leaves at **six**, *not* seven. The list is in `boats.csv`:\n```\nname  berth\nMaré  12\n```\nsee https://example.org/boats"),
		said(2, true, "Six it is."),
		said(3, false, "secret"),
		said(4, true, "That one, @Ines Tavares?"),
		fileItem(5, false, photo(3000, 1200), nil),
		said(6, true, "👍"),
		said(7, false, "An answer to what is not here."),
	}
	items[0].Reactions = []Reaction{{Emoji: "A", Count: 2, Mine: true, Who: "Bo, you"}, {Emoji: "B", Count: 1, Who: "Bo"}}
	items[1].Message.Content.Reply, items[1].QuoteFrom = messageID(1), "Ines Tavares"
	items[1].Message.ReplyTo = chat.QuoteOf(&items[0].Message)
	items[1].Message.Edited, items[1].Receipt = true, chat.ReceiptRead
	items[2].Message.Content, items[2].Message.Deleted = chat.Content{Kind: chat.KindMessage}, true
	items[3].Names = []string{"Ines Tavares", "Ines"}
	items[3].Message.Content.Reply, items[3].QuoteFrom = messageID(3), "Ines Tavares"
	items[3].Message.ReplyTo = chat.QuoteOf(&items[2].Message)
	items[4].Message.Content.Reply, items[4].QuoteFrom = messageID(2), "You"
	items[4].Message.ReplyTo = chat.QuoteOf(&items[1].Message)
	items[4].Reactions = items[0].Reactions[1:]
	items[5].Reactions = items[0].Reactions[:1]
	items[6].Message.Content.Reply = "nobody"
	return items
}

func TestAnswersLook(t *testing.T) {
	for name, variant := range map[string]fyne.ThemeVariant{"answers-light": theme.VariantLight, "answers-dark": theme.VariantDark} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, variant, 520, 900)
			s.timeline.Reset(answerItems(), false)
			s.timeline.Pick(messageID(2))
			s.timeline.Begin()
			s.settle()
			test.AssertImageMatches(t, name+".png", s.window.Canvas().Capture())
		})
	}
}

// Messages are chosen with Ctrl, from one to another with Shift, and let go by Escape.
func TestPick(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	told := -1
	tl.OnPicked = func(n int) { told = n }
	tl.Reset(numberedFromTo(1, 20), false)
	press := func(n int, m fyne.KeyModifier) bool { return tl.pick(tl.entries[tl.index[messageID(n)]], m) }
	if press(15, 0) || told != -1 {
		t.Error("a plain click chooses")
	}
	press(15, fyne.KeyModifierControl)
	press(18, fyne.KeyModifierShift)
	if told != 4 || len(tl.Picked()) != 4 || tl.Picked()[3].ID != messageID(18) {
		t.Errorf("%d are chosen", told)
	}
	press(16, 0) // while some are chosen, a click is enough
	tl.Remove(messageID(17))
	if told != 2 {
		t.Errorf("%d are chosen", told)
	}
	tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if told != 0 || len(tl.Picked()) != 0 {
		t.Error("Escape does not let go")
	}
}

// The keyboard goes from message to message, opens menus and leaves.
func TestKeyboardOnMessages(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	left := false
	tl.OnDone = func() { left = true }
	tl.Reset(numberedFromTo(1, 200), false)
	tl.Begin()
	if tl.current != messageID(200) {
		t.Fatalf("it begins at %s", tl.current)
	}
	for range 30 {
		tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyUp})
	}
	if y, shown := s.y(messageID(170)); tl.current != messageID(170) || !shown || y < 0 {
		t.Errorf("it is at %s", tl.current)
	}
	tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if s.window.Canvas().Overlays().Top() == nil {
		t.Error("there is no menu")
	}
	s.window.Canvas().Overlays().Remove(s.window.Canvas().Overlays().Top())
	tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEscape})
	if !left || tl.current != "" {
		t.Error("Escape does not leave")
	}
}

// A quote leads to its message, which stands out for a moment; one that is not
// loaded is asked for.
func TestQuoteLeads(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	asked := chat.MessageID("")
	tl.OnQuote = func(id chat.MessageID) { asked = id }
	items := numberedFromTo(1, 200)
	items[199].Message.Content.Reply = messageID(20)
	items[198].Message.Content.Reply = "far away"
	tl.Reset(items, false)
	tl.entries[198].widget.quote.tapped()
	if asked != "far away" {
		t.Errorf("asked for %q", asked)
	}
	tl.entries[199].widget.quote.tapped()
	if y, shown := s.y(messageID(20)); !shown || y < 0 || y > 400 {
		t.Errorf("it is at %v", y)
	}
	if tl.flashed != nil || tl.Flash("nobody") {
		t.Error("a flash does not end")
	}
}

func TestReactions(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	pressed := ""
	tl.OnReact = func(m chat.Message, emoji string) { pressed = string(m.ID) + emoji }
	it := said(1, false, "x")
	for i := range 40 {
		it.Reactions = append(it.Reactions, Reaction{Emoji: strings.Repeat("W", 1+i%9), Count: i})
	}
	tl.Reset([]Item{it}, false)
	if n := len(tl.entries[0].lay.pills); n != maxPills {
		t.Errorf("%d reactions are drawn", n)
	}
	for _, p := range tl.entries[0].lay.pills {
		if p.x+p.w > tl.entries[0].lay.size.Width || p.y+p.h > tl.entries[0].lay.size.Height {
			t.Errorf("a reaction sticks out: %+v of %v", p.box, tl.entries[0].lay.size)
		}
	}
	s.tap("React with W")
	if pressed != "m00000001W" {
		t.Errorf("pressed %q", pressed)
	}
}

func TestMarkup(t *testing.T) {
	names := []string{"Bo", "Bo Li"}
	for in, want := range map[string]string{
		"plain":                            "plain",
		"**bold** and *italic*":            "[bold|b] and [italic|i]",
		"**bold *both* bold**":             "[bold |b][both|bi][ bold|b]",
		"2*3*4, a * b * c, ** x **":        "2*3*4, a * b * c, ** x **",
		"`code` ``":                        "[code|c] ``",
		"`**no**`":                         "[**no**|c]",
		"```go\nx := 1\n\ty\n```after":     "[x := 1\n\ty|c]after",
		"```one line```":                   "[one line|c]",
		"``` unclosed":                     "``` unclosed",
		"**open":                           "**open",
		"*a\nb*":                           "*a\nb*",
		"@bo @Bo Li, x@bo @bob":            "[@bo|m] [@Bo Li|m], x@bo @bob",
		"**see https://x.org/*a*b now**":   "[see |b][https://x.org/*a*b|bl][ now|b]",
		"mailto:a@x.org satchel://h/?code": "[mailto:a@x.org|l] [satchel://h/?code|l]",
		"***x***":                          "***x***",
	} {
		r := parseMarkup(in, names)
		var b strings.Builder
		at := 0
		for _, s := range r.spans {
			b.WriteString(r.text[at:s.from] + "[" + r.text[s.from:s.to] + "|")
			for i, c := range "bicm" {
				if s.style&(1<<i) != 0 {
					b.WriteRune(c)
				}
			}
			if s.url != nil {
				b.WriteString("l")
			}
			b.WriteString("]")
			at = s.to
		}
		b.WriteString(r.text[at:])
		if b.String() != want {
			t.Errorf("%q became %q, want %q", in, b.String(), want)
		}
	}
}

// Whatever is written: spans are in order and inside the text, no letter is
// made up, and what has no signs stays as it is.
func FuzzMarkup(f *testing.F) {
	for _, s := range []string{"**a** *b* `c`", "```\nx\n```", "*a **b** c*", "https://x.org/(a)* @Bo", "\u202eabc\u0300\u0301\u0302", "👨‍👩‍👧‍👦**👍**", "``````", "\xff*a*", "***", "a\tb*c\td*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, in string) {
		r := parseMarkup(in, []string{"Bo"})
		at := 0
		for _, s := range r.spans {
			if s.from < at || s.to <= s.from || s.to > len(r.text) {
				t.Fatalf("%q: span %+v behind %d of %q", in, s, at, r.text)
			}
			at = s.to
		}
		if !utf8.ValidString(r.text) || len(r.text) > 3*len(in) {
			t.Fatalf("%q became %q", in, r.text)
		}
		valid := strings.ToValidUTF8(in, "\uFFFD")
		if !strings.ContainsAny(in, "*`") && r.text != valid {
			t.Fatalf("%q became %q", in, r.text)
		}
		rest := valid // the text is what was written, without some signs
		for _, c := range r.text {
			i := strings.IndexRune(rest, c)
			if i < 0 {
				t.Fatalf("%q: %q is made up", in, c)
			}
			rest = rest[i+utf8.RuneLen(c):]
		}
	})
}

// Texts that were made to hurt are drawn in bounded time.
func TestHostileTexts(t *testing.T) {
	s := lightStage(t, 640, 560)
	most := chat.MaxText / 8
	if os.Getenv("SATCHEL_FAULTS") != "" {
		most = chat.MaxText
	}
	for name, text := range map[string]string{
		"stars":     strings.Repeat("*a ", most/3),
		"pairs":     strings.Repeat("**a** ", most/6),
		"ticks":     strings.Repeat("`", most),
		"fences":    strings.Repeat("```", most/3),
		"at":        strings.Repeat("@B ", most/3),
		"brackets":  "https://" + strings.Repeat(")", most-8),
		"links":     strings.Repeat("www.x ", most/6),
		"emoji":     strings.Repeat("👨‍👩‍👧‍👦", most/25),
		"zalgo":     "z" + strings.Repeat("\u0300\u0489", most/5),
		"bidi":      strings.Repeat("\u202eשלום ", most/16),
		"no breaks": strings.Repeat("x", most),
	} {
		began := time.Now()
		it := said(1, false, text)
		it.Names = []string{"Bo"}
		s.timeline.Reset([]Item{it}, false)
		s.timeline.expand(s.timeline.entries[0])
		s.window.Canvas().Capture()
		t.Logf("%s: %v", name, time.Since(began))
	}
}

func TestEmojiPicker(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range allEmoji {
		if seen[e.sign] || !isEmoji(e.sign) || len(e.sign) > chat.MaxReaction || e.words == "" {
			t.Errorf("%q (%s) is no emoji, or there twice", e.sign, e.words)
		}
		if e.names[0] == "" || e.names[1] == "" || emojiName(e.sign) != e.names[0] {
			t.Errorf("%q is called %q", e.sign, e.names)
		}
		seen[e.sign] = true
	}
	s := lightStage(t, 640, 560)
	p := NewEmojiPicker([]string{"🚀"})
	picked := ""
	p.OnPick = func(e string) { picked = e }
	p.ShowOn(s.window.Canvas(), fyne.NewPos(600, 500))
	if p.Found()[0] != "🚀" {
		t.Errorf("the recent one is not first: %q", p.Found()[0])
	}
	test.Type(p.Search, "heart gr")
	if len(p.Found()) != 1 || p.Found()[0] != "💚" {
		t.Errorf("found %q", p.Found())
	}
	p.Search.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if picked != "💚" || s.window.Canvas().Overlays().Top() != nil {
		t.Errorf("picked %q", picked)
	}
}
