package transfer

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func getFrom(t testing.TB, g *Getter, address string, size int64) ([]byte, error) {
	t.Cleanup(g.CloseIdleConnections)
	var got bytes.Buffer
	err := g.Download(t.Context(), &DownloadRequest{URL: address, Size: size, Body: &got, Progress: func(int64) {}})
	return got.Bytes(), err
}

// A file that changes between two ranges is not put together from both.
func TestFileThatChanges(t *testing.T) {
	asked := 0
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("ETag", fmt.Sprintf(`"%d"`, asked))
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(random(10)))
	}))
	defer s.Close()
	got, err := getFrom(t, &Getter{Client: NewClient(), Chunk: 4}, s.URL, 10)
	if len(got) != 4 || explain(err).Err == nil || !strings.Contains(err.Error(), "another by now") {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// Redirects are followed, but never from TLS to what anybody can read, nor for ever.
func TestRedirects(t *testing.T) {
	data := random(9)
	open := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(data) }))
	defer open.Close()
	to := open.URL
	sealed := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/file" {
			_, _ = w.Write(data)
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
	}))
	defer sealed.Close()
	client := NewClient()
	client.Transport.(*http.Transport).TLSClientConfig = &tls.Config{RootCAs: sealed.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}
	g := &Getter{Client: client}
	if got, err := getFrom(t, g, sealed.URL, 9); len(got) > 0 || err == nil {
		t.Errorf("from TLS to none: %d bytes, %v", len(got), err)
	} else {
		sentence(t, Reason(err))
	}
	to = sealed.URL + "/file"
	if got, err := getFrom(t, g, sealed.URL, 9); !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	to = sealed.URL
	if _, err := getFrom(t, g, sealed.URL, 9); err == nil {
		t.Error("it goes round for ever")
	}
}

func TestExpired(t *testing.T) {
	now := time.Now().UTC()
	stamp := now.Add(-time.Hour).Format("20060102T150405Z")
	for query, want := range map[string]bool{
		"":                             false,
		"se=nonsense":                  false,
		"X-Amz-Date=1&X-Amz-Expires=1": false,
		"X-Amz-Date=" + stamp + "&X-Amz-Expires=60":        true,
		"X-Amz-Date=" + stamp + "&X-Amz-Expires=7200":      false,
		"X-Goog-Date=" + stamp + "&X-Goog-Expires=60":      true,
		"se=" + now.Add(time.Minute).Format(time.RFC3339):  false,
		"se=" + now.Add(-time.Minute).Format(time.RFC3339): true,
	} {
		if got := expired(&url.URL{RawQuery: query}); got != want {
			t.Errorf("%s: %v", query, got)
		}
	}
}

// claimer is a store with an account at one server.
type claimer struct {
	Handler
	at string
}

func (c claimer) Claims(address string) bool { return strings.HasPrefix(address, c.at) }

func TestClaims(t *testing.T) {
	own, any := claimer{NewTus(TusConfig{}), "https://cloud.example.org/"}, NewTus(TusConfig{})
	r := NewRegistry("own")
	r.Add("own", own)
	r.Add("any", any, "https")
	for address, want := range map[string]Handler{"https://cloud.example.org/a": own, "https://else.example.org/a": any} {
		if got, err := r.forDownload(address); err != nil || got != want {
			t.Errorf("%s: %v, %v", address, got, err)
		}
	}
}

// A Section is read no more after Close, whoever still holds it.
func TestSection(t *testing.T) {
	var tee bytes.Buffer
	s := NewSection(strings.NewReader("abcdef"), 2, 3)
	s.Tee = &tee
	one := make([]byte, 2)
	if n, err := s.Read(one); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	s.Close()
	if n, err := s.Read(one); n != 0 || err == nil {
		t.Error(n, err)
	}
	if tee.String() != "cd" {
		t.Errorf("%q", tee.String())
	}
}

// A Section lends what its body reads, and nothing after Close.
func TestSectionLends(t *testing.T) {
	s := NewSection(strings.NewReader("abcdefgh"), 1, 6)
	var got string
	for {
		p, back, err := s.Lend(4)
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got += string(p)
		back()
	}
	if got != "bcdefg" {
		t.Errorf("%q", got)
	}
	s = NewSection(strings.NewReader("abc"), 0, 3)
	s.Close()
	if p, _, err := s.Lend(1); err == nil {
		t.Errorf("lent %q after Close", p)
	}
	s = NewSection(strings.NewReader("abc"), 0, 5) // shorter than it was meant to be
	p, back, err := s.Lend(5)
	if string(p) != "abc" || err != nil {
		t.Fatalf("%q, %v", p, err)
	}
	back()
	if p, _, err := s.Lend(2); err == nil {
		t.Errorf("lent %q, which is not there", p)
	}
}

// One part fails: Send ends with its error, and nothing runs any more.
func TestPartsFail(t *testing.T) {
	data := random(20)
	why := Final("No.", nil)
	var stored int64
	p := Parts{Body: bytes.NewReader(data), Size: 20, Part: 2, Progress: func(n int64) { stored = n },
		Put: func(_ context.Context, p *Part) error {
			got, err := io.ReadAll(p.Reader())
			if err != nil || !bytes.Equal(got, data[(p.Number-1)*2:p.Number*2]) {
				t.Errorf("part %d is %v, %v", p.Number, got, err)
			}
			if p.Number == 5 {
				return why
			}
			return nil
		}}
	if err := p.Send(t.Context()); !errors.Is(err, why) || stored > 8 {
		t.Errorf("%v, %d stored", err, stored)
	}
	p.Stored, p.Put = 8, func(context.Context, *Part) error { return nil }
	if err := p.Send(t.Context()); err != nil || p.Stored != 20 || stored != 20 {
		t.Errorf("%v, %d stored", err, stored)
	}
}
