package session

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"satchel/chat"
	"satchel/net/wire"
)

// proxy stands between a client and the relay, and may lose, repeat and
// exchange what the relay says.
type proxy struct {
	server *httptest.Server
	filter func(wire.Frame, []byte) [][]byte
	wg     sync.WaitGroup
}

// behind starts a proxy. filter runs on one goroutine a connection.
func (w *world) behind(filter func(wire.Frame, []byte) [][]byte) *proxy {
	p := &proxy{filter: filter}
	base, _ := url.Parse("http://" + w.addr)
	files := httputil.NewSingleHostReverseProxy(base)
	p.server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path != wire.PathSocket {
			files.ServeHTTP(rw, r)
			return
		}
		p.wg.Add(1)
		defer p.wg.Done()
		up := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}
		client, err := up.Upgrade(rw, r, nil)
		if err != nil {
			return
		}
		defer client.Close()
		dialer := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}}
		relay, _, err := dialer.Dial("ws://"+w.addr+wire.PathSocket, nil)
		if err != nil {
			return
		}
		defer relay.Close()
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer relay.Close()
			for {
				kind, b, err := client.ReadMessage()
				if err != nil || relay.WriteMessage(kind, b) != nil {
					return
				}
			}
		}()
		for {
			kind, b, err := relay.ReadMessage()
			if err != nil {
				break
			}
			out := [][]byte{b}
			if f, err := wire.Decode(b); err == nil {
				out = p.filter(f, b)
			}
			for _, b := range out {
				if err = client.WriteMessage(kind, b); err != nil {
					break
				}
			}
		}
		client.Close()
		<-done
	}))
	w.t.Cleanup(func() {
		p.server.CloseClientConnections()
		p.server.Close()
		p.wg.Wait()
	})
	return p
}

// personBehind joins by way of a proxy.
func (w *world) personBehind(p *proxy, name string) *person {
	w.t.Helper()
	inv, err := wire.ParseInvitation(w.invite())
	if err != nil {
		w.t.Fatal(err)
	}
	inv.URL = p.server.URL
	who := &person{t: w.t, dir: filepath.Join(w.t.TempDir(), name), name: name}
	who.open()
	if err := who.Join(w.t.Context(), inv.String(), name); err != nil {
		w.t.Fatal(err)
	}
	who.synced()
	return who
}

// A relay that says everything twice changes nothing.
func TestEverythingTwice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.behind(func(f wire.Frame, b []byte) [][]byte {
		switch f.(type) {
		case *wire.Challenge, *wire.Welcome:
			return [][]byte{b}
		}
		return [][]byte{b, b}
	})
	mara, joao := w.person("Mara"), w.personBehind(p, "João")
	conv := joao.direct("Mara")
	var last chat.Message
	for _, text := range numbered(10, "J %d") {
		last = joao.say(conv, text)
	}
	joao.flushed(last)
	mara.wait("the conversation", func() bool { return len(mara.texts(conv)) == 10 })
	for _, text := range numbered(10, "M %d") {
		last = mara.say(conv, text)
	}
	mara.flushed(last)
	joao.wait("all", func() bool { return len(joao.texts(conv)) >= 20 })
	want := append(numbered(10, "J %d"), numbered(10, "M %d")...)
	for _, who := range []*person{mara, joao} {
		if got := who.texts(conv); !slices.Equal(got, want) {
			t.Errorf("%s: %v", who.name, got)
		}
	}
}

// Entries that come in another order, or not at all, are found by their numbers.
func TestReorderedAndLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var held []byte
	p := w.behind(func(f wire.Frame, b []byte) [][]byte {
		e, ok := f.(*wire.Entry)
		switch {
		case !ok:
			return [][]byte{b}
		case e.Seq%5 == 3: // lost
			return nil
		case e.Seq%5 == 1: // later
			held = b
			return nil
		case e.Seq%5 == 2:
			return [][]byte{b, held}
		}
		return [][]byte{b}
	})
	mara, joao := w.person("Mara"), w.personBehind(p, "João")
	conv := mara.direct("João")
	var last chat.Message
	for _, text := range numbered(30, "M %d") {
		last = mara.say(conv, text)
	}
	mara.flushed(last)
	joao.wait("all", func() bool { return len(joao.texts(conv)) == 30 })
	if got := joao.texts(conv); !slices.Equal(got, numbered(30, "M %d")) {
		t.Errorf("%v", got)
	}
	receipt := func() chat.Receipt {
		row := mara.row(conv)
		m, _, _ := mara.Message(conv, last.ID)
		return row.Receipt(mara.me(), &m)
	}
	mara.wait("delivered", func() bool { return receipt() == chat.ReceiptDelivered })
}

