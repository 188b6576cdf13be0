//go:build journey

package journey

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// notes is a desktop's server of notifications.
type notes struct{ shown chan [2]string }

func (n *notes) GetCapabilities() ([]string, *dbus.Error) { return []string{"body", "actions"}, nil }
func (n *notes) CloseNotification(uint32) *dbus.Error     { return nil }
func (n *notes) Notify(_ string, _ uint32, _, title, body string, _ []string, _ map[string]dbus.Variant, _ int32) (uint32, *dbus.Error) {
	n.shown <- [2]string{title, body}
	return 7, nil
}

// newBus starts a desktop's D-Bus, and connects to it.
func newBus(t *testing.T) (address string, conn *dbus.Conn) {
	t.Helper()
	bus := exec.Command("dbus-daemon", "--session", "--nofork", "--print-address")
	out, err := bus.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := bus.Start(); err != nil {
		t.Fatalf("%v; .ci/install test brings it", err)
	}
	t.Cleanup(func() { bus.Process.Kill(); bus.Wait() })
	address, err = bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	address = strings.TrimSpace(address)
	conn, err = dbus.Connect(address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return address, conn
}

const (
	notesName = "org.freedesktop.Notifications"
	notesPath = "/org/freedesktop/Notifications"
)

// On a desktop with notifications: one that is clicked leads to its conversation;
// a second start shows the first one's window with what it was started for, and
// ends; what is set on the screen holds at once, in both languages.
func TestDesktop(t *testing.T) {
	t.Parallel()
	address, conn := newBus(t)
	server := &notes{make(chan [2]string, 16)}
	if err := conn.Export(server, notesPath, notesName); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.RequestName(notesName, dbus.NameFlagDoNotQueue); err != nil {
		t.Fatal(err)
	}

	d := newDisplay(t, 1300, 860)
	d.bus = address
	r := newRelay(t)
	profile := t.TempDir()
	mara := d.open("Mara", profile, [4]int{4, 30, 1000, 760}, "--name", "Mara", "--join", r.invite())
	mara.wait("the main window", func(s *screen) bool {
		return s.Screen == "main" && s.Connection == "connected" && s.Synced && s.Conversation != nil
	})
	ana := filepath.Join(t.TempDir(), "ana")
	if _, errs, code := command(t, "satchelctl", "--profile", ana, "join", "--name", "Ana", r.invite()); code != 0 {
		t.Fatal(errs)
	}

	// Nobody looks: the window is iconified. The note leads back.
	d.do("xdotool", "windowminimize", mara.id)
	mara.wait("nobody looks", func(s *screen) bool { return !s.Focused })
	if _, errs, code := command(t, "satchelctl", "--profile", ana, "send", "--to", "Mara", "--text", "The boat leaves at six"); code != 0 {
		t.Fatal(errs)
	}
	select {
	case got := <-server.shown:
		if got != [2]string{"Ana", "The boat leaves at six"} {
			t.Errorf("the desktop shows %q", got)
		}
	case <-time.After(patience):
		t.Fatal("nothing was shown")
	}
	if err := conn.Emit(notesPath, notesName+".ActionInvoked", uint32(7), "default"); err != nil {
		t.Fatal(err)
	}
	mara.wait("the conversation with Ana, and the window in front", func(s *screen) bool {
		return s.Focused && s.Conversation != nil && s.Conversation.Name == "Ana" && len(s.Messages) == 1
	})

	file := filepath.Join(t.TempDir(), "plan.txt")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	again := start(t, d.env(), "satchel", "--profile", profile, file)
	if code := again.exit(t); code != 0 {
		t.Errorf("the second start ended with %d: %s", code, again.errs)
	}
	mara.wait("the file is offered", func(s *screen) bool { return s.Sheet != nil && len(s.Sheet.Files) == 1 })
	d.picture("handed-over")
	mara.click("sheet-cancel")

	mara.click("settings")
	for _, page := range []string{"notifications", "appearance", "relay", "about"} {
		mara.wait("the settings", func(s *screen) bool { return s.Spots["page-"+page].W > 0 })
		mara.click("page-" + page)
		d.picture("settings-" + page)
	}
	mara.click("page-appearance")
	mara.wait("the page", func(s *screen) bool { return s.Spots["language"].W > 0 })
	mara.click("language")
	mara.key("Down", "Down", "Down", "Return")
	mara.wait("Portuguese", func(s *screen) bool { return s.Sheet != nil && s.Sheet.Title == "Definições" })
	d.picture("settings-pt")
}
