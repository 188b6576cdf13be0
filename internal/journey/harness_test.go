//go:build journey

// Package journey uses the built programs as people do: from the command line
// and in real windows, and kills them where it hurts. `make test` runs it.
package journey

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// patience bounds every wait for a program; a healthy run needs a fraction.
const patience = 2 * time.Minute

var root, bin string

func TestMain(m *testing.M) {
	wd, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	root = filepath.Dir(filepath.Dir(wd))
	bin = filepath.Join(root, "build")
	if at := os.Getenv("SATCHEL_PROGRAMS"); at != "" {
		bin = at
	}
	for _, p := range []string{"satchel-relay", "satchelctl"} {
		if _, err := os.Stat(filepath.Join(bin, p)); err != nil {
			fmt.Fprintln(os.Stderr, "build first: make build")
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// process is a program that runs until it is stopped.
type process struct {
	cmd   *exec.Cmd
	done  chan struct{}
	lines chan string // standard output, line by line
	errs  *lockedBuffer
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func start(t *testing.T, env []string, program string, args ...string) *process {
	t.Helper()
	return startWith(t, env, func(*exec.Cmd) {}, program, args...)
}

// startWith has a command changed before it is started.
func startWith(t *testing.T, env []string, change func(*exec.Cmd), program string, args ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(filepath.Join(bin, program), args...), done: make(chan struct{}),
		lines: make(chan string, 10_000), errs: &lockedBuffer{}}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stderr = p.errs
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	change(p.cmd)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		scan := bufio.NewScanner(out)
		scan.Buffer(nil, 1<<20)
		for scan.Scan() {
			p.lines <- scan.Text()
		}
		close(p.lines)
		p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(p.kill)
	return p
}

// kill is kill -9, and waits until the process is gone.
func (p *process) kill() {
	p.cmd.Process.Kill()
	<-p.done
}

// line waits for the next line of standard output.
func (p *process) line(t *testing.T) string {
	t.Helper()
	select {
	case l, ok := <-p.lines:
		if !ok {
			<-p.done
			t.Fatalf("%s ended (%v): %s", p.cmd, p.cmd.ProcessState, p.errs)
		}
		return l
	case <-time.After(patience):
		t.Fatalf("%s said nothing for %v: %s", p.cmd, patience, p.errs)
	}
	return ""
}

// exit waits for the end and returns the exit code.
func (p *process) exit(t *testing.T) int {
	t.Helper()
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode()
	case <-time.After(patience):
		p.cmd.Process.Signal(syscall.SIGQUIT) // it says where it stands
		select {
		case <-p.done:
		case <-time.After(10 * time.Second):
		}
		t.Fatalf("%s did not end within %v: %s", p.cmd, patience, p.errs)
	}
	return -1
}

// relay is a satchel-relay behind a proxy that counts what goes through.
type relay struct {
	t     *testing.T
	dir   string
	addr  string // where it really listens
	proxy *proxy // what its public URL names
	run   *process
}

func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	r := &relay{t: t, dir: t.TempDir(), addr: addr, proxy: newProxy(t, addr)}
	r.start()
	return r
}

func (r *relay) start() {
	r.t.Helper()
	r.run = start(r.t, nil, "satchel-relay", "serve", "--data", r.dir, "--listen", r.addr, "--public-url", "http://"+r.proxy.addr)
	if line := r.run.line(r.t); !strings.HasPrefix(line, "listening on ") {
		r.t.Fatalf("the relay said %q", line)
	}
}

func (r *relay) invite(args ...string) string {
	r.t.Helper()
	out, errs, code := command(r.t, "satchel-relay", append([]string{"invite", "--data", r.dir}, args...)...)
	if code != 0 || len(out) != 1 || !strings.HasPrefix(out[0], "satchel://") {
		r.t.Fatalf("invite: %d %q %s", code, out, errs)
	}
	return out[0]
}

// command runs a program to its end.
func command(t *testing.T, program string, args ...string) (lines []string, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, program), args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) || ctx.Err() != nil {
		t.Fatalf("%s: %v (%v) %s", cmd, err, ctx.Err(), &errs)
	}
	text := strings.TrimSuffix(out.String(), "\n")
	if text != "" {
		lines = strings.Split(text, "\n")
	}
	return lines, errs.String(), cmd.ProcessState.ExitCode()
}

// person is a profile that is used through satchelctl.
type person struct {
	t    *testing.T
	name string
	dir  string
}

// join makes a person known to the relay.
func join(t *testing.T, r *relay, name string) *person {
	t.Helper()
	p := &person{t: t, name: name, dir: filepath.Join(t.TempDir(), name)}
	p.ctl("join", r.invite(), "--name", name)
	return p
}

// ctl runs one command that must succeed.
func (p *person) ctl(args ...string) []string {
	p.t.Helper()
	out, errs, code := p.try(args...)
	if code != 0 {
		p.t.Fatalf("%s: satchelctl %q: exit %d: %s", p.name, args, code, errs)
	}
	return out
}

func (p *person) try(args ...string) ([]string, string, int) {
	p.t.Helper()
	return command(p.t, "satchelctl", append([]string{"--profile", p.dir}, args...)...)
}

func (p *person) start(args ...string) *process {
	p.t.Helper()
	return start(p.t, nil, "satchelctl", append([]string{"--profile", p.dir}, args...)...)
}

// said is one line of listen or history.
type said struct {
	ID, Conversation, From, Text, Title string
	Seq                                 uint64
	At                                  time.Time
	Location                            *struct{ Lat, Lon float64 }
	File                                *struct {
		Name, MIME, SHA256, Path string
		Size                     int64
	}
}

func parse(t *testing.T, lines ...string) []said {
	t.Helper()
	var all []said
	for _, l := range lines {
		var s said
		if err := json.Unmarshal([]byte(l), &s); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		all = append(all, s)
	}
	return all
}

// proxy passes bytes on and counts those that reached the other side.
type proxy struct {
	addr     string
	target   string
	up, down atomic.Int64
	mu       sync.Mutex
	watch    map[*atomic.Int64]watcher
}

type watcher struct {
	at int64
	do func()
}

func newProxy(t *testing.T, target string) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{addr: l.Addr().String(), target: target, watch: map[*atomic.Int64]watcher{}}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.pass(c)
		}
	}()
	return p
}

// when calls do once, as soon as count (up or down) reaches n more than now.
func (p *proxy) when(count *atomic.Int64, n int64, do func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.watch[count] = watcher{count.Load() + n, do}
}

func (p *proxy) pass(c net.Conn) {
	defer c.Close()
	s, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer s.Close()
	both := make(chan struct{}, 2)
	go func() { p.copy(s, c, &p.up); both <- struct{}{} }()
	go func() { p.copy(c, s, &p.down); both <- struct{}{} }()
	<-both
}

func (p *proxy) copy(to, from net.Conn, count *atomic.Int64) {
	buf := make([]byte, 64<<10)
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
			now := count.Add(int64(n))
			p.mu.Lock()
			w, ok := p.watch[count]
			if ok = ok && now >= w.at; ok {
				delete(p.watch, count)
			}
			p.mu.Unlock()
			if ok {
				w.do()
			}
		}
		if err != nil {
			return
		}
	}
}

// makeFile writes n bytes that depend on seed and can't be compressed.
func makeFile(t *testing.T, path string, n int64, seed byte) (sum string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	src := rand.NewChaCha8([32]byte{seed})
	if _, err := io.CopyN(io.MultiWriter(f, h), src, n); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}
