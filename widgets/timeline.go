package widgets

import (
	"context"
	"image"
	"net/url"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
	"satchel/chat"
)

// Item is one message with everything that its bubble shows.
type Item struct {
	Message chat.Message
	Mine    bool
	Line    string // stands in the middle instead of a bubble: what somebody did, not what they wrote
	// Sender is written above the first bubble of a group; leave it empty in
	// a conversation of two.
	Sender    string
	Receipt   chat.Receipt   // of ours
	Transfer  *chat.Transfer // nil: none
	Path      string         // of the verified file on this computer; "" when it is not here, or Transfer names it
	Partly    bool           // of a folder, a part lies there
	QuoteFrom string         // who wrote what this answers, as the person calls them
	Reactions []Reaction     // by emoji, in the order of their coming
	Names     []string       // who can be mentioned here; nil in a conversation of two
	Heard     Heard          // of a sound
	Fetched   string         // of a file of ours: who has it, in words
}

// Heard is how far a sound was heard.
type Heard struct {
	Playing bool
	At      float64 // seconds
}

// Reaction is one emoji below a message.
type Reaction struct {
	Emoji string
	Count int
	Mine  bool   // ours is among them
	Who   string // their names
}

// Timeline is the messages of one conversation. It makes widgets only for what
// is on the screen and a little around it, so that a hundred thousand messages
// cost what twenty do. What is being read stays where it is, whatever happens
// above or below; only at the end it follows what is new.
//
// Positions are kept as an anchor: a message and how far below the top of the
// timeline its bubble begins. Everything else is placed from there, with exact
// heights near the screen and estimated ones far from it.
type Timeline struct {
	widget.BaseWidget

	OnOlder  func()                 // what is loaded begins near: answer with Prepend, even of nothing, or it is not asked again
	OnNewer  func()                 // what is loaded ends near: answer with Append, even of nothing
	OnNewest func()                 // the way to the end leads over what is not loaded: answer with Reset
	OnSeen   func(seq uint64)       // the newest message of somebody else that was on the screen
	OnFiles  func([]chat.MessageID) // whose files are on the screen now
	OnFile   func(chat.Message)     // download or open, by state
	OnPlay   func(chat.Message)     // a sound: play it, fetched first where it must be; when it plays, pause
	// OnSeek hears of a place in a sound, 0 to 1, from where it is to be played.
	OnSeek   func(m chat.Message, part float64)
	OnPause  func(chat.TransferID)
	OnResume func(chat.TransferID) // go on; for a failed one: try again
	OnCancel func(chat.TransferID)
	OnSaveAs func(chat.Message) // the file is here
	OnCopy   func(string)       // text for the clipboard

	OnCopyPicked func()                                // Ctrl+C while messages are chosen
	OnLink       func(*url.URL)                        // http and https only
	OnTyped      func(rune)                            // a key that the timeline has no use for: write it
	OnMenu       func(m chat.Message) []*fyne.MenuItem // what else the menu of a message offers

	OnShowInFolder func(chat.Message) // the file is here
	OnTree         func(chat.Message) // what is in a folder

	// Picture decodes the picture in a file of this computer to fit into w by h
	// pixels. It is called beside the screen, for two at a time, and its context
	// ends when nobody waits any more. Until it is there, and where Picture is nil,
	// the thumbnail is drawn.
	Picture func(ctx context.Context, path string, w, h int) (image.Image, error)

	OnReact  func(m chat.Message, emoji string) // a reaction was pressed: add ours, or take it back
	OnQuote  func(chat.MessageID)               // a quote was pressed, of a message that is not loaded
	OnPicked func(n int)                        // so many messages are chosen now
	OnDone   func()                             // Escape, with nothing left to undo here

	// Dispatch runs a function on Fyne's goroutine; fyne.Do unless set. A test
	// sets it: in Fyne's test driver fyne.Do runs where it is called.
	Dispatch func(func())
	// Now is the clock by which a day is today; time.Now unless set.
	Now func() time.Time

	entries []*entry
	index   map[chat.MessageID]int
	heights heights

	hasOlder, asked      bool
	hasNewer, askedNewer bool
	albums               bool // some entries are tiles: their places depend on the room

	anchor *entry
	offset float32 // from the timeline's top to the anchor's bubble
	follow bool    // at the end, and staying there

	look      look    // what heights depend on, besides the messages
	looks     int     // counts the looks; heights of another one are estimates
	room      float32 // between the margins
	arranging bool

	unread     chat.MessageID // "New messages" stands above it; "": nowhere
	unreadMark *dayMark

	shown   []*entry // on the screen and around, in order
	pool    [bubbleKinds][]*bubble
	dayPool []*dayMark
	objects []fyne.CanvasObject
	mark    *canvas.Rectangle // its refresh repaints, and frees no texture
	bar     *scrollBar
	jump    *jumpButton
	unseen  int              // messages of others below what was on the screen so far
	beyond  int              // of them, those that are not loaded
	seen    uint64           // told last
	files   []chat.MessageID // told last by OnFiles

	picked  map[chat.MessageID]bool // chosen, to be acted on together
	pickAt  chat.MessageID          // where Shift extends from
	current chat.MessageID          // that the keyboard acts on; "": none
	focused bool                    // the keyboard is here
	across  bool                    // they were chosen by drawing the pointer over them
	flashed *entry
	flash   *fyne.Animation

	selected         *entry
	selFrom, selTo   int
	images           *images
	measured, bubble int // how often a bubble was measured and made; for tests and benchmarks
}

