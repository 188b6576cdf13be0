package faults

import (
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/seal"
)

// cutter passes connections on and cuts each after so many bytes, either way:
// every other one with a reset, as a router that forgot it would.
type cutter struct {
	net.Listener
	to       string
	next     func() int64 // bytes until the cut of a new connection
	up, down atomic.Int64
	cuts     atomic.Int64
	done     sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool
}

func newCutter(t testing.TB, to string, next func() int64) *cutter {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cutter{Listener: l, to: to, next: next, open: map[net.Conn]bool{}}
	c.done.Go(c.accept)
	t.Cleanup(func() {
		l.Close()
		c.mu.Lock()
		for conn := range c.open {
			conn.Close()
		}
		c.mu.Unlock()
		c.done.Wait()
	})
	return c
}

func (c *cutter) url() string { return "http://" + c.Addr().String() }

func (c *cutter) accept() {
	for {
		client, err := c.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", c.to)
		if err != nil {
			client.Close()
			continue
		}
		c.mu.Lock()
		c.open[client], c.open[server] = true, true
		c.mu.Unlock()
		left := new(atomic.Int64)
		left.Store(c.next())
		over := sync.OnceFunc(func() {
			if left.Load() < 0 && c.cuts.Add(1)%2 == 0 {
				_ = client.(*net.TCPConn).SetLinger(0)
				_ = server.(*net.TCPConn).SetLinger(0)
			}
			client.Close()
			server.Close()
			c.mu.Lock()
			delete(c.open, client)
			delete(c.open, server)
			c.mu.Unlock()
		})
		c.done.Go(func() { pass(server, client, left, &c.up); over() })
		c.done.Go(func() { pass(client, server, left, &c.down); over() })
	}
}

// pass copies until the bytes that are left for both ways are used up.
func pass(to io.Writer, from io.Reader, left, count *atomic.Int64) {
	for buf := make([]byte, 16<<10); ; {
		n, err := from.Read(buf)
		if n > 0 {
			rest := left.Add(-int64(n))
			m := n
			if rest < 0 {
				m = int(max(0, int64(n)+rest))
			}
			count.Add(int64(m))
			if _, e := to.Write(buf[:m]); e != nil || rest < 0 {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// seed is that of the runs that are random; SATCHEL_FAULTS_SEED repeats them.
func seed(t testing.TB) uint64 {
	s := uint64(1)
	if whole {
		s = uint64(time.Now().UnixNano())
	}
	if v := os.Getenv("SATCHEL_FAULTS_SEED"); v != "" {
		s, _ = strconv.ParseUint(v, 10, 64)
	}
	t.Logf("SATCHEL_FAULTS_SEED=%d", s)
	return s
}

// Connections are cut at random bytes, 200 times in each direction.
func TestCuts(t *testing.T) {
	const row = "connection cut at a random byte"
	cuts, size := int64(12), 6<<20
	if whole {
		cuts, size = 200, 24<<20
	}
	w := newWorld(t, nil)
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed(t), 0))
	never := atomic.Bool{} // people come in undisturbed
	never.Store(true)
	next := func() int64 {
		mu.Lock()
		defer mu.Unlock()
		if never.Load() {
			return 1 << 60
		}
		return 1 + r.Int64N(1<<20)
	}
	up, down := newCutter(t, w.addr, next), newCutter(t, w.addr, next)
	ana, bo := w.person("Ana", up.url(), ""), w.person("Bo", down.url(), "")
	conv := meet(t, ana, bo)
	never.Store(false)
	matrix.has(row, upload)
	matrix.has(row, download)
	for i := 0; up.cuts.Load() < cuts || down.cuts.Load() < cuts; i++ {
		data := random(size, uint64(i))
		var m chat.Message
		one := func(direction string, p *person, cuts, moved *atomic.Int64, do func()) {
			note := matrix.run(t, row, direction)
			cut, before := cuts.Load(), moved.Load()
			do()
			tr := p.transfer(t, m, "at its end", rests)
			if tr.State != chat.TransferDone {
				t.Fatalf("%v: %s", tr.State, tr.Reason)
			}
			said := p.reasons(tr.ID)
			sentences(t, said)
			beside := moved.Load() - before - seal.SealedSize(int64(size)) // headers and messages, too
			note(result{said: len(said) > 0, resumed: cuts.Load() > cut, twice: max(0, beside)})
		}
		one(upload, ana, &up.cuts, &up.up, func() { m = ana.send(t, conv, newFile(t, data)) })
		ana.sent(t, m)
		bo.received(t, m)
		one(download, bo, &down.cuts, &down.down, func() {
			if err := bo.Download(conv, m.ID); err != nil {
				t.Fatal(err)
			}
		})
		bo.equal(t, m, data)
	}
}
