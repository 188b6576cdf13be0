package dir

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/chat"
	"satchel/transfer"
	"satchel/transfer/storetest"
)

const testChunk = 1 << 20

func open(t testing.TB, path string) *Store {
	s, err := New(Config{Share: "team", Path: path})
	if err != nil {
		t.Fatal(err)
	}
	s.syncEach = testChunk
	return s
}

func TestStore(t *testing.T) {
	folder := t.TempDir()
	storetest.Run(t, storetest.Store{
		Open:  func(t testing.TB, _ string) transfer.Handler { return open(t, folder) },
		Chunk: testChunk, Resumes: true,
	})
}

// What lies there under the name is never overwritten.
func TestNothingIsOverwritten(t *testing.T) {
	folder := t.TempDir()
	id := chat.NewTransferID()
	if err := os.WriteFile(filepath.Join(folder, string(id)), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := open(t, folder).Upload(t.Context(), &transfer.UploadRequest{ID: id, Size: 5, Body: bytes.NewReader([]byte("yours")), Progress: func(int64) {}, Remember: func(string) error { return nil }})
	if !errors.Is(err, fs.ErrExist) || !strings.Contains(transfer.Reason(err), "Nothing was overwritten") {
		t.Errorf("the error is %v", err)
	}
	if got, _ := os.ReadFile(filepath.Join(folder, string(id))); string(got) != "mine" {
		t.Errorf("it is %q now", got)
	}
}

// A URL was written by somebody else: it leads nowhere but into the folder.
func TestURLs(t *testing.T) {
	folder := t.TempDir()
	outside := filepath.Join(filepath.Dir(folder), "outside")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(outside) })
	for _, address := range []string{"dir://team/../outside", "dir://team/%2e%2e%2foutside", "dir://team//" + outside, "dir://other/name", "dir://team", "dir:name", "file://team/name"} {
		var got bytes.Buffer
		err := open(t, folder).Download(t.Context(), &transfer.DownloadRequest{URL: address, Size: 6, Body: &got, Progress: func(int64) {}})
		if err == nil || got.Len() > 0 {
			t.Errorf("%s: %q, %v", address, got.Bytes(), err)
		}
	}
}

// A folder that is not connected is waited for.
func TestFolderIsAway(t *testing.T) {
	_, err := open(t, filepath.Join(t.TempDir(), "away")).Upload(t.Context(), &transfer.UploadRequest{ID: "a", Progress: func(int64) {}})
	if why := new(transfer.Error); !errors.As(err, &why) || !why.Retry {
		t.Errorf("the error is %v", err)
	}
}
