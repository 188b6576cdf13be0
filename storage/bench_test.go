package storage

import (
	"errors"
	"fmt"
	"path/filepath"
	"testing"

	"satchel/chat"
)

// filled is the path of a closed cache with one conversation of n messages.
func filled(t testing.TB, n uint64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cache.db")
	db := open(t, path)
	db.bolt.NoSync = true // nobody reads it before it is closed
	update(t, db, func(tx *Tx) error { return tx.PutConversation(direct(conv)) })
	const batch = 5000
	for from := uint64(1); from <= n; from += batch {
		to := min(n, from+batch-1)
		update(t, db, func(tx *Tx) error {
			_, err := tx.AddEntries(conv, me, from, to, entries(from, to))
			return err
		})
	}
	if err := errors.Join(db.bolt.Sync(), db.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// BenchmarkOpenPage opens a cache and reads the list and the newest page, as
// the program does when it starts. It must not depend on how many messages there are.
func BenchmarkOpenPage(b *testing.B) {
	for _, n := range []uint64{1_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint("messages=", n), func(b *testing.B) {
			path := filled(b, n)
			b.ReportAllocs()
			for b.Loop() {
				db, err := Open(path)
				if err != nil {
					b.Fatal(err)
				}
				firstPage(b, db, 60)
				db.Close()
			}
		})
	}
}

func firstPage(t testing.TB, db *DB, limit int) {
	view(t, db, func(tx *Tx) error {
		all, err := tx.Conversations()
		page, err2 := tx.Messages(conv, 0, limit)
		if len(page) != limit || len(all) != 1 {
			t.Errorf("%d messages, %d conversations", len(page), len(all))
		}
		return errors.Join(err, err2)
	})
}

// BenchmarkPage reads a page, with thumbnails and without.
func BenchmarkPage(b *testing.B) {
	for _, thumbnail := range []int{0, 20 << 10} {
		b.Run(fmt.Sprint("thumbnail=", thumbnail), func(b *testing.B) {
			db := fresh(b)
			update(b, db, func(tx *Tx) error {
				_, err := tx.AddEntries(conv, me, 1, 60, pictures(1, 60, thumbnail))
				return err
			})
			b.ReportAllocs()
			for b.Loop() {
				firstPage(b, db, 60)
			}
		})
	}
}

// pictures are entries from..to with thumbnails of so many bytes.
func pictures(from, to uint64, thumbnail int) []chat.Message {
	all := entries(from, to)
	for i := range all {
		all[i].Content.File = &chat.File{URL: "/files/00112233445566778899aabbccddeeff", Name: "a photo.jpg", Size: 5 << 20, MIME: "image/jpeg",
			SHA256: "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", Width: 6000, Height: 4000, Placeholder: make([]byte, 25)}
		all[i].Content.File.Thumbnail = make([]byte, thumbnail)
	}
	return all
}

// BenchmarkAddEntries adds the relay's pages, each in a transaction that is on
// disk in the end: one entry as news come, a hundred as history comes; to an
// empty conversation and to a big one.
func BenchmarkAddEntries(b *testing.B) {
	for _, before := range []uint64{0, 100_000} {
		for _, page := range []uint64{1, 100} {
			b.Run(fmt.Sprintf("messages=%d/page=%d", before, page), func(b *testing.B) {
				db := open(b, filled(b, before))
				next := before + 1
				b.ReportAllocs()
				for b.Loop() {
					update(b, db, func(tx *Tx) error {
						_, err := tx.AddEntries(conv, me, next, next+page-1, entries(next, next+page-1))
						return err
					})
					next += page
				}
			})
		}
	}
}
