package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/png"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tus/tusd/v2/pkg/filestore"
	"github.com/tus/tusd/v2/pkg/handler"
	"github.com/tus/tusd/v2/pkg/memorylocker"
	expslog "golang.org/x/exp/slog"

	"go.uber.org/goleak"

	"satchel/chat"
	"satchel/net/seal"
)

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		os.Exit(child(os.Getenv(childVariable)))
	}
	goleak.VerifyTestMain(m)
}

// server is a real tus server over a folder, with tickets and checksums as a
// relay has them. Its faults are set by tests.
type server struct {
	*httptest.Server
	dir     string
	tickets bool // uploads need a token; without, it is any tus server

	mu    sync.Mutex
	valid string // the token that is accepted
	fault func(http.ResponseWriter, *http.Request) bool
	gone  atomic.Int64 // bytes of upload bodies that came in
	patch atomic.Int64 // requests with bytes
}

func newServer(t testing.TB, tickets bool) *server {
	s := &server{dir: t.TempDir(), tickets: tickets, valid: "first"}
	s.Server = httptest.NewUnstartedServer(s.handler(t))
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *server) handler(t testing.TB) http.Handler {
	composer := handler.NewStoreComposer()
	filestore.New(s.dir).UseIn(composer)
	composer.UseLocker(gentleLocker{memorylocker.New()})
	tus, err := handler.NewUnroutedHandler(handler.Config{
		StoreComposer: composer, BasePath: "/files/", GracefulRequestCompletionTimeout: 50 * time.Millisecond, Logger: expslog.New(expslog.NewTextHandler(io.Discard, nil)),
		PreUploadCreateCallback: func(hook handler.HookEvent) (handler.HTTPResponse, handler.FileInfoChanges, error) {
			_, id, _ := strings.Cut(hook.HTTPRequest.Header.Get("Authorization"), " ")
			_, id, _ = strings.Cut(id, ":")
			return handler.HTTPResponse{}, handler.FileInfoChanges{ID: id}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("POST /files/{$}", http.StripPrefix("/files/", http.HandlerFunc(tus.PostFile)))
	mux.Handle("PATCH /files/{id}", http.StripPrefix("/files/", http.HandlerFunc(tus.PatchFile)))
	mux.Handle("DELETE /files/{id}", http.StripPrefix("/files/", http.HandlerFunc(tus.DelFile)))
	mux.HandleFunc("HEAD /files/{id}", func(w http.ResponseWriter, r *http.Request) {
		if s.tickets { // a relay tells the checksum of what is complete
			data, _ := os.ReadFile(filepath.Join(s.dir, r.PathValue("id")))
			w.Header().Set(checksumField, fmt.Sprintf("%08x", crc32.Checksum(data, castagnoli)))
		}
		http.StripPrefix("/files/", http.HandlerFunc(tus.HeadFile)).ServeHTTP(w, r)
	})
	mux.HandleFunc("GET /files/{id}", func(w http.ResponseWriter, r *http.Request) {
		f, err := os.Open(filepath.Join(s.dir, r.PathValue("id")))
		if err != nil {
			http.Error(w, "<b>no such file</b>", http.StatusNotFound)
			return
		}
		defer f.Close()
		http.ServeContent(w, r, "", time.Time{}, f)
	})
	protected := tus.Middleware(mux)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		fault, valid := s.fault, s.valid
		s.mu.Unlock()
		if r.Method == http.MethodPatch {
			s.patch.Add(1)
			r.Body = counted{r.Body, &s.gone}
		}
		if fault != nil && fault(w, r) {
			return
		}
		if s.tickets && !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer "+valid+":") {
			http.Error(w, "bad ticket", http.StatusUnauthorized)
			return
		}
		begun := make(chan struct{})
		once := sync.OnceFunc(func() { close(begun) })
		defer once()
		r.Body = firstRead{r.Body, once}
		protected.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), begunKey{}, (<-chan struct{})(begun))))
	})
}

// gentleLocker keeps tusd v2.10.0 from a race of its own; net/relay/lock.go
// says which, and does the same.
type gentleLocker struct{ handler.Locker }

func (l gentleLocker) NewLock(id string) (handler.Lock, error) {
	lock, err := l.Locker.NewLock(id)
	return gentleLock{lock}, err
}

type gentleLock struct{ held handler.Lock }

func (l gentleLock) Lock(ctx context.Context, release func()) error {
	begun := ctx.Value(begunKey{}).(<-chan struct{})
	return l.held.Lock(ctx, func() {
		go func() {
			<-begun
			release()
		}()
	})
}

