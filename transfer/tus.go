package transfer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync/atomic"
	"time"

	"satchel/net/socket"
)

// TusConfig is what a tus handler needs.
type TusConfig struct {
	// Tickets gets permission from the relay. Without it uploads are created at
	// Endpoint, an absolute URL, and downloads go to the URL in the message.
	Tickets  Tickets
	Endpoint string
	Chunk    int64        // bytes that one request carries at most; 0: 1 to 32 MiB down, and 1 to 128 MiB up, by how quickly they go
	Client   *http.Client // nil: one whose waits are bounded and that uses the proxy of the environment
}

// Tus moves files to and from a relay, or any server that speaks tus 1.0
// (https://tus.io/protocols/resumable-upload) and serves what it holds by GET
// with Range. It trusts the offset that the server tells and nothing else, so
// that after any interruption less than one chunk goes twice.
type Tus struct {
	cfg  TusConfig
	most atomic.Int64 // bytes that a request may carry, once something on the way refused more; 0: no bound
}

// NewTus returns a handler for the scheme "" (the relay), or with an Endpoint
// for "http" and "https".
func NewTus(cfg TusConfig) *Tus {
	if cfg.Client == nil {
		cfg.Client = NewClient()
	}
	client := *cfg.Client
	client.CheckRedirect = checkRedirect
	cfg.Client = &client
	return &Tus{cfg: cfg}
}

// checkRedirect follows a redirect of what only reads, five times at most, and
// never from a sealed connection to an open one.
func checkRedirect(r *http.Request, via []*http.Request) error {
	if m := via[0].Method; len(via) > 5 || m != http.MethodGet && m != http.MethodHead {
		return http.ErrUseLastResponse
	}
	if via[len(via)-1].URL.Scheme == "https" && r.URL.Scheme != "https" {
		return http.ErrUseLastResponse
	}
	if r.URL.Host != via[0].URL.Host {
		// A ticket is for who gave it; by the standard it would go to another port of the same host, too.
		r.Header.Del("Authorization")
	}
	return nil
}

// NewClient returns a client that bounds every wait but the whole: that of
// bytes is the engine's. It follows redirects of GET and HEAD.
func NewClient() *http.Client {
	http1 := new(http.Protocols)
	http1.SetHTTP1(true) // a connection a transfer: a stalled one holds up no other
	return &http.Client{CheckRedirect: checkRedirect, Transport: &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           socket.Dial,
		TLSHandshakeTimeout:   15 * time.Second,
		ResponseHeaderTimeout: time.Hour, // the last chunk's: a store may check a very big file first
		IdleConnTimeout:       60 * time.Second,
		MaxIdleConnsPerHost:   8,
		ReadBufferSize:        64 << 10,
		WriteBufferSize:       64 << 10,
		DisableCompression:    true,
		Protocols:             http1,
	}}
}

// CloseIdleConnections lets go of connections that wait to be used again.
func (h *Tus) CloseIdleConnections() { h.cfg.Client.CloseIdleConnections() }

// road is one file's way to or from the server.
type road struct {
	*Tus
	want   TicketRequest
	ticket Ticket
	fresh  bool // the ticket was renewed, and nothing has gone well since
}

// expiresSoon is how long before its end a ticket is replaced.
const expiresSoon = 30 * time.Second

// permit gets a ticket. Without Tickets the URL is the one that is known.
func (h *Tus) permit(ctx context.Context, want TicketRequest, known string) (*road, error) {
	r := &road{Tus: h, want: want, ticket: Ticket{URL: known}}
	if h.cfg.Tickets == nil {
		return r, nil
	}
	return r, r.renew(ctx)
}

func (r *road) renew(ctx context.Context) error {
	t, err := r.cfg.Tickets(ctx, r.want)
	if err != nil {
		e := Temporary("The relay can't be reached right now. Nothing was lost; it goes on when it is back.", err)
		if known := (*Error)(nil); errors.As(err, &known) {
			c := *known
			e = &c
		}
		e.everyone = e.Retry // who can't give this ticket gives no others, most likely
		return e
	}
	r.ticket = t
	return nil
}

