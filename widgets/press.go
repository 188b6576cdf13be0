package widgets

import "fyne.io/fyne/v2"

// spaceTaken tells that Space pressed something. Fyne hands out the same stroke as a
// rune afterwards, and who was given the focus meanwhile would have it written.
var spaceTaken bool

// pressing tells whether a key presses what has the focus.
func pressing(k *fyne.KeyEvent) bool {
	spaceTaken = k.Name == fyne.KeySpace
	return k.Name == fyne.KeySpace || k.Name == fyne.KeyReturn || k.Name == fyne.KeyEnter
}

// pressed tells whether a rune is the second half of a key that pressed something.
func pressed(r rune) bool {
	taken := spaceTaken && r == ' '
	spaceTaken = false
	return taken
}
