// Package socket is TCP for large files: a connection that moves a body in few
// steps. Each time that one side waits for the other costs four switches of
// threads, so who reads much is woken when much is there, and who writes from
// memory hands all of it to the kernel, as it lies. Everything else on such a
// connection, messages and heads of requests, goes as on any other.
//
// Both ends of a file's way use it: the relay as a Listener, a client by Dial.
// The package knows nothing of ours.
package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Sizes in bytes.
const (
	piece = 256 << 10 // written at once: between two pieces the body's owner may let others pass
	much  = 256 << 10 // that wake who reads a body which comes quickly,
	more  = 1 << 20   // and where even more is to come
	span  = 4 << 20   // between two looks at how quickly it comes
)

// quickly is how long a span takes at most, if who reads is to be woken rarely. It is far
// from where much of it would take so long that the connection looks dead.
const quickly = span * time.Second / (32 << 20)

// Lender is a Reader that has its bytes in memory already. What a Conn copies from
// it goes to the kernel from there.
type Lender interface {
	io.Reader
	// Lend hands out the next bytes, n at most and one at least, or an error: io.EOF at
	// the end. They stay as they are until back is called, once.
	Lend(n int) (p []byte, back func(), err error)
}

// Conn is a connection. One goroutine at a time may read it, and one write it.
type Conn struct {
	*net.TCPConn
	sure  atomic.Int64 // bytes that are to come; or less than none
	wake  int          // bytes that have to be there before who reads is woken; 0: one
	came  int          // since the last look
	since time.Time
	quick bool // they come quickly
}

// Dial connects to address. It is a Transport's DialContext.
func Dial(ctx context.Context, network, address string) (net.Conn, error) {
	d := net.Dialer{Timeout: 15 * time.Second, KeepAlive: 15 * time.Second, Control: dialed}
	c, err := d.DialContext(ctx, network, address)
	if tcp, ok := c.(*net.TCPConn); ok {
		return &Conn{TCPConn: tcp}, nil
	}
	return c, err
}

// Listener accepts connections that are Conns.
type Listener struct{ net.Listener }

// Accept implements net.Listener.
func (l Listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		accepted(tcp)
		return &Conn{TCPConn: tcp}, nil
	}
	return c, err
}

// Expect says that so many bytes more are sure to come, or the connection's end: of a
// body whose length is known, for one.
func (c *Conn) Expect(n int64) { c.sure.Store(n) }

// Read implements net.Conn. Who asks for much at once has to know that so much will
// come, as a reader of a body does whose length is known.
func (c *Conn) Read(p []byte) (int, error) {
	sure := max(c.sure.Load(), int64(len(p)))
	if enough := c.enough(sure); enough != c.wake && c.wakeAt(max(1, enough)) == nil {
		c.wake = enough
	}
	n, err := c.TCPConn.Read(p)
	c.sure.Add(-int64(n))
	if sure >= much {
		c.measure(n)
	}
	return n, err
}

// enough is how many of the bytes that are sure to come have to be there to be worth a wake.
func (c *Conn) enough(sure int64) int {
	switch {
	case !c.quick || sure < much:
		return 0
	case sure < more:
		return much
	}
	return more
}

// measure looks now and then at how quickly much of a body comes.
func (c *Conn) measure(n int) {
	if c.came += n; c.came < span && !c.since.IsZero() {
		return
	}
	now := time.Now()
	c.quick = !c.since.IsZero() && now.Sub(c.since) < quickly
	c.since, c.came = now, 0
}

// ReadFrom implements io.ReaderFrom.
func (c *Conn) ReadFrom(r io.Reader) (n int64, err error) {
	limited, ok := r.(*io.LimitedReader)
	if !ok {
		return c.TCPConn.ReadFrom(r)
	}
	lender, ok := limited.R.(Lender)
	if !ok {
		return c.TCPConn.ReadFrom(r)
	}
	for limited.N > 0 {
		p, back, err := lender.Lend(int(min(limited.N, piece)))
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return n, err
		}
		m, err := c.Write(p)
		back()
		n, limited.N = n+int64(m), limited.N-int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}
