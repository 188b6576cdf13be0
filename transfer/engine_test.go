package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"satchel/chat"
	"satchel/net/seal"
)

// hold makes requests with bytes wait until they are let go.
type hold struct {
	big  chan struct{} // closed: bodies above 100 KiB go on
	busy atomic.Int64
}

func (h *hold) fault(w http.ResponseWriter, r *http.Request) bool {
	if r.Method == "PATCH" && r.ContentLength > 100<<10 {
		h.busy.Add(1)
		return ended(r, h.big)
	}
	return false
}

// ended waits for the channel, and tells whether the request was over before.
func ended(r *http.Request, until chan struct{}) bool {
	select {
	case <-until:
		return false
	case <-r.Context().Done():
		return true
	}
}

func TestSmallFilesDoNotWaitForBigOnes(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	h := &hold{big: make(chan struct{})}
	s.setFault(h.fault)
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), func(c *Config) { c.Small = 100 << 10 })
	big := write(t, "big", random(200<<10))
	var bigs []chat.TransferID
	for range 20 {
		bigs = append(bigs, b.queue(uploadOf(t, big)))
	}
	b.state(bigs[0], chat.TransferMoving)
	for range 30 { // while no big one gets anywhere
		b.done(b.queue(uploadOf(t, write(t, "small", random(10)))))
	}
	if n := h.busy.Load(); n > 3 {
		t.Errorf("%d big ones move at once", n)
	}
	close(h.big)
	for _, id := range bigs {
		b.done(id)
	}
}

func TestLanesTakeTurns(t *testing.T) {
	l := newLanes(4, 10)
	add := func(n int, conversation string, size int64, d chat.Direction) {
		for range n {
			l.push(&entry{t: chat.Transfer{Conversation: chat.ConversationID(conversation), Direction: d, File: chat.File{Size: size}}})
		}
	}
	add(3, "a", 100, chat.Upload)
	add(1, "b", 100, chat.Upload)
	add(1, "a", 100, chat.Download)
	add(9, "c", 1, chat.Upload)
	var order []string
	for {
		en := l.pop()
		if en == nil {
			if l.busy != [2]int{3, 1} && l.busy != [2]int{1, 3} {
				t.Errorf("busy %v", l.busy)
			}
			break
		}
		order = append(order, string(en.t.Conversation))
	}
	if got := strings.Join(order, ""); got != "ccca" {
		t.Errorf("first %s: both lanes must move", got)
	}
	l.busy = [2]int{3, 0}
	next := func() string { en := l.pop(); l.done(en); return string(en.t.Conversation) + en.t.Direction.String() }
	for _, want := range []string{"bupload", "adownload", "aupload", "aupload"} {
		if got := next(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	// Without big ones, small ones have all workers; a void place is passed over.
	l = newLanes(4, 10)
	add(5, "c", 1, chat.Upload)
	l.next(fast).ticket++
	for range 4 {
		if l.pop() == nil {
			t.Fatal("a worker is idle")
		}
	}
	if l.pop() != nil || !l.empty() {
		t.Error("too many")
	}
}

func TestPauseResumeCancel(t *testing.T) {
	s := newServer(t, true)
	h := &hold{big: make(chan struct{})}
	s.setFault(h.fault)
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
	data := random(3 * testChunk)
	path := write(t, "a.bin", data)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	moving := b.queue(uploadOf(t, path))
	b.state(moving, chat.TransferMoving)
	must(b.Pause(moving))
	must(b.Pause(moving))
	b.state(moving, chat.TransferPaused)
	if b.journal.get(moving).State != chat.TransferPaused {
		t.Error("the pause is not on disk")
	}
	must(b.Resume(moving))
	b.state(moving, chat.TransferMoving)
	must(b.Pause(moving)) // and changed their mind before it took effect
	must(b.Resume(moving))
	must(b.Resume(moving))
	b.PauseAll() // and so with all
	b.ResumeAll()

	gone := b.queue(uploadOf(t, path))
	b.state(gone, chat.TransferMoving)
	must(b.Cancel(gone))
	b.state(gone, chat.TransferCancelled)
	if err := b.Resume(gone); err == nil {
		t.Error("cancelled is for good")
	}
	close(h.big)
	up := b.done(moving)
	if !bytes.Equal(s.opened(t, up.File), data) {
		t.Error("the server has something else")
	}
	for _, f := range []func(chat.TransferID) error{b.Pause, b.Resume, b.Cancel} {
		if err := f("nobody"); !errors.Is(err, ErrUnknown) {
			t.Errorf("of an unknown one: %v", err)
		}
	}
	// A failed one can't be paused, but retried and cancelled.
	bad := uploadOf(t, path)
	bad.File.Size++
	id := b.queue(bad)
	b.failed(id, "changed after it was chosen")
	if err := b.Pause(id); !errors.Is(err, ErrNotNow) {
		t.Errorf("pause of a failed one: %v", err)
	}
	must(b.Cancel(id))
	b.state(id, chat.TransferCancelled)
	// What was cancelled is taken back from the server, too.
	b.stop()
	if _, err := os.Stat(filepath.Join(s.dir, string(gone))); !errors.Is(err, os.ErrNotExist) {
		t.Logf("the server sweeps %s itself: %v", gone, err)
	}
}

func TestCancelDownloadLeavesNothing(t *testing.T) {
	s := newServer(t, true)
	f := s.put(t, "a.bin", random(3*testChunk))
	stuck := make(chan struct{})
	third := seal.OpenedSize(f.Size, testChunk) / seal.ChunkSize * seal.ChunkSize
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.Header.Get("Range"), fmt.Sprintf("bytes=%d-", seal.SealedSize(third))) {
			return ended(r, stuck)
		}
		return false
	})
	defer close(stuck)
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
	id := b.queue(downloadOf(f))
	b.wait(id, "a third", func(t chat.Transfer) bool { return t.Offset == third })
	if err := b.Cancel(id); err != nil {
		t.Fatal(err)
	}
	b.state(id, chat.TransferCancelled)
	b.stop()
	if parts, _ := os.ReadDir(filepath.Join(b.folder, "parts")); len(parts) > 0 {
		t.Errorf("left behind: %v", parts)
	}
}

