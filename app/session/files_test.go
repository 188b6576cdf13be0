package session

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"satchel/chat"
)

// source writes a file of n bytes that nobody could guess.
func source(t *testing.T, name string, n int) (path, sum string) {
	t.Helper()
	r := rand.NewChaCha8([32]byte{byte(n), byte(n >> 8), byte(len(name))})
	b := make([]byte, n)
	r.Read(b)
	path = filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	s := sha256.Sum256(b)
	return path, hex.EncodeToString(s[:])
}

func sumOf(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// Files with hostile and foreign names, empty ones too, arrive whole; text,
// title and location go with the first.
func TestFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	sums := map[string]string{}
	var paths []string
	for name, size := range map[string]int{"empty.bin": 0, "Relatório de março – 写真.jpg": 3000, `..\..\evil.sh`: 77, "big.bin": 3 << 20} {
		path, sum := source(t, name, size)
		sums[name], paths = sum, append(paths, path)
	}
	caption := chat.Content{Text: "Look", Title: "Files", Location: &chat.Location{Lat: 38.7, Lon: -9.1}}
	sent, err := mara.SendFiles(mara.bounded(), conv, paths, caption)
	if err != nil || len(sent) != 4 {
		t.Fatal(sent, err)
	}
	for _, m := range mara.flushed(sent...) {
		if m.Content.File.URL == "" || m.Content.File.SHA256 != sums[m.Content.File.Name] || strings.Contains(m.Content.File.URL, "://") {
			t.Errorf("%+v", m.Content.File)
		}
	}
	joao.wait("all messages", func() bool { return len(joao.texts(conv)) == 4 })
	page, _ := joao.Messages(conv, 0, 10)
	captions := 0
	for _, m := range page {
		if m.Content.Text == "Look" && m.Content.Title == "Files" && *m.Content.Location == *caption.Location {
			captions++
		}
		if joao.Path(conv, m.ID) != "" {
			t.Error("nobody asked for it, and it is here")
		}
		if err := joao.Download(conv, m.ID); err != nil {
			t.Fatal(err)
		}
		joao.wait(m.Content.File.Name, func() bool { return joao.Path(conv, m.ID) != "" })
		path := joao.Path(conv, m.ID)
		if sumOf(t, path) != sums[m.Content.File.Name] {
			t.Errorf("%s differs", path)
		}
		if rel, err := filepath.Rel(filepath.Join(joao.dir, "files"), path); err != nil || strings.HasPrefix(rel, "..") {
			t.Errorf("%s is outside", path)
		}
		// A click on a file that is here says so; one that was removed is fetched again.
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if joao.Path(conv, m.ID) != "" {
			t.Error("it was removed")
		}
		if err := joao.Download(conv, m.ID); err != nil {
			t.Fatal(err)
		}
		joao.wait("again", func() bool { return joao.Path(conv, m.ID) != "" })
	}
	if captions != 1 {
		t.Errorf("%d captions", captions)
	}
}

// What can't be sent is said at once, and the others go.
func TestPathsThatCantBeSent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara := w.person("Mara")
	conv := mara.direct("self")
	good, _ := source(t, "good.txt", 10)
	folder := t.TempDir()
	pipe := filepath.Join(folder, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	sent, err := mara.SendFiles(mara.bounded(), conv, []string{pipe, good, filepath.Join(folder, "nothing")}, chat.Content{Text: "caption"})
	if err == nil || !strings.Contains(err.Error(), "is not a file that can be sent") || !strings.Contains(err.Error(), "There is no file") || !isRefusal(err) {
		t.Errorf("%v", err)
	}
	if len(sent) != 1 || sent[0].Content.Text != "caption" {
		t.Fatalf("%+v", sent)
	}
	mara.flushed(sent...)
	if _, err := mara.SendFiles(mara.bounded(), conv, []string{pipe}, chat.Content{}); err == nil {
		t.Error("a pipe was sent")
	}
	if got := mara.texts(conv); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// An upload that waits for the relay survives the end of the program; the
// message is there once. One that is cancelled takes its message with it.
func TestUploadWaitsAndGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara := w.person("Mara")
	conv := mara.direct("self")
	w.stop()
	mara.wait("down", func() bool { return mara.Connection().State != chat.Connected })
	path, sum := source(t, "later.bin", 1<<20)
	sent, err := mara.SendFiles(mara.bounded(), conv, []string{path, path}, chat.Content{})
	if err != nil {
		t.Fatal(err)
	}
	gone, ok := mara.TransferOf(conv, sent[1].ID)
	if !ok {
		t.Fatal("no transfer")
	}
	if err := mara.CancelTransfer(gone.ID); err != nil {
		t.Fatal(err)
	}
	mara.wait("removed", func() bool { return len(mara.texts(conv)) == 1 })
	mara.again()
	if all, _ := mara.Transfers(); len(all) != 1 {
		t.Fatalf("%+v", all)
	}
	w.start()
	m := mara.flushed(sent[0])[0]
	if m.Content.File.SHA256 != sum {
		t.Errorf("%+v", m.Content.File)
	}
	if got := mara.texts(conv); len(got) != 1 {
		t.Errorf("%v", got)
	}
	if mara.Path(conv, m.ID) != path {
		t.Error("what was sent from here is here")
	}
}

