package transfer

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"satchel/chat"
)

const (
	leastChunk    = 256 << 10 // below that, chunks are not made smaller
	lockedTries   = 6         // how often a locked upload is asked for, and
	lockedPause   = 100 * time.Millisecond
	breaks        = 2 // connections that may break without a byte between them
	checksumField = "Satchel-Crc32c"
)

// Upload puts the body to where the ticket says.
func (h *Tus) Upload(ctx context.Context, r *UploadRequest) (UploadResult, error) {
	if r.Fresh {
		// Under a new name: a server may well keep what is whole. What it can't
		// drop now is nobody's, and it sweeps that.
		_ = h.Drop(ctx, r)
		r.Place = ""
		if h.cfg.Tickets != nil {
			r.Place = r.Name
			if err := r.Remember(r.Place); err != nil {
				return UploadResult{}, err
			}
		}
	}
	u, err := h.upload(ctx, r)
	if err != nil {
		return UploadResult{}, err
	}
	if err := u.open(ctx); err != nil {
		return UploadResult{}, err
	}
	if err := u.send(ctx); err != nil {
		return UploadResult{}, err
	}
	if u.sum == "" { // said with the last byte, or to whoever asks
		if err := u.head(ctx); err != nil {
			return UploadResult{}, err
		}
	}
	return UploadResult{URL: u.inMessage(), CRC32C: u.sum}, nil
}

// Drop takes an upload back.
func (h *Tus) Drop(ctx context.Context, r *UploadRequest) error {
	u, err := h.upload(ctx, r)
	if err != nil {
		return err
	}
	return u.drop(ctx)
}

// upload gets permission. A relay's file is named by the transfer's id, or by
// Place when that name was spoilt; elsewhere Place is the URL, or its path at the
// endpoint's server.
func (h *Tus) upload(ctx context.Context, r *UploadRequest) (*tusUpload, error) {
	want := TicketRequest{Direction: chat.Upload, File: cmp.Or(r.Place, string(r.ID)), Size: r.Size, Conversation: r.Conversation}
	known := r.Place
	if endpoint, err := url.Parse(h.cfg.Endpoint); err == nil && strings.HasPrefix(known, "/") {
		known = endpoint.Scheme + "://" + endpoint.Host + known
	}
	way, err := h.permit(ctx, want, known)
	if err != nil {
		return nil, err
	}
	u := &tusUpload{road: way, r: r, chunks: newChunks(h.cfg.Chunk)}
	if most := h.most.Load(); most > 0 {
		u.chunks.bound(most)
	}
	return u, nil
}

// tusUpload is one upload under way. offset and sum are what the server said last.
type tusUpload struct {
	*road
	r      *UploadRequest
	chunks chunks
	offset int64
	sum    string
}

// errGone says that the server does not know the upload.
var errGone = errors.New("no such upload")

func (u *tusUpload) header() http.Header {
	return http.Header{"Tus-Resumable": {"1.0.0"}}
}

// open finds the upload at the server, or creates it.
func (u *tusUpload) open(ctx context.Context) error {
	err := errGone
	if u.ticket.URL != "" {
		err = u.head(ctx)
	}
	if errors.Is(err, errGone) {
		err = u.create(ctx)
	}
	if err == nil {
		u.r.Progress(u.offset)
	}
	return err
}

// head asks how much the server has.
func (u *tusUpload) head(ctx context.Context) error {
	for try := 0; ; try++ {
		answer, err := u.do(ctx, http.MethodHead, u.ticket.URL, u.header(), nil, 0)
		if err != nil {
			return err
		}
		Finish(answer)
		switch {
		case answer.StatusCode == http.StatusNotFound || answer.StatusCode == http.StatusGone:
			return errGone
		case answer.StatusCode == http.StatusLocked && try < lockedTries:
			if err := Sleep(ctx, lockedPause<<try); err != nil {
				return err
			}
			continue
		case answer.StatusCode >= 300:
			return Refused(answer)
		}
		if length := answer.Header.Get("Upload-Length"); length != "" && length != strconv.FormatInt(u.r.Size, 10) {
			return Final("The server has this file already, in another size. Send it again.", errors.New("Upload-Length is "+length))
		}
		return u.hear(answer)
	}
}

