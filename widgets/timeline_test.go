package widgets

import (
	"math"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"pgregory.net/rapid"
	"satchel/chat"
)

// Whatever happens above, below or around it, what is being read stays where
// it is, and the screen shows the rows that belong there.
func TestNothingMovesTheAnchor(t *testing.T) {
	s := lightStage(t, 600, 500)
	rapid.Check(t, func(rt *rapid.T) {
		tl := s.timeline
		s.window.Resize(fyne.NewSize(600, 500))
		low, high := 500, 500+rapid.IntRange(0, 60).Draw(rt, "messages")
		tl.Reset(numberedFromTo(low, high), true)
		if !tl.AtEnd() {
			rt.Fatal("a conversation opens at its end")
		}
		next := 1000
		for range rapid.IntRange(1, 25).Draw(rt, "acts") {
			id, offset := tl.Anchor()
			end := tl.AtEnd()
			before, _ := s.y(id)
			held := true // the anchor must be where it was
			switch act := rapid.SampledFrom([]string{"prepend", "append", "pending", "scroll", "width", "height", "change", "remove", "transfer", "jump", "unread"}).Draw(rt, "act"); act {
			case "prepend":
				n := rapid.IntRange(1, 40).Draw(rt, "older")
				tl.Prepend(numberedFromTo(max(1, low-n), low-1), low-n > 1)
				low = max(1, low-n)
			case "append":
				high++
				tl.Upsert(numbered(high))
				held = !end
			case "pending":
				next++
				it := pendingItem(next)
				tl.Upsert(it)
				if rapid.Bool().Draw(rt, "acknowledged") {
					high++
					it.Message.Seq, it.Message.State = uint64(high), chat.MessageStored
					tl.Upsert(it)
				}
				held = !end
			case "scroll":
				tl.scrollBy(float32(rapid.IntRange(-3000, 3000).Draw(rt, "by")))
				held = false
			case "width":
				s.window.Resize(fyne.NewSize(float32(rapid.IntRange(330, 1200).Draw(rt, "width")), tl.Size().Height))
				held = !end
			case "height":
				s.window.Resize(fyne.NewSize(tl.Size().Width, float32(rapid.IntRange(130, 900).Draw(rt, "height"))))
				held = !end
			case "change":
				if i := rapid.IntRange(0, len(tl.entries)).Draw(rt, "which"); i < len(tl.entries) {
					it := tl.entries[i].item
					it.Message.Content.Text += " and more that was written into it later, so that it needs another line or two of the screen"
					tl.Upsert(it)
					held = !end
				}
			case "remove":
				if i := rapid.IntRange(0, len(tl.entries)).Draw(rt, "which"); i < len(tl.entries) {
					gone := tl.entries[i].item.Message.ID
					tl.Remove(gone)
					held = !end && gone != id
				}
			case "transfer":
				if i := rapid.IntRange(0, len(tl.entries)).Draw(rt, "which"); i < len(tl.entries) && tl.entries[i].item.Message.Content.File != nil {
					m := &tl.entries[i].item.Message
					tl.SetTransfer(chat.Transfer{ID: "t", Message: m.ID, Direction: chat.Download, State: chat.TransferState(rapid.IntRange(0, 8).Draw(rt, "state")),
						Offset: 400e6, File: *m.Content.File, Reason: "The relay's storage is full. Nothing was lost. Try again later, or ask for more."})
					held = !end
				}
			case "unread":
				if i := rapid.IntRange(0, len(tl.entries)).Draw(rt, "which"); i < len(tl.entries) {
					tl.MarkUnread(tl.entries[i].item.Message.ID)
				} else {
					tl.MarkUnread("")
				}
				held = !end
			case "jump":
				tl.ScrollToEnd()
				held = false
			}
			after, there := s.y(id)
			// At the ends of what there is the screen must stay full; a very low
			// bubble that began above it must not leave it.
			atTop := len(tl.shown) > 0 && tl.shown[0] == tl.entries[0] && tl.shown[0].widget.Position().Y-tl.shown[0].head >= timelineTop-0.5
			if held && !tl.AtEnd() && !atTop && (!there || math.Abs(float64(after-before)) > 0.1) && offset >= 0 {
				rt.Fatalf("%s was at %v (offset %v), and is at %v (%v)", id, before, offset, after, there)
			}
			if end && !held && !tl.AtEnd() {
				if _, scrolled := s.y(id); scrolled && len(tl.entries) == 0 {
					rt.Fatal("it was at the end, and left it by itself")
				}
			}
			check(rt, tl)
		}
	})
}