func (l gentleLock) Unlock() error { return l.held.Unlock() }

type begunKey struct{}

type firstRead struct {
	io.ReadCloser
	tell func()
}

func (b firstRead) Read(p []byte) (int, error) {
	b.tell()
	return b.ReadCloser.Read(p)
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

func (s *server) setFault(f func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = f
}

func (s *server) setValid(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.valid = token
}

// issue gives tickets that are valid now, for the server at base.
func (s *server) issue(base string) Tickets {
	return func(_ context.Context, r TicketRequest) (Ticket, error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		id := r.File[strings.LastIndexByte(r.File, '/')+1:]
		return Ticket{URL: base + "/files/" + id, Token: s.valid + ":" + id, Expires: time.Now().Add(time.Hour)}, nil
	}
}

// stored is what the server has under the id.
func (s *server) stored(t testing.TB, id string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(s.dir, id[strings.LastIndexByte(id, '/')+1:]))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// opened is what a message's file is to who has its key.
func (s *server) opened(t testing.TB, f chat.File) []byte {
	t.Helper()
	keys, err := seal.ParseFileKeys(f.Key)
	if err != nil || keys.Size != f.Size {
		t.Fatalf("the key of %d bytes: %v", f.Size, err)
	}
	var plain bytes.Buffer
	o, err := seal.NewOpener(&plain, *keys, 0)
	if err == nil {
		_, _ = o.Write(s.stored(t, f.URL))
		err = o.Close()
	}
	if err != nil {
		t.Error(err)
	}
	return plain.Bytes()
}

// sealedOf seals data with keys of its own.
func sealedOf(t testing.TB, data []byte) (sealed, key []byte) {
	t.Helper()
	s, err := seal.NewSealer(bytes.NewReader(data), int64(len(data)), func(seal.Record) error { return nil })
	if err == nil {
		sealed, err = io.ReadAll(io.NewSectionReader(s, 0, s.Size()))
	}
	if err != nil {
		t.Fatal(err)
	}
	keys, err := s.Keys()
	if err != nil {
		t.Fatal(err)
	}
	return sealed, keys.Marshal()
}

// put gives the server a file for downloads, and returns what a message says of it.
func (s *server) put(t testing.TB, name string, data []byte) chat.File {
	t.Helper()
	id := string(chat.NewTransferID())
	sealed, key := sealedOf(t, data)
	if err := os.WriteFile(filepath.Join(s.dir, id), sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	return chat.File{URL: "/files/" + id, Name: name, Size: int64(len(data)), SHA256: sum(data), Key: key}
}

func sum(data []byte) string {
	h := sha256.Sum256(data)
	return hex.EncodeToString(h[:])
}

func random(n int) []byte {
	data := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{byte(n)}).Read(data)
	return data
}

// journal is a durable queue in a file, or in memory when it has no path.
type journal struct {
	path  string
	mu    sync.Mutex
	all   map[chat.TransferID]chat.Transfer
	saves int
	fail  error
}

func openJournal(path string) *journal {
	j := &journal{path: path, all: map[chat.TransferID]chat.Transfer{}}
	if data, err := os.ReadFile(path); err == nil {
		_ = json.Unmarshal(data, &j.all)
	}
	return j
}

func (j *journal) Load() ([]chat.Transfer, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []chat.Transfer
	for _, t := range j.all {
		if !t.State.Ended() {
			out = append(out, t)
		}
	}
	return out, nil
}

func (j *journal) SaveAll(all []chat.Transfer) error {
	for _, t := range all {
		if err := j.Save(t); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) Save(t chat.Transfer) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != nil {
		return j.fail
	}
	j.all[t.ID] = t
	j.saves++
	if j.path == "" {
		return nil
	}
	data, err := json.Marshal(j.all)
	if err == nil {
		err = os.WriteFile(j.path+".new", data, 0o600)
	}
	if err == nil {
		err = os.Rename(j.path+".new", j.path)
	}
	return err
}

func (j *journal) get(id chat.TransferID) chat.Transfer {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.all[id]
}

func (j *journal) setFail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fail = err
}

// bench is an engine that runs, and all that it said.
type bench struct {
	*Engine
	t       testing.TB
	journal *journal
	folder  string
	stop    func()

	mu   sync.Mutex
	cond *sync.Cond
	last map[chat.TransferID]chat.Transfer
	log  map[chat.TransferID][]chat.TransferState // every state, once
	held map[chat.TransferID]chat.Transfer        // as each was when it last had to wait
}

