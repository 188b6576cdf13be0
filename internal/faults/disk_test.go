package faults

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"satchel/chat"
)

// disk is a small disk of its own.
type disk struct {
	t   testing.TB
	dir string
}

func newDisk(t testing.TB, options string) *disk {
	d := &disk{t, t.TempDir()}
	if err := unix.Mount("none", d.dir, "tmpfs", 0, options); err != nil {
		t.Fatal("mount: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(d.dir, 0); err != nil {
			t.Error("unmount: ", err)
		}
	})
	return d
}

// fill leaves so many bytes free. Whose disk it is may write meanwhile: what is free
// is asked again then.
func (d *disk) fill(leave int64) {
	f, err := os.OpenFile(filepath.Join(d.dir, "ballast"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		d.t.Error("fill: ", err)
		return
	}
	defer f.Close()
	for range 100 {
		var s unix.Statfs_t
		if err = unix.Statfs(d.dir, &s); err != nil {
			break
		}
		n := int64(s.Bavail)*s.Bsize - leave
		if n <= 0 {
			return
		}
		if err = unix.Fallocate(int(f.Fd()), 0, 0, n); !errors.Is(err, unix.ENOSPC) {
			break
		}
	}
	if err != nil {
		d.t.Error("fill: ", err)
	}
}

// empty makes room again.
func (d *disk) empty() { os.Remove(filepath.Join(d.dir, "ballast")) }

// What uploads and downloads leave free is 64 MiB at both ends.
const small = "size=240m"

// The disk is full before the first byte, or from some request on, at the
// sender, the receiver and the relay. Once there is room, the file goes on.
func TestFullDisks(t *testing.T) {
	type full struct {
		where, direction, request string
		leave                     int64
	}
	all := []full{
		{"receiver", download, "", 66 << 20}, {"receiver", download, get, 0},
		{"sender", upload, create, 0}, {"relay", upload, "", 66 << 20}, {"relay", upload, create, 0}, {"relay", upload, patch, 0},
	}
	size := 5 << 20
	if whole {
		all = append(all, full{"sender", upload, patch, 0}, full{"sender", upload, head, 0}, full{"sender", upload, "", 0},
			full{"receiver", download, get, 4096}, full{"receiver", download, "", 0}, full{"relay", download, get, 0}, full{"relay", upload, "", 0})
		size = 9 << 20
	}
	var d *disk
	w := newWorld(t, func(w *world) { d = newDisk(t, small); w.dir = filepath.Join(d.dir, "relay") })
	disks := map[string]*disk{"relay": d, "sender": newDisk(t, small), "receiver": newDisk(t, small)}
	l := &lane{w: w, up: newGateway(t, w.url()), down: newGateway(t, w.url())}
	l.ana, l.bo = w.person("Ana", l.up.URL, filepath.Join(disks["sender"].dir, "Ana")), w.person("Bo", l.down.URL, filepath.Join(disks["receiver"].dir, "Bo"))
	l.conv = meet(t, l.ana, l.bo)
	for i, c := range all {
		name := c.where + "'s disk is full"
		t.Run(strings.TrimSpace(name+" at "+c.request), func(t *testing.T) {
			d := disks[c.where]
			d.t = t
			defer d.empty()
			one := trial{row: name, direction: c.direction, data: random(size, uint64(i)), lift: true, still: func(chat.Transfer) { d.empty() }}
			if c.request != "" {
				one.fault = at(c.request, 1, false, func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
					d.fill(c.leave)
					pass.ServeHTTP(w, r)
				})
			} else {
				one.before = func() { d.fill(c.leave) }
			}
			l.run(t, one)
		})
	}
}