// check fails where the timeline contradicts itself.
func check(t *rapid.T, tl *Timeline) {
	view := tl.Size().Height
	sum, pending, seq := 0.0, false, uint64(0)
	for i, e := range tl.entries {
		m := &e.item.Message
		if tl.index[m.ID] != i {
			t.Fatalf("%s is at %d, and looked for at %d", m.ID, i, tl.index[m.ID])
		}
		switch {
		case m.Seq == 0:
			pending = true
		case pending || m.Seq <= seq:
			t.Fatalf("%s (%d) stands behind %d", m.ID, m.Seq, seq)
		default:
			seq = m.Seq
		}
		if math.Abs(tl.heights.top(i)-sum) > 0.5 {
			t.Fatalf("row %d begins at %v, the tree says %v", i, sum, tl.heights.top(i))
		}
		sum += float64(e.head) + float64(e.body)
	}
	if len(tl.entries) == 0 {
		return
	}
	if len(tl.shown) == 0 {
		t.Fatal("nothing is shown")
	}
	for i, e := range tl.shown {
		if e.widget == nil || e.lay == nil || e.widget.entry != e || e.widget.lay != e.lay || e.lay.size.Height != e.body {
			t.Fatalf("%s is not shown as it is", e.item.Message.ID)
		}
		if i > 0 {
			want := tl.shown[i-1].widget.Position().Y + tl.shown[i-1].body + e.head
			if y := e.widget.Position().Y; math.Abs(float64(y-want)) > 0.1 {
				t.Fatalf("%s is at %v, its place is %v", e.item.Message.ID, y, want)
			}
		}
	}
	first, last := tl.shown[0], tl.shown[len(tl.shown)-1]
	bottom := last.widget.Position().Y + last.body
	if end := view - timelineBottom; last == tl.entries[len(tl.entries)-1] && bottom < end-0.6 || last != tl.entries[len(tl.entries)-1] && bottom < view {
		t.Fatalf("there is nothing below %v of %v", bottom, view)
	}
	if top := first.widget.Position().Y - first.head; first != tl.entries[0] && top > 0 {
		t.Fatalf("there is nothing above %v", top)
	} else if first == tl.entries[0] && top > timelineTop+0.6 && bottom > view-timelineBottom+0.6 {
		t.Fatalf("the beginning is at %v while there is more below", top)
	}
	if tl.AtEnd() != (last == tl.entries[len(tl.entries)-1] && bottom <= view-timelineBottom+0.6) {
		t.Fatalf("at the end: %v, with the last bubble's bottom at %v of %v", tl.AtEnd(), bottom, view)
	}
}

func TestFollowsOnlyAtTheEnd(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	tl.Reset(numberedFromTo(1, 50), false)
	tl.Upsert(numbered(51), numbered(52))
	if _, shown := s.y(messageID(52)); !shown || !tl.AtEnd() {
		t.Fatal("it was at the end and did not follow")
	}
	tl.scrollBy(300)
	before, _ := s.y(messageID(45))
	for n := 53; n <= 56; n++ {
		tl.Upsert(numbered(n)) // 53 and 54 are not ours
	}
	if after, _ := s.y(messageID(45)); after != before || tl.AtEnd() {
		t.Errorf("what was read moved from %v to %v", before, after)
	}
	if tl.unseen != 2 {
		t.Errorf("%d new messages of others, want 2", tl.unseen)
	}
	s.tap("Newest messages")
	if !tl.AtEnd() || tl.unseen != 0 || tl.jump.on {
		t.Error("the button does not lead to the end")
	}
}

func TestKeepsOrder(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	tl.Reset(numberedFromTo(1, 3), false)
	mine := pendingItem(100)
	tl.Upsert(mine)
	tl.Upsert(numbered(4)) // arrives while ours waits
	want := func(ids ...int) {
		t.Helper()
		for i, n := range ids {
			if tl.entries[i].item.Message.ID != messageID(n) {
				t.Fatalf("message %d stands at place %d", i, tl.index[messageID(n)])
			}
		}
	}
	want(1, 2, 3, 4, 100)
	mine.Message.Seq, mine.Message.State = 5, chat.MessageStored
	tl.Upsert(numbered(6))
	tl.Upsert(mine)
	want(1, 2, 3, 4, 100, 6)
	tl.Remove(messageID(2), messageID(100), "nobody")
	want(1, 3, 4, 6)
	tl.Remove(messageID(1), messageID(3), messageID(4), messageID(6))
	if id, _ := tl.Anchor(); id != "" || !tl.AtEnd() {
		t.Error("an empty timeline holds something")
	}
	tl.Upsert(numbered(7))
	if _, shown := s.y(messageID(7)); !shown {
		t.Error("the first message is not shown")
	}
}

func TestOlderAndSeen(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	older, seen := 0, uint64(0)
	tl.OnOlder = func() { older++ }
	tl.OnSeen = func(n uint64) { seen = n }
	tl.Reset(numberedFromTo(201, 300), true)
	if older != 0 {
		t.Fatal("older messages are asked for while they are far")
	}
	if seen != 299 { // 300 is ours
		t.Errorf("seen up to %d, want 299", seen)
	}
	tl.scrollToY(0)
	tl.scrollToY(10)
	if older != 1 {
		t.Fatalf("asked %d times, want once", older)
	}
	id, offset := tl.Anchor()
	tl.Prepend(numberedFromTo(101, 200), false)
	if id2, offset2 := tl.Anchor(); id2 != id || math.Abs(float64(offset2-offset)) > 0.1 {
		t.Errorf("%s at %v became %s at %v", id, offset, id2, offset2)
	}
	tl.scrollToY(0)
	if older != 1 {
		t.Error("asked for more than there is")
	}
	if y, shown := s.y(messageID(101)); !shown || y < 0 {
		t.Error("the beginning is not reached")
	}
	if seen != 299 {
		t.Errorf("to read old messages is not to have seen less: %d", seen)
	}
}

