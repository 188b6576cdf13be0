package session

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/chat"
	"satchel/net/relay"
)

// A folder whose earlier pack the relay keeps no more is sent again by who has all
// of it and forwards it; who has not is told so, and nothing goes.
func TestForwardWhatTheRelayKeepsNoMore(t *testing.T) {
	w := &world{t: t, dir: t.TempDir(), addr: "127.0.0.1:0", keep: relay.Retention{Space: 100_000}}
	w.start()
	t.Cleanup(func() { w.stop() })
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	root := filepath.Join(t.TempDir(), "Project")
	put := func(name string, n int) {
		t.Helper()
		file, _ := source(t, "x", n)
		if err := os.MkdirAll(root, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	var second chat.Message
	for i, name := range []string{"large.bin", "small.txt"} {
		put(name, 200_000/(1+99*i))
		sent, err := mara.SendFiles(mara.bounded(), conv, []string{root}, chat.Content{Text: "look"})
		if err != nil {
			t.Fatal(err)
		}
		second = mara.flushed(sent...)[0]
	}
	if n := len(second.Content.File.Folder.Earlier); n != 1 {
		t.Fatalf("%d earlier packs", n)
	}
	joao.wait("the message", func() bool { _, ok, _ := joao.Message(conv, second.ID); return ok })
	if err := joao.Download(conv, second.ID); err != nil {
		t.Fatal(err)
	}
	path := joao.fetched(conv, second.ID).Path
	if s, err := w.r.Sweep(t.Context(), second.At, false); err != nil || s.Expired != 1 {
		t.Fatal(s, err)
	}
	notes := joao.direct("self")
	forward := func() error { return joao.Forward(joao.bounded(), conv, []chat.MessageID{second.ID}, notes) }
	if err := forward(); err != nil {
		t.Fatal(err)
	}
	page, _ := joao.Messages(notes, 0, 10)
	copied := joao.flushed(page[len(page)-1])[0]
	if f := copied.Content.File; len(f.Folder.Earlier) != 0 || f.Folder.Files != 2 || f.URL == second.Content.File.URL || copied.Content.Text != "look" {
		t.Errorf("%+v %+v", f, f.Folder)
	}
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	if err := forward(); !isRefusal(err) || !strings.Contains(err.Error(), "can't be forwarded") {
		t.Errorf("%v", err)
	}
	if page, _ := joao.Messages(notes, 0, 10); len(page) != 1 {
		t.Errorf("%d messages", len(page))
	}
}
