package transfer

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	pathpkg "path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
)

// SaveCopy copies the file src into the folder dir under the plain name that
// name scrubs to, and returns where it lies. It never overwrites: when the
// name is taken it becomes "name (1).ext", and so on. The copy is on disk on
// return, with the mark of where it came from; after an error there is none. A
// folder is copied with all that is in it, but for links.
func SaveCopy(ctx context.Context, src, dir, name string) (string, error) {
	if info, err := os.Stat(src); err == nil && info.IsDir() {
		return saveFolder(ctx, src, dir, name)
	}
	out, err := createFree(dir, ScrubName(name))
	if err != nil {
		return "", err
	}
	if err := copyInto(ctx, out, src); err != nil {
		return "", err
	}
	return out.Name(), SyncFolder(dir)
}

// copyInto fills a new file with what is in another, and closes it; after an error
// it is gone.
func copyInto(ctx context.Context, out *os.File, src string) (err error) {
	defer func() {
		if closed := out.Close(); err == nil {
			err = closed
		}
		if err != nil {
			_ = os.Remove(out.Name())
		}
	}()
	in, err := os.Open(src)
	if err != nil {
		return err
	}
	defer in.Close()
	if info, err := in.Stat(); err != nil {
		return err
	} else if !info.Mode().IsRegular() {
		return plainFile(filepath.Base(src), info)
	}
	// In pieces, so that ctx is heard; between two files the system copies by itself.
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if _, err := io.CopyN(out, in, 64<<20); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return err
		}
	}
	copyMark(in, out)
	return out.Sync()
}

// saveFolder is SaveCopy for a folder.
func saveFolder(ctx context.Context, src, dir, name string) (path string, err error) {
	from, fromErr := filepath.EvalSymlinks(src)
	to, toErr := filepath.EvalSymlinks(dir)
	if err := errors.Join(fromErr, toErr); err != nil {
		return "", err
	}
	if below, err := filepath.Rel(from, to); err == nil && filepath.IsLocal(below) {
		return "", Final("A folder can't be saved inside itself. Choose another place.", nil)
	}
	for i := 0; path == ""; i++ {
		to := filepath.Join(dir, numbered(ScrubName(name), i))
		if err := os.Mkdir(to, 0o755); err == nil {
			path = to
		} else if !errors.Is(err, fs.ErrExist) || i == 10000 {
			return "", err
		}
	}
	defer func() {
		if err != nil {
			_ = os.RemoveAll(path)
			path = ""
		}
	}()
	var s Survey
	var folders []string
	in := func(slashed string) (string, error) {
		to := filepath.Join(path, filepath.FromSlash(slashed))
		folders = append(folders, to)
		return to, os.MkdirAll(to, 0o755)
	}
	err = walk(ctx, src, &s, func(slashed string, info fs.FileInfo) error {
		parent, err := in(pathpkg.Dir(slashed))
		if err != nil {
			return err
		}
		out, err := os.OpenFile(filepath.Join(parent, pathpkg.Base(slashed)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return err
		}
		if err := copyInto(ctx, out, filepath.Join(src, filepath.FromSlash(slashed))); err != nil {
			return err
		}
		return os.Chtimes(out.Name(), info.ModTime(), info.ModTime())
	}, func(slashed string) error {
		_, err := in(slashed)
		return err
	})
	slices.Sort(folders)
	for _, f := range append(slices.Compact(folders), path, dir) {
		if err == nil {
			err = SyncFolder(f)
		}
	}
	return path, err
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
