package relay

import (
	"context"
	"encoding"
	"io"
	"os"
	"path/filepath"

	"github.com/tus/tusd/v2/pkg/handler"

	"satchel/net/priority"
	"satchel/net/relay/store"
)

// upload is one file that arrives, for the time of one request. tusd holds its lock.
type upload struct {
	all  *uploads
	file store.File
	size int64 // bytes that are there
}

// NewUpload makes the file that a ticket is for.
func (u *uploads) NewUpload(ctx context.Context, info handler.FileInfo) (handler.Upload, error) {
	f := store.File{ID: info.ID, Uploader: ticketOf(ctx).Subject, Size: info.Size, Expected: info.MetaData["sha256"]}
	if err := u.making.lock(); err != nil {
		return nil, u.tusError(err)
	}
	defer u.making.unlock()
	if err := u.relay.store.AddFile(f); err != nil {
		return nil, u.tusError(err)
	}
	if err := u.makeFile(f); err != nil {
		os.Remove(u.path(f.ID))
		_ = u.relay.store.RemoveFile(f.ID, true) // else the sweeper does
		return nil, u.tusError(err)
	}
	made, err := u.relay.store.File(f.ID)
	if err != nil {
		return nil, u.tusError(err)
	}
	u.relay.metrics.begun.Inc()
	return &upload{all: u, file: made}, nil
}

func (u *uploads) makeFile(f store.File) error {
	os.Remove(u.path(f.ID)) // what a crash may have left of another
	file, err := u.open(f.ID)
	if err != nil {
		return err
	}
	defer file.Close()
	return reserve(file, f.Size)
}

// open opens a file for writing. It makes one that is not there: the store
// learns of a file first, and a crash may have come in between.
func (u *uploads) open(id string) (*os.File, error) {
	path := u.path(id)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
}

// GetUpload finds an upload that has begun.
func (u *uploads) GetUpload(_ context.Context, id string) (handler.Upload, error) {
	if !isFile(id) {
		return nil, handler.ErrNotFound
	}
	f, err := u.relay.store.File(id)
	if err != nil {
		return nil, u.tusError(err)
	}
	return &upload{all: u, file: f, size: u.there(id)}, nil
}

// AsTerminatableUpload gives tusd the upload that can be ended.
func (u *uploads) AsTerminatableUpload(up handler.Upload) handler.TerminatableUpload {
	return up.(*upload)
}

// GetInfo tells tusd what is there.
func (up *upload) GetInfo(context.Context) (handler.FileInfo, error) {
	return handler.FileInfo{ID: up.file.ID, Size: up.file.Size, Offset: up.size}, nil
}

// GetReader is not used: downloads are ours.
func (up *upload) GetReader(context.Context) (io.ReadCloser, error) {
	return os.Open(up.all.path(up.file.ID))
}

// Terminate takes an unfinished upload away.
func (up *upload) Terminate(context.Context) error {
	if err := up.all.remove(up.file.ID, true); err != nil {
		return up.all.tusError(err)
	}
	return nil
}

// FinishUpload is called when the last byte was written.
func (up *upload) FinishUpload(context.Context) error {
	if err := up.all.finish(up.file); err != nil {
		return up.all.tusError(err)
	}
	return nil
}

// WriteChunk writes what a request brings, and hashes it as it passes.
func (up *upload) WriteChunk(ctx context.Context, offset int64, src io.Reader) (int64, error) {
	n, err := up.write(ctx, offset, src)
	up.size += n
	if err != nil {
		up.all.relay.log.Error("upload not written", "file", up.file.ID, "error", err)
		return n, up.all.tusError(err)
	}
	return n, nil
}

func (up *upload) write(ctx context.Context, offset int64, src io.Reader) (n int64, err error) {
	h, err := up.all.hashOf(up.file, offset)
	if err != nil {
		return 0, err
	}
	file, err := up.all.open(up.file.ID)
	if err != nil {
		return 0, err
	}
	defer func() {
		if e := file.Close(); err == nil {
			err = e
		}
	}()
	w, bulk := priority.NewWriter(file, offset, up.file.Size), up.all.relay.words.Bulk()
	for err == nil {
		room := w.Room()
		room = room[:min(len(room), copyBuffer)]
		bulk.Pass(ctx, len(room))
		// tusd's reader has no errors but the end; it keeps them for later.
		m, rerr := io.ReadAtLeast(src, room, 1)
		h.hash.Write(room[:m])
		h.n += int64(m)
		up.all.relay.metrics.up.Add(float64(m))
		if err = w.Took(m); rerr != nil {
			break
		}
	}
	end, err := w.Flush()
	if n = end - offset; err != nil {
		return n, err // the hash may be ahead; hashOf sees that
	}
	if h.n-h.saved >= hashSaved && h.n < up.file.Size {
		state, err := h.hash.(encoding.BinaryMarshaler).MarshalBinary()
		if err == nil {
			err = up.all.relay.store.SaveHash(up.file.ID, h.n, state)
		}
		if err != nil {
			return n, err
		}
		h.saved = h.n
	}
	return n, nil
}