// Everybody presses everything at any time; in the end all arrives that was not cancelled.
func TestRaces(t *testing.T) {
	s := newServer(t, true)
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: 300 << 10, Tickets: s.issue(s.URL)}), nil)
	data := random(1 << 20)
	path := write(t, "a.bin", data)
	var ids []chat.TransferID
	for i := range 24 {
		if i%2 == 0 {
			ids = append(ids, b.queue(uploadOf(t, path)))
		} else {
			ids = append(ids, b.queue(downloadOf(s.put(t, fmt.Sprint(i), random(1<<20+i)))))
		}
	}
	var people sync.WaitGroup
	for p := range 4 {
		people.Go(func() {
			r := rand.New(rand.NewPCG(uint64(p), 1))
			for range 400 {
				id := ids[r.IntN(len(ids))]
				switch r.IntN(40) {
				case 0:
					b.SetOnline(r.IntN(3) > 0)
				case 1:
					_ = b.Cancel(ids[r.IntN(4)])
				default:
					if r.IntN(2) == 0 {
						_ = b.Pause(id)
					} else {
						_ = b.Resume(id)
					}
				}
				runtime.Gosched()
			}
		})
	}
	people.Wait()
	b.SetOnline(true)
	for i, id := range ids {
		if err := b.Resume(id); err != nil && !errors.Is(err, ErrUnknown) && !errors.Is(err, ErrNotNow) {
			t.Error(err)
		}
		got := b.wait(id, "over", func(t chat.Transfer) bool { return t.State.Ended() })
		if got.State == chat.TransferCancelled && i >= 4 {
			t.Errorf("%d was cancelled by nobody", i)
		}
		if saved := b.journal.get(id); saved.State != got.State {
			t.Errorf("%v on disk, %v announced", saved.State, got.State)
		}
		if got.State == chat.TransferDone && got.Direction == chat.Upload && !bytes.Equal(s.opened(t, got.File), data) {
			t.Error("the server has something else")
		}
	}
}

