package priority

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// What a thread that moves bytes asks of the kernel: a small share where others
// want the processor too, and short turns, since one that wakes up for a message
// waits for the end of the turn. While nobody writes, turns are longer: those that
// hand a file on to each other would take the processor from each other all the time,
// which costs a tenth of it. Kernels before 6.12 know no turns' length and take the rest.
const (
	niceness  = 10
	shortTurn = 100 * time.Microsecond
	longTurn  = time.Millisecond
)

// Background gives the calling goroutine a thread of its own that comes after
// others. It is for goroutines that move bytes and end: the thread goes with them.
func Background() {
	runtime.LockOSThread()
	attr := unix.SchedAttr{Size: unix.SizeofSchedAttr, Policy: unix.SCHED_NORMAL, Nice: niceness, Runtime: uint64(shortTurn)}
	if unix.SchedSetAttr(0, &attr, 0) != nil {
		_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), niceness) // no harm where it may not be
	}
}

// turns makes the turns of the calling thread long, or short again, if it is one
// that moves bytes.
func turns(long bool) {
	attr, err := unix.SchedGetAttr(0, 0)
	if err != nil || attr.Nice != niceness {
		return
	}
	if attr.Runtime = uint64(shortTurn); long {
		attr.Runtime = uint64(longTurn)
	}
	_ = unix.SchedSetAttr(0, attr, 0) // refused, they stay
}

// threadTime is how long the calling thread has used a processor.
func threadTime() time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
