package storetest

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

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
	// Unchecked says that the store tells no checksum and can't tell the requests
	// of two attempts apart: what a late one wrote is found by the receiver only.
	Unchecked bool
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