func TestOffline(t *testing.T) {
	s := newServer(t, true)
	j := openJournal("")
	b := start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	b.SetOnline(false)
	var ids []chat.TransferID
	for i := range 10 {
		ids = append(ids, b.queue(uploadOf(t, write(t, "a", random(i)))))
	}
	for _, id := range ids {
		sentence(t, b.state(id, chat.TransferWaiting).Reason)
	}
	if s.patch.Load() > 0 {
		t.Error("something moved")
	}
	b.SetOnline(true)
	for _, id := range ids {
		if got := b.done(id); got.Reason != "" {
			t.Errorf("a reason, though done: %q", got.Reason)
		}
	}
}

// The relay is down: nobody hammers at it, and all goes on when it is there.
func TestNobodyHammers(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	var asked atomic.Int64
	var up atomic.Bool
	issue := s.issue(s.URL)
	tickets := func(ctx context.Context, r TicketRequest) (Ticket, error) {
		asked.Add(1)
		if !up.Load() {
			return Ticket{}, errors.New("dial: refused")
		}
		return issue(ctx, r)
	}
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: tickets}), func(c *Config) { c.RetryFirst, c.RetryMax = time.Hour, time.Hour })
	path := write(t, "a", random(3))
	var ids []chat.TransferID
	for range 200 {
		ids = append(ids, b.queue(uploadOf(t, path)))
	}
	b.wait(ids[0], "waiting", func(t chat.Transfer) bool { return t.State == chat.TransferWaiting })
	up.Store(true)
	before := asked.Load()
	if before > 4 {
		t.Errorf("%d were refused at once", before)
	}
	b.SetOnline(true)
	for _, id := range ids {
		b.done(id)
	}
}

// Ten thousand at once: a bounded number of goroutines, and one save each.
func TestManyQueued(t *testing.T) {
	j := openJournal("")
	h := &instant{}
	b := start(t, j, h, nil)
	path := write(t, "a", random(3))
	one := uploadOf(t, path)
	one.File.MIME = "text/plain"
	before := runtime.NumGoroutine()
	var ids []chat.TransferID
	for i := range 2000 {
		one.ID, one.Conversation = chat.NewTransferID(), chat.ConversationID(fmt.Sprint(i%50))
		one.Created = time.UnixMilli(int64(i))
		ids = append(ids, b.queue(one))
	}
	if n := runtime.NumGoroutine() - before; n > 20 {
		t.Errorf("%d goroutines", n)
	}
	for _, id := range ids {
		b.done(id)
	}
	if h.most.Load() > 4 {
		t.Errorf("%d at once", h.most.Load())
	}
	if j.saves != 4000 { // queued by us, done by the engine
		t.Errorf("%d saves", j.saves)
	}
}

// instant is a store that takes everything at once.
type instant struct{ now, most atomic.Int64 }

func (h *instant) Upload(_ context.Context, r *UploadRequest) (UploadResult, error) {
	if n := h.now.Add(1); n > h.most.Load() {
		h.most.Store(n)
	}
	defer h.now.Add(-1)
	return UploadResult{URL: "x:" + string(r.ID)}, nil
}

func (h *instant) Download(context.Context, *DownloadRequest) error { return nil }

// One that fails never stops the others.
func TestOneFailureIsAlone(t *testing.T) {
	s := newServer(t, true)
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	var good, bad []chat.TransferID
	for i := range 40 {
		up := uploadOf(t, write(t, "a", random(i)))
		if i%2 == 0 {
			up.Path += ".gone"
			bad = append(bad, b.queue(up))
		} else {
			good = append(good, b.queue(up))
		}
	}
	for _, id := range good {
		b.done(id)
	}
	for _, id := range bad {
		b.failed(id, "no longer where it was")
	}
}

// What the journal has from before goes on, or stays as the person left it.
func TestRestart(t *testing.T) {
	s := newServer(t, true)
	j := openJournal("")
	data := random(5)
	path := write(t, "a", data)
	ids := map[chat.TransferState]chat.TransferID{}
	for st := chat.TransferQueued; st <= chat.TransferCancelled; st++ {
		up := uploadOf(t, path)
		up.State = st
		ids[st] = up.ID
		if err := j.Save(up); err != nil {
			t.Fatal(err)
		}
	}
	folder := t.TempDir()
	stray := filepath.Join(folder, "parts", "0123.part")
	if err := os.MkdirAll(filepath.Dir(stray), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(stray, data, 0o600); err != nil {
		t.Fatal(err)
	}
	b := start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), func(c *Config) { c.Folder = folder })
	for _, st := range []chat.TransferState{chat.TransferQueued, chat.TransferPreparing, chat.TransferMoving, chat.TransferFinishing, chat.TransferWaiting} {
		b.done(ids[st])
	}
	for _, st := range []chat.TransferState{chat.TransferPaused, chat.TransferFailed} {
		if len(b.states(ids[st])) > 0 {
			t.Errorf("%v moved by itself: %v", st, b.states(ids[st]))
		}
		if err := b.Resume(ids[st]); err != nil {
			t.Error(err)
		}
		b.done(ids[st])
	}
	if _, err := os.Stat(stray); !errors.Is(err, os.ErrNotExist) {
		t.Error("a part of nobody is kept")
	}
}

