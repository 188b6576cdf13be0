package transfer

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"satchel/chat"
	"satchel/net/seal"
)

// The source is not what can be sent: one sentence, at once.
func TestSources(t *testing.T) {
	s := newServer(t, true)
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := unix.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	old := uploadOf(t, write(t, "old", random(3)))
	old.ModTime = old.ModTime.Add(-time.Second)
	missing := uploadOf(t, write(t, "missing", nil))
	missing.Path += "x"
	for _, c := range []struct {
		up     chat.Transfer
		reason string
	}{
		{uploadOf(t, dir), "is a folder"}, {uploadOf(t, pipe), "device or a pipe"}, {uploadOf(t, os.DevNull), "device or a pipe"},
		{missing, "no longer where it was"}, {old, "old changed after it was chosen. Send it again."},
	} {
		b.failed(b.queue(c.up), c.reason)
	}
	if s.patch.Load() > 0 {
		t.Error("something was sent")
	}
}

func TestUnreadableSource(t *testing.T) {
	up := uploadOf(t, write(t, "secret", random(3)))
	if err := os.Chmod(up.Path, 0); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 { // root reads everything: this thread is somebody else for a moment
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := unix.Setfsuid(65534); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = unix.Setfsuid(0) }()
	}
	_, err := openSource(t.Context(), &up, newMeter(0), nil, new(caps))
	if got := Reason(err); !strings.Contains(got, "is not allowed to") {
		t.Errorf("%q, %v", got, err)
	}
}

// The file changes while it is sent.
func TestSourceChangesUnderWay(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(path string) error
		reason string // "": all the same, what was chosen arrives
	}{
		{"shrinks", func(p string) error { return os.Truncate(p, testChunk+5) }, "a.mov changed while it was being sent. Send it again."},
		{"becomes empty", func(p string) error { return os.Truncate(p, 0) }, "changed while"},
		{"grows", func(p string) error { return appendTo(p, "more") }, "changed while"},
		{"is written over", func(p string) error { return os.WriteFile(p, random(4*testChunk), 0o600) }, "changed while"},
		{"is removed", os.Remove, ""},
		{"is replaced", func(p string) error {
			if err := os.WriteFile(p+".new", []byte("new"), 0o600); err != nil {
				return err
			}
			return os.Rename(p+".new", p)
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, true)
			data := random(4 * testChunk)
			path := write(t, "a.mov", data)
			up := uploadOf(t, path)
			s.setFault(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method == "PATCH" && s.patch.Load() == 2 {
					if err := c.change(path); err != nil {
						t.Error(err)
					}
				}
				return false
			})
			b := start(t, openJournal(""), NewTus(TusConfig{Chunk: testChunk, Tickets: s.issue(s.URL)}), nil)
			id := b.queue(up)
			if c.reason != "" {
				b.failed(id, c.reason)
				return
			}
			if got := b.done(id); !bytes.Equal(s.opened(t, got.File), data) {
				t.Error("the server has something else")
			}
		})
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

// What a message says of a file is somebody else's word.
func TestHostileDownloads(t *testing.T) {
	s := newServer(t, true)
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	data := random(300)
	good := s.put(t, "a", data)
	keyOf := func(size int64) []byte {
		k := seal.FileKeys{Size: size, Segments: []seal.Segment{{Key: seal.Secret{1}}}}
		return k.Marshal()
	}
	change := func(f func(*chat.File)) chat.Transfer {
		c := good
		f(&c)
		return downloadOf(c)
	}
	for _, c := range []struct {
		down   chat.Transfer
		reason string
	}{
		{change(func(f *chat.File) { f.SHA256 = "" }), "how to check"},
		{change(func(f *chat.File) { f.SHA256 = "../../../../etc" + f.SHA256[15:] }), "how to check"},
		{change(func(f *chat.File) { f.SHA256 += "00" }), "how to check"},
		{change(func(f *chat.File) { f.Size = -1 }), "no possible size"},
		{change(func(f *chat.File) { f.Size, f.Key = seal.MaxFileSize, keyOf(seal.MaxFileSize) }), "not enough room"},
		{change(func(f *chat.File) { f.Size, f.Key = 299, keyOf(299) }), "not what was sent"},
		{change(func(f *chat.File) { f.Size, f.Key = 301, keyOf(301) }), "not what was sent"},
		{change(func(f *chat.File) { f.Size, f.Key = 0, keyOf(0) }), "not what was sent"},
		{change(func(f *chat.File) { f.Key = keyOf(300) }), "not what was sent"},
		{change(func(f *chat.File) { f.Size = 1 << 62 }), "contradicts itself"},
		{change(func(f *chat.File) { f.Size++ }), "contradicts itself"},
		{change(func(f *chat.File) { f.Key = f.Key[1:] }), "contradicts itself"},
		{change(func(f *chat.File) { f.Key = nil }), "no key"},
		{change(func(f *chat.File) { f.SHA256 = sum([]byte("else")) }), "not what was sent"},
	} {
		b.failed(b.queue(c.down), c.reason)
	}
	b.stop()
	b = start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	b.arrivedAs(b.queue(change(func(f *chat.File) { f.Name = `..\..\evil.sh` })), "evil.sh", data)
	b.arrivedAs(b.queue(change(func(f *chat.File) { f.SHA256 = strings.ToUpper(f.SHA256) })), "a", data)
}

