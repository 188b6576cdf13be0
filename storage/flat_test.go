package storage

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"satchel/chat"
)

// TestFlat counts what it takes to open a cache and to read the list, a page at
// the end, one in the middle and a message, and to move the mark: as much with
// twenty times as many messages. Cursors and allocations are bbolt's and ours;
// kib is what the system had to bring in of the file for it, size is what there is.
func TestFlat(t *testing.T) {
	type cost struct{ cursors, allocations, kib, size int }
	measure := func(n uint64) (c cost) {
		db := open(t, filled(t, n))
		read := func(tx *Tx) error {
			all, err := tx.Conversations()
			end, err2 := tx.Messages(conv, 0, 60)
			middle, err3 := tx.Messages(conv, n/2, 60)
			after, err4 := tx.MessagesAfter(conv, n/2, 60)
			_, ok, err5 := tx.Message(conv, entry(n/3, ana).ID)
			if len(all) != 1 || len(end) != 60 || len(middle) != 60 || len(after) != 60 || !ok {
				t.Errorf("%d, %d, %d, %d, %v", len(all), len(end), len(middle), len(after), ok)
			}
			return errors.Join(err, err2, err3, err4, err5)
		}
		view(t, db, func(tx *Tx) error {
			err := read(tx)
			stats := tx.bolt.Stats()
			c.cursors, c.size = int(stats.GetCursorCount()), int(tx.bolt.Size()>>10)
			return err
		})
		for _, read := range []uint64{1, 20, n - 20, n} { // near the start, then near the end
			update(t, db, func(tx *Tx) error {
				_, err := tx.SetMark(conv, me, chat.Mark{Read: read}, me)
				return err
			})
		}
		c.kib = resident(t, db.bolt.Path())
		c.allocations = int(testing.AllocsPerRun(5, func() { view(t, db, read) }))
		return c
	}
	small, big := measure(1_000), measure(20_000)
	t.Logf("1,000: %+v; 20,000: %+v", small, big)
	if small.cursors != big.cursors {
		t.Errorf("cursors: %d, then %d", small.cursors, big.cursors)
	}
	if big.allocations > small.allocations*11/10 {
		t.Errorf("allocations: %d, then %d", small.allocations, big.allocations)
	}
	// A level or two more of each tree, and what the system reads around them.
	if big.kib*4 > big.size {
		t.Errorf("%d KiB of a file of %d were brought in", big.kib, big.size)
	}
}

// resident is how many KiB of a mapped file this process has touched; 0 where
// the system doesn't tell.
func resident(t *testing.T, path string) (kib int) {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return 0
	}
	defer f.Close()
	inside := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		switch line := lines.Text(); {
		case strings.HasSuffix(line, path):
			inside = true
		case inside && strings.HasPrefix(line, "Rss:"):
			fmt.Sscanf(line, "Rss: %d kB", &kib)
			return kib
		}
	}
	return 0
}

// Unread is right wherever the mark goes, and whichever side of it was counted.
func TestUnreadFollowsTheMark(t *testing.T) {
	const n = 300
	db := open(t, filled(t, n))
	for _, read := range []uint64{0, 1, 3, 4, 150, n - 2, n - 1, n, n + 5} {
		want := 0
		for seq := read + 1; seq <= n; seq++ {
			if seq%3 != 0 {
				want++
			}
		}
		update(t, db, func(tx *Tx) error {
			_, err := tx.SetMark(conv, me, chat.Mark{Read: read}, me)
			c, _, err2 := tx.Conversation(conv)
			if c.Unread != want {
				t.Errorf("read to %d: %d unread, not %d", read, c.Unread, want)
			}
			return errors.Join(err, err2)
		})
	}
}
