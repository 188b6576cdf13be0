package transfer

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// bulkConn writes a body in larger pieces than net/http does, as long as they go
// quickly: fewer wake-ups for the same bytes, at both ends. Where a line or a
// limit is slow, and while bytes rest for words, pieces stay small.
type bulkConn struct{ net.Conn }

const (
	leastPiece = 32 << 10
	mostPiece  = 256 << 10
	quickPiece = 2 * time.Millisecond
)

var pieces = sync.Pool{New: func() any { return new([mostPiece]byte) }}

// bulkDial is a Dialer's DialContext with such connections.
func bulkDial(d *net.Dialer) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := d.DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return bulkConn{c}, nil
	}
}

// ReadFrom implements io.ReaderFrom, which net/http asks for bodies that pass
// without TLS.
func (c bulkConn) ReadFrom(r io.Reader) (n int64, err error) {
	buf := pieces.Get().(*[mostPiece]byte)
	defer pieces.Put(buf)
	for size := leastPiece; ; {
		began := time.Now()
		k, rerr := r.Read(buf[:size])
		if k > 0 {
			m, err := c.Write(buf[:k])
			n += int64(m)
			if err != nil {
				return n, err
			}
		}
		if rerr == io.EOF {
			return n, nil
		}
		if rerr != nil {
			return n, rerr
		}
		if size = min(2*size, mostPiece); time.Since(began) > quickPiece {
			size = leastPiece
		}
	}
}
