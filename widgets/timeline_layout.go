package widgets

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"

	"satchel/chat"
)

// arrange places everything from the anchor: rows are measured from it up and
// down until the screen and a little more is full, so that an estimate that
// was wrong shows nowhere but in the scroll bar.
func (t *Timeline) arrange() {
	size := t.Size()
	if t.arranging || size.Width < 1 || size.Height < 1 {
		return
	}
	t.arranging = true
	t.restyle(size)
	view, n := size.Height, len(t.entries)
	if n == 0 {
		t.releaseAll()
		t.anchor, t.offset, t.follow, t.unseen = nil, 0, true, 0
		t.collect()
		t.arranging = false
		t.askOlder(0)
		return
	}
	if t.anchor == nil {
		t.follow = true
	}
	first, last, y := t.fill(view)
	t.keep(first, last)
	t.move(first, last, y)
	t.collect()
	t.arranging = false
	t.tellSeen()
	t.askOlder(first)
	t.askNewer(last)
}

// overscan is how far beyond the screen rows are made, so that a turn of the
// wheel finds them ready.
func overscan(view float32) float32 { return max(200, view/3) }

// fill measures what the screen shows and settles where it begins: entries
// first to last, the bubble of first at y.
func (t *Timeline) fill(view float32) (first, last int, y float32) {
	n := len(t.entries)
	end := view - timelineBottom
	if t.follow {
		t.anchor = t.entries[n-1]
		t.measure(n - 1)
		t.offset = end - t.anchor.body
	}
	// Each round either fits, or moves the anchor into the bounds of what there is.
	for range 8 {
		at := t.index[t.anchor.item.Message.ID]
		t.measure(at)
		first, y = at, t.offset
		for first > 0 && y-t.entries[first].head > -overscan(view) {
			t.measure(first - 1)
			y -= t.entries[first].head + t.entries[first-1].body
			first--
		}
		bottom := t.offset + t.anchor.body
		for last = at; last < n-1 && bottom < view+overscan(view); {
			last++
			t.measure(last)
			bottom += t.entries[last].head + t.entries[last].body
		}
		shift := float32(0)
		if last == n-1 && bottom < end {
			shift = end - bottom
		} else if top := y - t.entries[first].head - timelineTop; first == 0 && top > 0 {
			shift = -top
			if last == n-1 {
				shift = max(shift, end-bottom)
			}
		}
		t.follow = last == n-1 && !t.hasNewer && bottom+shift <= end+0.5
		if shift < 0.01 && shift > -0.01 {
			break
		}
		t.offset += shift
	}
	return first, last, y
}

// keep gives back the widgets of rows that are not among first..last any more.
func (t *Timeline) keep(first, last int) {
	for _, e := range t.shown {
		if i, ok := t.index[e.item.Message.ID]; !ok || i < first || i > last || t.entries[i] != e {
			t.release(e)
		}
	}
	t.shown = t.shown[:0]
	for i := first; i <= last; i++ {
		t.measure(i)
		t.shown = append(t.shown, t.entries[i])
	}
}

// move puts the rows first..last where they belong.
func (t *Timeline) move(first, last int, y float32) {
	for i := first; i <= last; i++ {
		e := t.entries[i]
		if i > first {
			y += e.head
		}
		t.acquire(e)
		e.widget.Move(fyne.NewPos(t.left(e), y))
		above := float32(0) // to the ground of the row before, where both are chosen
		if i > first && e.mark == nil && t.picked[e.item.Message.ID] && t.picked[t.entries[i-1].item.Message.ID] {
			above = max(0, e.head-4)
		}
		t.tintRow(e, y, above)
		if e.mark != nil {
			e.mark.place(timelineMargin, t.room, y-e.head+dayAbove)
		}
		if e.item.Message.ID == t.unread {
			t.unreadMark.set(lang.L("New messages"))
			t.unreadMark.place(timelineMargin, t.room, y-dayBelow-dayHeight)
		}
		t.reveal(e)
		y += e.body
	}
	t.unseen = t.newBelow()
	t.bar.place(t.Size())
	t.jump.place(t.Size(), !t.follow, t.unseen)
	t.repaint()
}

