package command

import (
	"bytes"
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"satchel/app/session"
	"satchel/net/relay"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A send that found no relay for as long as it tries says that the message is
// kept, and it goes out when there is one.
func TestSendGivesUp(t *testing.T) {
	dir := t.TempDir()
	serve := func(listen string) (r *relay.Relay, stop func()) {
		r, err := relay.Open(relay.Config{Dir: filepath.Join(dir, "relay"), Listen: listen})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan error, 1)
		go func() { done <- r.Serve(ctx) }()
		return r, func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	}
	r, stop := serve("127.0.0.1:0")
	s, err := session.Open(session.Options{Dir: filepath.Join(dir, "mara")})
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error, 1)
	go func() { ran <- s.Run(context.Background()) }()
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-ran
	}()
	link, err := r.Invite(t.Context(), 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Join(t.Context(), link, "Mara"); err != nil {
		t.Fatal(err)
	}
	listen := strings.TrimPrefix(r.URL(), "http://")
	stop()

	run := func(began time.Time, args ...string) (int, string) {
		var out bytes.Buffer
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		c := Call{Args: args, Dir: dir, Run: runName(), Began: began, Stdout: &out, Stderr: &out}
		code := newRunner(s).run(ctx, &c)
		return code, out.String()
	}
	long := time.Now().Add(-patience) // as if it had tried for all the time
	if code, said := run(long, "send", "--to", "self", "--text", "kept"); code != exitFailed || !strings.Contains(said, "is kept") {
		t.Errorf("%d %s", code, said)
	}
	if code, said := run(long, "send", "--to", "Nemo", "--text", "not even begun"); code != exitFailed || !strings.Contains(said, "can't be reached") {
		t.Errorf("%d %s", code, said)
	}
	_, stop = serve(listen)
	defer stop()
	s.Kick()
	if code, said := run(time.Now(), "send", "--to", "self", "--text", "after"); code != exitDone {
		t.Errorf("%d %s", code, said)
	}
	if code, said := run(time.Now(), "history", "--with", "self"); code != exitDone || strings.Count(said, "\n") != 2 || strings.Contains(said, "pending") {
		t.Errorf("%d %s", code, said)
	}
}
