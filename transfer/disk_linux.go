package transfer

import (
	"os"

	"golang.org/x/sys/unix"
)

// noFollow keeps a link in the place of a part from being written through.
const noFollow = unix.O_NOFOLLOW

// writeBehind starts to write from..to to the disk and waits for all before it.
func writeBehind(f *os.File, from, to int64) error {
	err := unix.SyncFileRange(int(f.Fd()), from, to-from, unix.SYNC_FILE_RANGE_WRITE)
	if err == nil && from > 0 {
		before := max(0, from-window)
		err = unix.SyncFileRange(int(f.Fd()), before, from-before,
			unix.SYNC_FILE_RANGE_WAIT_BEFORE|unix.SYNC_FILE_RANGE_WRITE|unix.SYNC_FILE_RANGE_WAIT_AFTER)
	}
	if err == unix.ENOSYS || err == unix.EINVAL || err == unix.ESPIPE { // a file system without it
		return unix.Fdatasync(int(f.Fd()))
	}
	return err
}

// freeRoom is how many bytes folder's disk has left for us; false when unknown.
func freeRoom(folder string) (int64, bool) {
	var s unix.Statfs_t
	if unix.Statfs(folder, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true
}