// reveal tells a bubble which part of it is near the screen: a very long text
// draws only that.
func (t *Timeline) reveal(e *entry) {
	y, view := e.widget.Position().Y, t.Size().Height
	e.widget.show(-y-overscan(view), view-y+overscan(view))
}

// collect lists what is drawn.
func (t *Timeline) collect() {
	t.objects = append(t.objects[:0], t.mark)
	for _, e := range t.shown { // behind all bubbles: they stand close
		if e.tint != nil {
			t.objects = append(t.objects, e.tint)
		}
	}
	for _, e := range t.shown {
		if e.mark != nil {
			t.objects = append(t.objects, e.mark)
		}
		if e.item.Message.ID == t.unread {
			t.objects = append(t.objects, t.unreadMark)
		}
		t.objects = append(t.objects, e.widget)
	}
	t.objects = append(t.objects, t.bar)
	if t.jump.on {
		t.objects = append(t.objects, t.jump)
	}
}

// repaint makes Fyne draw the window once more. (Refreshing the timeline
// itself would throw all its letters away.)
func (t *Timeline) repaint() { t.mark.Refresh() }

// restyle forgets every measure when the width, the theme or the scale changed.
func (t *Timeline) restyle(size fyne.Size) {
	now := look{max(leastRoom, size.Width-2*timelineMargin), t.themeKey()}
	if now == t.look {
		return
	}
	themed := now.theme != t.look.theme
	if themed {
		forgetWidths()
		t.unreadMark.text = ""
		t.dayPool = nil // their colours are the old ones
		t.bar.restyle()
		t.jump.restyle()
	}
	guess := t.room == 0 // nothing was estimated for any width yet
	t.look, t.room = now, now.room
	t.looks++
	for _, e := range t.shown {
		if e.mark != nil && themed {
			e.mark.text = "" // draws itself again
		}
	}
	if guess {
		for _, e := range t.entries {
			e.body = estimate(e, t.room)
		}
	}
	if guess || t.albums {
		t.rebuild()
	}
	if t.anchor != nil && !t.follow && t.offset < 0 {
		// A bubble that begins above the screen may be much lower now: some of it stays.
		t.measure(t.index[t.anchor.item.Message.ID])
		t.offset = max(t.offset, min(0, 40-t.anchor.body))
	}
}

func (t *Timeline) themeKey() themeKey {
	return themeKey{asNRGBA(Color(ColorWindow)), asNRGBA(Color(ColorText)), theme.TextFont().Name(), t.scale()}
}

// scale is how many pixels a unit has.
func (t *Timeline) scale() float32 {
	if c := fyne.CurrentApp().Driver().CanvasForObject(t); c != nil {
		return c.Scale()
	}
	return 1
}

// scrollBy moves what is shown down by d units (up when negative).
func (t *Timeline) scrollBy(d float32) {
	if t.anchor == nil || d == 0 {
		return
	}
	// A long way goes by the estimated heights; a step of the wheel by what is there.
	if view := t.Size().Height; d > 4*view || d < -4*view {
		t.scrollToY(t.y() - float64(d))
		return
	}
	t.follow = false
	t.offset += d
	t.arrange()
	t.chooseAnchor()
}

// chooseAnchor holds what is being read from now on: the first bubble that
// begins on the screen, else the one that covers it.
func (t *Timeline) chooseAnchor() {
	var over *entry
	for _, e := range t.shown {
		y := e.widget.Position().Y
		if y >= 0 && y < t.Size().Height {
			t.anchor, t.offset = e, y
			return
		}
		if y < 0 && y+e.body > 0 {
			over = e
		}
	}
	if over != nil {
		t.anchor, t.offset = over, over.widget.Position().Y
	}
}

