package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/net/relay"
)

// TestMain lets this test binary be satchelctl: every command in these tests is
// a process of its own.
func TestMain(m *testing.M) {
	if os.Getenv("SATCHELCTL_TEST_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// patience bounds every process of these tests.
const patience = 60 * time.Second

type world struct {
	t    *testing.T
	dir  string
	addr string
	r    *relay.Relay
	stop func()
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir(), addr: "127.0.0.1:0"}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start() {
	w.t.Helper()
	r, err := relay.Open(relay.Config{Dir: filepath.Join(w.dir, "relay"), Listen: w.addr, Name: "Studio"})
	if err != nil {
		w.t.Fatal(err)
	}
	w.r, w.addr = r, strings.TrimPrefix(r.URL(), "http://")
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
		w.stop = func() {}
	}
}

func (w *world) invite(uses int, expires time.Duration) string {
	w.t.Helper()
	link, err := w.r.Invite(w.t.Context(), uses, expires)
	if err != nil {
		w.t.Fatal(err)
	}
	return link
}

func (w *world) profile(name string) string { return filepath.Join(w.dir, name) }

// process is a satchelctl that runs.
type process struct {
	t        *testing.T
	cmd      *exec.Cmd
	out, err bytes.Buffer
}

func (w *world) begin(profile string, args ...string) *process {
	w.t.Helper()
	return w.beginIn(w.dir, profile, args...)
}

// beginIn starts a satchelctl in another working folder.
func (w *world) beginIn(dir, profile string, args ...string) *process {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	w.t.Cleanup(cancel)
	p := &process{t: w.t, cmd: exec.CommandContext(ctx, os.Args[0], append([]string{"--profile", w.profile(profile)}, args...)...)}
	p.cmd.Env = append(os.Environ(), "SATCHELCTL_TEST_MAIN=1", "GORACE=atexit_sleep_ms=0")
	p.cmd.Dir = dir
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.err
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// end waits, and returns the exit code, what was printed, and the sentence.
func (p *process) end() (code int, lines []map[string]any, sentence string) {
	p.t.Helper()
	err := p.cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		p.t.Fatal(err)
	}
	for s := bufio.NewScanner(&p.out); s.Scan(); {
		var m map[string]any
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			p.t.Fatalf("%q is no JSON", s.Text())
		}
		lines = append(lines, m)
	}
	return p.cmd.ProcessState.ExitCode(), lines, p.err.String()
}

// ctl runs a command that must succeed.
func (w *world) ctl(profile string, args ...string) []map[string]any {
	w.t.Helper()
	code, lines, sentence := w.begin(profile, args...).end()
	if code != 0 || sentence != "" {
		w.t.Fatalf("%s: %v: exit %d: %s", profile, args, code, sentence)
	}
	return lines
}

// refused runs a command that must end with this code and one sentence.
func (w *world) refused(code int, want string, profile string, args ...string) {
	w.t.Helper()
	got, lines, sentence := w.begin(profile, args...).end()
	if got != code || len(lines) != 0 || strings.Count(sentence, "\n") != 1 || !strings.Contains(strings.ToLower(sentence), want) {
		w.t.Errorf("%v: exit %d, %q, printed %v; want %d and a sentence with %q", args, got, sentence, lines, code, want)
	}
}

func texts(lines []map[string]any) (out []string) {
	for _, l := range lines {
		s, _ := l["text"].(string)
		out = append(out, s)
	}
	return out
}

func (w *world) file(name string, n int) (path, sum string) {
	w.t.Helper()
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(len(name))})
	r.Read(b)
	if err := os.WriteFile(filepath.Join(w.dir, name), b, 0o600); err != nil {
		w.t.Fatal(err)
	}
	s := sha256.Sum256(b)
	return name, hex.EncodeToString(s[:]) // relative: the processes work in w.dir
}

