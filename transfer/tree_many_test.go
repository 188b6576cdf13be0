package transfer

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

// heapPeak samples how much the heap has, until it is asked for the most that it had.
// What tests before this one left is collected first.
func heapPeak(t testing.TB) (most func() uint64) {
	t.Helper()
	runtime.GC()
	var peak atomic.Uint64
	stop, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for {
			var mem runtime.MemStats
			runtime.ReadMemStats(&mem)
			peak.Store(max(peak.Load(), mem.HeapAlloc))
			select {
			case <-tick.C:
			case <-stop:
				return
			}
		}
	}()
	return func() uint64 {
		close(stop)
		<-gone
		return peak.Load()
	}
}

// A folder of ten thousand files arrives as it is, and takes no more memory than its
// list does; make test sends three hundred. Who sends, who fetches and the server
// are one process.
func TestManyFilesOfAFolder(t *testing.T) {
	many := 300
	if os.Getenv("SATCHEL_FAULTS") != "" {
		many = 10000
	}
	root := filepath.Join(t.TempDir(), "tree")
	for i := range many {
		path := filepath.Join(root, fmt.Sprint(i%17), fmt.Sprint(i%5), fmt.Sprintf("%05d.txt", i))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, random(i%3000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := newServer(t, true)
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	most := heapPeak(t)
	sent := b.done(b.queue(folderUpload(t, root)))
	up := most()
	most = heapPeak(t)
	came := b.done(b.queue(downloadOf(sent.File)))
	down := most()
	if f := sent.File.Folder; f.Files != many || f.Left != 0 {
		t.Fatalf("%+v", f)
	}
	sameTree(t, came.Path, root)
	t.Logf("%d files; the heap had %d MiB at most while they went, and %d while they came", many, up>>20, down>>20)
}
