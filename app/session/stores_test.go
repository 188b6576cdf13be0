package session

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/webdav"

	"satchel/chat"
	"satchel/transfer"
)

// shareAs is the settings of a shared folder.
func shareAs(t *testing.T, share, path string) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(map[string]string{"kind": "dir", "share": share, "path": path})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (p *person) keeps(settings json.RawMessage, secret *string, use bool) Store {
	p.t.Helper()
	s, err := p.KeepStore(p.bounded(), settings, secret, use)
	if err != nil {
		p.t.Fatal(err)
	}
	return s
}

// sends writes one message with a file, and waits until it is with the relay.
func (p *person) sends(conv chat.ConversationID, path string) chat.Message {
	p.t.Helper()
	sent, err := p.SendFiles(p.bounded(), conv, []string{path}, chat.Content{})
	if err != nil {
		p.t.Fatal(err)
	}
	return p.flushed(sent...)[0]
}

// fetches downloads the file of a message, and returns where it lies.
func (p *person) fetches(conv chat.ConversationID, id chat.MessageID) string {
	p.t.Helper()
	p.wait("the message", func() bool { _, ok, _ := p.Message(conv, id); return ok })
	if err := p.Download(conv, id); err != nil {
		p.t.Fatal(err)
	}
	p.wait("the file", func() bool { return p.Path(conv, id) != "" })
	return p.Path(conv, id)
}

// fails waits until the transfer of a message says why it does not go on.
func (p *person) fails(conv chat.ConversationID, id chat.MessageID, state chat.TransferState, reason string) {
	p.t.Helper()
	p.wait(reason, func() bool {
		tr, ok := p.TransferOf(conv, id)
		return ok && tr.State == state && strings.Contains(tr.Reason, reason)
	})
}

func filesIn(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		names = append(names, f.Name())
	}
	return names
}

// A folder that two people share carries their files. Who does not have it is
// told which one it is, and fetches when it is there; back at the relay, what lies
// in the folder is still read.
func TestSharedFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	folder := t.TempDir()
	if err := mara.TestStore(mara.bounded(), shareAs(t, "team", filepath.Join(folder, "nowhere")), nil); !isRefusal(err) {
		t.Errorf("a folder that is not there: %v", err)
	}
	if err := mara.TestStore(mara.bounded(), shareAs(t, "team", folder), nil); err != nil {
		t.Error(err)
	}
	if left := filesIn(t, folder); len(left) > 0 {
		t.Errorf("the test left %v", left)
	}
	if _, err := mara.KeepStore(mara.bounded(), json.RawMessage(`{"kind":"dir","share":"Team!","path":"/"}`), nil, true); !isRefusal(err) {
		t.Errorf("%v", err)
	}
	if mara.MaxFile() == 0 {
		t.Error("the relay takes a file of any size")
	}
	mara.keeps(shareAs(t, "team", folder), nil, true)
	if n := mara.MaxFile(); n != 0 {
		t.Errorf("a store of her own takes %d bytes at most, as the relay does", n)
	}
	path, sum := source(t, "plan.bin", 300<<10)
	m := mara.sends(conv, path)
	if !strings.HasPrefix(m.Content.File.URL, "dir://team/") || len(filesIn(t, folder)) != 1 {
		t.Fatalf("%s, %v", m.Content.File.URL, filesIn(t, folder))
	}
	joao.wait("the message", func() bool { _, ok, _ := joao.Message(conv, m.ID); return ok })
	if err := joao.Download(conv, m.ID); err != nil {
		t.Fatal(err)
	}
	joao.fails(conv, m.ID, chat.TransferFailed, "shared folder team")
	joao.keeps(shareAs(t, "team", folder), nil, false)
	if s := joao.Stores(); len(s) != 1 || s[0].Used || s[0].Name != "team · "+folder {
		t.Errorf("%+v", s)
	}
	if got := sumOf(t, joao.fetches(conv, m.ID)); got != sum {
		t.Error("it differs")
	}

	mara.again()
	if s := mara.Stores(); len(s) != 1 || !s[0].Used {
		t.Fatalf("%+v", s)
	}
	if err := mara.UseRelay(mara.bounded()); err != nil {
		t.Fatal(err)
	}
	other, _ := source(t, "other.bin", 1000)
	if m := mara.sends(conv, other); strings.Contains(m.Content.File.URL, "://") {
		t.Errorf("%s is not at the relay", m.Content.File.URL)
	}
	if err := mara.ForgetStore(mara.bounded(), mara.Stores()[0].ID); err != nil || len(mara.Stores()) != 0 {
		t.Error(mara.Stores(), err)
	}
}

