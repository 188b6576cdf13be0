package storetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Tool builds or installs a program of build/tools once, by the Makefile, and
// returns its path.
func Tool(t testing.TB, name string) string {
	t.Helper()
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	tool := filepath.Join("build", "tools", name)
	make := exec.CommandContext(t.Context(), "make", "-s", "-C", root, tool)
	make.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=")
	if out, err := make.CombinedOutput(); err != nil {
		t.Fatalf("make %s: %v\n%s", tool, err, out)
	}
	return filepath.Join(root, tool)
}

// FreePort is a port of this computer that nobody has just now.
func FreePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// Start runs a server until the test ends, and returns its host:port when it
// answers there.
func Start(t testing.TB, port int, program string, arg ...string) string {
	t.Helper()
	log := &strings.Builder{}
	cmd := exec.Command(program, arg...)
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Dir = t.TempDir()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() { gone <- cmd.Wait() }()
	t.Cleanup(func() {
		cmd.Process.Kill()
		select {
		case <-gone:
		case <-time.After(patience):
			t.Error(program, "can't be killed")
		}
		if t.Failed() {
			t.Log(program, "said:\n", log)
		}
	})
	address := fmt.Sprintf("127.0.0.1:%d", port)
	for until := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", address); err == nil {
			c.Close()
			return address
		}
		select {
		case err := <-gone:
			gone <- err
			t.Fatalf("%s ended: %v\n%s", program, err, log)
		default:
		}
		if time.Now().After(until) {
			t.Fatalf("%s does not answer\n%s", program, log)
		}
	}
}
