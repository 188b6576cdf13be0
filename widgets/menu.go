package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// ShowMenu shows items at a place of the canvas. They are chosen with the pointer,
// or with arrows and Enter or Space.
func ShowMenu(items []*fyne.MenuItem, c fyne.Canvas, at fyne.Position) {
	newMenu(items, c).ShowAtPosition(at)
}

// ShowMenuBelow shows items at a place of o, as ShowMenu does.
func ShowMenuBelow(items []*fyne.MenuItem, c fyne.Canvas, o fyne.CanvasObject, at fyne.Position) *widget.PopUpMenu {
	menu := newMenu(items, c)
	menu.ShowAtRelativePosition(at, o)
	return menu
}

// ShowMenuAbove shows items above o, as ShowMenu does.
func ShowMenuAbove(items []*fyne.MenuItem, c fyne.Canvas, o fyne.CanvasObject) {
	menu := newMenu(items, c)
	menu.ShowAtPosition(fyne.CurrentApp().Driver().AbsolutePositionForObject(o).SubtractXY(0, menu.MinSize().Height+4))
}

// MenuKey tells whether a key asks for the menu of what the keyboard is at: the
// menu key, or Shift+F10.
func MenuKey(k *fyne.KeyEvent) bool {
	return k.Name == desktop.KeyMenu || k.Name == fyne.KeyF10 && Modifiers()&fyne.KeyModifierShift != 0
}

// takeSpace is for menus of Fyne's, which hear the key themselves and are gone
// before its rune: the next one without a key is theirs.
func takeSpace() { spaceTaken = true }

// menu is the one that was shown last, and what it offers. The screen's.
var menu struct {
	shown *widget.PopUpMenu
	items []*fyne.MenuItem
}

func newMenu(items []*fyne.MenuItem, c fyne.Canvas) *widget.PopUpMenu {
	takeSpace()
	menu.shown, menu.items = widget.NewPopUpMenu(fyne.NewMenu("", items...), c), items
	return menu.shown
}

// MenuNames are what the menu offers that is on the screen, in the order in which ↓
// goes through it; none when there is no menu.
func MenuNames() (names []string) {
	if menu.shown == nil || !menu.shown.Visible() {
		return nil
	}
	for _, item := range menu.items {
		if !item.IsSeparator {
			names = append(names, item.Label)
		}
	}
	return names
}