// start runs an engine until the test ends.
func start(t testing.TB, j *journal, h Handler, change func(*Config)) *bench {
	b := &bench{t: t, journal: j, folder: t.TempDir(), last: map[chat.TransferID]chat.Transfer{}, held: map[chat.TransferID]chat.Transfer{}, log: map[chat.TransferID][]chat.TransferState{}}
	b.cond = sync.NewCond(&b.mu)
	r := NewRegistry("tus")
	r.Add("tus", h, "", "http")
	cfg := Config{Journal: j, Handlers: r, Folder: b.folder, RetryFirst: 5 * time.Millisecond, RetryMax: 50 * time.Millisecond, Changed: b.changed,
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))}
	if change != nil {
		change(&cfg)
	}
	b.folder = cfg.Folder
	b.Engine = New(cfg)
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan error, 1)
	go func() { gone <- b.Run(ctx) }()
	var once sync.Once
	b.stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-gone:
				if err != nil {
					t.Errorf("Run: %v", err)
				}
			case <-time.After(patience):
				t.Error("Run did not return")
			}
		})
	}
	t.Cleanup(b.stop)
	return b
}

func (b *bench) changed(t chat.Transfer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	before, known := b.last[t.ID]
	if !known || before.State != t.State {
		if known {
			b.legal(before.State, t.State)
		}
		b.log[t.ID] = append(b.log[t.ID], t.State)
		if t.State == chat.TransferWaiting {
			b.held[t.ID] = t
		}
	}
	b.last[t.ID] = t
	b.cond.Broadcast()
}

// legal holds that the table of transitions leads from one to the other.
func (b *bench) legal(from, to chat.TransferState) {
	for e := chat.EventStart; e <= chat.EventRestart; e++ {
		if next, ok := from.Next(e); ok && next == to {
			return
		}
	}
	b.t.Errorf("from %v to %v in one step", from, to)
}

// patience bounds every wait of a test; nothing passes by taking it.
const patience = 3 * time.Minute

// wait waits until a transfer is as it should be, and returns it.
func (b *bench) wait(id chat.TransferID, what string, ok func(chat.Transfer) bool) chat.Transfer {
	b.t.Helper()
	timeout := time.AfterFunc(patience, b.cond.Broadcast)
	defer timeout.Stop()
	deadline := time.Now().Add(patience)
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		t, known := b.last[id]
		if known && ok(t) {
			return t
		}
		if !time.Now().Before(deadline) {
			b.t.Fatalf("%s: never %s; %v, last %v at %d: %q", id, what, b.log[id], t.State, t.Offset, t.Reason)
		}
		b.cond.Wait()
	}
}

func (b *bench) state(id chat.TransferID, s chat.TransferState) chat.Transfer {
	b.t.Helper()
	return b.wait(id, s.String(), func(t chat.Transfer) bool { return t.State == s })
}

// waited waits until a transfer had to wait, and returns it as it was then: it may
// have gone on since.
func (b *bench) waited(id chat.TransferID) (held chat.Transfer) {
	b.t.Helper()
	b.wait(id, "waiting", func(chat.Transfer) (ok bool) {
		held, ok = b.held[id]
		return ok
	})
	return held
}

// done waits for the end and fails with the reason where it is another.
func (b *bench) done(id chat.TransferID) chat.Transfer {
	b.t.Helper()
	t := b.wait(id, "done", func(t chat.Transfer) bool { return t.State.Ended() || t.State == chat.TransferFailed })
	if t.State != chat.TransferDone {
		b.t.Fatalf("%v: %s", t.State, t.Reason)
	}
	return t
}

func (b *bench) failed(id chat.TransferID, part string) chat.Transfer {
	b.t.Helper()
	t := b.state(id, chat.TransferFailed)
	if !strings.Contains(t.Reason, part) {
		b.t.Errorf("the reason is %q, want … %q …", t.Reason, part)
	}
	sentence(b.t, t.Reason)
	return t
}

// sentence holds that what a person reads is one.
func sentence(t testing.TB, s string) {
	t.Helper()
	if s == "" || strings.ContainsAny(s, "<>%{}\n") || !strings.HasSuffix(s, ".") || strings.Contains(s, "0x") || strings.Contains(s, "http") {
		t.Errorf("%q is no sentence for a person", s)
	}
}

// states is what the transfer went through.
func (b *bench) states(id chat.TransferID) []chat.TransferState {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]chat.TransferState(nil), b.log[id]...)
}

