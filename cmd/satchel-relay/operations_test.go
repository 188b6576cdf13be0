package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/transfer/storetest"
)

// fenced returns the blocks of docs/operations.md in a language.
func fenced(t *testing.T, language string) (all []string) {
	t.Helper()
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?s)\n```"+language+"\n(.*?)\n```\n").FindAllSubmatch(page, -1) {
		all = append(all, string(m[1]))
	}
	if len(all) == 0 {
		t.Fatalf("docs/operations.md has nothing in %s", language)
	}
	return all
}

// somebody joins a relay with a session.
func somebody(t *testing.T, link, name string) *session.Session {
	t.Helper()
	t.Setenv("SATCHEL_KEYRING", "off")
	s, err := session.Open(session.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), Client: "test"})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if err := s.Join(t.Context(), link, name); err != nil {
		t.Fatal(err)
	}
	return s
}

// behind serves a relay behind a proxy that open starts, and carries a session
// through it: words, and a file that is larger than what the proxy lets through
// in one request. open gets the address that it is to listen on, and the relay's.
func behind(t *testing.T, open func(port int, relay string)) {
	proxy := storetest.FreePort(t)
	dir, direct := t.TempDir(), fmt.Sprintf("127.0.0.1:%d", storetest.FreePort(t))
	_, stop := start(t, "--data", dir, "--listen", direct, "--public-url", fmt.Sprintf("http://127.0.0.1:%d", proxy))
	t.Cleanup(func() { stop() })
	open(proxy, direct)
	var link bytes.Buffer
	if code := run(t.Context(), []string{"invite", "--data", dir, "--uses", "2"}, &link, io.Discard); code != exitDone {
		t.Fatal(code)
	}
	mara, joao := somebody(t, link.String(), "Mara"), somebody(t, link.String(), "João")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	c, err := mara.OpenDirect(ctx, "João")
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 20<<20)
	rand.Read(content)
	file := filepath.Join(t.TempDir(), "film.bin")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	changes, unsubscribe := joao.Subscribe()
	defer unsubscribe()
	sent, err := mara.SendFiles(ctx, c.ID, []string{file}, chat.Content{Text: "through a proxy"})
	if err == nil {
		_, err = mara.Flushed(ctx, sent...)
	}
	if err != nil {
		t.Fatal(err)
	}
	asked := false
	for got := ""; got == ""; {
		page, err := joao.Messages(c.ID, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		if len(page) == 1 && !asked {
			asked = true
			if err := joao.Download(c.ID, page[0].ID); err != nil {
				t.Fatal(err)
			}
		}
		if got = joao.Path(c.ID, sent[0].ID); got != "" {
			if b, err := os.ReadFile(got); err != nil || !bytes.Equal(b, content) {
				t.Error("another file came", err)
			}
			break
		}
		select {
		case <-changes:
		case <-ctx.Done():
			t.Fatal("the file does not come")
		}
	}
}

// The lines for nginx in docs/operations.md carry a session.
func TestBehindNginx(t *testing.T) {
	behind(t, func(proxy int, direct string) {
		location := strings.Replace(fenced(t, "nginx")[0], "127.0.0.1:7465", direct, 1)
		web := t.TempDir()
		conf := fmt.Sprintf(`daemon off;
	master_process off;
	pid %[1]s/pid;
	error_log %[1]s/error.log;
	events {}
	http {
		access_log off;
		client_body_temp_path %[1]s/body;
		proxy_temp_path %[1]s/proxy;
		fastcgi_temp_path %[1]s/fastcgi;
		uwsgi_temp_path %[1]s/uwsgi;
		scgi_temp_path %[1]s/scgi;
		server {
			listen 127.0.0.1:%[2]d;
			%[3]s
		}
	}
	`, web, proxy, location)
		path := filepath.Join(web, "nginx.conf")
		if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
			t.Fatal(err)
		}
		storetest.Start(t, proxy, "nginx", "-e", filepath.Join(web, "error.log"), "-c", path)
	})
}