// What was received before is not fetched again, unless it was changed since.
func TestDownloadOfWhatIsHere(t *testing.T) {
	s := newServer(t, true)
	b := start(t, openJournal(""), NewTus(TusConfig{Tickets: s.issue(s.URL)}), nil)
	data := random(1000)
	f := s.put(t, "a.txt", data)
	first := b.done(b.queue(downloadOf(f)))
	gone := f
	gone.URL = "/files/gone"
	b.arrivedAs(b.queue(downloadOf(gone)), "a.txt", data)
	gone.Name = "b.txt"
	b.arrivedAs(b.queue(downloadOf(gone)), "b.txt", data)
	// Somebody edits both: the file is fetched anew, and the edited stay.
	for _, name := range []string{"a.txt", "b.txt"} {
		path := filepath.Join(filepath.Dir(first.Path), name)
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, random(999), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b.arrivedAs(b.queue(downloadOf(f)), "a (1).txt", data)
	if on, err := os.ReadFile(first.Path); err != nil || !bytes.Equal(on, random(999)) {
		t.Errorf("what was edited is lost: %v", err)
	}
}

// A part on disk that is not the beginning of the file costs one more try.
func TestDamagedPart(t *testing.T) {
	s := newServer(t, true)
	data := random(2*testChunk + 3)
	for name, part := range map[string][]byte{"good": data[:testChunk], "zeros": make([]byte, testChunk), "longer": make([]byte, len(data)+1), "whole": data} {
		t.Run(name, func(t *testing.T) {
			j := openJournal("")
			down := downloadOf(s.put(t, "a", data))
			folder := t.TempDir()
			if err := os.MkdirAll(filepath.Join(folder, "parts"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(folder, "parts", string(down.ID)+".part"), part, 0o600); err != nil {
				t.Fatal(err)
			}
			if err := j.Save(down); err != nil {
				t.Fatal(err)
			}
			b := start(t, j, NewTus(TusConfig{Tickets: s.issue(s.URL)}), func(c *Config) { c.Folder = folder })
			b.wait(down.ID, "known", func(t chat.Transfer) bool { return true })
			b.arrivedAs(down.ID, "a", data)
		})
	}
}

func TestSaveCopy(t *testing.T) {
	data := random(3 << 20)
	src, dir := write(t, "src", data), t.TempDir()
	for _, want := range []string{"a.txt", "a (1).txt", "a (2).txt"} {
		path, err := SaveCopy(t.Context(), src, dir, `x/..\a.txt`)
		on, _ := os.ReadFile(path)
		if err != nil || filepath.Base(path) != want || !bytes.Equal(on, data) {
			t.Errorf("%s: %v", path, err)
		}
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, call := range map[string]func() (string, error){
		"cancelled": func() (string, error) { return SaveCopy(ended, src, dir, "b") },
		"missing":   func() (string, error) { return SaveCopy(t.Context(), src+"x", dir, "b") },
		"a folder":  func() (string, error) { return SaveCopy(t.Context(), dir, dir, "b") },
		"no folder": func() (string, error) { return SaveCopy(t.Context(), src, src, "b") },
	} {
		if path, err := call(); err == nil || path != "" {
			t.Errorf("%s: %q, %v", name, path, err)
		} else {
			sentence(t, Reason(err))
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 3 {
		t.Errorf("left behind: %v", left)
	}
}

func TestReason(t *testing.T) {
	if Reason(nil) != "" {
		t.Error("nil has a reason")
	}
	path := func(err error) error { return &fs.PathError{Op: "open", Path: "/secret", Err: err} }
	_, dial := net.Dial("tcp", "127.0.0.1:1")
	for _, err := range []error{
		io.ErrUnexpectedEOF, errors.New("<b>%!s"), context.DeadlineExceeded, dial, &net.DNSError{Err: "no such host", Name: "h", IsNotFound: true},
		path(syscall.ENOSPC), path(syscall.EDQUOT), path(syscall.EFBIG), path(syscall.EROFS), path(syscall.EIO), path(syscall.ENOENT), path(syscall.EACCES),
		path(syscall.EINVAL), syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, errStalled, Final("No.", io.EOF),
	} {
		sentence(t, Reason(err))
	}
	if e := explain(path(syscall.ENOSPC)); e.Retry {
		t.Error("a full disk does not go away by itself")
	}
	for _, err := range []error{dial, syscall.ECONNRESET, io.ErrUnexpectedEOF, &net.OpError{Op: "read", Err: os.NewSyscallError("read", syscall.ECONNRESET)}} {
		if e := explain(err); !e.Retry {
			t.Errorf("%v fails for good: %s", err, e.Sentence)
		}
	}
}
