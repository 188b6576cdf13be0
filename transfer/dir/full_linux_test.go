package dir

import (
	"bytes"
	"os/signal"
	"syscall"
	"testing"

	"satchel/transfer"
)

// The disk takes no more, and later it does: the upload goes on where it was.
func TestFull(t *testing.T) {
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	small := limit
	small.Cur = 3 * testChunk
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)

	h := open(t, t.TempDir())
	data := bytes.Repeat([]byte("satchel "), 5*testChunk/8)
	first := int64(-1)
	r := &transfer.UploadRequest{ID: "a", Size: int64(len(data)), Body: bytes.NewReader(data), Progress: func(n int64) {
		if first < 0 {
			first = n
		}
	}}
	r.Remember = func(place string) error { r.Place = place; return nil }
	_, err := h.Upload(t.Context(), r)
	if why := transfer.Reason(err); why != "This disk can't hold a file of that size. Nothing was lost; choose another folder, then try again." {
		t.Errorf("%q, of %v", why, err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	first = -1
	result, err := h.Upload(t.Context(), r)
	if err != nil || first != 3*testChunk {
		t.Fatalf("it went on at %d, %v", first, err)
	}
	var got bytes.Buffer
	if err := h.Download(t.Context(), &transfer.DownloadRequest{URL: result.URL, Size: r.Size, Body: &got, Progress: func(int64) {}}); err != nil || !bytes.Equal(got.Bytes(), data) {
		t.Errorf("%d bytes, %v", got.Len(), err)
	}
}
