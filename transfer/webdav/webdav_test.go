package webdav

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/net/webdav"

	"satchel/transfer"
	"satchel/transfer/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password  = "a password for tests"
	testChunk = 1 << 20
)

// server is golang.org/x/net/webdav over a folder, which asks for an account.
// Below /public/ everybody may read.
func server(t testing.TB, dir string, around func(http.Handler) http.Handler) *httptest.Server {
	dav := &webdav.Handler{FileSystem: webdav.Dir(dir), LockSystem: webdav.NewMemLS()}
	public := http.StripPrefix("/public", http.FileServer(http.Dir(dir)))
	inner := http.Handler(dav)
	if around != nil {
		inner = around(dav)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/public/") {
			public.ServeHTTP(w, r)
			return
		}
		if user, p, _ := r.BasicAuth(); p != password || user != "mara" && user != "joão" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func open(t testing.TB, cfg Config, p string) *Store {
	s, err := New(cfg, func() (string, error) { return p, nil })
	if err != nil {
		t.Fatal(err)
	}
	s.chunk = testChunk
	t.Cleanup(s.CloseIdleConnections)
	return s
}

// Any WebDAV server, with an account.
func TestStore(t *testing.T) {
	s := server(t, t.TempDir(), nil)
	at := func(address string) Config {
		return Config{URL: "http://" + address + "/people/satchel", User: "mara"}
	}
	storetest.Run(t, storetest.Store{
		Address: s.Listener.Addr().String(), Chunk: testChunk, Secret: password,
		Open:  func(t testing.TB, address string) transfer.Handler { return open(t, at(address), password) },
		Wrong: func(t testing.TB, address string) transfer.Handler { return open(t, at(address), "another") },
	})
}

// By a public address everybody reads, without the account.
func TestPublicURL(t *testing.T) {
	s := server(t, t.TempDir(), nil)
	h := open(t, Config{URL: s.URL + "/satchel", User: "mara", PublicURL: s.URL + "/public/satchel"}, password)
	if err := transfer.Probe(t.Context(), h); err != nil {
		t.Error(err)
	}
	if h.Claims(s.URL + "/public/satchel/abc") {
		t.Error("the account is shown where everybody reads")
	}
}

// assemble does what Nextcloud adds to WebDAV for chunks, as its manual says:
// the MOVE of ".file" makes one file of a collection. Folders and chunks are
// those of the WebDAV server.
func assemble(t testing.TB, dir string) func(http.Handler) http.Handler {
	return func(dav http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method != "MOVE" || path.Base(r.URL.Path) != ".file" {
				dav.ServeHTTP(w, r)
				return
			}
			to, err := url.Parse(r.Header.Get("Destination"))
			if err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			chunks := filepath.Join(dir, path.Dir(r.URL.Path))
			names, err := filepath.Glob(chunks + "/*")
			if err != nil || len(names) == 0 {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			sort.Strings(names)
			out, err := os.Create(filepath.Join(dir, to.Path))
			if err != nil {
				w.WriteHeader(http.StatusConflict)
				return
			}
			defer out.Close()
			for _, n := range names {
				in, err := os.Open(n)
				if err != nil {
					t.Error(err)
					return
				}
				if _, err := io.Copy(out, in); err != nil {
					t.Error(err)
				}
				in.Close()
			}
			if err := os.RemoveAll(chunks); err != nil {
				t.Error(err)
			}
			w.WriteHeader(http.StatusCreated)
		})
	}
}

