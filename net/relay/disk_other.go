//go:build !linux

package relay

import (
	"math"
	"os"
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

// wrote notes that the file was written up to end.
func (w *window) wrote(end int64) error {
	if end-w.on < syncWindow {
		return nil
	}
	w.on = end
	return w.f.Sync()
}