// entry is an item in the timeline, with what is known of its place.
type entry struct {
	item Item
	date int // dayOf the message, which is not quick to tell

	day         bool // the first of its day
	first, last bool // of its group

	head  float32 // what stands above the bubble: a gap, or the day
	body  float32 // the bubble; exact when looks is the timeline's, an estimate else
	looks int

	unfolded int           // bytes of a long text that are shown; 0: its beginning
	lay      *bubbleLayout // while it is shown
	widget   *bubble       // while it is shown
	mark     *dayMark      // while it is shown, and the first of its day
	stale    bool          // the widget shows less than the item says

	tile     tile              // its place in a block of pictures
	tint     *canvas.Rectangle // behind the row, while it is chosen or flashes
	parsed   rich              // of parsedOf
	parsedOf string
}

// parse reads the markup of a text, once.
func (e *entry) parse(text string) rich {
	if e.parsedOf != text {
		e.parsed, e.parsedOf = parseMarkup(text, e.item.Names), text
	}
	return e.parsed
}

// links are where its words lead, each once.
func (e *entry) links() (all []*url.URL) {
	content := &e.item.Message.Content
	if !content.Known() || e.item.Message.Deleted || len(content.Text) > mostLinked {
		return nil
	}
	seen := map[string]bool{}
	for _, s := range e.parse(content.Text).spans {
		if s.url != nil && !seen[s.url.String()] && len(all) < mostLinks {
			seen[s.url.String()] = true
			all = append(all, s.url)
		}
	}
	return all
}

// Bounds of what a menu offers of a message's links: bytes of the text, and how many.
const (
	mostLinked = 32 << 10
	mostLinks  = 8
)

func newEntry(it *Item) *entry { return &entry{item: *it, date: dayOf(it.Message.At)} }

// NewTimeline returns an empty timeline, at its end.
func NewTimeline() *Timeline {
	t := &Timeline{index: map[chat.MessageID]int{}, picked: map[chat.MessageID]bool{}, follow: true, mark: &canvas.Rectangle{}}
	t.images = newImages(func(f func()) {
		if t.Dispatch != nil {
			t.Dispatch(f)
		} else {
			fyne.Do(f)
		}
	})
	t.unreadMark = newDayMark(ColorAccent)
	t.bar = newScrollBar(t)
	t.jump = newJumpButton(t)
	t.ExtendBaseWidget(t)
	t.collect()
	return t
}

