package widgets

import (
	"slices"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/theme"
	"pgregory.net/rapid"

	"satchel/chat"
)

var albumPhoto = photo(3000, 2000)

// shotAt is picture n of a conversation, some seconds after the one before.
func shotAt(n int, mine bool) Item {
	it := fileItem(n, mine, albumPhoto, nil)
	it.Message.At = noon.Add(time.Duration(n) * 5 * time.Second)
	return it
}

func TestAlbumsLook(t *testing.T) {
	for name, variant := range map[string]fyne.ThemeVariant{"albums-light": theme.VariantLight, "albums-dark": theme.VariantDark} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, variant, 520, 960)
			var items []Item
			for n := 1; n <= 4; n++ {
				items = append(items, shotAt(n, false))
			}
			for n := 5; n <= 9; n++ {
				items = append(items, shotAt(n, true))
			}
			items[6].Transfer = &chat.Transfer{ID: "t", Message: items[6].Message.ID, File: *albumPhoto, State: chat.TransferMoving, Offset: 1_900_000}
			words := shotAt(10, false)
			words.Message.Content.Text = "With words"
			items = append(items, words, shotAt(11, false), shotAt(12, false))
			s.timeline.Reset(items, false)
			s.timeline.Pick(messageID(8))
			s.settle()
			test.AssertImageMatches(t, name+".png", s.window.Canvas().Capture())
		})
	}
}

// Whatever comes, goes and changes: the tiles of a block stand in rows, and
// nothing stands on anything else.
func TestTilesStandInRows(t *testing.T) {
	s := lightStage(t, 600, 500)
	draw := func(rt *rapid.T, n int) Item {
		if rapid.IntRange(0, 5).Draw(rt, "kind") == 0 {
			return said(n, false, "words")
		}
		return shotAt(n, rapid.IntRange(0, 7).Draw(rt, "sender") == 0)
	}
	rapid.Check(t, func(rt *rapid.T) {
		tl := s.timeline
		s.window.Resize(fyne.NewSize(600, 500))
		low, high := 500, 500
		var items []Item
		for ; high < 500+rapid.IntRange(1, 40).Draw(rt, "messages"); high++ {
			items = append(items, draw(rt, high))
		}
		tl.Reset(items, true)
		for range rapid.IntRange(1, 15).Draw(rt, "acts") {
			which := rapid.IntRange(0, max(0, len(tl.entries)-1)).Draw(rt, "which")
			switch rapid.SampledFrom([]string{"prepend", "append", "remove", "react", "fail", "width", "scroll", "unread", "end"}).Draw(rt, "act") {
			case "prepend":
				low--
				tl.Prepend([]Item{draw(rt, low)}, true)
			case "append":
				tl.Upsert(draw(rt, high))
				high++
			case "remove":
				if which < len(tl.entries) {
					tl.Remove(tl.entries[which].item.Message.ID)
				}
			case "react":
				if which < len(tl.entries) {
					it := tl.entries[which].item
					it.Reactions = []Reaction{{Emoji: "A", Count: 1}}
					tl.Upsert(it)
				}
			case "fail":
				if which < len(tl.entries) && tl.entries[which].item.Message.Content.File != nil {
					m := &tl.entries[which].item.Message
					tl.SetTransfer(chat.Transfer{ID: "t", Message: m.ID, File: *albumPhoto, State: chat.TransferState(rapid.IntRange(0, 8).Draw(rt, "state")), Reason: "It did not work."})
				}
			case "width":
				s.window.Resize(fyne.NewSize(float32(rapid.IntRange(330, 1200).Draw(rt, "width")), 500))
			case "scroll":
				tl.scrollBy(float32(rapid.IntRange(-600, 600).Draw(rt, "by")))
			case "unread":
				if which < len(tl.entries) {
					tl.MarkUnread(tl.entries[which].item.Message.ID)
				}
			case "end":
				tl.ScrollToEnd()
			}
			s.settle()
			check(rt, tl)
			checkTiles(rt, tl)
		}
	})
}

func checkTiles(t *rapid.T, tl *Timeline) {
	for i, e := range tl.entries {
		if e.tile.n == 0 {
			continue
		}
		if e.tile.k > 0 {
			before := tl.entries[i-1].tile
			if before.n != e.tile.n || before.k != e.tile.k-1 || before.columns != e.tile.columns {
				t.Fatalf("tile %+v stands behind %+v", e.tile, before)
			}
		} else if i+e.tile.n > len(tl.entries) || tl.entries[i+e.tile.n-1].tile.k != e.tile.n-1 {
			t.Fatalf("a block of %d has no end", e.tile.n)
		}
	}
	for i, a := range tl.shown {
		ax, ay := a.widget.Position().X, a.widget.Position().Y
		for _, b := range tl.shown[i+1:] {
			bx, by := b.widget.Position().X, b.widget.Position().Y
			as, bs := a.widget.Size(), b.widget.Size()
			if ax+as.Width > bx+0.5 && bx+bs.Width > ax+0.5 && ay+as.Height > by+0.5 && by+bs.Height > ay+0.5 {
				t.Fatalf("%s at %v,%v (%v, %+v) and %s at %v,%v (%v, %+v) stand on each other", a.item.Message.ID, ax, ay, as, a.tile, b.item.Message.ID, bx, by, bs, b.tile)
			}
		}
	}
}

// What can be done with a film appears beside its length and its button, also where
// it is a small tile.
func TestTileActionsHaveRoom(t *testing.T) {
	for _, side := range []float32{84, 110, 139, 160, 320} {
		s := lightStage(t, 600, 500)
		film := photo(1920, 1080)
		film.MIME, film.Duration = "video/mp4", 72
		it := fileItem(1, false, film, nil)
		it.Path = "/nowhere/film.mp4"
		s.timeline.Reset([]Item{it}, false)
		s.settle()
		p := s.timeline.shown[0].widget.picture
		p.bubble.lay.picture = box{0, 0, side, side}
		p.pointer(true)
		inside := func(o fyne.CanvasObject) bool { return slices.Contains(p.objects, o) }
		for _, o := range []fyne.CanvasObject{p.pill, p.disc} {
			if !inside(o) {
				t.Fatalf("%v: a film has no length or no button", side)
			}
			a, b := o.Position(), p.actions.Position()
			if inside(p.actions) && a.X < b.X+p.actions.Size().Width && b.X < a.X+o.Size().Width && a.Y < b.Y+p.actions.Size().Height && b.Y < a.Y+o.Size().Height {
				t.Errorf("%v: what can be done stands on %T", side, o)
			}
		}
		if side > 139 && !inside(p.show) {
			t.Errorf("%v: there is room for both", side)
		}
	}
}
