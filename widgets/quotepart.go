package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

const (
	quoteHeight float32 = 42
	quoteGap    float32 = 5  // to what stands below it
	quoteIndent float32 = 11 // of its words
	quotePad    float32 = 8  // from the bubble's edge
)

// quoteLayout is what a bubble shows of the message that it answers.
type quoteLayout struct {
	box
	name, line string
	accent     fyne.ThemeColorName // of the name
}

// placeQuote adds the quote above everything else.
func (l *bubbleLayout) placeQuote(it *Item, y, w, limit float32) (float32, float32) {
	if y == bubblePadY {
		y = quotePad
	}
	q := &l.quote
	name, line := quoteWords(it.Message.ReplyTo, it.QuoteFrom)
	room := limit - 2*quotePad - quoteIndent - 8
	q.name, q.line, q.accent = ElideEnd(name, room, SmallSize, true), ElideEnd(line, room, SmallSize, false), ColorAccent
	width := max(MeasureText(q.name, SmallSize, true).Width, MeasureText(q.line, SmallSize, false).Width, 60) + quoteIndent + 8
	q.box = box{quotePad, y, width, quoteHeight}
	return y + quoteHeight + quoteGap, max(w, width+2*quotePad)
}

// quoteWords are the two lines of a quote: who, and what.
func quoteWords(q *chat.Quote, from string) (name, line string) {
	if q == nil {
		return lang.L("An earlier message"), lang.L("It is not on this computer yet")
	}
	line = PlainText(strings.Join(strings.Fields(q.Text), " "))
	switch {
	case q.Deleted:
		line = lang.L("This message was deleted")
	case line != "":
	case q.Picture:
		line = lang.L("Picture")
	case q.File != "":
		line = shownName(q.File)
	case q.Place:
		line = lang.L("Location")
	}
	if from == "" {
		from = lang.L("Somebody")
	}
	return shownName(from), line
}

// quotePart draws the quote in a bubble. A click leads to the message.
type quotePart struct {
	pressable
	bubble     *bubble
	back, bar  *canvas.Rectangle
	name, line *canvas.Text
	drawing    []fyne.CanvasObject
}

func newQuotePart(b *bubble) *quotePart {
	q := &quotePart{bubble: b, back: &canvas.Rectangle{CornerRadius: 6}, bar: &canvas.Rectangle{CornerRadius: 1.5}, name: &canvas.Text{}, line: &canvas.Text{}}
	q.drawing = []fyne.CanvasObject{q.back, q.bar, q.name, q.line}
	q.menu = b.showMenu
	q.ExtendBaseWidget(q)
	return q
}

func (q *quotePart) apply() {
	l := &q.bubble.lay.quote
	owner, e := q.bubble.owner, q.bubble.entry
	q.label, q.tapped = l.name+": "+l.line, func() {
		if !owner.pick(e, Modifiers()) {
			owner.jumpTo(e.item.Message.Content.Reply)
		}
	}
	if fill, bar := Color(colorCode), Color(ColorAccent); q.back.FillColor != fill || q.bar.FillColor != bar {
		q.back.FillColor, q.bar.FillColor = fill, bar
		q.back.Refresh()
		q.bar.Refresh()
	}
	setBounds(q.back, 0, 0, l.w, l.h)
	setBounds(q.bar, 0, 0, 3, l.h)
	setText(q.name, l.name, SmallSize, true, l.accent)
	centerLine(q.name, quoteIndent, 13)
	setText(q.line, l.line, SmallSize, false, ColorText)
	centerLine(q.line, quoteIndent, 29)
	setBounds(q, l.x, l.y, l.w, l.h)
}

// CreateRenderer implements fyne.Widget.
func (q *quotePart) CreateRenderer() fyne.WidgetRenderer {
	return &partRenderer{objects: func() []fyne.CanvasObject { return q.drawing }}
}
