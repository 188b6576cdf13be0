package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"satchel/chat"
	"satchel/net/relay"
)

func TestMain(m *testing.M) {
	os.Setenv("SATCHEL_KEYRING", "off")
	goleak.VerifyTestMain(m)
}

// patience bounds every wait of these tests.
const patience = 2 * time.Minute

// world is a real relay on loopback that can be stopped and started again.
type world struct {
	t      *testing.T
	dir    string
	addr   string
	log    *slog.Logger  // nil: the test's
	page   string        // where metrics are served; "": nowhere
	window time.Duration // for edits; 0: always
	tls    string        // as relay.Config has it
	keep   relay.Retention
	r      *relay.Relay
	stop   func()
}

func newWorld(t *testing.T) *world {
	w := &world{t: t, dir: t.TempDir(), addr: "127.0.0.1:0"}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

func (w *world) start() {
	w.t.Helper()
	if w.log == nil {
		w.log = logger(w.t, "relay")
	}
	r, err := relay.Open(relay.Config{Dir: w.dir, Listen: w.addr, Name: "Studio", Logger: w.log, Metrics: w.page, EditWindow: w.window, TLS: w.tls, Retention: w.keep})
	if err != nil {
		w.t.Fatal(err)
	}
	_, address, _ := strings.Cut(r.URL(), "://")
	w.r, w.addr = r, address
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx) }()
	w.stop = func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
		w.stop = func() {}
	}
}

// metrics is what the relay has counted, as it serves it.
func (w *world) metrics() []byte {
	w.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	resp, err := client.Get(w.r.MetricsURL())
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		w.t.Fatal(resp.Status, err)
	}
	return b
}

func (w *world) invite() string {
	w.t.Helper()
	link, err := w.r.Invite(w.t.Context(), 100, time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	return link
}

// person is somebody with a session that runs.
type person struct {
	*Session
	t    *testing.T
	dir  string
	name string
}

func (w *world) person(name string) *person {
	w.t.Helper()
	p := &person{t: w.t, dir: filepath.Join(w.t.TempDir(), name), name: name}
	p.open()
	if err := p.Join(w.t.Context(), w.invite(), name); err != nil {
		w.t.Fatal(err)
	}
	p.synced()
	return p
}

func (p *person) open() { p.openWith(func(*Session) {}) }

// openWith changes the session before it runs.
func (p *person) openWith(change func(*Session)) {
	p.t.Helper()
	s, err := Open(Options{Dir: p.dir, Logger: logger(p.t, p.name), Client: "test", RecoveryWork: 10})
	if err != nil {
		p.t.Fatal(err)
	}
	p.Session = s
	change(s)
	done := make(chan error, 1)
	go func() { done <- s.Run(context.Background()) }()
	p.t.Cleanup(func() {
		s.Close()
		if err := <-done; err != nil {
			p.t.Error(err)
		}
	})
}

func (p *person) again() {
	p.t.Helper()
	if err := p.Close(); err != nil {
		p.t.Fatal(err)
	}
	p.open()
}

func (p *person) bounded() context.Context {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	p.t.Cleanup(cancel)
	return ctx
}

func (p *person) synced() {
	p.t.Helper()
	if err := p.Synced(p.bounded()); err != nil {
		p.t.Fatalf("%s: not synced: %v", p.name, err)
	}
}

func (p *person) direct(name string) chat.ConversationID {
	p.t.Helper()
	c, err := p.OpenDirect(p.bounded(), name)
	if err != nil {
		p.t.Fatal(err)
	}
	return c.ID
}

func (p *person) say(conv chat.ConversationID, text string) chat.Message {
	p.t.Helper()
	m, err := p.Send(p.bounded(), conv, chat.Content{Text: text})
	if err != nil {
		p.t.Fatal(err)
	}
	return m
}

func (p *person) flushed(m ...chat.Message) []chat.Message {
	p.t.Helper()
	out, err := p.Flushed(p.bounded(), m...)
	if err != nil {
		p.t.Fatalf("%s: %v", p.name, err)
	}
	return out
}

// texts are those of the messages that the cache holds of a conversation.
func (p *person) texts(conv chat.ConversationID) []string {
	p.t.Helper()
	page, err := p.Messages(conv, 0, 10000)
	if err != nil {
		p.t.Fatal(err)
	}
	out := []string{}
	for _, m := range page {
		out = append(out, m.Content.Text)
	}
	return out
}

// until waits for something that changes announce.
func (p *person) wait(what string, holds func() bool) {
	p.t.Helper()
	err := p.until(p.bounded(), func() (bool, error) { return holds(), nil })
	if err != nil {
		p.t.Fatalf("%s: %s: %v", p.name, what, err)
	}
}

func (p *person) row(conv chat.ConversationID) chat.Conversation {
	p.t.Helper()
	c, _, err := p.Conversation(conv)
	if err != nil {
		p.t.Fatal(err)
	}
	return c
}

// logger writes to the test's log when SATCHEL_TEST_LOG is set.
func logger(t *testing.T, who string) *slog.Logger {
	if os.Getenv("SATCHEL_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil)).With("who", who, "test", t.Name())
}

func numbered(n int, form string) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf(form, i+1))
	}
	return out
}

func isRefusal(err error) bool {
	var r Refusal
	return errors.As(err, &r)
}
