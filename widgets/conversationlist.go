package widgets

import (
	"image/color"
	"slices"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"satchel/chat"
)

// Tone is the colour of a run of words.
type Tone uint8

const (
	ToneMuted  Tone = iota
	ToneAccent      // something moves
	ToneGood        // somebody writes
	ToneBad         // a draft, a failure
)

func (t Tone) color() fyne.ThemeColorName {
	return [...]fyne.ThemeColorName{ColorMuted, ColorAccent, ColorGood, ColorBad}[t]
}

// Row is one line of the conversation list, or of what a search found. Words are
// in the person's language already.
type Row struct {
	ID       chat.ConversationID
	Message  chat.MessageID // found in the conversation; "": the row is the conversation's own
	Person   string         // somebody without a conversation yet, by name; ID is ""
	Heading  bool           // Name stands above the rows that follow, and can't be chosen
	Folder   bool           // leads to other rows, or back from them; ID is ""
	Face     Face
	Name     string
	Lead     string // in front of Line, in its own tone: "Draft:"
	LeadTone Tone
	Icon     Icon   // in front of Line: what kind of thing it names; "" for words
	Line     string // last words, or what is happening
	LineTone Tone
	Italic   bool
	Time     string
	Unread   int

	Pinned bool // stands at the top
	Muted  bool // its messages do not disturb: the count is quiet
	Marked bool // as unread, by hand

	HasReceipt bool // the last words are our own
	Receipt    chat.Receipt
}

// ConversationRowHeight is the height of every row, unless rows stand close: see
// SetCompact.
const ConversationRowHeight float32 = 64

// headingHeight is that of the rows that are headings.
const headingHeight float32 = 42

// ConversationList lists conversations, and what a search found. A tap, or Space
// or Enter on the highlighted row, calls OnSelect. A right click, the menu key or
// Shift+F10 on a conversation offers what OnMenu gives.
type ConversationList struct {
	widget.BaseWidget
	OnSelect func(Row)
	OnMenu   func(Row) []*fyne.MenuItem // nil: there is no menu
	OnEscape func()

	rows     []Row
	selected chat.ConversationID
	at       int // the row that Step marked, from 1; 0: none
	list     *keyedList
	empty    *canvas.Text
	shown    map[widget.ListItemID]*conversationRow
	low      map[widget.ListItemID]bool // places that have a heading's height
}

// NewConversationList returns an empty list.
func NewConversationList() *ConversationList {
	l := &ConversationList{shown: map[widget.ListItemID]*conversationRow{}, low: map[widget.ListItemID]bool{}}
	l.ExtendBaseWidget(l)
	l.list = newKeyedList(l)
	l.list.Length = func() int { return len(l.rows) }
	l.list.CreateItem = func() fyne.CanvasObject {
		r := &conversationRow{}
		r.ExtendBaseWidget(r)
		return r
	}
	l.list.UpdateItem = func(i widget.ListItemID, o fyne.CanvasObject) {
		r := o.(*conversationRow)
		row := l.rows[i]
		l.shown[i] = r
		r.onTapped = func() { l.choose(row) }
		r.onMenu = func(at fyne.Position) { l.showMenu(row, at) }
		r.set(row, l.marks(&row))
	}
	l.list.HideSeparators = true
	l.list.OnSelected = func(i widget.ListItemID) {
		l.list.UnselectAll()
		if i < len(l.rows) {
			l.choose(l.rows[i])
		}
	}
	l.empty = NewText("", SmallSize, ColorMuted)
	l.empty.Alignment = fyne.TextAlignCenter
	return l
}

func (l *ConversationList) choose(r Row) {
	if l.OnSelect != nil && !r.Heading {
		l.OnSelect(r)
	}
}

// marks tells whether a row is marked: that of the open conversation, or, while
// something is looked for, the one that Enter takes.
func (l *ConversationList) marks(r *Row) bool {
	if l.at > 0 && l.at <= len(l.rows) {
		return *r == l.rows[l.at-1]
	}
	return !r.Heading && !r.Folder && r.Message == "" && r.ID != "" && r.ID == l.selected
}

// Step moves the mark to the next row that can be chosen, down or up, and shows it.
func (l *ConversationList) Step(down bool) {
	step := -1
	if down {
		step = 1
	}
	for i := l.at + step; i > 0 && i <= len(l.rows); i += step {
		if !l.rows[i-1].Heading {
			l.at = i
			l.list.ScrollTo(i - 1)
			l.list.Refresh()
			return
		}
	}
}

// Marked is the row that Step marked, else the first that can be chosen.
func (l *ConversationList) Marked() (Row, bool) {
	if l.at > 0 && l.at <= len(l.rows) {
		return l.rows[l.at-1], true
	}
	for _, r := range l.rows {
		if !r.Heading {
			return r, true
		}
	}
	return Row{}, false
}

