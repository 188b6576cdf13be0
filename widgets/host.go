package widgets

import (
	"sync"

	"fyne.io/fyne/v2"
)

// Host is what the window that widgets are in does for them, on the screen's goroutine.
type Host struct {
	Shortcut func(fyne.Shortcut) bool      // one of the window's own; true: it was
	Paste    func(words func(text string)) // calls words with what is on the clipboard, now or later; not at all when that is no text
	Pressed  func()                        // a key is about to press something, which may be gone afterwards
}

// hosts are those of the windows that there are. One is forgotten when its window is
// closed, beside the screen.
var hosts sync.Map // fyne.Canvas → Host

// SetHost says what a window does for its widgets; an empty Host: it is closed.
func SetHost(c fyne.Canvas, h Host) {
	if h.Shortcut == nil && h.Paste == nil && h.Pressed == nil {
		hosts.Delete(c)
		return
	}
	hosts.Store(c, h)
}

// hostOf is what the window of o does.
func hostOf(o fyne.CanvasObject) Host {
	h, _ := hosts.Load(canvasOf(o))
	host, _ := h.(Host)
	return host
}

// shortcut offers one to the window before o, which has the keyboard and would have it
// alone; true: it was the window's.
func shortcut(o fyne.CanvasObject, s fyne.Shortcut) bool {
	takes := hostOf(o).Shortcut
	return takes != nil && takes(s)
}

// canvasOf is where o is. Fyne knows that only once it was drawn; before, it is the
// program's first window (a tray icon has one, too). nil: there is none.
func canvasOf(o fyne.CanvasObject) fyne.Canvas {
	if fyne.CurrentApp() == nil {
		return nil
	}
	d := fyne.CurrentApp().Driver()
	if c := d.CanvasForObject(o); c != nil {
		return c
	}
	if all := d.AllWindows(); len(all) > 0 {
		return all[0].Canvas()
	}
	return nil
}
