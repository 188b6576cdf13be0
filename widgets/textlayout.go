package widgets

import (
	"math"
	"sort"
	"strings"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"github.com/rivo/uniseg"
)

// textLayout is a text broken into lines for one width.
type textLayout struct {
	rich
	size  float32
	style fyne.TextStyle
	pitch float32 // from one line to the next
	lines []textLine
	width float32 // of the widest line
}

// textLine is the run text[from:to] without the break that ended it.
type textLine struct {
	from, to int
	width    float32
}

func (l *textLayout) height() float32 { return float32(len(l.lines)) * l.pitch }

// layoutText is layoutRich of a text in one style.
func layoutText(text string, width, size, pitch float32, style fyne.TextStyle) *textLayout {
	return layoutRich(rich{text: text}, width, size, pitch, style)
}

// layoutRich breaks a text into lines that are no wider than width, where
// Unicode says that a line may end; a word that is wider than a line is broken
// between graphemes. Tabs become spaces, since their width depends on where
// they stand; the layout's text is what its lines are cut from.
func layoutRich(r rich, width, size, pitch float32, style fyne.TextStyle) *textLayout {
	width = max(width, 2*size)
	r = r.tabsAsSpaces()
	text := r.text
	l := &textLayout{rich: r, size: size, style: style, pitch: pitch}
	start, at := 0, 0 // of the line, and of the segment
	lineWidth := float32(0)
	end := func(to int, w float32) {
		l.lines = append(l.lines, textLine{start, to, w})
		l.width = max(l.width, w)
	}
	state, rest := -1, text
	for len(rest) > 0 {
		var segment string
		var must bool
		segment, rest, must, state = uniseg.FirstLineSegmentInString(rest, state)
		word := strings.TrimRightFunc(segment, unicode.IsSpace)
		ww := l.wordWidth(at, at+len(word))
		if (lineWidth+ww > width || at-start > maxLine) && at > start {
			to := trimmedEnd(text, start, at)
			end(to, lineWidth-l.spaceWidth(to, at))
			start, lineWidth = at, 0
		}
		for ww > width {
			// A word that no line holds: as many graphemes as fit, at least one.
			cut, cw := l.fitGraphemes(at, at+len(word), width)
			if cut == len(word) {
				ww = cw
				break
			}
			at += cut
			end(at, cw)
			start = at
			word, segment = word[cut:], segment[cut:]
			ww = l.wordWidth(at, at+len(word))
		}
		at += len(segment)
		space := segment[len(word):]
		if must && len(rest) > 0 || must && strings.ContainsAny(space, "\n\r\u2028\u2029\v\f\u0085") {
			end(start+len(strings.TrimRightFunc(text[start:at], unicode.IsSpace)), lineWidth+ww)
			start, lineWidth = at, 0
			continue
		}
		lineWidth += ww
		if space != "" {
			lineWidth += l.spaceWidth(at-len(space), at)
		}
	}
	if start < len(text) || len(l.lines) == 0 {
		to := trimmedEnd(text, start, len(text))
		end(to, lineWidth-l.spaceWidth(to, len(text)))
	}
	return l
}

// What is measured and drawn in one piece is bounded, whatever somebody writes:
// shaping takes more than its share of time for long runs.
const (
	maxMeasured = 1024 // bytes of a word that are measured; a longer one fits no line
	maxLine     = 4096 // bytes after which a line ends, however narrow they are
	maxGrapheme = 64   // bytes of one character with all its marks
	maxBroken   = 2048 // bytes of a line of a word that no line holds
)

// wordWidth is how wide a word is; for one that no line holds, wider than any.
func (l *textLayout) wordWidth(from, to int) float32 {
	if to-from > maxMeasured {
		return math.MaxFloat32
	}
	return l.measure(from, to)
}

// spaceWidth is how wide white space is; nobody sees where very much of it ends.
func (l *textLayout) spaceWidth(from, to int) float32 {
	return l.measure(from, min(to, from+maxMeasured))
}

// trimmedEnd is where text[from:to] ends without its trailing spaces.
func trimmedEnd(text string, from, to int) int {
	return from + len(strings.TrimRightFunc(text[from:to], unicode.IsSpace))
}

