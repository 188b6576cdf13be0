package main

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"satchel/app"
)

func TestUsedWrongly(t *testing.T) {
	for _, args := range [][]string{{"--nonsense"}, {"a word"}, {"--relay-listen", "here"}, {"--profile"}} {
		var out, errs bytes.Buffer
		if code := run(context.Background(), args, &out, &errs); code != 2 || out.Len() != 0 || !strings.HasPrefix(errs.String(), "satchel: ") {
			t.Errorf("%v: exit %d, %q, %q", args, code, out.String(), errs.String())
		}
	}
	var out bytes.Buffer
	if code := run(context.Background(), []string{"--help"}, &out, io.Discard); code != 0 || out.String() != usage {
		t.Errorf("help: exit %d, %q", code, out.String())
	}
}

// Links stay as they are, files get their whole path, and what is neither is said.
func TestToOpen(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "a b.txt")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	got, err := toOpen([]string{"satchel://x?y", "a b.txt", (&url.URL{Scheme: "file", Path: file}).String()})
	if err != nil || !slices.Equal(got, []string{"satchel://x?y", file, file}) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := toOpen([]string{"https://example.org"}); err == nil || !strings.Contains(err.Error(), "satchel://") {
		t.Errorf("%v", err)
	}
}

// The relay is turned off and moved, for its next start.
func TestEmbeddedRelayMoves(t *testing.T) {
	e := &embedded{dir: t.TempDir(), logger: slog.New(slog.DiscardHandler), listen: "127.0.0.1:0"}
	if err := e.move("127.0.0.1:7", false); err != nil {
		t.Fatal(err)
	}
	if at, on := e.place(); at != "127.0.0.1:7" || on || !e.exists() {
		t.Errorf("%s, %v", at, on)
	}
	if err := e.move("127.0.0.1:8", true); err != nil {
		t.Fatal(err)
	}
	if at, on := (&embedded{dir: e.dir}).place(); at != "127.0.0.1:8" || !on {
		t.Errorf("%s, %v", at, on)
	}
}

// The version is one, wherever it stands.
func TestVersion(t *testing.T) {
	b, err := os.ReadFile("FyneApp.toml")
	if err != nil || !strings.Contains(string(b), "Version = \""+app.Version+"\"") {
		t.Errorf("FyneApp.toml has another version than %s: %v", app.Version, err)
	}
}

// The relay in the program is where it was, so that invitations stay valid, and
// says in a sentence when it can't be.
func TestEmbeddedRelayKeepsItsPlace(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	e := &embedded{dir: t.TempDir(), logger: slog.New(slog.DiscardHandler)}
	e.listen = "127.0.0.1:0" // not the usual place: it may be taken where tests run
	if e.exists() {
		t.Fatal("there is a relay before there is one")
	}
	first, err := e.start("Mara Reyes")
	if err != nil {
		t.Fatal(err)
	}
	url, key := first.URL(), first.Key()
	if r, err := http.Get(url + "/healthz"); err != nil || r.StatusCode != http.StatusOK {
		t.Errorf("it does not answer: %v", err)
	} else {
		r.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if k, err := e.kept(); err != nil || k.Name != "Mara's relay" || "http://"+k.Listen != url || !e.exists() {
		t.Fatalf("kept %+v, %v", k, err)
	}

	e.listen = ""
	again, err := e.start("")
	if err != nil {
		t.Fatal(err)
	}
	if again.URL() != url || again.Key() != key {
		t.Errorf("it was %s and is %s", url, again.URL())
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}

	taken, err := net.Listen("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	if r, err := e.start(""); err == nil || !strings.Contains(err.Error(), "another program listens") {
		t.Errorf("a taken address gives %v, %v", r, err)
	}
	if err := os.WriteFile(e.file(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := e.start(""); err == nil {
		t.Error("what can't be read is taken for a relay")
	}
}

// On a network the relay in the program has TLS, and its links say so.
func TestEmbeddedRelayOnANetwork(t *testing.T) {
	for listen, want := range map[string]string{"127.0.0.1:0": "http://127.0.0.1:", "0.0.0.0:0": "https://"} {
		e := &embedded{dir: t.TempDir(), listen: listen, logger: slog.New(slog.DiscardHandler)}
		r, err := e.start("Mara")
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(r.URL(), want) {
			t.Errorf("%s: %s", listen, r.URL())
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	for listen, want := range map[string]bool{"localhost:1": true, "[::1]:1": true, "127.9.9.9:1": true, ":1": false, "[::]:1": false, "192.0.2.10:1": false, "relay.local:1": false} {
		if isLoopback(listen) != want {
			t.Error(listen)
		}
	}
}
