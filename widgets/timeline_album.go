package widgets

import (
	"math"
	"time"

	"satchel/chat"
)

// Pictures that were sent together, with no words, stand together: tiles beside
// and below one another. Each is still a message of its own. A tile in the row
// of the one before it has a negative distance to it, so that the heights of a
// row add up to one.

const (
	albumMost         = 9 // tiles in one block
	albumTime         = time.Minute
	albumGap  float32 = 4
)

// tile is an entry's place in a block of pictures; n is 0 for one that stands alone.
type tile struct{ n, k, columns int }

// inAlbum tells whether an entry is nothing but a picture that goes well.
func inAlbum(e *entry) bool {
	m := &e.item.Message
	c := &m.Content
	tr := e.item.Transfer
	return c.Known() && c.File.IsPicture() && c.Text == "" && c.Title == "" && c.Location == nil && c.Reply == "" && !m.Deleted &&
		m.State != chat.MessageFailed && len(e.item.Reactions) == 0 && (tr == nil || tr.State != chat.TransferFailed)
}

// goesOn tells whether picture b stands in one block with picture a before it.
func (t *Timeline) goesOn(a, b *entry) bool {
	if !inAlbum(a) || !inAlbum(b) || !together(a, b) || b.item.Message.ID == t.unread || a.first && a.item.Sender != "" {
		return false
	}
	d := b.item.Message.At.Sub(a.item.Message.At)
	return d < albumTime && d > -albumTime
}

// tileOf finds entry i's place in a block, from the place of the one before it.
func (t *Timeline) tileOf(i int) tile {
	k := 0
	if i > 0 && t.goesOn(t.entries[i-1], t.entries[i]) {
		k = (t.entries[i-1].tile.k + 1) % albumMost
	}
	n := k + 1
	for j := i; n < albumMost && j+1 < len(t.entries) && t.goesOn(t.entries[j], t.entries[j+1]); j++ {
		n++
	}
	if n == 1 {
		return tile{}
	}
	columns := 3
	if n == 2 || n == 4 {
		columns = 2
	}
	return tile{n, k, columns}
}

// tileSize is how wide and high each tile of a block is.
func tileSize(room float32, columns int) float32 {
	width := min(pictureMax, bubbleWidth(max(room, leastRoom)))
	return float32(math.Floor(float64((width - albumGap*float32(columns-1)) / float32(columns))))
}

// tileLeft is where a tile begins.
func (t *Timeline) tileLeft(e *entry) float32 {
	size := tileSize(t.room, e.tile.columns)
	left := timelineMargin
	if e.item.Mine {
		columns := float32(e.tile.columns)
		left += t.room - columns*size - (columns-1)*albumGap
	}
	return left + float32(e.tile.k%e.tile.columns)*(size+albumGap)
}

// setTile gives an entry its place in a block: the distance above it, and its height.
func (t *Timeline) setTile(e *entry, place tile) {
	if e.tile != place {
		e.tile, e.lay, e.stale = place, nil, true
		e.body = 0
	}
	if place.n == 0 {
		return
	}
	t.albums = true
	e.body = tileSize(t.room, place.columns)
	switch {
	case place.k == 0:
	case place.k%place.columns == 0:
		e.head = albumGap
	default:
		e.head = -e.body
	}
}

// relink links entry i and all that stand in blocks with it anew; true: one
// that is another than i stands elsewhere now.
func (t *Timeline) relink(i int) (moved bool) {
	for j := max(0, i-albumMost); j < len(t.entries); j++ {
		before := t.entries[j].tile
		t.link(j)
		t.heights.set(j, t.height(j))
		changed := t.entries[j].tile != before
		moved = moved || changed && j != i
		if j > i && !changed {
			break
		}
	}
	return moved
}

// layoutTile places what a tile shows.
func layoutTile(e *entry, room float32) *bubbleLayout {
	it := &e.item
	size := tileSize(room, e.tile.columns)
	l := &bubbleLayout{kind: kindPicture, plain: true, clock: FormatClock(it.Message.At), file: fileStateOf(it)}
	l.picture = box{0, 0, size, size}
	l.size.Width, l.size.Height = size, size
	if e.tile.k == e.tile.n-1 {
		l.placeMeta(it, size, size, size, -1, true)
	}
	return l
}
