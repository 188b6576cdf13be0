package transfer

import (
	"context"
	"errors"
	"net/url"

	"satchel/chat"
)

// ErrExpired is in the error of a download whose link stopped leading to the
// file, which itself may still be there.
var ErrExpired = errors.New("the link has expired")

const sayExpired = "The link to this file has expired. Ask for the file to be sent again."

// Link is where a file lies. Key opens it there; nil: as it opened it before.
type Link struct {
	URL string
	Key []byte
}

// Expired tells whether a signed URL says of itself that its time is over.
func Expired(address string) bool {
	u, err := url.Parse(address)
	return err == nil && expired(u)
}

// mostRenewals is how often an attempt asks for another link.
const mostRenewals = 2

// fetchRenewed is fetch, with a new link where the one in the message expired.
func (e *Engine) fetchRenewed(ctx context.Context, en *entry, fetch func(Handler) error) error {
	return e.renewing(ctx, en.t, func(l Link) { e.setLink(en, l) }, func(h Handler, _ string) error { return fetch(h) })
}

// setLink notes the link by which a transfer's file is fetched from now on.
func (e *Engine) setLink(en *entry, l Link) {
	t := en.t
	t.File.URL = l.URL
	if l.Key != nil {
		t.File.Key = l.Key
	}
	e.set(en, t)
}

// renewing calls fetch with the link of a transfer's file, and again with a new one
// where that expired; renewed is told each.
func (e *Engine) renewing(ctx context.Context, t chat.Transfer, renewed func(Link), fetch func(Handler, string) error) error {
	for n := 0; ; n++ {
		var err error
		if Expired(t.File.URL) {
			err = Final(sayExpired, ErrExpired)
		} else {
			var h Handler
			if h, err = e.cfg.Handlers.forDownload(t.File.URL); err == nil {
				err = fetch(h, t.File.URL)
			}
		}
		if !errors.Is(err, ErrExpired) || n == mostRenewals || e.cfg.Renew == nil || ctx.Err() != nil {
			return err
		}
		link, failed := e.cfg.Renew(ctx, t)
		if failed != nil {
			return failed
		}
		t.File.URL = link.URL
		renewed(link)
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
