package faults

import (
	"context"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"satchel/net/wire"
)

// The requests that a transfer makes.
const (
	create = "create"
	head   = "head"
	patch  = "patch"
	get    = "get"
)

// requestOf names the request of a transfer; "" for all others.
func requestOf(r *http.Request) string {
	if !strings.HasPrefix(r.URL.Path, wire.PathFiles) {
		return ""
	}
	return map[string]string{http.MethodPost: create, http.MethodHead: head, http.MethodPatch: patch, http.MethodGet: get}[r.Method]
}

// harm may answer a request of a transfer in the relay's place; pass hands it on.
type harm func(w http.ResponseWriter, r *http.Request, pass http.Handler)

// fault is a harm at one kind of request, and tells whether there was one. It is a
// harm to all requests.
type fault struct {
	request string
	n       int  // the first request that it happens to, counted from 1
	always  bool // also to all after that
	harm    harm
	seen    atomic.Int64 // requests of the kind
	struck  atomic.Int64 // of those, the ones that it happened to
}

// gateway is an HTTP proxy before a relay, as people have one: it passes
// everything on, but for the fault that is set.
type gateway struct {
	*httptest.Server
	mu       sync.Mutex
	harm     harm
	up, down atomic.Int64 // bytes of files that passed
}

func newGateway(t testing.TB, to string) *gateway {
	base, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(base)
	pass.ErrorLog = log.New(io.Discard, "", 0)
	pass.FlushInterval = -1
	transport := http.DefaultTransport.(*http.Transport).Clone()
	pass.Transport = transport
	g := &gateway{}
	over, end := context.WithCancel(context.Background())
	var serving sync.WaitGroup // Close does not wait for WebSockets
	g.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serving.Add(1)
		defer serving.Done()
		ctx, cancel := context.WithCancel(r.Context())
		defer cancel()
		defer context.AfterFunc(over, cancel)()
		r = r.WithContext(ctx)
		g.mu.Lock()
		f := g.harm
		g.mu.Unlock()
		if requestOf(r) != "" {
			r.Body = counted{r.Body, &g.up}
			if r.Method == http.MethodGet {
				w = &countedWriter{ResponseWriter: w, n: &g.down}
			}
			if f != nil {
				f(w, r, pass)
				return
			}
		}
		pass.ServeHTTP(w, r)
	}))
	g.Config.ErrorLog = pass.ErrorLog
	g.Start()
	t.Cleanup(func() {
		end()
		g.CloseClientConnections()
		g.Close()
		serving.Wait()
		transport.CloseIdleConnections()
	})
	return g
}

// set has a fault happen to what comes from now on; nil: none.
func (g *gateway) set(f *fault) {
	if f == nil {
		g.setHarm(nil)
		return
	}
	g.setHarm(f.do)
}

func (g *gateway) setHarm(h harm) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.harm = h
}

// at makes h happen to the n-th request of a kind, counted from 1, and to the
// ones after it when always.
func at(request string, n int, always bool, h harm) *fault {
	return &fault{request: request, n: n, always: always, harm: h}
}

func (f *fault) do(w http.ResponseWriter, r *http.Request, pass http.Handler) {
	if requestOf(r) == f.request {
		if k := int(f.seen.Add(1)); k == f.n || f.always && k > f.n {
			f.struck.Add(1)
			f.harm(w, r, pass)
			return
		}
	}
	pass.ServeHTTP(w, r)
}

// happened holds that a fault was met: what never comes to it proves nothing.
func (f *fault) happened(t testing.TB) {
	t.Helper()
	if f != nil && f.struck.Load() == 0 {
		t.Errorf("nothing went wrong: there were %d of %q, and the fault was for number %d", f.seen.Load(), f.request, f.n)
	}
}

// status answers with a status, and with a body that is not for people.
func status(code int, header ...string) harm {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte("<html>upstream 10.0.0.7: 0x51 secret detail</html>"))
	}
}

// lost has the relay carry the request out, and loses what it answers.
func lost(_ http.ResponseWriter, r *http.Request, pass http.Handler) {
	pass.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

type counted struct {
	io.ReadCloser
	n *atomic.Int64
}

func (c counted) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.n.Add(int64(n))
	return n, err
}

// countedWriter counts what is written of a file, and not of a refusal.
type countedWriter struct {
	http.ResponseWriter
	n       *atomic.Int64
	refused bool
}

func (c *countedWriter) WriteHeader(status int) {
	c.refused = status >= 300
	c.ResponseWriter.WriteHeader(status)
}

func (c *countedWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	if !c.refused {
		c.n.Add(int64(n))
	}
	return n, err
}

func (c *countedWriter) Unwrap() http.ResponseWriter { return c.ResponseWriter }
