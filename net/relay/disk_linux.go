package relay

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// freeSpace is how many bytes a folder's disk takes.
func freeSpace(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, err
	}
	return int64(s.Bavail) * s.Bsize, nil
}

// reserve takes room on the disk for a file and leaves its length alone. A
// disk that is too full says so now and not at 99 %. A file system that can't
// reserve says it when it is written to.
func reserve(f *os.File, size int64) error {
	if size == 0 {
		return nil
	}
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if errors.Is(err, unix.ENOSPC) || errors.Is(err, unix.EDQUOT) {
		return err
	}
	return nil
}

// window writes a file to the disk as it grows: the last syncWindow bytes are
// on their way, those before are there. An fsync of another file, which on
// some file systems waits for all that is dirty, never waits for gigabytes.
type window struct {
	f         *os.File
	begun, on int64 // writing was begun up to on; it is over up to begun
}

func newWindow(f *os.File, offset int64) *window { return &window{f, offset, offset} }

// wrote notes that the file was written up to end.
func (w *window) wrote(end int64) error {
	if end-w.on < syncWindow {
		return nil
	}
	if w.on > w.begun {
		err := unix.SyncFileRange(int(w.f.Fd()), w.begun, w.on-w.begun,
			unix.SYNC_FILE_RANGE_WAIT_BEFORE|unix.SYNC_FILE_RANGE_WRITE|unix.SYNC_FILE_RANGE_WAIT_AFTER)
		if err != nil && !unsupported(err) {
			return err
		}
	}
	if err := unix.SyncFileRange(int(w.f.Fd()), w.on, end-w.on, unix.SYNC_FILE_RANGE_WRITE); err != nil && !unsupported(err) {
		return err
	}
	w.begun, w.on = w.on, end
	return nil
}

func unsupported(err error) bool {
	return errors.Is(err, unix.ESPIPE) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINVAL)
}
