package storetest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"satchel/chat"
	"satchel/transfer"
)

// Store is a handler's real server, and what can be said of both.
type Store struct {
	// Address is the server's host:port; "" where there is none.
	Address string
	// Open returns a handler as a new process makes it, for the server at
	// host:port, which may be a proxy in front of Address.
	Open func(t testing.TB, address string) transfer.Handler
	// Wrong returns one with a secret that the server refuses. nil: none is asked for.
	Wrong func(t testing.TB, address string) transfer.Handler
	// Chunk is how many bytes at the most go again after a cut, for each that was
	// on its way, and the size around which sizes are tried.
	Chunk int64
	// Resumes says that an upload goes on where it was cut.
	Resumes bool
	// KeepsWhole says that what is whole can't be dropped any more.
	KeepsWhole bool
	// Expired makes a URL into one whose time is over. nil: they have none.
	Expired func(t testing.TB, url string) string
	// Secret must not stand in a URL.
	Secret string
}

// patience bounds every wait; nothing passes by taking it.
const patience = 2 * time.Minute

// Run proves the store.
func Run(t *testing.T, s Store) {
	for name, test := range map[string]func(*testing.T, Store){
		"sizes": sizes, "big": big, "cut": cut, "cancel": cancel, "fresh": fresh, "drop": drop,
		"wrong secret": wrong, "unreachable": unreachable, "probe": probe,
		"download": download, "expired": expiredURL, "at once": atOnce,
	} {
		t.Run(name, func(t *testing.T) { test(t, s) })
	}
}

// up is one upload over any number of attempts, and the bytes that the store
// should hold at its end.
type up struct {
	t       testing.TB
	id      chat.TransferID
	place   string
	fresh   bool
	content []byte
	first   int64        // what the last attempt's first Progress said
	stored  int64        // what its last one said
	read    atomic.Int64 // bytes read by all attempts
	begun   int          // attempts
	watch   func(read, stored int64)
}

func newUpload(t testing.TB, size int64) *up {
	return &up{t: t, id: chat.NewTransferID(), content: make([]byte, size)}
}

// attempt is what the engine does once.
func (u *up) attempt(ctx context.Context, h transfer.Handler) (transfer.UploadResult, error) {
	b := &body{up: u}
	name := string(u.id)
	if u.fresh {
		name = string(chat.NewTransferID())
	}
	u.begun++
	defer b.over.Store(true)
	return h.Upload(ctx, &transfer.UploadRequest{
		ID: u.id, Conversation: "c", Name: name, Size: int64(len(u.content)), Body: b, Progress: b.progress,
		Place: u.place, Fresh: u.fresh,
		Remember: func(place string) error {
			u.place, u.fresh = place, false
			return nil
		},
	})
}

// dropIt is what the engine does with a cancelled upload.
func (u *up) dropIt(h transfer.Handler) error {
	ctx, stop := context.WithTimeout(u.t.Context(), patience)
	defer stop()
	return h.(transfer.Dropper).Drop(ctx, &transfer.UploadRequest{ID: u.id, Conversation: "c", Name: string(u.id), Size: int64(len(u.content)), Place: u.place})
}

// done is an attempt that must go well, after a few others at the most that the
// store asks to come again: what was cut may still be held by it.
func (u *up) done(h transfer.Handler) transfer.UploadResult {
	u.t.Helper()
	ctx, stop := context.WithTimeout(u.t.Context(), patience)
	defer stop()
	result, err := u.attempt(ctx, h)
	for try := 0; try < 10; try++ {
		why := new(transfer.Error)
		if err == nil || !errors.As(err, &why) || !why.Retry {
			break
		}
		time.Sleep(20 * time.Millisecond << try)
		result, err = u.attempt(ctx, h)
	}
	if err != nil {
		u.t.Fatalf("%d bytes: %v", len(u.content), err)
	}
	if result.URL == "" || u.stored != int64(len(u.content)) {
		u.t.Fatalf("%d bytes: URL %q, %d stored", len(u.content), result.URL, u.stored)
	}
	if result.SHA256 != "" && result.SHA256 != sum(u.content) {
		u.t.Errorf("%d bytes: the store says the checksum is another", len(u.content))
	}
	return result
}

// body is a file as sealing makes it: behind the byte where an attempt goes on,
// its bytes are new.
type body struct {
	*up
	busy  atomic.Bool
	asked atomic.Bool // Progress was called
	over  atomic.Bool // the attempt is
	far   int64
}

