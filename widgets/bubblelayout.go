package widgets

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"satchel/chat"
)

// Distances inside a bubble.
const (
	bubblePadX    float32 = 12
	bubblePadY    float32 = 8
	mediaPad      float32 = 4 // around a picture
	metaGap       float32 = 12
	tickWidth     float32 = 18
	tickGap       float32 = 4
	pictureMax    float32 = 340 // a picture's longer side, at most
	pictureMin    float32 = 200 // a picture's width, at least: a caption must fit
	pictureLow    float32 = 96  // a picture's height, at least
	placeWidth    float32 = 300
	placeHeight   float32 = 120
	fileTile      float32 = 44
	fileColumn    float32 = 64 // where a file's name begins
	fileRow       float32 = 60
	fileControl   float32 = 38
	fileMinText   float32 = 190 // room for "1.5 of 2.4 GB · 41 MB/s · 0:22 left"
	foldLines             = 30
	foldBytes             = 6 << 10
	unfoldBytes           = 32 << 10 // more of it at a time: setting words takes time
	emojiSize     float32 = 38
	emojiPitch    float32 = 48
	noteLine      float32 = 15
	senderPitch   float32 = 18
	moreHeight    float32 = 24
	waveHeight    float32 = 28
	maxWave               = 64 // bars
	excerptPad    float32 = 8
	excerptLines          = 6
	pillHeight    float32 = 20
	lineAbove     float32 = 4 // and below a line that is no bubble
	metaLineExtra float32 = 3 // the time stands a little lower than the words
)

// bubbleKind says which pool a bubble's widget comes from.
type bubbleKind uint8

const (
	kindText bubbleKind = iota
	kindFile
	kindPicture
	kindPlace
	bubbleKinds
)

type box struct{ x, y, w, h float32 }

func (b box) empty() bool { return b.w <= 0 || b.h <= 0 }

// placed is a text at a place in its bubble.
type placed struct {
	*textLayout
	at fyne.Position
}

type metaPlace uint8

const (
	metaNone   metaPlace = iota
	metaLine             // in the bubble's last line
	metaPill             // on the picture
	metaDetail           // behind a file's details
)

// bubbleLayout is where everything in one bubble stands, for one width. It is
// made from values alone: measuring a bubble makes no widget.
type bubbleLayout struct {
	kind  bubbleKind
	size  fyne.Size
	plain bool // no background: big emoji
	muted bool // a sentence of Satchel's, not of the sender's

	sender placed
	quote  quoteLayout
	title  placed
	text   placed
	folded bool
	more   fyne.Position
	note   placed // what went wrong
	line   placed // all there is, of one that is no bubble

	file     fileState
	fileBox  box
	name     string
	detail   placed
	words    string // on the button; "" when there are glyphs or nothing
	controls int    // how many glyph buttons
	plays    bool   // the tile is a button that plays

	wave       box // of a sound
	voice      box // the waveform, where the sound is the message itself
	excerpt    placed
	excerptBox box

	picture box
	place   box
	coords  string

	meta    metaPlace
	clock   string
	metaBox box

	pills []pillLayout // reactions
}

// bubbleWidth is how wide a bubble may be in a timeline with that much room
// between its margins: 460 in the usual window, more in a very wide one.
func bubbleWidth(room float32) float32 {
	return min(room*0.88, max(460, min(room*0.553, 620)))
}

// pictureSize is how big a picture's bubble shows it, in Fyne's units.
func pictureSize(f *chat.File, room float32) fyne.Size {
	most := min(pictureMax, room)
	w, h := float32(max(1, f.Width)), float32(max(1, f.Height))
	scale := most / max(w, h)
	// A small picture grows to the least width only; a very long one is cropped.
	scale = min(scale, max(1, pictureMin/w))
	return fyne.NewSize(roundUp(min(max(w*scale, min(pictureMin, most)), most)), roundUp(min(max(h*scale, pictureLow), most)))
}

