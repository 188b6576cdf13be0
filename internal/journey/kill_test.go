//go:build journey

package journey

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

const (
	bigFile = 300 << 20
	// What one request carries at most, up and down: less than this may move
	// twice. Headers, the WebSocket and the thumbnail get a little beside it.
	chunkUp   = 32 << 20
	chunkDown = 32 << 20
	overhead  = 256 << 10
)

// points of the way at which something is killed, in bytes that have passed:
// at once, inside the first chunk, at a chunk's edge, half way, at the last byte.
var points = []int64{1, 5 << 20, 8 << 20, 150 << 20, bigFile - 1, bigFile}

// whole asks for every point and not only for half way, or the last byte: `make faults`.
var whole = os.Getenv("SATCHEL_FAULTS") != ""

// Each of these kills one of the three at a point of a transfer of 300 MB,
// starts it again, and asks: did it complete, is it equal, did less than one
// chunk move twice, is the message there once?
func TestKill9(t *testing.T) {
	for i, victim := range []string{"sender", "relay while uploading", "receiver", "relay while downloading"} {
		for _, at := range points {
			if some := []int64{150 << 20, bigFile - 1}; !whole && at != some[i%2] {
				continue
			}
			t.Run(fmt.Sprintf("%s at %d", victim, at), func(t *testing.T) {
				t.Parallel()
				killAt(t, victim, at)
			})
		}
	}
}

func killAt(t *testing.T, victim string, at int64) {
	r := newRelay(t)
	ana, bo := join(t, r, "Ana"), join(t, r, "Bo")
	path := filepath.Join(t.TempDir(), "film.bin")
	sum := makeFile(t, path, bigFile, byte(at))
	send := []string{"send", "--to", "Bo", "--text", "the film", "--file", path}
	into := t.TempDir()
	listen := []string{"listen", "--count", "1", "--timeout", "100s", "--download", into}

	reached := make(chan struct{})
	hit := func() { close(reached) }
	wait := func() {
		t.Helper()
		select {
		case <-reached:
		case <-time.After(patience):
			t.Fatalf("the transfer never came to byte %d: up %d, down %d", at, r.proxy.up.Load(), r.proxy.down.Load())
		}
	}
	again := func() { r.run.kill(); r.start() }

	up := r.proxy.up.Load()
	switch victim {
	case "sender":
		r.proxy.when(&r.proxy.up, at, hit)
		p := ana.start(send...)
		wait()
		p.kill()
		ana.ctl(send...) // the same again goes on with what is pending
	case "relay while uploading":
		r.proxy.when(&r.proxy.up, at, hit)
		p := ana.start(send...)
		wait()
		again()
		if code := p.exit(t); code != 0 {
			t.Fatalf("send: exit %d: %s", code, p.errs)
		}
	default:
		ana.ctl(send...)
	}
	if moved := r.proxy.up.Load() - up; moved >= bigFile+chunkUp+overhead {
		t.Errorf("the upload moved %d bytes for a file of %d", moved, bigFile)
	}

	down := r.proxy.down.Load()
	r.proxy.when(&r.proxy.down, at, hit)
	var heard []said
	switch victim {
	case "receiver":
		p := bo.start(listen...)
		wait()
		p.kill()
		heard = parse(t, bo.ctl(listen...)...)
	case "relay while downloading":
		p := bo.start(listen...)
		wait()
		again()
		heard = parse(t, p.line(t))
		if code := p.exit(t); code != 0 {
			t.Fatalf("listen: exit %d: %s", code, p.errs)
		}
	default:
		r.proxy.when(&r.proxy.down, 1<<62, nil)
		heard = parse(t, bo.ctl(listen...)...)
	}
	if moved := r.proxy.down.Load() - down; moved >= bigFile+chunkDown+overhead {
		t.Errorf("the download moved %d bytes for a file of %d", moved, bigFile)
	}

	if len(heard) != 1 || heard[0].File == nil || heard[0].File.SHA256 != sum || sumOf(t, heard[0].File.Path) != sum {
		t.Fatalf("heard %+v, want one file %s", heard, sum)
	}
	for _, p := range []*person{ana, bo} {
		with := map[string]string{"Ana": "Bo", "Bo": "Ana"}[p.name]
		if log := p.ctl("history", "--with", with); len(log) != 1 {
			t.Errorf("%s has the message %d times: %q", p.name, len(log), log)
		}
	}
}
