package system

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/adrg/xdg"
	"github.com/godbus/dbus/v5"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = time.Minute

// bus starts a private session bus for the test.
func bus(t *testing.T) {
	t.Helper()
	cmd := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", strings.TrimSpace(address))
}

// desktop is a small server of notifications, as a desktop has one.
type desktop struct {
	conn   *dbus.Conn
	shown  chan note
	closed chan uint32
	next   uint32
}

type note struct {
	id, replaces uint32
	title, body  string
	actions      []string
	hints        map[string]dbus.Variant
}

func (d *desktop) GetCapabilities() ([]string, *dbus.Error) {
	return []string{"body", "body-markup", "actions"}, nil
}

func (d *desktop) Notify(_ string, replaces uint32, _ string, title, body string, actions []string, hints map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	id := replaces
	if id == 0 {
		d.next++
		id = d.next
	}
	d.shown <- note{id, replaces, title, body, actions, hints}
	return id, nil
}

func (d *desktop) CloseNotification(id uint32) *dbus.Error {
	d.closed <- id
	return nil
}

func newDesktop(t *testing.T) *desktop {
	t.Helper()
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	d := &desktop{conn: conn, shown: make(chan note, 8), closed: make(chan uint32, 8)}
	if err := conn.Export(d, notifyPath, notifyName); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RequestName(notifyName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}
	return d
}

func next[T any](t *testing.T, c chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("nothing came for %v", patience)
	}
	return v
}

// A notice is shown, a newer one of the same conversation takes its place, a
// click leads back to it, and what was read elsewhere goes.
func TestNotices(t *testing.T) {
	bus(t)
	d := newDesktop(t)
	clicked, refused := make(chan string, 8), make(chan Notice, 8)
	n := NewNotifier(func(tag string) { clicked <- tag }, func(n Notice) { refused <- n })
	defer n.Close()

	n.Show(Notice{Tag: "a", Title: "Ines", Body: "<b>1 & 2</b>", Open: "Open", Sound: true})
	first := next(t, d.shown)
	if first.title != "Ines" || first.body != "&lt;b&gt;1 &amp; 2&lt;/b&gt;" || len(first.actions) != 2 || first.actions[0] != "default" {
		t.Errorf("%+v", first)
	}
	if first.hints["sound-name"].Value() != "message-new-instant" || first.hints["desktop-entry"].Value() != ID {
		t.Errorf("hints: %v", first.hints)
	}
	n.Show(Notice{Tag: "b", Title: "Film crew"})
	other := next(t, d.shown)
	if other.id == first.id || other.hints["suppress-sound"].Value() != true {
		t.Errorf("%+v", other)
	}
	n.Show(Notice{Tag: "a", Title: "Ines", Body: "again"})
	if again := next(t, d.shown); again.replaces != first.id {
		t.Errorf("it does not take the place of the first: %+v", again)
	}
	emit := func(name string, args ...any) {
		if err := d.conn.Emit(notifyPath, notifyName+"."+name, args...); err != nil {
			t.Fatal(err)
		}
	}
	emit("ActionInvoked", uint32(4711), "default") // another program's
	emit("ActionInvoked", other.id, "default")
	if tag := next(t, clicked); tag != "b" {
		t.Errorf("clicked %q", tag)
	}
	n.Forget("a")
	if id := next(t, d.closed); id != first.id {
		t.Errorf("closed %d", id)
	}
	emit("NotificationClosed", other.id, uint32(2))
	emit("ActionInvoked", other.id, "default") // of one that is gone
	n.Show(Notice{Tag: "c", Title: "Bo"})
	emit("ActionInvoked", next(t, d.shown).id, "default") // heard after all of those
	if tag := next(t, clicked); tag != "c" {
		t.Errorf("clicked %q", tag)
	}
	n.Show(Notice{Tag: "b", Title: "Film crew"})
	if anew := next(t, d.shown); anew.replaces != 0 {
		t.Errorf("%+v", anew)
	}
	if len(clicked) != 0 || len(refused) != 0 {
		t.Errorf("%d clicks and %d refused too many", len(clicked), len(refused))
	}
}

