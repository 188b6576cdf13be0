package transfer

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
)

// A connection carries a body whole, whatever its length is, and says why one that
// can't be read ended.
func TestBulkConnections(t *testing.T) {
	broken := errors.New("broken")
	for _, n := range []int{0, 1, leastPiece, leastPiece + 1, 3*leastPiece - 1, 4*mostPiece + 7} {
		for _, end := range []error{nil, broken} {
			here, there := net.Pipe()
			came := make(chan []byte)
			go func() {
				b, _ := io.ReadAll(there)
				came <- b
			}()
			data := random(n)
			var body io.Reader = bytes.NewReader(data)
			if end != nil {
				body = io.MultiReader(body, iotest.ErrReader(end))
			}
			m, err := bulkConn{here}.ReadFrom(body)
			here.Close()
			if got := <-came; m != int64(n) || !errors.Is(err, end) || !bytes.Equal(got, data) {
				t.Errorf("%d bytes, then %v: %d went, %d came: %v", n, end, m, len(got), err)
			}
		}
	}
}