// Nextcloud's chunks resume; and another member reads with an account of their own.
func TestNextcloud(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"files/mara/Satchel", "files/joão", "uploads/mara"} {
		if err := os.MkdirAll(filepath.Join(dir, "remote.php/dav", d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	// João sees the folder that Mara shares below his own files.
	if err := os.Symlink("../mara/Satchel", filepath.Join(dir, "remote.php/dav/files/joão/Shared")); err != nil {
		t.Fatal(err)
	}
	s := server(t, dir, assemble(t, dir))
	mara := func(address string) Config {
		return Config{URL: "http://" + address + "/remote.php/dav/files/mara/Satchel", User: "mara"}
	}
	address := s.Listener.Addr().String()
	storetest.Run(t, storetest.Store{
		Address: address, Chunk: testChunk, Resumes: true, Secret: password,
		Open:  func(t testing.TB, address string) transfer.Handler { return open(t, mara(address), password) },
		Wrong: func(t testing.TB, address string) transfer.Handler { return open(t, mara(address), "another") },
	})
	data := strings.Repeat("satchel ", 100)
	up, err := open(t, mara(address), password).Upload(t.Context(), &transfer.UploadRequest{ID: "shared", Size: int64(len(data)), Body: strings.NewReader(data), Progress: func(int64) {}, Remember: func(string) error { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	joão := open(t, Config{URL: "http://" + address + "/remote.php/dav/files/joão/Shared", User: "joão"}, password)
	var got strings.Builder
	if err := joão.Download(t.Context(), &transfer.DownloadRequest{URL: up.URL, Size: int64(len(data)), Body: &got, Progress: func(int64) {}}); err != nil || got.String() != data {
		t.Errorf("João reads %d bytes, %v", got.Len(), err)
	}
}

// A chunk of an attempt that was given up arrives when the next one is under way.
func TestLateChunk(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"files/mara", "uploads/mara"} {
		if err := os.MkdirAll(filepath.Join(dir, "remote.php/dav", d), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s := server(t, dir, assemble(t, dir))
	h := open(t, Config{URL: s.URL + "/remote.php/dav/files/mara", User: "mara"}, password)
	first, second := strings.Repeat("a", 4*testChunk), strings.Repeat("b", 4*testChunk)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := &transfer.UploadRequest{ID: "late", Size: 4 * testChunk, Body: strings.NewReader(first)}
	r.Remember = func(place string) error { r.Place = place; return nil }
	r.Progress = func(n int64) {
		if n == 2*testChunk {
			stop()
		}
	}
	if _, err := h.Upload(ctx, r); err == nil {
		t.Fatal("it was not cut")
	}
	r.Body = strings.NewReader(second)
	begun := false
	r.Progress = func(n int64) {
		if begun {
			return
		}
		if begun = true; n != 2*testChunk {
			t.Errorf("it goes on at %d", n)
		}
		late := filepath.Join(dir, "remote.php/dav/uploads/mara/satchel-late/00004") // the third, after the gap
		if err := os.WriteFile(late, []byte(first[:testChunk]), 0o600); err != nil {
			t.Error(err)
		}
	}
	result, err := h.Upload(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := h.Download(t.Context(), &transfer.DownloadRequest{URL: result.URL, Size: r.Size, Body: &got, Progress: func(int64) {}}); err != nil || got.String() != first[:2*testChunk]+second[:2*testChunk] {
		t.Errorf("%d bytes of both, %v", got.Len(), err)
	}
}

// The password goes to the folder's server only.
func TestClaims(t *testing.T) {
	s := open(t, Config{URL: "https://cloud.example.org/dav/satchel", User: "mara"}, password)
	for address, want := range map[string]bool{
		"https://cloud.example.org/dav/satchel/abc":        true,
		"https://CLOUD.example.org/dav/satchel/abc":        true,
		"http://cloud.example.org/dav/satchel/abc":         false,
		"https://cloud.example.org:8443/dav/satchel/abc":   false,
		"https://cloud.example.org.evil/dav/satchel/abc":   false,
		"https://evil.example.org/dav/satchel/abc":         false,
		"https://cloud.example.org/dav/other/abc":          false,
		"https://cloud.example.org/dav/satchel/abc?x=1":    false,
		"https://cloud.example.org/dav/satchel/..":         false,
		"https://mara@cloud.example.org.evil/dav/satchel/": false,
	} {
		if got := s.Claims(address); got != want {
			t.Errorf("%s: %v", address, got)
		}
	}
}
