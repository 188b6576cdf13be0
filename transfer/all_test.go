package transfer

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"satchel/chat"
)

// Ten thousand files at once all arrive; make test sends three hundred of them.
// The queue is saved in batches where all are meant, and pausing is durable.
func TestManyFiles(t *testing.T) {
	many := 300
	if os.Getenv("SATCHEL_FAULTS") != "" {
		many = 10000
	}
	s := newServer(t, true)
	j := openJournal("")
	b := start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	dir := t.TempDir()
	b.PauseAll() // of none
	b.SetOnline(false)
	all := make([]chat.TransferID, many)
	for i := range all {
		path := filepath.Join(dir, fmt.Sprint(i))
		if err := os.WriteFile(path, []byte(fmt.Sprintf("file %d", i)), 0o600); err != nil {
			t.Fatal(err)
		}
		all[i] = b.queue(uploadOf(t, path))
	}
	b.state(all[many-1], chat.TransferWaiting)
	b.PauseAll()
	b.state(all[many-1], chat.TransferPaused)
	for _, id := range all {
		if state := j.get(id).State; state != chat.TransferPaused {
			t.Fatalf("%s is %v on disk", id, state)
		}
	}
	b.SetOnline(true)
	b.ResumeThese(all[many-1:])
	b.done(all[many-1])
	if state := j.get(all[0]).State; state != chat.TransferPaused {
		t.Errorf("one of those that were to stay is %v", state)
	}
	b.ResumeAll()
	for i, id := range all {
		b.done(id)
		if want := fmt.Sprintf("file %d", i); string(s.opened(t, j.get(id).File)) != want {
			t.Fatalf("%s is not %q at the server", id, want)
		}
	}
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	t.Logf("%d files; the heap has %d MiB", many, mem.HeapAlloc>>20)
}

// What a person puts first goes first, then what is on the screen; the open
// conversation has every second turn, and no server has all workers.
func TestLanesOrder(t *testing.T) {
	l := newLanes(2, 10)
	add := func(name, conversation string, front int64, seen bool, url string) *entry {
		en := &entry{seen: seen, t: chat.Transfer{ID: chat.TransferID(name), Conversation: chat.ConversationID(conversation), Front: front}}
		if url != "" {
			en.t.Direction, en.t.File.URL = chat.Download, url
		}
		l.push(en)
		return en
	}
	add("a1", "a", 0, false, "")
	add("b1", "b", 0, false, "")
	add("c1", "c", 0, false, "")
	add("c2", "c", 0, false, "")
	add("seen", "a", 0, true, "")
	add("old", "a", 1, false, "")
	add("new", "b", 2, false, "")
	later := add("later", "b", 0, false, "")
	later.t.Front = 3
	l.hurry(later)
	l.focus = "c"
	for _, want := range []string{"later", "new", "old", "seen", "c1", "b1", "c2", "a1"} {
		en := l.pop()
		if en == nil || string(en.t.ID) != want {
			t.Fatalf("got %v, want %s", en, want)
		}
		l.done(en)
	}
	if !l.empty() || l.pop() != nil {
		t.Error("somebody is left")
	}
	first := add("x1", "a", 0, false, "https://store.example/1")
	add("x2", "a", 0, false, "https://store.example/2")
	add("relay", "a", 0, false, "/files/1")
	if en := l.pop(); en != first {
		t.Fatal("the first does not go")
	}
	if en := l.pop(); en == nil || en.t.ID != "relay" {
		t.Fatalf("%v goes, though its server has enough", en)
	}
	l.resize(4)
	if en := l.pop(); en == nil || en.t.ID != "x2" {
		t.Fatalf("%v goes", en)
	}
	// A worker is given back to the server that had it, also when a new link leads elsewhere.
	first.t.File.URL = "https://other.example/1"
	l.done(first)
	if len(l.hosts) != 1 || l.hosts["store.example"] != 1 {
		t.Errorf("servers have %v", l.hosts)
	}
}

// Who was stopped and goes on has the place that it had: messages of later files wait for its own.
func TestLanesOldestFirst(t *testing.T) {
	l := newLanes(2, 10)
	var all []*entry
	for i := range 5 {
		en := &entry{t: chat.Transfer{ID: chat.TransferID(fmt.Sprint(9 - i)), Created: time.Unix(int64(i/2), 0), Nth: i}}
		all = append(all, en)
		l.push(en)
	}
	for _, en := range []*entry{l.pop(), l.pop()} { // two that move are paused,
		l.done(en)
	}
	l.push(all[1]) // and go on, the second one first
	l.push(all[0])
	all[3].ticket++ // one in the middle is paused,
	l.push(all[3])  // and goes on
	for i, want := range all {
		en := l.pop()
		if en != want {
			t.Fatalf("%v goes as number %d", en, i)
		}
		l.done(en)
	}
	if !l.empty() {
		t.Error("somebody is left")
	}
}

// A store that can't be reached keeps away those who go there, and nobody else.
func TestGates(t *testing.T) {
	l := newLanes(4, 10)
	up := func(name, store string) {
		l.push(&entry{t: chat.Transfer{ID: chat.TransferID(name), Store: store}})
	}
	up("a", "cloud")
	up("b", "cloud")
	up("c", "")
	l.push(&entry{t: chat.Transfer{ID: "d", Direction: chat.Download, File: chat.File{URL: "https://store.example/1"}}})
	en := l.pop()
	l.done(en)
	if en.t.ID != "a" {
		t.Fatalf("%s goes first", en.t.ID)
	}
	l.shut(en.host, time.Hour, time.Hour)
	for _, want := range []chat.TransferID{"c", "d"} {
		if en := l.pop(); en == nil || en.t.ID != want {
			t.Fatalf("%v goes, want %s", en, want)
		}
	}
	if en := l.pop(); en != nil || !l.empty() || l.opens(time.Now()).IsZero() {
		t.Fatalf("%v goes to where nobody is", en)
	}
	l.open("cloud")
	if en := l.pop(); en == nil || en.t.ID != "b" || !l.opens(time.Now()).IsZero() {
		t.Fatalf("%v goes", en)
	}
}

// A limit holds bytes up, and is changed while somebody waits for it.
func TestLimits(t *testing.T) {
	var c caps
	c.set(Limits{Up: 1})
	c.wait(t.Context(), chat.Download, 1<<30) // the other direction
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		c.wait(t.Context(), chat.Upload, 1<<30)
	}()
	select {
	case <-gone:
		t.Error("a gigabyte went at a byte a second")
	case <-time.After(50 * time.Millisecond):
	}
	c.set(Limits{})
	<-gone
	for l, want := range map[Limits]int{{}: 4, {Workers: 1}: 2, {Workers: 9}: 9} {
		if l.workers() != want {
			t.Errorf("%v: %d workers", l, l.workers())
		}
	}
}

// Front is durable, and goes before what was there first.
func TestFront(t *testing.T) {
	s := newServer(t, true)
	j := openJournal("")
	b := start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	b.SetOnline(false)
	id := b.queue(uploadOf(t, write(t, "a.bin", random(10))))
	b.state(id, chat.TransferWaiting)
	if err := b.Front("nobody"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if err := b.Front(id); err != nil {
		t.Fatal(err)
	}
	b.SetOnline(true)
	b.done(id)
	if j.get(id).Front == 0 {
		t.Error("it is not on disk who goes first")
	}
}
