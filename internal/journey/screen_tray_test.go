//go:build journey

package journey

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
)

// shelf is a desktop's place for tray icons; it notes who puts one there.
type shelf struct{ came chan string }

func (s *shelf) RegisterStatusNotifierItem(_ string, who dbus.Sender) *dbus.Error {
	s.came <- string(who)
	return nil
}

// With a tray, closing the window leaves the program running: what comes is
// counted there, files are paused and go on from there, the window comes back, and
// the program ends.
func TestScreenTray(t *testing.T) {
	t.Parallel()
	address, conn := newBus(t)
	const watcher = "org.kde.StatusNotifierWatcher"
	s := &shelf{make(chan string, 8)}
	if err := conn.Export(s, "/StatusNotifierWatcher", watcher); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RequestName(watcher, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	d := newDisplay(t, 1040, 800)
	d.bus = address
	r := newRelay(t)
	ines := join(t, r, "Ines Tavares")
	mara := &window{t: t, d: d, who: "Mara", profile: t.TempDir(), at: [4]int{10, 30, 1000, 700}, state: t.TempDir() + "/mara.json"}
	if err := os.WriteFile(filepath.Join(mara.profile, "window.json"), []byte(`{"width":1000,"height":700,"to_tray":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	mara.start("--name", "Mara Reyes", "--join", r.invite())
	mara.wait("the main window", func(s *screen) bool {
		return s.Screen == "main" && s.Connection == "connected" && s.Synced && s.Conversation != nil && s.Focused
	})
	item := s.next(t, conn)
	menu, err := item.GetProperty("org.kde.StatusNotifierItem.Menu")
	if err != nil {
		t.Fatal(err)
	}
	icon := conn.Object(item.Destination(), menu.Value().(dbus.ObjectPath))
	mara.shut()
	mara.wait("nobody looks", func(s *screen) bool { return !s.Focused })
	ines.ctl("send", "--to", "Mara Reyes", "--text", "The boat leaves at six")
	trayPress(t, icon, "Show Satchel (1 unread)")
	mara.wait("the window", func(s *screen) bool { return s.Focused })
	mara.opens("Ines Tavares")
	mara.hears("The boat leaves at six")
	d.picture("from-the-tray")
	trayHas(t, icon, "Show Satchel") // it was read
	mara.shut()
	mara.wait("nobody looks", func(s *screen) bool { return !s.Focused })
	trayClick(t, item)
	mara.wait("the window, by a click on the icon", func(s *screen) bool { return s.Focused })

	// Slowly enough that it is still on its way.
	me := &person{t: t, name: "Mara", dir: mara.profile}
	me.ctl("settings", "downloads", "--limit-up", "64KB")
	rushes := filepath.Join(t.TempDir(), "rushes.bin")
	makeFile(t, rushes, 40_000_000, 7)
	mara.dropped(rushes)
	mara.wait("the send sheet", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 1 })
	mara.click("sheet-send")
	is := func(b *bubble) bool { return b.File == "rushes.bin" }
	in := func(state string) func(*screen) bool {
		return func(s *screen) bool { b := find(s, is); return b != nil && b.Transfer == state }
	}
	mara.wait("it is on its way", in("moving"))
	mara.shut()
	mara.wait("nobody looks", func(s *screen) bool { return !s.Focused })
	trayPress(t, icon, "Pause transfers")
	mara.wait("it pauses", in("paused"))
	trayPress(t, icon, "Resume transfers")
	mara.wait("it goes on", in("moving"))
	trayPress(t, icon, "Pause transfers")
	mara.wait("it pauses again", in("paused"))
	trayPress(t, icon, "Quit")
	if code := mara.exit(t); code != 0 {
		t.Errorf("the program ended with %d: %s", code, mara.errs)
	}

	// As at login: no window, until the icon brings it.
	os.Remove(mara.state)
	mara.process = start(t, mara.env(), "satchel", "--profile", mara.profile, "--hidden")
	item = s.next(t, conn)
	ines.ctl("send", "--to", "Mara Reyes", "--text", "Are you there?")
	mara.wait("it runs, and nobody looks", func(s *screen) bool {
		return s.Connection == "connected" && !s.Focused && slices.ContainsFunc(s.Rows, func(r row) bool { return r.Unread == 1 })
	})
	if ids, _ := exec.CommandContext(t.Context(), "xdotool", "search", "--onlyvisible", "--pid", strconv.Itoa(mara.cmd.Process.Pid)).Output(); len(ids) > 0 {
		t.Errorf("it shows a window: %s", ids)
	}
	trayClick(t, item)
	mara.wait("the window", func(s *screen) bool { return s.Focused })
}

// next is the icon that came next.
func (s *shelf) next(t *testing.T, conn *dbus.Conn) dbus.BusObject {
	t.Helper()
	select {
	case who := <-s.came:
		return conn.Object(who, "/StatusNotifierItem")
	case <-time.After(patience):
		t.Fatal("no icon came")
	}
	return nil
}

// trayClick clicks an icon as the left button does.
func trayClick(t *testing.T, item dbus.BusObject) {
	t.Helper()
	if err := item.Call("org.kde.StatusNotifierItem.Activate", 0, int32(0), int32(0)).Err; err != nil {
		t.Fatal(err)
	}
}

// shut closes the window as a click on its frame's cross does.
func (w *window) shut() {
	w.t.Helper()
	conn, err := xgb.NewConnDisplay(w.d.name)
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	atom := func(name string) xproto.Atom {
		a, err := xproto.InternAtom(conn, false, uint16(len(name)), name).Reply()
		if err != nil {
			w.t.Fatal(err)
		}
		return a.Atom
	}
	id, err := strconv.Atoi(w.id)
	if err != nil {
		w.t.Fatal(err)
	}
	event := xproto.ClientMessageEvent{Format: 32, Window: xproto.Window(id), Type: atom("WM_PROTOCOLS"),
		Data: xproto.ClientMessageDataUnionData32New([]uint32{uint32(atom("WM_DELETE_WINDOW")), 0, 0, 0, 0})}
	if err := xproto.SendEventChecked(conn, false, xproto.Window(id), 0, string(event.Bytes())).Check(); err != nil {
		w.t.Fatal(err)
	}
}

// trayItem is one of an icon's menu, with those below it.
type trayItem struct {
	ID         int32
	Properties map[string]dbus.Variant
	Children   []dbus.Variant
}

const trayMenu = "com.canonical.dbusmenu."

// trayHas waits until an icon's menu has an item, and returns its number.
func trayHas(t *testing.T, icon dbus.BusObject, label string) int32 {
	t.Helper()
	for end := time.Now().Add(patience); ; {
		var revision uint32
		var root trayItem
		if err := icon.Call(trayMenu+"GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root); err != nil {
			t.Fatal(err)
		}
		var labels []string
		for _, v := range root.Children {
			var one trayItem
			if err := dbus.Store([]any{v.Value()}, &one); err != nil {
				t.Fatal(err)
			}
			name, _ := one.Properties["label"].Value().(string)
			if labels = append(labels, name); name == label {
				return one.ID
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the tray never has %q: it has %q", label, labels)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

// trayPress presses an item of an icon's menu, once it is there.
func trayPress(t *testing.T, icon dbus.BusObject, label string) {
	t.Helper()
	id := trayHas(t, icon, label)
	if err := icon.Call(trayMenu+"Event", 0, id, "clicked", dbus.MakeVariant(""), uint32(0)).Err; err != nil {
		t.Fatal(err)
	}
}
