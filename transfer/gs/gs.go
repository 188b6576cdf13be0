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
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"satchel/chat"
	"satchel/net/google"
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

	mu     sync.Mutex
	tokens *google.Tokens // nil: the secret was not needed yet
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
	r.Recall(&p)
	return p
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

// link is what a message says of the file.
func (s *Store) link(name string) (transfer.UploadResult, error) {
	if s.cfg.PublicURL != "" {
		address, err := transfer.Below(s.cfg.PublicURL, strings.TrimPrefix(name, s.cfg.Prefix))
		return transfer.UploadResult{URL: address}, err
	}
	account, err := s.account()
	if err != nil {
		return transfer.UploadResult{}, err
	}
	life := time.Duration(s.cfg.Days) * 24 * time.Hour
	now := time.Now()
	address, err := account.Key.Sign(s.cfg.Endpoint, s.cfg.Bucket, name, nil, now, life)
	if err != nil {
		err = transfer.BadSecret.Error(err)
	}
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
