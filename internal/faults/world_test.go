package faults

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/net/relay"
	"satchel/net/wire"
)

// patience bounds every wait of these tests; a healthy run needs a fraction.
const patience = 2 * time.Minute

// world is a real relay that can be stopped and started again.
type world struct {
	t      testing.TB
	dir    string
	addr   string
	public string // its URL, where that is another
	r      *relay.Relay
	stop   func()
}

func newWorld(t testing.TB, change func(*world)) *world {
	w := &world{t: t, addr: "127.0.0.1:0"}
	if change != nil {
		change(w)
	}
	if w.dir == "" {
		w.dir = t.TempDir()
	}
	w.start()
	t.Cleanup(func() { w.stop() })
	return w
}

// plenty is what a relay lets one address and one account do here, where one
// address is everybody.
var plenty = relay.Limits{RequestRate: 1e5, RequestBurst: 1e5, ConnectRate: 1e5, ConnectBurst: 1e5}

func (w *world) start() {
	w.t.Helper()
	r, err := relay.Open(relay.Config{Dir: w.dir, Listen: w.addr, PublicURL: w.public, Name: "Studio", Logger: logger(w.t, "relay"), Limits: plenty})
	if err != nil {
		w.t.Fatal(err)
	}
	w.r = r
	if w.public == "" {
		w.addr = strings.TrimPrefix(r.URL(), "http://")
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx) }()
	w.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			w.t.Error(err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
}

func (w *world) url() string { return "http://" + w.addr }

// person is somebody with a session that runs, and all that it said of transfers.
type person struct {
	*session.Session
	t    testing.TB
	dir  string
	name string

	mu   sync.Mutex
	cond *sync.Cond
	last map[chat.TransferID]chat.Transfer
	said map[chat.TransferID][]string // reasons, each once
	done chan struct{}                // closed when nothing is heard any more
}

// person joins by way of an address; "": the relay's own. dir "": a new folder.
func (w *world) person(name, by, dir string) *person {
	w.t.Helper()
	link, err := w.r.Invite(context.Background(), 1, time.Hour)
	if err != nil {
		w.t.Fatal(err)
	}
	inv, err := wire.ParseInvitation(link)
	if err != nil {
		w.t.Fatal(err)
	}
	if by != "" {
		inv.URL = by
	}
	if dir == "" {
		dir = filepath.Join(w.t.TempDir(), name)
	}
	p := &person{t: w.t, dir: dir, name: name}
	p.open()
	if err := p.Join(p.bounded(), inv.String(), name); err != nil {
		w.t.Fatal(err)
	}
	if err := p.Synced(p.bounded()); err != nil {
		w.t.Fatal(name, err)
	}
	return p
}

// open opens the profile and listens; it may be called again after Close.
func (p *person) open() {
	p.t.Helper()
	s, err := session.Open(session.Options{Dir: p.dir, Logger: logger(p.t, p.name), Client: "faults"})
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	p.Session, p.cond, p.done = s, sync.NewCond(&p.mu), make(chan struct{})
	p.last, p.said = map[chat.TransferID]chat.Transfer{}, map[chat.TransferID][]string{}
	gone, done := make(chan error, 1), p.done
	p.mu.Unlock()
	changes, _ := s.Subscribe()
	go func() {
		defer close(done)
		for batch := range changes {
			p.heard(batch)
		}
	}()
	go func() { gone <- s.Run(context.Background()) }()
	p.t.Cleanup(sync.OnceFunc(func() {
		s.Close()
		if err := <-gone; err != nil {
			p.t.Error(err)
		}
		<-done
	}))
}

func (p *person) heard(batch []chat.Change) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range batch {
		if c, ok := c.(chat.TransferChanged); ok {
			id := c.Transfer.ID
			p.last[id] = c.Transfer
			if why := c.Transfer.Reason; why != "" && (c.Transfer.State == chat.TransferFailed || c.Transfer.State == chat.TransferWaiting) {
				if said := p.said[id]; len(said) == 0 || said[len(said)-1] != why {
					p.said[id] = append(said, why)
				}
			}
		}
	}
	p.cond.Broadcast()
}

func (p *person) bounded() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	p.t.Cleanup(cancel)
	return ctx
}

