package storetest

import (
	"fmt"
	"hash/crc32"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// proxy passes connections on to a server, and cuts them all when so many bytes
// went towards it, or came back.
type proxy struct {
	l    net.Listener
	to   string
	left atomic.Int64
	done sync.WaitGroup

	mu     sync.Mutex
	open   map[net.Conn]bool
	closed bool
}

func newProxy(t testing.TB, to string, limit int64) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, to: to, open: map[net.Conn]bool{}}
	p.left.Store(limit)
	p.done.Go(p.accept)
	t.Cleanup(p.Close)
	return p
}

func (p *proxy) address() string { return p.l.Addr().String() }

// Close ends it with all its connections, and waits for them.
func (p *proxy) Close() {
	p.end()
	p.done.Wait()
}

func (p *proxy) end() {
	p.l.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for c := range p.open {
		c.Close()
	}
}

// keep remembers a connection, unless all has ended.
func (p *proxy) keep(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		c.Close()
		return false
	}
	p.open[c] = true
	return true
}

func (p *proxy) accept() {
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil || !p.keep(client) || !p.keep(server) {
			client.Close()
			continue
		}
		p.done.Go(func() { p.pass(server, client) })
		p.done.Go(func() { p.pass(client, server) })
	}
}

func (p *proxy) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	for buf := make([]byte, 16<<10); ; {
		n, err := from.Read(buf)
		if left := p.left.Add(-int64(n)); left < 0 {
			_, _ = to.Write(buf[:max(0, left+int64(n))])
			p.end()
			return
		}
		if _, e := to.Write(buf[:n]); err != nil || e != nil {
			return
		}
	}
}

func crc(data []byte) string {
	return fmt.Sprintf("%08x", crc32.Checksum(data, crc32.MakeTable(crc32.Castagnoli)))
}
