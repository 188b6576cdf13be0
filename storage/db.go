package storage

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// lockTimeout is how long Open waits for another process, twice at most.
const lockTimeout = 500 * time.Millisecond

// Reasons why a cache can't be used. Each is a sentence for a person.
var (
	ErrLocked  = errors.New("another program is using these messages; close it and try again")
	ErrNewer   = errors.New("these messages were kept by a newer Satchel; nothing was changed, install the newer one to read them")
	ErrDamaged = errors.New("the file that keeps the messages here is damaged, or is not Satchel's; it was left as it is, move it away and the relay gives back what it holds")
	ErrFull    = errors.New("the disk is full, so this was not kept; nothing else was lost, free some space and try again")
)

// Reasons why an act on a message or a conversation was not carried out.
var (
	// ErrNotFound: the conversation, message or act is not here.
	ErrNotFound = errors.New("not in the cache")
	// ErrSent: a message that the relay holds can't be taken back as if it were pending.
	ErrSent = errors.New("the message was sent already")
	// ErrConflict: the relay tells another log than the one that is held here: a
	// sequence number or a message id has two meanings. Nothing was overwritten.
	ErrConflict = errors.New("the relay's log is not the one in the cache")
)

// DB is an open cache.
type DB struct{ bolt *bbolt.DB }

// Tx is a transaction; see the package's comment for how long it may be used.
type Tx struct {
	bolt   *bbolt.Tx
	failed error // why it can't be committed, whatever its function says
}

// Open opens the cache in the file at path, and creates it, readable by its
// owner alone, when nothing is there. It returns ErrLocked, after at most one
// second, while another process has it open, ErrNewer when it has a schema that
// this version doesn't know, and ErrDamaged for a file that is no cache. In all
// three cases the file is as it was.
func Open(path string) (*DB, error) {
	fresh, err := inspect(path)
	if err != nil {
		return nil, openError(path, err)
	}
	b, err := openBolt(path, &bbolt.Options{
		Timeout: lockTimeout,
		// The map finds a run of free pages without a search; with the array,
		// writing slows down as pages are freed, which thumbnails do a lot.
		FreelistType: bbolt.FreelistMapType,
		// The list of free pages is written with every commit. Without it the
		// whole file would be walked at Open, which must not depend on how many
		// messages there are.
		NoFreelistSync: false,
	})
	if err != nil {
		return nil, openError(path, err)
	}
	if err := migrate(b, migrations); err != nil {
		b.Close()
		return nil, openError(path, err)
	}
	if fresh {
		if err := syncFolder(filepath.Dir(path)); err != nil {
			b.Close()
			return nil, openError(path, err)
		}
	}
	return &DB{b}, nil
}

// inspect reads what must be right before anything is written: bbolt itself may
// write when it opens, and trusts the pages that it finds. fresh tells that there
// is nothing yet.
func inspect(path string) (fresh bool, err error) {
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0 {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	if !info.Mode().IsRegular() {
		return false, ErrDamaged
	}
	b, err := openBolt(path, &bbolt.Options{Timeout: lockTimeout, ReadOnly: true})
	if err != nil {
		return false, err
	}
	defer b.Close()
	err = guard(func() error {
		return b.View(func(tx *bbolt.Tx) error {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if info.Size() < tx.Size() {
				return fmt.Errorf("%w: %d bytes are there of %d", ErrDamaged, info.Size(), tx.Size())
			}
			version, err := schema(tx)
			if err == nil && version > len(migrations) {
				err = ErrNewer
			}
			return err
		})
	})
	return false, err
}

// openBolt is bbolt.Open without its panics; the file is closed when it fails.
func openBolt(path string, options *bbolt.Options) (b *bbolt.DB, err error) {
	var file *os.File
	options.OpenFile = func(name string, flag int, mode os.FileMode) (f *os.File, err error) {
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	err = guard(func() (err error) {
		b, err = bbolt.Open(path, 0o600, options)
		return err
	})
	if err != nil && file != nil { // bbolt did so itself unless it panicked
		unlock(file)
		file.Close()
	}
	return b, err
}

// guard turns what bbolt does on pages that make no sense, or that are missing
// from its mapping of the file, into ErrDamaged.
func guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%w: %v", ErrDamaged, p)
		}
	}()
	return fn()
}

// openError says in words why the cache at path was not opened.
func openError(path string, err error) error {
	var system syscall.Errno
	switch {
	case errors.Is(err, ErrNewer), errors.Is(err, ErrDamaged):
	case errors.Is(err, berrors.ErrTimeout):
		err = ErrLocked
	case isFull(err):
		err = fmt.Errorf("%w: %w", ErrFull, err)
	case !errors.As(err, &system):
		err = fmt.Errorf("%w: %w", ErrDamaged, err) // bbolt's own words on what it found
	}
	return fmt.Errorf("storage: open %s: %w", path, err)
}

// isFull tells that there is no room for what was written, here or for this
// person. When bbolt can't make the file longer it passes the reason on as text only.
func isFull(err error) bool {
	for _, reason := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG} {
		if errors.Is(err, reason) ||
			err != nil && strings.HasPrefix(err.Error(), "file ") && strings.HasSuffix(err.Error(), reason.Error()) {
			return true
		}
	}
	return false
}

// syncFolder makes a new name in dir durable.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Close waits for the transactions that run, and closes the file. Closing again does nothing.
func (db *DB) Close() error {
	if err := db.bolt.Close(); err != nil {
		return fmt.Errorf("storage: close: %w", err)
	}
	return nil
}

// View runs fn in a transaction that reads. Its error is returned as it is.
func (db *DB) View(fn func(*Tx) error) error {
	return db.bolt.View(func(b *bbolt.Tx) error { return fn(&Tx{bolt: b}) })
}

// Update runs fn in a transaction that writes. When Update returns nil, all of
// it is on disk; after any error, of fn's or of the disk, none of it is, and the
// cache is as good as before. Without room on the disk the error is ErrFull.
//
// An act that returns an error has changed nothing, so that fn may go on without
// it; AddEntries alone takes the whole transaction with it.
func (db *DB) Update(fn func(*Tx) error) error {
	err := db.bolt.Update(func(b *bbolt.Tx) error {
		tx := &Tx{bolt: b}
		if err := fn(tx); err != nil {
			return err
		}
		return tx.failed
	})
	if isFull(err) {
		err = fmt.Errorf("%w: %w", ErrFull, err)
	}
	return err
}
