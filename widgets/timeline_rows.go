package widgets

import (
	"sort"
	"strings"
	"time"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"satchel/chat"
)

// Distances between bubbles.
const (
	timelineMargin float32 = 24  // left and right
	leastRoom      float32 = 280 // between the margins; a narrower timeline is cut off
	timelineTop    float32 = 8
	timelineBottom float32 = 18
	gapInGroup     float32 = 4
	gapOfGroups    float32 = 10
	dayHeight      float32 = 20
	dayAbove       float32 = 14
	dayBelow       float32 = 14

	unreadTop float32 = 80 // of the first message that is new

	groupTime = 5 * time.Minute // messages of one sender within it belong together
)

// look is what the height of every bubble depends on.
type look struct {
	room  float32
	theme themeKey
}

// themeKey tells themes and scales apart, as far as they can be seen.
type themeKey struct {
	ground, ink nrgba
	font        string
	scale       float32
}

// rebuild links all entries anew, after some came or went: index, neighbours,
// heights. O(n), and no bubble is measured.
func (t *Timeline) rebuild() {
	clear(t.index)
	for i, e := range t.entries {
		t.index[e.item.Message.ID] = i
		t.link(i)
	}
	t.heights.reset(len(t.entries), t.height)
}

func (t *Timeline) height(i int) float32 { return t.entries[i].head + t.entries[i].body }

// link tells entry i what its neighbours make of it, and gives it an estimated
// height when it has none.
func (t *Timeline) link(i int) {
	e := t.entries[i]
	var before, after *entry
	if i > 0 {
		before = t.entries[i-1]
	}
	if i+1 < len(t.entries) {
		after = t.entries[i+1]
	}
	day := before == nil || before.date != e.date
	unread := e.item.Message.ID == t.unread
	first := day || unread || !together(before, e)
	last := after == nil || after.item.Message.ID == t.unread || !together(e, after)
	if e.first != first && e.item.Sender != "" {
		e.lay = nil
	}
	if e.day != day || e.first != first || e.last != last {
		e.stale = true
	}
	e.day, e.first, e.last = day, first, last
	switch {
	case day:
		e.head = dayAbove + dayHeight + dayBelow
	case first:
		e.head = gapOfGroups
	default:
		e.head = gapInGroup
	}
	if unread {
		e.head = max(e.head, dayAbove) + dayHeight + dayBelow
	}
	t.setTile(e, t.tileOf(i))
	if e.body == 0 {
		e.body = estimate(e, t.room)
	}
}

// together tells whether b goes on where a left off: same sender, soon after, same day.
func together(a, b *entry) bool {
	x, y := &a.item.Message, &b.item.Message
	d := y.At.Sub(x.At)
	if a.item.Line != "" || b.item.Line != "" {
		return false
	}
	return x.From == y.From && a.item.Mine == b.item.Mine && d < groupTime && d > -groupTime && a.date == b.date
}

// estimate guesses how high a bubble will be, without measuring a word.
func estimate(e *entry, room float32) float32 {
	c := &e.item.Message.Content
	h, media := float32(0), false
	if c.Known() {
		if c.Location != nil {
			h, media = h+mediaPad+placeHeight+6+LineHeight+SmallLineHeight+5, true
		}
		if f := c.File; f.IsPicture() {
			h, media = h+pictureSize(f, max(bubbleWidth(room)-2*mediaPad, 1)).Height+2*mediaPad, true
		} else if f != nil {
			h, media = h+fileRow, true
			if len(f.Waveform) > 0 && !f.IsVoice() {
				h += waveHeight + bubblePadY
			} else if f.Excerpt != "" {
				lines := min(strings.Count(f.Excerpt, "\n")+1, excerptLines)
				h += float32(lines)*noteLine + 2*excerptPad + bubblePadY
			}
		}
	}
	if c.Title != "" {
		h += LineHeight
	}
	if c.Text != "" {
		n := utf8.RuneCountInString(c.Text[:min(len(c.Text), foldBytes)])
		perLine := max(8, (bubbleWidth(room)-2*bubblePadX)/(TextSize*0.52))
		h += LineHeight * min(float32(int(float32(n)/perLine)+1), foldLines)
	}
	if !media || c.Text != "" || c.Title != "" {
		h += 2 * bubblePadY
	}
	if c.Reply != "" {
		h += quoteHeight + quoteGap
	}
	if len(e.item.Reactions) > 0 {
		h += pillGap + reactionHeight
	}
	return h
}

// position is where an item belongs: behind every stored one of a lower number;
// a pending one behind all.
func (t *Timeline) position(it *Item) int {
	if it.Message.Seq == 0 {
		return len(t.entries)
	}
	return sort.Search(len(t.entries), func(i int) bool {
		s := t.entries[i].item.Message.Seq
		return s == 0 || s > it.Message.Seq
	})
}

// inPlace tells whether the item may stay where it is.
func (t *Timeline) inPlace(i int, it *Item) bool {
	seq := func(i int) uint64 { return t.entries[i].item.Message.Seq }
	s := it.Message.Seq
	if s == 0 {
		return i+1 == len(t.entries) || seq(i+1) == 0
	}
	return (i == 0 || seq(i-1) != 0 && seq(i-1) < s) && (i+1 == len(t.entries) || seq(i+1) == 0 || seq(i+1) > s)
}