func (b *body) progress(stored int64) {
	if !b.busy.CompareAndSwap(false, true) {
		b.t.Error("Progress and Body are used by two goroutines at once")
		return
	}
	defer b.busy.Store(false)
	if b.over.Load() {
		b.t.Error("Progress was called after Upload returned")
	}
	if stored < 0 || stored > int64(len(b.content)) {
		b.t.Errorf("Progress says %d of %d", stored, len(b.content))
		return
	}
	if !b.asked.Swap(true) {
		b.first, b.far = stored, stored
		_, _ = rand.NewChaCha8([32]byte{byte(b.begun), byte(len(b.content))}).Read(b.content[stored:])
	}
	b.stored = stored
	if b.watch != nil {
		b.watch(b.read.Load(), stored)
	}
}

func (b *body) ReadAt(p []byte, off int64) (int, error) {
	if !b.busy.CompareAndSwap(false, true) {
		b.t.Error("Body is read by two goroutines at once")
	}
	defer b.busy.Store(false)
	switch {
	case b.over.Load():
		b.t.Error("Body is read after Upload returned")
	case !b.asked.Load():
		b.t.Error("Body is read before Progress was called")
	case off > b.far:
		b.t.Errorf("Body is read at %d, the furthest was %d", off, b.far)
	}
	n, err := bytes.NewReader(b.content).ReadAt(p, off)
	b.far = max(b.far, off+int64(n))
	read := b.read.Add(int64(n))
	if b.watch != nil {
		b.watch(read, b.stored)
	}
	return n, err
}

// fetch downloads size bytes from offset on, and returns them.
func fetch(t testing.TB, h transfer.Handler, url string, offset, size int64) ([]byte, error) {
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	var got bytes.Buffer
	last := offset
	err := h.Download(ctx, &transfer.DownloadRequest{URL: url, Conversation: "c", Size: size, Offset: offset, Body: &got, Progress: func(n int64) {
		if n < last || n > size {
			t.Errorf("progress says %d after %d, of %d", n, last, size)
		}
		last = n
	}})
	return got.Bytes(), err
}

// holds checks that the store gives back what was sent.
func (u *up) holds(h transfer.Handler, url string) {
	u.t.Helper()
	got, err := fetch(u.t, h, url, 0, int64(len(u.content)))
	if err != nil || !bytes.Equal(got, u.content) {
		u.t.Errorf("%d bytes: %d came back, equal: %v, %v", len(u.content), len(got), bytes.Equal(got, u.content), err)
	}
}

func sizes(t *testing.T, s Store) {
	h := s.Open(t, s.Address)
	for _, n := range []int64{0, 1, s.Chunk - 1, s.Chunk, s.Chunk + 1} {
		u := newUpload(t, n)
		result := u.done(h)
		if s.Secret != "" && strings.Contains(result.URL, s.Secret) {
			t.Errorf("the secret stands in %q", result.URL)
		}
		u.holds(h, result.URL)
		// The program died before it heard of the end: the next one hears it.
		if again := u.done(s.Open(t, s.Address)); again.URL == "" {
			t.Errorf("%d bytes: no URL for what is whole", n)
		} else {
			u.holds(h, again.URL)
		}
	}
}

func big(t *testing.T, s Store) {
	h := s.Open(t, s.Address)
	u := newUpload(t, 50<<20)
	result := u.done(h)
	u.holds(h, result.URL)
	if twice := u.read.Load() - int64(len(u.content)); twice != 0 {
		t.Errorf("%d bytes were read again", twice)
	}
}

// cut breaks connections, or the attempt, at random bytes; each attempt is a
// new process that knows the place.
func cut(t *testing.T, s Store) {
	r := rand.New(rand.NewPCG(7, uint64(s.Chunk)))
	u := newUpload(t, 9*s.Chunk+s.Chunk/3)
	size, cuts, resumed := int64(len(u.content)), 0, false
	var result transfer.UploadResult
	for {
		ctx, stop := context.WithCancel(t.Context())
		address, p := s.Address, (*proxy)(nil)
		limit := s.Chunk/2 + r.Int64N(3*s.Chunk)
		switch {
		case cuts == 0: // something is stored by then, of all that goes at once
			limit += 6 * s.Chunk
		case cuts >= 4:
			limit = 1 << 60
		}
		if address != "" {
			p = newProxy(t, s.Address, limit)
			address = p.address()
		} else {
			from := u.read.Load()
			u.watch = func(read, _ int64) {
				if read-from > limit {
					stop()
				}
			}
		}
		var err error
		if result, err = u.attempt(ctx, s.Open(t, address)); p != nil {
			p.Close()
		}
		stop()
		resumed = resumed || u.first > 0
		if err == nil {
			break
		}
		if why := new(transfer.Error); errors.As(err, &why) && !why.Retry {
			t.Fatalf("a cut is final: %v", err)
		}
		sentence(t, err)
		if cuts++; cuts > 14 {
			t.Fatalf("after the cuts: %v", err)
		} else if cuts > 4 { // the store still holds what was cut
			time.Sleep(20 * time.Millisecond << (cuts - 5))
		}
	}
	u.watch = nil
	if cuts == 0 {
		t.Error("nothing was cut")
	}
	if !resumed && s.Resumes {
		t.Error("every attempt began at 0")
	}
	// A proxy's address stands in the URL; the file is asked for at the server's.
	h := s.Open(t, s.Address)
	if s.Address != "" {
		result = u.done(h)
	}
	u.holds(h, result.URL)
	if again := u.read.Load() - size; s.Resumes && again > int64(cuts)*5*s.Chunk {
		t.Errorf("%d cuts, %d bytes of %d were read again", cuts, again, size)
	}
}

