package widgets

import (
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"satchel/chat"
)

// FormatFiles writes how many files there are.
func FormatFiles(n int) string {
	return lang.N("{{.Count}} files", n, map[string]any{"Count": n})
}

// formatFolder writes what a message says of its folder.
func formatFolder(d *chat.Folder) string {
	said := FormatFiles(max(0, d.Files))
	if d.Left > 0 {
		said = join(said, lang.L("{{.Count}} left out", map[string]any{"Count": d.Left}))
	}
	return said
}

// TreeSheet shows what is in a folder, with ticks: what has one is fetched. Only
// rows that are in view exist.
type TreeSheet struct {
	Sheet   *Sheet
	OnFetch func(entries []int) // their places in what SetTree was given
	OnShow  func()              // the folder on this computer

	Fetch *Button
	All   *Button // ticks all, or none
	Show  *Button

	entries []chat.TreeEntry
	order   []int // of entries: as rows show them
	rows    []treeLine
	closed  map[string]bool // folders whose rows are hidden
	ticked  []bool          // by entry
	list    *rowList
	said    *Paragraph
	note    *Paragraph
	active  map[widget.ListItemID]*treeRow
}

// treeLine is what a row shows: a folder, or an entry.
type treeLine struct {
	path    string
	name    string
	depth   int
	entry   int // -1: a folder that others lie in
	from    int // of a folder: its entries are from..to
	to      int
	size    int64
	missing int // files in it that are not here
	here    int // files in it that are
}

const (
	treeRowHeight float32 = 34
	treeOpen      int     = 400 // entries up to which all folders are open at first
)

// NewTreeSheet returns a sheet for the folder of that name, which waits for
// SetTree; waiting is said meanwhile.
func NewTreeSheet(name, waiting string) *TreeSheet {
	s := &TreeSheet{closed: map[string]bool{}, active: map[widget.ListItemID]*treeRow{}}
	s.said = NewParagraph(waiting, SizeText, ColorMuted, fyne.TextAlignCenter)
	s.note = NewParagraph("", SizeSmall, ColorMuted, fyne.TextAlignLeading)
	s.list = newRowList(func() int { return len(s.rows) },
		func() fyne.CanvasObject { return newTreeRow(s) },
		func(i widget.ListItemID, o fyne.CanvasObject) {
			r := o.(*treeRow)
			if s.active[r.at] == r {
				delete(s.active, r.at)
			}
			r.at = i
			s.active[i] = r
			r.Refresh()
		})
	s.list.OnSelected = func(i widget.ListItemID) {
		s.tick(i)
		s.list.UnselectAll()
	}
	s.list.onSide = func(i widget.ListItemID, side int) {
		if i < len(s.rows) && s.rows[i].entry < 0 && s.closed[s.rows[i].path] == (side > 0) {
			s.fold(i)
		}
	}
	s.Fetch = NewButton(PrimaryButton, lang.L("Download"), s.fetch)
	s.Show = NewButton(PlainButton, lang.L("Show in folder"), func() {
		if s.OnShow != nil {
			s.OnShow()
		}
	})
	s.All = NewButton(PlainButton, lang.L("Choose all"), s.tickAll)
	s.Show.Hide()
	s.Sheet = NewSheet(shownName(name), container.New(treeLayout{s}, s.note, s.list, s.said), s.Show, s.Fetch)
	s.Sheet.Aside = s.All
	s.Sheet.Width, s.Sheet.Height, s.Sheet.Tall = 620, 440, 640
	s.draw()
	return s
}

// Fail says why there is nothing to be seen.
func (s *TreeSheet) Fail(why string) {
	s.said.SetText(why)
	s.draw()
}

// SetTree shows a folder's list; note is said above it, here that it can be shown
// on this computer.
func (s *TreeSheet) SetTree(entries []chat.TreeEntry, note string, here bool) {
	s.entries, s.ticked = entries, make([]bool, len(entries))
	clear(s.closed)
	for i := range entries {
		if top, _, in := strings.Cut(entries[i].Path, "/"); in && len(entries) > treeOpen {
			s.closed[top+"/"] = true
		}
	}
	s.note.SetText(note)
	show(s.Show, here)
	if len(entries) == 0 {
		s.said.SetText(lang.L("There is nothing in this folder."))
	} else {
		s.said.SetText("")
	}
	s.arrange()
}

// Lines are what the rows say, from the top.
func (s *TreeSheet) Lines() []string {
	out := make([]string, len(s.rows))
	for i := range s.rows {
		out[i] = strings.Repeat("  ", s.rows[i].depth) + s.rows[i].name
	}
	return out
}

// Rows are the rows that are in view, by their place in Lines.
func (s *TreeSheet) Rows() map[int]fyne.CanvasObject {
	out := map[int]fyne.CanvasObject{}
	for i, r := range s.active {
		out[i] = r
	}
	return out
}

// Tap ticks a row, or takes its tick away, as a click does.
func (s *TreeSheet) Tap(row int) { s.tick(row) }

