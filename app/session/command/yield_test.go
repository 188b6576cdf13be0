package command

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/net/relay"
)

// output is a buffer that tells of every write.
type output struct {
	mu    sync.Mutex
	b     bytes.Buffer
	wrote chan struct{}
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	select {
	case o.wrote <- struct{}{}:
	default:
	}
	return o.b.Write(p)
}

// A listen that has the profile open gives it to the desktop, and goes on there;
// the desktop keeps it.
func TestListenYieldsToTheDesktop(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	dir := t.TempDir()
	r, err := relay.Open(relay.Config{Dir: filepath.Join(dir, "relay"), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	serving, stop := context.WithCancel(context.Background())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	all.Go(func() { r.Serve(serving) })
	link, err := r.Invite(ctx, 2, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	profile := filepath.Join(dir, "mara")
	ctl := func(profile string, out *output, args ...string) int {
		return Main(ctx, filepath.Join(dir, profile), nil, Call{Args: args, Dir: dir, Run: runName(), Began: time.Now(), Stdout: out, Stderr: out})
	}
	newOutput := func() *output { return &output{wrote: make(chan struct{}, 1)} }
	if out := newOutput(); ctl("mara", out, "join", link, "--name", "Mara") != 0 || ctl("bo", out, "join", link, "--name", "Bo") != 0 ||
		ctl("bo", out, "send", "--to", "Mara", "--text", "1") != 0 {
		t.Fatal(out.b.String())
	}

	out, ended := newOutput(), make(chan int, 1)
	go func() { ended <- ctl("mara", out, "listen", "--count", "2") }()
	select {
	case <-out.wrote: // it has the profile
	case <-ctx.Done():
		t.Fatal("nothing was heard")
	}
	s, err := Open(ctx, session.Options{Dir: profile})
	if err != nil {
		t.Fatal(err)
	}
	all.Go(func() { s.Run(serving) })
	all.Go(func() { Serve(serving, s, nil) })
	defer s.Close()
	defer stop()
	if other, err := Open(ctx, session.Options{Dir: profile}); !errors.Is(err, session.ErrInUse) {
		t.Errorf("%v, %v", other, err)
	}
	if err := s.Synced(ctx); err != nil {
		t.Fatal(err)
	}
	bo, err := session.Open(session.Options{Dir: filepath.Join(dir, "bo")})
	if err != nil {
		t.Fatal(err)
	}
	defer bo.Close()
	all.Go(func() { bo.Run(serving) })
	conv, err := bo.OpenDirect(ctx, "Mara")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bo.Send(ctx, conv.ID, chat.Content{Text: "2"}); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != 0 {
		t.Errorf("exit %d", code)
	}
	lines := strings.Split(strings.TrimSpace(out.b.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"text":"1"`) || !strings.Contains(lines[1], `"text":"2"`) {
		t.Errorf("%s", lines)
	}
}
