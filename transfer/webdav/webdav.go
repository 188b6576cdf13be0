// Package webdav keeps files in a folder of a WebDAV server: Nextcloud, ownCloud,
// a NAS. The transfer engine calls it, from its attempts; it starts no goroutines.
//
// To Nextcloud a big file goes in chunks, and goes on after those that are there.
// To others it goes in one request: after a cut it begins anew. (There is no
// sure way to continue a PUT: a server that does not know Content-Range takes the
// tail for the whole, and none says beforehand whether it does.)
//
// Those who share the folder read it with their own accounts, or by a public link.
package webdav

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"satchel/chat"
	"satchel/transfer"
)

// Config is a folder as a person describes it. The password stands elsewhere.
type Config struct {
	URL  string `json:"url"` // of the folder: https://cloud.example.org/remote.php/dav/files/mara/Satchel
	User string `json:"user"`
	// PublicURL is under what address everybody can read the folder, as Nextcloud
	// gives one for a share: https://cloud.example.org/public.php/dav/files/TOKEN.
	// "": only those can who have an account there and see the folder.
	PublicURL string `json:"public_url,omitempty"`
}

// Store is the handler.
type Store struct {
	open   transfer.Getter // without credentials
	cfg    Config
	secret transfer.Secret
	base   *url.URL // of the folder; its path ends with a slash
	chunks *url.URL // where Nextcloud takes chunks; nil: it is another server
	chunk  int64

	preparing chan struct{} // held by who makes the folder, and
	prepared  bool          // looks at this
}

var (
	fileName  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	nextcloud = regexp.MustCompile(`^(.*/remote\.php/dav)/files/([^/]+)/`)
)

// New returns a handler that downloads any http and https URL, and with the
// person's account those of the folder. The errors are for the person.
func New(cfg Config, secret transfer.Secret) (*Store, error) {
	u, err := transfer.BaseURL(cfg.URL)
	if err != nil {
		return nil, err
	}
	s := &Store{open: transfer.Getter{Client: transfer.NewClient()}, cfg: cfg, secret: secret, base: u.JoinPath("/"), chunk: 16 << 20, preparing: make(chan struct{}, 1)}
	if m := nextcloud.FindStringSubmatch(s.base.Path); m != nil {
		s.chunks = s.base.ResolveReference(&url.URL{Path: m[1] + "/uploads/" + m[2] + "/"})
	}
	return s, nil
}

// CloseIdleConnections lets go of connections that wait to be used again.
func (s *Store) CloseIdleConnections() { s.open.CloseIdleConnections() }

// place is where an upload stands. Chunk is the size of Nextcloud's; 0: it is one
// request. Attempts are the numbers of the chunks with which attempts began.
type place struct {
	Name     string `json:"name"`
	Chunk    int64  `json:"chunk,omitempty"`
	Attempts []int  `json:"attempts,omitempty"`
}

func (s *Store) place(r *transfer.UploadRequest) (place, error) {
	p := place{Name: string(r.ID)}
	r.Recall(&p)
	if !fileName.MatchString(p.Name) {
		return p, transfer.Refusal.Error(fmt.Errorf("name %q", p.Name))
	}
	return p, nil
}

// Upload puts the file into the folder.
func (s *Store) Upload(ctx context.Context, r *transfer.UploadRequest) (transfer.UploadResult, error) {
	at, err := s.place(r)
	if err != nil {
		return transfer.UploadResult{}, err
	}
	known := r.Place != ""
	if r.Fresh {
		_ = s.Drop(ctx, r) // what can't be dropped now is nobody's
		at, known = place{Name: string(chat.NewTransferID())}, false
	}
	if !known {
		if s.chunks != nil && r.Size > s.chunk {
			at.Chunk = transfer.PartSize(r.Size, s.chunk, mostChunks)
		}
		if err := r.Keep(at); err != nil {
			return transfer.UploadResult{}, err
		}
		if err := s.prepare(ctx); err != nil {
			return transfer.UploadResult{}, err
		}
	}
	result := transfer.UploadResult{URL: s.file(at.Name).String()}
	if s.cfg.PublicURL != "" {
		if result.URL, err = transfer.Below(s.cfg.PublicURL, at.Name); err != nil {
			return transfer.UploadResult{}, err
		}
	}
	if known {
		if size, err := s.size(ctx, at.Name); err != nil {
			return transfer.UploadResult{}, err
		} else if size == r.Size {
			r.Progress(r.Size) // an earlier attempt came to the end
			return result, nil
		}
	}
	if at.Chunk > 0 {
		return result, s.inChunks(ctx, r, at)
	}
	return result, s.inOne(ctx, r, at.Name)
}

// file is the address of a name in the folder.
func (s *Store) file(name string) *url.URL { return s.base.JoinPath(name) }

// inOne sends the file in one request, under another name until it is whole.
func (s *Store) inOne(ctx context.Context, r *transfer.UploadRequest, name string) error {
	r.Progress(0)
	part := s.file(name + ".part")
	if err := s.put(ctx, part, r.Body, 0, r.Size, nil); err != nil {
		return err
	}
	r.Progress(r.Size)
	return s.move(ctx, part, name, r.Size)
}

// put stores n bytes of a body from a byte on.
func (s *Store) put(ctx context.Context, to *url.URL, from io.ReaderAt, off, n int64, header http.Header) error {
	body := transfer.NewSection(from, off, n)
	defer body.Close()
	answer, err := s.call(ctx, http.MethodPut, to, header, body, n)
	if err != nil {
		return err
	}
	transfer.Finish(answer)
	return refused(answer)
}