// waitKnown waits until a transfer of the journal was read.
func (b *bench) waitKnown(id chat.TransferID) error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		b.Engine.mu.Lock()
		_, ok := b.entries[id]
		b.Engine.mu.Unlock()
		if ok {
			return nil
		}
	}
	return ErrUnknown
}

// queue journals and adds.
func (b *bench) queue(t chat.Transfer) chat.TransferID {
	b.t.Helper()
	if err := b.journal.Save(t); err != nil {
		b.t.Fatal(err)
	}
	b.Add(t)
	return t.ID
}

var created atomic.Int64

func uploadOf(t testing.TB, path string) chat.Transfer {
	t.Helper()
	info, err := os.Lstat(path)
	if err != nil {
		t.Fatal(err)
	}
	return chat.Transfer{ID: chat.NewTransferID(), Direction: chat.Upload, Conversation: "c", Message: "m", Path: path, ModTime: info.ModTime(),
		File: chat.File{Name: info.Name(), Size: info.Size()}, Created: time.UnixMilli(created.Add(1))}
}

func downloadOf(f chat.File) chat.Transfer {
	return chat.Transfer{ID: chat.NewTransferID(), Direction: chat.Download, Conversation: "c", Message: "m", File: f, Created: time.UnixMilli(created.Add(1))}
}

// arrivedAs holds that a download is done and lies where its contract says.
func (b *bench) arrivedAs(id chat.TransferID, name string, data []byte) {
	b.t.Helper()
	got := b.done(id)
	h := sum(data)
	if want := filepath.Join(b.folder, h[:2], h, name); got.Path != want {
		b.t.Errorf("it lies at %s, want %s", got.Path, want)
	}
	on, err := os.ReadFile(got.Path)
	if err != nil || !bytes.Equal(on, data) {
		b.t.Errorf("%d bytes differ, %v", len(on), err)
	}
	b.cleared()
}

// cleared holds that nothing is left of transfers that have ended, as soon as
// their attempts have.
func (b *bench) cleared() {
	b.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		parts, _ := os.ReadDir(filepath.Join(b.folder, "parts"))
		if len(parts) == 0 {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("left behind: %v", parts)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// proxy passes connections on to a server, counts, and cuts them when they have
// carried as many bytes as it is told, either way.
type proxy struct {
	net.Listener
	to       string
	next     func() int64      // bytes until the cut of a new connection; 0: never
	passed   func(total int64) // told of every piece, either way, since restart; may be nil
	up, down atomic.Int64      // bytes towards the server, and from it
	total    atomic.Int64
	cuts     atomic.Int64
	done     sync.WaitGroup

	mu   sync.Mutex
	open map[net.Conn]bool
}

func newProxy(t testing.TB, to string, next func() int64, passed func(int64)) *proxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{Listener: l, to: strings.TrimPrefix(to, "http://"), next: next, passed: passed, open: map[net.Conn]bool{}}
	p.done.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.cut()
		p.done.Wait()
	})
	return p
}

func (p *proxy) url() string { return "http://" + p.Addr().String() }

func (p *proxy) restart() { p.total.Store(0) }

// cut ends all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		c.Close()
	}
}

func (p *proxy) accept() {
	for {
		client, err := p.Accept()
		if err != nil {
			return
		}
		upstream, err := net.Dial("tcp", p.to)
		if err != nil {
			client.Close()
			continue
		}
		p.mu.Lock()
		p.open[client], p.open[upstream] = true, true
		p.mu.Unlock()
		left := new(atomic.Int64)
		left.Store(1 << 60)
		if n := p.next(); n > 0 {
			left.Store(n)
		}
		pass := func(to, from net.Conn, count *atomic.Int64) {
			p.copy(to, from, left, count)
			client.Close()
			upstream.Close()
			p.mu.Lock()
			delete(p.open, from)
			p.mu.Unlock()
		}
		p.done.Go(func() { pass(upstream, client, &p.up) })
		p.done.Go(func() { pass(client, upstream, &p.down) })
	}
}

func (p *proxy) copy(to, from net.Conn, left, count *atomic.Int64) {
	for buf := make([]byte, 16<<10); ; {
		n, err := from.Read(buf)
		if rest := left.Add(-int64(n)); rest < 0 && n > 0 {
			n = int(max(0, int64(n)+rest))
			p.cuts.Add(1)
			err = io.ErrShortWrite
		}
		if n > 0 {
			count.Add(int64(n))
			if total := p.total.Add(int64(n)); p.passed != nil {
				p.passed(total)
			}
			if _, e := to.Write(buf[:n]); e != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// photo is a PNG of that size.
func photo(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = byte(i / 7)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
