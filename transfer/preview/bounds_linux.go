package preview

import (
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ownGroup puts a helper, and what it starts, into a group of processes.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(c *exec.Cmd) { _ = unix.Kill(-c.Process.Pid, unix.SIGKILL) }

// endGroup ends this helper and all that it started.
func endGroup() { _ = unix.Kill(0, unix.SIGKILL) }

// boundMemory sets how much memory this process, and those that it starts, may
// have for data. The race detector's own would not fit.
func boundMemory(bytes int64) {
	if raceEnabled {
		return
	}
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: uint64(bytes), Max: largeMemory})
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}

// cpuTime is how long this process, and those that it waited for, used a processor.
func cpuTime() time.Duration {
	var own, children unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &own)
	_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &children)
	return time.Duration(own.Utime.Nano() + own.Stime.Nano() + children.Utime.Nano() + children.Stime.Nano())
}

// boundTime sets how long another program may use a processor.
func boundTime(c *exec.Cmd) {
	_ = unix.Prlimit(c.Process.Pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds}, nil)
}

// outOfBounds tells whether a helper ended because it used too much.
func outOfBounds(s *os.ProcessState) bool {
	return s != nil && (s.ExitCode() == exitTime || s.ExitCode() == exitMemory)
}
