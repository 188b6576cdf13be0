package socket

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// memory lends what it has, and counts what it has back.
type memory struct {
	left []byte
	lent int
	read int // by Read, which copies
	fail error
}

func (m *memory) Read(p []byte) (int, error) {
	if len(m.left) == 0 {
		return 0, io.EOF
	}
	n := copy(p, m.left)
	m.left, m.read = m.left[n:], m.read+n
	return n, nil
}

func (m *memory) Lend(n int) ([]byte, func(), error) {
	if len(m.left) == 0 {
		if m.fail != nil {
			return nil, nil, m.fail
		}
		return nil, nil, io.EOF
	}
	p := m.left[:min(n, len(m.left))]
	m.left = m.left[len(p):]
	m.lent++
	return p, func() { m.lent-- }, nil
}

func (m *memory) Close() error { return nil }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(b)
	return b
}

// sizes are around all that a Conn counts by.
var sizes = []int{1, piece - 1, piece, piece + 1, much - 1, much, much + 1, 2*much + 7, 2*span + much + 1}

// A body that is lent arrives, and nothing of it is copied on its way to the kernel.
func TestLentBody(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := sha256.New()
		_, _ = io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{r.Body}, make([]byte, much))
		_, _ = w.Write(h.Sum(nil))
	}))
	server.Listener = Listener{server.Listener}
	server.Start()
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: Dial}}
	defer client.CloseIdleConnections()
	for _, size := range sizes {
		data := random(size)
		body := &memory{left: data}
		q, err := http.NewRequest(http.MethodPut, server.URL, body)
		if err != nil {
			t.Fatal(err)
		}
		q.ContentLength = int64(size)
		answer, err := client.Do(q)
		if err != nil {
			t.Fatal(size, err)
		}
		got, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if want := sha256.Sum256(data); err != nil || !bytes.Equal(got, want[:]) {
			t.Errorf("%d bytes: something else arrived (%v)", size, err)
		}
		if body.read != 0 || body.lent != 0 {
			t.Errorf("%d bytes: %d were copied, %d pieces did not come back", size, body.read, body.lent)
		}
	}
	// What the body fails with is why the request fails.
	broken := errors.New("the disk is gone")
	q, _ := http.NewRequest(http.MethodPut, server.URL, &memory{left: random(much), fail: broken})
	q.ContentLength = 2 * much
	if answer, err := client.Do(q); !errors.Is(err, broken) {
		t.Errorf("%v (%v), want %v", err, answer, broken)
	}
}

// pair is both ends of a connection.
func pair(t *testing.T) (reads, writes *Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	out, err := Dial(context.Background(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	in, err := Listener{l}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); out.Close() })
	return in.(*Conn), out.(*Conn)
}

// eager is a reader of a connection that is taken for a quick one, whatever it is.
type eager struct{ *Conn }

func (e eager) Read(p []byte) (int, error) {
	e.quick = true
	return e.Conn.Read(p)
}

// Who is woken rarely gets all of a body nevertheless, and the small things after it.
func TestRarelyWoken(t *testing.T) {
	in, out := pair(t)
	buf := make([]byte, much)
	for _, size := range sizes {
		data, wrote := random(size), make(chan error, 1)
		go func() {
			for rest := data; len(rest) > 0; { // in pieces of all sizes
				n, err := out.Write(rest[:min(len(rest), 1+len(rest)/3)])
				if err != nil {
					wrote <- err
					return
				}
				rest = rest[n:]
			}
			wrote <- nil
		}()
		h := sha256.New()
		if size%2 == 1 {
			in.Expect(int64(size))
		}
		n, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{&io.LimitedReader{R: eager{in}, N: int64(size)}}, buf)
		if want := sha256.Sum256(data); err != nil || n != int64(size) || !bytes.Equal(h.Sum(nil), want[:]) {
			t.Fatalf("%d bytes: %d came, or others (%v)", size, n, err)
		}
		if err := <-wrote; err != nil {
			t.Fatal(err)
		}
	}
	if _, err := out.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	if n, err := io.ReadFull(eager{in}, buf[:5]); err != nil || string(buf[:n]) != "hello" {
		t.Errorf("%q, %v", buf[:n], err)
	}
}

// An end is seen at once, also where much more was meant to come.
func TestEndWakes(t *testing.T) {
	in, out := pair(t)
	came := make(chan error, 1)
	go func() {
		in.Expect(3 * more)
		n, err := io.ReadFull(eager{in}, make([]byte, 2*much))
		if n != 7 {
			t.Errorf("%d bytes came, want 7", n)
		}
		came <- err
	}()
	if _, err := out.Write(random(7)); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if err := <-came; !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%v, want an end", err)
	}
}
