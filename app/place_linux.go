package app

import (
	"context"
	"os"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// xWindow is the window as X knows it, over a connection of its own; nil where
// there is no X. The caller closes the connection.
func (a *App) xWindow(id xproto.Window) *xgb.Conn {
	if os.Getenv("DISPLAY") == "" || id == 0 {
		return nil
	}
	conn, err := xgb.NewConn()
	if err != nil {
		return nil
	}
	return conn
}

// restorePlace puts the window where it stood, as far as that is still on the
// screen. It runs beside the screen.
func (a *App) restorePlace(to place) {
	id := a.nativeWindow()
	conn := a.xWindow(id)
	if conn == nil {
		return
	}
	defer conn.Close()
	a.awaitManaged(conn, id)
	screen := xproto.Setup(conn).DefaultScreen(conn)
	const least = 120 // of the window is to be seen
	x := min(max(to.X, 0), max(0, int(screen.WidthInPixels)-least))
	y := min(max(to.Y, 0), max(0, int(screen.HeightInPixels)-least))
	xproto.ConfigureWindow(conn, id, xproto.ConfigWindowX|xproto.ConfigWindowY, []uint32{uint32(x), uint32(y)})
	conn.Sync()
}

// managed tells whether the screen has a window manager: who asks that windows are
// shown and moved by it alone, of whom X allows one.
func managed(conn *xgb.Conn) bool {
	root, err := xproto.GetWindowAttributes(conn, xproto.Setup(conn).DefaultScreen(conn).Root).Reply()
	return err != nil || root.AllEventMasks&xproto.EventMaskSubstructureRedirect != 0
}

// awaitManaged waits until the window manager, if there is one, has taken the window
// over: it puts a new window where it likes, and forgets what was asked for before.
// One that hangs is not waited for longer than seconds.
func (a *App) awaitManaged(conn *xgb.Conn, id xproto.Window) {
	if !managed(conn) {
		return
	}
	const name, most = "WM_STATE", 3 * time.Second
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(most); time.Now().Before(end); {
		atom, err := xproto.InternAtom(conn, true, uint16(len(name)), name).Reply()
		if err != nil {
			return
		}
		if atom.Atom != 0 {
			state, err := xproto.GetProperty(conn, false, id, atom.Atom, xproto.GetPropertyTypeAny, 0, 1).Reply()
			if err != nil || len(state.Value) > 0 {
				return
			}
		}
		select {
		case <-a.ctx.Done():
			return
		case <-look.C:
		}
	}
}

// watchPlace notes where the window's content stands (a.stands), until the program
// ends: at its end, and at a signal, Fyne takes the window away before anybody can
// ask. The window asks to be placed by its content (GLFW gives it static gravity), so
// what its frame takes doesn't count. Without X it returns at once. It runs beside
// the screen.
func (a *App) watchPlace() {
	id := a.nativeWindow()
	conn := a.xWindow(id)
	if conn == nil {
		return
	}
	stop := context.AfterFunc(a.ctx, conn.Close)
	defer func() {
		if stop() {
			conn.Close()
		}
	}()
	root := xproto.Setup(conn).DefaultScreen(conn).Root
	look := func() {
		at, err := xproto.TranslateCoordinates(conn, id, root, 0, 0).Reply()
		if err == nil { // else the window is going
			a.stands.Store(&place{int(at.DstX), int(at.DstY)})
		}
	}
	if xproto.ChangeWindowAttributesChecked(conn, id, xproto.CwEventMask, []uint32{xproto.EventMaskStructureNotify}).Check() != nil {
		return
	}
	look()
	for {
		e, err := conn.WaitForEvent()
		if e == nil && err == nil {
			return // closed
		}
		if _, moved := e.(xproto.ConfigureNotifyEvent); moved {
			look()
		}
	}
}
