package preview

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// ownGroup puts a helper, and what it starts, into a group of processes.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(c *exec.Cmd) { _ = unix.Kill(-c.Process.Pid, unix.SIGKILL) }

// endGroup ends this helper and all that it started.
func endGroup() { _ = unix.Kill(0, unix.SIGKILL) }

// boundMemory sets how much memory this process may have from now on. The
// system counts what was mapped, also when it was given back: so the bound is
// what is mapped now, and as much as is not used yet. What grows within that is
// watched. The race detector's own memory would not fit.
func boundMemory(bytes int64) {
	if raceEnabled {
		return
	}
	resident, mapped := inMemory()
	bound.Store(bytes)
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: uint64(mapped + max(16<<20, bytes-resident)), Max: unix.RLIM_INFINITY})
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	watch.Do(func() {
		go func() {
			for {
				time.Sleep(5 * time.Millisecond)
				if resident, _ := inMemory(); resident > bound.Load()+32<<20 {
					os.Exit(exitMemory)
				}
			}
		}()
	})
}

var (
	bound atomic.Int64
	watch sync.Once
)

// inMemory tells how many bytes this process has in memory, and how many are
// mapped for data.
func inMemory() (resident, mapped int64) {
	data, _ := os.ReadFile("/proc/self/statm")
	fields := strings.Fields(string(data))
	if len(fields) < 6 {
		return 0, 0
	}
	page := int64(os.Getpagesize())
	resident, _ = strconv.ParseInt(fields[1], 10, 64)
	mapped, _ = strconv.ParseInt(fields[5], 10, 64)
	return resident * page, mapped * page
}

// cpuTime is how long this process used a processor, and those that it waited for,
// and the one that it started and that is bound.
func cpuTime() time.Duration {
	var own, children unix.Rusage
	_ = unix.Getrusage(unix.RUSAGE_SELF, &own)
	_ = unix.Getrusage(unix.RUSAGE_CHILDREN, &children)
	var other unix.Timespec
	if pid := otherProcess.Load(); pid > 0 {
		_ = unix.ClockGettime(^pid<<3|2, &other) // clock_getcpuclockid(3)
	}
	return time.Duration(own.Utime.Nano() + own.Stime.Nano() + children.Utime.Nano() + children.Stime.Nano() + other.Nano())
}

// otherProcess is the program that runs for this helper, one at a time; 0: none does.
var otherProcess atomic.Int32

// boundOther sets how much of the memory another program may use, and counts what it
// uses of the processor to this helper's, until over is called.
func boundOther(c *exec.Cmd) (over func()) {
	_ = unix.Prlimit(c.Process.Pid, unix.RLIMIT_DATA, &unix.Rlimit{Cur: memory, Max: memory}, nil)
	_ = unix.Prlimit(c.Process.Pid, unix.RLIMIT_CPU, &unix.Rlimit{Cur: seconds, Max: seconds}, nil)
	otherProcess.Store(int32(c.Process.Pid))
	return func() { otherProcess.Store(0) }
}

// outOfBounds tells whether a helper ended because it used too much.
func outOfBounds(s *os.ProcessState) bool {
	return s != nil && (s.ExitCode() == exitTime || s.ExitCode() == exitMemory)
}
