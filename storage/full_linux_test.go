package storage

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"satchel/chat"
)

func init() {
	children["full by limit"] = func(path string) error {
		signal.Ignore(syscall.SIGXFSZ)
		var limit syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		free := limit.Cur
		limit.Cur = 2 << 20
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
			return err
		}
		limit.Cur = free
		return fillAndGoOn(path, func() error { return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit) })
	}
	children["full disk"] = func(path string) error {
		dir := filepath.Dir(path)
		if err := syscall.Mount("satchel", dir, "tmpfs", 0, "size=4m"); err != nil {
			fmt.Println(notPermitted)
			return nil
		}
		filler := filepath.Join(dir, "filler")
		if err := os.WriteFile(filler, make([]byte, 2<<20), 0o600); err != nil {
			return err
		}
		return fillAndGoOn(path, func() error { return os.Remove(filler) })
	}
}

const notPermitted = "mounting is not permitted here"

// fillAndGoOn writes until there is no room, looks whether everything is there,
// makes room, and goes on.
func fillAndGoOn(path string, room func() error) error {
	db, err := Open(path)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := db.Update(func(tx *Tx) error { return tx.PutConversation(direct(conv)) }); err != nil {
		return err
	}
	add := func(seq uint64) error {
		return db.Update(func(tx *Tx) error {
			m := entry(seq, ana)
			m.Content.File = &chat.File{Name: "p.jpg", Thumbnail: make([]byte, 20<<10)}
			_, err := tx.AddEntries(conv, me, seq, seq, []chat.Message{m})
			return err
		})
	}
	whole := func(n uint64) error {
		return db.View(func(tx *Tx) error {
			c, _, err := tx.Conversation(conv)
			page, err2 := tx.Messages(conv, 0, math.MaxInt)
			if c.Head != n || c.Unread != int(n) || len(page) != int(n) {
				return fmt.Errorf("%d messages were kept, %d are there, head %d, %d unread", n, len(page), c.Head, c.Unread)
			}
			for err := range tx.bolt.Check() {
				return err
			}
			return errors.Join(err, err2)
		})
	}
	n := uint64(0)
	for err == nil {
		if err = add(n + 1); err == nil {
			n++
		}
		if n > 1000 {
			return errors.New("it never got full")
		}
	}
	for range 3 { // again and again, as a program that tries does
		if !errors.Is(err, ErrFull) {
			return fmt.Errorf("a full disk is told as %w", err)
		}
		if err := whole(n); err != nil {
			return fmt.Errorf("while it is full: %w", err)
		}
		err = add(n + 1)
	}
	// Opened while it is full, it can still be read.
	if err := db.Close(); err != nil {
		return err
	}
	if db, err = Open(path); err != nil {
		return err
	}
	if err := whole(n); err != nil {
		return fmt.Errorf("opened again while it is full: %w", err)
	}
	if err := room(); err != nil {
		return err
	}
	for range 100 {
		n++
		if err := add(n); err != nil {
			return fmt.Errorf("with room again: %w", err)
		}
		if n > 60 {
			break
		}
	}
	if err := errors.Join(whole(n), db.Close()); err != nil {
		return err
	}
	if db, err = Open(path); err != nil {
		return err
	}
	fmt.Println(n, "messages in the end")
	return whole(n)
}

// Without room an act is refused in words, what was there stays good, and it
// goes on once there is room.
func TestFull(t *testing.T) {
	for _, name := range []string{"full by limit", "full disk"} {
		t.Run(name, func(t *testing.T) {
			cmd := startChild(t, name, filepath.Join(t.TempDir(), "cache.db"))
			if name == "full disk" {
				cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
			}
			out, err := cmd.CombinedOutput()
			if errors.Is(err, syscall.EPERM) {
				out, err = []byte(notPermitted), nil // the limit above has shown the same
			}
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}
