// Package gs keeps a relay's files in a bucket of Google Cloud Storage, by its
// JSON API over plain HTTP.
//
// There, an object can't be read while it is written and has no parts. So each
// part is an object of its own, and they are composed at the end.
package gs

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"satchel/net/google"
	"satchel/net/relay/bucket"
	"satchel/net/wire"
)

// mostSources is how many objects one request composes.
const mostSources = 32

// Store is a bucket.
type Store struct {
	client   *http.Client
	endpoint string
	name     string
	prefix   string
	tokens   *google.Tokens
}

// Open opens gs://BUCKET[/PREFIX]?endpoint=URL. The key file of a service
// account is named in GOOGLE_APPLICATION_CREDENTIALS.
func Open(u *url.URL) (bucket.Bucket, error) {
	q := u.Query()
	for name := range q {
		if name != "endpoint" {
			return nil, fmt.Errorf("a gs:// URL has endpoint and proxy behind its ?, and no %s", name)
		}
	}
	endpoint := strings.TrimRight(q.Get("endpoint"), "/")
	if endpoint == "" {
		endpoint = "https://storage.googleapis.com"
	}
	at, err := url.Parse(endpoint)
	if err != nil || at.Scheme != "http" && at.Scheme != "https" || at.Host == "" || at.User != nil || at.Path != "" {
		return nil, errors.New("the endpoint of a bucket is a URL like https://storage.googleapis.com")
	}
	file := os.Getenv("GOOGLE_APPLICATION_CREDENTIALS")
	if u.Host == "" || u.User != nil || file == "" {
		return nil, errors.New("a bucket is named like gs://BUCKET; the key file of its service account is named in GOOGLE_APPLICATION_CREDENTIALS")
	}
	secret, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("the key of the service account can't be read: %w", err)
	}
	key, err := google.ReadKey(secret)
	if err != nil {
		return nil, errors.New("the file that GOOGLE_APPLICATION_CREDENTIALS names is not the key of a service account: it is a JSON file that Google Cloud gives out")
	}
	client := &http.Client{Transport: bucket.Transport()}
	return &Store{client: client, endpoint: endpoint, name: u.Host, prefix: bucket.Prefix(u), tokens: &google.Tokens{Key: key, Client: client}}, nil
}

func (s *Store) About() string {
	return fmt.Sprintf("Google Cloud Storage, bucket %s at %s", s.name, s.endpoint)
}

func (s *Store) Close() { s.client.CloseIdleConnections() }

// Check lists the bucket, which needs the same permission as sweeping it.
func (s *Store) Check(ctx context.Context) error {
	_, err := s.call(ctx, http.MethodGet, s.objects()+"?maxResults=1", nil, "")
	if err != nil {
		return fmt.Errorf("the bucket %s can't be used: %w", s.name, err)
	}
	return nil
}

// objects and object are addresses of the API.
func (s *Store) objects() string {
	return s.endpoint + "/storage/v1/b/" + url.PathEscape(s.name) + "/o"
}

func (s *Store) object(name string) string { return s.objects() + "/" + url.PathEscape(s.prefix+name) }

