package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/seal"
)

const testChunk = 1 << 20

// Both kinds of server: a relay with tickets, and any tus server without.
func TestUploadAndDownload(t *testing.T) {
	t.Parallel()
	for _, tickets := range []bool{true, false} {
		s := newServer(t, tickets)
		cfg := TusConfig{Chunk: testChunk, Endpoint: s.URL + "/files/"}
		if tickets {
			cfg = TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}
		}
		b := start(t, openJournal(""), NewTus(cfg), nil)
		for _, size := range []int{0, 1, testChunk - 1, testChunk, testChunk + 1, 3*testChunk + 7} {
			data := random(size)
			name := fmt.Sprintf("relatório 資料 %d.bin", size)
			up := b.done(b.queue(uploadOf(t, write(t, name, data))))
			if !bytes.Equal(s.opened(t, up.File), data) || up.File.SHA256 != sum(data) || up.Offset != int64(size) || up.Place != "" {
				t.Errorf("%d bytes, tickets %v: %+v", size, tickets, up)
			}
			if want := "/files/" + string(up.ID); tickets && up.File.URL != want {
				t.Errorf("the message says %q, want %q", up.File.URL, want)
			}
			if !tickets && !strings.HasPrefix(up.File.URL, s.URL+"/files/") {
				t.Errorf("the message says %q", up.File.URL)
			}
			b.arrivedAs(b.queue(downloadOf(up.File)), name, data)
			if got := b.journal.get(up.ID); got.State != chat.TransferDone || got.File.URL == "" {
				t.Errorf("in the journal: %+v", got)
			}
		}
		b.stop()
	}
}

// Connections that break at random bytes: all arrives, each chunk at most twice.
func TestCutConnections(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	r, mu := rand.New(rand.NewPCG(3, 4)), sync.Mutex{}
	p := newProxy(t, s.URL, func() int64 {
		mu.Lock()
		defer mu.Unlock()
		return 1 + r.Int64N(3<<20)
	}, nil)
	h := NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(p.url())})
	b := start(t, openJournal(""), h, nil)
	data := random(16 << 20)
	up := b.done(b.queue(uploadOf(t, write(t, "a.bin", data))))
	if !bytes.Equal(s.opened(t, up.File), data) {
		t.Error("the server has something else")
	}
	cuts := p.cuts.Load()
	if twice := p.up.Load() - int64(len(data)); cuts < 3 || twice >= (cuts+1)*testChunk {
		t.Errorf("%d cuts, %d bytes went twice", cuts, twice)
	}
	b.arrivedAs(b.queue(downloadOf(up.File)), "a.bin", data)
	if p.cuts.Load() == cuts {
		t.Error("the download was never cut")
	}
}

// The server is killed and comes back at the same address.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	var cut atomic.Int64
	p := newProxy(t, s.URL, cut.Load, nil)
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(p.url())}), nil)
	data := random(8 << 20)
	cut.Store(5 << 20)
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		if p.cuts.Load() == 0 {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	id := b.queue(uploadOf(t, write(t, "a.bin", data)))
	waiting := b.state(id, chat.TransferWaiting)
	sentence(t, waiting.Reason)
	// A new handler knows nothing of the old one's requests.
	fresh := s.handler(t)
	cut.Store(0)
	s.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fresh.ServeHTTP(w, r) })
	p.cut()
	s.setFault(nil)
	b.SetOnline(true)
	up := b.done(id)
	if !bytes.Equal(s.opened(t, up.File), data) || p.up.Load() > int64(len(data))+testChunk+64<<10 {
		t.Errorf("%d bytes went for %d", p.up.Load(), len(data))
	}
}

// once makes a fault that happens to the first request with that method.
func once(method string, f func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) bool {
	var did atomic.Bool
	return func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != method || !did.CompareAndSwap(false, true) {
			return false
		}
		f(w, r)
		return true
	}
}

