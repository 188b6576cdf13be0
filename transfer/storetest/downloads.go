package storetest

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"satchel/chat"
	"satchel/transfer"
)

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