// move gives what is whole its name, over nothing that is there.
func (s *Store) move(ctx context.Context, from *url.URL, name string, size int64) error {
	answer, err := s.call(ctx, "MOVE", from, http.Header{
		"Destination": {s.file(name).String()}, "Overwrite": {"F"}, "OC-Total-Length": {strconv.FormatInt(size, 10)},
	}, nil, 0)
	if err != nil {
		return err
	}
	transfer.Finish(answer)
	return refused(answer)
}

// size is how many bytes a file has; -1 where there is none.
func (s *Store) size(ctx context.Context, name string) (int64, error) {
	answer, err := s.call(ctx, http.MethodHead, s.file(name), nil, nil, 0)
	if err != nil {
		return 0, err
	}
	transfer.Finish(answer)
	if answer.StatusCode == http.StatusNotFound {
		return -1, nil
	}
	return answer.ContentLength, refused(answer)
}

// prepare makes the folder where it is not there; one upload does, others wait.
func (s *Store) prepare(ctx context.Context) error {
	select {
	case s.preparing <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-s.preparing }()
	if s.prepared {
		return nil
	}
	err := s.folder(ctx, s.base)
	s.prepared = err == nil
	return err
}

// folder makes a folder, and those above it, where they are not there.
func (s *Store) folder(ctx context.Context, at *url.URL) error {
	for try := 0; ; try++ {
		answer, err := s.call(ctx, "MKCOL", at, nil, nil, 0)
		if err != nil {
			return err
		}
		transfer.Finish(answer)
		switch {
		case answer.StatusCode == http.StatusMethodNotAllowed: // it is there
			return nil
		case answer.StatusCode != http.StatusConflict || try > 0:
			return refused(answer)
		}
		up := *at // the one above is not
		up.Path, up.RawPath = path.Dir(strings.TrimSuffix(at.Path, "/")), ""
		if up.Path == "/" || up.Path == "." {
			return refused(answer)
		}
		if err := s.folder(ctx, up.JoinPath("/")); err != nil {
			return err
		}
	}
}

// Drop removes what there is of an upload.
func (s *Store) Drop(ctx context.Context, r *transfer.UploadRequest) error {
	at, err := s.place(r)
	if err != nil {
		return err
	}
	all := []*url.URL{s.file(at.Name + ".part"), s.file(at.Name)}
	if at.Chunk > 0 {
		all = append(all, s.collection(at.Name))
	}
	for _, u := range all {
		if err := s.remove(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes what may be there. A request that was given up may hold it still
// for a moment.
func (s *Store) remove(ctx context.Context, u *url.URL) error {
	for try := 0; ; try++ {
		answer, err := s.call(ctx, http.MethodDelete, u, nil, nil, 0)
		if err != nil {
			return err
		}
		transfer.Finish(answer)
		switch {
		case answer.StatusCode == http.StatusNotFound:
			return nil
		case answer.StatusCode != http.StatusLocked || try == 6:
			return refused(answer)
		}
		if err := transfer.Sleep(ctx, 50*time.Millisecond<<try); err != nil {
			return err
		}
	}
}

// Claims tells of URLs in a folder at this server: with the person's account
// they are read from where this account sees the folder.
func (s *Store) Claims(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != s.base.Scheme || !strings.EqualFold(u.Host, s.base.Host) || u.RawQuery != "" || !fileName.MatchString(path.Base(u.Path)) {
		return false
	}
	if s.chunks != nil {
		return nextcloud.MatchString(u.Path)
	}
	return strings.HasPrefix(u.Path, s.base.Path)
}

// Download fetches a file of the folder with the account, and any other without.
func (s *Store) Download(ctx context.Context, r *transfer.DownloadRequest) error {
	if !s.Claims(r.URL) {
		return s.open.Download(ctx, r)
	}
	u, err := url.Parse(r.URL)
	if err != nil {
		return err
	}
	own := *r
	own.URL = s.file(path.Base(u.Path)).String()
	with := s.open
	with.Authorize = s.authorize
	return with.Download(ctx, &own)
}

func (s *Store) authorize(q *http.Request) error {
	if s.cfg.User == "" {
		return nil
	}
	password, err := s.secret()
	if err == nil {
		q.SetBasicAuth(s.cfg.User, password)
	}
	return err
}

// call sends a request and returns the answer whatever its status.
func (s *Store) call(ctx context.Context, method string, to *url.URL, header http.Header, body io.Reader, n int64) (*http.Response, error) {
	if n == 0 {
		body = nil
	}
	q, err := http.NewRequestWithContext(ctx, method, to.String(), body)
	if err != nil {
		return nil, transfer.WrongPlace.Error(err)
	}
	if header != nil {
		q.Header = header
	}
	q.ContentLength = n
	if err := s.authorize(q); err != nil {
		return nil, err
	}
	return s.open.Client.Do(q)
}

// refused gives a refusal its sentence; nil for what is none.
func refused(answer *http.Response) error {
	t, ok := transfer.TroubleOf(answer.StatusCode)
	if !ok {
		return nil
	}
	switch answer.StatusCode {
	case http.StatusPreconditionFailed:
		return transfer.Final("The folder has another file under this name. Nothing was overwritten; send it again.", errors.New(answer.Status))
	case http.StatusConflict:
		t = transfer.NoBucket
	case http.StatusNotImplemented:
		t = transfer.WrongPlace
	}
	return t.Error(fmt.Errorf("%s %s: %s", answer.Request.Method, answer.Request.URL.Path, answer.Status))
}