func status(code int, header ...string) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte("<html>secret detail</html>"))
	}
}

// What a server may answer once, and the upload goes on.
func TestUploadGoesOnAfter(t *testing.T) {
	data := random(2*testChunk + 5)
	for name, fault := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"401 at HEAD":   once("HEAD", status(401)),
		"401 at POST":   once("POST", status(401)),
		"403 at PATCH":  once("PATCH", status(403)),
		"409 at PATCH":  once("PATCH", status(409)),
		"400 at PATCH":  once("PATCH", status(400)), // tusd: interrupted by another request
		"423 at HEAD":   once("HEAD", status(423)),
		"423 at PATCH":  once("PATCH", status(423)),
		"429 at PATCH":  once("PATCH", status(429)),
		"500 at PATCH":  once("PATCH", status(500)),
		"503 at POST":   once("POST", status(503)),
		"404 at PATCH":  once("PATCH", status(404)),
		"413 at PATCH":  once("PATCH", status(413)),
		"204 unmoved":   once("PATCH", status(204, "Upload-Offset", "0")),
		"broken answer": once("PATCH", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, true)
			s.setFault(fault)
			b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
			up := b.done(b.queue(uploadOf(t, write(t, "a.bin", data))))
			if !bytes.Equal(s.opened(t, up.File), data) {
				t.Error("the server has something else")
			}
		})
	}
}

// What a server may answer for good.
func TestUploadFailsAfter(t *testing.T) {
	always := func(method string, f func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == method {
				f(w, r)
			}
			return r.Method == method
		}
	}
	for _, c := range []struct {
		name   string
		fault  func(http.ResponseWriter, *http.Request) bool
		reason string
	}{
		{"401", always("PATCH", status(401)), "does not let this device"},
		{"403", always("POST", status(403)), "does not let this device"},
		{"404", always("POST", status(404)), "no place for files"},
		{"413 for the whole", always("POST", status(413)), "larger than the server takes"},
		{"413 for a chunk", always("PATCH", status(413)), "very small pieces"},
		{"400", always("PATCH", status(400)), "did not accept"},
		{"302", always("PATCH", status(302, "Location", "/x")), "did not accept"},
		{"500", always("PATCH", status(500)), "problem of its own"},
		{"507", always("PATCH", status(507)), "disk is full"},
		{"no tus", always("HEAD", status(200)), "makes no sense"},
		{"another size", always("HEAD", status(200, "Upload-Offset", "0", "Upload-Length", "7")), "another size"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, true)
			s.setFault(c.fault)
			b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
			id := b.queue(uploadOf(t, write(t, "a.bin", random(5))))
			b.failed(id, c.reason)
			s.setFault(nil) // and the way on works
			if err := b.Resume(id); err != nil {
				t.Fatal(err)
			}
			b.wait(id, "done", func(t chat.Transfer) bool { return t.State == chat.TransferDone })
		})
	}
}

// A server on the way that takes 300 KiB a request.
func TestChunksShrink(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.ContentLength > 300<<10 {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			return true
		}
		return false
	})
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: 4 << 20, Tickets: s.issue(s.URL)}), nil)
	data := random(3 << 20)
	up := b.done(b.queue(uploadOf(t, write(t, "a.bin", data))))
	if !bytes.Equal(s.opened(t, up.File), data) {
		t.Error("the server has something else")
	}
}

// A server that forgets for a moment what it has is not sent all of it again.
func TestCreatedAlready(t *testing.T) {
	s := newServer(t, true)
	var patches atomic.Int64
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case r.Method == "PATCH" && patches.Add(1) == 2:
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		case r.Method == "HEAD" && patches.Load() == 2:
			w.WriteHeader(http.StatusNotFound)
			return true
		case r.Method == "POST" && patches.Load() == 2: // as a relay answers
			_, id, _ := strings.Cut(r.Header.Get("Authorization"), ":")
			w.Header().Set("Upload-Offset", strconv.Itoa(len(s.stored(t, id))))
			w.WriteHeader(http.StatusCreated)
			return true
		}
		return false
	})
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
	data := random(3 * testChunk)
	up := b.done(b.queue(uploadOf(t, write(t, "a.bin", data))))
	if size := seal.SealedSize(int64(len(data))); !bytes.Equal(s.opened(t, up.File), data) || s.gone.Load() >= size+testChunk {
		t.Errorf("%d bytes went for %d", s.gone.Load(), size)
	}
}

