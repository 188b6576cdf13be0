package relay

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"satchel/net/wire"
)

// Who asks for CRC-32C gets it and nothing else: with the last byte, by HEAD, with a
// download, and from another relay that goes on with the upload. A backup goes by
// it, too.
func TestChecksumAskedFor(t *testing.T) {
	dir := t.TempDir()
	c := Config{Dir: dir, Database: "sqlite:" + filepath.Join(dir, databaseName)}
	r, stop := startStop(t, c)
	mara := join(t, r, "Mara")
	file, content, _ := newFile(300_000)
	sum := fmt.Sprintf("%08x", crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli)))
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content), "Upload-Metadata", "crc32c")
	mara.patch(k, 0, content[:100_001])
	// The state of the hash is kept, and is that of this hash.
	f, err := r.store.File(file)
	if err != nil {
		t.Fatal(err)
	}
	h := newChecksum(f)
	h.Write(content[:70_000])
	state, err := h.(interface{ MarshalBinary() ([]byte, error) }).MarshalBinary()
	if err := errors.Join(err, r.store.SaveHash(file, 70_000, state)); err != nil {
		t.Fatal(err)
	}
	stop()

	r, stop = startStop(t, c)
	mara = mara.again(r.URL())
	k = mara.ticket(wire.TicketUpload, file, len(content))
	resp, body := mara.patch(k, 100_001, content[100_001:])
	if resp.Header.Get(headerCRC32C) != sum || resp.Header.Get(headerSHA256) != "" {
		t.Fatalf("%d %s %v", resp.StatusCode, body, resp.Header)
	}
	if resp, _ := mara.request("HEAD", k.URL, k.Token, nil); resp.Header.Get(headerCRC32C) != sum || resp.Header.Get(headerSHA256) != "" {
		t.Errorf("HEAD: %v", resp.Header)
	}
	mara.send(mara.self(), "1", "x", file)
	d := mara.ticket(wire.TicketDownload, file, 0)
	resp, body = mara.request("GET", d.URL, d.Token, nil)
	if resp.Header.Get(headerCRC32C) != sum || resp.Header.Get("ETag") != `"`+sum+`"` || body != string(content) {
		t.Errorf("GET: %v, %d bytes", resp.Header, len(body))
	}
	stop()

	if saved, err := Backup(t.Context(), dir, filepath.Join(t.TempDir(), "copy")); err != nil || saved.Files != 1 {
		t.Errorf("%+v %v", saved, err)
	}
	path := filepath.Join(dir, filesName, file[:2], file)
	if err := os.WriteFile(path, flipped(content, 123_456), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(t.Context(), dir, filepath.Join(t.TempDir(), "copy")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a damaged byte: %v", err)
	}
}
