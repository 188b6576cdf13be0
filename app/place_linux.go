package app

import (
	"encoding/binary"
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

// awaitManaged waits until a window manager has taken the window over: it puts a
// new window where it likes, and forgets what was asked for before. Where none
// does within seconds, there is none.
func (a *App) awaitManaged(conn *xgb.Conn, id xproto.Window) {
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

// windowPlace is where the window stands, its frame included; nil where that is
// not known. On the screen's goroutine.
func (a *App) windowPlace() *place {
	id := a.nativeID()
	conn := a.xWindow(id)
	if conn == nil {
		return nil
	}
	defer conn.Close()
	at, err := xproto.TranslateCoordinates(conn, id, xproto.Setup(conn).DefaultScreen(conn).Root, 0, 0).Reply()
	if err != nil {
		return nil
	}
	p := &place{int(at.DstX), int(at.DstY)}
	const name = "_NET_FRAME_EXTENTS"
	atom, err := xproto.InternAtom(conn, true, uint16(len(name)), name).Reply()
	if err != nil || atom.Atom == 0 {
		return p
	}
	frame, err := xproto.GetProperty(conn, false, id, atom.Atom, xproto.AtomCardinal, 0, 4).Reply()
	if err == nil && len(frame.Value) == 16 { // left, right, top, bottom
		p.X -= int(binary.LittleEndian.Uint32(frame.Value))
		p.Y -= int(binary.LittleEndian.Uint32(frame.Value[8:]))
	}
	return p
}