// A WebDAV server with a password: the password is kept beside the cache, is in
// nothing that is told, and is found again by the next run.
func TestStoreWithPassword(t *testing.T) {
	t.Parallel()
	const password = "a password that nobody guesses"
	folder := t.TempDir()
	server := httptest.NewServer(passwordOnly(password, &webdav.Handler{FileSystem: webdav.Dir(folder), LockSystem: webdav.NewMemLS()}))
	defer server.Close()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv := mara.direct("João")
	settings := json.RawMessage(`{"kind":"webdav","url":"` + server.URL + `/files","user":"mara"}`)
	wrong, right := "wrong", password
	if err := mara.TestStore(mara.bounded(), settings, &wrong); !isRefusal(err) || !strings.Contains(err.Error(), "password") {
		t.Errorf("%v", err)
	}
	if err := mara.TestStore(mara.bounded(), settings, &right); err != nil {
		t.Error(err)
	}
	if kept := mara.keeps(settings, &wrong, true); kept.Secret != inFile || strings.Contains(string(kept.Settings), wrong) {
		t.Errorf("%+v", kept)
	}
	kept := mara.keeps(settings, &right, true) // the same store: another password
	if all := mara.Stores(); len(all) != 1 || all[0].ID != kept.ID {
		t.Errorf("%+v", all)
	}
	mara.again()
	if err := mara.TestStore(mara.bounded(), settings, nil); err != nil {
		t.Errorf("with the password that is kept: %v", err)
	}
	path, sum := source(t, "photo.bin", 100<<10)
	m := mara.sends(conv, path)
	if !strings.HasPrefix(m.Content.File.URL, server.URL) {
		t.Errorf("%s", m.Content.File.URL)
	}
	joao.wait("the message", func() bool { _, ok, _ := joao.Message(conv, m.ID); return ok })
	if err := joao.Download(conv, m.ID); err != nil {
		t.Fatal(err)
	}
	joao.fails(conv, m.ID, chat.TransferFailed, "does not let this device read it")
	joao.keeps(settings, &right, false)
	if got := sumOf(t, joao.fetches(conv, m.ID)); got != sum {
		t.Error("it differs")
	}

	secrets, err := os.ReadFile(filepath.Join(mara.dir, "secrets.json"))
	if err != nil || strings.Count(string(secrets), password) != 1 || strings.Contains(string(secrets), wrong) {
		t.Errorf("%s, %v", secrets, err)
	}
	if info, err := os.Stat(filepath.Join(mara.dir, "secrets.json")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := mara.ForgetStore(mara.bounded(), kept.ID); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"secrets.json", "cache.db"} {
		if b, err := os.ReadFile(filepath.Join(mara.dir, name)); err != nil || strings.Contains(string(b), password) {
			t.Errorf("%s has the password: %v", name, err)
		}
	}
}

// However often a file is sent, it goes to a store once; what is gone there goes again.
func TestUploadedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv, self := mara.direct("João"), mara.direct("self")
	folder := t.TempDir()
	mara.keeps(shareAs(t, "team", folder), nil, true)
	joao.keeps(shareAs(t, "team", folder), nil, false)
	path, sum := source(t, "film.bin", 2<<20)

	// At once, to several: one goes, and the others wait for it.
	all, err := mara.SendFiles(mara.bounded(), conv, []string{path, path, path}, chat.Content{})
	if err != nil {
		t.Fatal(err)
	}
	more, err := mara.SendFiles(mara.bounded(), self, []string{path, path}, chat.Content{})
	if err != nil {
		t.Fatal(err)
	}
	sent := mara.flushed(append(all, more...)...)
	for _, m := range sent {
		if f := m.Content.File; f.URL != sent[0].Content.File.URL || string(f.Key) != string(sent[0].Content.File.Key) || f.SHA256 != sum {
			t.Errorf("%+v", f)
		}
	}
	// Later, from another place and after a restart.
	mara.again()
	copied := filepath.Join(t.TempDir(), "again.bin")
	b, _ := os.ReadFile(path)
	if err := os.WriteFile(copied, b, 0o600); err != nil {
		t.Fatal(err)
	}
	m := mara.sends(self, copied)
	if m.Content.File.URL != sent[0].Content.File.URL || m.Content.File.Name != "again.bin" {
		t.Errorf("%+v", m.Content.File)
	}
	if left := filesIn(t, folder); len(left) != 1 {
		t.Errorf("it is there %d times", len(left))
	}
	// Another file of that size is another file.
	b[0]++
	if err := os.WriteFile(copied, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if m := mara.sends(self, copied); m.Content.File.URL == sent[0].Content.File.URL {
		t.Error("another file has its URL")
	}
	// Forwarded, it stays where it is, and whoever shares the folder reads it.
	if err := mara.Forward(mara.bounded(), self, []chat.MessageID{m.ID}, conv); err != nil {
		t.Fatal(err)
	}
	joao.wait("the forwarded one", func() bool { return len(joao.texts(conv)) == 4 })
	page, _ := joao.Messages(conv, 0, 10)
	if got := sumOf(t, joao.fetches(conv, page[3].ID)); got != sum || page[3].Content.File.URL != m.Content.File.URL {
		t.Errorf("%+v", page[3])
	}
	// What is gone from the store goes there again, under another key.
	for _, name := range filesIn(t, folder) {
		if err := os.Remove(filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	if m := mara.sends(conv, path); m.Content.File.URL == sent[0].Content.File.URL || string(m.Content.File.Key) == string(sent[0].Content.File.Key) {
		t.Error("a file that is gone was sent as if it were there")
	}
	if left := filesIn(t, folder); len(left) != 1 {
		t.Errorf("%v", left)
	}
	// The relay's files likewise: it grants one file to both conversations.
	if err := mara.UseRelay(mara.bounded()); err != nil {
		t.Fatal(err)
	}
	first, second := mara.sends(self, path), mara.sends(conv, path)
	if first.Content.File.URL != second.Content.File.URL || strings.Contains(first.Content.File.URL, "://") {
		t.Errorf("%s and %s", first.Content.File.URL, second.Content.File.URL)
	}
	if got := sumOf(t, joao.fetches(conv, second.ID)); got != sum {
		t.Error("it differs")
	}
	if transfer.Expired(first.Content.File.URL) {
		t.Error("the relay's links do not expire")
	}
}
