package relay

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/net/seal"
	"satchel/net/wire"
)

// uploaded brings a whole file to the relay.
func uploaded(c *client, size int) (file string, content []byte) {
	c.t.Helper()
	file, content, _ = newFile(size)
	k := c.ticket(wire.TicketUpload, file, size)
	c.post(k, size)
	c.patch(k, 0, content)
	return file, content
}

// The drill: a backup is made while people write, the relay's folder is lost,
// and the restored relay has all that was acknowledged before the backup.
func TestBackupDrill(t *testing.T) {
	t.Parallel()
	dir, copied, back := t.TempDir(), filepath.Join(t.TempDir(), "copy"), filepath.Join(t.TempDir(), "back")
	r, stop := startStop(t, Config{Dir: dir, Database: "sqlite:" + filepath.Join(dir, databaseName)})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	g := newRoom(t, mara, joao)
	file, content := uploaded(mara, 300_000)
	mara.send(g.id(), "1", "with a file", file)
	unfinished, half, _ := newFile(1000)
	k := mara.ticket(wire.TicketUpload, unfinished, 1000)
	mara.post(k, 1000)
	mara.patch(k, 0, half[:400])

	writing, done := make(chan struct{}), make(chan int)
	go func() {
		n := 0
		defer func() { done <- n }()
		for ; ; n++ {
			select {
			case <-writing:
				return
			default:
				joao.send(g.id(), fmt.Sprint("beside ", n), "x")
			}
		}
	}()
	saved, err := Backup(t.Context(), dir, copied)
	close(writing)
	if <-done == 0 || err != nil || saved.Files != 2 || saved.Bytes != 301_000 {
		t.Errorf("%+v %v", saved, err)
	}
	if _, err := Backup(t.Context(), dir, copied); err == nil {
		t.Error("a backup over a backup")
	}
	key := r.Key()
	stop()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := Restore(t.Context(), copied, back); err != nil {
		t.Fatal(err)
	}
	if findings, err := Doctor(t.Context(), Config{Dir: back}, time.Now(), false); err != nil || slices.ContainsFunc(findings, func(f Finding) bool { return len(f.Wrong) > 0 }) {
		t.Errorf("%+v %v", findings, err)
	}
	r = start(t, Config{Dir: back, Database: "sqlite:" + filepath.Join(back, databaseName)})
	if r.Key() != key {
		t.Error("another key")
	}
	joao = joao.again(r.URL())
	// No number that may have been given out since is given out again.
	if sent := must[*wire.Sent](joao, &wire.Send{Conversation: g.id(), Message: "after", Body: []byte("x")}); sent.Seq <= 1<<32 {
		t.Errorf("number %d", sent.Seq)
	}
	p := must[*wire.Page](joao, &wire.History{Conversation: g.id(), Before: 2})
	if len(p.Entries) != 1 || p.Entries[0].Message != "1" {
		t.Errorf("%+v", p.Entries)
	}
	d := joao.ticket(wire.TicketDownload, file, 0)
	if _, body := joao.request("GET", d.URL, d.Token, nil); body != string(content) {
		t.Error("the file differs")
	}
	mara = mara.again(r.URL())
	k = mara.ticket(wire.TicketUpload, unfinished, 1000)
	if resp, _ := mara.patch(k, 400, half[400:]); resp.StatusCode != 204 {
		t.Errorf("the upload does not go on: %v", resp.Status)
	}
	// The chains go on, too.
	chain, err := seal.VerifyConversation(g.chain.ID(), must[*wire.Chain](joao, &wire.GetChain{Conversation: g.id()}).Statements, g.accounts)
	if err != nil || chain.Head() != g.chain.Head() {
		t.Fatal(err)
	}
	g.do(mara, seal.Proposal{Rotate: seal.Linked})
}

// What is damaged is found, by the doctor and by a backup.
func TestDoctor(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, stop := startStop(t, Config{Dir: dir, Database: "sqlite:" + filepath.Join(dir, databaseName)})
	mara := join(t, r, "Mara")
	flippedFile, _ := uploaded(mara, 1000)
	shortened, _ := uploaded(mara, 1000)
	gone, _ := uploaded(mara, 1000)
	for i, f := range []string{flippedFile, shortened, gone} {
		mara.send(mara.self(), fmt.Sprint(i), "x", f)
	}
	stop()
	path := func(id string) string { return filepath.Join(dir, filesName, id[:2], id) }
	b, err := os.ReadFile(path(flippedFile))
	if err := errors.Join(err, os.WriteFile(path(flippedFile), flipped(b, 7), 0o600)); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(t.Context(), dir, filepath.Join(t.TempDir(), "copy")); err == nil || !strings.Contains(err.Error(), flippedFile) {
		t.Errorf("%v", err)
	}
	orphan := strings.Repeat("ab", 16)
	if err := errors.Join(os.Truncate(path(shortened), 10), os.Remove(path(gone)), os.Remove(filepath.Join(dir, keyName)),
		os.MkdirAll(filepath.Dir(path(orphan)), 0o700), os.WriteFile(path(orphan), []byte("nobody's"), 0o600), os.Chtimes(path(orphan), time.Time{}, time.Now().Add(-2*time.Hour))); err != nil {
		t.Fatal(err)
	}
	for quick, inFiles := range map[bool]int{false: 4, true: 3} { // who reads no file does not see a changed byte
		findings, err := Doctor(t.Context(), Config{Dir: dir}, time.Now().Add(-time.Hour), quick)
		if err != nil {
			t.Fatal(err)
		}
		wrong := map[string]int{}
		for _, f := range findings {
			wrong[f.What] = len(f.Wrong)
		}
		if wrong["database"] != 0 || wrong["key"] != 1 || wrong["files"] != inFiles || wrong["clock"] != 1 {
			t.Errorf("quick is %v: %+v", quick, findings)
		}
	}
	if _, err := Doctor(t.Context(), Config{Dir: t.TempDir()}, time.Now(), false); err == nil {
		t.Error("a doctor for nobody")
	}
}
