package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// rowList is Fyne's list on a sheet: Enter is a click on the row that the keyboard
// is at, and Escape closes the sheet.
type rowList struct {
	widget.List
	at widget.ListItemID // the row that the keyboard is at
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
	case pressing(k):
		l.Select(l.at)
	case k.Name == fyne.KeyEscape:
		backOut(l)
	default:
		l.List.TypedKey(k)
	}
}

// rowGrid is the same for Fyne's grid.
type rowGrid struct {
	widget.GridWrap
	at widget.GridWrapItemID
}

func newRowGrid(length func() int, create func() fyne.CanvasObject, update func(widget.GridWrapItemID, fyne.CanvasObject)) *rowGrid {
	g := &rowGrid{}
	g.ExtendBaseWidget(g)
	g.Length, g.CreateItem, g.UpdateItem = length, create, update
	g.OnHighlighted = func(i widget.GridWrapItemID) { g.at = i }
	return g
}

// TypedKey implements fyne.Focusable.
func (g *rowGrid) TypedKey(k *fyne.KeyEvent) {
	switch {
	case pressing(k):
		g.Select(g.at)
	case k.Name == fyne.KeyEscape:
		backOut(g)
	default:
		g.GridWrap.TypedKey(k)
	}
}
