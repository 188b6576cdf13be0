package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"

	"satchel/internal/postgres"
)

var database *postgres.Server

func TestMain(m *testing.M) {
	var err error
	if database, err = postgres.Start("fsync=off"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		database.Stop()
		os.Exit(code)
	}))
}

// start runs serve and returns the URL that it prints, and what stops it.
func start(t *testing.T, args ...string) (url string, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, append([]string{"serve"}, args...), in, io.Discard)
		in.Close()
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSuffix(line, "\n"), "listening on ")
	if err != nil || !ok {
		t.Fatalf("%q %v", line, err)
	}
	return url, func() int {
		cancel()
		select {
		case c := <-code:
			return c
		case <-time.After(20 * time.Second):
			t.Fatal("serve does not end")
			return -1
		}
	}
}

func TestServeAndInvite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a folder", "with 100% ?signs#")
	url, stop := start(t, "--data", dir, "--listen", "127.0.0.1:0")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Get(url + "/healthz")
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("%v %v", resp, err)
	}
	resp.Body.Close()
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"invite", "--data", dir, "--uses", "3", "--expires", "1h"}, &out, &errs); code != exitDone || errs.Len() > 0 ||
		!strings.HasPrefix(out.String(), "satchel://"+strings.TrimPrefix(url, "http://")+"/?code=") || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("%d %q %q", code, out.String(), errs.String())
	}
	out.Reset()
	if code := run(t.Context(), []string{"serve", "--data", dir, "--listen", "127.0.0.1:0"}, &out, &errs); code != exitFailed || out.Len() > 0 || strings.Count(errs.String(), "\n") != 1 {
		t.Errorf("a second one: %d %q %q", code, out.String(), errs.String())
	}
	if code := stop(); code != exitDone {
		t.Errorf("%d", code)
	}
}

func TestPublicURL(t *testing.T) {
	dir := t.TempDir()
	url, stop := start(t, "--data", dir, "--listen", "127.0.0.1:0", "--public-url", "https://example.org/satchel/")
	if url != "https://example.org/satchel" {
		t.Error(url)
	}
	if code := stop(); code != exitDone {
		t.Errorf("%d", code)
	}
	var out bytes.Buffer // the relay need not run
	if code := run(t.Context(), []string{"invite", "--data", dir}, &out, io.Discard); code != exitDone ||
		!strings.HasPrefix(out.String(), "satchel://example.org/satchel/?code=") || !strings.Contains(out.String(), "tls=1") {
		t.Errorf("%d %q", code, out.String())
	}
}

func TestCommandLine(t *testing.T) {
	empty, never, file := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "file")
	backup := filepath.Join(t.TempDir(), "backup")
	os.WriteFile(file, nil, 0o600)
	for _, c := range []struct {
		args string
		code int
	}{
		{"", exitUsage}, {"dance", exitUsage}, {"serve", exitUsage}, {"invite", exitUsage}, {"serve --data", exitUsage},
		{"serve --data D --nonsense", exitUsage}, {"serve --data D extra", exitUsage}, {"serve --data D --listen 7465", exitUsage},
		{"serve --data D --public-url example.org", exitUsage}, {"serve --data D --public-url ftp://example.org", exitUsage},
		{"serve --data D --database mysql://x", exitUsage}, {"serve --database sqlite:F", exitUsage}, {"serve --data D --bus rabbit://x", exitUsage},
		{"serve --data D --bus nats://127.0.0.1:1", exitUsage}, {"serve --database postgres://u:secret@127.0.0.1:1/x?connect_timeout=1 --data D", exitFailed},
		{"serve --data D --config nowhere", exitFailed}, {"serve --data D --files /srv", exitFailed},
		{"invite --data D --uses 0", exitUsage}, {"invite --data D --uses x", exitUsage}, {"invite --data D --expires 1", exitUsage},
		{"invite --data D --expires -1h", exitUsage}, {"invite --data D", exitFailed}, {"serve --data F", exitFailed},
		{"serve --data D --listen 256.0.0.1:1", exitFailed}, {"serve --data D --metrics 9465", exitUsage},
		{"serve --data D --listen 127.0.0.1:0 --metrics 256.0.0.1:1", exitFailed},
		{"users", exitUsage}, {"users --data E", exitFailed}, {"users --data D extra", exitUsage}, {"invites revoke", exitUsage},
		{"invites revoke abc --data D", exitUsage}, {"invites revoke --data D", exitUsage}, {"invites revoke abcd --data E", exitFailed},
		{"users dance --data D", exitUsage}, {"users remove --data D", exitUsage}, {"users remove x --data E", exitFailed}, {"users quota x --data D", exitUsage},
		{"users quota x much --data E", exitFailed}, {"devices block abc --data D", exitUsage}, {"devices block abcd --data E", exitFailed},
		{"sweep", exitUsage}, {"sweep --data E", exitFailed}, {"sweep --data D --retention files=1", exitUsage}, {"files revoke x --data D", exitUsage},
		{"serve --data D --tls on", exitUsage}, {"serve --data D --tls acme:", exitUsage}, {"serve --data D --tls self --acme https://ca", exitUsage},
		{"serve --data D --max-file big", exitUsage}, {"serve --data D --quota much", exitUsage}, {"serve --data D --retention photos=1d", exitUsage},
		{"serve --data D --files s3://none?endpoint=http://127.0.0.1:1", exitFailed}, {"serve --data D --files gs://none", exitFailed},
		{"serve --data D --files azblob://none", exitFailed}, {"serve --check --data D --listen 127.0.0.1:0 --tls acme:x.example --acme http://127.0.0.1:1", exitFailed},
		{"backup --data D", exitUsage}, {"restore", exitUsage}, {"backup B", exitUsage}, {"backup B --data E", exitFailed}, {"restore E --data B", exitFailed}, {"doctor --data E", exitFailed},
		{"help", exitDone}, {"--help", exitDone}, {"-h", exitDone}, {"serve --help", exitDone},
	} {
		args := strings.Fields(c.args)
		for i := range args {
			args[i] = strings.NewReplacer("D", empty, "E", never, "B", backup, "F", file).Replace(args[i])
		}
		var out, errs bytes.Buffer
		if code := run(t.Context(), args, &out, &errs); code != c.code {
			t.Errorf("%s: %d %q", c.args, code, errs.String())
		}
		if strings.Contains(errs.String(), "secret") {
			t.Errorf("%s: a password was shown: %q", c.args, errs.String())
		}
		if (c.code == exitDone) != (out.Len() > 0) || (c.code == exitDone) != (errs.Len() == 0) || c.code == exitFailed && strings.Count(errs.String(), "\n") != 1 {
			t.Errorf("%s: stdout %q, stderr %q", c.args, out.String(), errs.String())
		}
	}
}