// Retry-After is kept, also against being online again.
func TestRetryAfter(t *testing.T) {
	s := newServer(t, true)
	s.setFault(once("PATCH", status(429, "Retry-After", "100")))
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	id := b.queue(uploadOf(t, write(t, "a.bin", random(5))))
	b.state(id, chat.TransferWaiting)
	b.SetOnline(true)
	other := b.queue(uploadOf(t, write(t, "b.bin", random(6))))
	b.done(other)
	if got := b.states(id); got[len(got)-1] != chat.TransferWaiting {
		t.Errorf("it did not wait: %v", got)
	}
	if err := b.Resume(id); err != nil { // the person may
		t.Fatal(err)
	}
	b.done(id)
}

// A ticket that ends under way is replaced before it ends, or when refused.
func TestTicketsAreRenewed(t *testing.T) {
	t.Parallel()
	s := newServer(t, true)
	var issued atomic.Int64
	tickets := func(ctx context.Context, r TicketRequest) (Ticket, error) {
		ticket, err := s.issue(s.URL)(ctx, r)
		issued.Add(1)
		return ticket, err
	}
	s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == "PATCH" && r.Header.Get("Upload-Offset") == strconv.Itoa(testChunk) {
			s.setValid("second")
		}
		return false
	})
	b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: tickets}), nil)
	data := random(3 * testChunk)
	up := b.done(b.queue(uploadOf(t, write(t, "a.bin", data))))
	if !bytes.Equal(s.opened(t, up.File), data) || issued.Load() != 2 {
		t.Errorf("%d tickets", issued.Load())
	}
}

// What was left of an earlier try reaches the server after this one asked how much
// it has: nothing of both is put together.
func TestLateBytesOfAnEarlierTry(t *testing.T) {
	for _, tickets := range []bool{true, false} {
		t.Run(fmt.Sprint("tickets ", tickets), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, tickets)
			late := make(chan string, 1)
			s.setFault(once("PATCH", func(w http.ResponseWriter, r *http.Request) {
				id := strings.TrimPrefix(r.URL.Path, "/files/")
				if err := os.WriteFile(s.dir+"/"+id, []byte("late"), 0o600); err != nil {
					t.Error(err)
				}
				late <- id
				w.WriteHeader(http.StatusConflict)
			}))
			cfg := TusConfig{Chunk: testChunk, Endpoint: s.URL + "/files/"}
			if tickets {
				cfg = TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}
			}
			b := start(t, openJournal(""), NewTus(cfg), nil)
			data := random(2*testChunk + 3)
			up := b.done(b.queue(uploadOf(t, write(t, "a.bin", data))))
			if !bytes.Equal(s.opened(t, up.File), data) || strings.HasSuffix(up.File.URL, <-late) {
				t.Errorf("%s has something else", up.File.URL)
			}
		})
	}
}

