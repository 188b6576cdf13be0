// Package gs keeps files in a bucket of Google Cloud Storage, by its JSON API
// over plain HTTP. The transfer engine calls it, from its attempts; it starts no
// goroutines.
//
// A file goes in one resumable session, chunk after chunk; an attempt asks the
// session how far it is and goes on there. The store's CRC-32C of the whole is
// compared at the end.
package gs

import (
	"cmp"
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
	"sync"
	"time"

	"satchel/chat"
	"satchel/transfer"
)

// Config is a bucket as a person describes it. The key of a service account, the
// JSON file that Google gives out, is the secret and stands elsewhere.
type Config struct {
	Bucket   string `json:"bucket"`
	Endpoint string `json:"endpoint,omitempty"` // "": https://storage.googleapis.com
	Prefix   string `json:"prefix,omitempty"`   // before the names of files: "satchel/"
	// PublicURL is under what address everybody can read what lies below Prefix;
	// then links need not be signed and do not expire.
	PublicURL string `json:"public_url,omitempty"`
	Days      int    `json:"days,omitempty"` // how long signed links work: 1 to 7; 0: 7
}

const mostDays = 7 // of the signature

// Store is the handler.
type Store struct {
	transfer.Getter
	cfg    Config
	secret transfer.Secret
	chunk  int64 // bytes of a request; a multiple of 256 KiB

	mu    sync.Mutex
	key   *serviceKey
	token token
}

// New returns a handler that downloads any http and https URL. The errors are
// for the person.
func New(cfg Config, secret transfer.Secret) (*Store, error) {
	if cfg.Bucket == "" {
		return nil, transfer.Final("Google Cloud Storage needs the name of a bucket. Fill it in.", nil)
	}
	cfg.Endpoint = strings.TrimRight(cmp.Or(cfg.Endpoint, "https://storage.googleapis.com"), "/")
	if u, err := transfer.BaseURL(cfg.Endpoint); err != nil {
		return nil, err
	} else if u.Path != "" {
		return nil, transfer.Final("The address of Google Cloud Storage ends after the name of the computer. Put the bucket into its own field.", nil)
	}
	if cfg.Days < 0 || cfg.Days > mostDays {
		return nil, transfer.Final("Links to files in a bucket work for 7 days at most. Choose 1 to 7, or give the address of a public bucket.", nil)
	}
	cfg.Days = cmp.Or(cfg.Days, mostDays)
	return &Store{Getter: transfer.Getter{Client: transfer.NewClient()}, cfg: cfg, secret: secret, chunk: 16 << 20}, nil
}

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

// place is where an upload stands: its session, and the CRC-32C of the first Sent
// bytes.
type place struct {
	Name    string `json:"name"`
	Session string `json:"session,omitempty"`
	Sent    int64  `json:"sent,omitempty"`
	CRC     uint32 `json:"crc,omitempty"`
}

func (s *Store) place(r *transfer.UploadRequest) place {
	p := place{Name: s.cfg.Prefix + string(r.ID)}
	if r.Place != "" {
		_ = json.Unmarshal([]byte(r.Place), &p)
	}
	return p
}

func remember(r *transfer.UploadRequest, p place) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return r.Remember(string(data))
}

// Upload puts the file into the bucket.
func (s *Store) Upload(ctx context.Context, r *transfer.UploadRequest) (transfer.UploadResult, error) {
	at := s.place(r)
	if r.Fresh {
		_ = s.Drop(ctx, r) // what can't be dropped now is nobody's
		at = place{Name: s.cfg.Prefix + string(chat.NewTransferID())}
	}
	u := &upload{Store: s, r: r, at: at}
	err := errGone
	if at.Session != "" {
		err = u.ask(ctx)
	}
	if errors.Is(err, errGone) {
		err = u.create(ctx)
	}
	if err != nil {
		return transfer.UploadResult{}, err
	}
	r.Progress(u.offset)
	if err := u.send(ctx); err != nil {
		return transfer.UploadResult{}, err
	}
	return s.link(u.at.Name)
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
	return remember(u.r, u.at)
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
	return remember(u.r, u.at)
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
	return remember(u.r, u.at)
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

// link is what a message says of the file.
func (s *Store) link(name string) (transfer.UploadResult, error) {
	if s.cfg.PublicURL != "" {
		address, err := transfer.Below(s.cfg.PublicURL, strings.TrimPrefix(name, s.cfg.Prefix))
		return transfer.UploadResult{URL: address}, err
	}
	key, err := s.account()
	if err != nil {
		return transfer.UploadResult{}, err
	}
	life := time.Duration(s.cfg.Days) * 24 * time.Hour
	now := time.Now()
	address, err := key.sign(s.cfg.Endpoint, s.cfg.Bucket, name, now, life)
	return transfer.UploadResult{URL: address, Expires: now.Add(life)}, err
}

// Renew signs a link to the same file again.
func (s *Store) Renew(_ context.Context, address string) (transfer.UploadResult, error) {
	u, err := url.Parse(address)
	if err != nil {
		return transfer.UploadResult{}, transfer.NotOurs(err)
	}
	name, ours := strings.CutPrefix(u.Path, "/"+s.cfg.Bucket+"/"+s.cfg.Prefix)
	if !ours || name == "" {
		return transfer.UploadResult{}, transfer.NotOurs(fmt.Errorf("path %q", u.Path))
	}
	return s.link(s.cfg.Prefix + name)
}

// Drop gives up a session, and deletes what is whole.
func (s *Store) Drop(ctx context.Context, r *transfer.UploadRequest) error {
	return s.remove(ctx, s.place(r))
}

func (s *Store) remove(ctx context.Context, at place) error {
	if at.Session != "" {
		q, err := s.session(ctx, http.MethodDelete, at, nil)
		if err != nil {
			return err
		}
		answer, err := s.Client.Do(q)
		if err != nil {
			return err
		}
		transfer.Finish(answer) // 499 when it is given up; any other when it was over
	}
	answer, err := s.call(ctx, http.MethodDelete, fmt.Sprintf("%s/storage/v1/b/%s/o/%s", s.cfg.Endpoint, url.PathEscape(s.cfg.Bucket), url.PathEscape(at.Name)), nil)
	if errors.Is(err, errMissing) {
		return nil
	}
	if err == nil {
		transfer.Finish(answer)
	}
	return err
}

// errMissing is within what the store says of a name that it does not have.
var errMissing = errors.New("not there")

// call sends a request with a token, and returns an answer that is no refusal.
func (s *Store) call(ctx context.Context, method, address string, header http.Header) (*http.Response, error) {
	token, err := s.permit(ctx)
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(ctx, method, address, nil)
	if err != nil {
		return nil, transfer.WrongPlace.Error(err)
	}
	if header != nil {
		q.Header = header
	}
	q.Header.Set("Authorization", "Bearer "+token)
	answer, err := s.Client.Do(q)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode >= 300 {
		defer transfer.Finish(answer)
		return nil, refused(answer)
	}
	return answer, nil
}

func refused(answer *http.Response) error {
	err := fmt.Errorf("%s %s: %s", answer.Request.Method, answer.Request.URL.Path, answer.Status)
	if answer.StatusCode == http.StatusNotFound {
		err = errors.Join(errMissing, err)
	}
	t, _ := transfer.TroubleOf(answer.StatusCode)
	return t.Error(err)
}
