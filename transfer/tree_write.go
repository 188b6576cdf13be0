package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"time"

	"satchel/chat"
	"satchel/net/priority"
)

// treeWriter writes the files of a folder: each beside the parts until it is whole
// and checked, then where it belongs. What lies in the folder is only ever reached
// through its root: a link in it leads nowhere else.
type treeWriter struct {
	e      *Engine
	en     *entry
	parts  string
	root   *os.Root // of all received files
	below  string   // where the folder lies in it, slash-separated
	bulk   priority.Bulk
	made   map[string]bool // folders that are there
	parted bool            // the folder of parts is there

	file *os.File // of the part that is written
	of   int
	out  *priority.Writer
	hash hash.Hash
}

const partsExt = ".parts"

func (e *Engine) partsPath(id chat.TransferID) string {
	return filepath.Join(e.cfg.Folder, "parts", string(id)+partsExt)
}

func openTreeWriter(e *Engine, en *entry, folder string) (*treeWriter, error) {
	rel, err := filepath.Rel(e.cfg.Folder, folder)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(e.cfg.Folder)
	if err != nil {
		return nil, err
	}
	return &treeWriter{e: e, en: en, parts: e.partsPath(en.t.ID), root: root, below: filepath.ToSlash(rel), bulk: e.cfg.Words.Bulk(), made: map[string]bool{}}, nil
}

func (w *treeWriter) Close() error {
	w.shut()
	_ = os.Remove(w.parts) // unless something is in it
	return w.root.Close()
}

func (w *treeWriter) at(e *chat.TreeEntry) string {
	return filepath.FromSlash(w.below + "/" + e.Path)
}

// present tells whether a file of the right size is where an entry belongs.
func (w *treeWriter) present(e *chat.TreeEntry) bool {
	info, err := w.root.Lstat(w.at(e))
	return err == nil && info.Mode().IsRegular() && info.Size() == e.Size
}

// has tells whether what is where an entry belongs is what the list says.
func (w *treeWriter) has(ctx context.Context, e *chat.TreeEntry) (bool, error) {
	if !w.present(e) {
		return false, nil
	}
	f, err := w.root.Open(w.at(e))
	if err != nil {
		return false, nil
	}
	defer f.Close()
	sum, err := hashOf(ctx, f, w.passed)
	if ctx.Err() != nil {
		return false, ctx.Err()
	}
	return err == nil && sum == e.SHA256, nil
}

func (w *treeWriter) passed(n int) {
	w.en.meter.touch()
	w.bulk.Pass(context.Background(), n)
}

// folder makes a folder of the tree.
func (w *treeWriter) folder(slashed string) error {
	if w.made[slashed] {
		return nil
	}
	if err := w.root.MkdirAll(filepath.FromSlash(path.Join(w.below, slashed)), 0o700); err != nil {
		return err
	}
	w.made[slashed] = true
	return nil
}

// begun returns how many bytes of which entries lie beside the parts.
func (w *treeWriter) begun() map[int]int64 {
	out := map[int]int64{}
	found, _ := os.ReadDir(w.parts)
	for _, f := range found {
		i, err := strconv.Atoi(f.Name())
		if info, infoErr := f.Info(); err == nil && infoErr == nil && info.Mode().IsRegular() && info.Size() > 0 {
			out[i] = info.Size()
		}
	}
	return out
}

