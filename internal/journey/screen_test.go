//go:build journey

package journey

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// display is an X server of our own, with a window manager.
type display struct {
	t    *testing.T
	name string
	bus  string   // the address of the desktop's D-Bus; "": as this program's
	drop string   // the program that drags files
	more []string // of the environment of programs on it
	shot int
}

func newDisplay(t *testing.T, width, height int) *display {
	t.Helper()
	d := &display{t: t}
	// Xvfb picks a free number and writes it to a pipe.
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	x := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", fmt.Sprintf("%dx%dx24", width, height), "-nolisten", "tcp")
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		t.Fatalf("Xvfb: %v; .ci/install test brings it", err)
	}
	t.Cleanup(func() { x.Process.Kill(); x.Wait() })
	w.Close()
	b := make([]byte, 16)
	r.SetReadDeadline(time.Now().Add(30 * time.Second))
	n, err := r.Read(b)
	if err != nil {
		t.Fatalf("Xvfb did not start: %v", err)
	}
	d.name = ":" + strings.TrimSpace(string(b[:n]))
	wm := exec.Command("openbox")
	wm.Env = append(os.Environ(), "DISPLAY="+d.name)
	if err := wm.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { wm.Process.Kill(); wm.Wait() })
	d.drop = filepath.Join(t.TempDir(), "drop")
	if out, err := exec.Command("go", "build", "-o", d.drop, "satchel/internal/drop").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return d
}

// env is what a program on the display has in its environment.
func (d *display) env() []string {
	env := []string{"DISPLAY=" + d.name, "FYNE_PLATFORM=x11", "LIBGL_ALWAYS_SOFTWARE=1"}
	if d.bus != "" {
		env = append(env, "DBUS_SESSION_BUS_ADDRESS="+d.bus)
	}
	return append(env, d.more...)
}

// do runs a program on the display to its end, and returns what it printed.
func (d *display) do(name string, args ...string) string {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "DISPLAY="+d.name)
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s: %v: %s", cmd, err, out)
	}
	return strings.TrimSpace(string(out))
}

// picture keeps what is on the display, numbered in order, in build/shots.
func (d *display) picture(name string) {
	d.t.Helper()
	d.shot++
	dir := filepath.Join(root, "build", "shots")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		d.t.Fatal(err)
	}
	d.do("import", "-window", "root", filepath.Join(dir, fmt.Sprintf("%02d-%s.png", d.shot, name)))
}

// screen is what a window says of itself; app/state.go writes it.
type screen struct {
	Screen, Connection, Draft, Notice, Foot, Closed, Bar, Viewer string
	Synced, Focused, Dialog                                      bool
	Focus                                                        string
	FocusAt                                                      spot `json:"focus_at"`
	Menu                                                         []string
	Offered                                                      []string
	Picked, Listed                                               int
	Welcome                                                      *struct{ Name, Link, Way, Reason string }
	Conversation                                                 *struct {
		ID, Name, Status string
		Verified         bool
	}
	Rows     []row
	Messages []bubble
	Voice    *struct {
		Seconds float64
		Paused  bool
	}
	Sheet *struct {
		Name, Title, Link, Words, Digits, Page string
		Files, People, Lines                   []string
	}
	Spots map[string]spot
}

type row struct {
	ID, Name, Line, Message string
	Unread                  int
	Pinned, Muted           bool
	Spot                    *spot
}

type bubble struct {
	ID, Text, File, SHA256, Path, Transfer, Receipt, Reason, Answers string
	Seq                                                              uint64
	Size, Offset                                                     int64
	Mine, Playing, Deleted                                           bool
	Reactions                                                        []struct{ Emoji string }
	Heard                                                            float64
	Spots                                                            map[string]spot
}

type spot struct{ X, Y, W, H int }

// window is one running desktop program.
type window struct {
	*process
	t       *testing.T
	d       *display
	who     string
	profile string
	theme   string // "": light
	state   string
	id      string // X's number
	x, y    int    // its content's place on the display
	at      [4]int // where it was put: x, y, width, height; nowhere: where it puts itself
}

// open starts the program and waits for its window.
func (d *display) open(who, profile string, at [4]int, args ...string) *window {
	d.t.Helper()
	w := &window{t: d.t, d: d, who: who, profile: profile, at: at, state: filepath.Join(d.t.TempDir(), who+".json")}
	w.start(args...)
	return w
}

func (w *window) start(args ...string) {
	w.t.Helper()
	os.Remove(w.state)
	os.MkdirAll(filepath.Join(w.profile, "cache", "fyne"), 0o700)
	w.process = start(w.t, w.env(), "satchel",
		append([]string{"--profile", w.profile}, args...)...)
	w.wait("a painted window", func(s *screen) bool { return s.Screen != "" })
	ids := strings.Fields(w.d.do("xdotool", "search", "--sync", "--onlyvisible", "--pid", strconv.Itoa(w.cmd.Process.Pid)))
	if len(ids) == 0 {
		w.t.Fatalf("%s has no window", w.who)
	}
	w.id = ids[len(ids)-1]
	w.fit()
	w.place()
}

// env is what the program has in its environment.
func (w *window) env() []string {
	return append(w.d.env(), "SATCHEL_STATE="+w.state, "FYNE_THEME="+cmp.Or(w.theme, "light"), "XDG_CACHE_HOME="+filepath.Join(w.profile, "cache"), "XDG_DATA_HOME="+filepath.Join(w.profile, "data"), "XDG_CONFIG_HOME="+filepath.Join(w.profile, "config"))
}

