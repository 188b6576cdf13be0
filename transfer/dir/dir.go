// Package dir keeps files in a folder that people share: of a file server (SMB,
// NFS), or of a program that keeps folders in step. The transfer engine calls
// it, from its attempts; it starts no goroutines.
//
// A message names a file as dir://share/name: who reads it has the same folder,
// wherever it lies on that computer, under the same name of the share.
package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"

	"satchel/chat"
	"satchel/transfer"
)

// Scheme is of the URLs that this handler makes and reads.
const Scheme = "dir"

// Config says where the folder is.
type Config struct {
	// Share is the name that all who share the folder have agreed on: letters,
	// digits, "-" and "."; 64 at most.
	Share string `json:"share"`
	Path  string `json:"path"` // of the folder on this computer; absolute
}

// Store is the handler.
type Store struct {
	cfg      Config
	syncEach int64 // bytes after which the disk must have them
}

var (
	shareName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{0,63}$`)
	fileName  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
)

// New returns a handler for the scheme "dir". The errors are for the person.
func New(cfg Config) (*Store, error) {
	if !shareName.MatchString(cfg.Share) {
		return nil, transfer.Final("A shared folder needs a name that everybody who shares it uses: small letters, digits, dots and dashes.", nil)
	}
	if !filepath.IsAbs(cfg.Path) {
		return nil, transfer.Final("Say the whole path of the shared folder, from the top of the disk.", nil)
	}
	return &Store{cfg, 32 << 20}, nil
}

// place is where an upload stands. Synced bytes are on the disk; what a part
// has beyond them may be lost with the power, and goes again.
type place struct {
	Name   string `json:"name"`
	Synced int64  `json:"synced"`
}

func (s *Store) place(r *transfer.UploadRequest) place {
	p := place{Name: string(r.ID)}
	r.Recall(&p)
	return p
}

func (s *Store) path(name string) string { return filepath.Join(s.cfg.Path, name) }
func (s *Store) part(name string) string { return s.path(name) + ".part" }

const piece = 1 << 20 // bytes that are written at a time

// Upload writes a part beside the file, syncs it, and names it.
func (s *Store) Upload(ctx context.Context, r *transfer.UploadRequest) (transfer.UploadResult, error) {
	if info, err := os.Stat(s.cfg.Path); err != nil || !info.IsDir() {
		return transfer.UploadResult{}, s.explain(errors.Join(err, fs.ErrNotExist))
	}
	at := s.place(r)
	if r.Fresh {
		_ = s.Drop(ctx, r)
		at = place{Name: string(chat.NewTransferID())}
		if err := r.Keep(at); err != nil {
			return transfer.UploadResult{}, err
		}
	}
	if !fileName.MatchString(at.Name) {
		return transfer.UploadResult{}, transfer.Final("The file can't be put into the shared folder under its id. Send it again.", fmt.Errorf("name %q", at.Name))
	}
	result := transfer.UploadResult{URL: (&url.URL{Scheme: Scheme, Host: s.cfg.Share, Path: "/" + at.Name}).String()}
	if info, err := os.Lstat(s.path(at.Name)); err == nil && info.Mode().IsRegular() && info.Size() == r.Size {
		r.Progress(r.Size) // an earlier attempt came to the end
		return result, nil
	}
	if err := s.write(ctx, r, &at); err != nil {
		return transfer.UploadResult{}, s.explain(err)
	}
	if err := s.name(at.Name); err != nil {
		return transfer.UploadResult{}, s.explain(err)
	}
	return result, nil
}

// write brings the part to its full size, on the disk.
func (s *Store) write(ctx context.Context, r *transfer.UploadRequest, at *place) error {
	f, err := os.OpenFile(s.part(at.Name), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	n := min(info.Size(), at.Synced, r.Size)
	if err := f.Truncate(n); err != nil {
		return err
	}
	r.Progress(n)
	buf := make([]byte, piece)
	for n < r.Size {
		if err := ctx.Err(); err != nil {
			return err
		}
		p := buf[:min(int64(len(buf)), r.Size-n)]
		if k, err := r.Body.ReadAt(p, n); k < len(p) {
			if err == nil || errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if _, err := f.WriteAt(p, n); err != nil {
			return err
		}
		n += int64(len(p))
		if n-at.Synced < s.syncEach && n < r.Size {
			continue
		}
		if err := f.Sync(); err != nil {
			return err
		}
		if at.Synced = n; n < r.Size {
			if err := r.Keep(*at); err != nil {
				return err
			}
		}
		r.Progress(n)
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// name gives a part its name, unless something has it.
func (s *Store) name(name string) error {
	part, path := s.part(name), s.path(name)
	err := os.Link(part, path) // the one way that never overwrites
	if err == nil {
		err = os.Remove(part)
	} else if !errors.Is(err, fs.ErrExist) { // a file system without links
		if _, there := os.Lstat(path); !errors.Is(there, fs.ErrNotExist) {
			return &fs.PathError{Op: "rename", Path: path, Err: fs.ErrExist}
		}
		err = os.Rename(part, path)
	}
	if err != nil {
		return err
	}
	return transfer.SyncFolder(s.cfg.Path)
}

// Drop removes a file and its part.
func (s *Store) Drop(_ context.Context, r *transfer.UploadRequest) error {
	at := s.place(r)
	if !fileName.MatchString(at.Name) {
		return nil
	}
	for _, path := range []string{s.part(at.Name), s.path(at.Name)} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s.explain(err)
		}
	}
	return nil
}

// Claims tells whether a URL names a file in this folder.
func (s *Store) Claims(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == Scheme && u.Host == s.cfg.Share && u.User == nil
}

// Download copies from the folder.
func (s *Store) Download(ctx context.Context, r *transfer.DownloadRequest) error {
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != Scheme || u.Path == "" || !fileName.MatchString(u.Path[1:]) {
		return transfer.Final("The message does not say where in the shared folder the file is. Ask for it to be sent again.", err)
	}
	if u.Host != s.cfg.Share {
		return transfer.Final("The file lies in another shared folder than the one that is set up here. Add that folder in the settings, or ask for the file to be sent otherwise.", nil)
	}
	f, err := os.Open(s.path(u.Path[1:]))
	if errors.Is(err, fs.ErrNotExist) {
		return transfer.Final("The file is not in the shared folder. It may still be on its way there: try again later.", err)
	}
	if err != nil {
		return s.explain(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return s.explain(err)
	}
	if !info.Mode().IsRegular() || info.Size() != r.Size {
		return fmt.Errorf("%d bytes: %w", info.Size(), transfer.ErrMismatch)
	}
	buf := make([]byte, piece)
	last := r.Last()
	for at := r.Offset; at < last; {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := f.ReadAt(buf[:min(int64(len(buf)), last-at)], at)
		if n == 0 {
			if errors.Is(err, io.EOF) {
				return fmt.Errorf("it became shorter: %w", transfer.ErrMismatch)
			}
			return s.explain(err)
		}
		if _, err := r.Body.Write(buf[:n]); err != nil {
			return err
		}
		at += int64(n)
		r.Progress(at)
	}
	return nil
}

// explain says what happened to the shared folder rather than to "the disk".
func (s *Store) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return transfer.Final("The shared folder has another file under this name. Nothing was overwritten; send it again.", err)
	case errors.Is(err, fs.ErrNotExist):
		// Not connected, most likely: it goes on when it is.
		return transfer.Temporary("The shared folder is not there right now. Nothing was lost; it goes on when it is connected.", err)
	case errors.Is(err, fs.ErrPermission):
		return transfer.Final("Satchel may not write to the shared folder. Ask who runs it for permission, then try again.", err)
	}
	return err
}
