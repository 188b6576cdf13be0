package system

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// screenless starts an X server that shows nothing, for the test alone.
func screenless(t *testing.T) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	x := exec.Command("Xvfb", "-displayfd", "3", "-nolisten", "tcp", "-noreset")
	x.ExtraFiles = []*os.File{w}
	if err := x.Start(); err != nil {
		t.Fatalf("Xvfb: %v; .ci/install test brings it", err)
	}
	t.Cleanup(func() { x.Process.Kill(); x.Wait() })
	w.Close()
	b := make([]byte, 16)
	n, err := r.Read(b)
	if err != nil {
		t.Fatalf("Xvfb did not start: %v", err)
	}
	t.Setenv("DISPLAY", ":"+strings.TrimSpace(string(b[:n])))
	t.Setenv("WAYLAND_DISPLAY", "")
}

// A picture of any size goes through the clipboard, and the newest one does; who
// offered the one before is told so.
func TestClipboard(t *testing.T) {
	screenless(t)
	if !HasClipboard() {
		t.Fatal("there is no clipboard")
	}
	within, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	read := func(most int) ([]byte, error) {
		c, err := ReadClipboard(within, most)
		return c.Picture, err
	}
	if b, err := read(1 << 30); b != nil || err != nil {
		t.Errorf("of an empty clipboard: %d bytes, %v", len(b), err)
	}
	words := func(what string) {
		t.Helper()
		if got, err := ReadWords(within, 1<<20); got != "" || err != nil {
			t.Errorf("of %s the words %q came, %v", what, got, err)
		}
	}
	words("an empty clipboard")
	before := make(chan struct{})
	close(before)
	ctx, end := context.WithCancel(t.Context())
	for _, size := range []int{1, piece - 1, piece, piece + 1, 2 * piece, 5<<20 + 3} {
		png := make([]byte, size)
		for i := range png {
			png[i] = byte(i * 7 >> 3)
		}
		begun, ended := make(chan error, 1), make(chan struct{})
		go func() {
			defer close(ended)
			OfferPicture(ctx, png, func(err error) { begun <- err })
		}()
		if err := <-begun; err != nil {
			t.Fatal(err)
		}
		<-before
		before = ended
		words("a picture")
		for range 2 { // it is offered until there is another
			if b, err := read(size); err != nil || !bytes.Equal(b, png) {
				t.Errorf("of %d bytes %d came: %v", size, len(b), err)
			}
		}
		if b, err := read(size - 1); size > piece && (err == nil || b != nil) {
			t.Errorf("%d bytes came, that were too many", len(b))
		}
	}
	end()
	<-before
	if b, err := read(1 << 30); b != nil || err != nil {
		t.Errorf("after its end: %d bytes, %v", len(b), err)
	}
}
