package system

import (
	"context"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/godbus/dbus/v5"
)

const (
	notifyName = "org.freedesktop.Notifications"
	notifyPath = "/org/freedesktop/Notifications"
	busWait    = 10 * time.Second // a service may have to be started first
)

// Notifier shows notifications by org.freedesktop.Notifications. Its methods
// never wait for the desktop; they may be called from any goroutine.
type Notifier struct {
	clicked func(tag string)
	cannot  func(Notice)
	jobs    chan func(*notices)
	cancel  context.CancelFunc
	done    chan struct{}
	once    sync.Once
}

// NewNotifier starts one goroutine, which ends with Close. clicked hears of the
// notice that a person chose, and cannot gets those that this desktop does not
// take; both are called on that goroutine.
func NewNotifier(clicked func(tag string), cannot func(Notice)) *Notifier {
	ctx, cancel := context.WithCancel(context.Background())
	n := &Notifier{clicked: clicked, cannot: cannot, jobs: make(chan func(*notices), 64), cancel: cancel, done: make(chan struct{})}
	go n.run(ctx)
	return n
}

// Show shows a notice. When more wait than anybody could read, it is left out.
func (n *Notifier) Show(notice Notice) {
	n.do(func(d *notices) {
		if !d.show(notice) {
			n.cannot(notice)
		}
	})
}

// Forget takes a notice away that was read elsewhere.
func (n *Notifier) Forget(tag string) { n.do(func(d *notices) { d.forget(tag) }) }

func (n *Notifier) do(job func(*notices)) {
	select {
	case n.jobs <- job:
	default:
	}
}

// Close ends the goroutine and waits for it. What is shown stays.
func (n *Notifier) Close() {
	n.once.Do(n.cancel)
	<-n.done
}

func (n *Notifier) run(ctx context.Context) {
	defer close(n.done)
	d := newNotices(ctx)
	defer d.close()
	for {
		select {
		case <-ctx.Done():
			return
		case job := <-n.jobs:
			job(d)
		case s, ok := <-d.signals:
			if !ok {
				d.lost()
				continue
			}
			if tag := d.heard(s); tag != "" {
				n.clicked(tag)
			}
		}
	}
}

// notices is what is on the desktop now; the notifier's goroutine owns it.
type notices struct {
	ctx     context.Context
	conn    *dbus.Conn // nil: there is no bus, or not yet
	signals chan *dbus.Signal
	markup  bool // the server reads the body as markup
	shown   map[string]uint32
}

func newNotices(ctx context.Context) *notices {
	return &notices{ctx: ctx, shown: map[string]uint32{}}
}

// connect reaches the person's bus, where there is one. It starts none.
func (d *notices) connect() bool {
	if d.conn != nil {
		return true
	}
	conn := sessionBus(d.ctx)
	if conn == nil {
		return false
	}
	err := conn.AddMatchSignal(dbus.WithMatchInterface(notifyName), dbus.WithMatchObjectPath(notifyPath))
	var can []string
	if err == nil {
		err = d.call(conn, "GetCapabilities").Store(&can)
	}
	if err != nil {
		conn.Close()
		return false
	}
	d.conn, d.markup, d.signals = conn, slices.Contains(can, "body-markup"), make(chan *dbus.Signal, 64)
	conn.Signal(d.signals)
	return true
}

func (d *notices) call(conn *dbus.Conn, method string, args ...any) *dbus.Call {
	ctx, cancel := context.WithTimeout(d.ctx, busWait)
	defer cancel()
	return conn.Object(notifyName, notifyPath).CallWithContext(ctx, notifyName+"."+method, 0, args...)
}

func (d *notices) show(n Notice) bool {
	if !d.connect() {
		return false
	}
	body := n.Body
	if d.markup {
		body = escape.Replace(body)
	}
	hints := map[string]dbus.Variant{
		"desktop-entry": dbus.MakeVariant(ID),
		"category":      dbus.MakeVariant("im.received"),
	}
	if n.Sound {
		hints["sound-name"] = dbus.MakeVariant("message-new-instant")
	} else {
		hints["suppress-sound"] = dbus.MakeVariant(true)
	}
	var id uint32
	err := d.call(d.conn, "Notify", "Satchel", d.shown[n.Tag], ID, n.Title, body,
		[]string{"default", n.Open}, hints, int32(-1)).Store(&id)
	if err != nil {
		return false
	}
	d.shown[n.Tag] = id
	return true
}

// escape is for servers that read markup: words are words.
var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

func (d *notices) forget(tag string) {
	if id, ok := d.shown[tag]; ok && d.conn != nil {
		delete(d.shown, tag)
		_ = d.call(d.conn, "CloseNotification", id) // one that went by itself is gone, too
	}
}

// heard returns the tag of a notice that was chosen; "" of other news.
func (d *notices) heard(s *dbus.Signal) string {
	if len(s.Body) < 2 {
		return ""
	}
	id, _ := s.Body[0].(uint32)
	for tag, shown := range maps.All(d.shown) {
		if shown != id {
			continue
		}
		switch s.Name {
		case notifyName + ".NotificationClosed":
			delete(d.shown, tag)
		case notifyName + ".ActionInvoked":
			return tag
		}
		return ""
	}
	return ""
}

// lost forgets a bus that went away; the next notice looks for one.
func (d *notices) lost() {
	d.close()
	d.conn, d.signals = nil, nil
	clear(d.shown)
}

func (d *notices) close() {
	if d.conn != nil {
		d.conn.Close()
	}
}

// sessionBus connects to the person's bus; nil where there is none.
func sessionBus(ctx context.Context) *dbus.Conn {
	conn, err := dbus.SessionBusPrivateNoAutoStartup(dbus.WithContext(ctx))
	if err != nil {
		return nil
	}
	if conn.Auth(nil) != nil || conn.Hello() != nil {
		conn.Close()
		return nil
	}
	return conn
}

// trayWatcher is the service that shows tray icons.
const trayWatcher = "org.kde.StatusNotifierWatcher"

// HasTray tells whether something on this desktop shows tray icons.
func HasTray(ctx context.Context) bool {
	conn := sessionBus(ctx)
	if conn == nil {
		return false
	}
	defer conn.Close()
	return trayOn(ctx, conn)
}

func trayOn(ctx context.Context, conn *dbus.Conn) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	var has bool
	err := conn.BusObject().CallWithContext(ctx, "org.freedesktop.DBus.NameHasOwner", 0, trayWatcher).Store(&has)
	return err == nil && has
}

// MayHaveTray tells whether something could come that shows tray icons.
func MayHaveTray() bool { return os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" }

// WatchTray tells whether something shows tray icons, and then each time when that
// changes, until ctx ends: panels end and start again.
func WatchTray(ctx context.Context, changed func(there bool)) {
	conn := sessionBus(ctx)
	if conn == nil {
		return
	}
	defer conn.Close()
	signals := make(chan *dbus.Signal, 16)
	conn.Signal(signals)
	if conn.AddMatchSignal(dbus.WithMatchInterface("org.freedesktop.DBus"), dbus.WithMatchMember("NameOwnerChanged"), dbus.WithMatchArg(0, trayWatcher)) != nil {
		return
	}
	changed(trayOn(ctx, conn)) // it may have come or gone before the match held
	for {
		select {
		case <-ctx.Done():
			return
		case s, ok := <-signals:
			if !ok {
				changed(false)
				return
			}
			if len(s.Body) == 3 && s.Body[0] == trayWatcher {
				owner, _ := s.Body[2].(string)
				changed(owner != "")
			}
		}
	}
}