// SetRows shows these rows, in this order; empty is said where there is none.
func (l *ConversationList) SetRows(rows []Row, empty string) {
	if slices.Equal(l.rows, rows) && l.empty.Text == empty {
		return
	}
	for i, r := range rows {
		if l.low[i] != r.Heading {
			height := ConversationRowHeight - 2*closer(compactRow)
			if r.Heading {
				height = headingHeight
			}
			l.low[i] = r.Heading
			l.list.SetItemHeight(i, height)
		}
	}
	l.rows = slices.Clone(rows)
	l.at = 0
	l.empty.Text = empty
	clear(l.shown)
	l.Refresh()
}

// ScrollToTop shows the first row.
func (l *ConversationList) ScrollToTop() { l.list.ScrollToTop() }

// Rows returns what is listed.
func (l *ConversationList) Rows() []Row { return l.rows }

// SetSelected marks the conversation that is open.
func (l *ConversationList) SetSelected(id chat.ConversationID) {
	if l.selected != id {
		l.selected = id
		l.list.Refresh()
	}
}

// Next returns the conversation that stands step rows below the marked one
// (above, when step is negative); "" when there is none.
func (l *ConversationList) Next(step int) chat.ConversationID {
	i := slices.IndexFunc(l.rows, func(r Row) bool { return r.ID == l.selected && r.Message == "" })
	if i < 0 && step < 0 {
		i = len(l.rows)
	}
	if i += step; i < 0 || i >= len(l.rows) || l.rows[i].Message != "" {
		return ""
	}
	return l.rows[i].ID
}

// RowObject returns the drawn row of a conversation, or nil when it is scrolled away.
func (l *ConversationList) RowObject(id chat.ConversationID) fyne.CanvasObject {
	for i, r := range l.rows {
		if o := l.shown[i]; r.ID == id && o != nil && o.row.ID == id {
			return o
		}
	}
	return nil
}

// CreateRenderer implements fyne.Widget.
func (l *ConversationList) CreateRenderer() fyne.WidgetRenderer {
	unseen, there := ownFonts()
	tight := container.NewThemeOverride(container.NewStack(l.list, unseen), &tightTheme{})
	there()
	r := &shellRenderer{objects: []fyne.CanvasObject{tight, l.empty}}
	r.layout = func(s fyne.Size) {
		place(tight, 0, 0, s.Width, s.Height)
		place(l.empty, 0, 24, s.Width, SmallLineHeight)
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, ConversationRowHeight) }
	r.refresh = func() {
		l.empty.Color = Color(ColorMuted)
		show(l.empty, len(l.rows) == 0)
		l.empty.Refresh()
		l.list.Refresh()
	}
	r.refresh()
	return r
}

// conversationRow draws one Row.
type conversationRow struct {
	widget.BaseWidget
	row               Row
	selected, hovered bool
	onTapped          func()
	onMenu            func(at fyne.Position)
}

func (r *conversationRow) set(row Row, selected bool) {
	if r.row != row || r.selected != selected {
		r.row, r.selected = row, selected
		r.Refresh()
	}
}

func (r *conversationRow) Tapped(*fyne.PointEvent) {
	if r.onTapped != nil {
		r.onTapped()
	}
}

// TappedSecondary implements fyne.SecondaryTappable: the menu of the conversation.
func (r *conversationRow) TappedSecondary(e *fyne.PointEvent) {
	if r.onMenu != nil {
		r.onMenu(e.AbsolutePosition)
	}
}
func (r *conversationRow) MouseIn(*desktop.MouseEvent)    { r.hovered = true; r.Refresh() }
func (r *conversationRow) MouseMoved(*desktop.MouseEvent) {}
func (r *conversationRow) MouseOut()                      { r.hovered = false; r.Refresh() }

func (r *conversationRow) MinSize() fyne.Size {
	return fyne.NewSize(200, ConversationRowHeight-2*closer(compactRow))
}