// place puts an entry where it belongs.
func (t *Timeline) place(e *entry) {
	at := t.position(&e.item)
	if at < len(t.entries) {
		t.entries = append(t.entries, nil)
		copy(t.entries[at+1:], t.entries[at:])
		t.entries[at] = e
		t.rebuild()
		return
	}
	t.entries = append(t.entries, e)
	t.index[e.item.Message.ID] = at
	t.link(at)
	t.heights.push(t.height(at))
	if at > 0 { // it may not be the last of its group any more
		t.relink(at - 1)
	}
}

// reorder takes entry i to where it belongs by now, and links anew what it passes: of
// ten thousand that wait, those that are sent first are near.
func (t *Timeline) reorder(i int) {
	e := t.entries[i]
	t.entries = append(t.entries[:i], t.entries[i+1:]...)
	to := t.position(&e.item)
	t.entries = append(t.entries, nil)
	copy(t.entries[to+1:], t.entries[to:])
	t.entries[to] = e
	first, last := min(i, to), max(i, to)
	if last-first > 10*albumMost {
		t.rebuild()
		return
	}
	for j := first; j <= last; j++ {
		t.index[t.entries[j].item.Message.ID] = j
	}
	for j := first; j <= last; j++ {
		t.relink(j)
	}
	if last+1 < len(t.entries) {
		t.relink(last + 1)
	}
}

// change marks entry i as different from what its widget shows; true: others
// stand elsewhere by it.
func (t *Timeline) change(e *entry, i int) bool {
	e.stale, e.lay = true, nil
	return t.relink(i)
}

// settle draws one changed entry; everything is placed anew only when its
// height became another.
func (t *Timeline) settle(e *entry, i int) {
	if e.widget == nil {
		return
	}
	before := e.body
	t.measure(i)
	if e.body != before || e.lay.kind != e.widget.kind {
		t.arrange()
		return
	}
	e.widget.apply(e, e.lay)
	e.stale = false
	e.widget.Move(fyne.NewPos(t.left(e), e.widget.Position().Y))
	t.reveal(e)
	t.repaint()
}

// measure makes entry i's height exact, and its layout ready to be shown.
func (t *Timeline) measure(i int) {
	e := t.entries[i]
	if e.lay == nil || e.looks != t.looks {
		if e.tile.n > 0 {
			e.lay = layoutTile(e, t.room)
		} else {
			e.lay = layoutBubble(e, t.room)
		}
		e.body, e.looks, e.stale = e.lay.size.Height, t.looks, true
		t.measured++
	}
	t.heights.set(i, t.height(i))
}

// left is where e's bubble begins.
func (t *Timeline) left(e *entry) float32 {
	if e.tile.n > 0 {
		return t.tileLeft(e)
	}
	if e.item.Line != "" {
		return timelineMargin + (t.room-e.lay.size.Width)/2
	}
	if e.item.Mine {
		return timelineMargin + t.room - e.lay.size.Width
	}
	return timelineMargin
}

// acquire gives a measured entry a widget that shows it.
func (t *Timeline) acquire(e *entry) {
	kind := e.lay.kind
	if e.widget != nil && e.widget.kind != kind {
		t.releaseWidget(e)
	}
	if e.widget == nil {
		if n := len(t.pool[kind]); n > 0 {
			e.widget = t.pool[kind][n-1]
			t.pool[kind] = t.pool[kind][:n-1]
		} else {
			e.widget = newBubble(t, kind)
			t.bubble++
		}
		e.stale = true
	}
	if e.stale || e.widget.lay != e.lay {
		e.widget.apply(e, e.lay)
		e.stale = false
	}
	if !e.day && e.mark != nil {
		t.releaseMark(e)
	}
	if e.day && e.mark == nil {
		if n := len(t.dayPool); n > 0 {
			e.mark = t.dayPool[n-1]
			t.dayPool = t.dayPool[:n-1]
		} else {
			e.mark = newDayMark(ColorMuted)
		}
	}
	if e.day {
		e.mark.set(FormatDay(e.item.Message.At, t.now()))
	}
}

// release gives an entry's widgets back. Its height stays known.
func (t *Timeline) release(e *entry) {
	t.releaseWidget(e)
	t.releaseMark(e)
	e.lay = nil
}

func (t *Timeline) releaseWidget(e *entry) {
	if e.widget != nil {
		e.widget.entry = nil
		t.pool[e.widget.kind] = append(t.pool[e.widget.kind], e.widget)
		e.widget = nil
	}
}

func (t *Timeline) releaseMark(e *entry) {
	if e.mark != nil {
		t.dayPool = append(t.dayPool, e.mark)
		e.mark = nil
	}
}

func (t *Timeline) releaseAll() {
	for _, e := range t.shown {
		t.release(e)
	}
	t.shown = t.shown[:0]
}

// expand unfolds a long text, or more of it.
func (t *Timeline) expand(e *entry) {
	if i, ok := t.index[e.item.Message.ID]; ok {
		e.unfolded += unfoldBytes
		// The text goes on below: hold the top of what is being unfolded.
		if e.widget != nil {
			t.anchor, t.offset, t.follow = e, e.widget.Position().Y, false
		}
		t.change(e, i)
		t.arrange()
	}
}

// redraw shows an entry again: its thumbnail is there now.
func (t *Timeline) redraw(e *entry) {
	if e.widget != nil && e.lay != nil {
		e.widget.apply(e, e.lay)
		t.reveal(e)
		t.repaint()
	}
}

func (t *Timeline) now() time.Time {
	if t.Now != nil {
		return t.Now()
	}
	return time.Now()
}

// message is a copy of what an entry shows, for a callback.
func (e *entry) message() chat.Message { return e.item.Message }
