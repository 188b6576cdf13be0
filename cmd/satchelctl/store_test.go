package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/net/webdav"
)

// A store is set, shown, tested and left at the prompt; its secret is in nothing
// that is printed. Then what takes room is shown and freed.
func TestStoreCommands(t *testing.T) {
	const password = "a password that nobody guesses"
	t.Parallel()
	w := newWorld(t)
	w.ctl("mara", "join", w.invite(5, time.Hour), "--name", "Mara")
	w.ctl("ines", "join", w.invite(5, time.Hour), "--name", "Ines")
	dav := &webdav.Handler{FileSystem: webdav.Dir(t.TempDir()), LockSystem: webdav.NewMemLS()}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, given, _ := r.BasicAuth(); given != password && r.Method != http.MethodGet {
			http.Error(w, "no", http.StatusUnauthorized)
			return
		}
		dav.ServeHTTP(w, r)
	}))
	defer server.Close()
	settings := filepath.Join(w.dir, "store.json")
	write := func(secret string) {
		t.Helper()
		text := `{"kind":"webdav","url":"` + server.URL + `/files","user":"mara","public_url":"` + server.URL + `/files"` + secret + `}`
		if err := os.WriteFile(settings, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if lines := w.ctl("mara", "store"); len(lines) != 1 || lines[0]["kind"] != "relay" || lines[0]["used"] != true {
		t.Errorf("%v", lines)
	}
	w.ctl("mara", "store", "test")
	write(`,"secret":"wrong"`)
	w.refused(1, "password", "mara", "store", "test", settings)
	write(`,"secret_file":"password"`)
	if err := os.WriteFile(filepath.Join(w.dir, "password"), []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.ctl("mara", "store", "test", settings)
	id, _ := w.ctl("mara", "store", "set", settings)[0]["id"].(string)
	write("")
	w.ctl("mara", "store", "set", settings, "--read-only") // the secret stays, and so does where files go
	w.ctl("mara", "store", "test")
	lines := w.ctl("mara", "store", "show")
	if len(lines) != 2 || lines[0]["used"] != false || lines[1]["used"] != true || lines[1]["id"] != id || lines[1]["secret"] == nil {
		t.Errorf("%v", lines)
	}

	path := filepath.Join(w.dir, "plan.txt")
	if err := os.WriteFile(path, []byte("the plan"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.ctl("mara", "send", "--to", "Ines", "--file", path)
	w.ctl("ines", "listen", "--count", "1", "--timeout", "1m", "--download", filepath.Join(w.dir, "in"))
	if b, err := os.ReadFile(filepath.Join(w.dir, "in", "plan.txt")); err != nil || string(b) != "the plan" {
		t.Errorf("%q, %v", b, err)
	}
	room := w.ctl("ines", "storage")[0]
	if of := room["conversations"].([]any); room["files"] != 8.0 || len(of) != 1 || of[0].(map[string]any)["name"] != "Mara" {
		t.Errorf("%v", room)
	}
	if lines := w.ctl("ines", "storage", "free", "--with", "Mara"); lines[0]["files"] != 1.0 || lines[0]["bytes"] != 8.0 {
		t.Errorf("%v", lines)
	}
	if room := w.ctl("ines", "storage", "show")[0]; room["files"] != 0.0 {
		t.Errorf("%v", room)
	}
	if lines := w.ctl("ines", "storage", "budget", "20GB"); lines[0]["budget"] != 20e9 {
		t.Errorf("%v", lines)
	}

	w.ctl("mara", "store", "relay")
	w.ctl("mara", "store", "forget", id)
	if lines := w.ctl("mara", "store", "show"); len(lines) != 1 || lines[0]["used"] != true {
		t.Errorf("%v", lines)
	}
	for _, args := range [][]string{{"store", "burn"}, {"store", "set"}, {"storage", "free", "--kind", "poems"}, {"storage", "budget", "much"}} {
		w.refused(2, "", "mara", args...)
	}
}
