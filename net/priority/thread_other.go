//go:build !linux

package priority

import "time"

// Background does nothing here: niceness belongs to the whole process.
func Background() {}

// turns are the system's.
func turns(bool) {}

// threadTime is not known here, so nobody rests.
func threadTime() time.Duration { return 0 }
