package transfer

import (
	"context"
	"errors"
	"io"

	"satchel/net/seal"
)

// window takes the plain bytes from..to of a pack, as they are opened.
type window struct {
	from, to int64
	take     func([]byte) error
	at       int64 // of the next byte that comes
	fail     error // of take
}

// errEnough ends a download that brings more than was asked for.
var errEnough = errors.New("that is all that was wanted")

func (w *window) done() bool { return w.at >= w.to }

func (w *window) Write(p []byte) (int, error) {
	n := len(p)
	if skip := w.from - w.at; skip > 0 {
		skip = min(skip, int64(len(p)))
		p, w.at = p[skip:], w.at+skip
	}
	if w.done() && len(p) > 0 {
		// What the last chunk has beyond it goes by; another one ends the download.
		w.at += int64(len(p))
		if w.at-w.to > seal.ChunkSize {
			return 0, errEnough
		}
		return n, nil
	}
	if len(p) > 0 {
		if w.fail = w.take(p[:min(int64(len(p)), w.to-w.at)]); w.fail != nil {
			return 0, w.fail
		}
		w.at += int64(len(p))
	}
	return n, nil
}

// fetchRange has the plain bytes that w wants of a pack come, and no chunk that has
// none of them. r says where from.
func fetchRange(ctx context.Context, h Handler, r *DownloadRequest, keys *seal.FileKeys, w *window) error {
	r.Size = seal.SealedSize(keys.Size)
	r.Offset, w.at = seal.SealedOffset(w.from)
	if r.End = r.Size; w.to < keys.Size {
		r.End, _ = seal.SealedOffset(w.to + seal.ChunkSize - 1)
	}
	opener, err := seal.NewOpener(w, *keys, w.at)
	if err != nil {
		return err
	}
	r.Body = opener
	err = h.Download(ctx, r)
	opened := opener.Close()
	switch {
	case w.fail != nil:
		return w.fail
	case w.done():
		return nil
	case ctx.Err() != nil:
		return err
	case errors.Is(opened, seal.ErrSealed):
		return opened
	case err == nil:
		return io.ErrUnexpectedEOF
	}
	return err
}
