// Package web sends files to web servers of a person's own: as a form, as
// upload pages take it, or by PUT to an address. The transfer engine calls it,
// from its attempts; it starts no goroutines.
//
// Both are one request a file: after a cut it begins anew.
package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"satchel/chat"
	"satchel/transfer"
)

// Config is a server as a person describes it. The token, or password, stands
// elsewhere.
type Config struct {
	// Method is "POST" for a form, or "PUT".
	Method string `json:"method"`
	// URL is where it goes. For PUT it has {id} in it, where the file's id goes.
	URL string `json:"url"`
	// PublicURL is where others read what was PUT, with {id}; "": URL.
	PublicURL string `json:"public_url,omitempty"`
	// User makes the secret a password of Basic authentication. Without it the
	// secret, if there is one, goes as "Authorization: Bearer", or into TokenField.
	User string `json:"user,omitempty"`

	// Of forms only. Fields go with every file; names that are "" are "op" set to
	// "upload", and "file".
	Fields     map[string]string `json:"fields,omitempty"`
	TokenField string            `json:"token_field,omitempty"`
	FileField  string            `json:"file_field,omitempty"`
	// The answer is JSON: ResultField ("result") says whether it went well,
	// URLField ("url") where the file is.
	ResultField string `json:"result_field,omitempty"`
	URLField    string `json:"url_field,omitempty"`
}

const idMark = "{id}"

// New returns a handler that downloads any http and https URL. One by PUT is also
// a transfer.Dropper: it deletes. The errors are for the person.
func New(cfg Config, secret transfer.Secret) (transfer.Handler, error) {
	if _, err := transfer.BaseURL(strings.ReplaceAll(cfg.URL, idMark, "id")); err != nil {
		return nil, err
	}
	s := store{Getter: transfer.Getter{Client: transfer.NewClient()}, cfg: cfg, secret: secret}
	switch strings.ToUpper(cfg.Method) {
	case http.MethodPost:
		return &Form{s}, nil
	case http.MethodPut:
		s.cfg.PublicURL = cmp.Or(cfg.PublicURL, cfg.URL)
		if !strings.Contains(cfg.URL, idMark) || !strings.Contains(s.cfg.PublicURL, idMark) {
			return nil, transfer.Final("Addresses for PUT need {id} in them, where the name of each file goes. Add it.", nil)
		}
		return &Put{s}, nil
	}
	return nil, transfer.Final("A web server takes files by POST or by PUT. Choose one.", nil)
}

type store struct {
	transfer.Getter
	cfg    Config
	secret transfer.Secret
}

// begin asks for a name that was never used where what is there is wrong.
func begin(r *transfer.UploadRequest) (id string, err error) {
	id = cmp.Or(r.Place, string(r.ID))
	if r.Fresh {
		id = string(chat.NewTransferID())
		err = r.Remember(id)
	}
	return id, err
}

// do sends a request with the secret, and returns an answer that is no refusal.
func (s *store) do(q *http.Request) (*http.Response, error) {
	secret, err := s.secret()
	if err != nil {
		return nil, err
	}
	switch {
	case s.cfg.User != "":
		q.SetBasicAuth(s.cfg.User, secret)
	case secret != "" && s.cfg.TokenField == "":
		q.Header.Set("Authorization", "Bearer "+secret)
	}
	answer, err := s.Client.Do(q)
	if err != nil {
		return nil, err
	}
	t, refused := transfer.TroubleOf(answer.StatusCode)
	if !refused {
		return answer, nil
	}
	transfer.Finish(answer)
	if answer.StatusCode == http.StatusConflict {
		t = transfer.NoBucket
	}
	return nil, t.Error(&statusError{q.Method, q.URL.Path, answer.StatusCode})
}

type statusError struct {
	method, path string
	status       int
}

func (e *statusError) Error() string {
	return fmt.Sprintf("%s %s: %d %s", e.method, e.path, e.status, http.StatusText(e.status))
}

// Put sends a file by PUT.
type Put struct{ store }

func (s *Put) address(template, id string) string {
	return strings.ReplaceAll(template, idMark, url.PathEscape(id))
}

