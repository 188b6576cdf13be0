package session

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"satchel/chat"
)

// names are those of the files in the order of the log.
func (p *person) names(conv chat.ConversationID) (all []string) {
	p.t.Helper()
	page, err := p.Messages(conv, 0, 1000)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, m := range page {
		if m.Content.File != nil && m.Seq > 0 {
			all = append(all, m.Content.File.Name)
		}
	}
	return all
}

// Files that were sent together arrive in the order in which they were given,
// however long each takes; one that can't be read holds no other.
func TestFilesKeepTheirOrder(t *testing.T) {
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	var paths, want []string
	dir := t.TempDir()
	for i := range 12 {
		name := fmt.Sprintf("%02d.bin", i)
		paths, want = append(paths, filepath.Join(dir, name)), append(want, name)
		if err := os.WriteFile(paths[i], make([]byte, (12-i)*70_000), 0o600); err != nil { // the longest first
			t.Fatal(err)
		}
	}
	sent, err := mara.SendFiles(mara.bounded(), conv, paths, chat.Content{})
	if err != nil {
		t.Fatal(err)
	}
	mara.flushed(sent...)
	joao.wait("all", func() bool { return len(joao.names(conv)) == len(want) })
	if got := joao.names(conv); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}

	// The first stands still: the others go, and it comes when it can.
	first, second := filepath.Join(dir, "paused.bin"), filepath.Join(dir, "next.bin")
	for _, path := range []string{first, second} {
		if err := os.WriteFile(path, []byte(path), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	w.stop()
	sent, err = mara.SendFiles(mara.bounded(), conv, []string{first, second}, chat.Content{})
	if err != nil {
		t.Fatal(err)
	}
	tr, _ := mara.TransferOf(conv, sent[0].ID)
	if err := mara.PauseTransfer(tr.ID); err != nil {
		t.Fatal(err)
	}
	w.start()
	mara.flushed(sent[1])
	if err := mara.ResumeTransfer(tr.ID); err != nil {
		t.Fatal(err)
	}
	mara.flushed(sent[0])
	joao.wait("both", func() bool { return len(joao.names(conv)) == len(want)+2 })
	if got := joao.names(conv)[len(want):]; !slices.Equal(got, []string{"next.bin", "paused.bin"}) {
		t.Errorf("%v", got)
	}
}

// What holds what: by size, by whether it moves, and never the one that is later.
func TestBatchOrder(t *testing.T) {
	var b batches
	up := func(nth int, size int64, state chat.TransferState) *chat.Transfer {
		return &chat.Transfer{Batch: "b", Nth: nth, File: chat.File{Size: size}, State: state}
	}
	b.note(up(0, 8<<30, chat.TransferMoving))
	b.note(up(1, 3<<20, chat.TransferQueued))
	for _, c := range []struct {
		nth  int
		size int64
		held bool
	}{
		{2, 20 << 10, false}, {2, 1 << 20, false}, {2, 2 << 20, true}, {2, 5 << 30, true}, {0, 5 << 30, false}, {1, 20 << 10, false},
	} {
		if held := b.before("b", c.nth, c.size, nil); held != c.held {
			t.Errorf("%+v: %v", c, held)
		}
	}
	if b.before("b", 2, 2<<20, map[int]bool{1: true}) {
		t.Error("it rests since this turn")
	}
	b.note(up(1, 3<<20, chat.TransferFailed))
	if b.before("b", 2, 2<<20, nil) || b.before("other", 2, 2<<20, nil) {
		t.Error("it rests")
	}
	b.note(up(0, 8<<30, chat.TransferDone))
	if len(b.open) != 0 {
		t.Errorf("%v is left", b.open)
	}
}