func TestLocate(t *testing.T) {
	t.Parallel()
	const id = "0123456789abcdef0123456789abcdef"
	for _, c := range []struct{ relay, url, id, elsewhere string }{
		{"http://r:1", "/files/" + id, id, ""},
		{"http://r:1", "files/" + id, id, ""},
		{"http://r:1", "http://r:1/files/" + id, id, ""},
		{"http://r:1/x", "/files/" + id, id, ""},
		{"http://r:1/x", "http://R:1/x/files/" + id, id, ""},
		{"http://r:1", "https://r:1/files/" + id, "", "https://r:1/files/" + id},
		{"http://r:1", "http://other/files/" + id, "", "http://other/files/" + id},
		{"http://r:1", "//other/files/" + id, "", ""},
		{"http://r:1", "/files/../ws", "", ""},
		{"http://r:1", "/files/" + id + "?x=1", "", ""},
		{"http://r:1", "/ws", "", ""},
		{"http://r:1", "http://r:1/ws", "", ""},
		{"http://r:1", "http://user:pass@other/x", "", ""},
		{"http://r:1", "file:///etc/passwd", "", ""},
		{"http://r:1", "javascript:alert(1)", "", ""},
		{"http://r:1", "", "", ""},
	} {
		id, elsewhere, err := locate(c.relay, c.url)
		if id != c.id || elsewhere != c.elsewhere || (err == nil) != (c.id+c.elsewhere != "") {
			t.Errorf("%s at %s: %q %q %v", c.url, c.relay, id, elsewhere, err)
		}
	}
	for _, c := range []struct{ relay, url, want string }{
		{"http://r:1", "http://r:1/files/" + id, "/files/" + id},
		{"http://r:1/x", "/x/files/" + id, "/files/" + id},
		{"http://r:1/x", "/files/" + id, "/files/" + id},
		{"http://r:1", "/files/" + id, "/files/" + id},
		{"http://r:1", "https://bucket/file", "https://bucket/file"},
	} {
		if got := portable(c.relay, c.url); got != c.want {
			t.Errorf("%s at %s: %s", c.url, c.relay, got)
		}
	}
}

// A body that can't be opened is kept and blocks nothing; neither does one that
// is too large: it is refused before anything is written.
func TestBodies(t *testing.T) {
	t.Parallel()
	for _, b := range []string{"", "no json", "[]", `{"text":7}`, "{}"} {
		if c, _ := openContent([]byte(b)); c.Kind != chat.KindUnreadable {
			t.Errorf("%q: %+v", b, c)
		}
	}
	w := newWorld(t)
	mara := w.person("Mara")
	conv := mara.direct("self")
	_, err := mara.Send(context.Background(), conv, chat.Content{Kind: "custom", Custom: bytes.Repeat([]byte("7"), 300<<10)})
	if !isRefusal(err) {
		t.Errorf("%v", err)
	}
	if _, err := mara.Send(context.Background(), conv, chat.Content{}); !errors.Is(err, chat.ErrEmpty) {
		t.Errorf("%v", err)
	}
	if _, err := mara.Send(context.Background(), "nowhere", chat.Content{Text: "x"}); !isRefusal(err) {
		t.Errorf("%v", err)
	}
	long := chat.Content{Text: strings.Repeat("\x01", chat.MaxText)} // six bytes each in JSON
	path, _ := source(t, "a.txt", 3)
	if _, err := mara.SendFiles(mara.bounded(), conv, []string{path}, long); !isRefusal(err) {
		t.Errorf("%v", err)
	}
	if got := mara.texts(conv); len(got) != 0 {
		t.Errorf("%v", got)
	}
	nobody := &person{t: t, dir: t.TempDir(), name: "nobody"}
	nobody.open()
	if _, err := nobody.Send(nobody.bounded(), conv, chat.Content{Text: "x"}); !errors.Is(err, ErrNotHere) {
		t.Errorf("%v", err)
	}
	if _, err := nobody.Invite(nobody.bounded(), 1, 0); !errors.Is(err, ErrNotHere) {
		t.Errorf("%v", err)
	}
}