// Stopped under way: on disk it is still to be done, and nothing was announced that is not so.
func TestStopUnderWay(t *testing.T) {
	s := newServer(t, true)
	h := &hold{big: make(chan struct{})}
	s.setFault(h.fault)
	j := openJournal("")
	b := start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	data := random(200 << 10)
	id := b.queue(uploadOf(t, write(t, "a", data)))
	b.state(id, chat.TransferMoving)
	b.stop()
	if got := j.get(id).State; got.Ended() || got == chat.TransferFailed || got == chat.TransferWaiting {
		t.Errorf("%v on disk", got)
	}
	close(h.big)
	b = start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	b.done(id)
}

// What can't be saved is not done: it is tried again, and done once it is saved.
func TestJournalFails(t *testing.T) {
	s := newServer(t, true)
	j := openJournal("")
	b := start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	up := uploadOf(t, write(t, "a", random(9)))
	up.File.MIME = "text/plain"
	if err := j.Save(up); err != nil {
		t.Fatal(err)
	}
	j.setFail(unix.ENOSPC)
	b.Add(up)
	sentence(t, b.state(up.ID, chat.TransferWaiting).Reason)
	if slices.Contains(b.states(up.ID), chat.TransferDone) {
		t.Error("done, though not on disk")
	}
	j.setFail(nil)
	b.done(up.ID)
}

func TestProgress(t *testing.T) {
	s := newServer(t, true)
	var told atomic.Int64
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), func(c *Config) {
		changed := c.Changed
		c.Changed = func(t chat.Transfer) {
			if t.State == chat.TransferMoving {
				told.Add(1)
			}
			changed(t)
		}
	})
	id := b.queue(uploadOf(t, write(t, "a", random(4*testChunk))))
	began := time.Now()
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "PATCH" { // until its beginning is on the screen
			b.wait(id, "shown", func(t chat.Transfer) bool { return t.Offset > 0 || time.Since(began) > time.Second })
		}
		return false
	})
	b.done(id)
	if n := told.Load(); n > int64(time.Since(began)/tick)+2 {
		t.Errorf("told %d times in %v", n, time.Since(began))
	}
}

func TestRate(t *testing.T) {
	now := time.Now()
	r := newPace()
	r.time = now
	var got float64
	for i := range 100 {
		now = now.Add(100 * time.Millisecond)
		got = r.at(int64(i+1)*1000, now)
	}
	if got < 9900 || got > 10100 {
		t.Errorf("%f bytes a second, of 10000", got)
	}
	for range 200 { // stands still
		now = now.Add(100 * time.Millisecond)
		got = r.at(100000, now)
	}
	if got > 100 {
		t.Errorf("%f bytes a second, of 0", got)
	}
}

func TestBackOff(t *testing.T) {
	for n := range 100 {
		d := backOff(time.Second, time.Minute, n)
		whole := min(time.Minute, time.Second<<min(n, 20))
		if d < whole*3/4 || d > whole*5/4 {
			t.Errorf("try %d: %v", n, d)
		}
	}
}

func TestRegistry(t *testing.T) {
	b := start(t, openJournal(""), NewTus(TusConfig{Endpoint: "http://127.0.0.1:1/"}), nil)
	_, key := sealedOf(t, []byte("a"))
	f := chat.File{Name: "a", Size: 1, SHA256: sum(nil), Key: key}
	for _, c := range []struct{ url, reason string }{{"", "does not say where"}, {"ftp://a/b", "newer one may"}, {"http://a b", "does not say where"}} {
		f.URL = c.url
		b.failed(b.queue(downloadOf(f)), c.reason)
	}
	e := New(Config{Journal: openJournal(""), Handlers: NewRegistry("none")})
	if _, err := e.cfg.Handlers.forUpload(""); err == nil {
		t.Error("a handler that nobody added")
	}
}

