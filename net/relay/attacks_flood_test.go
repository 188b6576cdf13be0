package relay

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// from dials from an address below 127.0.0.0/8: floods are counted by address.
func from(t testing.TB, url string, n int) net.Conn {
	t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 77, byte(n>>8), byte(n))}, Timeout: within}
	c, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// ended waits until the other side gave a connection up.
func ended(c net.Conn) bool {
	c.SetReadDeadline(time.Now().Add(2 * within))
	_, err := io.Copy(io.Discard, c)
	return !errors.Is(err, os.ErrDeadlineExceeded)
}

const upgradeHead = "GET " + wire.PathSocket + " HTTP/1.1\r\nHost: relay\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
	"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: " + wire.Subprotocol + "\r\n\r\n"

// Connections by the thousand that say nothing, half a header, or open a
// WebSocket and say no hello hold nobody up: people talk, and others join. One
// address has Limits.Opening of them at most, and none of them lasts.
func TestAttackHalfOpen(t *testing.T) {
	t.Parallel()
	n, many := 300, os.Getenv("SATCHEL_FAULTS") != ""
	c := Config{Dir: t.TempDir(), Limits: Limits{Opening: 50}}
	var url string
	if many {
		n, url = 10000, startChild(t, c).url // a process of its own, which may have as many
	} else {
		url = start(t, c).URL()
	}
	come := func(name string) *client { return joinBy(t, url, inviteTo(t, c), name) }
	mara, joao := come("Mara"), come("João")
	id := direct(mara, joao)
	talk := func(message string) {
		t.Helper()
		mara.send(id, message, "x")
		if e := news[*wire.Entry](joao); e.Message != message {
			t.Errorf("%+v", e)
		}
	}
	var all []net.Conn
	for i := range n {
		c := from(t, url, 1+i/45) // below what an address may have
		all = append(all, c)
		what := ""
		switch i % 3 {
		case 1:
			what = "GET " + wire.PathSocket + " HTTP/1.1\r\nHost: re"
		case 2:
			what = upgradeHead
		}
		if _, err := io.WriteString(c, what); err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		if i%(n/10) == 0 {
			talk(fmt.Sprint("during ", i))
		}
	}
	ana := come("Ana")
	talk("at their height")
	ana.send(direct(ana, mara), "m", "x")
	// One address that goes on and on: what is above its share ends at once, and others are let in.
	var greedy []net.Conn
	for range 55 {
		greedy = append(greedy, from(t, url, 65000))
	}
	for i, c := range greedy[50:] {
		if !ended(c) {
			t.Errorf("an address has %d that say nothing", 51+i)
		}
	}
	come("Bo")
	talk("after all")
	if many {
		for i, c := range all {
			if !ended(c) {
				t.Fatalf("%d is still open", i)
			}
		}
		talk("when they are gone")
	}
}

// Many hellos that are wrong, from one address: they are refused and then not
// even heard, use nothing up, and those who are in do not notice.
func TestAttackHellos(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{ConnectRate: 0.001, ConnectBurst: 25}})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	id := direct(mara, joao)
	link, err := r.Invite(t.Context(), 1, time.Hour)
	invite := code(t, link, err)
	refused, unheard := 0, 0
	for range 30 {
		d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: within}
		ws, resp, err := d.Dial("ws"+strings.TrimPrefix(r.URL(), "http")+wire.PathSocket, nil)
		if err != nil {
			if resp == nil || resp.StatusCode != http.StatusTooManyRequests {
				t.Fatalf("%v %v", resp, err)
			}
			unheard++
			continue
		}
		c := &client{t: t, ws: ws, identity: newIdentity(t)}
		challenge := c.read().(*wire.Challenge)
		h := hello(challenge, c.identity, invite, "Eve")
		h.Signature = wire.NewNonce()
		c.write(h)
		if e, ok := c.read().(*wire.Error); ok && e.Code == wire.CodeBadSignature {
			refused++
		}
		ws.Close()
	}
	if refused != 23 || unheard != 7 {
		t.Errorf("%d were refused, %d not heard", refused, unheard)
	}
	mara.send(id, "m", "x")
	if e := news[*wire.Entry](joao); e.Seq != 1 {
		t.Errorf("%+v", e)
	}
}

