package widgets

import (
	"image/color"
	"reflect"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"satchel/chat"
)

// TransferRow is a transfer in a list of all, or a heading above some of them.
type TransferRow struct {
	Heading  string         // "": a transfer
	Transfer *chat.Transfer // is not changed any more; nil for a heading
	With     string         // what the conversation is called
	Fetched  string         // of an upload that is done: who has it, in words
}

// TransferAct is what can be done to a transfer.
type TransferAct uint8

const (
	ActFront  TransferAct = iota // before all others that wait
	ActPause                     // until ActResume
	ActResume                    // go on; of what failed: try again
	ActCancel
	ActOpen
	ActFolder // show it there
)

// TransferList lists transfers; only the rows that are in view exist, so that ten
// thousand of them cost no more than ten.
type TransferList struct {
	widget.BaseWidget
	OnAct func(chat.Transfer, TransferAct)

	rows  []TransferRow
	list  *rowList
	empty *canvas.Text
	shown map[widget.ListItemID]*transferRow
}

const (
	transferRowHeight float32 = 60
	transferHeading   float32 = 40
	transferFirst     float32 = 26 // of a heading above all
	transferTile      float32 = 40
)

// NewTransferList returns an empty list; empty is said while there is nothing.
func NewTransferList(empty string) *TransferList {
	l := &TransferList{shown: map[widget.ListItemID]*transferRow{}, empty: NewText(empty, SmallSize, ColorMuted)}
	l.empty.Alignment = fyne.TextAlignCenter
	l.ExtendBaseWidget(l)
	l.list = newRowList(
		func() int { return len(l.rows) },
		func() fyne.CanvasObject { return newTransferRow(l) },
		func(i widget.ListItemID, o fyne.CanvasObject) {
			if l.list.quiet { // it may be a row that is no more
				return
			}
			r := o.(*transferRow)
			if l.shown[r.at] == r {
				delete(l.shown, r.at)
			}
			r.at = i
			l.shown[i] = r
			r.set(l.rows[i])
		})
	l.list.OnSelected = func(widget.ListItemID) { l.list.UnselectAll() }
	l.list.onPress, l.list.onMenu = l.menuAt, l.menuAt
	return l
}

// SetRows shows these rows. Where only what a row says differs, no other is drawn again.
func (l *TransferList) SetRows(rows []TransferRow) {
	before := l.rows
	l.rows = slices.Clone(rows)
	if slices.EqualFunc(before, rows, TransferRow.alike) {
		for i, r := range l.shown {
			if !reflect.DeepEqual(before[i], rows[i]) {
				r.set(rows[i])
			}
		}
		return
	}
	clear(l.shown)
	l.list.quietly(func() { l.setHeights(before) })
	l.Refresh()
}

// alike tells whether two rows are of the same transfer, or heading.
func (r TransferRow) alike(o TransferRow) bool {
	return r.Heading == o.Heading && (r.Transfer == nil || o.Transfer == nil || r.Transfer.ID == o.Transfer.ID)
}

// setHeights makes headings lower than what is below them.
func (l *TransferList) setHeights(before []TransferRow) {
	height := func(rows []TransferRow, i int) float32 {
		switch {
		case i >= len(rows) || rows[i].Heading == "":
			return transferRowHeight
		case i == 0:
			return transferFirst
		}
		return transferHeading
	}
	for i := range max(len(before), len(l.rows)) {
		if now := height(l.rows, i); now != height(before, i) {
			l.list.SetItemHeight(i, now)
		}
	}
}

// Rows returns what is listed.
func (l *TransferList) Rows() []TransferRow { return l.rows }

// menuAt offers what can be done to the transfer that the keyboard is at: its buttons
// may be another's by the time that Tab comes to them.
func (l *TransferList) menuAt(i widget.ListItemID) {
	o, c := l.shown[i], fyne.CurrentApp().Driver().CanvasForObject(l.list)
	if o == nil || c == nil || i >= len(l.rows) || l.rows[i].Transfer == nil || l.OnAct == nil {
		return
	}
	t := l.rows[i].Transfer
	var items []*fyne.MenuItem
	for _, act := range o.acts {
		_, name := actLook(act, t)
		items = append(items, fyne.NewMenuItem(name, func() { l.OnAct(*t, act) }))
	}
	if len(items) > 0 {
		ShowMenuBelow(items, c, o, fyne.NewPos(transferTile+16, transferRowHeight-8))
	}
}

