package storetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"satchel/transfer"
)

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
		if u.differs(result, err) {
			u.fresh = true
			continue
		}
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
	if s.Unchecked {
		if got, err := fetch(t, h, result.URL, 0, size); err != nil || int64(len(got)) != size {
			t.Errorf("%d bytes came back, %v", len(got), err)
		}
	} else {
		u.holds(h, result.URL)
	}
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
