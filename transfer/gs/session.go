package gs

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"satchel/transfer"
)

// session is where a session of a place lies.
func (s *Store) session(ctx context.Context, method string, at place, body io.Reader) (*http.Request, error) {
	address := at.Session
	if strings.HasPrefix(address, "/") {
		address = s.cfg.Endpoint + address
	}
	q, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, transfer.WrongPlace.Error(err)
	}
	return q, nil
}

// upload is one attempt. offset, done and object are what the store said last.
type upload struct {
	*Store
	r      *transfer.UploadRequest
	at     place
	offset int64
	done   bool
	object struct {
		Size   string `json:"size"`
		CRC32C string `json:"crc32c"`
	}
}

// errGone says that the store does not know the session.
var errGone = errors.New("no such session")

// create begins a session.
func (u *upload) create(ctx context.Context) error {
	address := fmt.Sprintf("%s/upload/storage/v1/b/%s/o?uploadType=resumable&name=%s", u.cfg.Endpoint, url.PathEscape(u.cfg.Bucket), url.QueryEscape(u.at.Name))
	answer, err := u.call(ctx, http.MethodPost, address, http.Header{
		"Content-Type": {"application/json"}, "X-Upload-Content-Type": {"application/octet-stream"}, "X-Upload-Content-Length": {strconv.FormatInt(u.r.Size, 10)},
	})
	if err != nil {
		return err
	}
	transfer.Finish(answer)
	session, err := answer.Request.URL.Parse(answer.Header.Get("Location"))
	if err != nil || answer.Header.Get("Location") == "" {
		return transfer.WrongPlace.Error(errors.Join(errors.New("no Location"), err))
	}
	if strings.EqualFold(session.Host, answer.Request.URL.Host) {
		session.Scheme, session.Host = "", "" // as long as the endpoint is the store's
	}
	u.at = place{Name: u.at.Name, Session: session.String()}
	u.offset, u.done = 0, false
	return u.r.Keep(u.at)
}

// ask asks how far the session is.
func (u *upload) ask(ctx context.Context) error {
	return u.put(ctx, http.Header{"Content-Range": {fmt.Sprintf("bytes */%d", u.r.Size)}}, nil, 0)
}

// send sends what the store does not have, and compares the checksum.
func (u *upload) send(ctx context.Context) error {
	for broke := 0; !u.done; {
		from := u.offset
		if err := u.count(ctx, from); err != nil {
			return err
		}
		err := u.sendChunk(ctx, from, min(u.chunk, u.r.Size-from))
		if errors.Is(err, errGone) {
			// The next attempt begins anew.
			return transfer.Temporary("The store lost what it had of the file. It is sent again by itself.", err)
		}
		if err != nil { // the connection broke: ask, and go on
			if broke++; broke > 2 || transfer.Settled(ctx, err) {
				return err
			}
			if asked := u.ask(ctx); asked != nil {
				return asked
			}
		}
		if u.offset > from {
			broke = 0
		}
		u.r.Progress(u.offset)
	}
	return u.compare(ctx)
}

func (u *upload) sendChunk(ctx context.Context, from, n int64) error {
	body, sum := transfer.NewSection(u.r.Body, from, n), &checksum{crc: u.at.CRC}
	body.Tee = sum
	span := fmt.Sprintf("bytes %d-%d/%d", from, from+n-1, u.r.Size)
	if n == 0 {
		span = "bytes */0"
	}
	err := u.put(ctx, http.Header{"Content-Range": {span}}, body, n)
	body.Close()
	if err != nil || sum.n != n || u.offset != from+n || n == 0 {
		return err
	}
	u.at.Sent, u.at.CRC = from+n, sum.crc
	return u.r.Keep(u.at)
}

// checksum is the CRC-32C of what is written to it, after what it began with.
type checksum struct {
	crc uint32
	n   int64
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (c *checksum) Write(p []byte) (int, error) {
	c.crc = crc32.Update(c.crc, castagnoli, p)
	c.n += int64(len(p))
	return len(p), nil
}

// count brings the checksum to a byte, where it is not there: what went since
// the last Remember is read again, a chunk at the most.
func (u *upload) count(ctx context.Context, to int64) error {
	if u.at.Sent > to {
		u.at.Sent, u.at.CRC = 0, 0
	}
	if u.at.Sent == to {
		return nil
	}
	sum := &checksum{crc: u.at.CRC}
	buf := make([]byte, 1<<20)
	for at := u.at.Sent; at < to; at += int64(len(buf)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		buf = buf[:min(int64(len(buf)), to-at)]
		if n, err := u.r.Body.ReadAt(buf, at); n < len(buf) {
			return err
		}
		_, _ = sum.Write(buf)
	}
	u.at.Sent, u.at.CRC = to, sum.crc
	return u.r.Keep(u.at)
}

// compare holds what the store says of the finished file against what went.
func (u *upload) compare(ctx context.Context) error {
	if err := u.count(ctx, u.r.Size); err != nil {
		return err
	}
	sum := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint32(nil, u.at.CRC))
	if u.object.CRC32C == sum && u.object.Size == strconv.FormatInt(u.r.Size, 10) {
		return nil
	}
	if err := u.remove(ctx, u.at); err != nil {
		return err
	}
	e := transfer.Temporary("What arrived is not what was sent. It goes once more.", fmt.Errorf("%+v: %w", u.object, transfer.ErrMismatch))
	e.Tries = 3
	return e
}

// put sends a request of the session, and hears how far it is. The session's URL
// is its own permission.
func (u *upload) put(ctx context.Context, header http.Header, body *transfer.Section, n int64) error {
	var bytes io.Reader
	if body != nil && n > 0 {
		bytes = body
	}
	q, err := u.session(ctx, http.MethodPut, u.at, bytes)
	if err != nil {
		return err
	}
	q.Header, q.ContentLength = header, n
	answer, err := u.Client.Do(q)
	if err != nil {
		return err
	}
	defer transfer.Finish(answer)
	switch answer.StatusCode {
	case http.StatusOK, http.StatusCreated:
		if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&u.object); err != nil {
			return err
		}
		u.offset, u.done = u.r.Size, true
		return nil
	case http.StatusPermanentRedirect: // "Resume Incomplete"
		u.offset = 0
		if v := answer.Header.Get("Range"); v != "" {
			var last int64
			if _, err := fmt.Sscanf(v, "bytes=0-%d", &last); err != nil || last >= u.r.Size {
				return transfer.WrongPlace.Error(fmt.Errorf("range is %q", v))
			}
			u.offset = last + 1
		}
		return nil
	case http.StatusNotFound, http.StatusGone:
		return errGone
	}
	return refused(answer)
}
