package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"satchel/chat"
	"satchel/net/seal"
)

// errMismatch says that bytes are not those that were announced.
var errMismatch = errors.New("the checksum or the size differs")

// download takes one download from preparing to done. All that the message
// says of the file was written by somebody else.
func (e *Engine) download(ctx context.Context, en *entry) error {
	file := &en.t.File
	if file.IsFolder() {
		return e.downloadTree(ctx, en)
	}
	want := strings.ToLower(file.SHA256)
	if b, err := hex.DecodeString(want); err != nil || len(b) != sha256.Size {
		return Final("The message does not say how to check the file, so it was not fetched. Ask for it to be sent again.", errors.New("sha256 is not 64 hexadecimal characters"))
	}
	if file.Size < 0 {
		return Final("The message gives the file no possible size, so it was not fetched. Ask for it to be sent again.", nil)
	}
	if len(file.Key) == 0 {
		return Final("The message has no key for the file, so it was not fetched. Ask for it to be sent again with a newer Satchel.", nil)
	}
	if _, err := keysOf(file); err != nil {
		return err
	}
	folder := filepath.Join(e.cfg.Folder, want[:2], want)
	name := ScrubName(file.Name)

	path, err := e.have(ctx, folder, name, file.Size, want)
	if err != nil {
		return err
	}
	if path != "" {
		if err := e.step(en, chat.EventMove, false, nil); err != nil {
			return err
		}
		return e.arrived(en, func() (string, error) { return path, nil })
	}

	if _, err := e.cfg.Handlers.forDownload(file.URL); err != nil {
		return err
	}
	release, err := e.room.claim(e.cfg.Folder, e.partPath(en.t.ID), en.t.ID, file.Size)
	if err != nil {
		return err
	}
	defer release()
	p, err := openPart(ctx, e.partPath(en.t.ID), file.Size, en.meter, e.cfg.Words, &e.caps)
	if err != nil {
		return err
	}
	defer p.Close()
	e.room.has(p.file.Name(), en.t.ID, file.Size)
	if err := e.step(en, chat.EventMove, false, func(t *chat.Transfer) { t.Offset = p.n }); err != nil {
		return err
	}
	if p.n < p.size {
		before := p.n
		err = e.fetchRenewed(ctx, en, func(h Handler) error {
			keys, err := keysOf(file) // a new link may have come with others
			if err != nil {
				return err
			}
			return e.fetch(ctx, en, h, keys, p)
		})
		if errors.Is(err, seal.ErrSealed) || errors.Is(err, errMismatch) {
			if p.n > before {
				en.mismatches = 0 // what was opened stays
			}
			return en.again("What arrived is not what was sent. The rest is fetched once more.",
				"What arrived is not what was sent, twice, and was refused. Ask for the file to be sent again.", err)
		}
	}
	if err == nil && p.sum() != want {
		removePart(p.file.Name())
		en.meter.know(0)
		return en.again("What arrived is not what was sent. It goes once more, from the start.",
			"What arrived is not what was sent, twice. It was thrown away. Ask for the file to be sent again.", errMismatch)
	}
	if err != nil {
		return err
	}
	return e.arrived(en, func() (string, error) {
		// Another message may have brought the same file meanwhile.
		path, err := e.have(ctx, folder, name, file.Size, want)
		if err != nil {
			return "", err
		}
		if path != "" {
			removePart(p.file.Name())
			return path, nil
		}
		mark(p.file, origin(file.URL)) // before it has a name under which it could be opened
		return e.name(p, folder, name)
	})
}

// keysOf are the keys that open a file where it lies.
func keysOf(f *chat.File) (*seal.FileKeys, error) {
	keys, err := seal.ParseFileKeys(f.Key)
	if err != nil || keys.Size != f.Size {
		return nil, Final("The message contradicts itself about the file, so it was not fetched. Ask for it to be sent again.", err)
	}
	return keys, nil
}

