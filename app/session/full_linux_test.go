package session

import (
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"satchel/chat"
	"satchel/net/link"
	"satchel/storage"
)

// On a full disk what can't be kept is refused with a sentence, along with
// nothing else; what the relay sent comes again when there is room.
func TestFullDisk(t *testing.T) {
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	mara.flushed(mara.say(conv, "before"))

	// No file of this process may grow beyond this: for a file it is a full disk.
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	signal.Ignore(syscall.SIGXFSZ)
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 2 << 20, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		err := mara.SetDraft(conv, strings.Repeat("x", 4<<20))
		if err == nil || !strings.Contains(err.Error(), "disk is full") {
			t.Errorf("%.200v", err)
		}
	})
	sent := make([]chat.Message, 10)
	send := func(i int) error {
		m, err := mara.Send(mara.bounded(), conv, chat.Content{Text: strconv.Itoa(i)})
		sent[i] = m
		return err
	}
	refused := make([]bool, len(sent))
	for i := range sent { // in the same turns as the draft; there may be room for them, or not
		wg.Go(func() {
			err := send(i)
			refused[i] = err != nil
			if err != nil && !strings.Contains(err.Error(), "disk is full") {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
	signal.Reset(syscall.SIGXFSZ)
	if err != nil {
		t.Fatal(err)
	}
	for i := range sent {
		if refused[i] {
			if err := send(i); err != nil {
				t.Fatal(err)
			}
		}
	}
	mara.flushed(sent...)
	joao.wait("all", func() bool { return len(joao.texts(conv)) == 11 })

	// What the relay sent and could not be kept: said, and fetched again.
	changes, stop := joao.Subscribe()
	defer stop()
	linked{link.Received{}, joao.Session}.settle(storage.ErrFull)
	said, down, up := false, false, false
	for !said || !down || !up {
		select {
		case batch := <-changes:
			for _, change := range batch {
				switch c := change.(type) {
				case chat.Notice:
					said = said || strings.Contains(c.Text, "disk is full")
				case chat.ConnectionChanged:
					down = down || c.State == chat.Disconnected || c.State == chat.Connecting
					up = up || down && c.State == chat.Connected
				}
			}
		case <-joao.bounded().Done():
			t.Fatal(said, down, up)
		}
	}
	mara.flushed(mara.say(conv, "after"))
	joao.wait("the last", func() bool { return len(joao.texts(conv)) == 12 })
}