// The store says that it has something else: once more from the start, then no more.
func TestChecksumOfUpload(t *testing.T) {
	data := random(2*testChunk + 9)
	for name, wrong := range map[string]int{"once": 1, "always": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, true)
			left := wrong
			s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
				id := strings.TrimPrefix(r.URL.Path, "/files/")
				if r.Method == "HEAD" && left > 0 {
					if on, err := os.ReadFile(s.dir + "/" + id); err == nil && int64(len(on)) == seal.SealedSize(int64(len(data))) {
						left--
						on[7] ^= 1
						_ = os.WriteFile(s.dir+"/"+id, on, 0o600)
					}
				}
				if r.Method == "DELETE" { // what is whole is kept
					w.WriteHeader(http.StatusForbidden)
				}
				return r.Method == "DELETE"
			})
			b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
			id := b.queue(uploadOf(t, write(t, "a.bin", data)))
			if wrong > 1 {
				b.failed(id, "not what was sent")
				return
			}
			if up := b.done(id); !bytes.Equal(s.opened(t, up.File), data) || up.File.URL == "/files/"+string(id) || s.gone.Load() != 2*seal.SealedSize(int64(len(data))) {
				t.Errorf("%d bytes went", s.gone.Load())
			}
		})
	}
}

// What may happen to a download, and how it ends. What the server gives is made
// from what it should give, and from another file of the same size.
func TestDownloadFaults(t *testing.T) {
	data := random(3<<20 + 11)
	type handle = func(http.ResponseWriter, *http.Request)
	type fault = func(http.ResponseWriter, *http.Request) bool
	answer := func(b []byte, from int) handle {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(b)-from))
			if from > 0 {
				w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(b)-1, len(b)))
				w.WriteHeader(206)
			}
			_, _ = w.Write(b[from:])
		}
	}
	always := func(f handle) fault {
		return func(w http.ResponseWriter, r *http.Request) bool { f(w, r); return true }
	}
	plainly := func(f handle) func(good, other []byte) fault {
		return func(_, _ []byte) fault { return once("GET", f) }
	}
	half := func(b []byte) fault {
		return once("GET", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(b)))
			_, _ = w.Write(b[:1<<20])
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		})
	}
	const chunk = seal.ChunkSize + 16
	flip := func(b []byte, at int) []byte { b = bytes.Clone(b); b[at] ^= 1; return b }
	given := func(f func(good, other []byte) []byte) func(good, other []byte) fault {
		return func(good, other []byte) fault {
			b := f(good, other)
			return always(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/octet-stream")
				http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b))
			})
		}
	}
	for _, c := range []struct {
		name   string
		fault  func(good, other []byte) fault
		reason string // "": it arrives
	}{
		{"401 once", plainly(status(401)), ""},
		{"500 once", plainly(status(500)), ""},
		{"416 once", plainly(status(416)), ""},
		{"cut once", func(good, _ []byte) fault { return half(good) }, ""},
		{"cut, then from the start", func(good, _ []byte) fault {
			first := half(good)
			return func(w http.ResponseWriter, r *http.Request) bool {
				if !first(w, r) {
					answer(good, 0)(w, r)
				}
				return true
			}
		}, ""},
		{"another range", func(good, _ []byte) fault { return once("GET", answer(good, 9)) }, ""},
		{"flipped once", func(good, _ []byte) fault { return once("GET", answer(flip(good, 2<<20), 0)) }, ""},
		{"flipped", given(func(good, _ []byte) []byte { return flip(good, 2<<20) }), "not what was sent"},
		{"flipped in the first byte", given(func(good, _ []byte) []byte { return flip(good, 0) }), "not what was sent"},
		{"flipped in the last tag", given(func(good, _ []byte) []byte { return flip(good, len(good)-1) }), "not what was sent"},
		{"swapped", given(func(_, other []byte) []byte { return other }), "not what was sent"},
		{"spliced", given(func(good, other []byte) []byte { return append(bytes.Clone(good[:7*chunk]), other[7*chunk:]...) }), "not what was sent"},
		{"exchanged", given(func(good, _ []byte) []byte {
			b := bytes.Clone(good)
			copy(b[chunk:], good[2*chunk:3*chunk])
			copy(b[2*chunk:], good[chunk:2*chunk])
			return b
		}), "not what was sent"},
		{"truncated", given(func(good, _ []byte) []byte { return good[:len(good)-1] }), "not what was sent"},
		{"truncated at a chunk", given(func(good, _ []byte) []byte { return good[:5*chunk] }), "not what was sent"},
		{"grown", given(func(good, _ []byte) []byte { return append(bytes.Clone(good), 1) }), "not what was sent"},
		{"longer, without ranges", func(good, _ []byte) fault { return always(answer(append(bytes.Clone(good), 1), 0)) }, "not what was sent"},
		{"longer, without saying so", func(good, _ []byte) fault {
			return always(func(w http.ResponseWriter, r *http.Request) { _, _ = w.Write(append(bytes.Clone(good), 1)) })
		}, ""},
		{"shorter", func(good, _ []byte) fault { return always(answer(good[:9], 0)) }, "not what was sent"},
		{"plain", given(func(_, _ []byte) []byte {
			return append(bytes.Clone(data), make([]byte, int(seal.SealedSize(int64(len(data))))-len(data))...)
		}), "not what was sent"},
		{"404", func(_, _ []byte) fault { return always(status(404)) }, "no longer on the server"},
		{"410", func(_, _ []byte) fault { return always(status(410)) }, "no longer on the server"},
		{"401", func(_, _ []byte) fault { return always(status(401)) }, "does not let this device"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, true)
			f := s.put(t, "a.bin", data)
			s.setFault(c.fault(s.stored(t, f.URL), s.stored(t, s.put(t, "b.bin", data).URL)))
			b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
			id := b.queue(downloadOf(f))
			if c.reason == "" {
				b.arrivedAs(id, "a.bin", data)
				return
			}
			if got := b.failed(id, c.reason); got.Path != "" {
				t.Errorf("it has a path: %s", got.Path)
			}
			// Nothing but checked bytes is on the disk, and none under a name.
			part, err := os.ReadFile(b.partPath(id))
			if err != nil && !errors.Is(err, fs.ErrNotExist) || !bytes.HasPrefix(data, part) {
				t.Errorf("the part has something else: %d bytes, %v", len(part), err)
			}
			named, _ := filepath.Glob(filepath.Join(b.folder, "??", "*", "*"))
			if len(named) > 0 {
				t.Errorf("it has a name: %v", named)
			}
		})
	}
}