func cancel(t *testing.T, s Store) {
	u := newUpload(t, 3*s.Chunk)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	u.watch = func(read, _ int64) {
		if read > s.Chunk/2 {
			stop()
		}
	}
	ended := make(chan error, 1)
	go func() {
		_, err := u.attempt(ctx, s.Open(t, s.Address))
		ended <- err
	}()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("a cancelled upload ended well")
		}
	case <-time.After(patience):
		t.Fatal("a cancelled upload does not return")
	}
	u.watch = nil
	h := s.Open(t, s.Address)
	u.holds(h, u.done(h).URL)

	down, stop := context.WithCancel(t.Context())
	defer stop()
	result := u.done(h)
	if err := h.Download(down, &transfer.DownloadRequest{URL: result.URL, Size: int64(len(u.content)), Body: writer(func(p []byte) (int, error) { stop(); return len(p), nil }), Progress: func(int64) {}}); err == nil {
		t.Error("a cancelled download ended well")
	}
}

// partly sends a good part of an upload, and cuts it off.
func partly(t *testing.T, s Store) *up {
	u := newUpload(t, 4*s.Chunk)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	u.watch = func(read, stored int64) {
		if stored >= s.Chunk || !s.Resumes && read > s.Chunk {
			stop()
		}
	}
	if _, err := u.attempt(ctx, s.Open(t, s.Address)); err == nil {
		t.Error("it was not cut")
	}
	u.watch = nil
	return u
}

// fresh: what the store has is wrong, whole or not.
func fresh(t *testing.T, s Store) {
	u := partly(t, s)
	h := s.Open(t, s.Address)
	for range 2 {
		u.fresh = true
		result := u.done(h)
		if u.first != 0 {
			t.Errorf("begun anew at %d", u.first)
		}
		u.holds(h, result.URL)
	}
}

func drop(t *testing.T, s Store) {
	h := s.Open(t, s.Address)
	if _, ok := h.(transfer.Dropper); !ok {
		return
	}
	never := newUpload(t, 5)
	if err := never.dropIt(h); err != nil {
		t.Errorf("what never was: %v", err)
	}
	u := partly(t, s)
	if err := u.dropIt(h); err != nil {
		t.Fatal(err)
	}
	result := u.done(s.Open(t, s.Address))
	if u.first != 0 {
		t.Errorf("after a drop it went on at %d", u.first)
	}
	u.holds(h, result.URL)
	if s.KeepsWhole {
		return
	}
	if err := u.dropIt(h); err != nil {
		t.Fatal(err)
	}
	_, err := fetch(t, h, result.URL, 0, int64(len(u.content)))
	final(t, err, "")
}

func wrong(t *testing.T, s Store) {
	if s.Wrong == nil {
		return
	}
	h := s.Wrong(t, s.Address)
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	_, err := newUpload(t, 5).attempt(ctx, h)
	final(t, err, "")
	_, err = newUpload(t, s.Chunk+1).attempt(ctx, h)
	final(t, err, "")
	final(t, transfer.Probe(ctx, h), "")
}

func unreachable(t *testing.T, s Store) {
	if s.Address == "" {
		return
	}
	p := newProxy(t, s.Address, 0)
	p.Close()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	_, err := newUpload(t, 5).attempt(ctx, s.Open(t, p.address()))
	if why := transfer.Reason(err); !strings.Contains(why, "can't be reached") {
		t.Errorf("%q, of %v", why, err)
	}
	sentence(t, err)
}

