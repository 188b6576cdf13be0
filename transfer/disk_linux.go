package transfer

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// noFollow keeps a link in the place of a part from being written through.
const noFollow = unix.O_NOFOLLOW

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

// blocks is how many bytes of the disk a file has, written or reserved.
func blocks(info fs.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Blocks * 512
	}
	return info.Size()
}
