package system

import (
	"context"
	"encoding/binary"
	"errors"
	"os"
	"strings"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// ErrNoClipboard tells that there is no clipboard of X here.
var ErrNoClipboard = errors.New("no clipboard here")

// errTooBig ends the reading of what is larger than asked for.
var errTooBig = errors.New("what is on the clipboard is too large")

// HasClipboard tells whether pictures come from and go to X's clipboard, by
// ReadClipboard and OfferPicture. X hands out at most a quarter of a megabyte at once:
// what is larger goes piece by piece (ICCCM 2.7.2), and pictures always are.
func HasClipboard() bool { return os.Getenv("DISPLAY") != "" && os.Getenv("WAYLAND_DISPLAY") == "" }

// piece is how many bytes of a picture go at once.
const piece = 64 << 10

// xClipboard is a connection to X with a window that nobody sees.
type xClipboard struct {
	*xgb.Conn
	window                     xproto.Window
	clipboard, targets, pieces xproto.Atom
	files, text, picture       xproto.Atom // forms that the clipboard may have
}

func newClipboard() (*xClipboard, error) {
	if os.Getenv("DISPLAY") == "" {
		return nil, ErrNoClipboard
	}
	conn, err := xgb.NewConn()
	if err != nil {
		return nil, errors.Join(ErrNoClipboard, err)
	}
	x := &xClipboard{Conn: conn}
	if x.window, err = xproto.NewWindowId(conn); err == nil {
		err = xproto.CreateWindowChecked(conn, 0, x.window, xproto.Setup(conn).DefaultScreen(conn).Root, 0, 0, 1, 1, 0,
			xproto.WindowClassInputOutput, 0, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange}).Check()
	}
	for name, atom := range map[string]*xproto.Atom{"CLIPBOARD": &x.clipboard, "image/png": &x.picture, "INCR": &x.pieces, "TARGETS": &x.targets, "text/uri-list": &x.files, "UTF8_STRING": &x.text} {
		if err != nil {
			break
		}
		var reply *xproto.InternAtomReply
		if reply, err = xproto.InternAtom(conn, false, uint16(len(name)), name).Reply(); err == nil {
			*atom = reply.Atom
		}
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return x, nil
}

// until has the connection closed when ctx ends; done closes it before.
func (x *xClipboard) until(ctx context.Context) (done func()) {
	stop := context.AfterFunc(ctx, x.Close)
	return func() {
		if stop() {
			x.Close()
		}
	}
}

// Clip is what was on the clipboard: one of these, or nothing.
type Clip struct {
	Files   []string // URIs
	Text    string
	Picture []byte // a PNG
}

// ReadClipboard returns files, else words, else a picture. What has more than most
// bytes is an error. It waits for the program that has it, no longer than ctx; only
// what that program says it has is asked for.
func ReadClipboard(ctx context.Context, most int) (c Clip, err error) {
	x, err := newClipboard()
	if err != nil {
		return c, err
	}
	defer x.until(ctx)()
	there, err := x.forms(ctx, most)
	if err != nil {
		return c, err
	}
	var b []byte
	if there[x.files] {
		if b, err = x.fetch(ctx, x.files, most); err != nil {
			return c, err
		}
		if c.Files = strings.Fields(string(b)); len(c.Files) > 0 {
			return c, nil
		}
	}
	if there[x.text] {
		b, err = x.fetch(ctx, x.text, most)
		if c.Text = strings.ToValidUTF8(string(b), "\uFFFD"); err != nil || c.Text != "" {
			return c, err
		}
	}
	if there[x.picture] {
		c.Picture, err = x.fetch(ctx, x.picture, most)
	}
	return c, err
}

// ReadWords is ReadClipboard for who takes nothing but words: "" when there are none.
func ReadWords(ctx context.Context, most int) (string, error) {
	x, err := newClipboard()
	if err != nil {
		return "", err
	}
	defer x.until(ctx)()
	there, err := x.forms(ctx, most)
	if err != nil || !there[x.text] {
		return "", err
	}
	b, err := x.fetch(ctx, x.text, most)
	return strings.ToValidUTF8(string(b), "\uFFFD"), err
}

// forms are those in which there is something on the clipboard; none when it is empty.
func (x *xClipboard) forms(ctx context.Context, most int) (map[xproto.Atom]bool, error) {
	owner, err := xproto.GetSelectionOwner(x.Conn, x.clipboard).Reply()
	if err != nil || owner.Owner == 0 {
		return nil, err
	}
	b, err := x.fetch(ctx, x.targets, most)
	there := map[xproto.Atom]bool{}
	for ; len(b) >= 4; b = b[4:] {
		there[xproto.Atom(binary.LittleEndian.Uint32(b))] = true
	}
	return there, err
}

// fetch returns the clipboard in one of its forms; nil when it is not there in that.
func (x *xClipboard) fetch(ctx context.Context, form xproto.Atom, most int) ([]byte, error) {
	const into = xproto.AtomPrimary // any name: it is a property of our own window
	if err := xproto.ConvertSelectionChecked(x.Conn, x.window, x.clipboard, form, into, xproto.TimeCurrentTime).Check(); err != nil {
		return nil, err
	}
	var all []byte
	begun := false
	for {
		e, err := x.WaitForEvent()
		if e == nil && err == nil {
			return nil, context.Cause(ctx)
		}
		switch e := e.(type) {
		case xproto.SelectionNotifyEvent:
			if e.Property == xproto.AtomNone {
				return nil, nil
			}
			kind, b, err := x.take(into)
			if err != nil || kind != x.pieces {
				return b, err
			}
			begun = true
		case xproto.PropertyNotifyEvent:
			if !begun || e.Atom != into || e.State != xproto.PropertyNewValue {
				continue
			}
			_, b, err := x.take(into)
			if err != nil || len(b) == 0 {
				return all, err
			}
			if all = append(all, b...); len(all) > most {
				return nil, errTooBig
			}
		}
	}
}

// take returns what is in a property of our window, and removes it: that asks for
// the next piece.
func (x *xClipboard) take(from xproto.Atom) (kind xproto.Atom, b []byte, err error) {
	p, err := xproto.GetProperty(x.Conn, true, x.window, from, xproto.GetPropertyTypeAny, 0, 1<<29).Reply()
	if err != nil {
		return 0, nil, err
	}
	return p.Type, p.Value, nil
}

// asker is who was given a part of the picture, and where.
type asker struct {
	window   xproto.Window
	property xproto.Atom
}

// OfferPicture puts a PNG on the clipboard, tells so (or why not) by begun, and hands
// it out until something else is on the clipboard, or ctx ends.
func OfferPicture(ctx context.Context, png []byte, begun func(error)) {
	x, err := newClipboard()
	if err != nil {
		begun(err)
		return
	}
	defer x.until(ctx)()
	xproto.SetSelectionOwner(x.Conn, x.window, x.clipboard, xproto.TimeCurrentTime)
	owner, err := xproto.GetSelectionOwner(x.Conn, x.clipboard).Reply()
	if err == nil && owner.Owner != x.window {
		err = ErrNoClipboard
	}
	begun(err)
	if err != nil {
		return
	}
	rest := map[asker][]byte{} // what somebody is still to be given; empty: that it was all
	for {
		e, err := x.WaitForEvent()
		if e == nil && err == nil {
			return // ctx ended, or X
		}
		switch e := e.(type) {
		case xproto.SelectionClearEvent:
			return
		case xproto.SelectionRequestEvent:
			x.give(e, png, rest)
		case xproto.PropertyNotifyEvent:
			to := asker{e.Window, e.Atom}
			left, waits := rest[to]
			if !waits || e.State != xproto.PropertyDelete {
				continue
			}
			n := min(len(left), piece)
			x.put(to, x.picture, 8, left[:n])
			if rest[to] = left[n:]; n == 0 {
				delete(rest, to)
			}
		case xproto.DestroyNotifyEvent:
			for to := range rest {
				if to.window == e.Window {
					delete(rest, to)
				}
			}
		}
	}
}

// give answers who asks for the picture, or in which forms there is one.
func (x *xClipboard) give(e xproto.SelectionRequestEvent, png []byte, rest map[asker][]byte) {
	to := asker{e.Requestor, e.Property}
	if to.property == xproto.AtomNone {
		to.property = e.Target // as clients of old ask
	}
	number := func(n ...uint32) (b []byte) {
		for _, one := range n {
			b = binary.LittleEndian.AppendUint32(b, one)
		}
		return b
	}
	switch {
	case e.Target == x.targets:
		x.put(to, xproto.AtomAtom, 32, number(uint32(x.targets), uint32(x.picture)))
	case e.Target == x.picture && len(png) <= piece:
		x.put(to, x.picture, 8, png)
	case e.Target == x.picture:
		rest[to] = png
		xproto.ChangeWindowAttributes(x.Conn, to.window, xproto.CwEventMask, []uint32{xproto.EventMaskPropertyChange | xproto.EventMaskStructureNotify})
		x.put(to, x.pieces, 32, number(uint32(len(png))))
	default:
		to.property = xproto.AtomNone // not in that form
	}
	answer := xproto.SelectionNotifyEvent{Time: e.Time, Requestor: e.Requestor, Selection: e.Selection, Target: e.Target, Property: to.property}
	xproto.SendEvent(x.Conn, false, e.Requestor, 0, string(answer.Bytes()))
}

// put sets a property of who asked. That they are gone by now is heard of as an
// event, and does no harm.
func (x *xClipboard) put(to asker, kind xproto.Atom, bits byte, b []byte) {
	xproto.ChangeProperty(x.Conn, xproto.PropModeReplace, to.window, to.property, kind, bits, uint32(len(b))*8/uint32(bits), b)
}
