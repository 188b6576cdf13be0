package faults

import (
	"io"
	"net/http"
	"testing"
)

// A server takes a request and says nothing more: at every stage that ends, with
// a sentence, and goes on once somebody answers. The bound is a minute, which is
// waited out, also for the slice: one stage each way.
func TestSilence(t *testing.T) {
	over := make(chan struct{}) // a server sees that a client went only after it has read the body
	defer close(over)
	silence := func(r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-over:
		}
	}
	silent := func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { silence(r) }
	deaf := func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.CopyN(io.Discard, r.Body, 1<<20)
		silence(r)
	}
	patient := func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		_, _ = io.Copy(io.Discard, r.Body)
		silence(r)
	}
	begun := func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		pass.ServeHTTP(&half{ResponseWriter: w, left: 300 << 10, r: r}, r)
	}
	headed := func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		pass.ServeHTTP(&half{ResponseWriter: w, r: r}, r)
	}
	var trials []trial
	for i, c := range []struct {
		direction, request string
		f                  harm
		slice              bool
	}{
		{upload, head, silent, false}, {upload, create, silent, false}, {upload, patch, silent, false}, {upload, patch, deaf, true}, {upload, patch, patient, false},
		{download, get, silent, false}, {download, get, headed, false}, {download, get, begun, true},
	} {
		if !whole && !c.slice {
			continue
		}
		trials = append(trials, trial{row: "server falls silent", direction: c.direction, data: random(2<<20, uint64(i)), fault: at(c.request, 1, false, c.f)})
	}
	lanes(t, trials)
}

// half passes so many bytes of an answer, and then nothing, until the client goes.
type half struct {
	http.ResponseWriter
	r    *http.Request
	left int
}

func (h *half) Write(p []byte) (int, error) {
	if len(p) > h.left {
		n, _ := h.ResponseWriter.Write(p[:h.left])
		h.left -= n
		_ = http.NewResponseController(h.ResponseWriter).Flush()
		<-h.r.Context().Done()
		return n, h.r.Context().Err()
	}
	n, err := h.ResponseWriter.Write(p)
	h.left -= n
	return n, err
}

func (h *half) Unwrap() http.ResponseWriter { return h.ResponseWriter }
