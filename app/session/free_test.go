package session

import (
	"errors"
	"os"
	"testing"

	"satchel/chat"
)

// Downloaded files make room and come back by a click. What can't come back, is in
// use, or was changed stays.
func TestFree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv, self := mara.direct("João"), joao.direct("self")
	if err := joao.Close(); err != nil {
		t.Fatal(err)
	}
	joao.openWith(func(s *Session) { s.fresh, s.tidyRest = 0, 0 })
	folder := t.TempDir()
	mara.keeps(shareAs(t, "team", folder), nil, true)
	joao.keeps(shareAs(t, "team", folder), nil, false)
	var sent []chat.Message
	for i, name := range []string{"a.bin", "b.bin", "c.bin", "d.bin"} {
		path, _ := source(t, name, 100<<10+i)
		sent = append(sent, mara.sends(conv, path))
		joao.fetches(conv, sent[i].ID)
	}
	if err := joao.Forward(joao.bounded(), conv, []chat.MessageID{sent[0].ID}, self); err != nil {
		t.Fatal(err)
	}
	page, _ := joao.Messages(self, 0, 10)
	joao.flushed(page[0])
	joao.fetches(self, page[0].ID) // the same file, in two conversations

	room, err := joao.Room()
	if err != nil || len(room.Held) != 4 || room.Files != 4*(100<<10)+6 || room.Other != 0 || room.Messages == 0 {
		t.Fatalf("%+v, %v", room, err)
	}
	if err := os.WriteFile(joao.Path(conv, sent[1].ID), make([]byte, 100<<10+1), 0o600); err != nil { // changed, as large as before
		t.Fatal(err)
	}
	if err := os.Remove(folder + "/" + baseOf(sent[2].Content.File.URL)); err != nil { // the only one is here
		t.Fatal(err)
	}
	if freed, err := joao.Free(joao.bounded(), Choice{Kind: RoomPictures}); err != nil || freed != (Freed{}) {
		t.Errorf("%+v, %v", freed, err)
	}
	first := joao.Path(conv, sent[0].ID)
	freed, err := joao.Free(joao.bounded(), Choice{Conversation: conv})
	if err != nil || freed != (Freed{Files: 1, Bytes: 100<<10 + 3, Last: 2}) {
		t.Errorf("%+v, %v", freed, err)
	}
	for i, here := range []bool{false, true, true, false} {
		if got := joao.Path(conv, sent[i].ID) != ""; got != here {
			t.Errorf("file %d is here: %v", i, got)
		}
	}
	if joao.Path(self, page[0].ID) != first {
		t.Error("the other conversation lost its file")
	}
	if got := sumOf(t, joao.fetches(conv, sent[3].ID)); got != sent[3].Content.File.SHA256 {
		t.Error("what came back differs")
	}
	if joao.fetches(conv, sent[0].ID) != first {
		t.Error("what was here was fetched again")
	}

	// What is not here any more is forwarded all the same.
	if _, err := joao.Free(joao.bounded(), Choice{Conversation: conv}); err != nil || joao.Path(conv, sent[3].ID) != "" {
		t.Errorf("it stays: %v", err)
	}
	if err := joao.Forward(joao.bounded(), conv, []chat.MessageID{sent[3].ID}, self); err != nil {
		t.Fatal(err)
	}
	page, _ = joao.Messages(self, 0, 10)
	if got := sumOf(t, joao.fetches(self, joao.flushed(page[1])[0].ID)); got != sent[3].Content.File.SHA256 {
		t.Error("what was forwarded differs")
	}
	joao.fetches(conv, sent[3].ID)
	joao.fetches(conv, sent[0].ID)

	// A budget: what was not opened for the longest time goes first.
	joao.Opened(conv, sent[0].ID)
	if err := joao.SetBudget(joao.bounded(), 350<<10); err != nil {
		t.Fatal(err)
	}
	joao.wait("room was made", func() bool { return joao.Path(conv, sent[3].ID) == "" })
	if joao.Path(conv, sent[0].ID) == "" {
		t.Error("what was opened last is gone")
	}
	if err := joao.SetBudget(joao.bounded(), 0); err != nil {
		t.Fatal(err)
	}

	// Without the relay nobody knows whether its files could come back.
	if err := mara.UseRelay(mara.bounded()); err != nil {
		t.Fatal(err)
	}
	path, _ := source(t, "relay.bin", 1000)
	m := mara.sends(conv, path)
	joao.fetches(conv, m.ID)
	w.stop()
	joao.wait("down", func() bool { return joao.Connection().State != chat.Connected })
	if _, err := joao.Free(joao.bounded(), Choice{}); !errors.Is(err, ErrCantSee) || joao.Path(conv, m.ID) == "" {
		t.Errorf("%v", err)
	}
	if left := filesIn(t, joao.partsFolder()); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func baseOf(address string) string { return address[len("dir://team/"):] }
