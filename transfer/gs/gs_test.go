package gs

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"go.uber.org/goleak"

	"satchel/net/google"
	"satchel/transfer"
	"satchel/transfer/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const testChunk = 2 << 20

// front stands before fake-gcs-server and does what that one leaves out: it gives
// tokens to who proves the key, asks for them, checks signed links and their
// time, and tells how far a session is. Bytes and objects are the server's.
type front struct {
	*httptest.Server
	to  string
	key *rsa.PrivateKey

	mu       sync.Mutex
	sessions map[string]*session
}

type session struct {
	mu     sync.Mutex
	stored int64
	object []byte // the answer at the end
}

func newFront(t testing.TB) *front {
	port := storetest.FreePort(t)
	to := storetest.Start(t, port, storetest.Tool(t, "fake-gcs-server"), "-scheme", "http", "-host", "127.0.0.1", "-port", strconv.Itoa(port), "-backend", "memory", "-log-level", "error")
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	f := &front{to: to, key: key, sessions: map[string]*session{}}
	f.Server = httptest.NewServer(f)
	t.Cleanup(f.Close)
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	resp, err := http.Post("http://"+to+"/storage/v1/b?project=p", "application/json", strings.NewReader(`{"name":"files"}`))
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	resp.Body.Close()
	return f
}

const testToken = "a token for tests"

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("upload_id")
	switch {
	case r.URL.Path == "/token":
		f.grant(w, r)
	case id != "":
		f.session(w, r, id)
	case strings.HasPrefix(r.URL.Path, "/storage/") || strings.HasPrefix(r.URL.Path, "/upload/"):
		if r.Header.Get("Authorization") != "Bearer "+testToken {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		f.pass(w, r, nil)
	default:
		if status := f.link(r); status != 0 {
			w.WriteHeader(status)
			return
		}
		f.pass(w, r, nil)
	}
}

