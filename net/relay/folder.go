package relay

import (
	"context"
	"encoding"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/gofrs/flock"
	"github.com/tus/tusd/v2/pkg/handler"

	"satchel/net/priority"
	"satchel/net/relay/store"
	"satchel/net/wire"
)

// folder keeps files on a disk. How much of one is there is the length of the
// file on the disk, and nothing else: it can't be ahead of the bytes.
//
// It takes the place of tusd's own file store, which would keep what stands in
// the store a second time, with absolute paths, and never syncs.
type folder struct {
	relay  *Relay
	dir    string
	shared bool                            // other relays have the folder, too
	free   func(dir string) (int64, error) // bytes; tests have a fuller disk

	making making
	mu     sync.Mutex
	hashes map[string]*running // of the uploads that are under way
}

// running is the hash of the first bytes of an upload. Whoever holds the
// upload's lock owns it.
type running struct {
	hash  hash.Hash
	n     int64 // bytes that it covers
	saved int64 // bytes that the store knows of
	of    int64 // when the file was begun: another process may have begun it anew
}

// Bounds of an upload's work, in bytes.
const (
	copyBuffer = 256 << 10 // between two looks at whether messages want to pass
	hashSaved  = 128 << 20 // what is read again, at most, to hash on after a crash
)

// openFolder makes the folder where it is not. Relays that share it have a
// database in common.
func openFolder(r *Relay, dir string, shared bool) (*folder, error) {
	d := &folder{relay: r, dir: dir, shared: shared, free: freeSpace, hashes: map[string]*running{}}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, fmt.Errorf("the relay's folder for files can't be made: %w", err)
	}
	locks := filepath.Join(dir, locksName)
	if err := os.MkdirAll(locks, 0o700); err != nil {
		return nil, fmt.Errorf("the relay's folder for files can't be used: %w", err)
	}
	d.making.file = flock.New(filepath.Join(locks, "making"), flock.SetPermissions(0o600))
	return d, nil
}

func (d *folder) about() string {
	free, err := d.free(d.dir)
	if err != nil {
		return d.dir + ", free space unknown"
	}
	return fmt.Sprintf("%s, %s free", d.dir, humanize.Bytes(uint64(free)))
}

func (d *folder) close() error { return d.making.close() }

func (d *folder) lockers(in handler.Locker, ask func(id string)) (handler.Locker, error) {
	if !d.shared {
		return in, nil
	}
	locks := filepath.Join(d.dir, locksName)
	return newSharedLocker(in, ask, func(id string, _ func()) (func() error, error) {
		f, locked, err := tryFile(filepath.Join(locks, id))
		if err != nil || !locked {
			return nil, err
		}
		return func() error { return errors.Join(os.Remove(f.Path()), f.Close()) }, nil
	}), nil
}

func (d *folder) path(id string) string { return filepath.Join(d.dir, id[:2], id) }

func (d *folder) there(f store.File) int64 {
	info, err := os.Stat(d.path(f.ID))
	if err != nil {
		return 0
	}
	return info.Size()
}

