package transfer

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/seal"
)

// The list of a folder is a line that says so, and then a line of JSON for each
// chat.TreeEntry.
const listHead = `{"satchel":"folder","v":1}`

// encodeList writes a list down. Its length depends on no checksum.
func encodeList(entries []chat.TreeEntry) ([]byte, error) {
	var out bytes.Buffer
	out.WriteString(listHead + "\n")
	line := json.NewEncoder(&out)
	line.SetEscapeHTML(false)
	for i := range entries {
		if err := line.Encode(&entries[i]); err != nil {
			return nil, err
		}
	}
	return out.Bytes(), nil
}

// errList is in the error of a list that can't be what a Satchel sends.
var errList = errors.New("the list of the folder is not to be believed")

// badList is the error of one; the sentence takes the folder's name, and then what
// else is put into it.
func badList(sentence, name string, more ...any) error {
	return Final(fmt.Sprintf(sentence, append([]any{ScrubName(name)}, more...)...), errList)
}

// decodeList reads the list of a folder, whose checksum was compared, and holds
// it to what such a list may say. Paths are as the sender calls them.
func decodeList(f *chat.File, data []byte) ([]chat.TreeEntry, error) {
	if bytes.Count(data, []byte("\n")) > 1+chat.MaxTreeEntries {
		return nil, badList("The folder %s has more than %d files, so nothing of it was fetched. Ask for it to be sent again.", f.Name, chat.MaxTreeEntries)
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(make([]byte, 64<<10), 64<<10)
	if !lines.Scan() || !bytes.HasPrefix(lines.Bytes(), []byte(`{"satchel":"folder",`)) {
		return nil, badList("The folder %s has a list that can't be read, so nothing of it was fetched. Ask for it to be sent again.", f.Name)
	}
	packs := []int64{f.Folder.Pack - f.Folder.List}
	for _, p := range f.Folder.Earlier {
		packs = append(packs, p.Size)
	}
	var out []chat.TreeEntry
	for lines.Scan() {
		var e chat.TreeEntry
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			return nil, badList("The folder %s has a list that can't be read, so nothing of it was fetched. Ask for it to be sent again.", f.Name)
		}
		if sum, err := hex.DecodeString(e.SHA256); !e.Folder && (err != nil || len(sum) != sha256.Size) ||
			e.Folder && (e.Size != 0 || e.SHA256 != "") ||
			e.Size < 0 || e.At < 0 || e.Pack < 0 || e.Pack >= len(packs) || e.Came() && (e.Size > packs[e.Pack] || e.At > packs[e.Pack]-e.Size) {
			return nil, badList("The folder %s contradicts itself about “%s”, so nothing of it was fetched. Ask for it to be sent again.", f.Name, shortPath(e.Path))
		}
		e.SHA256 = strings.ToLower(e.SHA256)
		out = append(out, e)
	}
	if lines.Err() != nil {
		return nil, badList("The folder %s has a list that can't be read, so nothing of it was fetched. Ask for it to be sent again.", f.Name)
	}
	return out, nil
}

// checkFolder holds what a message says of a folder to what can be.
func checkFolder(f *chat.File) error {
	d := f.Folder
	sum, err := hex.DecodeString(f.SHA256)
	if err != nil || len(sum) != sha256.Size || f.Size < 0 || d.List <= 0 || d.Pack < d.List || len(d.Earlier) > chat.MaxPacks {
		return badList("The folder %s is described in a way that can't be, so nothing of it was fetched. Ask for it to be sent again.", f.Name)
	}
	if d.List > chat.MaxTreeList {
		return badList("The folder %s has a list that is too long, so nothing of it was fetched. Ask for it to be sent again.", f.Name)
	}
	keys, err := seal.ParseFileKeys(f.Key)
	if err != nil || keys.Size != d.Pack {
		return badList("The folder %s has no key that fits, so nothing of it was fetched. Ask for it to be sent again.", f.Name)
	}
	for i := range d.Earlier {
		if k, err := seal.ParseFileKeys(d.Earlier[i].Key); err != nil || k.Size != d.Earlier[i].Size {
			return badList("The folder %s has no key that fits, so nothing of it was fetched. Ask for it to be sent again.", f.Name)
		}
	}
	return nil
}