// Chosen are the entries that have a tick.
func (s *TreeSheet) Chosen() (out []int) {
	for i, on := range s.ticked {
		if on {
			out = append(out, i)
		}
	}
	return out
}

// arrange makes the rows anew: folders before files, each by its name.
func (s *TreeSheet) arrange() {
	s.rows = nil
	clear(s.active)
	order := make([]int, len(s.entries))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return compareTree(&s.entries[a], &s.entries[b]) })
	sorted := make([]chat.TreeEntry, len(order))
	s.order = order
	for i, j := range order {
		sorted[i] = s.entries[j]
	}
	s.addRows(sorted, order, 0, len(sorted), "", 0)
	s.draw()
}

// addRows adds what is in the folder prefix: the sorted entries from..to.
func (s *TreeSheet) addRows(sorted []chat.TreeEntry, order []int, from, to int, prefix string, depth int) {
	for i := from; i < to; {
		e := &sorted[i]
		rest := e.Path[len(prefix):]
		name, _, nested := strings.Cut(rest, "/")
		if !nested {
			missing := 0
			if e.Came() && !e.Here {
				missing = 1
			}
			s.rows = append(s.rows, treeLine{path: e.Path, name: shownName(name), depth: depth, entry: order[i], size: e.Size, missing: missing})
			i++
			continue
		}
		below := prefix + name + "/"
		row := treeLine{path: below, name: shownName(name), depth: depth, entry: -1, from: i}
		for i < to && strings.HasPrefix(sorted[i].Path, below) {
			if row.size += sorted[i].Size; sorted[i].Came() && !sorted[i].Here {
				row.missing++
			} else if sorted[i].Here {
				row.here++
			}
			i++
		}
		row.to = i
		s.rows = append(s.rows, row)
		if !s.closed[below] {
			s.addRows(sorted, order, row.from, row.to, below, depth+1)
		}
	}
}

// compareTree puts folders before files, and each by name.
func compareTree(a, b *chat.TreeEntry) int {
	x, y := a.Path, b.Path
	for {
		xName, xRest, xNested := strings.Cut(x, "/")
		yName, yRest, yNested := strings.Cut(y, "/")
		if xNested = xNested || a.Folder; xNested != (yNested || b.Folder) {
			if xNested {
				return -1
			}
			return 1
		}
		if xName != yName {
			return strings.Compare(xName, yName)
		}
		if xRest == "" || yRest == "" {
			return strings.Compare(xRest, yRest)
		}
		x, y = xRest, yRest
	}
}

// each calls do for every entry of a row that can be fetched.
func (s *TreeSheet) each(row *treeLine, do func(entry int)) {
	if row.entry >= 0 {
		if e := &s.entries[row.entry]; !e.Here && (e.Folder || e.Came()) {
			do(row.entry)
		}
		return
	}
	for i := row.from; i < row.to; i++ {
		if e := &s.entries[s.order[i]]; !e.Here && (e.Folder || e.Came()) {
			do(s.order[i])
		}
	}
}

// state tells how many entries of a row could be fetched, and how many have a tick.
func (s *TreeSheet) state(row *treeLine) (of, on int) {
	s.each(row, func(i int) {
		of++
		if s.ticked[i] {
			on++
		}
	})
	return of, on
}

func (s *TreeSheet) tick(i int) {
	if i >= len(s.rows) {
		return
	}
	of, on := s.state(&s.rows[i])
	s.each(&s.rows[i], func(entry int) { s.ticked[entry] = on < of })
	s.draw()
}

// fold hides what is in a folder, or shows it again.
func (s *TreeSheet) fold(i int) {
	if i < len(s.rows) && s.rows[i].entry < 0 {
		s.closed[s.rows[i].path] = !s.closed[s.rows[i].path]
		s.arrange()
	}
}

func (s *TreeSheet) all() *treeLine { return &treeLine{entry: -1, to: len(s.order)} }

func (s *TreeSheet) tickAll() {
	of, on := s.state(s.all())
	s.each(s.all(), func(entry int) { s.ticked[entry] = on < of })
	s.draw()
}

func (s *TreeSheet) fetch() {
	if chosen := s.Chosen(); len(chosen) > 0 && s.OnFetch != nil {
		s.OnFetch(chosen)
	}
}

func (s *TreeSheet) draw() {
	size, of, on := int64(0), 0, 0
	s.each(s.all(), func(i int) {
		of++
		if s.ticked[i] {
			on++
			size += s.entries[i].Size
		}
	})
	s.Fetch.Text = lang.L("Download")
	if on > 0 {
		s.Fetch.Text = lang.L("Download {{.Size}}", map[string]any{"Size": FormatSize(size)})
	}
	s.Fetch.SetDisabled(on == 0)
	s.All.Text = lang.L("Choose all")
	if of > 0 && on == of {
		s.All.Text = lang.L("Choose none")
	}
	show(s.Fetch, of > 0)
	show(s.All, of > 0)
	show(s.said, s.said.Text() != "")
	show(s.note, s.note.Text() != "")
	s.list.Refresh()
	s.Sheet.Refresh()
}

