package app

import (
	"context"
	"fmt"
	"image"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"
	"go.uber.org/goleak"

	"satchel/net/relay"
	"satchel/transfer"
	look "satchel/transfer/preview"
	"satchel/transfer/tiles"
	"satchel/widgets"
)

func TestMain(m *testing.M) {
	os.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent") // nothing is shown on the desktop of who runs them
	code := m.Run()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// patience is how long a test waits for what must come.
const patience = 2 * time.Minute

// stage is the screen's goroutine, which is the test's, for all windows of a test.
type stage struct {
	decoded atomic.Int32 // pictures
	t       testing.TB
	fyne    fyne.App
	todo    chan func()
}

func newStage(t testing.TB) *stage {
	t.Helper()
	f := test.NewTempApp(t)
	f.Settings().SetTheme(widgets.NewTheme())
	return &stage{t: t, fyne: f, todo: make(chan func(), 10000)}
}

// person is somebody at a window.
type person struct {
	*App
	stage *stage
	dir   string
	photo string   // that somebody sent
	undo  []func() // what takes a view's changes back, the last one first
}

// sits opens a window on a profile; more changes its configuration.
func (s *stage) sits(dir string, more ...func(*Config)) *person {
	s.t.Helper()
	home := &home{dir: dir}
	c := Config{Dir: dir, Map: tiles.Picture, OwnRelay: home.exists(), StartRelay: home.start, RelayPlace: home.place, KeepRelay: home.move, Profiles: filepath.Dir(dir),
		Preview: look.Look, Picture: s.picture, Large: look.Large, Frames: look.Frames, Face: transfer.Face, Sound: hear, SaveCopy: transfer.SaveCopy, RecoveryWork: 10,
		Do: func(f func()) { s.todo <- f }}
	for _, m := range more {
		m(&c)
	}
	a, err := New(s.fyne, c)
	if err != nil {
		s.t.Fatal(err)
	}
	a.Start()
	p := &person{App: a, stage: s, dir: dir}
	s.t.Cleanup(p.leaves)
	return p
}

// hear decodes as main has it.
func hear(ctx context.Context, path string, from time.Duration) (Samples, int, int, error) {
	h, err := look.Sound(ctx, path, from)
	if err != nil {
		return nil, 0, 0, err
	}
	return h, h.Rate, h.Channels, nil
}

// picture decodes as main has it, and counts.
func (s *stage) picture(ctx context.Context, path string, w, h int) (image.Image, error) {
	img, err := look.Picture(ctx, path, w, h)
	if err == nil {
		s.decoded.Add(1)
	}
	return img, err
}

// leaves closes the window, while the screen's goroutine goes on.
func (p *person) leaves() {
	done := make(chan error, 1)
	p.remember()
	go func() { done <- p.Close() }()
	for {
		select {
		case f := <-p.stage.todo:
			f()
		case err := <-done:
			if err != nil {
				p.stage.t.Error(err)
			}
			return
		case <-time.After(patience):
			p.stage.t.Fatal("the program does not end")
		}
	}
}

// sees waits until the screen is as it should be.
func (p *person) sees(what string, is func(Screen) bool) Screen {
	p.stage.t.Helper()
	end := time.After(patience)
	for {
		s := p.screen()
		if is(s) {
			return s
		}
		select {
		case f := <-p.stage.todo:
			f()
		case <-end:
			p.stage.t.Fatalf("it never came that %s; on the screen: %+v", what, s)
		}
	}
}

// begins fills in the welcome and starts here.
func (p *person) begins(name string) {
	p.stage.t.Helper()
	p.welcome.Name.SetText(name)
	test.Tap(p.welcome.Continue)
	p.sees(name+" is in", func(s Screen) bool {
		return s.Screen == "main" && s.Connection == "connected" && s.Synced && s.Conversation != nil
	})
}

// invites makes a link.
func (p *person) invites() string {
	p.stage.t.Helper()
	test.Tap(p.main.head.Invite)
	link := p.sees("there is a link", func(s Screen) bool { return s.Sheet != nil && s.Sheet.Link != "" }).Sheet.Link
	p.sheet.sheet.Dismiss()
	return link
}

// joins fills in the welcome with a link.
func (p *person) joins(name, link string) {
	p.stage.t.Helper()
	p.welcome.Name.SetText(name)
	test.Tap(p.welcome.Invited)
	p.welcome.Link.SetText(link)
	test.Tap(p.welcome.Continue)
}

// writes types into the composer and sends it.
func (p *person) writes(text string) {
	p.stage.t.Helper()
	entry := p.main.pane.composer.Entry()
	test.Type(entry, text)
	entry.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
}

// opens chooses the conversation with somebody, once it is listed.
func (p *person) opens(name string) {
	p.stage.t.Helper()
	s := p.sees(name+" is listed", func(s Screen) bool { return row(s, name) != nil })
	p.open(row(s, name).ID)
	p.sees(name+" is open", func(s Screen) bool { return s.Conversation != nil && s.Conversation.Name == name && p.main.pane.loaded })
}

func row(s Screen, name string) *RowState {
	for i := range s.Rows {
		if s.Rows[i].Name == name {
			return &s.Rows[i]
		}
	}
	return nil
}

// last is the newest message on the screen; empty when there is none.
func last(s Screen) MessageState {
	if len(s.Messages) == 0 {
		return MessageState{}
	}
	return s.Messages[len(s.Messages)-1]
}

// home is a relay of a profile's own, as main has it.
type home struct{ dir string }

func (h *home) exists() bool {
	_, err := os.Stat(filepath.Join(h.dir, "address"))
	return err == nil
}

func (h *home) place() (listen string, on bool) {
	b, err := os.ReadFile(filepath.Join(h.dir, "address"))
	_, off := os.Stat(filepath.Join(h.dir, "off"))
	return string(b), err == nil && off != nil
}

func (h *home) move(listen string, on bool) error {
	if on {
		os.Remove(filepath.Join(h.dir, "off"))
	} else if err := os.WriteFile(filepath.Join(h.dir, "off"), nil, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(h.dir, "address"), []byte(listen), 0o600)
}

func (h *home) start(_ context.Context, owner string) (Relay, error) {
	listen := "127.0.0.1:0"
	if b, err := os.ReadFile(filepath.Join(h.dir, "address")); err == nil {
		listen = string(b)
	}
	r, err := relay.Open(relay.Config{Dir: filepath.Join(h.dir, "relay"), Listen: listen, Name: strings.TrimSpace(owner + " relay")})
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(r.URL())
	if err == nil {
		err = os.WriteFile(filepath.Join(h.dir, "address"), []byte(net.JoinHostPort("127.0.0.1", u.Port())), 0o600)
	}
	if err != nil {
		r.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := &served{Relay: r, cancel: cancel, done: make(chan error, 1)}
	go func() { served.done <- r.Serve(ctx) }()
	return served, nil
}

type served struct {
	*relay.Relay
	cancel context.CancelFunc
	done   chan error
}

func (s *served) Close() error {
	s.cancel()
	return <-s.done
}