// Frames and pings above what a connection may send wait in its own network,
// and those of others do not wait with them.
func TestAttackFrames(t *testing.T) {
	t.Parallel()
	const rate, burst, n = 40, 30, 110
	r := start(t, Config{Limits: Limits{FrameRate: rate, FrameBurst: burst}})
	mara, eve, joao := join(t, r, "Mara"), join(t, r, "Eve"), join(t, r, "João")
	id := direct(mara, joao)
	for kind, write := range map[string]func(i int) error{
		"frames": func(i int) error {
			return eve.ws.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"type":"history","id":"f%d","conversation":"%s"}`, i, eve.self()))
		},
		"rubbish": func(i int) error { return eve.ws.WriteMessage(websocket.TextMessage, []byte("[")) },
		"pings": func(i int) error {
			return eve.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(within))
		},
	} {
		begun := time.Now()
		for i := range n {
			if err := write(i); err != nil {
				t.Fatal(err)
			}
		}
		mara.send(id, kind, "x")
		news[*wire.Entry](joao)
		must[*wire.Accounts](eve, &wire.FindAccounts{Name: "nobody"}) // behind all of them
		// The bucket is a floor, whatever the machine does.
		if least := time.Duration(float64(n-burst) / rate * float64(time.Second)); time.Since(begun) < least {
			t.Errorf("%d %s were read in %v; the bucket gives them %v", n, kind, time.Since(begun), least)
		}
		eve.kept = nil
	}
}

// Compression is not offered, and a compressed frame ends its connection before anything is unpacked.
func TestAttackCompression(t *testing.T) {
	r := start(t, Config{})
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: within, EnableCompression: true}
	ws, resp, err := d.Dial("ws"+strings.TrimPrefix(r.URL(), "http")+wire.PathSocket, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	if got := resp.Header.Get("Sec-WebSocket-Extensions"); got != "" {
		t.Errorf("it offers %q", got)
	}
	var bomb bytes.Buffer
	w, _ := flate.NewWriter(&bomb, flate.BestCompression)
	w.Write(bytes.Repeat([]byte(" "), 8<<20))
	w.Close()
	small := bomb.Bytes()[:100]
	mara := join(t, r, "Mara")
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, c := range []*client{{t: t, ws: ws}, mara} {
		head := []byte{0xc1, 0x80 | byte(len(small)), 0, 0, 0, 0} // text, final, RSV1: compressed; masked with zeros
		if _, err := c.ws.NetConn().Write(append(head, small...)); err != nil {
			t.Fatal(err)
		}
		if !ended(c.ws.NetConn()) {
			t.Error("the connection goes on")
		}
	}
	if runtime.ReadMemStats(&after); after.TotalAlloc-before.TotalAlloc > 50<<20 {
		t.Errorf("%d MB were allocated", (after.TotalAlloc-before.TotalAlloc)>>20)
	}
	// An upload is bytes, whatever it says of its encoding; a request can't be unpacked.
	mara = mara.again(r.URL())
	file, content, sum := newFile(1000)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content))
	resp, _ = mara.request("PATCH", k.URL, k.Token, bytes.NewReader(content), "Content-Type", octets, "Upload-Offset", "0", "Content-Encoding", "gzip")
	if resp.StatusCode == 204 && resp.Header.Get(headerSHA256) != sum {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}

// Who does not read is dropped and holds nobody up; when they come back, every
// message is there, once and in order.
func TestAttackSlowReaders(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{Queue: 4 << 20}})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	var slow []*client
	for i := range 3 {
		c := join(t, r, fmt.Sprint("Slow ", i))
		c.ws.NetConn().(*net.TCPConn).SetReadBuffer(8 << 10)
		slow = append(slow, c)
	}
	id := group(mara, append([]*client{joao}, slow...)...)
	var heard atomic.Uint64
	var reading sync.WaitGroup
	reading.Go(func() {
		for {
			_, b, err := joao.ws.ReadMessage()
			if err != nil {
				return
			}
			if f, err := wire.Decode(b); err == nil {
				if e, ok := f.(*wire.Entry); ok && !heard.CompareAndSwap(e.Seq-1, e.Seq) {
					t.Errorf("%d after %d", e.Seq, heard.Load())
				}
			}
		}
	})
	body, n := strings.Repeat("x", wire.MaxBody), uint64(0)
	for dropped := 0; dropped < len(slow) && n < 200; n++ { // what the sockets hold depends on the system
		mara.send(id, fmt.Sprint(n+1), body)
		for _, f := range mara.kept {
			if p, ok := f.(*wire.Presence); ok && !p.Online {
				dropped++
			}
		}
		mara.kept = nil
	}
	if n == 200 || !eventually(func() bool { return heard.Load() == n }) {
		t.Errorf("%d were sent, João heard %d", n, heard.Load())
	}
	joao.ws.Close()
	reading.Wait()
	for _, c := range slow {
		c = c.again(r.URL())
		if v := c.welcome.Conversations[0]; v.ID != id || v.Head != n {
			t.Errorf("%+v", v)
		}
		for next := uint64(1); next <= n; {
			ask := &wire.History{Conversation: id, After: next - 1}
			if next == 1 {
				ask = &wire.History{Conversation: id, Before: 2}
			}
			p := must[*wire.Page](c, ask)
			for _, e := range p.Entries {
				if e.Seq != next || e.Message != fmt.Sprint(next) || len(e.Body) != wire.MaxBody {
					t.Fatalf("%d: %d %s", next, e.Seq, e.Message)
				}
				next++
			}
			if len(p.Entries) == 0 {
				t.Fatal("nothing more")
			}
		}
	}
}

// A connection that is idle is one goroutine, and what a handshake needed is gone.
func TestIdleConnections(t *testing.T) {
	r := start(t, Config{Limits: Limits{Connections: 1000}})
	mara := join(t, r, "Mara")
	mara.again(r.URL())
	before := runtime.NumGoroutine()
	const n = 100
	for range n {
		mara.again(r.URL())
	}
	if !eventually(func() bool { return runtime.NumGoroutine() <= before+n }) {
		t.Errorf("%d connections are %d goroutines", n, runtime.NumGoroutine()-before)
	}
}