// Without a bus, and without anybody on it who shows notices, they go to who
// can, and there is no tray.
func TestNoDesktop(t *testing.T) {
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	for _, way := range []struct {
		name string
		set  func(*testing.T)
	}{
		{"no bus", func(t *testing.T) { t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+t.TempDir()+"/none") }},
		{"an empty bus", bus},
	} {
		t.Run(way.name, func(t *testing.T) {
			way.set(t)
			if HasTray(t.Context()) {
				t.Error("there is a tray")
			}
			refused := make(chan Notice, 1)
			n := NewNotifier(func(string) { t.Error("clicked") }, func(n Notice) { refused <- n })
			defer n.Close()
			n.Show(Notice{Tag: "a", Title: "Ines"})
			n.Forget("a")
			if got := next(t, refused); got.Title != "Ines" {
				t.Errorf("%+v", got)
			}
		})
	}
}

// What shows tray icons is found, and heard of when it goes and comes back.
func TestTray(t *testing.T) {
	bus(t)
	conn, err := dbus.ConnectSessionBus()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	own := func() {
		t.Helper()
		if _, err := conn.RequestName(trayWatcher, dbus.NameFlagDoNotQueue); err != nil {
			t.Fatal(err)
		}
	}
	own()
	if !HasTray(t.Context()) || !MayHaveTray() {
		t.Error("the tray was not found")
	}
	ctx, cancel := context.WithCancel(t.Context())
	there, ended := make(chan bool, 8), make(chan struct{})
	go func() {
		defer close(ended)
		WatchTray(ctx, func(is bool) { there <- is })
	}()
	if !next(t, there) {
		t.Error("at first it was not there")
	}
	if _, err := conn.ReleaseName(trayWatcher); err != nil {
		t.Fatal(err)
	}
	if next(t, there) {
		t.Error("that it went was not heard")
	}
	own()
	if !next(t, there) {
		t.Error("that it came back was not heard")
	}
	cancel()
	<-ended
}

// The entry for login is one that the desktop's own tool takes, whatever the
// profile's folder is called; and it goes again.
func TestStartAtLogin(t *testing.T) {
	old := xdg.ConfigHome
	xdg.ConfigHome = t.TempDir()
	t.Cleanup(func() { xdg.ConfigHome = old })
	const profile = "/home/a b/50%\\of$it\"`x"
	if StartsAtLogin(profile) {
		t.Fatal("it is on already")
	}
	if err := SetStartAtLogin(true, profile, "--hidden"); err != nil {
		t.Fatal(err)
	}
	if !StartsAtLogin(profile) || StartsAtLogin("/home/a/default") || StartsAtLogin("/home/b/work") {
		t.Error("it is not on, or for others too")
	}
	if err := SetStartAtLogin(true, "/home/a/default"); err != nil {
		t.Fatal(err)
	}
	if filepath.Base(loginFile("/home/a/default")) != ID+".desktop" {
		t.Error("the entry of the default account is not the program's")
	}
	if err := SetStartAtLogin(false, "/home/a/default"); err != nil || !StartsAtLogin(profile) {
		t.Errorf("one account's end is not that of another: %v", err)
	}
	b, err := os.ReadFile(loginFile(profile))
	if err != nil {
		t.Fatal(err)
	}
	if want := ` "--profile" "/home/a b/50%%\\\\of\\$it\\"` + "\\\\`x\" \"--hidden\"\n"; !strings.Contains(string(b), want) {
		t.Errorf("%s\nhas not %s", b, want)
	}
	if out, err := exec.CommandContext(t.Context(), "desktop-file-validate", loginFile(profile)).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	if err := os.WriteFile(loginFile(profile), append(b, "Hidden=true\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if StartsAtLogin(profile) {
		t.Error("the desktop turned it off, and it is said to be on")
	}
	for range 2 {
		if err := SetStartAtLogin(false, profile); err != nil {
			t.Error(err)
		}
	}
	if left, _ := os.ReadDir(filepath.Dir(loginFile(profile))); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
