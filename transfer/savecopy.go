package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// SaveCopy copies the file src into the folder dir under the plain name that
// name scrubs to, and returns where it lies. It never overwrites: when the
// name is taken it becomes "name (1).ext", and so on. The copy is on disk on
// return, with the mark of where it came from; after an error there is none.
func SaveCopy(ctx context.Context, src, dir, name string) (path string, err error) {
	in, err := os.Open(src)
	if err != nil {
		return "", err
	}
	defer in.Close()
	if info, err := in.Stat(); err != nil {
		return "", err
	} else if !info.Mode().IsRegular() {
		return "", plainFile(filepath.Base(src), info)
	}
	out, err := createFree(dir, ScrubName(name))
	if err != nil {
		return "", err
	}
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
		if err != nil {
			_ = os.Remove(out.Name())
			path = ""
		}
	}()
	// In pieces, so that ctx is heard; between two files the system copies by itself.
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		if _, err := io.CopyN(out, in, 64<<20); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return "", err
		}
	}
	copyMark(in, out)
	if err := out.Sync(); err != nil {
		return "", err
	}
	return out.Name(), SyncFolder(dir)
}

// createFree creates a file under a name that nothing has.
func createFree(dir, name string) (*os.File, error) {
	for i := range 10000 {
		f, err := os.OpenFile(filepath.Join(dir, numbered(name, i)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "create", Path: filepath.Join(dir, name), Err: fs.ErrExist}
}

// numbered is the name's n-th variant: "a.txt", "a (1).txt", "a (2).txt".
func numbered(name string, n int) string {
	if n == 0 {
		return name
	}
	stem, ext := splitName(name)
	return fitName(stem, " ("+strconv.Itoa(n)+")"+ext)
}

// SyncFolder makes the names in a folder durable, where the system can.
func SyncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
