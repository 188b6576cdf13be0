package relay

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"

	"satchel/net/socket"
)

// buffered is more than net/http and TLS may have of a body before anybody reads it, in bytes.
const buffered = 64 << 10

// socketKey is where a request's connection stands in its context.
type socketKey struct{}

// withSocket is a server's ConnContext.
func withSocket(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, socketKey{}, socketOf(c))
}

// socketOf is what a connection goes over, below all that is spoken there; or nil.
func socketOf(c net.Conn) *socket.Conn {
	for {
		switch over := c.(type) {
		case *socket.Conn:
			return over
		case *tls.Conn:
			c = over.NetConn()
		case *eitherConn:
			c = over.Conn
		case *begunConn:
			c = over.Conn
		default:
			return nil
		}
	}
}

// expect tells a request's connection that n bytes more are to come, until done is called:
// who reads them is woken when many are there. Where a connection carries several
// requests at once, it is told nothing.
func expect(req *http.Request, n int64) (done func()) {
	c, _ := req.Context().Value(socketKey{}).(*socket.Conn)
	if c == nil || req.ProtoMajor > 1 || n <= 0 {
		return func() {}
	}
	c.Expect(n)
	return func() { c.Expect(0) }
}
