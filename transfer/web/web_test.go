package web

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"satchel/chat"
	"satchel/transfer"
	"satchel/transfer/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password  = "a-password-for-tests"
	testChunk = 1 << 20
)

func open(t testing.TB, cfg Config, secret string) transfer.Handler {
	h, err := New(cfg, func() (string, error) { return secret, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.(interface{ CloseIdleConnections() }).CloseIdleConnections)
	return h
}

// nginx, with a password for all but reading.
func nginx(t testing.TB) string {
	dir := t.TempDir()
	for _, d := range []string{"files", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	port := storetest.FreePort(t)
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
		events {}
		http { access_log off; client_body_temp_path %[1]s/tmp; client_max_body_size 0;
			proxy_temp_path %[1]s/tmp; fastcgi_temp_path %[1]s/tmp; uwsgi_temp_path %[1]s/tmp; scgi_temp_path %[1]s/tmp;
			server { listen 127.0.0.1:%[2]d; root %[1]s; location /files/ { dav_methods PUT DELETE;
				limit_except GET { auth_basic satchel; auth_basic_user_file %[1]s/users; } } } }`, dir, port)
	for name, text := range map[string]string{"nginx.conf": config, "users": "mara:{PLAIN}" + password + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return storetest.Start(t, port, "nginx", "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf"))
}

func TestPut(t *testing.T) {
	at := func(address string) Config {
		return Config{Method: "PUT", URL: "http://" + address + "/files/{id}", User: "mara"}
	}
	storetest.Run(t, storetest.Store{
		Address: nginx(t), Chunk: testChunk, Secret: password,
		Open:  func(t testing.TB, address string) transfer.Handler { return open(t, at(address), password) },
		Wrong: func(t testing.TB, address string) transfer.Handler { return open(t, at(address), "another") },
	})
}

// form is an upload page as people have them: it takes a form, answers in JSON,
// and serves what it has under a name of its own.
func form(t testing.TB, token, file, result, where string) *httptest.Server {
	dir := t.TempDir()
	files := http.StripPrefix("/f/", http.FileServer(http.Dir(dir)))
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			files.ServeHTTP(w, r)
			return
		}
		if err := r.ParseMultipartForm(1 << 20); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		defer r.MultipartForm.RemoveAll()
		if r.FormValue("op") != "upload" || r.FormValue(token) != password {
			fmt.Fprintf(w, `{%q:false,"error":"<b>no</b>"}`, result)
			return
		}
		in, _, err := r.FormFile(file)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		defer in.Close()
		name := string(chat.NewTransferID())
		out, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Error(err)
			return
		}
		defer out.Close()
		if _, err := io.Copy(out, in); err != nil {
			t.Error(err)
		}
		fmt.Fprintf(w, `{%q:true,%q:"/f/%s","op":"upload"}`, result, where, name)
	}))
	t.Cleanup(s.Close)
	return s
}

func TestForm(t *testing.T) {
	s := form(t, "token", "file", "result", "url")
	at := func(address string) Config {
		return Config{Method: "POST", TokenField: "token", URL: "http://" + address + "/upload"}
	}
	storetest.Run(t, storetest.Store{
		Address: s.Listener.Addr().String(), Chunk: testChunk, Secret: password,
		Open:  func(t testing.TB, address string) transfer.Handler { return open(t, at(address), password) },
		Wrong: func(t testing.TB, address string) transfer.Handler { return open(t, at(address), "another") },
	})
}

func TestFieldsOfOtherNames(t *testing.T) {
	s := form(t, "key", "photo", "ok", "link")
	h := open(t, Config{Method: "POST", URL: s.URL, TokenField: "key", FileField: "photo", ResultField: "ok", URLField: "link",
		Fields: map[string]string{"op": "upload", "album": "1"}}, password)
	if err := transfer.Probe(t.Context(), h); err != nil {
		t.Error(err)
	}
}

// What a server may answer, and what a person reads then.
func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		status int
		body   string
		says   string // "": it went well
	}{
		{200, `{"result":"OK","url":"/f/1"}`, ""},
		{200, `{"url":"https://files.example.org/1"}`, ""},
		{200, `{"result":true}`, "address"},
		{200, `{"result":true,"url":"file:///etc/passwd"}`, "address"},
		{200, `{"result":true,"url":"https://a:b@example.org/1"}`, "address"},
		{200, `<html>login</html>`, "address"},
		{200, `{"result":false,"url":"/f/1"}`, "did not accept"},
		{302, ``, "address"},
		{403, ``, "may not"},
		{413, ``, "larger"},
		{507, ``, "full"},
		{503, ``, "pause"},
		{500, ``, "problem of its own"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Location", "/login")
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
		}))
		h := open(t, Config{Method: "POST", URL: s.URL}, "")
		_, err := h.Upload(t.Context(), &transfer.UploadRequest{ID: "a", Size: 3, Body: strings.NewReader("abc"), Progress: func(int64) {}})
		if why := transfer.Reason(err); (c.says == "") != (err == nil) || !strings.Contains(why, c.says) {
			t.Errorf("%d %s: %q, of %v", c.status, c.body, why, err)
		}
		s.Close()
	}
}
