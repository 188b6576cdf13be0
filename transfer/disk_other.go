//go:build !linux

package transfer

import "os"

const noFollow = 0

// writeBehind writes what is new to the disk.
func writeBehind(f *os.File, from, to int64) error { return f.Sync() }

// syncData puts a file's bytes on the disk.
func syncData(f *os.File) error { return f.Sync() }

// reserve is not to be had here: a full disk is met when it is full.
func reserve(f *os.File, size int64) error { return nil }

// freeRoom is unknown here: a full disk is met when it is full.
func freeRoom(folder string) (int64, bool) { return 0, false }