func TestScrollToAndKeys(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	tl.Reset(numberedFromTo(1, 2000), false)
	tl.ScrollTo(messageID(1000), 120)
	if y, _ := s.y(messageID(1000)); math.Abs(float64(y-120)) > 0.1 {
		t.Errorf("it is at %v, want 120", y)
	}
	tl.ScrollTo("nobody", 0)
	top := tl.y()
	for _, c := range []struct {
		key  fyne.KeyName
		want float64 // how far down
	}{{fyne.KeyPageUp, -450}, {fyne.KeyPageDown, 450}, {fyne.KeyUp, -60}, {fyne.KeyDown, 60}} {
		tl.TypedKey(&fyne.KeyEvent{Name: c.key})
		if now := tl.y(); math.Abs(now-top-c.want) > 200 { // rows above became exact meanwhile
			t.Errorf("%s moved by %v, want %v", c.key, now-top, c.want)
		}
		top = tl.y()
	}
	tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyHome})
	if y, shown := s.y(messageID(1)); !shown || y < 0 {
		t.Error("Home does not lead to the beginning")
	}
	tl.TypedKey(&fyne.KeyEvent{Name: fyne.KeyEnd})
	if !tl.AtEnd() {
		t.Error("End does not lead to the end")
	}
	typed := ""
	tl.OnTyped = func(r rune) { typed += string(r) }
	tl.TypedRune('h')
	if typed != "h" {
		t.Error("a letter is lost")
	}
}

func TestScrollBar(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	tl.Reset(numberedFromTo(1, 5000), false)
	drag := func(from, to float32) {
		tl.bar.from = from - tl.bar.top
		tl.bar.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(5, to)}})
		tl.bar.DragEnd()
	}
	drag(tl.bar.top+3, 0)
	if _, shown := s.y(messageID(1)); !shown {
		t.Error("the thumb at the top does not show the beginning")
	}
	drag(tl.bar.top+3, 250)
	if id, _ := tl.Anchor(); id < messageID(2000) || id > messageID(3000) {
		t.Errorf("the thumb in the middle shows %s", id)
	}
	drag(tl.bar.top+3, 600)
	if !tl.AtEnd() {
		t.Error("the thumb at the bottom does not show the end")
	}
	tl.Reset(numberedFromTo(1, 2), false)
	if tl.bar.thumb.Visible() {
		t.Error("there is a bar where nothing can be scrolled")
	}
}

func TestReceiptsAndDays(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	items := numberedFromTo(1, 6)
	items[5].Message.At = items[4].Message.At.Add(24 * time.Hour)
	tl.Reset(items, false)
	tl.SetReceipts(func(m *chat.Message) chat.Receipt {
		if m.Seq <= 5 {
			return chat.ReceiptRead
		}
		return chat.ReceiptSent
	})
	for _, e := range tl.entries {
		want := chat.ReceiptWaiting
		if e.item.Mine {
			want = chat.ReceiptRead
			if e.item.Message.Seq > 5 {
				want = chat.ReceiptSent
			}
		}
		if e.item.Receipt != want {
			t.Errorf("message %d: %v, want %v", e.item.Message.Seq, e.item.Receipt, want)
		}
	}
	days := 0
	for _, e := range tl.entries {
		if e.day {
			days++
		}
	}
	if days != 2 {
		t.Errorf("%d days, want 2", days)
	}
}

// Progress draws its own row and measures nothing else; a long conversation
// needs no more widgets than a short one.
func TestDoesLittle(t *testing.T) {
	s := lightStage(t, 600, 500)
	tl := s.timeline
	items := numberedFromTo(1, 5_000)
	items[4_999] = fileItem(5_000, true, movie(), &chat.Transfer{State: chat.TransferMoving})
	tl.Reset(items, false)
	if tl.measured > 60 {
		t.Errorf("%d bubbles were measured to show one screen", tl.measured)
	}
	before := tl.measured
	for offset := int64(1); offset <= 10; offset++ {
		tr := *items[4_999].Transfer
		tr.Offset, tr.Rate, tr.Left = offset*80e6, 38e6, time.Second
		tl.SetTransfer(tr)
	}
	if tl.measured-before != 10 {
		t.Errorf("ten steps of progress measured %d bubbles", tl.measured-before)
	}
	for range 60 {
		tl.scrollBy(700)
	}
	if tl.bubble > 80 {
		t.Errorf("%d widgets were made for a screen that holds ten", tl.bubble)
	}
}
