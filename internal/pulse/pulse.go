// Package pulse runs a sound server of its own for tests: a PulseAudio that plays
// to nobody, and whose microphone hears what is played. .ci/install test installs it.
package pulse

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// within bounds the wait for the server.
const within = 2 * time.Minute

// Start runs a server until the test ends; the environment of the test's process
// leads to it.
func Start(t *testing.T) {
	t.Helper()
	for _, one := range Serve(t) {
		name, value, _ := strings.Cut(one, "=")
		t.Setenv(name, value)
	}
}

// Serve runs a server until the test ends, and returns what leads a program to
// it, as its environment.
func Serve(t testing.TB) (env []string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "pulse") // the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	socket := filepath.Join(dir, "native")
	env = []string{"PULSE_SERVER=unix:" + socket, "PULSE_RUNTIME_PATH=" + dir, "PULSE_STATE_PATH=" + dir}
	c := exec.Command("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--high-priority=no", "--realtime=no", "--disable-shm=yes",
		"-L", "module-null-sink sink_name=nobody rate=48000", "-L", "module-native-protocol-unix auth-anonymous=1 socket="+socket)
	c.Env = append(append(os.Environ(), env...), "HOME="+dir, "XDG_RUNTIME_DIR="+dir)
	var said bytes.Buffer
	c.Stderr = &said
	if err := c.Start(); err != nil {
		t.Fatalf("the tests of sound need pulseaudio (.ci/install test): %v", err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait()
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill()
		<-ended
	})
	for end := time.After(within); ; {
		ask := exec.Command("pactl", "set-default-source", "nobody.monitor")
		ask.Env = append(os.Environ(), env...)
		out, err := ask.CombinedOutput()
		if err == nil {
			return env
		}
		select {
		case <-ended:
			t.Fatalf("the sound server ended: %s", said.String())
		case <-end:
			t.Fatalf("the sound server does not come: %s", out)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