// meet opens the conversation of two, on both sides.
func meet(t testing.TB, a, b *person) chat.ConversationID {
	t.Helper()
	c, err := a.OpenDirect(a.bounded(), b.name)
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.Send(a.bounded(), c.ID, chat.Content{Kind: chat.KindMessage, Text: "hello"})
	if err == nil {
		_, err = a.Flushed(a.bounded(), m)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c.ID
}

// transfer waits until the transfer of a message is as it should be.
func (p *person) transfer(t testing.TB, m chat.Message, what string, ok func(chat.Transfer) bool) chat.Transfer {
	t.Helper()
	late := time.AfterFunc(patience, func() { p.cond.Broadcast() })
	defer late.Stop()
	deadline := time.Now().Add(patience)
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		var now chat.Transfer
		for _, tr := range p.last {
			if tr.Message == m.ID && (now.ID == "" || tr.Created.After(now.Created)) {
				now = tr
			}
		}
		if now.ID != "" && ok(now) {
			return now
		}
		if !time.Now().Before(deadline) {
			t.Fatalf("%s: the transfer was never %s: %v at %d of %d, try %d, %q", p.name, what, now.State, now.Offset, now.File.Size, now.Tries, p.said[now.ID])
		}
		p.cond.Wait()
	}
}

func rests(tr chat.Transfer) bool {
	return tr.State.Ended() || tr.State == chat.TransferFailed
}

func stands(tr chat.Transfer) bool { return rests(tr) || tr.State == chat.TransferWaiting }

func (p *person) reasons(id chat.TransferID) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.said[id]...)
}

// send sends a file and returns its message at once.
func (p *person) send(t testing.TB, conv chat.ConversationID, path string) chat.Message {
	t.Helper()
	all, err := p.SendFiles(p.bounded(), conv, []string{path}, chat.Content{Kind: chat.KindMessage})
	if err != nil {
		t.Fatal(err)
	}
	return all[0]
}

// sent waits until a message is at the relay.
func (p *person) sent(t testing.TB, m chat.Message) {
	t.Helper()
	if _, err := p.Flushed(p.bounded(), m); err != nil {
		t.Fatal(err)
	}
}

// received waits for a message of somebody else's.
func (p *person) received(t testing.TB, m chat.Message) chat.Message {
	t.Helper()
	changes, stop := p.Subscribe()
	defer stop()
	for ctx := p.bounded(); ; {
		if got, ok, err := p.Message(m.Conversation, m.ID); err != nil {
			t.Fatal(err)
		} else if ok {
			return got
		}
		select {
		case <-changes:
		case <-ctx.Done():
			t.Fatal("the message never came")
		}
	}
}

// equal holds that a message's file is here and is what was sent.
func (p *person) equal(t testing.TB, m chat.Message, data []byte) {
	t.Helper()
	equalFile(t, p.Path(m.Conversation, m.ID), data)
}

func equalFile(t testing.TB, path string, data []byte) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("there are %d bytes of %d, or others: %v", len(got), len(data), err)
	}
}

// sentences holds that what a person reads is a sentence each.
func sentences(t testing.TB, all []string) {
	t.Helper()
	for _, s := range all {
		if s == "" || strings.ContainsAny(s, "<>%{}\n/") || !strings.HasSuffix(s, ".") || strings.Contains(s, "0x") || len(s) < 20 {
			t.Errorf("%q is no sentence for a person", s)
		}
	}
}

// random is n bytes that depend on the seed and can't be compressed.
func random(n int, seed uint64) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(n)}).Read(data)
	return data
}

// newFile writes a file that shall be sent.
func newFile(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "film.bin")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// logger writes to standard error when SATCHEL_TEST_LOG is set.
func logger(t testing.TB, who string) *slog.Logger {
	if os.Getenv("SATCHEL_TEST_LOG") == "" {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil)).With("who", who, "test", t.Name())
}

// apart are two people who met, and closed; the relay has stopped, behind its
// gateway: each is to be a process of its own, one that can be killed.
func apart(t testing.TB) (w *world, g *gateway, ana, bo *person, conv chat.ConversationID) {
	t.Helper()
	w = newWorld(t, nil)
	g = newGateway(t, w.url())
	ana, bo = w.person("Ana", g.URL, ""), w.person("Bo", g.URL, "")
	conv = meet(t, ana, bo)
	for _, p := range []*person{ana, bo} {
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	w.stop()
	return w, g, ana, bo, conv
}
