package storetest

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"satchel/chat"
	"satchel/transfer"
)

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
	b, name := &body{up: u}, string(u.id)
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
		if u.differs(result, err) {
			u.fresh = true
		} else if err == nil || !errors.As(err, &why) || !why.Retry {
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
	if result.CRC32C != "" && result.CRC32C != crc(u.content) {
		u.t.Errorf("%d bytes: the store says the checksum is another", len(u.content))
	}
	return result
}

// differs tells whether the store says that it has something else. The engine
// begins anew then.
func (u *up) differs(result transfer.UploadResult, err error) bool {
	return err == nil && result.CRC32C != "" && result.CRC32C != crc(u.content)
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