// request sends one with a token; the answer is no refusal, and its caller closes it.
func (s *Store) request(ctx context.Context, method, address string, body []byte, kind string) (*http.Response, error) {
	t, err := s.tokens.Get(ctx)
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(ctx, method, address, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	q.Header.Set("Authorization", "Bearer "+t)
	if kind != "" {
		q.Header.Set("Content-Type", kind)
	}
	answer, err := s.client.Do(q)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < 300 {
		return answer, nil
	}
	_, _ = io.CopyN(io.Discard, answer.Body, 64<<10)
	answer.Body.Close()
	err = fmt.Errorf("%s %s: %s", method, q.URL.Path, answer.Status)
	if answer.StatusCode == http.StatusNotFound {
		err = bucket.Missing(err)
	}
	return nil, err
}

// call is request for a short answer, read whole.
func (s *Store) call(ctx context.Context, method, address string, body []byte, kind string) ([]byte, error) {
	answer, err := s.request(ctx, method, address, body, kind)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	return io.ReadAll(io.LimitReader(answer.Body, 16<<20))
}

// Begin has nothing to do: parts are objects.
func (s *Store) Begin(context.Context, string) (string, error) { return "objects", nil }

// Part puts an object of its own, under another name each time: what arrives
// late takes no other's place.
func (s *Store) Part(ctx context.Context, name, _ string, n int, b []byte) (string, error) {
	part := fmt.Sprintf("%s.part.%05d.%s", name, n, wire.NewID())
	return part, s.Put(ctx, part, b)
}

// Complete composes the parts, 32 at a time, and what that gives, until one
// object is left.
func (s *Store) Complete(ctx context.Context, name, _ string, tags []string) error {
	var made []string
	for from := tags; ; {
		if len(from) <= mostSources {
			if err := s.compose(ctx, name, from); err != nil {
				return err
			}
			break
		}
		var next []string
		for i := 0; i < len(from); i += mostSources {
			to := fmt.Sprintf("%s.part.%05d.%s", name, i, wire.NewID())
			if err := s.compose(ctx, to, from[i:min(i+mostSources, len(from))]); err != nil {
				return err
			}
			next = append(next, to)
		}
		made = append(made, next...)
		from = next
	}
	for _, part := range append(made, tags...) {
		_ = s.Delete(ctx, part) // else the sweeper does
	}
	return nil
}

func (s *Store) compose(ctx context.Context, to string, from []string) error {
	type source struct {
		Name string `json:"name"`
	}
	var body struct {
		Sources     []source `json:"sourceObjects"`
		Destination struct {
			Type string `json:"contentType"`
		} `json:"destination"`
	}
	for _, f := range from {
		body.Sources = append(body.Sources, source{s.prefix + f})
	}
	body.Destination.Type = octets
	b, err := json.Marshal(body)
	if err == nil {
		_, err = s.call(ctx, http.MethodPost, s.object(to)+"/compose", b, "application/json")
	}
	return err
}

const octets = "application/octet-stream"

// Abort deletes parts. Those of which nobody knows any more are found by List.
func (s *Store) Abort(ctx context.Context, _, _ string, tags []string) error {
	for _, part := range tags {
		if err := s.Delete(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) Put(ctx context.Context, name string, b []byte) error {
	answer, err := s.call(ctx, http.MethodPost, s.endpoint+"/upload/storage/v1/b/"+url.PathEscape(s.name)+"/o?uploadType=media&name="+url.QueryEscape(s.prefix+name), b, octets)
	if err != nil {
		return err
	}
	var o struct {
		MD5 string `json:"md5Hash"`
	}
	sum := md5.Sum(b)
	if err := json.Unmarshal(answer, &o); err != nil || o.MD5 != base64.StdEncoding.EncodeToString(sum[:]) {
		return fmt.Errorf("%s did not arrive as it was sent", name)
	}
	return nil
}

func (s *Store) Get(ctx context.Context, name string, offset int64) (io.ReadCloser, error) {
	t, err := s.tokens.Get(ctx)
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, s.object(name)+"?alt=media", nil)
	if err != nil {
		return nil, err
	}
	q.Header.Set("Authorization", "Bearer "+t)
	if offset > 0 {
		q.Header.Set("Range", "bytes="+strconv.FormatInt(offset, 10)+"-")
	}
	answer, err := s.client.Do(q)
	if err != nil {
		return nil, err
	}
	switch {
	case answer.StatusCode == http.StatusOK && offset == 0, answer.StatusCode == http.StatusPartialContent && offset > 0:
		return answer.Body, nil
	}
	answer.Body.Close()
	err = fmt.Errorf("GET %s: %s", q.URL.Path, answer.Status)
	if answer.StatusCode == http.StatusNotFound {
		err = bucket.Missing(err)
	}
	return nil, err
}

func (s *Store) Size(ctx context.Context, name string) (int64, error) {
	b, err := s.call(ctx, http.MethodGet, s.object(name), nil, "")
	if err != nil {
		return 0, err
	}
	var o struct {
		Size int64 `json:"size,string"`
	}
	return o.Size, json.Unmarshal(b, &o)
}

func (s *Store) Delete(ctx context.Context, name string) error {
	_, err := s.call(ctx, http.MethodDelete, s.object(name), nil, "")
	if errors.Is(err, bucket.ErrNotFound) {
		return nil
	}
	return err
}

func (s *Store) Link(_ context.Context, name string, life time.Duration) (string, error) {
	return s.tokens.Key.Sign(s.endpoint, s.name, s.prefix+name, url.Values{"response-content-disposition": {"attachment"}}, time.Now(), life)
}

func (s *Store) List(ctx context.Context, each func(bucket.Object) error) error {
	for next := ""; ; {
		b, err := s.call(ctx, http.MethodGet, s.objects()+"?prefix="+url.QueryEscape(s.prefix)+"&pageToken="+url.QueryEscape(next), nil, "")
		if err != nil {
			return err
		}
		var page struct {
			Next  string `json:"nextPageToken"`
			Items []struct {
				Name    string    `json:"name"`
				Updated time.Time `json:"updated"`
			} `json:"items"`
		}
		if err := json.Unmarshal(b, &page); err != nil {
			return err
		}
		for _, o := range page.Items {
			if err := each(bucket.Object{Name: strings.TrimPrefix(o.Name, s.prefix), Modified: o.Updated}); err != nil {
				return err
			}
		}
		if next = page.Next; next == "" {
			return nil
		}
	}
}
