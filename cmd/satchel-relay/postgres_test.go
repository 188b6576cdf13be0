//go:build servers

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/app/session"
	"satchel/chat"
)

// The drill for PostgreSQL in docs/operations.md: a backup while people write, all
// lost, put back; and they go on, with what the relay lost still in their caches.
func TestPostgresDrill(t *testing.T) {
	db, err := database.Database()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	for _, dir := range []string{"/srv", "/backup"} {
		if err := os.Mkdir(root+dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("SATCHEL_DATABASE", db)
	// drill carries out one of the two blocks.
	drill := func(block int) {
		t.Helper()
		for line := range strings.SplitSeq(fenced(t, "postgres")[block], "\n") {
			line = strings.NewReplacer(" /srv", " "+root+"/srv", " /backup", " "+root+"/backup", "=/backup", "="+root+"/backup").Replace(line)
			if args, is := strings.CutPrefix(line, "satchel-relay "); is {
				var out, errs bytes.Buffer
				if code := run(t.Context(), strings.Fields(strings.ReplaceAll(args, `"$SATCHEL_DATABASE"`, db)), &out, &errs); code != exitDone {
					t.Fatalf("%s: %d %s", line, code, errs.String())
				}
			} else if out, err := exec.CommandContext(t.Context(), "sh", "-c", line).CombinedOutput(); err != nil {
				t.Fatalf("%s: %v %s", line, err, out)
			}
		}
	}
	serve := func(listen string) (string, func() int) {
		return start(t, "--files", "file://"+root+"/srv/satchel", "--listen", listen)
	}
	url, stop := serve("127.0.0.1:0")
	var link bytes.Buffer
	if code := run(t.Context(), []string{"invite", "--uses", "2"}, &link, io.Discard); code != exitDone {
		t.Fatal(code)
	}
	mara, joao := somebody(t, link.String(), "Mara"), somebody(t, link.String(), "João")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := mara.OpenDirect(ctx, "João")
	if err != nil {
		t.Fatal(err)
	}
	say := func(s *session.Session, text string) {
		t.Helper()
		m, err := s.Send(ctx, c.ID, chat.Content{Text: text})
		if err == nil {
			_, err = s.Flushed(ctx, m)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	reads := func(s *session.Session, want ...string) {
		t.Helper()
		changes, unsubscribe := s.Subscribe()
		defer unsubscribe()
		for {
			page, err := s.Messages(c.ID, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range page {
				got = append(got, m.Content.Text)
			}
			if strings.Join(got, ",") == strings.Join(want, ",") {
				return
			}
			select {
			case <-changes:
			case <-ctx.Done():
				t.Fatalf("%v, not %v", got, want)
			}
		}
	}
	file := filepath.Join(root, "plan.bin")
	if err := os.WriteFile(file, bytes.Repeat([]byte("plan"), 30_000), 0o600); err != nil {
		t.Fatal(err)
	}
	sent, err := mara.SendFiles(ctx, c.ID, []string{file}, chat.Content{Text: "before"})
	if err == nil {
		_, err = mara.Flushed(ctx, sent...)
	}
	if err != nil {
		t.Fatal(err)
	}
	reads(joao, "before")
	drill(0)
	say(joao, "lost")
	reads(mara, "before", "lost")
	stop()
	if err := os.RemoveAll(root + "/srv/satchel"); err != nil {
		t.Fatal(err)
	}
	drill(1)
	_, stop = serve(strings.TrimPrefix(url, "http://"))
	defer stop()
	for _, s := range []*session.Session{mara, joao} {
		s.Kick()
	}
	say(joao, "after")
	reads(mara, "before", "lost", "after")
	say(mara, "indeed")
	reads(joao, "before", "lost", "after", "indeed")
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"doctor", "--files", "file://" + root + "/srv/satchel"}, &out, &errs); code != exitDone || !strings.Contains(out.String(), "1 of 1 are whole") {
		t.Errorf("%d %s %s", code, out.String(), errs.String())
	}
}