// A server that takes a request and says nothing more: at every stage that ends
// the attempt, and the next one goes on.
func TestStall(t *testing.T) {
	data := random(2 * testChunk)
	for _, c := range []struct {
		method string
		read   int64 // bytes of the request that are still taken
	}{{"HEAD", 0}, {"POST", 0}, {"PATCH", 0}, {"PATCH", 1000}, {"PATCH", 1 << 30}, {"GET", 0}, {"GET", 100_000}} {
		t.Run(fmt.Sprint(c.method, " ", c.read), func(t *testing.T) {
			t.Parallel()
			s := newServer(t, true)
			hold := make(chan struct{})
			t.Cleanup(func() { close(hold) })
			f := s.put(t, "a.bin", data)
			s.setFault(once(c.method, func(w http.ResponseWriter, r *http.Request) {
				if c.method == "GET" && c.read > 0 {
					w.Header().Set("Content-Length", strconv.FormatInt(seal.SealedSize(f.Size), 10))
					_, _ = w.Write(s.stored(t, f.URL)[:c.read])
					w.(http.Flusher).Flush()
				}
				_, _ = io.CopyN(io.Discard, r.Body, c.read)
				select {
				case <-hold:
				case <-r.Context().Done():
				}
			}))
			b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), func(c *Config) { c.Stall = 300 * time.Millisecond })
			tr := downloadOf(f)
			if c.method != "GET" {
				tr = uploadOf(t, write(t, "a.bin", data))
			}
			id := b.queue(tr)
			if got := b.waited(id); !strings.Contains(got.Reason, "stalled") {
				t.Errorf("the reason is %q", got.Reason)
			}
			b.done(id)
		})
	}
}
