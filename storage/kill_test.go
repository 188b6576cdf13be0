package storage

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"satchel/chat"
)

// children are what this test program does when it starts itself as another
// process: by name, with a path. What they return is printed.
var children = map[string]func(path string) error{"write": writeForever}

func child(name, path string) int {
	if err := children[name](path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

func startChild(t *testing.T, name, path string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Env = append(os.Environ(), "STORAGE_TEST_CHILD="+name, "STORAGE_TEST_PATH="+path,
		"GORACE=atexit_sleep_ms=0") // else a race-checked child waits a second at its end
	return cmd
}

// step takes a conversation from what stepped wants of n-1 to what it wants of
// n: one transaction that touches every bucket.
func step(tx *Tx, n uint64) error {
	seq := 3*n - 2
	c := direct(conv)
	c.Head = seq
	err := errors.Join(tx.PutConversation(c), tx.SetDraft(conv, strconv.FormatUint(n, 10)))
	_, err2 := tx.AddEntries(conv, me, seq, seq+1, []chat.Message{entry(seq, ana), entry(seq+1, "bo")})
	var err3 error
	if n > 1 {
		_, err3 = tx.Acknowledge(conv, waiting(n).ID, seq+2, day)
	} else {
		_, err3 = tx.AddEntries(conv, me, seq+2, seq+2, []chat.Message{entry(seq+2, me)})
	}
	_, err4 := tx.PutAct(Act{Kind: "send", Conversation: conv, Message: waiting(n + 1).ID})
	transfer := chat.Transfer{ID: chat.TransferID(fmt.Sprint("t", n)), Conversation: conv, Message: waiting(n + 1).ID, Created: day, Offset: int64(n)}
	return errors.Join(err, err2, err3, tx.AddPending(waiting(n+1)), err4, tx.DeleteAct(n-1), tx.PutTransfer(transfer))
}

// waiting is the message that step n acknowledges, and that the step before wrote.
func waiting(n uint64) chat.Message {
	m := entry(0, me)
	m.ID = chat.MessageID(fmt.Sprint("waiting ", n))
	return m
}

// stepped checks that exactly n steps were made.
func stepped(t *testing.T, db *DB, n uint64) {
	t.Helper()
	view(t, db, func(tx *Tx) error {
		c, _, err := tx.Conversation(conv)
		if c.Head != 3*n || c.Unread != int(2*n) || c.Draft != strconv.FormatUint(n, 10) || c.Last == nil || c.Last.ID != waiting(n+1).ID {
			t.Errorf("after %d steps: %+v", n, c)
		}
		same(t, "held", c.Held, chat.Ranges{{From: 1, To: 3 * n}})
		page, err2 := tx.Messages(conv, 0, int(3*n)+10)
		if len(page) != int(3*n)+1 {
			t.Errorf("%d messages after %d steps", len(page), n)
		}
		for i, m := range page[:len(page)-1] {
			if m.Seq != uint64(i+1) {
				t.Errorf("message %d stands at %d", m.Seq, i+1)
			}
		}
		acts, err3 := tx.Acts(0, 10)
		same(t, "outbox", acts, []Act{{N: n, Kind: "send", Conversation: conv, Message: waiting(n + 1).ID}})
		transfer, _, err4 := tx.TransferOf(conv, waiting(n+1).ID)
		if transfer.Offset != int64(n) {
			t.Errorf("transfer of step %d: %+v", n, transfer)
		}
		for err := range tx.bolt.Check() {
			t.Error(err)
		}
		return errors.Join(err, err2, err3, err4)
	})
}

// writeForever makes one step after another and prints the number of each that is on disk.
func writeForever(path string) error {
	db, err := Open(path)
	if err != nil {
		return err
	}
	var n uint64
	err = db.View(func(tx *Tx) error {
		c, _, err := tx.Conversation(conv)
		n = c.Head / 3
		return err
	})
	if err != nil {
		return err
	}
	for {
		n++
		if err := db.Update(func(tx *Tx) error { return step(tx, n) }); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// Killed at any moment, all that was reported as kept is there, and nothing of
// what was not finished.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cache.db")
	var n uint64
	for round := range 12 {
		cmd := startChild(t, "write", path)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// Some steps first, and then any moment within a few more.
		lines := bufio.NewScanner(out)
		for i := rand.IntN(10); round > 0 && i > 0 && lines.Scan(); i-- {
			n, _ = strconv.ParseUint(lines.Text(), 10, 64)
		}
		kill := time.AfterFunc(time.Duration(rand.Int64N(int64(20*time.Millisecond))), func() { cmd.Process.Kill() })
		for lines.Scan() {
			n, _ = strconv.ParseUint(lines.Text(), 10, 64)
		}
		cmd.Wait()
		if kill.Stop() {
			t.Fatal("the child ended by itself")
		}
		db := open(t, path)
		var head uint64
		view(t, db, func(tx *Tx) error {
			c, _, err := tx.Conversation(conv)
			head = c.Head
			return err
		})
		if head != 3*n && head != 3*n+3 { // one more may be on disk without having been told
			t.Fatalf("round %d: %d steps were kept, the head is %d", round, n, head)
		}
		if n = head / 3; n > 0 {
			stepped(t, db, n)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Log(n, "steps")
}