// The drill of docs/operations.md does what it says, on a relay that is served.
func TestBackupDrill(t *testing.T) {
	root := t.TempDir()
	data := root + "/var/lib/satchel"
	url, stop := start(t, "--data", data, "--listen", "127.0.0.1:0")
	defer stop()
	var link bytes.Buffer
	if code := run(t.Context(), []string{"invite", "--data", data}, &link, io.Discard); code != exitDone {
		t.Fatal(code)
	}
	if refused := enter(t, url, strings.TrimSpace(link.String()), "Mara Reyes"); refused != "" {
		t.Fatal(refused)
	}
	var said bytes.Buffer
	for line := range strings.SplitSeq(fenced(t, "drill")[0], "\n") {
		words := strings.Fields(strings.ReplaceAll(strings.ReplaceAll(line, " /var/", " "+root+"/var/"), " /backup/", " "+root+"/backup/"))
		var errs bytes.Buffer
		if words[0] != "satchel-relay" {
			t.Fatalf("%q is no command of the relay's", line)
		}
		if code := run(t.Context(), words[1:], &said, &errs); code != exitDone {
			t.Fatalf("%s: %d %s", line, code, errs.String())
		}
	}
	if !strings.Contains(said.String(), "Mara Reyes") || strings.Contains(said.String(), "WRONG") {
		t.Errorf("%s", said.String())
	}
}

// Every number that is served is in the table, and every one in the table is served.
func TestMetricsAreDocumented(t *testing.T) {
	dir := t.TempDir()
	port := storetest.FreePort(t)
	url, stop := start(t, "--data", dir, "--listen", "127.0.0.1:0", "--metrics", fmt.Sprintf("127.0.0.1:%d", port))
	defer stop()
	var link bytes.Buffer
	run(t.Context(), []string{"invite", "--data", dir}, &link, io.Discard)
	enter(t, url, strings.TrimSpace(link.String()), "Mara Reyes") // counts what has labels
	enter(t, url, strings.TrimSpace(link.String()), "João")       // is refused: an error is counted
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(fmt.Sprintf("http://127.0.0.1:%d/metrics", port))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	served := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (satchel_\S+)`).FindAllSubmatch(b, -1) {
		served[string(m[1])] = true
	}
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	table := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| (`satchel_relay_.*?) \\|").FindAllSubmatch(page, -1) {
		stem := ""
		for _, name := range regexp.MustCompile("`([a-z_]+)").FindAllSubmatch(row[1], -1) {
			n := string(name[1])
			if strings.HasPrefix(n, "_") { // uploads_begun_total, _finished_total
				n = stem + n
			}
			table[n] = true
			stem = n[:strings.LastIndex(strings.TrimSuffix(n, "_total"), "_")]
		}
	}
	for n := range served {
		if !table[n] {
			t.Errorf("%s is served, and docs/operations.md does not say what it means", n)
		}
	}
	for n := range table {
		if !served[n] {
			t.Errorf("docs/operations.md tells of %s, which is not served", n)
		}
	}
}

// Settings stand in the help, in docs/operations.md and in its unit's file alike.
func TestSettingsAreDocumented(t *testing.T) {
	page, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range settings {
		if !strings.Contains(usage, "--"+s+" ") {
			t.Errorf("--%s is not in the help", s)
		}
		if s != "config" && !bytes.Contains(page, []byte("`"+variable(s)+"`")) {
			t.Errorf("%s is not in docs/operations.md", variable(s))
		}
	}
}

// systemd takes the unit.
func TestUnit(t *testing.T) {
	unit, err := os.ReadFile("../../docs/systemd/satchel-relay.service")
	if err != nil {
		t.Fatal(err)
	}
	// The program has to be there; everything else is as in the file.
	path := filepath.Join(t.TempDir(), "satchel-relay.service")
	if err := os.WriteFile(path, bytes.Replace(unit, []byte("/usr/local/bin/satchel-relay"), []byte("/bin/true"), 1), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", "verify", "--man=no", path).CombinedOutput()
	mine := slices.DeleteFunc(strings.Split(string(out), "\n"), func(l string) bool { return !strings.Contains(l, "satchel-relay") })
	if err != nil || len(mine) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}