// hear takes offset and checksum from an answer.
func (u *tusUpload) hear(answer *http.Response) error {
	offset, err := strconv.ParseInt(answer.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || offset < 0 || offset > u.r.Size {
		return Final("The server's answer makes no sense: it does not seem to be a place for files. Check its address, then try again.",
			errors.New("Upload-Offset is "+strconv.Quote(answer.Header.Get("Upload-Offset"))))
	}
	u.offset, u.sum = offset, answer.Header.Get(checksumField)
	return nil
}

// create begins the upload at the server.
func (u *tusUpload) create(ctx context.Context) error {
	at := u.cfg.Endpoint
	header := u.header()
	header.Set("Upload-Length", strconv.FormatInt(u.r.Size, 10))
	if u.cfg.Tickets != nil {
		folder, err := url.Parse(u.ticket.URL)
		if err != nil {
			return Final("The server's address can't be used. Check the settings, then try again.", err)
		}
		at = folder.ResolveReference(&url.URL{Path: "./"}).String()
		header.Set("Upload-Metadata", "crc32c") // the checksum that the relay shall tell
	}
	answer, err := u.do(ctx, http.MethodPost, at, header, nil, 0)
	if err != nil {
		return err
	}
	Finish(answer)
	if answer.StatusCode != http.StatusCreated {
		e := Refused(answer)
		switch answer.StatusCode {
		case http.StatusNotFound, http.StatusGone:
			e.Sentence = "There is no place for files at the server's address. Check it, then try again."
		case http.StatusConflict:
			return Final("The server has another file under this name. Nothing was lost; send it again.", e.Err)
		}
		return e
	}
	u.offset, u.sum = 0, answer.Header.Get(checksumField)
	if u.cfg.Tickets != nil {
		if answer.Header.Get("Upload-Offset") != "" { // it had begun already
			return u.hear(answer)
		}
		return nil
	}
	place, err := answer.Request.URL.Parse(answer.Header.Get("Location"))
	if err != nil || answer.Header.Get("Location") == "" {
		return Final("The server did not say where the file goes. Check its address, then try again.", err)
	}
	u.ticket.URL = place.String()
	if place.Host == answer.Request.URL.Host {
		return u.r.Remember(place.RequestURI()) // as long as the endpoint is this server's
	}
	return u.r.Remember(u.ticket.URL)
}

// dropTime is how long a server has to drop an upload; what it does not it sweeps.
const dropTime = 10 * time.Second

// drop removes what the server has.
func (u *tusUpload) drop(ctx context.Context) error {
	if u.ticket.URL == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, dropTime)
	defer cancel()
	answer, err := u.do(ctx, http.MethodDelete, u.ticket.URL, u.header(), nil, 0)
	if err != nil {
		return err
	}
	Finish(answer)
	if answer.StatusCode >= 300 && answer.StatusCode != http.StatusNotFound && answer.StatusCode != http.StatusGone {
		return Refused(answer)
	}
	return nil
}

// send sends what the server does not have, chunk by chunk.
func (u *tusUpload) send(ctx context.Context) error {
	broke, locked := 0, 0
	most := u.offset  // the furthest that the server ever said
	reach := u.offset // the furthest that bytes of this attempt may be at the server
	for u.offset < u.r.Size {
		from, began := u.offset, time.Now()
		answer, err := u.patch(ctx)
		if err != nil {
			reach = max(reach, min(from+u.chunks.size, u.r.Size))
		}
		if err == nil && answer.StatusCode < 300 {
			before := u.offset
			if err := u.hear(answer); err != nil {
				return err
			}
			if u.offset > before {
				u.chunks.went(time.Since(began))
				most, broke, locked = max(most, u.offset), 0, 0
				u.r.Progress(u.offset)
				continue
			}
			err = io.ErrNoProgress
		}
		switch {
		case err != nil && Settled(ctx, err):
			return err
		case err != nil:
			u.chunks.broke() // ask, and go on
		case apart(answer):
			// Both ends count differently: the same.
		case answer.StatusCode == http.StatusRequestEntityTooLarge && u.chunks.refused():
			u.most.Store(u.chunks.size) // others need not learn it again
		case answer.StatusCode == http.StatusRequestEntityTooLarge:
			e := Refused(answer)
			e.Sentence = "A server on the way takes only very small pieces. Ask who runs it to allow 256 KiB a request."
			return e
		case answer.StatusCode == http.StatusLocked && locked < lockedTries:
			if err := Sleep(ctx, lockedPause<<locked); err != nil {
				return err
			}
			locked++
		case answer.StatusCode == http.StatusNotFound, answer.StatusCode == http.StatusGone:
			// The server lost it: the next attempt begins anew.
			return Temporary("The server lost what it had of the file. It is sent again by itself.", errGone)
		default:
			return Refused(answer)
		}
		if asked := u.head(ctx); errors.Is(asked, errGone) {
			return Temporary("The server lost what it had of the file. It is sent again by itself.", errGone)
		} else if asked != nil {
			return asked
		}
		if u.offset > max(from, reach) {
			return u.mixed(ctx)
		}
		u.r.Progress(u.offset)
		if u.offset > most {
			most, broke = u.offset, 0
		} else if err != nil || apart(answer) {
			if broke++; broke > breaks {
				if err == nil {
					err = Refused(answer)
				}
				return err
			}
		}
	}
	return nil
}

// apart tells of an answer that a later look at the offset may explain: another
// offset, or, as tusd says it with 400, a request that was interrupted by another
// one for this upload. That one may be our own: from a connection that was cut,
// and that the server comes to only now.
func apart(answer *http.Response) bool {
	return answer.StatusCode == http.StatusConflict || answer.StatusCode == http.StatusBadRequest
}

// mixed gives up an upload into which an earlier attempt wrote, from a connection
// that was thought dead: behind the byte where this attempt began, its bytes are
// others. The next attempt begins anew, under another name.
func (u *tusUpload) mixed(ctx context.Context) error {
	_ = u.drop(ctx)
	place := ""
	if u.cfg.Tickets != nil {
		place = string(chat.NewTransferID())
	}
	if err := u.r.Remember(place); err != nil {
		return err
	}
	return Temporary("What was left of an earlier try came in between. Nothing was lost; the file is sent once more, from the start.", errMismatch)
}

// patch sends one chunk and returns the answer, read.
func (u *tusUpload) patch(ctx context.Context) (*http.Response, error) {
	length := min(u.chunks.size, u.r.Size-u.offset)
	header := u.header()
	header.Set("Content-Type", "application/offset+octet-stream")
	header.Set("Upload-Offset", strconv.FormatInt(u.offset, 10))
	offset, section := u.offset, (*Section)(nil)
	body := func() io.Reader {
		if section != nil {
			section.Close()
		}
		section = NewSection(u.r.Body, offset, length)
		return section
	}
	answer, err := u.do(ctx, http.MethodPatch, u.ticket.URL, header, body, length)
	if section != nil {
		section.Close()
	}
	if err == nil {
		Finish(answer)
	}
	return answer, err
}
