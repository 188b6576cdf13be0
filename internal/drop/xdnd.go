package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// target is the window that the files are dropped on, and where.
type target struct {
	name  string
	id    xproto.Window // 0: found by name
	at    *point        // nil: the middle
	hover time.Duration
}

// source holds what the XDND conversation needs on our side.
type source struct {
	conn  *xgb.Conn
	root  xproto.Window
	own   xproto.Window
	over  xproto.Window
	list  []byte
	atoms map[string]xproto.Atom
}

const xdndVersion = 5

// dropOn carries out one drop and returns when the window has said that it is finished.
func dropOn(t target, list []byte, within time.Duration) error {
	xgb.Logger.SetOutput(io.Discard) // it tells of what is no trouble
	conn, err := xgb.NewConn()
	if err != nil {
		return fmt.Errorf("there is no X display: %w", err)
	}
	defer conn.Close()
	screen := xproto.Setup(conn).DefaultScreen(conn)
	s := &source{conn: conn, root: screen.Root, over: t.id, list: list, atoms: map[string]xproto.Atom{}}
	if s.over == 0 {
		if s.over = s.find(s.root, t.name); s.over == 0 {
			return fmt.Errorf("no window has %q in its title and takes drops", t.name)
		}
	} else if !s.aware(s.over) {
		return errors.New("the window does not take drops")
	}

	geometry, err := xproto.GetGeometry(conn, xproto.Drawable(s.over)).Reply()
	if err != nil {
		return err
	}
	at := point{int16(geometry.Width / 2), int16(geometry.Height / 2)}
	if t.at != nil {
		at = *t.at
	}
	place, err := xproto.TranslateCoordinates(conn, s.over, s.root, at.x, at.y).Reply()
	if err != nil {
		return err
	}
	// The pointer is where the files are, as it would be in a hand's drag.
	xproto.WarpPointer(conn, 0, s.root, 0, 0, 0, 0, place.DstX, place.DstY)

	if s.own, err = xproto.NewWindowId(conn); err != nil {
		return err
	}
	if err := xproto.CreateWindowChecked(conn, 0, s.own, s.root, -10, -10, 1, 1, 0, xproto.WindowClassInputOnly,
		screen.RootVisual, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check(); err != nil {
		return err
	}
	xproto.SetSelectionOwner(conn, s.own, s.atom("XdndSelection"), xproto.TimeCurrentTime)
	return s.run(t, place.DstX, place.DstY, within)
}

// run is the conversation: enter, position until accepted, drop, serve, finished.
func (s *source) run(t target, x, y int16, within time.Duration) error {
	events := make(chan xgb.Event, 16)
	done := make(chan struct{})
	defer close(done)
	go func() { // ends with the connection
		for {
			ev, err := s.conn.WaitForEvent()
			if ev == nil && err == nil {
				return
			}
			if ev == nil {
				continue // an error of the target's: it shows as silence
			}
			select {
			case events <- ev:
			case <-done:
				return
			}
		}
	}()

	s.tell("XdndEnter", uint32(s.own), xdndVersion<<24, uint32(s.atom("text/uri-list")), 0, 0)
	position := func() {
		s.tell("XdndPosition", uint32(s.own), 0, uint32(uint16(x))<<16|uint32(uint16(y)), xproto.TimeCurrentTime, uint32(s.atom("XdndActionCopy")))
	}
	position()
	end := time.NewTimer(within + t.hover)
	defer end.Stop()
	hover := time.NewTimer(t.hover)
	defer hover.Stop()
	accepted, hovered, dropped := false, false, false
	for {
		if accepted && hovered && !dropped {
			dropped = true
			s.tell("XdndDrop", uint32(s.own), 0, xproto.TimeCurrentTime, 0, 0)
		}
		select {
		case <-hover.C:
			hovered = true
		case <-end.C:
			s.tell("XdndLeave", uint32(s.own), 0, 0, 0, 0)
			return errors.New("the window did not take the files in time")
		case ev := <-events:
			switch ev := ev.(type) {
			case xproto.SelectionRequestEvent:
				s.serve(ev)
			case xproto.ClientMessageEvent:
				switch data := ev.Data.Data32; ev.Type {
				case s.atom("XdndStatus"):
					accepted = accepted || data[1]&1 != 0
				case s.atom("XdndFinished"):
					if data[1] == 0 { // GLFW writes how much it took, not a flag
						return errors.New("the window refused the files")
					}
					return nil
				}
			}
		}
	}
}

// serve hands the list to who asks for it.
func (s *source) serve(r xproto.SelectionRequestEvent) {
	property := r.Property
	if property == 0 {
		property = r.Target
	}
	switch r.Target {
	case s.atom("text/uri-list"):
		xproto.ChangeProperty(s.conn, xproto.PropModeReplace, r.Requestor, property, r.Target, 8, uint32(len(s.list)), s.list)
	case s.atom("TARGETS"):
		var b [4]byte
		xgb.Put32(b[:], uint32(s.atom("text/uri-list")))
		xproto.ChangeProperty(s.conn, xproto.PropModeReplace, r.Requestor, property, xproto.AtomAtom, 32, 1, b[:])
	default:
		property = 0
	}
	answer := xproto.SelectionNotifyEvent{Time: r.Time, Requestor: r.Requestor, Selection: r.Selection, Target: r.Target, Property: property}
	xproto.SendEvent(s.conn, false, r.Requestor, 0, string(answer.Bytes()))
}

func (s *source) tell(kind string, data ...uint32) {
	m := xproto.ClientMessageEvent{Format: 32, Window: s.over, Type: s.atom(kind), Data: xproto.ClientMessageDataUnionData32New(data)}
	xproto.SendEvent(s.conn, false, s.over, 0, string(m.Bytes()))
}

func (s *source) atom(name string) xproto.Atom {
	if a, ok := s.atoms[name]; ok {
		return a
	}
	r, err := xproto.InternAtom(s.conn, false, uint16(len(name)), name).Reply()
	if err != nil {
		return 0
	}
	s.atoms[name] = r.Atom
	return r.Atom
}

// find walks the tree, top first, for a window that has the name and takes drops.
func (s *source) find(w xproto.Window, name string) xproto.Window {
	if s.aware(w) && (bytes.Contains(s.property(w, "_NET_WM_NAME"), []byte(name)) || bytes.Contains(s.property(w, "WM_NAME"), []byte(name))) {
		return w
	}
	tree, err := xproto.QueryTree(s.conn, w).Reply()
	if err != nil {
		return 0
	}
	for i := len(tree.Children) - 1; i >= 0; i-- {
		if found := s.find(tree.Children[i], name); found != 0 {
			return found
		}
	}
	return 0
}

func (s *source) aware(w xproto.Window) bool { return len(s.property(w, "XdndAware")) > 0 }

func (s *source) property(w xproto.Window, name string) []byte {
	r, err := xproto.GetProperty(s.conn, false, w, s.atom(name), xproto.GetPropertyTypeAny, 0, 256).Reply()
	if err != nil {
		return nil
	}
	return r.Value
}