// treeLayout: a note above the rows.
type treeLayout struct{ s *TreeSheet }

func (l treeLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(280, 240) }

func (l treeLayout) Layout(o []fyne.CanvasObject, s fyne.Size) {
	y := float32(0)
	if l.s.note.Visible() {
		h := l.s.note.HeightAt(s.Width)
		place(o[0], 0, 0, s.Width, h)
		y = h + 8
	}
	place(o[1], -6, y, s.Width+12, s.Height-y)
	h := l.s.said.HeightAt(s.Width - 48)
	place(o[2], 24, (s.Height-h)/2, s.Width-48, h)
}

// treeRow is a row: an arrow for folders, a tick, a name, and a size.
type treeRow struct {
	widget.BaseWidget
	of   *TreeSheet
	at   widget.ListItemID
	fold *Button
}

func newTreeRow(of *TreeSheet) *treeRow {
	r := &treeRow{of: of}
	r.fold = NewIconButton(IconNext, lang.L("Open or close"), func() { of.fold(r.at) })
	r.ExtendBaseWidget(r)
	return r
}

func (r *treeRow) CreateRenderer() fyne.WidgetRenderer {
	box := &canvas.Rectangle{CornerRadius: 4, StrokeWidth: 1.5}
	tick := canvas.NewImageFromResource(nil)
	folder := newIconImage(IconFolder, ColorMuted)
	name := NewText("", TextSize, ColorText)
	size := NewText("", SmallSize, ColorMuted)
	a := &shellRenderer{objects: []fyne.CanvasObject{r.fold, box, tick, folder, name, size}}
	var row *treeLine
	words := func() (string, bool) {
		switch {
		case row.entry < 0 && row.missing == 0 && row.here > 0:
			return join(FormatSize(row.size), lang.L("here")), true
		case row.entry < 0:
			return FormatSize(row.size), false
		}
		e := &r.of.entries[row.entry]
		switch {
		case e.Folder && e.Here:
			return lang.L("here"), true
		case e.Folder:
			return lang.L("empty"), false
		case !e.Came():
			return lang.L("left out: it changed while it was sent"), false
		case e.Here:
			return join(FormatSize(e.Size), lang.L("here")), true
		}
		return FormatSize(e.Size), false
	}
	a.layout = func(s fyne.Size) {
		if row == nil {
			return
		}
		x := 6 + float32(min(row.depth, 12))*18
		place(r.fold, x, 3, 28, 28)
		place(box, x+32, (s.Height-17)/2, 17, 17)
		place(tick, x+33, (s.Height-15)/2, 15, 15)
		x += 58
		if folder.Visible() {
			place(folder, x, (s.Height-19)/2, 19, 19)
			x += 25
		}
		said, _ := words()
		size.Text = ElideEnd(said, s.Width/2, SmallSize, false)
		w := MeasureText(size.Text, SmallSize, false).Width
		place(size, s.Width-12-w, (s.Height-SmallLineHeight)/2, w, SmallLineHeight)
		name.Text = ElideMiddle(row.name, s.Width-x-w-28, TextSize, row.entry < 0)
		place(name, x, (s.Height-LineHeight)/2, s.Width-x-w-28, LineHeight)
	}
	a.min = func() fyne.Size { return fyne.NewSize(240, treeRowHeight) }
	a.refresh = func() {
		if r.at >= len(r.of.rows) {
			return
		}
		row = &r.of.rows[r.at]
		of, on := r.of.state(row)
		inFolder := row.entry < 0
		show(r.fold, inFolder)
		r.fold.Icon = IconNext
		if inFolder && !r.of.closed[row.path] {
			r.fold.Icon = IconDown
		}
		show(box, of > 0)
		show(tick, on > 0)
		box.FillColor, box.StrokeColor = Color(ColorWindow), Color(ColorMuted)
		if on > 0 {
			box.FillColor, box.StrokeColor = Color(ColorAccent), Color(ColorAccent)
			tick.Resource = IconTick.Resource(Color(ColorOnAccent))
			if on < of {
				tick.Resource = IconSome.Resource(Color(ColorOnAccent))
			}
		}
		show(folder, inFolder || r.of.entries[row.entry].Folder)
		folder.Resource = IconFolder.Resource(Color(ColorMuted))
		name.TextStyle.Bold = inFolder
		name.Color, size.Color = Color(ColorText), Color(ColorMuted)
		if _, here := words(); here {
			size.Color = Color(ColorGood)
		} else if row.entry >= 0 && !r.of.entries[row.entry].Folder && !r.of.entries[row.entry].Came() {
			name.Color = Color(ColorMuted)
		}
		if !r.Size().IsZero() {
			a.layout(r.Size())
		}
		for _, o := range a.objects {
			o.Refresh()
		}
	}
	a.refresh()
	return a
}