func probe(t *testing.T, s Store) {
	err := transfer.Probe(t.Context(), s.Open(t, s.Address))
	if s.KeepsWhole && !strings.Contains(transfer.Reason(err), "not deleted") || !s.KeepsWhole && err != nil {
		t.Errorf("the probe says: %v", err)
	}
}

func download(t *testing.T, s Store) {
	h := s.Open(t, s.Address)
	u := newUpload(t, 2*s.Chunk+77)
	result := u.done(h)
	size := int64(len(u.content))
	for _, from := range []int64{1, s.Chunk, size - 1, size} {
		got, err := fetch(t, h, result.URL, from, size)
		if err != nil || !bytes.Equal(got, u.content[from:]) {
			t.Errorf("from %d: %d bytes came, %v", from, len(got), err)
		}
	}
	// It is shorter, or longer, than the message says.
	for _, other := range []int64{size + 9, size - 9} {
		for _, from := range []int64{0, 5} {
			if _, err := fetch(t, h, result.URL, from, other); !errors.Is(err, transfer.ErrMismatch) {
				t.Errorf("%d bytes as %d from %d: %v", size, other, from, err)
			}
		}
	}
	gone := newUpload(t, 9)
	there := gone.done(h)
	missing := strings.Replace(there.URL, string(gone.id), string(chat.NewTransferID()), 1)
	if missing == there.URL {
		missing += "gone"
	}
	_, err := fetch(t, h, missing, 0, 9)
	final(t, err, "")
	if s.Address == "" {
		return
	}
	// Cut at random bytes, and resumed by a new process.
	r := rand.New(rand.NewPCG(8, uint64(s.Chunk)))
	var got []byte
	for i := 0; int64(len(got)) < size; i++ {
		if i == 50 {
			t.Fatalf("%d of %d bytes after %d downloads", len(got), size, i)
		}
		p := newProxy(t, s.Address, 1+r.Int64N(s.Chunk))
		h := s.Open(t, p.address())
		more, _ := fetch(t, h, strings.Replace(result.URL, s.Address, p.address(), 1), int64(len(got)), size)
		p.Close()
		got = append(got, more...)
		if i > 5 && len(got) == 0 { // what is signed for a host is not readable through another
			h = s.Open(t, s.Address)
			got, _ = fetch(t, h, result.URL, 0, size)
		}
	}
	if !bytes.Equal(got, u.content) {
		t.Error("what came in pieces is something else")
	}
}

func expiredURL(t *testing.T, s Store) {
	if s.Expired == nil {
		return
	}
	h := s.Open(t, s.Address)
	u := newUpload(t, 9)
	result := u.done(h)
	if result.Expires.Before(time.Now()) {
		t.Errorf("a new URL expires at %v", result.Expires)
	}
	old := s.Expired(t, result.URL)
	_, err := fetch(t, h, old, 0, 9)
	final(t, err, "has expired")
	renewed, err := h.(transfer.Renewer).Renew(t.Context(), old)
	if err != nil {
		t.Fatal(err)
	}
	if renewed.Expires.Before(time.Now()) {
		t.Errorf("a renewed URL expires at %v", renewed.Expires)
	}
	u.holds(h, renewed.URL)
	if _, err := h.(transfer.Renewer).Renew(t.Context(), "https://example.org/else/where?se=2020-01-01T00:00:00Z"); err == nil {
		t.Error("a URL of another store was renewed")
	}
}

func atOnce(t *testing.T, s Store) {
	h := s.Open(t, s.Address)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			u := newUpload(t, s.Chunk+int64(i))
			ctx, stop := context.WithTimeout(t.Context(), patience)
			defer stop()
			result, err := u.attempt(ctx, h)
			if err != nil {
				t.Error(err)
				return
			}
			u.holds(h, result.URL)
		})
	}
	all.Wait()
}

// final holds that an error is one that trying again won't change, in a
// sentence with that part.
func final(t testing.TB, err error, part string) {
	t.Helper()
	if why := new(transfer.Error); !errors.As(err, &why) || why.Retry {
		t.Errorf("this is not final: %v", err)
		return
	}
	if why := transfer.Reason(err); !strings.Contains(why, part) {
		t.Errorf("%q does not say %q; %v", why, part, err)
	}
	sentence(t, err)
}

// sentence holds that what a person reads is one.
func sentence(t testing.TB, err error) {
	t.Helper()
	if s := transfer.Reason(err); s == "" || strings.ContainsAny(s, "<>%{}\n") || !strings.HasSuffix(s, ".") || strings.Contains(s, "http") {
		t.Errorf("%q is no sentence for a person; of %v", s, err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(p []byte) (int, error) { return w(p) }
