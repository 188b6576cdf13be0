package relay

import (
	"context"
	"errors"
	"net/http"
	"os"
	"strconv"
	"strings"

	"satchel/net/priority"
	"satchel/net/relay/store"
	"satchel/net/wire"
)

// serveFiles answers everything below wire.PathFiles. Nothing passes it
// without a ticket: the one place that admits, for every method, after the
// method was settled.
func (r *Relay) serveFiles(w http.ResponseWriter, req *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cache-Control", "no-store")

	// tusd applies this header too, but only after it was admitted for
	// another method.
	if method := req.Header.Get("X-HTTP-Method-Override"); method != "" {
		req.Header.Del("X-HTTP-Method-Override")
		if req.Method != http.MethodPost || method != http.MethodPatch && method != http.MethodDelete {
			r.refuse(w, http.StatusBadRequest, wire.NewError(wire.CodeBadFrame, "Only a POST can stand for another method, and only for PATCH or DELETE.", false))
			return
		}
		req.Method = method
	}
	t, err := r.admitted(req)
	if err != nil {
		h.Set("WWW-Authenticate", `Bearer realm="files"`)
		r.refuse(w, http.StatusUnauthorized, wire.NewError(wire.CodeForbidden, "This needs a ticket that is still good. Ask the relay for one.", true))
		return
	}
	id := strings.TrimPrefix(req.URL.Path, wire.PathFiles)
	if id != "" && id != t.File {
		r.refuse(w, http.StatusForbidden, wire.NewError(wire.CodeForbidden, "The ticket is for another file.", false))
		return
	}
	switch m := req.Method; {
	case t.Purpose == wire.TicketDownload && id != "" && (m == http.MethodGet || m == http.MethodHead):
		priority.Run(func() { r.download(w, req, t) })
	case t.Purpose == wire.TicketUpload && id == "" && m == http.MethodPost:
		answered := &status{ResponseWriter: w}
		r.create(answered, req, t)
		if answered.code >= http.StatusBadRequest {
			r.metrics.declined.Inc()
		}
	case t.Purpose == wire.TicketUpload && id != "" && (m == http.MethodHead || m == http.MethodPatch || m == http.MethodDelete):
		answered := &status{ResponseWriter: w}
		priority.Run(func() { r.resume(answered, req, t) })
		if answered.code == statusChecksumMismatch {
			r.metrics.declined.Inc()
		}
	case t.Purpose == wire.TicketUpload && m == http.MethodOptions:
		r.uploads.serve(w, req, t)
	default:
		r.refuse(w, http.StatusMethodNotAllowed, wire.NewError(wire.CodeForbidden, "The ticket is not for this method.", false))
	}
}

// create begins an upload. One that has begun already is answered with where it is.
func (r *Relay) create(w http.ResponseWriter, req *http.Request, t *ticket) {
	switch {
	case req.Header.Get("Upload-Concat") != "":
		r.refuse(w, http.StatusBadRequest, wire.NewError(wire.CodeBadFrame, "Uploads can't be put together here.", false))
		return
	case req.Header.Get("Upload-Defer-Length") != "":
		r.refuse(w, http.StatusBadRequest, wire.NewError(wire.CodeBadFrame, "The upload's length has to be told at its beginning.", false))
		return
	case req.Header.Get("Upload-Length") != strconv.FormatInt(t.Size, 10):
		r.refuse(w, http.StatusBadRequest, wire.NewError(wire.CodeBadFrame, "The upload's length is not the one that the ticket was asked for.", false))
		return
	}
	f, err := r.store.File(t.File)
	switch {
	case errors.Is(err, store.ErrNotFound):
		r.uploads.serve(w, req, t)
	case err != nil:
		r.refuseFile(w, err)
	case f.Uploader != t.Subject || f.Size != t.Size:
		r.refuseFile(w, store.ErrConflict)
	case f.Gone > 0:
		r.refuse(w, http.StatusGone, errExpired)
	default:
		if f, err = r.uploads.whole(f); err != nil {
			r.refuseFile(w, err)
			return
		}
		w.Header().Set("Location", r.uploads.location(req, t.File))
		r.tell(w, f, http.StatusCreated)
	}
}

// resume answers HEAD, PATCH and DELETE of an upload that has begun. tusd
// knows the unfinished ones; about those that are whole, we answer.
func (r *Relay) resume(w http.ResponseWriter, req *http.Request, t *ticket) {
	f, err := r.store.File(t.File)
	if err == nil && f.Uploader != t.Subject {
		err = store.ErrNotFound // two had tickets for one id; it went to the other
	}
	if err == nil {
		f, err = r.uploads.whole(f)
	}
	switch {
	case err != nil:
		r.refuseFile(w, err)
	case f.Finished == 0:
		r.uploads.serve(w, req, t)
	case req.Method == http.MethodDelete:
		r.refuse(w, http.StatusForbidden, wire.NewError(wire.CodeForbidden, "The file is whole, and can't be taken back.", false))
	case req.Method == http.MethodHead:
		r.tell(w, f, http.StatusOK)
	case req.Header.Get("Upload-Offset") == strconv.FormatInt(f.Size, 10):
		r.tell(w, f, http.StatusNoContent)
	default:
		r.refuse(w, http.StatusConflict, wire.NewError(wire.CodeConflict, "The file is whole already.", false))
	}
}

// tell describes an upload in the way of tus.
func (r *Relay) tell(w http.ResponseWriter, f store.File, status int) {
	h := w.Header()
	h.Set("Tus-Resumable", "1.0.0")
	h.Set("Upload-Length", strconv.FormatInt(f.Size, 10))
	offset := f.Size
	if f.Finished == 0 {
		offset = r.uploads.keeper.there(f)
	} else {
		tellChecksum(h, f)
	}
	h.Set("Upload-Offset", strconv.FormatInt(offset, 10))
	w.WriteHeader(status)
}

// refuseFile answers with what an error means for a file.
func (r *Relay) refuseFile(w http.ResponseWriter, err error) {
	var e *wire.Error
	switch {
	case errors.As(err, &e):
	case errors.Is(err, store.ErrNotFound), errors.Is(err, os.ErrNotExist):
		e = errFile
	default:
		e = r.refusal(err)
	}
	r.refuse(w, statuses[e.Code], e)
}

// ticketKey is where the request's ticket stands in its context, for tusd's hooks.
type ticketKey struct{}

func withTicket(ctx context.Context, t *ticket) context.Context {
	return context.WithValue(ctx, ticketKey{}, t)
}

func ticketOf(ctx context.Context) *ticket {
	t, _ := ctx.Value(ticketKey{}).(*ticket)
	return t
}
