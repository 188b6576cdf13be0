package relay

import (
	"cmp"
	"context"
	"errors"
	"io"

	"github.com/tus/tusd/v2/pkg/handler"

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
	f := store.File{ID: info.ID, Uploader: ticketOf(ctx).Subject, Size: info.Size, Expected: cmp.Or(info.MetaData["sha256"], info.MetaData[askedCRC])}
	made, err := u.begin(f)
	if err != nil {
		return nil, u.tusError(err)
	}
	u.relay.metrics.begun.Inc()
	return &upload{all: u, file: made}, nil
}

func (u *uploads) begin(f store.File) (store.File, error) {
	release, err := u.keeper.hold()
	if err != nil {
		return f, err
	}
	defer release()
	if err := u.relay.store.AddFile(f, u.relay.quota()); err != nil {
		return f, err
	}
	if err := u.relay.at(stepKnown); err != nil {
		return f, err
	}
	made, err := u.relay.store.File(f.ID)
	if err == nil {
		err = u.keeper.begin(made)
	}
	if err != nil {
		_ = u.relay.store.RemoveFile(f.ID, true) // else the sweeper does
		_ = u.keeper.remove(made)
	}
	return made, err
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
	return &upload{all: u, file: f, size: u.keeper.there(f)}, nil
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
	return nil, errors.ErrUnsupported
}

// Terminate takes an unfinished upload away.
func (up *upload) Terminate(context.Context) error {
	if err := up.all.remove(up.file, true); err != nil {
		return up.all.tusError(err)
	}
	return nil
}

// FinishUpload is called when the last byte was written.
func (up *upload) FinishUpload(context.Context) error {
	f, err := up.all.relay.store.File(up.file.ID) // as writing left it
	if err == nil {
		err = up.all.finish(f)
	}
	if err != nil {
		return up.all.tusError(err)
	}
	return nil
}

// WriteChunk keeps what a request brings.
func (up *upload) WriteChunk(ctx context.Context, offset int64, src io.Reader) (int64, error) {
	n, err := up.all.keeper.write(ctx, up.file, offset, src)
	up.size += n
	if err != nil {
		up.all.relay.log.Error("upload not written", "file", up.file.ID, "error", err)
		return n, up.all.tusError(err)
	}
	return n, nil
}