// Any tus server, which gives its own names: an upload goes on where it was, in
// another run of the program.
func TestPlaceOutlivesTheProgram(t *testing.T) {
	s := newServer(t, false)
	stuck := make(chan struct{})
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == "PATCH" && r.Header.Get("Upload-Offset") != "0" && ended(r, stuck)
	})
	j := openJournal("")
	h := func() Handler { return NewTus(TusConfig{Chunk: testChunk, Endpoint: s.URL + "/files/"}) }
	b := start(t, j, h(), nil)
	data := random(3 * testChunk)
	id := b.queue(uploadOf(t, write(t, "a.bin", data)))
	b.wait(id, "a third", func(t chat.Transfer) bool { return t.Offset >= testChunk })
	folder := b.folder
	b.stop()
	close(stuck)
	place := j.get(id).Place
	if !strings.HasPrefix(place, "/files/") {
		t.Fatalf("the place is %q", place)
	}
	b = start(t, j, h(), func(c *Config) { c.Folder = folder })
	up := b.done(id)
	if up.File.URL != s.URL+place || !bytes.Equal(s.opened(t, up.File), data) || s.gone.Load() >= int64(len(data))+testChunk {
		t.Errorf("%s, %d bytes went", up.File.URL, s.gone.Load())
	}
}

// A picture gets its thumbnail before it moves, whatever its name says; and once.
func TestPreparedPicture(t *testing.T) {
	s := newServer(t, true)
	j := openJournal("")
	b := start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	up := uploadOf(t, write(t, "a.txt", photo(t, 40, 30)))
	up.File.MIME = "text/plain"
	id := b.queue(up)
	moving := b.wait(id, "moving", func(t chat.Transfer) bool { return t.State >= chat.TransferMoving })
	done := b.done(id)
	for _, f := range []chat.File{moving.File, done.File, j.get(id).File} {
		if f.MIME != "image/png" || !f.IsPicture() || f.Width != 40 || f.Height != 30 || len(f.Placeholder) == 0 {
			t.Errorf("%+v", f)
		}
	}
	// A name that promises a type that the bytes don't contradict keeps it.
	up = uploadOf(t, write(t, "a.mp3", []byte{0, 1, 2, 3}))
	up.File.MIME = "audio/mpeg"
	if got := b.done(b.queue(up)); got.File.MIME != "audio/mpeg" {
		t.Errorf("it became %s", got.File.MIME)
	}
}

// What the table does not know is refused, everywhere.
func TestImpossibleEvents(t *testing.T) {
	var told int
	j := openJournal("")
	e := New(Config{Journal: j, Handlers: NewRegistry(""), Changed: func(chat.Transfer) { told++ }})
	for s := chat.TransferQueued; s <= chat.TransferCancelled; s++ {
		for ev := chat.EventStart; ev <= chat.EventRestart; ev++ {
			en := &entry{t: chat.Transfer{ID: "x", State: s}}
			want, ok := s.Next(ev)
			told, j.saves = 0, 0
			err := e.step(en, ev, true, nil)
			if ok && (err != nil || en.t.State != want || told != 1 || j.saves != 1) || !ok && (err == nil || en.t.State != s || told+j.saves > 0) {
				t.Errorf("%v on %v: %v, %v", s, ev, en.t.State, err)
			}
		}
	}
}

// A handler's own trouble with a context is no interruption of ours.
func TestForeignCancellation(t *testing.T) {
	s := newServer(t, true)
	issue, first := s.issue(s.URL), atomic.Bool{}
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: func(ctx context.Context, r TicketRequest) (Ticket, error) {
		if first.CompareAndSwap(false, true) {
			return Ticket{}, context.Canceled
		}
		return issue(ctx, r)
	}}), nil)
	id := b.queue(uploadOf(t, write(t, "a", random(3))))
	b.done(id)
	if !slices.Contains(b.states(id), chat.TransferWaiting) {
		t.Errorf("%v", b.states(id))
	}
}
