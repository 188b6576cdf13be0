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
	"path/filepath"
	"sort"
	"sync"
	"syscall"

	"satchel/chat"
	"satchel/transfer/metadata"
)

// treeBody reads a folder's files, and then their list, as one run of bytes: the
// pack. A file that changed, or that can't be read any more, goes on as zeros and is
// left out of the list: what it was does not arrive, and all else does.
type treeBody struct {
	ctx   context.Context
	plan  *plan
	root  fs.FileInfo // the folder when it was opened
	name  string
	meter *meter

	mu   sync.Mutex
	file *os.File // of the entry that is read
	of   *planned
	hash hash.Hash // of the file at plan.hashed
}

func (b *treeBody) size() int64  { return b.plan.size() }
func (b *treeBody) check() error { return nil } // file by file, as they are read

func (b *treeBody) same(other body) bool {
	o, ok := other.(*treeBody)
	if ok && o.plan == b.plan {
		b.hash = o.hash
		return true
	}
	return false
}

func (b *treeBody) restart() {
	b.plan.hashed, b.plan.ready, b.hash = 0, nil, nil
}

func (b *treeBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.shut()
	return nil
}

func (b *treeBody) shut() {
	if b.file != nil {
		b.file.Close()
		b.file, b.of = nil, nil
	}
}

func (b *treeBody) ReadAt(out []byte, off int64) (n int, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.plan
	for n < len(out) && off < p.fresh {
		i := sort.Search(len(p.own), func(i int) bool { return p.entries[p.own[i]].At > off }) - 1
		e := &p.entries[p.own[i]]
		from := off - e.At
		chunk := out[n:][:min(int64(len(out)-n), e.Size-from)]
		if err := b.read(e, chunk, from); err != nil {
			return n, err
		}
		b.sum(e, chunk, off)
		n, off = n+len(chunk), off+int64(len(chunk))
		b.meter.touch()
	}
	if n == len(out) {
		return n, nil
	}
	if p.ready == nil {
		if p.hashed < p.fresh {
			return n, Final("The files of "+b.name+" were read in the wrong order. Nothing was lost; send it again.", nil)
		}
		if p.ready, err = p.write(); err != nil || int64(len(p.ready)) != p.list {
			return n, Final("The list of "+b.name+" could not be written. Nothing was lost; send it again.", err)
		}
	}
	n += copy(out[n:], p.ready[off-p.fresh:])
	if n < len(out) {
		return n, io.EOF
	}
	return n, nil
}

// sum hashes what was not hashed yet of an entry.
func (b *treeBody) sum(e *planned, chunk []byte, off int64) {
	p := b.plan
	end := off + int64(len(chunk))
	if off > p.hashed || end <= p.hashed {
		return
	}
	if p.hashed == e.At {
		b.hash = sha256.New()
	}
	b.hash.Write(chunk[p.hashed-off:])
	if p.hashed = end; end < e.At+e.Size {
		return
	}
	e.SHA256 = chat.LeftOut
	if e.lost < 0 {
		e.SHA256 = hex.EncodeToString(b.hash.Sum(nil))
	}
}

// read fills chunk with an entry's bytes, and with zeros from where it is lost.
func (b *treeBody) read(e *planned, chunk []byte, from int64) error {
	good := 0
	if e.lost < 0 || from < e.lost {
		if b.of != e {
			b.shut()
			if _, err := b.open(e); err != nil {
				if err := b.serious(e, err); err != nil {
					return err
				}
			}
		}
		if b.of == e {
			var err error
			if good, err = b.bytes(e).ReadAt(chunk, from); good < len(chunk) && !errors.Is(err, io.EOF) {
				return sourceError(b.name+"/"+e.Path, err)
			}
			if e.lost >= 0 {
				good = min(good, int(e.lost-from))
			}
		}
		if good == len(chunk) && from+int64(good) == e.Size && e.lost < 0 && !b.still(e) {
			e.lost = e.Size // all of it was read; it is not known of when
		}
		if good < len(chunk) && e.lost < 0 {
			if err := b.serious(e, fs.ErrNotExist); err != nil {
				return err
			}
			e.lost = from + int64(good)
		}
	}
	clear(chunk[good:])
	return nil
}

// errOther says that a file is not the one that was planned.
var errOther = errors.New("it changed after it was chosen")

// open opens an entry as it was planned.
func (b *treeBody) open(e *planned) (*os.File, error) {
	path := filepath.Join(b.plan.root, filepath.FromSlash(e.Path))
	info, err := os.Lstat(path) // before opening: opening a pipe would wait for its other end
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errOther
	}
	f, err := os.OpenFile(path, os.O_RDONLY|noFollow, 0)
	if err != nil {
		return nil, err
	}
	b.file, b.of = f, e
	if !b.still(e) {
		b.shut()
		return nil, errOther
	}
	return f, nil
}

// bytes is what goes of the open entry.
func (b *treeBody) bytes(e *planned) io.ReaderAt {
	if e.Pieces != nil {
		return metadata.Spliced(b.file, e.Pieces)
	}
	return b.file
}

// whole is how big the file itself is.
func (e *planned) whole() int64 {
	if e.Pieces != nil {
		return e.Whole
	}
	return e.Size
}

// still tells whether the open entry is what was planned.
func (b *treeBody) still(e *planned) bool {
	info, err := b.file.Stat()
	return err == nil && info.Mode().IsRegular() && info.Size() == e.whole() && info.ModTime().UnixNano() == e.Modified
}

// serious is an error of one file that ends the whole: its disk is gone, or fails.
func (b *treeBody) serious(e *planned, err error) error {
	now, statErr := os.Stat(b.plan.root)
	switch {
	case statErr != nil:
		return sourceError(b.name, statErr)
	case !os.SameFile(now, b.root):
		return Final(b.name+" is another folder than when it was chosen. Put it back, then try again.", nil)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission), errors.Is(err, errOther),
		errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP):
		return nil
	}
	return sourceError(b.name+"/"+e.Path, err)
}

// hashOf returns the SHA-256 of all that a reader brings; passed hears how much came.
func hashOf(ctx context.Context, r io.Reader, passed func(int)) (string, error) {
	h := sha256.New()
	buf := make([]byte, 256<<10)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := r.Read(buf)
		h.Write(buf[:n])
		passed(n)
		if errors.Is(err, io.EOF) {
			return hex.EncodeToString(h.Sum(nil)), nil
		} else if err != nil {
			return "", err
		}
	}
}