// open opens the part of entry i, of which begun bytes are there: they are read
// again for the checksum.
func (w *treeWriter) open(ctx context.Context, i int, e *chat.TreeEntry, begun int64) error {
	if w.file != nil && w.of == i {
		return nil
	}
	w.shut()
	if !w.parted {
		if err := os.MkdirAll(w.parts, 0o700); err != nil {
			return err
		}
		w.parted = true
	}
	f, err := os.OpenFile(filepath.Join(w.parts, strconv.Itoa(i)), os.O_RDWR|os.O_CREATE|noFollow, 0o600)
	if err != nil {
		return err
	}
	w.hash = sha256.New()
	if begun == 0 {
		err = f.Truncate(0)
	} else {
		_, err = io.CopyBuffer(w.hash, contextReader{ctx, io.LimitReader(f, begun)}, make([]byte, 256<<10))
	}
	if err == nil {
		err = reserve(f, e.Size)
	}
	if err == nil {
		_, err = f.Seek(begun, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return err
	}
	w.file, w.of, w.out = f, i, priority.NewWriter(f, begun, e.Size, w.e.cfg.Words)
	return nil
}

// write adds to the part of entry i.
func (w *treeWriter) write(ctx context.Context, i int, e *chat.TreeEntry, begun int64, b []byte) error {
	if err := w.open(ctx, i, e, begun); err != nil {
		return err
	}
	w.e.caps.wait(ctx, chat.Download, len(b))
	w.bulk.Pass(ctx, len(b))
	w.hash.Write(b)
	_, err := w.out.Write(b)
	return err
}

// flush has all that came in the part.
func (w *treeWriter) flush() error {
	if w.out == nil {
		return nil
	}
	_, err := w.out.Flush()
	return err
}

func (w *treeWriter) shut() {
	if w.file != nil {
		_ = w.flush()
		w.file.Close()
		w.file, w.out = nil, nil
	}
}

// finish gives the part of entry i its place; false: it is not what the list says,
// and is gone.
func (w *treeWriter) finish(ctx context.Context, i int, e *chat.TreeEntry, begun int64) (bool, error) {
	if err := w.open(ctx, i, e, begun); err != nil {
		return false, err
	}
	if err := w.flush(); err != nil {
		return false, err
	}
	name := w.file.Name()
	if hex.EncodeToString(w.hash.Sum(nil)) != e.SHA256 {
		w.shut()
		removePart(name)
		return false, nil
	}
	mark(w.file, origin(w.en.t.File.URL)) // before it has a name under which it could be opened
	w.shut()
	// A time that can't be is the time at which it came.
	if at := time.UnixMilli(e.Time); at.Year() >= 1980 && at.Before(time.Now()) {
		_ = os.Chtimes(name, at, at)
	}
	return true, w.place(name, e)
}

// place moves a part to where its entry belongs. What a person has changed there
// stays, under another name.
func (w *treeWriter) place(name string, e *chat.TreeEntry) error {
	dir := path.Dir(e.Path)
	if err := w.folder(dir); err != nil {
		return err
	}
	to := w.at(e)
	if _, err := w.root.Lstat(to); err == nil {
		for n := 1; ; n++ {
			other := filepath.Join(filepath.Dir(to), numbered(filepath.Base(to), n))
			if _, err := w.root.Lstat(other); errors.Is(err, fs.ErrNotExist) {
				if err := w.root.Rename(to, other); err != nil {
					return err
				}
				break
			} else if err != nil || n > 10000 {
				return &fs.PathError{Op: "rename", Path: to, Err: fs.ErrExist}
			}
		}
	}
	rel, err := filepath.Rel(w.e.cfg.Folder, name)
	if err != nil {
		return err
	}
	return w.root.Rename(rel, to)
}

// copy takes entry i from where an earlier folder has it; false: it is not that any more.
func (w *treeWriter) copy(ctx context.Context, i int, e *chat.TreeEntry, from string, progress func(int)) (bool, error) {
	info, err := os.Lstat(from)
	if err != nil || !info.Mode().IsRegular() || info.Size() != e.Size {
		return false, nil
	}
	in, err := os.OpenFile(from, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return false, nil
	}
	defer in.Close()
	buf, n := make([]byte, 256<<10), 0
	for {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		k, err := in.Read(buf)
		if k > 0 && int64(n+k) <= e.Size {
			w.bulk.Pass(ctx, k)
			if err := w.open(ctx, i, e, 0); err != nil {
				return false, err
			}
			w.hash.Write(buf[:k])
			if _, err := w.out.Write(buf[:k]); err != nil {
				return false, err
			}
			progress(k)
			n += k
		}
		if err != nil || int64(n) > e.Size {
			break
		}
	}
	ok, err := w.finish(ctx, i, e, 0)
	if !ok {
		progress(-n)
	}
	return ok, err
}

// settle makes all that was wanted durable.
func (w *treeWriter) settle(list []chat.TreeEntry, wanted []bool, m *meter) error {
	w.shut()
	if err := os.RemoveAll(w.parts); err != nil {
		return err
	}
	folders := map[string]bool{".": true}
	for i := range list {
		e := &list[i]
		if !wanted[i] || !e.Folder && !e.Came() {
			continue
		}
		m.touch()
		dir := e.Path
		if !e.Folder {
			if err := w.sync(w.at(e)); err != nil {
				return err
			}
			dir = path.Dir(e.Path)
		}
		for ; !folders[dir]; dir = path.Dir(dir) {
			folders[dir] = true
		}
	}
	for dir := range folders {
		if err := SyncFolder(filepath.Join(w.e.cfg.Folder, filepath.FromSlash(path.Join(w.below, dir)))); err != nil {
			return err
		}
	}
	top := filepath.Dir(filepath.Join(w.e.cfg.Folder, filepath.FromSlash(w.below)))
	for _, dir := range []string{top, filepath.Dir(top), w.e.cfg.Folder} {
		if err := SyncFolder(dir); err != nil {
			return err
		}
	}
	return nil
}

func (w *treeWriter) sync(path string) error {
	f, err := w.root.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) {
		return nil // made read-only since: it came long ago
	} else if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
