package priority

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// What was written is what is in the file, wherever it began, however it came
// however large the file shall be, and whether people write meanwhile.
func TestWriter(t *testing.T) {
	data := make([]byte, 4*window+777)
	rand.NewChaCha8([32]byte{1}).Read(data)
	for _, size := range []int64{int64(len(data)), large} {
		var gate *Gate
		for _, begin := range []int{0, 1, window - 1, window + align} {
			for _, step := range []int{65552, len(data)} {
				path := filepath.Join(t.TempDir(), "file")
				if err := os.WriteFile(path, data[:begin], 0o600); err != nil {
					t.Fatal(err)
				}
				f, err := os.OpenFile(path, os.O_WRONLY, 0)
				if err != nil {
					t.Fatal(err)
				}
				if step == len(data) {
					gate = new(Gate)
					gate.Enter()()
				}
				w := NewWriter(f, int64(begin), size, gate)
				for at := begin; at < len(data); {
					n, err := w.Write(data[at:min(at+step, len(data))])
					if err != nil {
						t.Fatal(err)
					}
					if at += n; at > 3*window && at-n <= 3*window { // and goes on after a flush
						if end, err := w.Flush(); err != nil || end != int64(at) {
							t.Fatalf("flushed to %d of %d: %v", end, at, err)
						}
					}
				}
				if end, err := w.Flush(); err != nil || end != int64(len(data)) {
					t.Fatalf("begun at %d in steps of %d: ended at %d of %d: %v", begin, step, end, len(data), err)
				}
				f.Close()
				if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, data) {
					t.Fatalf("begun at %d in steps of %d, of %d: the file has %d bytes, and other ones: %v", begin, step, size, len(got), err)
				}
			}
		}
	}
}

// A file that takes no more says so, and how much it took.
func TestWriterFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter(f, 0, large, nil)
	if _, err := w.Write(make([]byte, 2*window)); err != nil {
		t.Fatal(err)
	}
	if end, err := w.Flush(); err != nil || end != 2*window {
		t.Fatal(end, err)
	}
	f.Close()
	for range 10 {
		if _, err = w.Write(make([]byte, window)); err != nil {
			break
		}
	}
	if end, err := w.Flush(); err == nil || end != 2*window {
		t.Fatalf("a closed file took bytes up to %d: %v", end, err)
	}
}
