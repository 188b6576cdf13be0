//go:build !linux

package relay

import (
	"math"
	"os"
)

// freeSpace is not known here: a full disk says so when it is written to.
func freeSpace(string) (int64, error) { return math.MaxInt64, nil }

func reserve(*os.File, int64) error { return nil }
