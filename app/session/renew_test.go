package session

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/chat"
)

// passwordOnly admits who knows the password.
func passwordOnly(password string, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, given, _ := r.BasicAuth(); given != password {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		h.ServeHTTP(w, r)
	})
}

// signedOnly serves files to links whose signature is not over, as a bucket does.
func signedOnly(dir string) http.Handler {
	files := http.StripPrefix("/files/", http.FileServer(http.Dir(dir)))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		at, err := time.Parse("20060102T150405Z", q.Get("X-Amz-Date"))
		if err != nil || q.Get("X-Amz-Signature") == "" || time.Since(at) > 8*24*time.Hour {
			http.Error(w, "expired", http.StatusForbidden)
			return
		}
		files.ServeHTTP(w, r)
	})
}

// bucket is a folder whose files are read by signed links.
type bucket struct{ url, folder string }

func newBucket(t *testing.T) *bucket {
	b := &bucket{folder: t.TempDir()}
	server := httptest.NewServer(signedOnly(b.folder))
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

// link leads to a file that lies in the bucket at an address, and was signed then.
func (b *bucket) link(address string, at time.Time) string {
	return b.url + "/files/" + filepath.Base(address) + "?X-Amz-Date=" + at.UTC().Format("20060102T150405Z") + "&X-Amz-Expires=604800&X-Amz-Signature=00"
}

// keepsBucket has what send sends lie in the bucket; from then on new files go to the
// relay again, and links to those in the bucket are made by who has it.
func (p *person) keepsBucket(b *bucket, send func()) {
	p.t.Helper()
	p.keeps(shareAs(p.t, "bucket", b.folder), nil, true)
	send()
	if err := p.UseRelay(p.bounded()); err != nil {
		p.t.Fatal(err)
	}
	secret := "a secret key"
	p.keeps(json.RawMessage(fmt.Sprintf(`{"kind":"s3","endpoint":%q,"region":"somewhere","bucket":"files","access_key":"AK"}`, b.url)), &secret, false)
}

// long is when a link was signed that has expired.
var long = time.Now().AddDate(-1, 0, 0)

// A link that has expired is made anew by who sent it, when they are there; the
// download says so, waits, and goes on by itself. A forwarded copy asks back.
func TestExpiredLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv, self := mara.direct("João"), mara.direct("self")
	b := newBucket(t)

	// A file lies in the bucket, and its link has expired.
	path, sum := source(t, "old.bin", 200<<10)
	var file chat.File
	mara.keepsBucket(b, func() { file = *mara.sends(self, path).Content.File })
	file.URL = b.link(file.URL, long)
	sent, err := mara.Send(mara.bounded(), conv, chat.Content{Kind: chat.KindMessage, File: &file})
	if err != nil {
		t.Fatal(err)
	}
	mara.flushed(sent)
	joao.wait("the message", func() bool { _, ok, _ := joao.Message(conv, sent.ID); return ok })

	if err := mara.Close(); err != nil {
		t.Fatal(err)
	}
	if err := joao.Download(conv, sent.ID); err != nil {
		t.Fatal(err)
	}
	const waits = "This link has expired; Mara’s Satchel will make a new one when it is online."
	joao.fails(conv, sent.ID, chat.TransferWaiting, waits)
	// That has a bound; a click begins it anew.
	week, err := json.Marshal(time.Now().Add(-linkPatience))
	if err != nil {
		t.Fatal(err)
	}
	if err := joao.PutValues(joao.bounded(), map[string][]byte{linkKey("awaits", conv, sent.ID): week}); err != nil {
		t.Fatal(err)
	}
	joao.fails(conv, sent.ID, chat.TransferFailed, "This link has expired, and no new one came in a week. Ask for the file to be sent again, or try again to wait for another week.")
	tr, _ := joao.TransferOf(conv, sent.ID)
	if err := joao.ResumeTransfer(tr.ID); err != nil {
		t.Fatal(err)
	}
	joao.fails(conv, sent.ID, chat.TransferWaiting, waits)
	mara.open()
	joao.wait("the file", func() bool { return joao.Path(conv, sent.ID) != "" })
	if got := sumOf(t, joao.Path(conv, sent.ID)); got != sum {
		t.Error("it differs")
	}
	now, _, err := joao.Message(conv, sent.ID)
	if err != nil || now.Content.File.URL == file.URL || !strings.HasPrefix(now.Content.File.URL, b.url) || string(now.Content.File.Key) != string(file.Key) {
		t.Errorf("%+v, %v", now.Content.File, err)
	}
	if row := joao.row(conv); row.Last == nil || row.Last.ID != sent.ID || row.Unread != 1 {
		t.Errorf("what renews a link is shown: %+v", row)
	}

	// João forwards the old link: his devices can't renew it, Mara's can.
	group, err := joao.NewGroup(joao.bounded(), "Studio", []chat.AccountID{mara.me()}, false)
	if err != nil {
		t.Fatal(err)
	}
	old := now.Content
	old.File = &file
	copied, err := joao.Send(joao.bounded(), group.ID, old)
	if err != nil {
		t.Fatal(err)
	}
	if err := joao.PutValues(joao.bounded(), map[string][]byte{linkKey("origin", group.ID, copied.ID): []byte(string(conv) + " " + string(sent.ID))}); err != nil {
		t.Fatal(err)
	}
	joao.flushed(copied)
	if got := sumOf(t, mara.fetches(group.ID, copied.ID)); got != sum {
		t.Error("it differs")
	}
}

