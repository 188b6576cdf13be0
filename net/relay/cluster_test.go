package relay

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/nats-io/nats-server/v2/server"

	"satchel/net/wire"
)

// startNATS serves NATS in this process until the test ends, at an address
// that it keeps when it is started again.
func startNATS(t testing.TB, port int) (where string, stop func()) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(within) {
		t.Fatal("NATS does not start")
	}
	var once sync.Once
	stop = func() { once.Do(func() { s.Shutdown(); s.WaitForShutdown() }) }
	t.Cleanup(stop)
	return s.ClientURL(), stop
}

// freePort finds a port for a server that comes back at the same one.
func freePort(t testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// balancer is a TCP proxy that spreads connections over relays.
type balancer struct {
	listener net.Listener
	mu       sync.Mutex
	backends []string // host:port; "": away
	next     int
	open     map[net.Conn]bool
	done     sync.WaitGroup
}

func startBalancer(t testing.TB, backends int) *balancer {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{listener: l, backends: make([]string, backends), open: map[net.Conn]bool{}}
	b.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.done.Go(func() { b.carry(c) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		b.mu.Lock()
		for c := range b.open {
			c.Close()
		}
		b.mu.Unlock()
		b.done.Wait()
	})
	return b
}

func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

func (b *balancer) set(i int, url string) {
	b.mu.Lock()
	b.backends[i] = strings.TrimPrefix(url, "http://")
	b.mu.Unlock()
}

func (b *balancer) carry(in net.Conn) {
	defer in.Close()
	var out net.Conn
	for range b.backends {
		b.mu.Lock()
		b.next++
		to := b.backends[b.next%len(b.backends)]
		b.mu.Unlock()
		if to == "" {
			continue
		}
		if c, err := net.DialTimeout("tcp", to, time.Second); err == nil {
			out = c
			break
		}
	}
	if out == nil {
		return
	}
	defer out.Close()
	b.mu.Lock()
	b.open[in], b.open[out] = true, true
	b.mu.Unlock()
	var back sync.WaitGroup
	back.Go(func() { io.Copy(in, out); in.Close() })
	io.Copy(out, in)
	out.Close()
	back.Wait()
	b.mu.Lock()
	delete(b.open, in)
	delete(b.open, out)
	b.mu.Unlock()
}

// writer sends without a pause, comes back when its relay dies, sends again
// what was not acknowledged, and checks what it is told.
type writer struct {
	t       *testing.T
	client  *client
	through string
	name    string
	groups  []string

	mu    sync.Mutex
	acked map[string]uint64 // message → seq
	told  map[string]int    // conversation → entries that others sent
	total *atomic.Int64     // acknowledged by all writers
}

// unanswered is how many sends a writer has on the way.
const unanswered = 16

func (w *writer) run(ctx context.Context) {
	var queue []wire.Send // not acknowledged
	for n := 0; ctx.Err() == nil; {
		ws, err := w.connect()
		if err != nil {
			time.Sleep(20 * time.Millisecond) // until the balancer finds a relay again
			continue
		}
		slots := make(chan struct{}, unanswered)
		broken := make(chan struct{})
		go func() { defer close(broken); w.read(ws, slots) }()
		w.mu.Lock()
		var again []wire.Send
		for _, s := range queue {
			if _, ok := w.acked[s.Message]; !ok {
				again = append(again, s)
			}
		}
		w.mu.Unlock()
		queue = again
		pending := again
		for {
			var s wire.Send
			if len(pending) > 0 {
				s, pending = pending[0], pending[1:]
			} else {
				s = wire.Send{Conversation: w.groups[n%len(w.groups)], Message: fmt.Sprintf("%s-%d", w.name, n), Body: []byte("x")}
				queue = append(queue, s)
				n++
			}
			select {
			case slots <- struct{}{}:
			case <-broken:
			case <-ctx.Done():
			}
			if ctx.Err() != nil || w.write(ws, &s) != nil {
				break
			}
			if len(queue) > 4*unanswered {
				w.mu.Lock()
				rest := queue[:0:0]
				for _, s := range queue {
					if _, ok := w.acked[s.Message]; !ok {
						rest = append(rest, s)
					}
				}
				w.mu.Unlock()
				queue = rest
			}
			select {
			case <-broken:
			default:
				continue
			}
			break
		}
		ws.Close()
		<-broken
	}
}

func (w *writer) write(ws *websocket.Conn, s *wire.Send) error {
	s.ID = "s " + s.Message
	b, err := wire.Encode(s)
	if err != nil {
		return err
	}
	ws.SetWriteDeadline(time.Now().Add(within))
	return ws.WriteMessage(websocket.TextMessage, b)
}

// read takes what comes on one connection until it breaks.
func (w *writer) read(ws *websocket.Conn, slots chan struct{}) {
	last := map[string]uint64{} // on this connection
	for {
		ws.SetReadDeadline(time.Now().Add(within))
		_, b, err := ws.ReadMessage()
		if err != nil {
			return
		}
		f, err := wire.Decode(b)
		if err != nil {
			w.t.Error(err)
			return
		}
		switch f := f.(type) {
		case *wire.Sent:
			w.mu.Lock()
			if was, ok := w.acked[f.Message]; ok && was != f.Seq {
				w.t.Errorf("%s was acknowledged as %d and as %d", f.Message, was, f.Seq)
			} else if !ok {
				w.total.Add(1)
			}
			w.acked[f.Message] = f.Seq
			w.mu.Unlock()
			<-slots
		case *wire.Entry:
			if f.Seq <= last[f.Conversation] {
				w.t.Errorf("%s got entry %d after %d", w.name, f.Seq, last[f.Conversation])
			}
			last[f.Conversation] = f.Seq
			w.mu.Lock()
			w.told[f.Conversation]++
			w.mu.Unlock()
		case *wire.Error:
			if !f.Retry {
				w.t.Errorf("%s: %s", w.name, f.Message)
			}
			return // and come back
		}
	}
}

// connect says hello through the balancer.
func (w *writer) connect() (*websocket.Conn, error) {
	return w.client.redial(w.through)
}

// kills is how often relays are killed: five times in the usual suite, fifty
// in that of the faults.
func kills() int {
	if os.Getenv("SATCHEL_FAULTS") != "" {
		return 50
	}
	return 5
}

// Any of three relays on one PostgreSQL and one NATS is killed under load: what
// was acknowledged is there, once, in each sender's order, and nobody is told
// of entries in another order than that of their numbers.
func TestClusterKilled(t *testing.T) {
	t.Parallel()
	where, _ := startNATS(t, -1)
	killUnderLoad(t, Config{Database: newDatabase(t), Bus: where, Files: "file://" + t.TempDir()}, 3)
}

// The same with one relay on SQLite.
func TestSingleKilled(t *testing.T) {
	t.Parallel()
	killUnderLoad(t, Config{Dir: t.TempDir()}, 1)
}

func killUnderLoad(t *testing.T, c Config, relays int) {
	b := startBalancer(t, relays)
	c.PublicURL = b.url()
	children := make([]*child, relays)
	for i := range children {
		children[i] = startChild(t, c)
		b.set(i, children[i].url)
	}
	const writers = 6
	all := make([]*client, writers)
	for i := range all {
		all[i] = joinBy(t, b.url(), inviteTo(t, c), fmt.Sprint("Writer ", i))
	}
	groups := []string{group(all[0], all[1:]...), group(all[1], all[2:]...)}
	ctx, stop := context.WithCancel(t.Context())
	var total atomic.Int64
	var running sync.WaitGroup
	ws := make([]*writer, writers)
	for i := range ws {
		mine := groups
		if i == 0 {
			mine = groups[:1]
		}
		ws[i] = &writer{t: t, client: all[i], through: b.url(), name: fmt.Sprint(i), groups: mine, total: &total,
			acked: map[string]uint64{}, told: map[string]int{}}
		running.Go(func() { ws[i].run(ctx) })
	}
	killAny(t, c, b, children, func() bool { return passes(&total, 100+rand.Int64N(200)) })
	stop()
	running.Wait()

	reader, err := all[1].redial(b.url())
	if err != nil {
		t.Fatal(err)
	}
	reading := *all[1]
	reading.ws, reading.url = reader, b.url()
	acknowledged, entries := 0, 0
	for _, g := range groups {
		stored := readAll(&reading, g)
		entries += len(stored)
		for _, w := range ws {
			for m, seq := range w.acked {
				if got, ok := stored[m]; ok && got != seq {
					t.Errorf("%s was acknowledged as %d and is %d", m, seq, got)
				} else if ok {
					acknowledged++
				}
			}
		}
	}
	lost := int(total.Load()) - acknowledged
	if lost != 0 {
		t.Errorf("%d acknowledged messages are not there", lost)
	}
	told := 0
	for _, w := range ws {
		for _, n := range w.told {
			told += n
		}
	}
	t.Logf("%d kills: %d messages acknowledged, %d stored, %d lost; %d entries told", kills(), acknowledged, entries, lost, told)
}

// readAll reads a conversation whole and returns its messages with their
// numbers. No number is missing, no message is there twice, and each sender's
// messages, which are named NAME-NUMBER, are in their order.
func readAll(c *client, conversation string) map[string]uint64 {
	c.t.Helper()
	stored := map[string]uint64{}
	last := map[string]int{}
	seq := uint64(0)
	for head := uint64(1); seq < head; {
		f := &wire.History{Conversation: conversation, After: seq}
		if seq == 0 {
			f = &wire.History{Conversation: conversation, Before: 2}
		}
		p := must[*wire.Page](c, f)
		head = p.Head
		for _, e := range p.Entries {
			who, number, _ := strings.Cut(e.Message, "-")
			n := 0
			fmt.Sscan(number, &n)
			if _, twice := stored[e.Message]; twice || e.Seq != seq+1 || last[who] > n {
				c.t.Fatalf("entry %d is %d: %s, twice %v, after number %d", seq+1, e.Seq, e.Message, twice, last[who])
			}
			stored[e.Message], last[who], seq = e.Seq, n, e.Seq
		}
	}
	return stored
}

// eventually waits for something, within bounds.
func eventually(is func() bool) bool {
	for end := time.Now().Add(within); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if is() {
			return true
		}
	}
	return false
}

