package app

import (
	"io"
	"os"
	"time"

	"fyne.io/fyne/v2/driver"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xfixes"
	"github.com/jezek/xgb/xproto"
)

// hoverPoll is how often the pointer is looked at while something is dragged.
const hoverPoll = 60 * time.Millisecond

// watchDrags tells over(true) when something that is dragged comes over the window
// or moves there, with the place in pixels of its content, and over(false) when it goes. Fyne hears of a drop only; X tells that a
// drag began, as its source takes a selection, and where the pointer is. Without
// X it returns at once. It runs beside the screen, until the program ends.
func (a *App) watchDrags(over func(is bool, x, y int)) {
	if os.Getenv("DISPLAY") == "" {
		return
	}
	xgb.Logger.SetOutput(io.Discard)
	conn, err := xgb.NewConn()
	if err != nil {
		return
	}
	w := &dragWatch{conn: conn}
	events := make(chan xgb.Event, 16)
	read := make(chan struct{})
	go func() {
		defer close(read)
		for {
			e, err := conn.WaitForEvent()
			if e == nil && err == nil {
				return // closed
			}
			select {
			case events <- e:
			default: // one is enough
			}
		}
	}()
	defer func() {
		conn.Close()
		<-read
	}()
	if w.listen() != nil {
		return
	}
	for {
		select {
		case <-a.ctx.Done():
			return
		case <-read:
			return
		case e := <-events:
			if n, ok := e.(xfixes.SelectionNotifyEvent); !ok || n.Owner == 0 {
				continue
			}
		}
		if w.window == 0 {
			w.window = a.nativeWindow()
		}
		w.follow(a.ctx.Done(), over)
	}
}

// nativeWindow is X's number of the window; 0 while it has none.
func (a *App) nativeWindow() xproto.Window {
	found := make(chan xproto.Window, 1)
	a.ui(func() { found <- a.nativeID() })
	select {
	case <-a.ctx.Done():
		return 0
	case id := <-found:
		return id
	}
}

// nativeID is nativeWindow on the screen's goroutine.
func (a *App) nativeID() (id xproto.Window) {
	if native, ok := a.window.(driver.NativeWindow); ok {
		native.RunNative(func(context any) {
			if x, ok := context.(driver.X11WindowContext); ok {
				id = xproto.Window(x.WindowHandle)
			}
		})
	}
	return id
}

// dragWatch looks at the pointer through a connection of its own.
type dragWatch struct {
	conn   *xgb.Conn
	root   xproto.Window
	window xproto.Window
}

// listen asks X to tell when the source of a drag takes its selection.
func (w *dragWatch) listen() error {
	if err := xfixes.Init(w.conn); err != nil {
		return err
	}
	if _, err := xfixes.QueryVersion(w.conn, 5, 0).Reply(); err != nil {
		return err
	}
	const name = "XdndSelection"
	atom, err := xproto.InternAtom(w.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		return err
	}
	w.root = xproto.Setup(w.conn).DefaultScreen(w.conn).Root
	return xfixes.SelectSelectionInputChecked(w.conn, w.root, atom.Atom, xfixes.SelectionEventMaskSetSelectionOwner).Check()
}

// follow looks where the pointer is until its button is let go.
func (w *dragWatch) follow(end <-chan struct{}, over func(is bool, x, y int)) {
	was, wasX, wasY := false, 0, 0
	tick := time.NewTicker(hoverPoll)
	defer tick.Stop()
	for {
		held, is, x, y := w.pointer()
		if is = is && held; is != was || is && (x != wasX || y != wasY) {
			was, wasX, wasY = is, x, y
			over(is, x, y)
		}
		if !held {
			return
		}
		select {
		case <-end:
			return
		case <-tick.C:
		}
	}
}

// pointer tells whether its first button is down, whether it is over our window, and
// where there.
func (w *dragWatch) pointer() (held, over bool, x, y int) {
	p, err := xproto.QueryPointer(w.conn, w.root).Reply()
	if err != nil || p.Mask&xproto.KeyButMaskButton1 == 0 {
		return false, false, 0, 0
	}
	// Down from the root, through the window manager's frame.
	for at := p.Child; at != 0; {
		q, err := xproto.QueryPointer(w.conn, at).Reply()
		if err != nil {
			break
		}
		if at == w.window {
			return true, true, int(q.WinX), int(q.WinY)
		}
		at = q.Child
	}
	return true, false, 0, 0
}
