// Package google proves to Google Cloud Storage who asks: it reads the key of a
// service account, gets tokens for it, and signs links with it. Both who keep files
// there call it: a person's own store (transfer/gs) and a relay's bucket
// (net/relay/bucket/gs). Its types may be used from any goroutine.
package google

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// ErrKey says that what was read is no key. It quotes nothing of it.
var ErrKey = errors.New("this is not the key of a service account")

// ErrAnswer says that who gave the token is not who gives tokens.
var ErrAnswer = errors.New("the answer has no token in it")

// Refused is why there is no token.
type Refused struct {
	URL    string
	Code   int       // the HTTP status
	Status string    // the same in words
	Time   time.Time // of the one who refused; zero: it did not say
}

func (e *Refused) Error() string { return "POST " + e.URL + ": " + e.Status }

// Key is the key of a service account.
type Key struct {
	email, id, tokenURL string
	key                 *rsa.PrivateKey
}

// ReadKey reads the JSON that Google gives out. Its error is ErrKey.
func ReadKey(secret []byte) (*Key, error) {
	var k struct {
		Email    string `json:"client_email"`
		ID       string `json:"private_key_id"`
		PEM      string `json:"private_key"`
		TokenURL string `json:"token_uri"`
	}
	if json.Unmarshal(secret, &k) != nil {
		return nil, ErrKey
	}
	block, _ := pem.Decode([]byte(k.PEM))
	if block == nil || k.Email == "" {
		return nil, ErrKey
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, ErrKey
	}
	key, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return nil, ErrKey
	}
	if k.TokenURL == "" {
		k.TokenURL = "https://oauth2.googleapis.com/token"
	}
	return &Key{k.Email, k.ID, k.TokenURL, key}, nil
}

// Tokens gets tokens, each for an hour as a rule, and keeps the last.
type Tokens struct {
	Key    *Key
	Client *http.Client

	mu   sync.Mutex
	text string
	end  time.Time
}

// Get returns a token that is good for a minute or more. Its errors are *Refused,
// ErrAnswer, and those of the network.
// https://developers.google.com/identity/protocols/oauth2/service-account
func (t *Tokens) Get(ctx context.Context) (string, error) {
	t.mu.Lock()
	text, end := t.text, t.end
	t.mu.Unlock()
	if time.Until(end) > time.Minute {
		return text, nil
	}
	text, end, err := t.fetch(ctx)
	if err != nil {
		return "", err
	}
	t.mu.Lock()
	t.text, t.end = text, end
	t.mu.Unlock()
	return text, nil
}

func (t *Tokens) fetch(ctx context.Context) (text string, end time.Time, err error) {
	k, now := t.Key, time.Now()
	claim := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": k.email, "aud": k.tokenURL, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"scope": "https://www.googleapis.com/auth/devstorage.read_write"})
	claim.Header["kid"] = k.id
	signed, err := claim.SignedString(k.key)
	if err != nil {
		return "", end, err
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {signed}}.Encode()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, k.tokenURL, strings.NewReader(form))
	if err != nil {
		return "", end, err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := t.Client.Do(q)
	if err != nil {
		return "", end, err
	}
	defer answer.Body.Close()
	body := io.LimitReader(answer.Body, 1<<20)
	defer func() { _, _ = io.Copy(io.Discard, body) }() // so that the connection serves again
	if answer.StatusCode != http.StatusOK {
		refused := &Refused{URL: k.tokenURL, Code: answer.StatusCode, Status: answer.Status}
		refused.Time, _ = http.ParseTime(answer.Header.Get("Date"))
		return "", end, refused
	}
	var granted struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if err := json.NewDecoder(body).Decode(&granted); err != nil || granted.Token == "" {
		return "", end, ErrAnswer
	}
	return granted.Token, now.Add(time.Duration(granted.Seconds) * time.Second), nil
}

// Sign makes a link by which everybody can read an object for a time; extra goes
// into its query, and may be nil. It follows
// https://docs.cloud.google.com/storage/docs/access-control/signing-urls-manually
func (k *Key) Sign(endpoint, bucket, name string, extra url.Values, now time.Time, life time.Duration) (string, error) {
	base, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	stamp := now.UTC().Format("20060102T150405Z")
	scope := stamp[:8] + "/auto/storage/goog4_request"
	values := url.Values{
		"X-Goog-Algorithm": {"GOOG4-RSA-SHA256"}, "X-Goog-Credential": {k.email + "/" + scope}, "X-Goog-Date": {stamp},
		"X-Goog-Expires": {strconv.FormatInt(int64(life/time.Second), 10)}, "X-Goog-SignedHeaders": {"host"},
	}
	for name, v := range extra {
		values[name] = v
	}
	query := values.Encode()
	path := "/" + bucket
	for part := range strings.SplitSeq(name, "/") {
		path += "/" + url.PathEscape(part)
	}
	request := strings.Join([]string{"GET", path, query, "host:" + base.Host, "", "host", "UNSIGNED-PAYLOAD"}, "\n")
	hash := sha256.Sum256([]byte(request))
	signed := sha256.Sum256([]byte(strings.Join([]string{"GOOG4-RSA-SHA256", stamp, scope, hex.EncodeToString(hash[:])}, "\n")))
	signature, err := rsa.SignPKCS1v15(nil, k.key, crypto.SHA256, signed[:])
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s://%s%s?%s&X-Goog-Signature=%s", base.Scheme, base.Host, path, query, hex.EncodeToString(signature)), nil
}