// Two relays on one PostgreSQL and one NATS, told by flag, environment and
// file; --check says what they would do, and no password.
func TestSeveralRelays(t *testing.T) {
	n, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true, Username: "relay", Password: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	n.Start()
	defer func() { n.Shutdown(); n.WaitForShutdown() }()
	if !n.ReadyForConnections(20 * time.Second) {
		t.Fatal("NATS does not start")
	}
	db, err := database.Database()
	if err != nil {
		t.Fatal(err)
	}
	files, settings := t.TempDir(), filepath.Join(t.TempDir(), "relay.conf")
	bus := strings.Replace(n.ClientURL(), "nats://", "nats://relay:secret@", 1)
	if err := os.WriteFile(settings, []byte("# one for all\n\nbus = "+bus+"\npublic-url=https://chat.example.org\nlisten = 256.0.0.1:1\nmetrics = 256.0.0.1:1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SATCHEL_DATABASE", db)
	t.Setenv("SATCHEL_CONFIG", settings)
	t.Setenv("SATCHEL_PUBLIC_URL", "https://relay.example.org")
	t.Setenv("SATCHEL_METRICS", "127.0.0.1:0")
	args := []string{"--files", "file://" + files, "--listen", "127.0.0.1:0"}
	var out, errs bytes.Buffer
	code := run(t.Context(), append([]string{"serve", "--check"}, args...), &out, &errs)
	for _, want := range []string{"PostgreSQL", "NATS at nats://relay:xxxxx@127.0.0.1", files, "https://relay.example.org", "metrics       http://127.0.0.1:"} {
		if code != exitDone || !strings.Contains(out.String(), want) || strings.Contains(out.String()+errs.String(), "secret") {
			t.Errorf("%d, %q is not in %q %q", code, want, out.String(), errs.String())
		}
	}
	_, stopFirst := start(t, args...)
	_, stopSecond := start(t, args...)
	out.Reset()
	if code := run(t.Context(), []string{"invite"}, &out, &errs); code != exitDone || !strings.HasPrefix(out.String(), "satchel://relay.example.org/?code=") {
		t.Errorf("%d %q %q", code, out.String(), errs.String())
	}
	for _, args := range [][]string{{"doctor"}, {"sweep", "--dry-run"}, {"users"}} {
		out.Reset()
		if code := run(t.Context(), append(args, "--files", "file://"+files), &out, &errs); code != exitDone || out.Len() == 0 {
			t.Errorf("%v: %d %q %q", args, code, out.String(), errs.String())
		}
	}
	if a, b := stopFirst(), stopSecond(); a != exitDone || b != exitDone {
		t.Errorf("%d %d", a, b)
	}
	os.WriteFile(settings, []byte("colour = blue\n"), 0o600)
	if code := run(t.Context(), append([]string{"serve"}, args...), &out, &errs); code != exitUsage {
		t.Errorf("%d", code)
	}
}
