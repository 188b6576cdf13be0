package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// ShowMenu shows items at a place of the canvas. They are chosen with the pointer,
// or with arrows and Enter or Space.
func ShowMenu(items []*fyne.MenuItem, c fyne.Canvas, at fyne.Position) {
	takeSpace()
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", items...), c, at)
}

// ShowMenuBelow shows items at a place of o, as ShowMenu does.
func ShowMenuBelow(items []*fyne.MenuItem, c fyne.Canvas, o fyne.CanvasObject, at fyne.Position) *widget.PopUpMenu {
	takeSpace()
	menu := widget.NewPopUpMenu(fyne.NewMenu("", items...), c)
	menu.ShowAtRelativePosition(at, o)
	return menu
}

// ShowMenuAbove shows items above o, as ShowMenu does.
func ShowMenuAbove(items []*fyne.MenuItem, c fyne.Canvas, o fyne.CanvasObject) {
	takeSpace()
	menu := widget.NewPopUpMenu(fyne.NewMenu("", items...), c)
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
