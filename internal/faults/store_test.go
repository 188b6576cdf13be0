package faults

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"satchel/chat"
)

// stored is where the relay has the file that a request is for.
func (w *world) stored(t testing.TB, id string) string {
	path := ""
	_ = filepath.WalkDir(w.dir, func(p string, d fs.DirEntry, err error) error {
		if err == nil && d.Name() == id {
			path = p
		}
		return nil
	})
	if path == "" {
		t.Errorf("the relay has no file %s", id)
	}
	return path
}

// damage changes what the relay has when the first request for it comes. The seed
// is one of its own: what is here already is not fetched.
func damage(t testing.TB, w *world, row string, n int, seed uint64, spoil, mend func(path string) error) trial {
	path := ""
	return trial{row: row, direction: download, data: random(n, seed),
		fault: at(get, 1, false, func(rw http.ResponseWriter, r *http.Request, pass http.Handler) {
			path = w.stored(t, filepath.Base(r.URL.Path))
			if err := spoil(path); err != nil {
				t.Error(err)
			}
			pass.ServeHTTP(rw, r)
		}),
		still: func(chat.Transfer) {
			if err := mend(path); err != nil {
				t.Error(err)
			}
		}}
}

func flip(at int64) func(path string) error {
	return func(path string) error {
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer f.Close()
		b := make([]byte, 1)
		if _, err = f.ReadAt(b, at); err == nil {
			b[0] ^= 1
			_, err = f.WriteAt(b, at)
		}
		return err
	}
}

// What the store has is spoilt: found, fetched once more, refused with a
// sentence; and right again, it goes on.
func TestSpoiltAtTheStore(t *testing.T) {
	size := 700 << 10
	if whole {
		size = 19 << 20
	}
	w := newWorld(t, nil)
	l := newLane(t, w, 0)
	var cutOff []byte
	trials := []trial{
		damage(t, w, "byte flipped at the store", size, 32, flip(int64(size)/2), flip(int64(size)/2)),
		damage(t, w, "file gone from the store", size, 34,
			func(p string) error { return os.Rename(p, p+".away") }, func(p string) error { return os.Rename(p+".away", p) }),
	}
	if whole {
		trials = append(trials, damage(t, w, "byte flipped at the store", size, 33, flip(0), flip(0)), damage(t, w, "file cut off at the store", size, 35,
			func(p string) (err error) {
				if cutOff, err = os.ReadFile(p); err == nil {
					err = os.Truncate(p, int64(len(cutOff)/2))
				}
				return err
			}, func(p string) error { return os.WriteFile(p, cutOff, 0o600) }))
	}
	for _, c := range trials {
		t.Run(c.row, func(t *testing.T) { l.run(t, c) })
	}
}

// A link to a store elsewhere has expired: said, and once it leads there again,
// it goes on.
func TestExpiredLinks(t *testing.T) {
	w := newWorld(t, nil)
	l := newLane(t, w, 0)
	data := random(700<<10, 41)
	m := l.ana.send(t, l.conv, newFile(t, data))
	l.ana.sent(t, m)
	first := l.bo.received(t, m)
	sealed := w.stored(t, filepath.Base(first.Content.File.URL))
	var code atomic.Int64
	store := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if c := int(code.Load()); c != 0 {
			status(c)(rw, r, nil)
			return
		}
		http.ServeFile(rw, r, sealed)
	}))
	defer store.Close()
	// A link that says itself that its time is over is not even tried: that road, and
	// that of the link that its sender makes anew, is app/session's TestExpiredLink.
	now := time.Now().UTC()
	for i, link := range []string{
		"?X-Amz-Date=" + now.Format("20060102T150405Z") + "&X-Amz-Expires=3600&X-Amz-Signature=00",
		"?X-Goog-Date=" + now.Format("20060102T150405Z") + "&X-Goog-Expires=3600&X-Goog-Signature=00",
		"?se=" + now.Add(time.Hour).Format(time.RFC3339) + "&sig=00",
		"", "", "",
	} {
		c := []int64{403, 410, 404}[i%3]
		if i < 3 {
			c = 403 // so buckets refuse a signature that is over
		}
		const row = "link to a store expired"
		note := matrix.run(t, row, download)
		file := *first.Content.File
		file.URL = store.URL + "/film" + link
		n, err := l.ana.Send(l.ana.bounded(), l.conv, chat.Content{Kind: chat.KindMessage, File: &file})
		if err != nil {
			t.Fatal(err)
		}
		l.ana.sent(t, n)
		l.bo.received(t, n)
		code.Store(c)
		// What is here already would not be fetched.
		if err := os.RemoveAll(filepath.Join(l.bo.dir, "files")); err != nil {
			t.Fatal(err)
		}
		if err := l.bo.Download(l.conv, n.ID); err != nil {
			t.Fatal(err)
		}
		r := l.bo.through(t, n, l.down, trial{lift: true, still: func(chat.Transfer) { code.Store(0) }})
		l.bo.equal(t, n, data)
		note(r)
	}
}