// Upload implements transfer.Handler.
func (s *Put) Upload(ctx context.Context, r *transfer.UploadRequest) (transfer.UploadResult, error) {
	if r.Fresh {
		_ = s.Drop(ctx, r) // what can't be dropped now is nobody's
	}
	id, err := begin(r)
	if err != nil {
		return transfer.UploadResult{}, err
	}
	r.Progress(0)
	body := transfer.NewSection(r.Body, 0, r.Size)
	defer body.Close()
	q, err := http.NewRequestWithContext(ctx, http.MethodPut, s.address(s.cfg.URL, id), unlessEmpty(body, r.Size))
	if err != nil {
		return transfer.UploadResult{}, transfer.WrongPlace.Error(err)
	}
	q.ContentLength = r.Size
	q.Header.Set("Content-Type", "application/octet-stream")
	answer, err := s.do(q)
	if err != nil {
		return transfer.UploadResult{}, err
	}
	transfer.Finish(answer)
	body.Close()
	r.Progress(r.Size)
	return transfer.UploadResult{URL: s.address(s.cfg.PublicURL, id)}, nil
}

// Drop deletes the file.
func (s *Put) Drop(ctx context.Context, r *transfer.UploadRequest) error {
	q, err := http.NewRequestWithContext(ctx, http.MethodDelete, s.address(s.cfg.URL, cmp.Or(r.Place, string(r.ID))), nil)
	if err != nil {
		return transfer.WrongPlace.Error(err)
	}
	answer, err := s.do(q)
	if no := new(statusError); errors.As(err, &no) && (no.status == http.StatusNotFound || no.status == http.StatusGone) {
		return nil
	}
	if err == nil {
		transfer.Finish(answer)
	}
	return err
}

// unlessEmpty is nil for nothing, so that a length of 0 is said.
func unlessEmpty(body *transfer.Section, size int64) io.Reader {
	if size == 0 {
		return nil
	}
	return body
}

// Form sends a file as a form, by POST.
type Form struct{ store }

// Upload implements transfer.Handler.
func (s *Form) Upload(ctx context.Context, r *transfer.UploadRequest) (transfer.UploadResult, error) {
	id, err := begin(r)
	if err != nil {
		return transfer.UploadResult{}, err
	}
	var head, tail bytes.Buffer
	form := multipart.NewWriter(&head)
	if err := s.fields(form); err != nil {
		return transfer.UploadResult{}, err
	}
	if _, err := form.CreateFormFile(cmp.Or(s.cfg.FileField, "file"), id); err != nil {
		return transfer.UploadResult{}, err
	}
	fmt.Fprintf(&tail, "\r\n--%s--\r\n", form.Boundary())

	r.Progress(0)
	body := transfer.NewSection(r.Body, 0, r.Size)
	defer body.Close()
	length := int64(head.Len()+tail.Len()) + r.Size
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.URL, struct {
		io.Reader
		io.Closer
	}{io.MultiReader(&head, body, &tail), body})
	if err != nil {
		return transfer.UploadResult{}, transfer.WrongPlace.Error(err)
	}
	q.ContentLength = length
	q.Header.Set("Content-Type", form.FormDataContentType())
	answer, err := s.do(q)
	if err != nil {
		return transfer.UploadResult{}, err
	}
	defer transfer.Finish(answer)
	body.Close()
	address, err := s.read(answer)
	if err != nil {
		return transfer.UploadResult{}, err
	}
	r.Progress(r.Size)
	return transfer.UploadResult{URL: address}, nil
}

func (s *Form) fields(form *multipart.Writer) error {
	fields := s.cfg.Fields
	if fields == nil {
		fields = map[string]string{"op": "upload"}
	}
	for name, value := range fields {
		if err := form.WriteField(name, value); err != nil {
			return err
		}
	}
	secret, err := s.secret()
	if err != nil || s.cfg.TokenField == "" || s.cfg.User != "" {
		return err
	}
	return form.WriteField(s.cfg.TokenField, secret)
}

// read finds in the answer where the file is.
func (s *Form) read(answer *http.Response) (string, error) {
	var said map[string]any
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&said); err != nil {
		return "", transfer.WrongPlace.Error(fmt.Errorf("no JSON: %w", err))
	}
	result, ok := said[cmp.Or(s.cfg.ResultField, "result")]
	if no := []any{false, 0.0, "", nil, "false", "fail", "failed", "error"}; ok && slices.Contains(no, result) {
		return "", transfer.Refusal.Error(fmt.Errorf("result is %v", result))
	}
	where, _ := said[cmp.Or(s.cfg.URLField, "url")].(string)
	u, err := answer.Request.URL.Parse(where)
	if err != nil || where == "" || u.User != nil || u.Scheme != "http" && u.Scheme != "https" {
		return "", transfer.WrongPlace.Error(errors.Join(fmt.Errorf("url is %q", where), err))
	}
	return u.String(), nil
}
