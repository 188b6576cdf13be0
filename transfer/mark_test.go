package transfer

import (
	"os"
	"testing"
)

// What was received says where it came from, and so does a copy of it; what was
// made here says nothing.
func TestMark(t *testing.T) {
	s := newServer(t, true)
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	file := s.put(t, "a.sh", random(1000))
	got := b.done(b.queue(downloadOf(file)))
	dir := t.TempDir()
	copied, err := SaveCopy(t.Context(), got.Path, dir, "a.sh")
	if err != nil {
		t.Fatal(err)
	}
	own, err := SaveCopy(t.Context(), write(t, "own.sh", random(9)), dir, "own.sh")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{got.Path: "satchel:" + file.URL, copied: "satchel:" + file.URL, own: ""} {
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if where, ok := marked(f); where != want || ok != (want != "") {
			t.Errorf("%s came from %q, want %q", path, where, want)
		}
		f.Close()
	}
	for address, want := range map[string]string{
		"https://mara:secret@bucket.example/a%20b?X-Amz-Signature=secret#x": "https://bucket.example/a%20b",
		"/files/0123": "satchel:/files/0123", "::": "satchel:",
	} {
		if got := origin(address); got != want {
			t.Errorf("%q: %q", address, got)
		}
	}
}
