package transfer

import (
	"context"
	"errors"
	"net/url"
)

// ErrExpired is in the error of a download whose link stopped leading to the
// file, which itself may still be there.
var ErrExpired = errors.New("the link has expired")

const sayExpired = "The link to this file has expired. Ask for the file to be sent again."

// Expired tells whether a signed URL says of itself that its time is over.
func Expired(address string) bool {
	u, err := url.Parse(address)
	return err == nil && expired(u)
}

// mostRenewals is how often an attempt asks for another link.
const mostRenewals = 2

// fetchRenewed is fetch, with a new link where the one in the message expired.
func (e *Engine) fetchRenewed(ctx context.Context, en *entry, fetch func(Handler) error) error {
	for n := 0; ; n++ {
		var err error
		if Expired(en.t.File.URL) {
			err = Final(sayExpired, ErrExpired)
		} else {
			var h Handler
			if h, err = e.cfg.Handlers.forDownload(en.t.File.URL); err == nil {
				err = fetch(h)
			}
		}
		if !errors.Is(err, ErrExpired) || n == mostRenewals || e.cfg.Renew == nil || ctx.Err() != nil {
			return err
		}
		address, renewed := e.cfg.Renew(ctx, en.t)
		if renewed != nil {
			return renewed
		}
		t := en.t
		t.File.URL = address
		e.set(en, t)
	}
}

// expiredLink makes a store's refusal of a signed URL one that a new link heals.
func expiredLink(e *Error, address *url.URL, status int) bool {
	if !expired(address) && !((status == 401 || status == 403) && signed(address.String())) {
		return false
	}
	e.Sentence, e.Retry, e.Err = sayExpired, false, errors.Join(e.Err, ErrExpired)
	return true
}
