package transfer

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"satchel/chat"
)

// childVariable makes the test program run an engine, as another process: one
// that can be killed, or that meets a full disk.
const childVariable = "TRANSFER_TEST_CHILD"

type order struct {
	Server  string
	Journal string
	Folder  string
	Limit   uint64 // bytes that a file may have; 0: any
}

// child runs what is in the journal, and prints every state.
func child(text string) int {
	var o order
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		return 2
	}
	if o.Limit > 0 {
		signal.Ignore(syscall.SIGXFSZ)
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &unix.Rlimit{Cur: o.Limit, Max: o.Limit}); err != nil {
			return 2
		}
	}
	tickets := func(_ context.Context, r TicketRequest) (Ticket, error) {
		id := r.File[strings.LastIndexByte(r.File, '/')+1:]
		return Ticket{URL: o.Server + "/files/" + id, Token: "first:" + id}, nil
	}
	r := NewRegistry("tus")
	r.Add("tus", NewTus(TusConfig{Chunk: testChunk, Tickets: tickets}), "")
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	last := chat.TransferState(99)
	e := New(Config{Journal: openJournal(o.Journal), Handlers: r, Folder: o.Folder, RetryFirst: 5 * time.Millisecond, Changed: func(t chat.Transfer) {
		if t.State != last {
			last = t.State
			fmt.Printf("%d %s\n", t.State, t.Reason)
		}
		if t.State.Ended() || t.State == chat.TransferFailed {
			cancel()
		}
	}})
	if e.Run(ctx) != nil {
		return 1
	}
	return 0
}

func startChild(t *testing.T, o order) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), os.Args[0])
	c.Env = append(os.Environ(), childVariable+"="+string(text))
	c.Stderr = os.Stderr
	out, err := c.StdoutPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return c, bufio.NewScanner(out)
}

// TestKilled kills the program again and again, at any byte, and counts what went.
func TestKilled(t *testing.T) {
	t.Parallel()
	for _, direction := range []chat.Direction{chat.Upload, chat.Download} {
		t.Run(direction.String(), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, true)
			data := random(24 << 20)
			kill := make(chan struct{}, 1)
			// The connection tells when so many bytes passed; then the child dies.
			points := []int64{1 << 10, 5<<20 + 77777, 9<<20 + 13, 3 << 20, 0}
			var at atomic.Int64
			passed := func(total int64) {
				if i := at.Load(); points[i] > 0 && total >= points[i] {
					select {
					case kill <- struct{}{}:
					default:
					}
				}
			}
			p := newProxy(t, s.URL, func() int64 { return 0 }, passed)
			transfer := uploadOf(t, write(t, "a.bin", data))
			if direction == chat.Download {
				transfer = downloadOf(s.put(t, "a.bin", data))
			}
			o := order{Server: p.url(), Journal: filepath.Join(t.TempDir(), "journal"), Folder: t.TempDir()}
			if err := openJournal(o.Journal).Save(transfer); err != nil {
				t.Fatal(err)
			}
			for i := range points {
				at.Store(int64(i))
				p.restart()
				c, lines := startChild(t, o)
				ended := make(chan struct{})
				go func() {
					for lines.Scan() {
					}
					close(ended)
				}()
				select {
				case <-kill:
					if err := c.Process.Kill(); err != nil {
						t.Fatal(err)
					}
				case <-ended:
				case <-time.After(60 * time.Second):
					t.Error("the child hangs")
					_ = c.Process.Kill()
				}
				<-ended
				_ = c.Wait()
				select {
				case <-kill:
				default:
				}
			}
			j := openJournal(o.Journal).get(transfer.ID)
			if j.State != chat.TransferDone {
				t.Fatalf("%v: %s", j.State, j.Reason)
			}
			total, kills := p.up.Load(), int64(len(points)-1)
			if direction == chat.Download {
				total = p.down.Load()
				on, err := os.ReadFile(j.Path)
				if err != nil || !bytes.Equal(on, data) {
					t.Errorf("what arrived differs: %v", err)
				}
			} else if !bytes.Equal(s.opened(t, j.File), data) {
				t.Error("the server has something else")
			}
			if twice := total - int64(len(data)); twice >= kills*testChunk {
				t.Errorf("%d bytes went twice, with %d kills and chunks of %d", twice, kills, testChunk)
			} else {
				t.Logf("%d bytes went beside %d, with %d kills", twice, len(data), kills)
			}
		})
	}
}

// The disk takes no more: one sentence, the part stays, and with room it goes on.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	data := random(4 << 20)
	transfer := downloadOf(s.put(t, "a.bin", data))
	o := order{Server: s.URL, Journal: filepath.Join(t.TempDir(), "journal"), Folder: t.TempDir(), Limit: 2 << 20}
	if err := openJournal(o.Journal).Save(transfer); err != nil {
		t.Fatal(err)
	}
	c, lines := startChild(t, o)
	var last string
	for lines.Scan() {
		last = lines.Text()
	}
	if err := c.Wait(); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(last, fmt.Sprint(int(chat.TransferFailed))+" This disk can't hold") {
		t.Fatalf("it ended with %q", last)
	}
	part := filepath.Join(o.Folder, "parts", string(transfer.ID)+".part")
	if info, err := os.Stat(part); err != nil || info.Size() != 2<<20 {
		t.Errorf("the part: %v, %v", info, err)
	}
	b := start(t, openJournal(o.Journal), NewTus(TusConfig{Tickets: s.issue(s.URL)}), func(c *Config) { c.Folder = o.Folder })
	if err := b.waitKnown(transfer.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.Resume(transfer.ID); err != nil {
		t.Fatal(err)
	}
	b.arrivedAs(transfer.ID, "a.bin", data)
}
