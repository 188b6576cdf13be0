package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// The file of holes whose way is watched for memory: the relay's and the
// receiver's copies have none, so it is the largest that the disk takes twice.
var sparse = []int64{20 << 30, 8 << 30, 2 << 30}

// memory sends a file of holes, fetches it, and tells how much more memory this
// process, which is sender and receiver, and the relay had at most.
func memory(ctx context.Context, dir string) error {
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return err
	}
	room, size := int64(disk.Bavail)*disk.Bsize, int64(0)
	for _, size = range sparse {
		if room > 2*size+(4<<30) {
			break
		}
	}
	p, err := newPair(ctx, dir)
	if err != nil {
		return err
	}
	defer p.close()
	path := filepath.Join(dir, "sparse.bin")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Truncate(size), f.Close()); err != nil {
		return err
	}
	defer os.Remove(path)
	debug.FreeOSMemory()
	stop, err := p.watchMemory()
	if err != nil {
		return err
	}
	sent, err := p.send(ctx, path)
	here, relay := stop()
	if err != nil {
		return err
	}
	fmt.Printf("memory: above idle while %d GB go up: sender and receiver %d MiB, relay %d MiB\n", size>>30, here>>20, relay>>20)
	debug.FreeOSMemory()
	if stop, err = p.watchMemory(); err != nil {
		return err
	}
	err = p.fetch(ctx, sent)
	here, relay = stop()
	if err != nil {
		return err
	}
	fmt.Printf("memory: above idle while %d GB come down: sender and receiver %d MiB, relay %d MiB\n", size>>30, here>>20, relay>>20)
	return os.Remove(p.bo.Path(p.conv, sent.ID))
}

// watchMemory begins to look at this process and the relay; the function that it
// returns tells how much each grew at most, in bytes.
func (p *pair) watchMemory() (stop func() (here, relay int64), err error) {
	processes := [2]string{"self", strconv.Itoa(p.relay.Process.Pid)}
	var idle, most [2]int64
	for i, of := range processes {
		if idle[i], err = resident(of); err != nil {
			return nil, err
		}
	}
	most = idle
	quit, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		ticker := time.NewTicker(every)
		defer ticker.Stop()
		for {
			select {
			case <-quit:
				return
			case <-ticker.C:
			}
			for i, of := range processes {
				if now, err := resident(of); err == nil {
					most[i] = max(most[i], now)
				}
			}
		}
	}()
	return func() (int64, int64) {
		close(quit)
		<-gone
		return most[0] - idle[0], most[1] - idle[1]
	}, nil
}

// resident is how many bytes of memory a process has.
func resident(process string) (int64, error) {
	b, err := os.ReadFile(filepath.Join("/proc", process, "statm"))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(b))
	if len(fields) < 2 {
		return 0, fmt.Errorf("statm says %q", b)
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