// reanchor holds a neighbour when the anchor is about to go.
func (t *Timeline) reanchor(gone map[*entry]bool) {
	if t.anchor == nil || !gone[t.anchor] {
		return
	}
	at := t.index[t.anchor.item.Message.ID]
	y := t.offset
	for i := at + 1; i < len(t.entries); i++ {
		// The next one that stays comes up to where the removed one began.
		if !gone[t.entries[i]] {
			t.anchor, t.offset = t.entries[i], y
			return
		}
	}
	t.anchor = nil
	for i := at - 1; i >= 0; i-- {
		if !gone[t.entries[i]] {
			t.anchor, t.offset = t.entries[i], y-t.entries[i].body
			return
		}
	}
}

// y is how far the top of the screen is below the beginning, by what is known of the heights.
func (t *Timeline) y() float64 {
	if t.anchor == nil {
		return 0
	}
	i := t.index[t.anchor.item.Message.ID]
	return float64(timelineTop) + t.heights.top(i) + float64(t.anchor.head) - float64(t.offset)
}

// whole is how high everything is, by what is known of the heights.
func (t *Timeline) whole() float64 {
	return float64(timelineTop+timelineBottom) + t.heights.total()
}

// scrollToY shows what is y below the beginning.
func (t *Timeline) scrollToY(y float64) {
	if len(t.entries) == 0 {
		return
	}
	y = min(max(y, 0), max(0, t.whole()-float64(t.Size().Height)))
	i := max(0, t.heights.find(y-float64(timelineTop)))
	e := t.entries[i]
	t.follow = false
	t.anchor, t.offset = e, float32(t.heights.top(i)+float64(e.head+timelineTop)-y)
	t.arrange()
	t.chooseAnchor()
}

// newBelow counts the messages of others that were never on the screen, below it.
func (t *Timeline) newBelow() (n int) {
	if t.follow {
		return 0
	}
	n = t.beyond
	seen := t.seenNow()
	for i := len(t.entries) - 1; i >= 0; i-- {
		it := &t.entries[i].item
		if it.Message.Seq != 0 && it.Message.Seq <= seen {
			break
		}
		if !it.Mine {
			n++
		}
	}
	return n
}

// seenNow is the newest message of somebody else that is, or was, on the screen.
func (t *Timeline) seenNow() uint64 {
	seen, view := t.seen, t.Size().Height
	for _, e := range t.shown {
		y := e.widget.Position().Y
		if !e.item.Mine && y+min(e.body, 24) <= view && y+e.body > 0 {
			seen = max(seen, e.item.Message.Seq)
		}
	}
	return seen
}

// tellFiles reports of which messages the files are on the screen, when they are others.
func (t *Timeline) tellFiles() {
	if t.OnFiles == nil || !t.Visible() {
		return
	}
	var files []chat.MessageID
	for _, e := range t.shown {
		y := e.widget.Position().Y
		if e.item.Message.Content.File != nil && y < t.Size().Height && y+e.body > 0 {
			files = append(files, e.item.Message.ID)
		}
	}
	if !slices.Equal(files, t.files) {
		t.files = files
		t.OnFiles(files)
	}
}

// tellSeen reports the newest message of somebody else that is on the screen.
func (t *Timeline) tellSeen() {
	t.tellFiles()
	seen := t.seenNow()
	if seen > t.seen && t.Visible() {
		t.seen = seen
		if t.OnSeen != nil {
			t.OnSeen(seen)
		}
	}
}

// askNewer asks for newer messages once their place comes near the screen.
func (t *Timeline) askNewer(last int) {
	if t.hasNewer && !t.askedNewer && last > len(t.entries)-20 && t.OnNewer != nil {
		t.askedNewer = true
		t.OnNewer()
	}
}

// askOlder asks for older messages once their place comes near the screen.
func (t *Timeline) askOlder(first int) {
	if !t.hasOlder || t.asked || first > 20 || t.OnOlder == nil {
		return
	}
	t.asked = true
	t.OnOlder()
}