// ActButton is what does something to a transfer that is in view; nil: nothing there does.
func (l *TransferList) ActButton(id chat.TransferID, act TransferAct) *Button {
	for i, r := range l.shown {
		if i < len(l.rows) && l.rows[i].Heading == "" && l.rows[i].Transfer.ID == id && r.row.Heading == "" && r.row.Transfer.ID == id {
			if at := slices.Index(r.acts, act); at >= 0 {
				return r.buttons[at]
			}
		}
	}
	return nil
}

// CreateRenderer implements fyne.Widget.
func (l *TransferList) CreateRenderer() fyne.WidgetRenderer {
	r := &shellRenderer{objects: []fyne.CanvasObject{l.list, l.empty}}
	r.layout = func(s fyne.Size) {
		place(l.list, 0, 0, s.Width, s.Height)
		place(l.empty, 0, s.Height/2-20, s.Width, 20)
	}
	r.min = func() fyne.Size { return fyne.NewSize(360, 4*transferRowHeight) }
	r.refresh = func() {
		l.empty.Color = Color(ColorMuted)
		show(l.empty, len(l.rows) == 0)
		show(l.list, len(l.rows) > 0) // nothing to walk through
		l.empty.Refresh()
		l.list.Refresh()
	}
	r.refresh()
	return r
}

// mostActs is how many buttons a row has at most.
const mostActs = 3

// transferRow is one row, which shows one transfer after the other.
type transferRow struct {
	widget.BaseWidget
	of      *TransferList
	at      widget.ListItemID // of row in the list
	row     TransferRow
	acts    []TransferAct
	buttons [mostActs]*Button
}

func newTransferRow(of *TransferList) *transferRow {
	r := &transferRow{of: of}
	for i := range r.buttons {
		r.buttons[i] = NewIconButton(IconClose, "", nil)
	}
	r.ExtendBaseWidget(r)
	return r
}

func (r *transferRow) set(row TransferRow) {
	r.row = row
	r.acts = nil
	if row.Heading == "" {
		r.acts = actsOf(row.Transfer)
	}
	for i, b := range r.buttons {
		if show(b, i < len(r.acts)); i >= len(r.acts) {
			continue
		}
		act := r.acts[i]
		b.OnTapped = func() {
			if r.of.OnAct != nil {
				r.of.OnAct(*r.row.Transfer, act)
			}
		}
		if icon, text := actLook(act, row.Transfer); b.Icon != icon || b.Text != text {
			b.Icon, b.Text = icon, text
			b.Refresh()
		}
	}
	r.Refresh()
}

// actsOf is what can be done to a transfer, from left to right.
func actsOf(t *chat.Transfer) []TransferAct {
	switch t.State {
	case chat.TransferDone:
		return []TransferAct{ActOpen, ActFolder}
	case chat.TransferPaused, chat.TransferFailed:
		return []TransferAct{ActResume, ActCancel}
	case chat.TransferWaiting:
		return []TransferAct{ActFront, ActResume, ActCancel}
	case chat.TransferQueued:
		return []TransferAct{ActFront, ActPause, ActCancel}
	}
	return []TransferAct{ActPause, ActCancel}
}

func actLook(act TransferAct, t *chat.Transfer) (Icon, string) {
	switch act {
	case ActFront:
		return IconFront, lang.L("Before all others")
	case ActPause:
		return IconPause, lang.L("Pause")
	case ActResume:
		if t.State == chat.TransferFailed {
			return IconRetry, lang.L("Try again")
		}
		return IconResume, lang.L("Go on")
	case ActOpen:
		return IconOpen, lang.L("Open")
	case ActFolder:
		return IconFolder, lang.L("Show in folder")
	}
	return IconClose, lang.L("Cancel")
}

// words are what a row says below the name.
func (r *transferRow) words() (state fileState, detail string) {
	t := r.row.Transfer
	it := Item{Message: chat.Message{Content: chat.Content{File: &t.File}}, Transfer: t, Mine: t.Direction == chat.Upload}
	state = fileStateOf(&it)
	with := lang.L("from {{.Name}}", map[string]any{"Name": r.row.With})
	if it.Mine {
		with = lang.L("to {{.Name}}", map[string]any{"Name": r.row.With})
	}
	switch {
	case r.row.With == "":
		return state, state.detail
	case t.State == chat.TransferDone:
		return state, join(FormatSize(state.size), with, FormatClock(t.Updated), r.row.Fetched)
	case state.bad:
		return state, state.detail
	}
	return state, join(state.detail, with)
}