func roundUp(v float32) float32 { return float32(math.Ceil(float64(v) - 0.01)) }

// layoutBubble places everything that e's bubble shows; room is the width
// between the timeline's margins.
func layoutBubble(e *entry, room float32) *bubbleLayout {
	it := &e.item
	if it.Line != "" {
		return layoutLine(it.Line, room)
	}
	c := &it.Message.Content
	l := &bubbleLayout{clock: FormatClock(it.Message.At)}
	limit := bubbleWidth(room)
	text, title := c.Text, c.Title
	if it.Message.Edited {
		l.clock = lang.L("edited") + " " + l.clock
	}
	if it.Message.Deleted {
		l.muted, text = true, lang.L("This message was deleted")
	}
	if !c.Known() {
		l.muted, title = true, ""
		text = lang.L("This message needs a newer Satchel. It is kept, and shows once you have it.")
		if c.Kind == chat.KindUnreadable {
			text = lang.L("This message can't be opened on this computer. It is kept, and the others may still read it.")
			if c.Text != "" {
				text += " " + lang.L(c.Text)
			}
		}
	}
	y, w := bubblePadY, float32(0)
	known := c.Known()
	if e.first && it.Sender != "" && !it.Mine {
		name := ElideEnd(shownName(it.Sender), limit-2*bubblePadX, SmallSize, true)
		l.sender = placed{layoutText(name, limit, SmallSize, senderPitch, bold), fyne.NewPos(bubblePadX, y-1)}
		w = max(w, l.sender.width+2*bubblePadX)
		y += senderPitch
	}
	if known && c.Reply != "" {
		y, w = l.placeQuote(it, y, w, limit)
	}
	top := y
	if known && c.Location != nil {
		y, w = l.placeLocation(c.Location, y, w, limit)
	}
	if f := c.File; known && f != nil {
		l.file = fileStateOf(it)
		if f.IsPicture() {
			y, w = l.placePicture(f, y, w, limit)
		} else {
			y, w = l.placeFile(it, y, w, limit)
		}
	}
	media := y > top
	inner := limit - 2*bubblePadX
	if !l.picture.empty() || !l.place.empty() {
		inner = w - 2*bubblePadX
	}
	if media && (title != "" || text != "") && (!l.picture.empty() || !l.place.empty()) {
		y += 2
	} else if media && !l.fileBox.empty() && (title != "" || text != "") {
		y -= 2
	}
	lastLine := float32(-1) // width of the line that the time may share
	if title != "" {
		l.title = placed{layoutText(title, inner, TextSize, LineHeight, bold), fyne.NewPos(bubblePadX, y)}
		if n := len(l.title.lines); n > 4 {
			l.title.lines = l.title.lines[:4]
		}
		y += l.title.height()
		w = max(w, l.title.width+2*bubblePadX)
	}
	if text != "" {
		y, lastLine = l.placeText(text, e, y, inner, known && !media && title == "" && c.Reply == "")
		w = max(w, l.text.width+2*bubblePadX)
	}
	y, w = l.placeMeta(it, y, w, limit, lastLine, media && text == "" && title == "")
	if it.Message.State == chat.MessageFailed {
		reason := it.Message.Reason
		if reason == "" {
			reason = lang.L("It could not be sent. Nothing was lost.")
		}
		y, w = l.placeNote(reason, y, w, limit-2*bubblePadX)
	}
	y, w = l.placePills(it.Reactions, y, w, limit)
	if l.meta == metaLine && !l.plain {
		l.metaBox.x = w - bubblePadX - l.metaBox.w
	}
	if !l.quote.empty() {
		l.quote.w = w - 2*l.quote.x
	}
	if l.plain {
		l.size = fyne.NewSize(roundUp(w), roundUp(y))
		return l
	}
	bottom := bubblePadY
	if media && text == "" && title == "" && l.note.textLayout == nil && len(l.pills) == 0 {
		bottom = 0
	}
	l.size = fyne.NewSize(roundUp(w), roundUp(y+bottom))
	return l
}

