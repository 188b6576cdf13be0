// Command empty is a Fyne window with nothing in it, as large as Satchel's: what
// the program's start and memory are compared with.
package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
	"fyne.io/fyne/v2/widget"
)

func main() {
	a := app.NewWithID("app.satchel.Empty")
	w := a.NewWindow("Empty")
	w.SetPadded(false)
	w.SetContent(widget.NewLabel(""))
	w.Resize(fyne.NewSize(1200, 780))
	w.ShowAndRun()
}
