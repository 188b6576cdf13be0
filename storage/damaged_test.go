package storage

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

// A file that is no cache, or no whole one, is refused in words and left as it is.
func TestDamaged(t *testing.T) {
	whole := wholeFile(t)
	page := os.Getpagesize()
	edit := func(fn func(b []byte) []byte) []byte { return fn(bytes.Clone(whole)) }
	for _, c := range []struct {
		what string
		file []byte
		want error
	}{
		{"a few bytes", []byte("hello"), ErrDamaged},
		{"a text", bytes.Repeat([]byte("hello\n"), 20_000), ErrDamaged},
		{"zeros", make([]byte, 4*page), ErrDamaged},
		{"both metas gone", edit(func(b []byte) []byte { clear(b[:2*page]); return b }), ErrDamaged},
		{"all but the metas gone", edit(func(b []byte) []byte { clear(b[2*page:]); return b }), ErrDamaged},
		{"all but the metas are noise", edit(func(b []byte) []byte {
			r := rand.New(rand.NewPCG(1, 2))
			for i := 2 * page; i < len(b); i++ {
				b[i] = byte(r.Uint32())
			}
			return b
		}), ErrDamaged},
		{"a file that has lost its root", boltFile(t, false, func(*bbolt.Tx) error { return nil }), ErrDamaged},
		{"a free list that is none", edit(func(b []byte) []byte {
			for at := 2 * page; at < len(b); at += page {
				if binary.NativeEndian.Uint16(b[at+8:]) == 0x10 { // bbolt's mark of a free list
					b[at+8] = 0x31
				}
			}
			return b
		}), ErrDamaged},
		{"cut in a meta", whole[:page+100], ErrDamaged},
		{"cut behind the metas", whole[:2*page], ErrDamaged},
		{"cut in the middle", whole[:len(whole)/2], ErrDamaged},
		{"cut by its last page", whole[:usedSize(t, whole)-page], ErrDamaged},
		{"another program's database", boltFile(t, false, func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("recipes"))
			return err
		}), ErrDamaged},
		// Opening one of these for writing is already to write to it.
		{"another program's database without a free list", boltFile(t, true, func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket([]byte("recipes"))
			return err
		}), ErrDamaged},
		{"another program's meta", boltFile(t, false, func(tx *bbolt.Tx) error {
			_, err := tx.CreateBucket(bMeta)
			return err
		}), ErrDamaged},
		{"a newer schema", boltFile(t, true, func(tx *bbolt.Tx) error {
			if err := create(tx); err != nil {
				return err
			}
			return tx.Bucket(bMeta).Put(keySchema, binary.BigEndian.AppendUint32(nil, uint32(len(migrations)+1)))
		}), ErrNewer},
	} {
		path := filepath.Join(t.TempDir(), "cache.db")
		if err := os.WriteFile(path, c.file, 0o600); err != nil {
			t.Fatal(err)
		}
		before, _ := os.Stat(path)
		for range 2 { // it is not left locked either
			if db, err := Open(path); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, %v", c.what, db, err)
			}
		}
		after, err := os.Stat(path)
		if b, _ := os.ReadFile(path); err != nil || !bytes.Equal(b, c.file) || after.ModTime() != before.ModTime() {
			t.Errorf("%s: the file was changed, %v", c.what, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		open(t, path)
	}
}

// Whatever bytes are wrong, Open says yes or no.
func TestDamagedAnywhere(t *testing.T) {
	whole := wholeFile(t)
	path := filepath.Join(t.TempDir(), "cache.db")
	opened := 0
	for seed := range 150 {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		b := bytes.Clone(whole)
		for range 1 + r.IntN(40) {
			// Headers of pages are where one byte does most harm.
			at := r.IntN(len(b)/os.Getpagesize())*os.Getpagesize() + r.IntN(64)
			b[at] = byte(r.Uint32())
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := Open(path)
		switch {
		case err == nil:
			opened++
			db.Close()
		case !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNewer):
			t.Errorf("seed %d: %v", seed, err)
		}
	}
	t.Log(opened, "of 150 were opened")
}

func TestOpenSaysWhy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "cache.db")
	db := open(t, path)
	_, err := Open(path)
	if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), "close it and try again") {
		t.Errorf("while it is open: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
	open(t, path)
	if _, err := Open(filepath.Join(dir, "none", "cache.db")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in a folder that isn't there: %v", err)
	}
	if _, err := Open(dir); !errors.Is(err, ErrDamaged) {
		t.Errorf("a folder: %v", err)
	}
	empty := filepath.Join(dir, "empty.db")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, empty)
	if err := os.WriteFile(empty+"2", boltFile(t, false, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	open(t, empty+"2") // stopped before the first bucket was there
}

func TestMigrationsAreWholeOrNot(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	b, err := openBolt(path, &bbolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { b.Close() }()
	bad := errors.New("bad")
	var ran []string
	step := func(name string, err error) migration {
		return func(tx *bbolt.Tx) error {
			ran = append(ran, name)
			return errors.Join(tx.Bucket(bValues).Put([]byte(name), []byte("x")), err)
		}
	}
	if err := migrate(b, []migration{create, step("two", nil), step("three", bad)}); !errors.Is(err, bad) {
		t.Fatal(err)
	}
	if err := migrate(b, []migration{create, step("two", nil), step("three again", nil)}); err != nil {
		t.Fatal(err)
	}
	same(t, "steps", ran, []string{"two", "three", "three again"})
	err = b.View(func(tx *bbolt.Tx) error {
		v, err := schema(tx)
		if v != 3 || tx.Bucket(bValues).Get([]byte("three")) != nil || tx.Bucket(bValues).Get([]byte("two")) == nil {
			t.Errorf("version %d, or half a step", v)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if err := migrate(b, []migration{create}); !errors.Is(err, ErrNewer) {
		t.Error(err)
	}
}

// wholeFile is a cache with something in it, and pages that are free.
func wholeFile(t *testing.T) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cache.db")
	db := open(t, path)
	for i := range uint64(4) {
		update(t, db, func(tx *Tx) error {
			_, err := tx.AddEntries(conv, me, i*40+1, i*40+40, entries(i*40+1, i*40+40))
			if errors.Is(err, ErrNotFound) {
				err = tx.PutConversation(direct(conv))
			}
			return err
		})
	}
	// Written into free pages: what stands last in the file is no longer read at Open.
	update(t, db, func(tx *Tx) error { return tx.SetDraft(conv, "half a sen") })
	return readClosed(t, db, path)
}

// usedSize is how many bytes of a database are in use; the rest was made in advance.
func usedSize(t *testing.T, file []byte) (size int) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "cache.db")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	view(t, open(t, path), func(tx *Tx) error {
		size = int(tx.bolt.Size())
		return nil
	})
	return size
}

func readClosed(t *testing.T, db *DB, path string) []byte {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// boltFile is a bbolt file that fn filled, if there is one.
func boltFile(t *testing.T, noFreelist bool, fn func(*bbolt.Tx) error) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), fmt.Sprint("bolt", noFreelist))
	b, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: noFreelist})
	if err != nil {
		t.Fatal(err)
	}
	if fn != nil {
		if err := b.Update(fn); err != nil {
			t.Fatal(err)
		}
	}
	return readClosed(t, &DB{b}, path)
}
