package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"satchel/chat"
	"satchel/net/seal"
)

// Download fetches the file from where the ticket says, in requests of a
// bounded range: what a kill leaves unread between both ends is less than a
// chunk. After a connection that broke it asks for the rest, as long as bytes
// come in between.
func (h *Tus) Download(ctx context.Context, r *DownloadRequest) error {
	way, err := h.permit(ctx, TicketRequest{Direction: chat.Download, File: r.URL, Size: r.Size, Conversation: r.Conversation}, r.URL)
	if err != nil {
		return err
	}
	at, broke := r.Offset, 0
	for at < r.Size {
		n, err := way.get(ctx, r, at)
		at += n
		if n > 0 {
			broke = 0
		}
		if err == nil {
			continue
		}
		if broke++; broke > breaks || settled(ctx, err) || errors.Is(err, errBody) || errors.Is(err, errMismatch) {
			return err
		}
	}
	return nil
}

// errBody says that the receiver of a download took no more.
var errBody = errors.New("the receiver failed")

// get fetches a chunk from a byte on, and returns how many bytes went to Body;
// without an error it is one at least.
func (w *road) get(ctx context.Context, r *DownloadRequest, at int64) (int64, error) {
	// Whole sealed chunks: a resume begins with one.
	sealed := seal.SealedSize(seal.ChunkSize)
	end := min(at+max(w.cfg.Chunk/sealed, 1)*sealed, r.Size)
	header := http.Header{"Range": {fmt.Sprintf("bytes=%d-%d", at, end-1)}}
	answer, err := w.do(ctx, http.MethodGet, w.ticket.URL, header, nil, 0)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close() // not read to its end: there may be any number of bytes more
	skip := int64(0)
	switch answer.StatusCode {
	case http.StatusPartialContent:
		var from, to, total int64
		span := strings.Replace(answer.Header.Get("Content-Range"), "/*", "/"+strconv.FormatInt(r.Size, 10), 1)
		if n, _ := fmt.Sscanf(span, "bytes %d-%d/%d", &from, &to, &total); n != 3 || from != at || to != end-1 || total != r.Size {
			return 0, fmt.Errorf("range is %q: %w", span, errMismatch)
		}
	case http.StatusOK: // from the start: what is here already goes by
		if answer.ContentLength >= 0 && answer.ContentLength != r.Size {
			return 0, fmt.Errorf("length is %d: %w", answer.ContentLength, errMismatch)
		}
		skip, end = at, r.Size
	case http.StatusRequestedRangeNotSatisfiable: // the server's is shorter than what was announced
		return 0, fmt.Errorf("%s: %w", answer.Status, errMismatch)
	default:
		e := refused(answer)
		if answer.StatusCode == http.StatusLocked {
			e.Sentence = "The file is still on its way to the server. It is fetched when it is there."
		}
		return 0, e
	}
	buf := make([]byte, 128<<10)
	var n int64
	for left := end - at; left > 0; {
		k, err := answer.Body.Read(buf[:min(int64(len(buf)), left+skip)])
		got := buf[:k]
		drop := min(skip, int64(k))
		skip -= drop
		if got = got[drop:]; len(got) > 0 {
			if _, err := r.Body.Write(got); err != nil {
				return n, errors.Join(errBody, err)
			}
			n += int64(len(got))
			left -= int64(len(got))
		}
		if k > 0 {
			r.Progress(at + n)
		}
		if err == io.EOF && left > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil && err != io.EOF {
			return n, err
		}
	}
	return n, nil
}