// An acknowledgement that is lost along with its connection comes with the next
// one; the message is there once.
func TestAcknowledgementLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	lost, allLost := 0, make(chan struct{})
	p := w.behind(func(f wire.Frame, b []byte) [][]byte {
		if _, ok := f.(*wire.Sent); ok && lost < 3 {
			if lost++; lost == 3 {
				close(allLost)
			}
			return nil
		}
		return [][]byte{b}
	})
	mara := w.personBehind(p, "Mara")
	conv := mara.direct("self")
	var sent []chat.Message
	for _, text := range numbered(3, "%d") {
		sent = append(sent, mara.say(conv, text))
	}
	select {
	case <-allLost:
	case <-mara.bounded().Done():
		t.Fatal("the relay acknowledged nothing")
	}
	mara.link.Load().Drop("The test pulls the plug.")
	mara.flushed(sent...)
	if got := mara.texts(conv); !slices.Equal(got, numbered(3, "%d")) {
		t.Errorf("%v", got)
	}
}

// A device whose cache is gone has the newest page at once, and the rest of the
// history on demand.
func TestHistoryOnDemand(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mara := w.person("Mara")
	conv := mara.direct("self")
	var last chat.Message
	for _, text := range numbered(180, "%d") {
		last = mara.say(conv, text)
	}
	mara.flushed(last)
	mara.Told(mara.bounded())
	if err := mara.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(mara.dir, "cache.db")); err != nil {
		t.Fatal(err)
	}
	mara.open()
	if err := mara.Join(mara.bounded(), w.invite(), "Mara"); err != nil {
		t.Fatal(err)
	}
	mara.synced()
	if got := mara.texts(conv); !slices.Equal(got, numbered(180, "%d")[130:]) {
		t.Fatalf("%d messages", len(got))
	}
	for _, want := range []int{150, 180} {
		page, err := mara.Messages(conv, 0, 1000)
		if err != nil {
			t.Fatal(err)
		}
		mara.LoadHistory(conv, page[0].Seq)
		mara.wait("older", func() bool { return len(mara.texts(conv)) == want })
	}
	changes, stop := mara.Subscribe()
	defer stop()
	mara.LoadHistory(conv, 1) // there is no more: said, too
	for {
		select {
		case batch := <-changes:
			for _, c := range batch {
				if m, ok := c.(chat.MessagesChanged); ok && m.History && len(m.Messages) == 0 {
					return
				}
			}
		case <-mara.bounded().Done():
			t.Fatal("no answer")
		}
	}
}

// A frame that is no JSON, or of no known kind, harms nobody.
func TestNonsense(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.behind(func(f wire.Frame, b []byte) [][]byte {
		switch f.(type) {
		case *wire.Challenge, *wire.Welcome:
			return [][]byte{b}
		}
		return [][]byte{[]byte("hello"), []byte(`{"type":"dance"}`), []byte(`{"type":"entry","seq":-1}`),
			[]byte(`{"type":"entry","conversation":"nowhere","seq":3,"message":"m"}`), []byte(`{"type":"page","re":"zz"}`),
			[]byte(`{"type":"error","re":"zz","code":"x","message":"y"}`), b}
	})
	joao := w.personBehind(p, "João")
	conv := joao.direct("self")
	joao.flushed(joao.say(conv, "fine"))
	if got := strings.Join(joao.texts(conv), ","); got != "fine" {
		t.Error(got)
	}
}

// A relay that tells another message under a number that is taken changes
// nothing here, and holds nothing up.
func TestContradiction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.behind(func(f wire.Frame, b []byte) [][]byte {
		e, ok := f.(*wire.Entry)
		if !ok || e.Seq != 2 {
			return [][]byte{b}
		}
		lie := *e
		lie.Seq, lie.Message = 1, "another"
		other, _ := wire.Encode(&lie)
		return [][]byte{other, b}
	})
	mara, joao := w.person("Mara"), w.personBehind(p, "João")
	conv := mara.direct("João")
	mara.flushed(mara.say(conv, "1"))
	joao.wait("the first", func() bool { return len(joao.texts(conv)) == 1 })
	changes, stop := joao.Subscribe()
	defer stop()
	mara.flushed(mara.say(conv, "2"))
	joao.wait("the second", func() bool { return len(joao.texts(conv)) == 2 })
	if got := joao.texts(conv); !slices.Equal(got, []string{"1", "2"}) {
		t.Errorf("%v", got)
	}
	for {
		select {
		case batch := <-changes:
			if slices.ContainsFunc(batch, func(c chat.Change) bool { _, ok := c.(chat.Notice); return ok }) {
				return
			}
		case <-joao.bounded().Done():
			t.Fatal("not said")
		}
	}
}
