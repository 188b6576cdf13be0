package session

import (
	"os"
	"path/filepath"
	"testing"

	"satchel/chat"
	"satchel/net/seal"
)

// Files of new messages come by themselves as the settings say; what was paused
// stays so, and what is done is remembered, after a restart too.
func TestDownloadsByThemselves(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	send := func(name string, n int) chat.MessageID {
		path, _ := source(t, name, n)
		sent, err := mara.SendFiles(mara.bounded(), conv, []string{path}, chat.Content{})
		if err != nil {
			t.Fatal(err)
		}
		mara.flushed(sent...)
		joao.wait("the message", func() bool {
			_, ok, _ := joao.Message(conv, sent[0].ID)
			return ok
		})
		return sent[0].ID
	}
	here := func(id chat.MessageID) bool { return joao.Path(conv, id) != "" }
	set := func(change func(*Downloads)) {
		d := joao.Downloads()
		change(&d)
		if err := joao.SetDownloads(joao.bounded(), d); err != nil {
			t.Fatal(err)
		}
	}
	first := send("nobody.bin", 10)
	set(func(d *Downloads) { d.From, d.UpTo = FromKnown, 1000 })
	stranger := send("stranger.bin", 20)
	joao.flushed(joao.say(conv, "Who is it?"))
	known := send("known.bin", 30)
	large := send("large.bin", 2000)
	set(func(d *Downloads) { d.From, d.Others = FromAnybody, false })
	other := send("other.bin", 40)
	set(func(d *Downloads) { d.Others, d.Up, d.Down, d.AtOnce = true, LeastCap, LeastCap, 8 })
	last := send("last.bin", 50)
	joao.wait("what comes by itself", func() bool { return here(known) && here(last) })
	for _, id := range []chat.MessageID{first, stranger, large, other} {
		if _, ok := joao.TransferOf(conv, id); ok {
			t.Errorf("%s came by itself", id)
		}
	}
	before := joao.Downloads()
	joao.again()
	if got := joao.Downloads(); got != before {
		t.Errorf("%+v, it was %+v", got, before)
	}
	done, err := joao.TransfersDone(joao.row(conv).Created)
	if err != nil || len(done) != 2 || done[0].Message != last || done[1].Message != known {
		t.Errorf("done: %v, %v", done, err)
	}
	for _, d := range []Downloads{{}, {From: FromKnown, AtOnce: 1}, {From: FromKnown, AtOnce: 2, Up: 1}, {From: FromKnown, AtOnce: 99}, {From: FromKnown, AtOnce: 4, UpTo: -1}} {
		if err := joao.SetDownloads(joao.bounded(), d); !isRefusal(err) {
			t.Errorf("%+v: %v", d, err)
		}
	}
}

// What is too large for the relay only once it is sealed is not begun.
func TestMostPlain(t *testing.T) {
	t.Parallel()
	for _, limit := range []int64{1, 15, 16, 17, 100, seal.ChunkSize, seal.ChunkSize + 15, seal.ChunkSize + 16, seal.ChunkSize + 17, 2 << 30, 12345678} {
		plain := mostPlain(limit)
		if plain > 0 && seal.SealedSize(plain) > limit || limit >= 16 && seal.SealedSize(plain+1) <= limit {
			t.Errorf("%d bytes are the most for %d sealed ones", plain, limit)
		}
	}
	if mostPlain(0) != 0 {
		t.Error("no limit is one")
	}
}

// All there are stop, go on and end with one word each; stopping survives a restart.
func TestAllTransfers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara := w.person("Mara")
	conv := mara.direct("Mara")
	if err := mara.SetDownloads(mara.bounded(), Downloads{From: FromNobody, AtOnce: 2, Up: LeastCap}); err != nil {
		t.Fatal(err)
	}
	dir, paths := t.TempDir(), []string(nil)
	for _, name := range []string{"a", "b", "c", "d"} {
		paths = append(paths, filepath.Join(dir, name))
		if err := os.WriteFile(paths[len(paths)-1], make([]byte, 4<<20), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	sent, err := mara.SendFiles(mara.bounded(), conv, paths, chat.Content{})
	if err != nil {
		t.Fatal(err)
	}
	all := func(is func(chat.TransferState) bool) func() bool {
		return func() bool {
			for _, m := range sent {
				if tr, ok := mara.TransferOf(conv, m.ID); !ok || !is(tr.State) {
					return false
				}
			}
			return true
		}
	}
	paused := all(func(s chat.TransferState) bool { return s == chat.TransferPaused })
	mara.PauseAllTransfers()
	mara.wait("all stand", paused)
	mara.again()
	if !paused() {
		t.Error("some go on after a restart")
	}
	mara.ResumeAllTransfers()
	mara.wait("all go on", all(func(s chat.TransferState) bool { return s != chat.TransferPaused }))
	mara.CancelAllTransfers()
	mara.wait("all are gone", func() bool {
		left, err := mara.Transfers()
		return err == nil && len(left) == 0
	})
}