// fetch adds to the part what it does not have: sealed bytes come, and what was
// opened goes in.
func (e *Engine) fetch(ctx context.Context, en *entry, h Handler, keys *seal.FileKeys, p *part) error {
	offset, begin := seal.SealedOffset(p.n)
	opener, err := seal.NewOpener(p, *keys, begin)
	if err != nil {
		return err
	}
	stop := e.watch(en, en.cancel)
	err = h.Download(ctx, &DownloadRequest{
		URL: en.t.File.URL, Conversation: en.t.Conversation, Size: seal.SealedSize(keys.Size), Offset: offset,
		Body: opener, Progress: func(int64) { en.meter.touch() },
	})
	stop()
	_ = p.flush() // p.err has it
	opened := opener.Close()
	switch {
	case ctx.Err() != nil:
		return err
	case p.err != nil:
		return p.err
	case errors.Is(opened, seal.ErrSealed):
		return opened
	case err == nil && opened != nil: // ErrTruncated: the handler ended too early
		return io.ErrUnexpectedEOF
	}
	return err
}

// arrived finishes a download whose bytes are checked; place makes them durable.
func (e *Engine) arrived(en *entry, place func() (string, error)) error {
	if err := e.step(en, chat.EventFinish, false, whole); err != nil {
		return err
	}
	path, err := place()
	if err != nil {
		return err
	}
	if err := e.step(en, chat.EventDone, true, func(t *chat.Transfer) {
		t.Path, t.Offset, t.Tries = path, t.File.Size, 0
	}); err != nil {
		return Temporary(notSaved, err)
	}
	return nil
}

// whole says that all bytes are there.
func whole(t *chat.Transfer) { t.Offset = t.File.Size }

// name gives a checked part its name, durably.
func (e *Engine) name(p *part, folder, name string) (string, error) {
	if err := p.file.Sync(); err != nil {
		return "", err
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	e.naming.Lock()
	defer e.naming.Unlock()
	// A file of that name that lies here already was changed since: it stays.
	path, err := freeName(folder, name)
	if err != nil {
		return "", err
	}
	if err := os.Rename(p.file.Name(), path); err != nil {
		return "", err
	}
	for _, d := range []string{folder, filepath.Dir(folder), e.cfg.Folder} {
		if err := SyncFolder(d); err != nil {
			return "", err
		}
	}
	return path, nil
}

// have looks for a file that was received before and still is what it was;
// "" when there is none. It is read whole: a person may have changed it.
func (e *Engine) have(ctx context.Context, folder, name string, size int64, want string) (string, error) {
	found, err := os.ReadDir(folder)
	if err != nil {
		return "", nil // none yet, or none that can be used
	}
	for _, f := range found {
		info, err := f.Info()
		if err != nil || !info.Mode().IsRegular() || info.Size() != size {
			continue
		}
		path := filepath.Join(folder, f.Name())
		if sum, err := fileSum(ctx, path); ctx.Err() != nil {
			return "", ctx.Err()
		} else if err != nil || sum != want {
			continue
		}
		if f.Name() == name {
			return path, nil
		}
		// The same bytes under another name: this message's name leads there too.
		named := filepath.Join(folder, name)
		if os.Link(path, named) == nil && SyncFolder(folder) == nil {
			return named, nil
		}
		return path, nil
	}
	return "", nil
}

func fileSum(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(h, contextReader{ctx, f}, make([]byte, 256<<10)); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// contextReader reads until its context ends. It hides other methods of the
// reader, so that a copy goes through it piece by piece.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// freeName is a path in folder that nothing has: name, "name (1).ext", ….
func freeName(folder, name string) (string, error) {
	for i := range 10000 {
		path := filepath.Join(folder, numbered(name, i))
		if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
			return path, nil
		} else if err != nil {
			return "", err
		}
	}
	return "", &fs.PathError{Op: "create", Path: filepath.Join(folder, name), Err: fs.ErrExist}
}
