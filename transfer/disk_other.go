//go:build !linux

package transfer

import (
	"io/fs"
	"os"
)

const noFollow = 0

// syncData puts a file's bytes on the disk.
func syncData(f *os.File) error { return f.Sync() }

// reserve is not to be had here: a full disk is met when it is full.
func reserve(f *os.File, size int64) error { return nil }

// freeRoom is unknown here: a full disk is met when it is full.
func freeRoom(folder string) (int64, bool) { return 0, false }

// blocks is how many bytes of the disk a file has.
func blocks(info fs.FileInfo) int64 { return info.Size() }