// Tree returns the list of a folder, with the paths that its files have here. It
// is fetched when it is not known. t is a transfer of the folder's message, made up
// if there is none. Errors are as of transfers: see Reason.
func (e *Engine) Tree(ctx context.Context, t chat.Transfer) ([]chat.TreeEntry, error) {
	if err := checkFolder(&t.File); err != nil {
		return nil, err
	}
	entries, err := e.list(ctx, &t, newMeter(0), func(string) {})
	if err != nil {
		return nil, err
	}
	return places(t.File.Name, entries)
}

// KnownTree is Tree for a list that was fetched before; nil when it was not.
func (e *Engine) KnownTree(f *chat.File) []chat.TreeEntry {
	if err := checkFolder(f); err != nil {
		return nil
	}
	data := e.knownList(f)
	if data == nil {
		return nil
	}
	entries, err := decodeList(f, data)
	if err == nil {
		entries, err = places(f.Name, entries)
	}
	if err != nil {
		return nil
	}
	return entries
}

// TreePath is where a folder lies here once anything of it was fetched.
func (e *Engine) TreePath(f *chat.File) string {
	sum := strings.ToLower(f.SHA256)
	if len(sum) != 2*sha256.Size || strings.Trim(sum, "0123456789abcdef") != "" {
		return filepath.Join(e.cfg.Folder, "none")
	}
	return filepath.Join(e.cfg.Folder, sum[:2], sum, ScrubName(f.Name))
}

// list returns the list of a folder that was checked: the one that is kept here,
// or the one at the end of its pack.
func (e *Engine) list(ctx context.Context, t *chat.Transfer, m *meter, renewed func(string)) ([]chat.TreeEntry, error) {
	f := &t.File
	if data := e.knownList(f); data != nil {
		return decodeList(f, data)
	}
	keys, err := seal.ParseFileKeys(f.Key)
	if err != nil {
		return nil, err
	}
	var got bytes.Buffer
	from := f.Folder.Pack - f.Folder.List
	err = e.renewing(ctx, *t, renewed, func(h Handler, address string) error {
		got.Reset()
		w := &window{from: from, to: f.Folder.Pack, take: func(p []byte) error {
			got.Write(p)
			m.touch()
			return nil
		}}
		return fetchRange(ctx, h, &DownloadRequest{URL: address, Conversation: t.Conversation, Progress: func(int64) { m.touch() }}, keys, w)
	})
	switch {
	case errors.Is(err, seal.ErrSealed):
		return nil, badList("The folder %s has no key that fits, so nothing of it was fetched. Ask for it to be sent again.", f.Name)
	case err != nil:
		return nil, err
	case hexSum(got.Bytes()) != strings.ToLower(f.SHA256):
		return nil, badList("The folder %s has another list than its message says, so nothing of it was fetched. Ask for it to be sent again.", f.Name)
	}
	entries, err := decodeList(f, got.Bytes())
	if err == nil {
		e.keepList(f.SHA256, got.Bytes())
	}
	return entries, err
}

func hexSum(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// ListPath is where the list of a folder is kept, if it is.
func (e *Engine) ListPath(f *chat.File) string { return e.listPath(filepath.Base(f.SHA256)) }

func (e *Engine) listPath(sum string) string {
	return filepath.Join(e.cfg.Folder, "lists", strings.ToLower(sum))
}

// knownList returns a list that is kept here; nil: it is not.
func (e *Engine) knownList(f *chat.File) []byte {
	path := e.listPath(f.SHA256)
	data, err := os.ReadFile(path)
	if err != nil || hexSum(data) != strings.ToLower(f.SHA256) {
		return nil
	}
	now := time.Now()
	_ = os.Chtimes(path, now, now)
	return data
}

// keepList keeps a list: that it can't be kept costs another request later.
func (e *Engine) keepList(sum string, data []byte) {
	err := os.MkdirAll(filepath.Join(e.cfg.Folder, "lists"), 0o700)
	if err == nil {
		err = writeCopy(e.listPath(sum), func(w *bufio.Writer) error {
			_, err := w.Write(data)
			return err
		})
	}
	if err != nil {
		e.log.Info("a folder's list is not kept", "error", err)
	}
}

// listsKept is how long a list is kept that nobody looks at: it can be fetched again.
const listsKept = 60 * 24 * time.Hour

func (e *Engine) sweepLists() {
	dir := filepath.Join(e.cfg.Folder, "lists")
	found, _ := os.ReadDir(dir)
	for _, f := range found {
		if info, err := f.Info(); err == nil && time.Since(info.ModTime()) > listsKept {
			removePart(filepath.Join(dir, f.Name()))
		}
	}
}