// layoutLine is what somebody did: a line in the middle, without a bubble.
func layoutLine(words string, room float32) *bubbleLayout {
	t := layoutText(words, room-2*bubblePadX, SmallSize, SmallLineHeight, fyne.TextStyle{})
	return &bubbleLayout{plain: true, line: placed{t, fyne.NewPos(bubblePadX, lineAbove)},
		size: fyne.NewSize(roundUp(t.width+2*bubblePadX), roundUp(t.height()+2*lineAbove))}
}

var bold = fyne.TextStyle{Bold: true}

// placeText adds the words, folded when they are long, and returns where they
// end and how wide their last line is.
func (l *bubbleLayout) placeText(text string, e *entry, y, inner float32, alone bool) (float32, float32) {
	if alone && !l.muted && onlyEmoji(text) {
		l.plain = true
		l.text = placed{layoutText(strings.TrimSpace(text), inner, emojiSize, emojiPitch, fyne.TextStyle{}), fyne.NewPos(0, y-bubblePadY)}
		return y - bubblePadY + l.text.height(), -1
	}
	shown := text
	if most := max(foldBytes, e.unfolded); len(text) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(text[cut]) {
			cut--
		}
		shown, l.folded = text[:cut], true
	}
	style, parsed := fyne.TextStyle{}, rich{text: shown}
	if l.muted {
		style.Italic = e.item.Message.Deleted
	} else {
		parsed = e.parse(shown)
	}
	t := layoutRich(parsed, inner, TextSize, LineHeight, style)
	if e.unfolded == 0 && len(t.lines) > foldLines {
		t.lines, l.folded = t.lines[:foldLines], true
		t.rich = t.cut(t.lines[foldLines-1].to)
	}
	l.text = placed{t, fyne.NewPos(bubblePadX, y)}
	y += t.height()
	if l.folded {
		l.more = fyne.NewPos(bubblePadX, y)
		return y + moreHeight, measureWord(lang.L("Show more"), TextSize, bold)
	}
	return y, t.lines[len(t.lines)-1].width
}

// placePicture adds a picture, and the sentence below it when its transfer failed.
func (l *bubbleLayout) placePicture(f *chat.File, y, w, limit float32) (float32, float32) {
	l.kind = max(l.kind, kindPicture)
	s := pictureSize(f, limit-2*mediaPad)
	if y == bubblePadY {
		y = mediaPad
	}
	l.picture = box{mediaPad, y, s.Width, s.Height}
	y += s.Height + mediaPad
	w = max(w, s.Width+2*mediaPad)
	if l.file.bad {
		y, w = l.placeNote(l.file.detail, y, w, w-2*bubblePadX)
		y += 2
	}
	return y, w
}

// placeNote adds a sentence on what went wrong.
func (l *bubbleLayout) placeNote(s string, y, w, inner float32) (float32, float32) {
	t := layoutText(s, inner, SmallSize, SmallLineHeight, fyne.TextStyle{})
	if len(t.lines) > 6 {
		t.lines = t.lines[:6]
	}
	l.note = placed{t, fyne.NewPos(bubblePadX, y+2)}
	return y + 2 + t.height(), max(w, t.width+2*bubblePadX)
}

// placeLocation adds the card of a place: stripes, pin, name, coordinates.
func (l *bubbleLayout) placeLocation(p *chat.Location, y, w, limit float32) (float32, float32) {
	l.kind = kindPlace
	if y == bubblePadY {
		y = mediaPad
	}
	l.place = box{mediaPad, y, min(placeWidth, limit-2*mediaPad), placeHeight}
	l.coords = formatCoordinates(p)
	w = max(w, l.place.w+2*mediaPad)
	y += placeHeight + 6
	if p.Name != "" {
		y += LineHeight
	}
	y += SmallLineHeight + 5
	return y, w
}