// The journey of two people at two prompts.
func TestJourney(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ctl("mara", "join", w.invite(1, time.Hour), "--name", "Mara")
	link := w.ctl("mara", "invite")[0]["link"].(string)
	w.ctl("joao", "join", "--name", "João", link)

	sent := w.ctl("mara", "send", "--to", "joão", "--text", "Olá", "--title", "T", "--location", "-38.7056,-9.1446")
	if len(sent) != 1 || sent[0]["seq"] != 1.0 || len(sent[0]["id"].(string)) != 26 {
		t.Fatalf("%v", sent)
	}
	conv := sent[0]["conversation"].(string)
	w.ctl("mara", "send", "--to", conv, "--text", "second")

	heard := w.ctl("joao", "listen", "--count", "2")
	if !slices.Equal(texts(heard), []string{"Olá", "second"}) {
		t.Fatalf("%v", heard)
	}
	first := heard[0]
	if first["from"] != "Mara" || first["title"] != "T" || first["conversation"] != conv || first["id"] != sent[0]["id"] ||
		first["location"].(map[string]any)["lat"] != -38.7056 {
		t.Errorf("%v", first)
	}
	if at, err := time.Parse(time.RFC3339, first["at"].(string)); err != nil || time.Since(at).Abs() > time.Hour {
		t.Errorf("%v", first["at"])
	}
	if _, has := first["file"]; has {
		t.Errorf("an empty field: %v", first)
	}
	// Printed once: the next listen begins behind it.
	w.ctl("mara", "send", "--to", "João", "--text", "third")
	if got := texts(w.ctl("joao", "listen", "--count", "1")); !slices.Equal(got, []string{"third"}) {
		t.Errorf("%v", got)
	}
	if got := w.ctl("joao", "listen", "--timeout", "1s"); len(got) != 0 {
		t.Errorf("%v", got)
	}
	w.refused(1, "only 0 of 1", "joao", "listen", "--timeout", "300ms", "--count", "1")

	// Files: several are one message each, text with the first.
	sums := map[string]string{}
	args := []string{"send", "--to", "João", "--text", "files"}
	for _, name := range []string{"empty.bin", "Relatório – 写真.jpg", `..\..\evil.sh`} {
		path, sum := w.file(name, 1000*len(sums))
		sums[sum] = name
		args = append(args, "--file", path)
	}
	if got := w.ctl("mara", args...); len(got) != 3 {
		t.Fatalf("%v", got)
	}
	files := w.ctl("joao", "listen", "--count", "3", "--download", "in/box")
	withText := 0
	for _, l := range files {
		if l["text"] == "files" {
			withText++
		}
		f := l["file"].(map[string]any)
		path := f["path"].(string)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(b)
		if sums[hex.EncodeToString(sum[:])] == "" || f["sha256"] != hex.EncodeToString(sum[:]) || f["size"] != float64(len(b)) {
			t.Errorf("%v", f)
		}
		if filepath.Dir(path) != filepath.Join(w.dir, "in/box") || strings.ContainsAny(filepath.Base(path), `\/`) {
			t.Errorf("saved at %s", path)
		}
	}
	if withText != 1 {
		t.Errorf("the text is with %d files", withText)
	}

	if got := texts(w.ctl("joao", "history", "--with", "mara", "--limit", "5")); len(got) != 5 || got[0] != "second" {
		t.Errorf("%v", got)
	}
	w.ctl("joao", "send", "--to", "self", "--text", "a note")
	if got := texts(w.ctl("joao", "history", "--with", "Notes to self")); !slices.Equal(got, []string{"a note"}) {
		t.Errorf("%v", got)
	}
	var kinds []string
	for _, l := range w.ctl("joao", "conversations") {
		kinds = append(kinds, l["kind"].(string)+" "+l["name"].(string))
	}
	if slices.Sort(kinds); !slices.Equal(kinds, []string{"direct Mara", "self Notes to self"}) {
		t.Errorf("%v", kinds)
	}
	if s := w.ctl("joao", "status")[0]; s["connected"] != true || s["pending"] != 0.0 || s["account"].(map[string]any)["name"] != "João" {
		t.Errorf("%v", s)
	}

	// A folder is one message, and a tree where it comes.
	if err := os.MkdirAll(filepath.Join(w.dir, "work/in/nothing"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, one := w.file("work/one.bin", 5000)
	_, two := w.file("work/in/two.bin", 70_000)
	if got := w.ctl("mara", "send", "--to", "João", "--file", "work"); len(got) != 1 {
		t.Fatalf("%v", got)
	}
	folder := w.ctl("joao", "listen", "--count", "1", "--download", "in")[0]["file"].(map[string]any)
	if folder["name"] != "work" || folder["size"] != 75_000.0 || folder["folder"].(map[string]any)["files"] != 2.0 || folder["path"] != filepath.Join(w.dir, "in/work") {
		t.Errorf("%v", folder)
	}
	var tree []string
	for _, l := range folder["tree"].([]any) {
		l := l.(map[string]any)
		sum, _ := l["sha256"].(string)
		if l["here"] != true {
			t.Errorf("%v is not here", l)
		}
		tree = append(tree, l["path"].(string)+" "+sum)
	}
	if want := []string{"in/nothing ", "in/two.bin " + two, "one.bin " + one}; !slices.Equal(tree, want) {
		t.Errorf("%q, want %q", tree, want)
	}
	for name, sum := range map[string]string{"one.bin": one, "in/two.bin": two} {
		b, err := os.ReadFile(filepath.Join(w.dir, "in/work", name))
		if got := sha256.Sum256(b); err != nil || hex.EncodeToString(got[:]) != sum {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What goes wrong is one sentence and the right exit code.
func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := w.invite(9, time.Hour)
	short := w.invite(1, time.Millisecond)
	w.ctl("mara", "join", good, "--name", "Mara")

	for _, args := range [][]string{{}, {"dance"}, {"send", "--text", "x"}, {"send", "--to", "x"}, {"send", "--to", "x", "--text", "y", "z"},
		{"send", "--to", "x", "--location", "91,0"}, {"join", good}, {"join", "--name", "x"}, {"listen", "--count", "0"}, {"listen", "--timeout", "soon"},
		{"history"}, {"history", "--with", "x", "--limit", "-1"}, {"status", "now"}, {"send", "--to", "x", "--wings"}} {
		w.refused(2, "satchelctl help", "mara", args...)
	}
	w.refused(1, "invitation", "new", "join", "hello", "--name", "Ana")
	w.refused(1, "name", "new", "join", good, "--name", "MARA")
	w.refused(1, "not joined", "new", "conversations")
	w.refused(1, "not joined", "nowhere", "send", "--to", "Mara", "--text", "x")
	w.refused(1, "nobody called", "mara", "send", "--to", "Nemo", "--text", "x")
	w.refused(1, "no file", "mara", "send", "--to", "self", "--text", "not sent either", "--file", "nothing")
	w.refused(1, "expired", "new", "join", short, "--name", "Ana")
	if got := w.ctl("mara", "history", "--with", "self"); len(got) != 0 {
		t.Errorf("%v", got)
	}
	w.stop()
	w.refused(1, "not running", "new", "join", good, "--name", "Ana")
	if s := w.ctl("mara", "status")[0]; s["connected"] != false || s["reason"] == "" {
		t.Errorf("%v", s)
	}
	w.start()
	w.ctl("new", "join", good, "--name", "Ana")
}

// A send that is killed is kept, and continued by an identical one: one message.
func TestSendIsContinued(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ctl("mara", "join", w.invite(1, time.Hour), "--name", "Mara")
	path, sum := w.file("a.bin", 100_000)
	w.stop()
	for _, args := range [][]string{{"--text", "kept"}, {"--file", path}} {
		p := w.begin("mara", append([]string{"send", "--to", "self"}, args...)...)
		w.pending("mara", 1)
		p.cmd.Process.Kill()
		p.cmd.Wait()
		w.start()
		sent := w.ctl("mara", append([]string{"send", "--to", "self"}, args...)...)
		again := w.ctl("mara", append([]string{"send", "--to", "self"}, args...)...)
		if len(sent) != 1 || len(again) != 1 || sent[0]["id"] == again[0]["id"] {
			t.Errorf("%v %v", sent, again)
		}
		w.stop()
	}
	w.start()
	lines := w.ctl("mara", "history", "--with", "self")
	if len(lines) != 4 || lines[2]["file"].(map[string]any)["sha256"] != sum {
		t.Errorf("%v", lines)
	}
}

// pending waits until a profile has so many messages that wait. It asks the
// process that has the profile.
func (w *world) pending(profile string, n float64) {
	w.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		if w.ctl(profile, "status")[0]["pending"] == n {
			return
		}
	}
	w.t.Fatalf("%s has not %v messages pending", profile, n)
}

// A listen in the background and other commands share a profile, also when the
// one that has it open ends in the middle, or is killed.
func TestOneProfileManyProcesses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.ctl("mara", "join", w.invite(1, time.Hour), "--name", "Mara")
	w.ctl("joao", "join", w.invite(1, time.Hour), "--name", "João")

	owner := w.begin("joao", "listen", "--count", "1")
	w.socket("joao")
	other := w.begin("joao", "listen", "--timeout", "50s", "--count", "2") // by way of the owner
	w.ctl("joao", "send", "--to", "Mara", "--text", "while it listens")
	if got := texts(w.ctl("mara", "listen", "--count", "1")); !slices.Equal(got, []string{"while it listens"}) {
		t.Errorf("%v", got)
	}
	// Relative paths are the caller's, whoever does the work.
	elsewhere := t.TempDir()
	if err := os.WriteFile(filepath.Join(elsewhere, "note.txt"), []byte("note"), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, lines, sentence := w.beginIn(elsewhere, "joao", "send", "--to", "self", "--file", "note.txt").end(); code != 0 || len(lines) != 1 {
		t.Errorf("%d %v %s", code, lines, sentence)
	}
	w.ctl("mara", "send", "--to", "João", "--text", "1")
	code, lines, sentence := owner.end()
	if code != 0 || !slices.Equal(texts(lines), []string{"1"}) {
		t.Errorf("%d %v %s", code, lines, sentence)
	}
	w.ctl("mara", "send", "--to", "João", "--text", "2")
	w.ctl("mara", "send", "--to", "João", "--text", "3")
	code, lines, sentence = other.end() // it took the profile over
	if got := texts(lines); code != 0 || len(got) != 2 || got[1] != "2" && got[1] != "3" {
		t.Errorf("%d %v %s", code, lines, sentence)
	}

	owner = w.begin("joao", "listen")
	w.socket("joao")
	w.stop()
	waiting := w.begin("joao", "send", "--to", "Mara", "--text", "goes on")
	w.pending("joao", 1)
	owner.cmd.Process.Kill()
	owner.cmd.Wait()
	w.start()
	if code, lines, sentence := waiting.end(); code != 0 || len(lines) != 1 {
		t.Errorf("%d %v %s", code, lines, sentence)
	}
	if got := texts(w.ctl("mara", "listen", "--count", "1")); !slices.Equal(got, []string{"goes on"}) {
		t.Errorf("%v", got)
	}
	if got := w.ctl("mara", "listen", "--timeout", "500ms"); len(got) != 0 {
		t.Errorf("sent twice: %v", got)
	}
}

// socket waits until a process has a profile and serves others.
func (w *world) socket(profile string) {
	w.t.Helper()
	w.pending(profile, 0)
}

// A signal ends a command cleanly, here and by way of the owner; the path of a
// profile may be long.
func TestSignal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	name := strings.Repeat("mara", 40)
	w.ctl(name, "join", w.invite(1, time.Hour), "--name", "Mara")
	owner := w.begin(name, "listen")
	for end := time.Now().Add(patience); ; {
		if _, err := os.Stat(filepath.Join(w.profile(name), "control.sock")); err == nil {
			break
		} else if time.Now().After(end) {
			t.Fatal("it never served")
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.stop()
	other := w.begin(name, "send", "--to", "self", "--text", "kept")
	w.pending(name, 1)
	other.cmd.Process.Signal(os.Interrupt)
	if code, lines, sentence := other.end(); code != 1 || len(lines) != 0 || !strings.Contains(sentence, "is kept") {
		t.Errorf("%d %v %q", code, lines, sentence)
	}
	owner.cmd.Process.Signal(os.Interrupt)
	if code, lines, sentence := owner.end(); code != 0 || len(lines) != 0 || sentence != "" {
		t.Errorf("%d %v %q", code, lines, sentence)
	}
	if _, err := os.Stat(filepath.Join(w.profile(name), "control.sock")); err == nil {
		t.Error("the socket is left")
	}
}
