package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2/test"

	"satchel/chat"
)

// Ten thousand files that are queued at once, paused and let go all arrive, and are
// equal, while both windows draw, and the list of transfers. `make test` sends a dozen.
func TestManyFiles(t *testing.T) {
	many, whole := 12, os.Getenv("SATCHEL_FAULTS") != ""
	if whole {
		many = 10000
	}
	s := newStage(t)
	mara, ines := pair(s)
	for _, p := range []*person{mara, ines} {
		d := p.session.Downloads()
		d.From = "known"
		if err := p.session.SetDownloads(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	paths := make([]string, many)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(paths[i], fmt.Appendf(nil, "file %d", i), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	resetMemory()
	runtime.LockOSThread() // see turnTime
	defer runtime.UnlockOSThread()
	changes, stop := ines.session.Subscribe()
	defer stop()
	arrived := map[chat.MessageID]bool{}
	var longest, drawing time.Duration
	hops := 0
	draws := func(f func()) {
		began := turnTime()
		f()
		took := turnTime() - began
		drawing, longest, hops = drawing+took, max(longest, took), hops+1
	}
	// until draws, and hears of what arrives, until something is so.
	until := func(what string, is func() bool) {
		t.Helper()
		for !is() {
			select {
			case f := <-s.todo:
				draws(f)
			case batch := <-changes:
				for _, c := range batch {
					if c, ok := c.(chat.TransferChanged); ok && c.Transfer.State == chat.TransferDone {
						arrived[c.Transfer.Message] = true
					}
				}
			case <-time.After(patience):
				t.Fatalf("it never came that %s: %d of %d have arrived, %d are on their way", what, len(arrived), many, len(mara.model.transfers))
			}
		}
	}
	mara.openTransfers()
	list := mara.sheet.transfers
	began := time.Now()
	queued := make(chan []chat.Message, 1)
	go func() {
		all, err := mara.session.SendFiles(context.Background(), mara.main.pane.id, paths, chat.Content{Kind: chat.KindMessage})
		if err != nil {
			t.Error(err)
		}
		queued <- all
	}()
	var sent []chat.Message
	until("all are queued", func() bool {
		select {
		case sent = <-queued:
			return true
		default:
			return false
		}
	})
	if len(sent) != many {
		t.Fatalf("%d of %d are queued", len(sent), many)
	}
	t.Logf("%d files are queued after %v", many, time.Since(began).Round(time.Millisecond))
	paused := func() bool {
		for _, tr := range mara.model.transfers {
			if tr.State != chat.TransferPaused {
				return false
			}
		}
		return list.goOn.Visible() || len(mara.model.transfers) == 0
	}
	draws(func() { test.Tap(list.pause) })
	until("all are paused", paused)
	draws(func() { test.Tap(list.goOn) })
	until("all have arrived", func() bool { return len(arrived) == many })
	until("nothing is on its way", func() bool {
		return len(mara.model.transfers)+len(ines.model.transfers) == 0 && mara.model.all.count == [2]int{}
	})
	t.Logf("all arrived after %v; %d hops to the screen took %v, the longest %v; most memory of both programs and the relay: %d MiB",
		time.Since(began).Round(time.Millisecond), hops, drawing.Round(time.Millisecond), longest.Round(time.Millisecond), mostMemory()>>20)
	for i, m := range sent {
		data, err := os.ReadFile(ines.session.Path(m.Conversation, m.ID))
		if want := fmt.Sprintf("file %d", i); err != nil || string(data) != want {
			t.Fatalf("%q came instead of %q: %v", data, want, err)
		}
	}
	if whole && mostMemory() > 1<<30 {
		t.Error("that is more than 1 GiB")
	}
}

// resetMemory has the system forget how much memory this process once had.
func resetMemory() { _ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600) }

// mostMemory is how many bytes this process had in memory at most since; 0 where
// the system does not tell.
func mostMemory() int64 {
	data, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(data), "VmHWM:")
	if fields := strings.Fields(rest); len(fields) > 0 {
		kib, _ := strconv.ParseInt(fields[0], 10, 64)
		return kib << 10
	}
	return 0
}

// turnTime is for how long this goroutine's thread, which has to be its own, has used
// a processor; 0 where the system does not tell.
func turnTime() time.Duration {
	data, _ := os.ReadFile("/proc/thread-self/schedstat")
	ran, _, _ := strings.Cut(string(data), " ")
	n, _ := strconv.ParseInt(ran, 10, 64)
	return time.Duration(n)
}
