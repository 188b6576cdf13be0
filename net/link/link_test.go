package link

import (
	"context"
	"crypto/ed25519"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"satchel/net/relay"
	"satchel/net/seal"
	"satchel/net/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const patience = 20 * time.Second

// startRelay runs a real relay until the test ends or stop is called.
func startRelay(t *testing.T, dir, listen string) (r *relay.Relay, stop func()) {
	t.Helper()
	r, err := relay.Open(relay.Config{Dir: dir, Listen: listen, Name: "Studio"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Serve(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return r, stop
}

// as makes cfg that of a new account's first device, and returns it with who
// that is, and the statement that begins the account's chain.
func as(t *testing.T, cfg Config) (Config, seal.Author, []byte) {
	t.Helper()
	d := seal.NewDevice(seal.Computer)
	a, first, _, err := seal.NewAccount(d, "laptop", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	key := d.Public().Key
	cfg.Account, cfg.Device, cfg.Sign = string(a.ID()), key[:], d.Sign
	return cfg, seal.Author{Account: a, Device: d}, first
}

// somebody is cfg as a new account says it.
func somebody(t *testing.T, cfg Config) Config {
	cfg, _, _ = as(t, cfg)
	return cfg
}

// registered returns the Config of a device that the relay knows.
func registered(t *testing.T, r *relay.Relay, name string) (Config, seal.Author) {
	t.Helper()
	link, err := r.Invite(t.Context(), 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	inv, err := wire.ParseInvitation(link)
	if err != nil {
		t.Fatal(err)
	}
	cfg, who, first := as(t, Config{URL: inv.URL, Key: inv.Key, MinDelay: 5 * time.Millisecond, MaxDelay: 50 * time.Millisecond})
	reg := cfg
	reg.Invite, reg.Name, reg.First = inv.Code, name, first
	w, err := Register(t.Context(), reg)
	if err != nil || w.Account.Name != name {
		t.Fatal(w, err)
	}
	if _, err := Register(t.Context(), reg); err != nil { // harmless
		t.Fatal(err)
	}
	return cfg, who
}

// run runs a link until the test ends.
func run(t *testing.T, cfg Config) (*Link, <-chan error) {
	l := New(cfg)
	ended, answer := make(chan struct{}), make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { defer close(ended); answer <- l.Run(ctx) }()
	t.Cleanup(func() {
		l.Close()
		l.Close()
		for range l.Events() {
		}
		<-ended
		cancel()
	})
	return l, answer
}

// await reads events until one is an E.
func await[E Event](t *testing.T, l *Link) E {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case e, open := <-l.Events():
			if !open {
				t.Fatal("no more events")
			}
			if x, ok := e.(E); ok {
				return x
			}
		case <-late:
			t.Fatalf("no %T", *new(E))
		}
	}
}

func TestTalksAndComesBack(t *testing.T) {
	dir := t.TempDir()
	r, stop := startRelay(t, dir, "127.0.0.1:0")
	cfg, who := registered(t, r, "Mara")
	l, _ := run(t, cfg)
	await[Connecting](t, l)
	up := await[Up](t, l)
	if up.Welcome.Name != "Studio" || up.Welcome.Account.Name != "Mara" {
		t.Errorf("%+v", up.Welcome)
	}
	me := up.Welcome.Account.ID

	_, self, err := seal.NewSelf(who, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	reply, err := l.Call(t.Context(), &wire.AppendChain{Conversation: wire.SelfID(me), Statement: self.Statement, Boxes: self.Boxes})
	if _, ok := reply.(*wire.OK); err != nil || !ok {
		t.Fatal(reply, err)
	}
	var said *wire.Error
	if _, err := l.Call(t.Context(), &wire.History{Conversation: "nowhere"}); !errors.As(err, &said) || said.Code != wire.CodeNotFound {
		t.Errorf("%v", err)
	}
	send := &wire.Send{Header: wire.Header{ID: l.NextID()}, Conversation: wire.SelfID(me), Message: "m1", Body: []byte("{}")}
	if err := l.Send(send); err != nil {
		t.Fatal(err)
	}
	if sent, ok := await[Received](t, l).Frame.(*wire.Sent); !ok || sent.Re != send.ID || sent.Seq != 1 {
		t.Errorf("%+v", sent)
	}
	if err := l.Send(&wire.Send{Body: make([]byte, wire.MaxFrame)}); !errors.As(err, &said) || said.Code != wire.CodeTooLarge {
		t.Errorf("%v", err)
	}

	listen := strings.TrimPrefix(r.URL(), "http://")
	stop()
	if down := await[Down](t, l); down.Failure.Final || down.Failure.Sentence == "" {
		t.Errorf("%+v", down)
	}
	if err := l.Send(send); !errors.Is(err, ErrOffline) {
		t.Errorf("%v", err)
	}
	if _, err := l.Call(t.Context(), &wire.History{}); !errors.Is(err, ErrOffline) {
		t.Errorf("%v", err)
	}
	for !strings.Contains(await[Down](t, l).Failure.Sentence, "not running") { // the first ones may be of the end itself
	}
	startRelay(t, dir, listen)
	l.Kick()
	await[Up](t, l)
	l.Drop("Enough.")
	if down := await[Down](t, l); down.Failure.Sentence != "Enough." {
		t.Errorf("%+v", down.Failure)
	}
	await[Up](t, l)
}

// What the same hello would meet again ends the link.
func TestFinalRefusals(t *testing.T) {
	r, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	good, _ := registered(t, r, "Mara")
	stranger := good
	stranger = somebody(t, stranger)
	otherKey := good
	otherKey.Key = wire.NewNonce()
	for what, c := range map[string]struct {
		cfg  Config
		code string
	}{"unknown device": {stranger, wire.CodeUnknownDevice}, "another key": {otherKey, ""}} {
		l, ended := run(t, c.cfg)
		down := await[Down](t, l)
		if !down.Failure.Final || down.Failure.Code != c.code || !strings.HasSuffix(down.Failure.Sentence, ".") {
			t.Errorf("%s: %+v", what, down.Failure)
		}
		if _, open := <-l.Events(); open {
			t.Errorf("%s: an event after the end", what)
		}
		var f *Failure
		if err := <-ended; !errors.As(err, &f) || !f.Final {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// impostor is a server that is no relay, or not ours.
func impostor(t *testing.T, sub []string, serve func(*websocket.Conn)) Config {
	t.Helper()
	var wg sync.WaitGroup
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wg.Add(1)
		defer wg.Done()
		up := websocket.Upgrader{Subprotocols: sub}
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		serve(c)
	}))
	t.Cleanup(func() { s.Close(); wg.Wait() })
	return somebody(t, Config{URL: s.URL, Key: wire.NewNonce(), MinDelay: time.Millisecond, MaxDelay: 10 * time.Millisecond})
}

// A relay that shows the right key without holding it is not believed.
func TestProofIsChecked(t *testing.T) {
	var cfg Config
	cfg = impostor(t, []string{wire.Subprotocol}, func(c *websocket.Conn) {
		write(c, &wire.Challenge{Relay: cfg.Key, Nonce: wire.NewNonce()})
		c.ReadMessage()
		_, other, _ := ed25519.GenerateKey(nil)
		write(c, &wire.Welcome{Proof: wire.B64(ed25519.Sign(other, []byte("whatever")))})
		c.ReadMessage()
	})
	_, err := Register(t.Context(), cfg)
	var f *Failure
	if !errors.As(err, &f) || !f.Final || !strings.Contains(f.Sentence, "key") {
		t.Errorf("%v", err)
	}
}

// Whatever else is at the address gets a sentence and is tried again.
func TestNoRelay(t *testing.T) {
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) }))
	defer busy.Close()
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	at := func(url string) Config { return somebody(t, Config{URL: url, Key: wire.NewNonce()}) }
	for what, c := range map[string]struct {
		cfg  Config
		want string
	}{
		"nobody":        {at("http://" + closed.Addr().String()), "is not running"},
		"a web server":  {at(plain.URL), "no Satchel relay"},
		"a busy one":    {at(busy.URL), "at the moment"},
		"no protocol":   {impostor(t, nil, func(*websocket.Conn) {}), "no Satchel relay"},
		"no JSON":       {impostor(t, []string{wire.Subprotocol}, func(c *websocket.Conn) { c.WriteMessage(websocket.TextMessage, []byte("hi")) }), "JSON"},
		"another frame": {impostor(t, []string{wire.Subprotocol}, func(c *websocket.Conn) { write(c, &wire.OK{}) }), "reached"},
		"a huge frame": {impostor(t, []string{wire.Subprotocol}, func(c *websocket.Conn) {
			c.WriteMessage(websocket.TextMessage, make([]byte, wire.MaxRelayFrame+1))
		}), "reached"},
		"a hang-up": {impostor(t, []string{wire.Subprotocol}, func(*websocket.Conn) {}), "reached"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		_, err := Register(ctx, c.cfg)
		cancel()
		var f *Failure
		if !errors.As(err, &f) || f.Final || !strings.Contains(f.Sentence, c.want) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// A relay that falls silent is given up, and so is one that never greets when
// the caller's time is over.
func TestSilence(t *testing.T) {
	public, key, _ := ed25519.GenerateKey(nil)
	release := make(chan struct{})
	cfg := impostor(t, []string{wire.Subprotocol}, func(c *websocket.Conn) {
		challenge := &wire.Challenge{Relay: wire.B64(public), Nonce: wire.NewNonce()}
		write(c, challenge)
		_, b, err := c.ReadMessage()
		if err != nil {
			return
		}
		f, _ := wire.Decode(b)
		write(c, &wire.Welcome{Proof: wire.B64(ed25519.Sign(key, wire.WelcomeText(challenge, f.(*wire.Hello))))})
		<-release // reads nothing, so it answers no ping
	})
	cfg.Key, cfg.Heartbeat, cfg.Silence = wire.B64(public), 10*time.Millisecond, 100*time.Millisecond
	l, _ := run(t, cfg)
	await[Up](t, l)
	answer := make(chan error, 1)
	go func() {
		_, err := l.Call(context.Background(), &wire.History{Conversation: "c"})
		answer <- err
	}()
	if down := await[Down](t, l); !strings.Contains(down.Failure.Sentence, "silent") {
		t.Errorf("%+v", down.Failure)
	}
	if err := <-answer; !errors.Is(err, ErrOffline) {
		t.Errorf("%v", err)
	}
	l.Close()
	close(release)

	mute := impostor(t, []string{wire.Subprotocol}, func(c *websocket.Conn) { c.ReadMessage() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := Register(ctx, mute)
	var f *Failure
	if !errors.As(err, &f) || f.Final {
		t.Errorf("%v", err)
	}
}