// grant is Google's https://oauth2.googleapis.com/token.
func (f *front) grant(w http.ResponseWriter, r *http.Request) {
	_, err := jwt.Parse(r.PostFormValue("assertion"), func(*jwt.Token) (any, error) { return &f.key.PublicKey, nil }, jwt.WithValidMethods([]string{"RS256"}))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write([]byte(`{"error":"invalid_grant"}`))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"access_token":%q,"token_type":"Bearer","expires_in":3600}`, testToken)
}

// link checks a signed link from the documentation's end, and returns a status.
func (f *front) link(r *http.Request) int {
	query, signature, ok := strings.Cut(r.URL.RawQuery, "&X-Goog-Signature=")
	q := r.URL.Query()
	scope := strings.SplitN(q.Get("X-Goog-Credential"), "/", 2)
	if !ok || len(scope) != 2 {
		return http.StatusForbidden
	}
	request := "GET\n" + r.URL.EscapedPath() + "\n" + query + "\nhost:" + r.Host + "\n\nhost\nUNSIGNED-PAYLOAD"
	hash := sha256.Sum256([]byte(request))
	signed := sha256.Sum256([]byte("GOOG4-RSA-SHA256\n" + q.Get("X-Goog-Date") + "\n" + scope[1] + "\n" + hex.EncodeToString(hash[:])))
	raw, _ := hex.DecodeString(signature)
	if rsa.VerifyPKCS1v15(&f.key.PublicKey, crypto.SHA256, signed[:], raw) != nil {
		return http.StatusForbidden
	}
	begin, _ := time.Parse("20060102T150405Z", q.Get("X-Goog-Date"))
	life, _ := strconv.Atoi(q.Get("X-Goog-Expires"))
	if time.Now().After(begin.Add(time.Duration(life) * time.Second)) {
		return http.StatusBadRequest // ExpiredToken
	}
	return 0
}

func (f *front) session(w http.ResponseWriter, r *http.Request, id string) {
	f.mu.Lock()
	s := f.sessions[id]
	if s == nil {
		s = &session{}
		f.sessions[id] = s
	}
	if r.Method == http.MethodDelete {
		s.stored = -1
	}
	f.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.Method == http.MethodDelete {
		w.WriteHeader(499)
		return
	}
	if s.stored < 0 {
		w.WriteHeader(http.StatusGone)
		return
	}
	span := r.Header.Get("Content-Range")
	if s.object != nil {
		_, _ = w.Write(s.object)
		return
	}
	if strings.HasPrefix(span, "bytes */") && span != "bytes */0" {
		if s.stored > 0 {
			w.Header().Set("Range", fmt.Sprintf("bytes=0-%d", s.stored-1))
		}
		w.WriteHeader(http.StatusPermanentRedirect)
		return
	}
	var from int64
	if n, _ := fmt.Sscanf(span, "bytes %d-", &from); n == 1 && from != s.stored {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	data, err := io.ReadAll(r.Body) // whole, or not at all
	if err != nil {
		return
	}
	status, body := f.pass(w, r, data)
	switch status {
	case http.StatusOK:
		s.object = body
	case http.StatusPermanentRedirect:
		s.stored += int64(len(data))
	}
}

// pass asks the server behind, as the host that it serves.
func (f *front) pass(w http.ResponseWriter, r *http.Request, data []byte) (int, []byte) {
	var body io.Reader = r.Body
	if data != nil {
		body = bytes.NewReader(data)
	}
	q, err := http.NewRequest(r.Method, "http://"+f.to+r.URL.RequestURI(), body)
	if err != nil {
		return 0, nil
	}
	q.Header, q.Host, q.ContentLength = r.Header.Clone(), "storage.googleapis.com", r.ContentLength
	resp, err := http.DefaultTransport.RoundTrip(q)
	if err != nil {
		return 0, nil
	}
	defer resp.Body.Close()
	if location, err := url.Parse(resp.Header.Get("Location")); err == nil && location.Path != "" {
		location.Scheme, location.Host = "http", r.Host
		resp.Header.Set("Location", location.String())
	}
	for k, v := range resp.Header {
		w.Header()[k] = v
	}
	w.WriteHeader(resp.StatusCode)
	if r.Method != http.MethodPut {
		_, _ = io.Copy(w, resp.Body)
		return resp.StatusCode, nil
	}
	answer, _ := io.ReadAll(resp.Body)
	_, _ = w.Write(answer)
	return resp.StatusCode, answer
}

// secretOf is the JSON that Google gives out, for a key.
func secretOf(t testing.TB, address string, key *rsa.PrivateKey) string {
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(map[string]string{"client_email": "satchel@example.org", "private_key_id": "1", "token_uri": "http://" + address + "/token",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}))})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func open(t testing.TB, address, secret string, change func(*Config)) *Store {
	cfg := Config{Bucket: "files", Endpoint: "http://" + address, Prefix: "satchel/"}
	if change != nil {
		change(&cfg)
	}
	s, err := New(cfg, func() (string, error) { return secret, nil })
	if err != nil {
		t.Fatal(err)
	}
	s.chunk = testChunk
	t.Cleanup(s.CloseIdleConnections)
	return s
}

func TestStore(t *testing.T) {
	f := newFront(t)
	address := f.Listener.Addr().String()
	stranger, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Run(t, storetest.Store{
		Address: address, Chunk: testChunk, Resumes: true, Secret: "PRIVATE",
		Open: func(t testing.TB, address string) transfer.Handler {
			return open(t, address, secretOf(t, address, f.key), nil)
		},
		Wrong: func(t testing.TB, address string) transfer.Handler {
			return open(t, address, secretOf(t, address, stranger), nil)
		},
		Expired: func(t testing.TB, link string) string {
			u, err := url.Parse(link)
			if err != nil {
				t.Fatal(err)
			}
			key, err := google.ReadKey([]byte(secretOf(t, address, f.key)))
			if err != nil {
				t.Fatal(err)
			}
			old, err := key.Sign("http://"+address, "files", strings.TrimPrefix(u.Path, "/files/"), nil, time.Now().Add(-8*24*time.Hour), time.Hour)
			if err != nil {
				t.Fatal(err)
			}
			return old
		},
	})
	for name, c := range map[string]struct {
		change func(*Config)
		secret string
		says   string
	}{
		"no such bucket": {func(c *Config) { c.Bucket = "none" }, secretOf(t, address, f.key), "is not there"},
		"no key":         {nil, "a password", "service account"},
		"not TLS":        {func(c *Config) { c.Endpoint = "https://" + address }, secretOf(t, address, f.key), "TLS"},
	} {
		err := transfer.Probe(t.Context(), open(t, address, c.secret, c.change))
		if why := transfer.Reason(err); !strings.Contains(why, c.says) {
			t.Errorf("%s: %q, of %v", name, why, err)
		}
	}
}