func (d *folder) size(f store.File) (int64, error) {
	info, err := os.Stat(d.path(f.ID))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (d *folder) resting(f store.File, since time.Time) bool {
	info, err := os.Stat(d.path(f.ID))
	return err != nil || !info.ModTime().After(since)
}

func (d *folder) room(size int64) *wire.Error {
	free, err := d.free(d.dir)
	if err != nil {
		d.relay.log.Error("free space unknown", "error", err)
		return nil
	}
	if free-minFree < size {
		return errStorageFull
	}
	return nil
}

func (d *folder) hold() (func(), error) { return d.making.unlock, d.making.lock() }

func (d *folder) begin(f store.File) error {
	os.Remove(d.path(f.ID)) // what a crash may have left of another
	file, err := d.open(f.ID)
	if err != nil {
		return err
	}
	defer file.Close()
	return reserve(file, f.Size)
}

// open opens a file for writing. It makes one that is not there: the store
// learns of a file first, and a crash may have come in between.
func (d *folder) open(id string) (*os.File, error) {
	path := d.path(id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
}

// write hashes what comes as it passes.
func (d *folder) write(ctx context.Context, f store.File, offset int64, src io.Reader) (n int64, err error) {
	h, err := d.hashOf(f, offset)
	if err != nil {
		return 0, err
	}
	file, err := d.open(f.ID)
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	w, bulk := priority.NewWriter(file, offset, f.Size, &d.relay.words), d.relay.words.Bulk()
	for err == nil {
		room := w.Room()
		room = room[:min(len(room), copyBuffer)]
		bulk.Pass(ctx, int(min(int64(len(room)), f.Size-h.n)))
		// tusd's reader has no errors but the end; it keeps them for later.
		m, rerr := io.ReadAtLeast(src, room, 1)
		h.hash.Write(room[:m])
		h.n += int64(m)
		d.relay.metrics.up.Add(float64(m))
		if err = w.Took(m); rerr != nil {
			break
		}
	}
	end, err := w.Flush()
	if n = end - offset; err != nil {
		return n, err // the hash may be ahead; hashOf sees that
	}
	if h.n-h.saved >= hashSaved && h.n < f.Size {
		state, err := h.hash.(encoding.BinaryMarshaler).MarshalBinary()
		if err == nil {
			err = d.relay.store.SaveHash(f.ID, h.n, state)
		}
		if err != nil {
			return n, err
		}
		h.saved = h.n
	}
	return n, nil
}

// finish puts a file on the disk for good.
func (d *folder) finish(f store.File) (string, error) {
	h, err := d.hashOf(f, f.Size)
	if err != nil {
		return "", err
	}
	sum := hexSum(h.hash)
	file, err := d.open(f.ID) // for a crash may have taken an empty one
	if err != nil {
		return "", err
	}
	if err := errors.Join(file.Close(), syncFile(d.path(f.ID))); err != nil {
		return "", err
	}
	d.forget(f.ID)
	return sum, nil
}

// hashOf returns the running hash of an upload, over exactly its first upTo
// bytes: what it does not cover yet is read from the disk.
func (d *folder) hashOf(f store.File, upTo int64) (*running, error) {
	d.mu.Lock()
	h := d.hashes[f.ID]
	d.mu.Unlock()
	if h == nil || h.n > upTo || h.of != f.Created {
		h = &running{hash: newChecksum(f), of: f.Created}
		if f.Hashed > 0 && f.Hashed <= upTo && h.hash.(encoding.BinaryUnmarshaler).UnmarshalBinary(f.Hash) == nil {
			h.n, h.saved = f.Hashed, f.Hashed
		} else {
			h.hash.Reset()
		}
	}
	if h.n < upTo {
		file, err := os.Open(d.path(f.ID))
		if err != nil {
			return nil, err
		}
		defer file.Close()
		n, err := io.Copy(h.hash, io.NewSectionReader(file, h.n, upTo-h.n))
		if h.n += n; err == nil && h.n < upTo {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
	}
	d.mu.Lock()
	d.hashes[f.ID] = h
	d.mu.Unlock()
	return h, nil
}

// forget lets go of a running hash.
func (d *folder) forget(id string) {
	d.mu.Lock()
	delete(d.hashes, id)
	d.mu.Unlock()
}

func (d *folder) remove(f store.File) error {
	d.forget(f.ID)
	if err := os.Remove(d.path(f.ID)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *folder) send(w http.ResponseWriter, req *http.Request, f store.File) {
	content, err := os.Open(d.path(f.ID))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			d.relay.log.Error("a file that was stored is gone from the disk", "file", f.ID)
		}
		d.relay.refuseFile(w, err)
		return
	}
	defer content.Close()
	d.relay.serveContent(w, req, f, content)
}

func (d *folder) unknown(ctx context.Context, before time.Time, found func(string, func() error) error) error {
	return filepath.WalkDir(d.dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && e.Name() == locksName {
			return filepath.SkipDir
		}
		if err != nil || e.IsDir() || ctx.Err() != nil {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another relay was first
		}
		if err != nil || info.ModTime().After(before) {
			return nil
		}
		if err := d.making.lock(); err != nil {
			return err
		}
		defer d.making.unlock()
		switch f, err := d.relay.store.File(e.Name()); {
		case err == nil && f.Gone == 0:
			return nil
		case err != nil && !errors.Is(err, store.ErrNotFound):
			return err
		}
		return found(e.Name(), func() error {
			if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			return nil
		})
	})
}