// do sends a request and returns the answer whatever its status. A refusal of
// the ticket is answered with a new ticket, once until something goes well.
func (r *road) do(ctx context.Context, method, address string, header http.Header, body func() io.Reader, length int64) (*http.Response, error) {
	for {
		if e := r.ticket.Expires; r.cfg.Tickets != nil && !e.IsZero() && !r.fresh && time.Until(e) < expiresSoon {
			if err := r.renew(ctx); err != nil {
				return nil, err
			}
			r.fresh = true
		}
		var bytes io.Reader // a new one each time: the last request may still read its own
		if body != nil {
			bytes = body()
		}
		q, err := http.NewRequestWithContext(ctx, method, address, bytes)
		if err != nil {
			return nil, Final("The server's address can't be used. Check the settings, then try again.", err)
		}
		q.ContentLength = length
		for k, v := range header {
			q.Header[k] = v
		}
		if r.ticket.Token != "" {
			q.Header.Set("Authorization", "Bearer "+r.ticket.Token)
		}
		answer, err := r.cfg.Client.Do(q)
		if err != nil {
			return nil, err
		}
		switch {
		case answer.StatusCode < 300:
			r.fresh = false
		case (answer.StatusCode == http.StatusUnauthorized || answer.StatusCode == http.StatusForbidden) && r.cfg.Tickets != nil && !r.fresh:
			Finish(answer)
			if err := r.renew(ctx); err != nil {
				return nil, err
			}
			r.fresh = true
			continue
		}
		return answer, nil
	}
}

// Finish reads the rest of a short answer, so that its connection can be used again.
func Finish(answer *http.Response) {
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	answer.Body.Close()
}

// Refused turns a status into words. What the body says is not for people.
func Refused(answer *http.Response) *Error {
	err := fmt.Errorf("%s %s: %s", answer.Request.Method, answer.Request.URL.Path, answer.Status)
	later := func(sentence string, tries int) *Error {
		e := Temporary(sentence, err)
		e.Tries, e.After = tries, retryAfter(answer)
		return e
	}
	switch answer.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return Final("The server does not let this device move the file. Nothing was lost; connect again, then try again.", err)
	case http.StatusNotFound, http.StatusGone:
		return Final("The file is no longer on the server. Ask for it to be sent again.", err)
	case http.StatusRequestEntityTooLarge:
		if answer.Request.Method == http.MethodGet {
			return Final("Something on the way to the server refuses to fetch the file. Nothing was lost; try again, or ask who runs the server.", err)
		}
		return Final("The file is larger than the server takes. Send a smaller one, or ask who runs the server for more room.", err)
	case http.StatusLocked:
		return later("The server is still busy with this file. It goes on by itself.", 0)
	case http.StatusTooManyRequests:
		return later("The server asked for a pause. Nothing was lost; it goes on by itself.", 0)
	case http.StatusInsufficientStorage:
		return Final("The server's disk is full. Nothing was lost; try again when there is room.", err)
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		e := later("The server is not ready right now. Nothing was lost; it goes on by itself.", 0)
		e.everyone = true
		return e
	case statusMismatch:
		e := later("What arrived is not what was sent. It goes once more.", 3)
		e.Err = errMismatch
		return e
	case http.StatusRequestTimeout:
		return later("The connection was lost. Nothing was lost with it; it goes on by itself.", 0)
	case http.StatusConflict:
		e := later("The server is not at the same place in the file. Nothing was lost; it goes on by itself.", 8)
		e.Enough = "The server does not come to the same place in the file. Nothing was lost; try again, or ask who runs it."
		return e
	}
	if answer.StatusCode >= 500 {
		e := later("The server has a problem of its own. Nothing was lost; it goes on by itself.", 8)
		e.Enough = "The server has a problem of its own, and still had it after several tries. Nothing was lost; try again later."
		return e
	}
	return Final("The server did not accept the file. Nothing was lost; check its address, then try again.", err)
}

// retryAfter reads the header of that name, in seconds or as a date.
func retryAfter(answer *http.Response) time.Duration {
	v := answer.Header.Get("Retry-After")
	if s, err := strconv.Atoi(v); err == nil && s > 0 {
		return time.Duration(min(s, 3600)) * time.Second
	}
	if at, err := http.ParseTime(v); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// Sleep waits, or returns why not.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Settled tells whether an error is an answer, or the end of the attempt,
// rather than a connection that broke.
func Settled(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.As(err, new(*Error))
}

// inMessage is how a message refers to the file behind a URL: a relay's files
// without the relay's address, others as they are.
func (r *road) inMessage() string {
	u, err := url.Parse(r.ticket.URL)
	if r.cfg.Tickets == nil || err != nil {
		return r.ticket.URL
	}
	return u.EscapedPath()
}

// statusMismatch is tus's own: the checksum that was announced is another.
const statusMismatch = 460