// Thumbnail returns the thumbnail in data as w by h pixels, from the pictures
// that the timeline keeps; nil: not yet, and ready is called once it is there.
func (t *Timeline) Thumbnail(data []byte, w, h int, ready func()) image.Image {
	if img := t.images.thumbnail(new(byte), data, w, h, false, ready); img != nil { // everybody who asks is told
		return img
	}
	return nil
}

// Close lets the timeline's workers end, and waits for them. Pictures that were
// not decoded yet are not drawn any more.
func (t *Timeline) Close() { t.images.close() }

// Reset shows another conversation, at its end. Items are in order: stored
// ones by sequence number, then the pending ones.
func (t *Timeline) Reset(items []Item, hasOlder bool) {
	t.load(items, hasOlder, false)
	t.arrange()
}

// ResetAt shows messages from the middle of a conversation, with that one lit
// up; hasNewer tells that they do not reach its end.
func (t *Timeline) ResetAt(items []Item, hasOlder, hasNewer bool, id chat.MessageID) {
	t.load(items, hasOlder, hasNewer)
	if i, ok := t.index[id]; ok {
		t.anchor, t.offset, t.follow = t.entries[i], t.Size().Height/3, false
	}
	t.arrange()
	t.Flash(id)
}

// ResetUnread shows a conversation from the first message on that the person does
// not know, with the line above it; hasNewer as in ResetAt.
func (t *Timeline) ResetUnread(items []Item, hasOlder, hasNewer bool, id chat.MessageID) {
	t.load(items, hasOlder, hasNewer)
	t.unread = id
	t.rebuild()
	if i, ok := t.index[id]; ok { // what is below was not on the screen
		t.anchor, t.offset, t.follow = t.entries[i], unreadTop, false
	}
	t.arrange()
	t.chooseAnchor()
}

// SetBeyond tells how many messages that the person does not know lie behind those
// that are loaded: the way to the end counts them.
func (t *Timeline) SetBeyond(n int) {
	if t.beyond != n {
		t.beyond = n
		t.arrange()
	}
}

// load takes the place of all that is there.
func (t *Timeline) load(items []Item, hasOlder, hasNewer bool) {
	t.releaseAll()
	t.clearSelection()
	t.endFlash()
	t.current = ""
	t.entries = make([]*entry, len(items))
	for i := range items {
		t.entries[i] = newEntry(&items[i])
	}
	t.hasOlder, t.asked = hasOlder, false
	t.hasNewer, t.askedNewer = hasNewer, false
	t.index = make(map[chat.MessageID]int, len(items))
	t.anchor, t.offset, t.follow = nil, 0, true
	t.unseen, t.seen, t.beyond, t.unread = 0, 0, 0, ""
	t.rebuild()
}

// MarkUnread writes "New messages" above a message, until Reset; "" takes it away.
func (t *Timeline) MarkUnread(id chat.MessageID) {
	t.unread = id
	t.rebuild()
	t.arrange()
}

// Prepend adds older items in front. It never moves what is being read.
func (t *Timeline) Prepend(items []Item, hasOlder bool) {
	t.hasOlder, t.asked = hasOlder, false
	added := make([]*entry, 0, len(items)+len(t.entries))
	for i := range items {
		if _, there := t.index[items[i].Message.ID]; !there {
			added = append(added, newEntry(&items[i]))
		}
	}
	if len(added) == 0 {
		return
	}
	t.entries = append(added, t.entries...)
	t.rebuild()
	t.arrange()
}

