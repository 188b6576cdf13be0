package session

import (
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/relay"
)

// A file that the relay keeps no more is sent again by who sent it, when somebody wants
// it, to all of the conversation; a forwarded copy, too, by who forwarded it or by the
// first author. What is not there any more is waited for, and said so.
func TestSentAgain(t *testing.T) {
	t.Parallel()
	w := &world{t: t, dir: t.TempDir(), addr: "127.0.0.1:0", keep: relay.Retention{Files: time.Hour}}
	w.start()
	t.Cleanup(func() { w.stop() })
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	path, sum := source(t, "plan.bin", 300<<10)
	sent := mara.sends(conv, path)

	// A picture goes as a smaller copy, which is nowhere any more.
	picture := filepath.Join(t.TempDir(), "harbour.jpg")
	f, err := os.Create(picture)
	if err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(f, image.NewGray(image.Rect(0, 0, chat.SmallerSide+100, 60)), nil); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	copies, err := mara.SendEdited(mara.bounded(), conv, []Outgoing{{Path: picture, Edit: chat.PictureEdit{Smaller: true, Clean: true}}}, chat.Content{})
	if err != nil {
		t.Fatal(err)
	}
	small := mara.flushed(copies...)[0]
	gone, _ := source(t, "gone.bin", 1000)
	lost := mara.sends(conv, gone)
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	for _, m := range []chat.Message{sent, small, lost} {
		joao.wait("the message", func() bool { _, ok, _ := joao.Message(conv, m.ID); return ok })
	}
	notes := joao.direct("self")
	if err := joao.Forward(joao.bounded(), conv, []chat.MessageID{sent.ID}, notes); err != nil {
		t.Fatal(err)
	}
	page, err := joao.Messages(notes, 0, 10)
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	copied := joao.flushed(page[0])[0]
	if s, err := w.r.Sweep(t.Context(), time.Now().Add(2*time.Hour), false); err != nil || s.Expired != 3 {
		t.Fatal(s, err)
	}

	// Mara is away; João is told, and has it when she is back.
	if err := mara.Close(); err != nil {
		t.Fatal(err)
	}
	for _, id := range []chat.MessageID{sent.ID, lost.ID, small.ID} {
		if err := joao.Download(conv, id); err != nil {
			t.Fatal(err)
		}
		joao.fails(conv, id, chat.TransferWaiting, "The relay keeps this file no more; Mara’s Satchel sends it again when it is online, if it still has it.")
	}
	if err := joao.Download(notes, copied.ID); err != nil {
		t.Fatal(err)
	}
	joao.fails(notes, copied.ID, chat.TransferWaiting, "The relay keeps this file no more")
	mara.open()
	for id, want := range map[chat.MessageID]string{sent.ID: sum, small.ID: small.Content.File.SHA256} {
		joao.wait("the file", func() bool { return joao.Path(conv, id) != "" })
		if got := sumOf(t, joao.Path(conv, id)); got != want {
			t.Errorf("%s differs", id)
		}
	}
	joao.wait("the copy's", func() bool { return joao.Path(notes, copied.ID) != "" })
	if got := sumOf(t, joao.Path(notes, copied.ID)); got != sum {
		t.Error("the copy differs")
	}
	now, _, err := joao.Message(conv, sent.ID)
	if f := now.Content.File; err != nil || f.URL == sent.Content.File.URL || string(f.Key) == string(sent.Content.File.Key) || f.SHA256 != sent.Content.File.SHA256 {
		t.Errorf("%+v, %v", now.Content.File, err)
	}
	if row := joao.row(conv); row.Last == nil || row.Last.ID != lost.ID || row.Unread != 3 {
		t.Errorf("what renews a link is shown: %+v", row.Last)
	}
	if tr, _ := joao.TransferOf(conv, lost.ID); tr.State != chat.TransferWaiting {
		t.Errorf("what nobody has is %v", tr.State)
	}

	// Who comes later finds it at once, and Mara's own message is as it was.
	if m, _, err := mara.Message(conv, sent.ID); err != nil || m.State != chat.MessageStored {
		t.Errorf("%+v, %v", m.State, err)
	}
	if page, err := mara.Transfers(); err != nil || len(page) > 0 {
		t.Errorf("%+v, %v", page, err)
	}
}
