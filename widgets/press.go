package widgets

import "fyne.io/fyne/v2"

// spaceTaken tells that Space pressed something. Fyne hands out the same stroke as a
// rune afterwards, and who was given the focus meanwhile would have it written.
var spaceTaken bool

// pressing tells whether a key presses o, which has the focus.
func pressing(o fyne.CanvasObject, k *fyne.KeyEvent) bool {
	spaceTaken = k.Name == fyne.KeySpace
	if k.Name != fyne.KeySpace && k.Name != fyne.KeyReturn && k.Name != fyne.KeyEnter {
		return false
	}
	do(hostOf(o).Pressed)
	return true
}

// pressed tells whether a rune is the second half of a key that pressed something.
func pressed(r rune) bool {
	taken := spaceTaken && r == ' '
	spaceTaken = false
	return taken
}

// passTab lets Tab go on from what it came to, and Shift with it go back.
func passTab(c fyne.Canvas, k *fyne.KeyEvent) {
	switch {
	case c == nil || k.Name != fyne.KeyTab:
	case Modifiers()&fyne.KeyModifierShift != 0:
		c.FocusPrevious()
	default:
		c.FocusNext()
	}
}