func (r *transferRow) CreateRenderer() fyne.WidgetRenderer {
	heading := NewBoldText("", SmallSize, ColorMuted)
	tile := NewRounded(color.Transparent, PictureRadius)
	letters := NewBoldText("", TinySize, ColorText)
	letters.Alignment = fyne.TextAlignCenter
	name := NewBoldText("", TextSize, ColorText)
	detail, more := NewText("", SmallSize, ColorMuted), NewText("", SmallSize, ColorMuted)
	track, bar := NewRounded(color.Transparent, 2), NewRounded(color.Transparent, 2)
	folder := newIconImage(IconFolder, ColorOnAccent)
	parts := []fyne.CanvasObject{tile, letters, folder, name, detail, more, track, bar}
	a := &shellRenderer{objects: append([]fyne.CanvasObject{heading}, parts...)}
	for _, b := range r.buttons {
		a.objects = append(a.objects, b)
	}
	a.layout = func(s fyne.Size) {
		place(heading, 4, s.Height-24, s.Width-8, SmallLineHeight)
		if r.row.Transfer == nil {
			return
		}
		place(tile, 4, 8, transferTile, transferTile)
		place(letters, 4, 8, transferTile, transferTile)
		place(folder, 4+(transferTile-folderIcon)/2, 8+(transferTile-folderIcon)/2, folderIcon, folderIcon)
		x := transferTile + 16
		room := s.Width - x - 12 - float32(len(r.acts))*36
		state, words := r.words()
		y := float32(10)
		if state.moving() {
			y = 5
		}
		var rest string
		if state.bad { // all of what went wrong, and of the way on
			words, rest = cutWords(words, room, SmallSize, false)
		}
		if rest != "" {
			y = 2
		}
		name.Text = ElideMiddle(shownName(r.row.Transfer.File.Name), room, TextSize, true)
		place(name, x, y, room, LineHeight)
		detail.Text = ElideEnd(words, room, SmallSize, false)
		place(detail, x, y+20, room, SmallLineHeight)
		more.Text = ElideEnd(rest, room, SmallSize, false)
		place(more, x, y+36, room, SmallLineHeight)
		place(track, x, 48, room, 4)
		place(bar, x, 48, max(4, room*state.part()), 4)
		for i := range r.acts {
			place(r.buttons[i], s.Width-4-float32(len(r.acts)-i)*36, (s.Height-36)/2-2, 36, 36)
		}
	}
	a.min = func() fyne.Size { return fyne.NewSize(240, transferRowHeight) }
	a.refresh = func() {
		titled := r.row.Transfer == nil
		show(heading, titled)
		for _, o := range parts {
			show(o, !titled)
		}
		heading.Text, heading.Color = r.row.Heading, Color(ColorMuted)
		if !titled {
			state, _ := r.words()
			fill, on := fileTileColor(&r.row.Transfer.File)
			if state.bad && state.upload {
				fill, on = ColorBad, ColorOnAccent
			}
			tile.FillColor = Color(fill)
			if state.phase == filePaused || state.phase == fileWaiting || state.phase == fileQueued {
				tile.FillColor = faded(Color(fill))
			}
			letters.Text, letters.Color = extension(r.row.Transfer.File.Name), Color(on)
			if letters.Text == "" {
				letters.Text = "•"
			}
			isFolder := r.row.Transfer.File.IsFolder()
			show(letters, !isFolder)
			if show(folder, isFolder); isFolder {
				folder.Resource = IconFolder.Resource(Color(on))
			}
			name.Color, detail.Color, more.Color = Color(ColorText), Color(ColorMuted), Color(ColorBad)
			if state.bad {
				detail.Color = Color(ColorBad)
			}
			track.FillColor, bar.FillColor = Color(ColorTrack), Color(ColorAccent)
			if state.phase != fileMoving && state.phase != fileFinishing {
				bar.FillColor = faded(Color(ColorAccent))
			}
			show(track, state.moving())
			show(bar, state.moving() && state.part() > 0)
		}
		if !r.Size().IsZero() {
			a.layout(r.Size())
		}
		heading.Refresh()
		for _, o := range parts { // buttons draw themselves
			if o.Visible() {
				o.Refresh()
			}
		}
	}
	a.refresh()
	return a
}
