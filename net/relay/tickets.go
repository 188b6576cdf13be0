package relay

import (
	"crypto/ed25519"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// ticketTime is how long a ticket admits requests; one that began goes on.
const ticketTime = time.Hour

// minFree is what uploads leave of the disk, in bytes, so that messages can
// be stored when files can't.
const minFree = 64 << 20

// ticketFor is the audience of tickets; nothing else that the relay signs has one.
const ticketFor = "satchel.v1 files"

// ticket is what a token says. The subject is the account.
type ticket struct {
	Purpose string `json:"purpose"`
	File    string `json:"file"`
	Device  string `json:"device"`
	Size    int64  `json:"size"`
	jwt.RegisteredClaims
}

// isFile tells whether a string has the form of a file's id.
func isFile(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

func (c *conn) ticket(f *wire.TicketRequest) *wire.Error {
	if !isFile(f.File) {
		return wire.NewError(wire.CodeBadFrame, "A file's id has 32 hexadecimal characters, in lower case.", false)
	}
	r := c.relay
	t := ticket{Purpose: f.Purpose, File: f.File, Device: c.device}
	switch f.Purpose {
	case wire.TicketUpload:
		if e := c.mayUpload(f); e != nil {
			r.metrics.declined.Inc()
			return e
		}
		t.Size = f.Size
	case wire.TicketDownload:
		if ok, err := r.store.MayRead(f.File, c.account.ID); err != nil {
			return r.refusal(err)
		} else if !ok {
			return errFile
		}
		if known, err := r.store.File(f.File); err != nil {
			return r.refusal(err)
		} else if known.Gone > 0 {
			return errExpired
		}
	default:
		return wire.NewError(wire.CodeBadFrame, "A ticket is for upload or download.", false)
	}
	now := time.Now()
	until := now.Add(ticketTime)
	t.RegisteredClaims = jwt.RegisteredClaims{
		Subject: c.account.ID, Audience: jwt.ClaimStrings{ticketFor},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(until),
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, t).SignedString(r.key)
	if err != nil {
		r.log.Error("ticket not signed", "error", err)
		return errInternal
	}
	c.reply(&wire.Ticket{Header: wire.Header{Re: f.ID}, Token: token, URL: wire.PathFiles + f.File, Expires: until.UnixMilli()})
	return nil
}

func (c *conn) mayUpload(f *wire.TicketRequest) *wire.Error {
	r := c.relay
	switch {
	case f.Size < 0:
		return wire.NewError(wire.CodeBadFrame, "A file can't have fewer than no bytes.", false)
	case f.Size > r.config.MaxFile:
		return wire.NewError(wire.CodeFileTooLarge, "The file is larger than this relay takes.", false)
	}
	if f.Conversation != "" {
		if e := c.isMember(f.Conversation); e != nil {
			return e
		}
	}
	known, err := r.store.File(f.File)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if err := r.store.Fits(c.account.ID, f.Size, r.quota()); err != nil {
			return r.refusal(err)
		}
		return r.uploads.keeper.room(f.Size)
	case err != nil:
		return r.refusal(err)
	case known.Uploader != c.account.ID || known.Size != f.Size:
		return wire.NewError(wire.CodeConflict, "This id is in use for another file. Take another.", false)
	case known.Gone > 0:
		return errExpired
	}
	return nil
}

// admitted reads the ticket of a request.
func (r *Relay) admitted(req *http.Request) (*ticket, error) {
	token, ok := strings.CutPrefix(req.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return nil, errors.New("no ticket")
	}
	var t ticket
	_, err := jwt.ParseWithClaims(token, &t, func(*jwt.Token) (any, error) { return r.key.Public().(ed25519.PublicKey), nil },
		jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}), jwt.WithExpirationRequired(), jwt.WithAudience(ticketFor))
	if err != nil {
		return nil, err
	}
	d, _, err := r.store.Device(t.Device)
	if err == nil && (d.Removed || d.Blocked || d.Account != t.Subject) {
		err = store.ErrRemoved
	}
	return &t, err
}
