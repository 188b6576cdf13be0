//go:build !linux

package relay

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
)

// freeSpace is not known here: a full disk says so when it is written to.
func freeSpace(string) (int64, error) { return math.MaxInt64, nil }

func reserve(*os.File, int64) error { return nil }

// window writes a file to the disk as it grows, so that few pages are dirty.
type window struct {
	f  *os.File
	on int64
}

func newWindow(f *os.File, offset int64) *window { return &window{f, offset} }

// wrote notes that the file was written up to end, and tells whether that
// filled the window.
func (w *window) wrote(end int64) (full bool, err error) {
	if end-w.on < syncWindow {
		return false, nil
	}
	w.on = end
	return true, w.f.Sync()
}

// syncDir puts the names in a folder on the disk, where a folder can be synced.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// syncFile puts a file, its name and the name of its folder on the disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return errors.Join(syncDir(filepath.Dir(path)), syncDir(filepath.Dir(filepath.Dir(path))))
}
