package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// use is the memory of a process, in bytes.
type use struct {
	resident int64 // as the system counts it
	live     int64 // in use by Go: heap and stacks
}

// resident is VmRSS of a process.
func resident(pid int) (int64, error) {
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmRSS:" {
			kb, err := strconv.ParseInt(f[1], 10, 64)
			return kb << 10, err
		}
	}
	return 0, errors.New("its memory is not told here")
}

// ownUse is that of this process, when it has given back what it does not use.
func ownUse() (u use, err error) {
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u.live = int64(m.HeapAlloc + m.StackInuse)
	u.resident, err = resident(os.Getpid())
	return u, err
}

// use is the relay's, by the numbers that it serves.
func (r *relay) use() (u use, err error) {
	if u.resident, err = resident(r.cmd.Process.Pid); err != nil {
		return u, err
	}
	resp, err := http.Get("http://" + r.numbers + "/metrics")
	if err != nil {
		return u, err
	}
	defer resp.Body.Close()
	found := 0
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if name == "go_memstats_heap_alloc_bytes" || name == "go_memstats_stack_inuse_bytes" {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				return u, err
			}
			u.live += int64(n)
			found++
		}
	}
	if found != 2 {
		return u, fmt.Errorf("the relay serves %d of the 2 numbers", found)
	}
	return u, nil
}

// freeAddress is one that nobody listens on.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}
