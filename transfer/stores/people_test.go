package stores_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/net/relay"
	"satchel/transfer"
	"satchel/transfer/storetest"
)

const patience = 2 * time.Minute

// joins opens a profile, joins the relay, and runs until the test ends.
func joins(t *testing.T, r *relay.Relay, name string) *session.Session {
	t.Helper()
	s, err := session.Open(session.Options{Dir: filepath.Join(t.TempDir(), name)})
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
	link, err := r.Invite(t.Context(), 1, time.Hour)
	if err == nil {
		err = s.Join(t.Context(), link, name)
	}
	if err == nil {
		err = s.Synced(bounded(t))
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// waits until something holds that changes announce.
func waits(t *testing.T, s *session.Session, what string, holds func() bool) {
	t.Helper()
	changes, stop := s.Subscribe()
	defer stop()
	for end := time.After(patience); !holds(); {
		select {
		case <-changes:
		case <-end:
			t.Fatalf("%s never came", what)
		}
	}
}

// Two people send each other files by stores of their own, of every kind that is a
// server: set up, tried, used, read by who has the message alone, and made anew where
// links end.
func TestPeopleWithStores(t *testing.T) {
	t.Setenv("SATCHEL_KEYRING", "off")
	r, err := relay.Open(relay.Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", Name: "Studio"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- r.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	mara, joao := joins(t, r, "Mara"), joins(t, r, "João")
	conv, err := mara.OpenDirect(bounded(t), "João")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		kind  string
		start func(*testing.T) (settings, secret string)
		ends  bool // its links do
	}{
		{"s3", gateway, true},
		{"http", nginx, false},
	} {
		t.Run(c.kind, func(t *testing.T) {
			settings, secret := c.start(t)
			wrong := "not the secret"
			if err := mara.TestStore(bounded(t), json.RawMessage(settings), &wrong); err == nil || !strings.Contains(err.Error(), "key or password") {
				t.Errorf("with a wrong secret: %v", err)
			}
			if err := mara.TestStore(bounded(t), json.RawMessage(settings), &secret); err != nil {
				t.Error(err)
			}
			if _, err := mara.KeepStore(bounded(t), json.RawMessage(settings), &secret, true); err != nil {
				t.Fatal(err)
			}
			data := make([]byte, 11<<20)
			rand.NewChaCha8([32]byte{7}).Read(data)
			path := filepath.Join(t.TempDir(), "film.bin")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			send := func() chat.Message {
				t.Helper()
				sent, err := mara.SendFiles(bounded(t), conv.ID, []string{path}, chat.Content{})
				if err == nil {
					sent, err = mara.Flushed(bounded(t), sent...)
				}
				if err != nil {
					t.Fatal(err)
				}
				return sent[0]
			}
			fetches := func(id chat.MessageID) {
				t.Helper()
				waits(t, joao, "the message", func() bool { _, ok, _ := joao.Message(conv.ID, id); return ok })
				if err := joao.Download(conv.ID, id); err != nil {
					t.Fatal(err)
				}
				waits(t, joao, "the file", func() bool { return joao.Path(conv.ID, id) != "" })
				if b, err := os.ReadFile(joao.Path(conv.ID, id)); err != nil || !bytes.Equal(b, data) {
					t.Errorf("it differs, or %v", err)
				}
				if _, err := joao.Free(bounded(t), session.Choice{}); err != nil || joao.Path(conv.ID, id) != "" {
					t.Errorf("it stays: %v", err)
				}
			}
			first := send()
			fetches(first.ID)
			again := send()
			if place, _, _ := strings.Cut(first.Content.File.URL, "?"); !strings.HasPrefix(again.Content.File.URL, place) {
				t.Error("it was sent twice")
			}
			fetches(again.ID)
			if !c.ends {
				return
			}
			old := *first.Content.File
			place, _, _ := strings.Cut(old.URL, "?")
			old.URL = place + "?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=20200101T000000Z&X-Amz-Expires=60&X-Amz-Signature=00"
			m, err := mara.Send(bounded(t), conv.ID, chat.Content{File: &old})
			if err != nil {
				t.Fatal(err)
			}
			fetches(m.ID)
			if now, _, err := joao.Message(conv.ID, m.ID); err != nil || transfer.Expired(now.Content.File.URL) {
				t.Errorf("%+v, %v", now.Content.File, err)
			}
		})
	}
}

// gateway is versitygw, an S3 server over a folder.
func gateway(t *testing.T) (settings, secret string) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "files"), 0o755); err != nil {
		t.Fatal(err)
	}
	secret = "a secret for tests"
	port := storetest.FreePort(t)
	address := storetest.Start(t, port, storetest.Tool(t, "versitygw"), "--port", fmt.Sprintf("127.0.0.1:%d", port), "--access", "satchel", "--secret", secret, "--quiet", "posix", dir)
	return fmt.Sprintf(`{"kind":"s3","endpoint":"http://%s","bucket":"files","access_key":"satchel","prefix":"satchel/"}`, address), secret
}

// nginx takes PUT with a password, and lets everybody read.
func nginx(t *testing.T) (settings, secret string) {
	dir := t.TempDir()
	for _, d := range []string{"files", "tmp"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	secret = "a password for tests"
	port := storetest.FreePort(t)
	config := fmt.Sprintf(`daemon off; master_process off; pid %[1]s/pid; error_log %[1]s/error.log;
		events {}
		http { access_log off; client_body_temp_path %[1]s/tmp; client_max_body_size 0;
			proxy_temp_path %[1]s/tmp; fastcgi_temp_path %[1]s/tmp; uwsgi_temp_path %[1]s/tmp; scgi_temp_path %[1]s/tmp;
			server { listen 127.0.0.1:%[2]d; root %[1]s; location /files/ { dav_methods PUT DELETE;
				limit_except GET { auth_basic satchel; auth_basic_user_file %[1]s/users; } } } }`, dir, port)
	for name, text := range map[string]string{"nginx.conf": config, "users": "mara:{PLAIN}" + secret + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	address := storetest.Start(t, port, "nginx", "-e", filepath.Join(dir, "error.log"), "-c", filepath.Join(dir, "nginx.conf"))
	return fmt.Sprintf(`{"kind":"http","method":"PUT","url":"http://%s/files/{id}","user":"mara"}`, address), secret
}