// fit puts the window where it was asked to be, as large as it was asked to be. Fyne
// makes it as large as before when the theme or the scale changes meanwhile, so it is
// looked at until it stays.
func (w *window) fit() {
	w.t.Helper()
	if w.at == [4]int{} {
		return
	}
	var since time.Time
	w.wait("its size", func(*screen) bool {
		if got := w.d.do("xdotool", "getwindowgeometry", w.id); !strings.Contains(got, fmt.Sprintf("Geometry: %dx%d", w.at[2], w.at[3])) {
			w.d.do("xdotool", "windowsize", w.id, strconv.Itoa(w.at[2]), strconv.Itoa(w.at[3]))
			w.d.do("xdotool", "windowmove", w.id, strconv.Itoa(w.at[0]), strconv.Itoa(w.at[1]))
			since = time.Now()
		}
		return time.Since(since) > 300*time.Millisecond
	})
	w.d.do("xdotool", "windowmove", w.id, strconv.Itoa(w.at[0]), strconv.Itoa(w.at[1]))
}

// place learns where the window's content is.
func (w *window) place() {
	w.t.Helper()
	// xdotool counts the frame twice under some window managers; xwininfo doesn't.
	for _, line := range strings.Split(w.d.do("xwininfo", "-id", w.id), "\n") {
		k, v, _ := strings.Cut(strings.TrimSpace(line), ":")
		n, _ := strconv.Atoi(strings.TrimSpace(v))
		switch k {
		case "Absolute upper-left X":
			w.x = n
		case "Absolute upper-left Y":
			w.y = n
		}
	}
}

// now is the window's last word; false when there is none yet.
func (w *window) now() (*screen, bool) {
	b, err := os.ReadFile(w.state)
	if err != nil {
		return nil, false
	}
	s := &screen{}
	if err := json.Unmarshal(b, s); err != nil {
		w.t.Fatalf("%s: %v in %s", w.who, err, b)
	}
	return s, true
}

// wait waits until the window shows something.
func (w *window) wait(what string, ok func(*screen) bool) *screen {
	w.t.Helper()
	end := time.Now().Add(patience)
	for {
		s, there := w.now()
		if there && ok(s) {
			return s
		}
		select {
		case <-w.done:
			w.t.Fatalf("%s: the program ended (%v) while waiting for %s: %s", w.who, w.cmd.ProcessState, what, w.errs)
		default:
		}
		if time.Now().After(end) {
			w.d.picture("failed")
			b, _ := json.MarshalIndent(s, "", " ")
			w.t.Fatalf("%s: no %s within %v; the window says %.6000s\n%s", w.who, what, patience, b, w.errs)
		}
		time.Sleep(20 * time.Millisecond) // between two looks
	}
}

// click presses the middle of a named place, once it is there and stays where it is.
func (w *window) click(name string) {
	w.t.Helper()
	w.press(w.steady(name, func(s *screen) spot { return s.Spots[name] }))
}

// steady waits until a place is there and does not move between two looks.
func (w *window) steady(name string, where func(*screen) spot) spot {
	w.t.Helper()
	var last spot
	var since time.Time
	w.wait("a place called "+name+" that stays", func(s *screen) bool {
		if p := where(s); p.W <= 0 || p != last {
			last, since = p, time.Now()
		}
		return last.W > 0 && time.Since(since) > 200*time.Millisecond
	})
	return last
}

func (w *window) press(p spot) {
	w.t.Helper()
	w.place()
	w.d.do("xdotool", "windowactivate", "--sync", w.id)
	w.d.do("xdotool", "mousemove", strconv.Itoa(w.x+p.X+p.W/2), strconv.Itoa(w.y+p.Y+p.H/2), "click", "1")
}

// pressOn presses what a bubble offers, once it does.
func (w *window) pressOn(what string, which func(*bubble) bool) {
	w.t.Helper()
	w.press(w.steady(what+" on a bubble", func(s *screen) spot {
		if b := find(s, which); b != nil {
			return b.Spots[what]
		}
		return spot{}
	}))
}

func find(s *screen, which func(*bubble) bool) *bubble {
	for i := range s.Messages {
		if which(&s.Messages[i]) {
			return &s.Messages[i]
		}
	}
	return nil
}

func (w *window) typed(text string) {
	w.t.Helper()
	w.d.do("xdotool", "windowactivate", "--sync", w.id)
	w.d.do("xdotool", "type", "--delay", "4", "--", text)
}

func (w *window) key(keys ...string) {
	w.t.Helper()
	w.d.do("xdotool", "windowactivate", "--sync", w.id)
	w.d.do("xdotool", append([]string{"key", "--delay", "20", "--"}, keys...)...)
}

// say writes a message and waits until the relay has it.
func (w *window) say(text string) {
	w.t.Helper()
	w.click("composer")
	w.typed(text)
	w.wait("the draft "+text, func(s *screen) bool { return s.Draft == text })
	w.key("Return")
	w.wait("the message "+text, func(s *screen) bool {
		b := find(s, func(b *bubble) bool { return b.Mine && b.Text == text })
		return b != nil && b.Seq > 0
	})
}

// hears waits for somebody else's message.
func (w *window) hears(text string) {
	w.t.Helper()
	w.wait("hearing "+text, func(s *screen) bool {
		return find(s, func(b *bubble) bool { return !b.Mine && b.Text == text }) != nil
	})
}

// dropped lets go of files over the window.
func (w *window) dropped(paths ...string) {
	w.t.Helper()
	w.d.do(w.d.drop, append([]string{"--window", w.id}, paths...)...)
}

// freePort is a port that nobody listens on.
func freePort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
