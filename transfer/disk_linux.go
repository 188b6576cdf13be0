package transfer

import (
	"os"

	"golang.org/x/sys/unix"
)

// noFollow keeps a link in the place of a part from being written through.
const noFollow = unix.O_NOFOLLOW

// writeBehind writes from..to to the disk and waits until it is there. What
// another file's fsync may have to wait for is never more than one window.
func writeBehind(f *os.File, from, to int64) error {
	err := unix.SyncFileRange(int(f.Fd()), from, to-from,
		unix.SYNC_FILE_RANGE_WAIT_BEFORE|unix.SYNC_FILE_RANGE_WRITE|unix.SYNC_FILE_RANGE_WAIT_AFTER)
	if err == unix.ENOSYS || err == unix.EINVAL || err == unix.ESPIPE { // a file system without it
		return unix.Fdatasync(int(f.Fd()))
	}
	return err
}

// syncData puts a file's bytes on the disk, and of what is known of it only
// what is needed to find them.
func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// reserve takes room on the disk and leaves the file's length alone: a full
// disk says so before the first byte, and writing needs no new blocks, for
// which an fsync of any other file would wait. A file system that can't
// reserve says it when it is written to.
func reserve(f *os.File, size int64) error {
	if size <= 0 {
		return nil
	}
	err := unix.Fallocate(int(f.Fd()), unix.FALLOC_FL_KEEP_SIZE, 0, size)
	if err == unix.ENOSPC || err == unix.EDQUOT {
		return err
	}
	return nil
}

// freeRoom is how many bytes folder's disk has left for us; false when unknown.
func freeRoom(folder string) (int64, bool) {
	var s unix.Statfs_t
	if unix.Statfs(folder, &s) != nil {
		return 0, false
	}
	return int64(s.Bavail) * s.Bsize, true
}
