package faults

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"satchel/chat"
)

// The file changes while it is sent. What arrives is what was chosen, or nothing,
// and a sentence says why. Put back as it was, it goes on.
func TestSourceChanges(t *testing.T) {
	grown := func(p string, data []byte) error { return os.WriteFile(p, append(bytes.Clone(data), "more"...), 0o600) }
	away := func(p string, _ []byte) error { return os.Rename(filepath.Dir(p), filepath.Dir(p)+".away") }
	type change struct {
		name   string
		change func(path string, data []byte) error
		breaks bool // the connection breaks as well: the file has to be opened again
		slice  bool
	}
	var trials []trial
	size := 700 << 10
	if whole {
		size = 19 << 20
	}
	for i, c := range []change{
		{"shrunk", func(p string, data []byte) error { return os.Truncate(p, int64(len(data)/2)) }, false, true},
		{"emptied", func(p string, _ []byte) error { return os.Truncate(p, 0) }, false, false},
		{"grown", grown, false, false},
		{"written over", func(p string, data []byte) error { return os.WriteFile(p, random(len(data), 77), 0o600) }, false, false},
		{"deleted", func(p string, _ []byte) error { return os.Remove(p) }, false, false},
		{"deleted", func(p string, _ []byte) error { return os.Remove(p) }, true, false},
		{"made unreadable", func(p string, _ []byte) error { return os.Chmod(p, 0) }, false, false},
		{"made unreadable", func(p string, _ []byte) error { return os.Chmod(p, 0) }, true, true},
		{"moved with its folder", away, true, false},
		{"replaced by a folder", func(p string, _ []byte) error {
			if err := os.Remove(p); err != nil {
				return err
			}
			return os.Mkdir(p, 0o700)
		}, true, false},
	} {
		if !whole && !c.slice {
			continue
		}
		data := random(size, uint64(i))
		dir := filepath.Join(t.TempDir(), "folder")
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "film.bin")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		nth := 1
		if whole {
			nth = 2
		}
		trials = append(trials, trial{row: "source " + c.name, direction: upload, data: data, path: path,
			fault: at(patch, nth, false, func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
				if err := c.change(path, data); err != nil {
					t.Error(err)
				}
				if c.breaks {
					w.WriteHeader(http.StatusServiceUnavailable)
					return
				}
				pass.ServeHTTP(w, r)
			}),
			still: func(chat.Transfer) { // put back as it was
				_ = os.Rename(dir+".away", dir)
				_ = os.Chmod(path, 0o600)
				if i, err := os.Stat(path); err == nil && i.IsDir() {
					_ = os.Remove(path)
				}
				err := os.WriteFile(path, data, 0o600)
				if err == nil {
					err = os.Chtimes(path, time.Time{}, info.ModTime())
				}
				if err != nil {
					t.Error(err)
				}
			}})
	}
	lanes(t, trials)
}
