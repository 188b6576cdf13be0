package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// rowList is Fyne's list on a sheet: Enter is a click on the row that the keyboard
// is at, and Escape closes the sheet.
type rowList struct {
	widget.List
	at      widget.ListItemID            // the row that the keyboard is at
	onPress func(widget.ListItemID)      // Enter and Space; nil: they are a click
	onMenu  func(widget.ListItemID)      // the menu key; nil: a row has no menu
	onSide  func(widget.ListItemID, int) // ← is -1, → is 1; nil: they do nothing
	quiet   bool                         // see quietly
}

// quietly has what f changes drawn with the next Refresh: Fyne draws the whole list
// anew for each row of which the height is set.
func (l *rowList) quietly(f func()) {
	l.quiet = true
	f()
	l.quiet = false
}

// CreateRenderer implements fyne.Widget.
func (l *rowList) CreateRenderer() fyne.WidgetRenderer {
	return &quietRenderer{l.List.CreateRenderer(), l}
}

// quietRenderer draws nothing while its list is quiet.
type quietRenderer struct {
	fyne.WidgetRenderer
	list *rowList
}

func (r *quietRenderer) Refresh() {
	if !r.list.quiet {
		r.WidgetRenderer.Refresh()
	}
}

func newRowList(length func() int, create func() fyne.CanvasObject, update func(widget.ListItemID, fyne.CanvasObject)) *rowList {
	l := &rowList{}
	l.ExtendBaseWidget(l)
	l.Length, l.CreateItem, l.UpdateItem = length, create, update
	l.HideSeparators = true
	l.OnHighlighted = func(i widget.ListItemID) { l.at = i }
	return l
}

// TypedKey implements fyne.Focusable.
func (l *rowList) TypedKey(k *fyne.KeyEvent) {
	switch {
	case pressing(l, k):
		if l.onPress != nil {
			l.onPress(l.at)
			return
		}
		l.Select(l.at)
	case k.Name == fyne.KeyEscape:
		backOut(l)
	case l.onMenu != nil && MenuKey(k):
		l.onMenu(l.at)
	case l.onSide != nil && k.Name == fyne.KeyLeft:
		l.onSide(l.at, -1)
	case l.onSide != nil && k.Name == fyne.KeyRight:
		l.onSide(l.at, 1)
	default:
		l.List.TypedKey(k)
	}
}

// rowGrid is the same for Fyne's grid. Its cells may cover what Fyne marks the one
// with that the keyboard is at.
type rowGrid struct {
	widget.GridWrap
	at      widget.GridWrapItemID
	focused bool
	onMenu  func(widget.GridWrapItemID) // the menu key; nil: a cell has no menu
	onRune  func(rune)                  // who types looks for something; nil: it does nothing
}

func newRowGrid(length func() int, create func() fyne.CanvasObject, update func(widget.GridWrapItemID, fyne.CanvasObject)) *rowGrid {
	g := &rowGrid{}
	g.ExtendBaseWidget(g)
	g.Length, g.CreateItem, g.UpdateItem = length, create, update
	g.OnHighlighted = func(i widget.GridWrapItemID) {
		g.at = i
		g.Refresh()
	}
	return g
}

// marked tells whether the keyboard is at a cell.
func (g *rowGrid) marked(i widget.GridWrapItemID) bool { return g.focused && g.at == i }

// FocusGained implements fyne.Focusable.
func (g *rowGrid) FocusGained() {
	g.focused = true
	g.GridWrap.FocusGained()
}

// FocusLost implements fyne.Focusable.
func (g *rowGrid) FocusLost() {
	g.focused = false
	g.GridWrap.FocusLost()
	g.Refresh()
}

// TypedKey implements fyne.Focusable.
func (g *rowGrid) TypedKey(k *fyne.KeyEvent) {
	switch {
	case pressing(g, k):
		g.Select(g.at)
	case k.Name == fyne.KeyEscape:
		backOut(g)
	case g.onMenu != nil && MenuKey(k):
		g.onMenu(g.at)
	default:
		g.GridWrap.TypedKey(k)
	}
}

// TypedRune implements fyne.Focusable.
func (g *rowGrid) TypedRune(r rune) {
	if g.onRune != nil && !pressed(r) {
		g.onRune(r)
	}
}
