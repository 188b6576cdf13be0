package faults

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"satchel/chat"
)

const folderRow = ", which sends or fetches a folder"

// newFolder writes a folder that shall be sent: files of several sizes, one of no
// bytes, and a folder with nothing in it.
func newFolder(t testing.TB, seed uint64) string {
	t.Helper()
	root := filepath.Join(t.TempDir(), "Project")
	first := 300 << 10
	if whole {
		first = 17 << 20 // more than one request
	}
	for i, size := range []int{first, 0, 1, 17, 70_000, 65_536, 200_000, 5_000} {
		path := filepath.Join(root, fmt.Sprint(i%3), fmt.Sprintf("%d.bin", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, random(size, seed<<8+uint64(i)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root, "nothing"), 0o700); err != nil {
		t.Fatal(err)
	}
	return root
}

// equalFolder holds that a folder arrived as it is, and nothing besides.
func equalFolder(t testing.TB, got, want string) {
	t.Helper()
	entries := func(root string) (all int) {
		_ = filepath.WalkDir(root, func(string, fs.DirEntry, error) error { all++; return nil })
		return all
	}
	err := filepath.WalkDir(want, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(want, path)
		there := filepath.Join(got, rel)
		if d.IsDir() {
			if info, err := os.Stat(there); err != nil || !info.IsDir() {
				t.Errorf("the folder %s is not there: %v", rel, err)
			}
			return nil
		}
		a, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if b, err := os.ReadFile(there); err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s has %d bytes of %d, or others: %v", rel, len(b), len(a), err)
		}
		return nil
	})
	if a, b := entries(got), entries(want); err != nil || a != b {
		t.Errorf("%d entries of %d: %v", a, b, err)
	}
}

// Who sends a folder, who fetches it and the relay are killed at every point, and
// started again: the folder is whole at the other end, and its message there once.
func TestKilledFolder(t *testing.T) {
	w, g, ana, bo, conv := apart(t)
	relayOrder := order{Role: "relay", Dir: w.dir, Listen: w.addr}
	var relay atomic.Pointer[process]
	serve := func(t testing.TB) {
		p := startChild(t, relayOrder, nil)
		if said := p.line(t); said != w.url() {
			t.Fatalf("the relay said %q: %s", said, &p.errs)
		}
		relay.Store(p)
	}
	i := 0
	// act has a child carry an order out; before that one is killed at d, by victim.
	act := func(t *testing.T, o order, victim string, d deadly, r *result) (said string, steps int64) {
		switch victim {
		case "relay":
			dead := make(chan struct{})
			g.set(d.fault(func() { relay.Load().kill(); close(dead) }))
			p := startChild(t, o, nil)
			select {
			case <-dead:
			case <-time.After(patience):
				t.Fatal("the relay was never asked for that")
			}
			serve(t)
			r.resumed = true
			said = p.line(t)
			p.kill()
			if said != "" {
				return said, 0
			}
			t.Fatalf("%s: %s", o.Role, &p.errs)
		case o.Role:
			p, seen := deadlyChild(t, o, g, d)
			r.resumed = p.line(t) == ""
			p.kill()
			g.set(nil)
			steps = seen.Load()
		}
		p := startChild(t, o, nil)
		if said = p.line(t); said == "" {
			t.Fatalf("%s: %s", o.Role, &p.errs)
		}
		p.kill()
		return said, steps
	}
	for _, c := range []struct {
		victim, row, direction string
		all                    []deadly
	}{
		{"send", "sender", upload, points(9, head, create, patch)},
		{"fetch", "receiver", download, points(8, get)},
		{"relay", "relay", upload, points(0, create, patch)},
		{"relay", "relay", download, points(0, get)},
	} {
		most := int64(0)
		for _, d := range c.all {
			if d.beyond(most) || c.victim == "relay" && d.request == "" {
				continue
			}
			t.Run(c.row+" "+c.direction+" "+d.String(), func(t *testing.T) {
				i++
				note := matrix.run(t, killRow+c.row+folderRow, c.direction)
				serve(t)
				root := newFolder(t, uint64(i))
				id := chat.NewMessageID(time.Now())
				var r result
				victim := func(direction string) string {
					if c.direction == direction {
						return c.victim
					}
					return ""
				}
				_, sent := act(t, order{Role: "send", Dir: ana.dir, Conversation: conv, Message: id, Path: root}, victim(upload), d, &r)
				path, fetched := act(t, order{Role: "fetch", Dir: bo.dir, Conversation: conv, Message: id}, victim(download), d, &r)
				equalFolder(t, path, root)
				if steps := sent + fetched; d.request == "" && steps < int64(d.n) {
					most = steps
				}
				note(r)
				relay.Load().kill()
			})
		}
	}
	serve(t)
	for _, p := range []*person{ana, bo} {
		p.open()
		if err := p.Synced(p.bounded()); err != nil {
			t.Fatal(err)
		}
		if all, err := p.Messages(conv, 0, 10000); err != nil || len(all) != i+1 {
			t.Errorf("%s has %d messages of %d: %v", p.name, len(all), i+1, err)
		}
	}
}
