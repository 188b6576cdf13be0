//go:build journey

package journey

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"

	"satchel/chat"
	"satchel/storage"
)

// The window comes back where it stood and as large as it was, with the
// conversation that was open and what was being written.
func TestScreenPlace(t *testing.T) {
	d, _, mara, _ := desk(t, "light")
	mara.opens("Ines Tavares")
	mara.click("composer")
	mara.typed("half a thought")
	d.do("xdotool", "windowsize", "--sync", mara.id, "930", "640")
	d.do("xdotool", "windowmove", mara.id, "150", "120")
	mara.wait("the new size", func(s *screen) bool {
		c := s.Spots["send"]
		return s.Draft == "half a thought" && c.X+c.W > 880 && c.X+c.W <= 930
	})
	mara.place()
	x, y := mara.x, mara.y
	mara.key("ctrl+q")
	if code := mara.exit(t); code != 0 {
		t.Fatalf("the program ended with %d: %s", code, mara.errs)
	}
	mara.at = [4]int{}
	mara.start()
	mara.wait("all as it was", func(s *screen) bool {
		c := s.Spots["send"]
		return s.Conversation != nil && s.Conversation.Name == "Ines Tavares" && s.Draft == "half a thought" && c.X+c.W > 880 && c.X+c.W <= 930
	})
	near := func(a, b int) bool { return a-b < 4 && b-a < 4 }
	t.Logf("it stood at %d, %d", x, y)
	mara.wait("the place", func(*screen) bool { mara.place(); return near(mara.x, x) && near(mara.y, y) })
	d.picture("same-place")
}

// A list of 5,000 conversations, many with names that somebody hostile chose:
// it is there, it is searched, and one after the other opens.
func TestScreenManyConversations(t *testing.T) {
	d, _, mara, _ := desk(t, "dark")
	mara.wait("Ines in the list", func(s *screen) bool { return len(s.Rows) == 2 })
	mara.cmd.Process.Signal(os.Interrupt)
	mara.exit(t)
	db, err := storage.Open(filepath.Join(mara.profile, "cache.db"))
	if err != nil {
		t.Fatal(err)
	}
	names := []string{strings.Repeat("Ángström\u0301 ", 20), "\u202egnp.exe", "Z" + strings.Repeat("\u0335\u0321\u0489", 60), strings.Repeat("W", 200), "שלום عالم", "😀😀😀", "\x1b[31mred"}
	err = db.Update(func(tx *storage.Tx) error {
		at := time.Now().Add(-time.Hour)
		me := chat.Account{ID: "me", Name: "Mara Reyes"}
		for n := range 5000 {
			other := chat.Account{ID: chat.AccountID(fmt.Sprintf("other-%d", n)), Name: fmt.Sprintf("%s %d", names[n%len(names)], n)}
			c := chat.Conversation{ID: chat.ConversationID(fmt.Sprintf("talk-%d", n)), Kind: chat.Direct, Members: []chat.Account{me, other}, Created: at.Add(time.Duration(n) * time.Millisecond)}
			if err := tx.PutConversation(&c); err != nil {
				return err
			}
		}
		return nil
	})
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	mara.start()
	mara.wait("all of them", func(s *screen) bool { return len(s.Rows) >= 5000 && s.Conversation != nil })
	d.picture("many-conversations")
	for range 5 {
		before, _ := mara.now()
		mara.key("alt+Down")
		mara.wait("the next one", func(s *screen) bool { return s.Conversation.ID != before.Conversation.ID })
	}
	mara.key("ctrl+k")
	mara.typed("ines")
	mara.wait("one is found", func(s *screen) bool { return len(s.Rows) > 0 && len(s.Rows) < 10 })
	mara.key("Return")
	mara.wait("it is open", func(s *screen) bool { return s.Conversation.Name == "Ines Tavares" && len(s.Messages) > 0 })
	mara.hears("Morning! Did the rushes come through?")
}

// shelf is a desktop's place for tray icons; it notes who puts one there.
type shelf struct{ came chan string }

func (s *shelf) RegisterStatusNotifierItem(_ string, who dbus.Sender) *dbus.Error {
	s.came <- string(who)
	return nil
}

// With a tray, closing the window leaves the program running: what comes is
// counted there, and from there the window comes back, and the program ends.
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
	d := newDisplay(t, 1240, 860)
	d.bus = address
	r := newRelay(t)
	ines := join(t, r, "Ines Tavares")
	mara := &window{t: t, d: d, who: "Mara", profile: t.TempDir(), at: [4]int{10, 30, 1000, 700}, state: t.TempDir() + "/mara.json"}
	if err := os.WriteFile(filepath.Join(mara.profile, "window.json"), []byte(`{"width":1000,"height":700,"to_tray":true}`), 0o600); err != nil {
		t.Fatal(err)
	}
	mara.start("--name", "Mara Reyes", "--join", r.invite())
	mara.wait("the main window", func(s *screen) bool {
		return s.Screen == "main" && s.Connection == "connected" && s.Conversation != nil && s.Focused
	})
	var icon dbus.BusObject
	select {
	case who := <-s.came:
		icon = conn.Object(who, "/StatusNotifierMenu")
	case <-time.After(patience):
		t.Fatal("no icon came")
	}
	mara.shut()
	mara.wait("nobody looks", func(s *screen) bool { return !s.Focused })
	ines.ctl("send", "--to", "Mara Reyes", "--text", "The boat leaves at six")
	trayPress(t, icon, "Show Satchel (1 unread)")
	mara.wait("the window", func(s *screen) bool { return s.Focused })
	mara.opens("Ines Tavares")
	mara.hears("The boat leaves at six")
	d.picture("from-the-tray")
	mara.shut()
	mara.wait("nobody looks", func(s *screen) bool { return !s.Focused })
	trayPress(t, icon, "Quit")
	if code := mara.exit(t); code != 0 {
		t.Errorf("the program ended with %d: %s", code, mara.errs)
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

// trayPress presses an item of an icon's menu, once it is there.
func trayPress(t *testing.T, icon dbus.BusObject, label string) {
	t.Helper()
	const menu = "com.canonical.dbusmenu."
	type item struct {
		ID         int32
		Properties map[string]dbus.Variant
		Children   []dbus.Variant
	}
	for end := time.Now().Add(patience); ; {
		var revision uint32
		var root item
		if err := icon.Call(menu+"GetLayout", 0, int32(0), int32(-1), []string{}).Store(&revision, &root); err != nil {
			t.Fatal(err)
		}
		var labels []string
		for _, v := range root.Children {
			var one item
			if err := dbus.Store([]any{v.Value()}, &one); err != nil {
				t.Fatal(err)
			}
			name, _ := one.Properties["label"].Value().(string)
			if labels = append(labels, name); name == label {
				if err := icon.Call(menu+"Event", 0, one.ID, "clicked", dbus.MakeVariant(""), uint32(0)).Err; err != nil {
					t.Fatal(err)
				}
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the tray never has %q: it has %q", label, labels)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}
