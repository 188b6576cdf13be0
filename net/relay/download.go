package relay

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"satchel/net/priority"
	"satchel/net/relay/store"
)

// download serves a file that is whole, or a part of it.
func (r *Relay) download(w http.ResponseWriter, req *http.Request, t *ticket) {
	f, err := r.store.File(t.File)
	if err == nil {
		// Asked again: since the ticket, somebody may have left.
		var may bool
		if may, err = r.store.MayRead(t.File, t.Subject); err == nil && !may {
			err = store.ErrNotFound
		}
	}
	if err != nil {
		r.refuseFile(w, err)
		return
	}
	if f.Gone > 0 {
		r.refuse(w, http.StatusGone, errExpired)
		return
	}
	if req.Method == http.MethodGet {
		r.metrics.downloads.Inc()
	}
	r.uploads.keeper.send(w, req, f)
}

// serveContent answers with the bytes of a file, or a part of them.
func (r *Relay) serveContent(w http.ResponseWriter, req *http.Request, f store.File, content io.ReadSeeker) {
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", "attachment")
	h.Set("ETag", `"`+f.Checksum+`"`)
	tellChecksum(h, f)
	http.ServeContent(&patient{w, http.NewResponseController(w), req.Context(), r.words.Bulk(), r.metrics.down}, req, "", time.UnixMilli(f.Finished), content)
}

// patient gives up a client that takes less than a stretch of bytes in
// stretchTime; the server's own deadline would be for the whole file. Between
// two stretches it lets messages pass.
type patient struct {
	http.ResponseWriter
	control *http.ResponseController
	ctx     context.Context
	bulk    priority.Bulk
	sent    prometheus.Counter
}

const (
	stretch     = 256 << 10
	stretchTime = time.Minute
)

func (p *patient) Write(b []byte) (int, error) {
	p.bulk.Pass(p.ctx, len(b))
	p.control.SetWriteDeadline(time.Now().Add(stretchTime))
	n, err := p.ResponseWriter.Write(b)
	p.sent.Add(float64(n))
	return n, err
}

// ReadFrom keeps the road from the disk to the socket inside the kernel.
func (p *patient) ReadFrom(src io.Reader) (n int64, err error) {
	left := int64(1<<63 - 1)
	limited, ok := src.(*io.LimitedReader)
	if ok {
		src, left = limited.R, limited.N
	}
	for left > 0 {
		p.bulk.Pass(p.ctx, int(min(stretch, left)))
		p.control.SetWriteDeadline(time.Now().Add(stretchTime))
		m, err := io.Copy(p.ResponseWriter, &io.LimitedReader{R: src, N: min(stretch, left)})
		n, left = n+m, left-m
		p.sent.Add(float64(m))
		if ok {
			limited.N = left
		}
		if err != nil || m == 0 {
			return n, err
		}
	}
	return n, nil
}

func (p *patient) Unwrap() http.ResponseWriter { return p.ResponseWriter }