func formatCoordinates(p *chat.Location) string {
	return strings.ReplaceAll(fmt.Sprintf("%.4f, %.4f", p.Lat, p.Lon), "-", "−")
}

// placeFile adds the row of a file that is not shown as a picture.
func (l *bubbleLayout) placeFile(it *Item, y, w, limit float32) (float32, float32) {
	l.kind = max(l.kind, kindFile)
	if y == bubblePadY {
		y = 0
	}
	s := &l.file
	content := &it.Message.Content
	l.plays = content.File.Plays() && (s.phase == fileHere || s.phase == fileRemote)
	if l.plays && content.File.IsVoice() && hasWave(content.File) {
		return l.placeVoice(it, y, w, limit)
	}
	alone := content.Text == "" && content.Title == "" && content.Location == nil
	detail, extra := s.detail, float32(0)
	if alone && !s.moving() && !s.bad {
		l.meta = metaDetail
		detail = join(detail, l.clock)
		if it.Mine {
			extra = tickGap + tickWidth
		}
	}
	switch {
	case s.phase == fileRemote:
		l.words = lang.L("Download")
	case s.phase == fileHere && l.plays:
	case s.phase == fileHere && content.File.IsSound():
		l.words = lang.L("Play") // in the program that the system has for it
	case s.phase == fileHere:
		l.words = lang.L("Open")
	case s.phase == fileFailed:
		l.words = lang.L("Retry")
	case s.phase == fileMoving, s.phase == filePaused, s.phase == fileWaiting, s.phase == fileQueued:
		l.controls = 2
	case s.moving():
		l.controls = 1
	}
	if s.phase == fileQueued {
		l.controls = 1
	}
	controls := float32(l.controls)*fileControl + 6
	if l.words != "" {
		controls = wordButtonSize(l.words).Width + metaGap
	}
	room := limit - fileColumn - controls - bubblePadY
	if l.meta == metaDetail && measureWord(detail, TinySize, fyne.TextStyle{})+extra > room { // the time stays whole
		detail = join(ElideEnd(s.detail, room-extra-measureWord(" · "+l.clock, TinySize, fyne.TextStyle{}), TinySize, false), l.clock)
	}
	name := fileName(content.File)
	column := max(measureWord(name, TextSize, bold), measureWord(detail, TinySize, fyne.TextStyle{})+extra, 96)
	if l.plays { // as wide while it plays: nothing moves then
		column = max(column, measureWord(FormatDuration(content.File.Duration)+" / "+detail, TinySize, fyne.TextStyle{})+extra)
	}
	if s.moving() {
		// As wide in every state, so that nothing moves while bytes do; and as wide as
		// the name, which is the same in all.
		column = max(fileMinText, measureWord(name, TextSize, bold)) + float32(2-l.controls)*fileControl
	}
	column = min(column, room)
	l.name = ElideMiddle(name, column, TextSize, true)
	rows := float32(1)
	at := fyne.NewPos(fileColumn, y+40-noteLine/2)
	if s.moving() {
		at.Y = y + 34.5 - noteLine/2
	}
	if s.bad {
		t := layoutText(detail, column, TinySize, noteLine, fyne.TextStyle{})
		if len(t.lines) > 4 {
			t.lines = t.lines[:4]
		}
		l.detail, rows = placed{t, at}, float32(len(t.lines))
	} else {
		detail = ElideEnd(detail, column-extra, TinySize, false)
		l.detail = placed{layoutText(detail, column+1, TinySize, noteLine, fyne.TextStyle{}), at}
		l.detail.lines = l.detail.lines[:1]
	}
	height := fileRow + (rows-1)*noteLine
	width := fileColumn + column + controls + bubblePadY
	l.fileBox = box{0, y, width, height}
	w = max(w, width)
	return l.placeInside(content.File, y+height, w), w
}