// Append adds newer items behind what is loaded, where that does not reach the
// end (see ResetAt); hasNewer tells whether there are still more.
func (t *Timeline) Append(items []Item, hasNewer bool) {
	t.hasNewer, t.askedNewer = hasNewer, false
	for i := range items {
		if _, there := t.index[items[i].Message.ID]; !there {
			t.place(newEntry(&items[i]))
		}
	}
	t.arrange()
}

// Upsert adds items that are new, where their place in the conversation is,
// and changes those that are there. The timeline follows only when it was at
// its end.
func (t *Timeline) Upsert(items ...Item) {
	for i := range items {
		it := &items[i]
		at, there := t.index[it.Message.ID]
		switch {
		case !there:
			t.place(newEntry(it))
		case t.inPlace(at, it):
			e := t.entries[at]
			e.item, e.date = *it, dayOf(it.Message.At)
			t.change(e, at)
		default: // acknowledged: its place is among the stored ones now
			e := t.entries[at]
			e.item, e.date = *it, dayOf(it.Message.At)
			e.stale, e.lay = true, nil
			t.reorder(at)
		}
	}
	t.arrange()
}

// Remove takes messages out.
func (t *Timeline) Remove(ids ...chat.MessageID) {
	gone := map[*entry]bool{}
	for _, id := range ids {
		if i, ok := t.index[id]; ok {
			gone[t.entries[i]] = true
		}
	}
	if len(gone) == 0 {
		return
	}
	t.reanchor(gone)
	kept := make([]*entry, 0, len(t.entries)-len(gone))
	for _, e := range t.entries {
		if !gone[e] {
			kept = append(kept, e)
			continue
		}
		t.release(e)
		if t.selected == e {
			t.clearSelection()
		}
		if t.flashed == e {
			t.endFlash()
		}
		if id := e.item.Message.ID; t.picked[id] {
			delete(t.picked, id)
			defer t.tellPicked()
		}
	}
	t.entries = kept
	t.rebuild()
	t.arrange()
}

// SetTransfer shows how a transfer goes, in its message's bubble.
func (t *Timeline) SetTransfer(tr chat.Transfer) {
	i, ok := t.index[tr.Message]
	if !ok {
		return
	}
	e := t.entries[i]
	e.item.Transfer = &tr
	if t.change(e, i) {
		t.arrange()
	} else {
		t.settle(e, i)
	}
}

// SetReceipts asks anew how far each of our messages came.
func (t *Timeline) SetReceipts(of func(m *chat.Message) chat.Receipt) {
	for _, e := range t.entries {
		if !e.item.Mine {
			continue
		}
		if r := of(&e.item.Message); r != e.item.Receipt {
			e.item.Receipt = r
			if e.widget != nil {
				e.widget.apply(e, e.lay)
				t.reveal(e)
			}
		}
	}
	t.repaint()
}

// ScrollToEnd shows the newest message, and follows from there.
func (t *Timeline) ScrollToEnd() {
	if t.hasNewer && t.OnNewest != nil {
		t.OnNewest()
		return
	}
	t.follow = true
	t.arrange()
}

// AtEnd tells whether the newest message is on the screen, at its bottom.
func (t *Timeline) AtEnd() bool { return t.follow }

// Anchor is what is being read: a message, and how far below the timeline's
// top its bubble begins. "" when the timeline is empty.
func (t *Timeline) Anchor() (chat.MessageID, float32) {
	if t.anchor == nil {
		return "", 0
	}
	return t.anchor.item.Message.ID, t.offset
}

// Seen is the newest message of somebody else that was on the screen so far.
func (t *Timeline) Seen() uint64 { return t.seen }

// ScrollTo puts a message's bubble that far below the timeline's top, as far as
// there are messages around it to fill the timeline. Unknown ids are ignored.
func (t *Timeline) ScrollTo(id chat.MessageID, offset float32) {
	i, ok := t.index[id]
	if !ok {
		return
	}
	t.anchor, t.offset, t.follow = t.entries[i], offset, false
	t.arrange()
	t.chooseAnchor()
}
