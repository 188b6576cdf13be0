//go:build !linux

package preview

import (
	"os"
	"os/exec"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

func ownGroup(*exec.Cmd) {}

func killGroup(c *exec.Cmd) { _ = c.Process.Kill() } // what it started ends by its own clock

func endGroup() { os.Exit(0) }

var (
	bound atomic.Int64
	watch sync.Once
)

// boundMemory sets how much memory this process may have for data. The system
// has no such bound that is as simple on all of them: the runtime's own numbers
// are looked at instead.
func boundMemory(bytes int64) {
	bound.Store(bytes)
	watch.Do(func() {
		go func() {
			sample := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
			for {
				time.Sleep(20 * time.Millisecond)
				metrics.Read(sample)
				if int64(sample[0].Value.Uint64()-sample[1].Value.Uint64()) > bound.Load() {
					os.Exit(exitMemory)
				}
			}
		}()
	})
}

var began = time.Now()

// cpuTime is the time on the wall: who else works on this computer makes a file slower.
func cpuTime() time.Duration { return time.Since(began) }

func boundOther(*exec.Cmd) (over func()) { return func() {} }

func outOfBounds(s *os.ProcessState) bool {
	return s != nil && (s.ExitCode() == exitTime || s.ExitCode() == exitMemory)
}