// redial connects the same device once more and returns the bare connection;
// unlike again, it may fail.
func (c *client) redial(url string) (*websocket.Conn, error) {
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: within}
	ws, _, err := d.Dial("ws"+strings.TrimPrefix(url, "http")+wire.PathSocket, nil)
	if err != nil {
		return nil, err
	}
	read := func() (wire.Frame, error) {
		ws.SetReadDeadline(time.Now().Add(within))
		_, b, err := ws.ReadMessage()
		if err != nil {
			return nil, err
		}
		return wire.Decode(b)
	}
	f, err := read()
	if err == nil {
		if challenge, ok := f.(*wire.Challenge); ok {
			var b []byte
			if b, err = wire.Encode(hello(challenge, c.identity, "", "")); err == nil {
				err = ws.WriteMessage(websocket.TextMessage, b)
			}
		} else {
			err = fmt.Errorf("got %T", f)
		}
	}
	if err == nil {
		if f, err = read(); err == nil {
			if _, ok := f.(*wire.Welcome); !ok {
				err = fmt.Errorf("got %T", f)
			}
		}
	}
	if err != nil {
		ws.Close()
		return nil, err
	}
	return ws, nil
}

// Every acknowledged message has its fsync when it is sent alone: counted at
// the system's own door.
func TestAcknowledgedIsSynced(t *testing.T) {
	dir := t.TempDir()
	counts := dir + "/syscalls"
	c := startChild(t, Config{Dir: dir, Database: "sqlite:" + dir + "/relay.db"}, "strace", "-D", "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", counts)
	link, err := InviteTo(t.Context(), Config{Dir: dir, Database: "sqlite:" + dir + "/relay.db"}, 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	mara := joinBy(t, c.url, link, "Mara")
	syncs := func() int {
		b, err := os.ReadFile(counts)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(b), "= 0\n")
	}
	before := syncs()
	const messages = 50
	for n := range messages {
		mara.send(mara.self(), fmt.Sprint(n), "x")
	}
	if !eventually(func() bool { return syncs() >= before+messages }) {
		t.Errorf("%d syncs for %d messages", syncs()-before, messages)
	}
	t.Logf("%d syncs for %d messages", syncs()-before, messages)
}

// killAny kills one of the relays behind a balancer, and starts it again, as often
// as there are kills; progress waits until it can happen once more.
func killAny(t *testing.T, c Config, b *balancer, children []*child, progress func() bool) {
	t.Helper()
	for n := range kills() {
		if !progress() {
			t.Errorf("after kill %d nothing went on for long", n)
			return
		}
		i := rand.IntN(len(children))
		b.set(i, "")
		children[i].kill()
		children[i] = startChild(t, c)
		b.set(i, children[i].url)
	}
}

// passes waits until a count has grown by n.
func passes(count *atomic.Int64, n int64) bool {
	goal := count.Load() + n
	return eventually(func() bool { return count.Load() >= goal })
}