func (r *conversationRow) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(color.Transparent, FieldRadius)
	avatar := NewAvatar(AvatarSize)
	name := NewBoldText("", TextSize, ColorText)
	at := NewText("", TinySize, ColorMuted)
	lead := NewText("", SmallSize, ColorMuted)
	line := NewText("", SmallSize, ColorMuted)
	ticks := &canvas.Image{}
	icon := &canvas.Image{FillMode: canvas.ImageFillContain}
	badge := NewRounded(color.Transparent, 9)
	count := NewBoldText("", TinySize, ColorOnAccent)
	count.Alignment = fyne.TextAlignCenter
	muted := newIconImage(IconMuted, ColorMuted)
	pinned := newIconImage(IconPin, ColorMuted)
	re := &shellRenderer{objects: []fyne.CanvasObject{box, avatar, name, muted, at, ticks, icon, lead, line, pinned, badge, count}}
	re.layout = func(s fyne.Size) {
		const left, right = 80, 24
		place(box, 8, 0, s.Width-16, s.Height)
		place(avatar, 24, 10, AvatarSize, AvatarSize)
		if r.row.Heading {
			name.Text = ElideEnd(r.row.Name, s.Width-2*right, TextSize, true)
			place(name, right, s.Height-30, s.Width-2*right, LineHeight)
		}

		timeWidth := MeasureText(r.row.Time, TinySize, false).Width
		place(at, s.Width-right-timeWidth, 16, timeWidth, SmallLineHeight)
		room := s.Width - left - right - timeWidth - 8
		if !r.row.Heading {
			if r.row.Muted && !r.row.Folder {
				room -= 18
			}
			name.Text = ElideEnd(r.row.Name, room, TextSize, true)
			place(name, left, 14, room, LineHeight)
			place(muted, left+MeasureText(name.Text, TextSize, true).Width+4, 17, 14, 14)
		}

		room = s.Width - left - right
		count.Text = ""
		switch {
		case r.row.Unread > 0:
			count.Text = unreadText(r.row.Unread)
			w := max(18, MeasureText(count.Text, TinySize, true).Width+11)
			place(badge, s.Width-right-w, 34, w, 17)
			place(count, s.Width-right-w, 34, w, 17)
			room -= w + 8
		case r.row.Marked:
			place(badge, s.Width-right-15, 36, 12, 12)
			room -= 23
		}
		if r.row.Pinned {
			place(pinned, left+room-14, 35, 14, 14)
			room -= 20
		}
		x := float32(left)
		lead.Text = r.row.Lead
		if r.row.Line != "" {
			lead.Text = ElideEnd(r.row.Lead, room/2, SmallSize, false)
		}
		if lead.Text != "" {
			w := MeasureText(lead.Text, SmallSize, false).Width
			place(lead, x, 33, w, SmallLineHeight+2)
			x, room = x+w+4, room-w-4
		}
		if r.row.HasReceipt {
			w := receiptGlyph(r.row.Receipt).width
			place(ticks, x, 36, w, 12)
			x, room = x+w+5, room-w-5
		}
		if r.row.Icon != "" {
			place(icon, x-1, 35, 14, 14)
			x, room = x+17, room-17
		}
		line.Text = ElideEnd(r.row.Line, room, SmallSize, false)
		place(line, x, 33, room, SmallLineHeight+2)
		for _, o := range re.objects[1:] {
			o.Move(o.Position().SubtractXY(0, closer(compactRow)))
		}
	}
	re.min = r.MinSize
	re.refresh = func() {
		box.FillColor = color.Transparent
		avatar.on = ColorSide
		if r.selected {
			box.FillColor = Color(ColorSelected)
			avatar.on = ColorSelected
		} else if r.hovered {
			box.FillColor = Color(ColorHover)
		}
		show(avatar, !r.row.Heading)
		avatar.SetFace(r.row.Face)
		avatar.Refresh()
		at.Text = r.row.Time
		line.TextStyle.Italic = r.row.Italic
		name.Color, at.Color, count.Color = Color(ColorText), Color(ColorMuted), Color(ColorOnAccent)
		if r.row.Heading {
			box.FillColor, name.Color = color.Transparent, Color(ColorMuted)
		}
		lead.Color, line.Color = Color(r.row.LeadTone.color()), Color(r.row.LineTone.color())
		badge.FillColor = Color(ColorAccent)
		if r.row.Muted {
			badge.FillColor = Color(ColorMuted)
		}
		drawIcon(muted, IconMuted.Resource(Color(ColorMuted)))
		drawIcon(pinned, IconPin.Resource(Color(ColorMuted)))
		show(muted, r.row.Muted && !r.row.Heading && !r.row.Folder)
		show(pinned, r.row.Pinned)
		show(icon, r.row.Icon != "")
		if r.row.Icon != "" {
			drawIcon(icon, r.row.Icon.Resource(Color(r.row.LineTone.color())))
		}
		show(ticks, r.row.HasReceipt)
		if r.row.HasReceipt {
			tone := ColorMuted
			switch r.row.Receipt {
			case chat.ReceiptRead:
				tone = ColorAccent
			case chat.ReceiptFailed:
				tone = ColorBad
			}
			setGlyph(ticks, receiptGlyph(r.row.Receipt), Color(tone))
		}
		show(badge, r.row.Unread > 0 || r.row.Marked)
		show(count, r.row.Unread > 0)
		if !r.Size().IsZero() {
			re.layout(r.Size())
		}
		for _, o := range re.objects {
			if _, drawn := o.(*canvas.Image); !drawn {
				o.Refresh()
			}
		}
	}
	re.refresh()
	return re
}

// unreadText keeps the badge small.
func unreadText(n int) string {
	if n > 999 {
		return "999+"
	}
	return strconv.Itoa(n)
}

// receiptGlyph is how a receipt is drawn, in bubbles and rows alike.
func receiptGlyph(r chat.Receipt) glyph {
	switch r {
	case chat.ReceiptSent:
		return glyphSent
	case chat.ReceiptDelivered, chat.ReceiptRead:
		return glyphDelivered
	case chat.ReceiptFailed:
		return glyphNotSent
	}
	return glyphWaiting
}