// fitGraphemes returns how many bytes of the word text[from:to] fit into width,
// and how wide they are: never less than one grapheme.
func (l *textLayout) fitGraphemes(from, to int, width float32) (int, float32) {
	var ends []int
	at, state, rest := from, -1, l.text[from:to]
	var cluster string
	// A line never holds more graphemes than this; don't walk megabytes for it.
	for limit := int(width/l.size*8) + 8; rest != "" && len(ends) < limit && at-from < maxBroken; {
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		for len(cluster) > maxGrapheme { // no writing has these
			cut := maxGrapheme
			for cut > 1 && !utf8.RuneStart(cluster[cut]) {
				cut--
			}
			at, cluster = at+cut, cluster[cut:]
			ends = append(ends, at)
		}
		at += len(cluster)
		ends = append(ends, at)
	}
	low, high := 0, len(ends)-1
	for low < high {
		mid := (low + high + 1) / 2
		if l.drawn(from, ends[mid]) <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return ends[low] - from, l.drawn(from, ends[low])
}

// runs calls f for each run of text[from:to] that is in one style and in letters
// of one font, in order.
func (l *textLayout) runs(from, to int, f func(from, to int, s *span)) {
	at := from
	for n := sort.Search(len(l.spans), func(n int) bool { return l.spans[n].to > from }); n < len(l.spans) && l.spans[n].from < to; n++ {
		s := &l.spans[n]
		if begin := max(s.from, at); begin > at {
			l.inFonts(at, begin, nil, f)
			at = begin
		}
		end := min(s.to, to)
		l.inFonts(at, end, s, f)
		at = end
	}
	if at < to {
		l.inFonts(at, to, nil, f)
	}
}

// inFonts calls f for each part of a run that Inter has, and each that it has not.
// Fyne puts all letters of one text on the line of the tallest font among them, but
// gives them the height of the first: the feet of Latin letters beside Chinese ones
// would be cut off.
func (l *textLayout) inFonts(from, to int, s *span, f func(from, to int, s *span)) {
	start, foreign, known := from, false, false
	for at, r := range l.text[from:to] {
		if r < 0x0530 && !unicode.IsLetter(r) || r >= 0x0530 && unicode.In(r, unicode.Common, unicode.Inherited) {
			continue // signs, digits, emoji: with what is before them
		}
		other := r >= 0x0530 && !unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic)
		if known && other != foreign {
			f(start, from+at, s)
			start = from + at
		}
		foreign, known = other, true
	}
	if start < to {
		f(start, to, s)
	}
}

// style of a run.
func (l *textLayout) styleOf(s *span) fyne.TextStyle {
	if s == nil {
		return l.style
	}
	return s.style.over(l.style)
}

// measure is how wide text[from:to] is, by what is known of words.
func (l *textLayout) measure(from, to int) (w float32) {
	if len(l.spans) == 0 {
		return measureWord(l.text[from:to], l.size, l.style)
	}
	l.runs(from, to, func(from, to int, s *span) { w += measureWord(l.text[from:to], l.size, l.styleOf(s)) })
	return w
}

// drawn is how wide text[from:to] is when it is drawn.
func (l *textLayout) drawn(from, to int) (w float32) {
	l.runs(from, to, func(from, to int, s *span) {
		w += fyne.MeasureText(l.text[from:to], l.size, l.styleOf(s)).Width
	})
	return w
}

type wordKey struct {
	word  string
	size  float32
	style fyne.TextStyle
}

// wordWidths remembers how wide words are. It belongs to Fyne's goroutine, as
// everything in this package does; forgetWidths empties it when fonts change.
var wordWidths = map[wordKey]float32{}

const maxWordWidths = 20_000

func forgetWidths() {
	clear(wordWidths)
	clear(drops)
}

func measureWord(word string, size float32, style fyne.TextStyle) float32 {
	if word == "" {
		return 0
	}
	if len(word) > 64 {
		return fyne.MeasureText(word, size, style).Width
	}
	if w, ok := wordWidths[wordKey{word, size, style}]; ok {
		return w
	}
	meet(word)
	if len(wordWidths) >= maxWordWidths {
		clear(wordWidths)
	}
	w := fyne.MeasureText(word, size, style).Width
	// Cloned, or one word would keep the whole message in memory.
	wordWidths[wordKey{strings.Clone(word), size, style}] = w
	return w
}

// onlyEmoji tells whether a text is one to three emoji and nothing else, which
// is drawn big.
func onlyEmoji(text string) bool {
	text = strings.TrimSpace(text)
	if text == "" || len(text) > 128 {
		return false
	}
	n, state, rest := 0, -1, text
	for rest != "" {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if n++; n > 3 || !isEmoji(cluster) {
			return false
		}
	}
	return true
}

// isEmoji tells whether one grapheme is shown as an emoji.
func isEmoji(cluster string) bool {
	r, n := utf8.DecodeRuneInString(cluster)
	switch {
	case r >= 0x1F000 && r <= 0x1FAFF:
		return true
	case r >= 0x231A && r <= 0x3299: // older symbols are emoji when asked to be, or by habit
		return strings.ContainsRune(cluster[n:], 0xFE0F) || unicode.Is(emojiByHabit, r)
	}
	return strings.HasSuffix(cluster, "\uFE0F\u20E3") // keycaps
}

// emojiByHabit are the older symbols whose presentation is emoji without being
// asked (Unicode's Emoji_Presentation below U+10000).
var emojiByHabit = &unicode.RangeTable{R16: []unicode.Range16{
	{0x231A, 0x231B, 1}, {0x23E9, 0x23EC, 1}, {0x23F0, 0x23F3, 3}, {0x25FD, 0x25FE, 1}, {0x2614, 0x2615, 1},
	{0x2648, 0x2653, 1}, {0x267F, 0x2693, 20}, {0x26A1, 0x26AA, 9}, {0x26AB, 0x26BD, 18}, {0x26BE, 0x26C4, 6},
	{0x26C5, 0x26CE, 9}, {0x26D4, 0x26EA, 22}, {0x26F2, 0x26F3, 1}, {0x26F5, 0x26FA, 5}, {0x26FD, 0x2705, 8},
	{0x270A, 0x270B, 1}, {0x2728, 0x274C, 36}, {0x274E, 0x2753, 5}, {0x2754, 0x2755, 1}, {0x2757, 0x2795, 62},
	{0x2796, 0x2797, 1}, {0x27B0, 0x27BF, 15}, {0x2B1B, 0x2B1C, 1}, {0x2B50, 0x2B55, 5},
}}