// A folder that was forwarded refers to packs of messages that are elsewhere. A link
// to one that expired is asked for where it was forwarded to, and from there back to
// where it came from.
func TestExpiredPackOfForwardedFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara, joao := w.person("Mara"), w.person("João")
	conv, self := mara.direct("João"), mara.direct("self")
	b := newBucket(t)

	// Two folders lie in a bucket; the second one refers to the first, whose link has expired.
	root := filepath.Join(t.TempDir(), "Project")
	if err := os.MkdirAll(root, 0o700); err != nil {
		t.Fatal(err)
	}
	var sums []string
	var contents []chat.Content
	mara.keepsBucket(b, func() {
		for i, name := range []string{"a.bin", "b.bin"} {
			path, sum := source(t, name, 100_000+i)
			if err := os.Rename(path, filepath.Join(root, name)); err != nil {
				t.Fatal(err)
			}
			sums = append(sums, sum)
			contents = append(contents, mara.sends(self, root).Content)
		}
	})
	if len(contents[1].File.Folder.Earlier) != 1 {
		t.Fatalf("%+v", contents[1].File.Folder)
	}
	send := func(c chat.Content) chat.Message {
		t.Helper()
		m, err := mara.Send(mara.bounded(), conv, c)
		if err != nil {
			t.Fatal(err)
		}
		return mara.flushed(m)[0]
	}
	contents[0].File.URL = b.link(contents[0].File.URL, long)
	first := send(contents[0])
	contents[1].File.URL = b.link(contents[1].File.URL, time.Now())
	earlier := &contents[1].File.Folder.Earlier[0]
	earlier.URL, earlier.Message = contents[0].File.URL, first.ID
	second := send(contents[1])

	joao.wait("the folder", func() bool { _, ok, _ := joao.Message(conv, second.ID); return ok })
	if err := mara.Close(); err != nil {
		t.Fatal(err)
	}
	notes := joao.direct("self")
	if err := joao.Forward(joao.bounded(), conv, []chat.MessageID{second.ID}, notes); err != nil {
		t.Fatal(err)
	}
	page, err := joao.Messages(notes, 0, 10)
	if err != nil || len(page) != 1 {
		t.Fatal(page, err)
	}
	copied := joao.flushed(page[0])[0]
	if err := joao.Download(notes, copied.ID); err != nil {
		t.Fatal(err)
	}
	joao.fails(notes, copied.ID, chat.TransferWaiting, "This link has expired; Mara’s Satchel will make a new one when it is online.")
	mara.open()
	joao.wait("what was in the folder", func() bool { return joao.Path(notes, copied.ID) != "" })
	for i, name := range []string{"a.bin", "b.bin"} {
		if sumOf(t, filepath.Join(joao.Path(notes, copied.ID), name)) != sums[i] {
			t.Errorf("%s differs", name)
		}
	}
	if c := joao.row(notes); c.Last == nil || c.Last.ID != copied.ID {
		t.Errorf("what renews a link is shown: %+v", c)
	}

	// Somebody whom he sent it to asks him; here the link that he knows is old.
	ana := w.person("Ana")
	other := joao.direct("Ana")
	old := second.Content
	values := map[string][]byte{}
	noteOrigins(values, &second, other)
	if err := joao.PutValues(joao.bounded(), values); err != nil {
		t.Fatal(err)
	}
	again, err := joao.Send(joao.bounded(), other, old)
	if err != nil {
		t.Fatal(err)
	}
	joao.flushed(again)
	if path := ana.fetches(other, again.ID); sumOf(t, filepath.Join(path, "a.bin")) != sums[0] {
		t.Error("a.bin differs")
	}
}