// placeInside shows what is in a file, below its row: how a sound swells, or
// how a text begins.
func (l *bubbleLayout) placeInside(f *chat.File, y, w float32) float32 {
	switch {
	case l.file.bad:
	case hasWave(f):
		l.wave = box{bubblePadX, y, w - 2*bubblePadX, waveHeight}
		y += waveHeight + bubblePadY
	case f.Excerpt != "":
		inner := w - 2*bubblePadX - 2*excerptPad
		t := layoutText(shownExcerpt(f.Excerpt), inner, TinySize, noteLine, fyne.TextStyle{Monospace: !prose[extension(f.Name)]})
		if len(t.lines) > excerptLines {
			t.lines = t.lines[:excerptLines]
		}
		l.excerpt = placed{t, fyne.NewPos(bubblePadX+excerptPad, y+excerptPad)}
		l.excerptBox = box{bubblePadX, y, w - 2*bubblePadX, t.height() + 2*excerptPad}
		y += l.excerptBox.h + bubblePadY
	}
	return y
}

// prose are the texts that are read as words; in all others columns may matter.
var prose = map[string]bool{"": true, "TXT": true, "MD": true, "RTF": true, "DOC": true, "DOCX": true, "ODT": true, "HTML": true, "TEX": true, "PDF": true}

// shownExcerpt is the beginning of a text as a sender told it: bounded, and
// without what makes it read as something else.
func shownExcerpt(s string) string {
	if len(s) > 1000 {
		s = strings.ToValidUTF8(s[:1000], "")
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if strings.TrimSpace(line) != "" {
			lines[i] = shownName(strings.ReplaceAll(line, "\t", "  "))
		}
	}
	return strings.Join(lines, "\n")
}

// placeMeta finds a place for the time and the ticks.
func (l *bubbleLayout) placeMeta(it *Item, y, w, limit, lastLine float32, onlyMedia bool) (float32, float32) {
	if l.meta == metaDetail {
		return y, w
	}
	width := measureWord(l.clock, TinySize, fyne.TextStyle{})
	if it.Mine {
		width += tickGap + tickWidth
	}
	if onlyMedia && l.place.empty() && !l.fileBox.empty() {
		return y, w // while a file moves, its progress says more than the time
	}
	if onlyMedia && !l.picture.empty() {
		l.meta = metaPill
		l.metaBox = box{l.picture.x + l.picture.w - 8 - width - 16, l.picture.y + l.picture.h - 8 - pillHeight, width + 16, pillHeight}
		return y, w
	}
	l.meta = metaLine
	if onlyMedia { // a place: in the line of its coordinates
		l.metaBox = box{w - bubblePadX - width, y - SmallLineHeight - 5, width, SmallLineHeight}
		return y, w
	}
	if lastLine >= 0 && lastLine+metaGap+width <= max(limit, w)-2*bubblePadX && (l.picture.empty() && l.place.empty() || lastLine+metaGap+width <= w-2*bubblePadX) {
		w = max(w, lastLine+metaGap+width+2*bubblePadX)
		lineTop := y - LineHeight
		if l.folded {
			lineTop = y - moreHeight + 2
		}
		l.metaBox = box{w - bubblePadX - width, lineTop + LineHeight/2 + metaLineExtra - SmallLineHeight/2, width, SmallLineHeight}
		return y, w
	}
	if l.plain {
		w = max(w-2*bubblePadX, width)
		l.metaBox = box{0, y, width, SmallLineHeight}
		if it.Mine {
			l.metaBox.x = w - width
			l.text.at.X = w - l.text.width
		}
		return y + SmallLineHeight, w
	}
	w = max(w, width+2*bubblePadX)
	l.metaBox = box{w - bubblePadX - width, y, width, SmallLineHeight}
	return y + SmallLineHeight - 3, w
}
