package gs

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
	"time"

	"github.com/golang-jwt/jwt/v5"

	"satchel/transfer"
)

// serviceKey is the key of a service account, as Google gives it out.
type serviceKey struct {
	Email    string `json:"client_email"`
	ID       string `json:"private_key_id"`
	PEM      string `json:"private_key"`
	TokenURL string `json:"token_uri"`
	key      *rsa.PrivateKey
}

func readKey(secret string) (*serviceKey, error) {
	var k serviceKey
	bad := func(err error) (*serviceKey, error) {
		return nil, transfer.Final("This is not the key of a service account: it is a JSON file that Google Cloud gives out. Choose that file, then try again.", err)
	}
	if err := json.Unmarshal([]byte(secret), &k); err != nil {
		return bad(errors.New("no JSON")) // the error would quote the key
	}
	block, _ := pem.Decode([]byte(k.PEM))
	if block == nil || k.Email == "" {
		return bad(errors.New("no private key"))
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return bad(err)
	}
	var ok bool
	if k.key, ok = key.(*rsa.PrivateKey); !ok {
		return bad(errors.New("no RSA key"))
	}
	if k.TokenURL == "" {
		k.TokenURL = "https://oauth2.googleapis.com/token"
	}
	return &k, nil
}

// account reads the secret, once it is there.
func (s *Store) account() (*serviceKey, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.key != nil {
		return s.key, nil
	}
	secret, err := s.secret()
	if err != nil {
		return nil, err
	}
	k, err := readKey(secret)
	if err != nil {
		return nil, err
	}
	s.key = k
	return k, nil
}

// token is a permission, for an hour as a rule.
type token struct {
	text string
	end  time.Time
}

// permit returns a token that is good for a minute or more.
// https://developers.google.com/identity/protocols/oauth2/service-account
func (s *Store) permit(ctx context.Context) (string, error) {
	key, err := s.account()
	if err != nil {
		return "", err
	}
	s.mu.Lock()
	t := s.token
	s.mu.Unlock()
	if time.Until(t.end) > time.Minute {
		return t.text, nil
	}
	if t, err = s.newToken(ctx, key); err != nil {
		return "", err
	}
	s.mu.Lock()
	s.token = t
	s.mu.Unlock()
	return t.text, nil
}

func (s *Store) newToken(ctx context.Context, key *serviceKey) (token, error) {
	now := time.Now()
	claim := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": key.Email, "aud": key.TokenURL, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"scope": "https://www.googleapis.com/auth/devstorage.read_write"})
	claim.Header["kid"] = key.ID
	signed, err := claim.SignedString(key.key)
	if err != nil {
		return token{}, transfer.BadSecret.Error(err)
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {signed}}.Encode()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, key.TokenURL, strings.NewReader(form))
	if err != nil {
		return token{}, transfer.BadSecret.Error(err)
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.Client.Do(q)
	if err != nil {
		return token{}, err
	}
	defer transfer.Finish(answer)
	var granted struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	switch status := answer.StatusCode; {
	case status == http.StatusOK:
		if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&granted); err != nil || granted.Token == "" {
			return token{}, transfer.WrongPlace.Error(errors.New("no token"))
		}
		return token{granted.Token, now.Add(time.Duration(granted.Seconds) * time.Second)}, nil
	case status == http.StatusTooManyRequests || status >= 500:
		return token{}, refused(answer)
	}
	err = fmt.Errorf("POST %s: %s", key.TokenURL, answer.Status)
	if theirs, bad := http.ParseTime(answer.Header.Get("Date")); bad == nil && now.Sub(theirs).Abs() > 5*time.Minute {
		return token{}, transfer.WrongClock.Error(err)
	}
	return token{}, transfer.BadSecret.Error(err)
}

// sign makes a link by which everybody can read an object for a time. It follows
// https://docs.cloud.google.com/storage/docs/access-control/signing-urls-manually
func (k *serviceKey) sign(endpoint, bucket, name string, now time.Time, life time.Duration) (string, error) {
	base, err := url.Parse(endpoint)
	if err != nil {
		return "", transfer.WrongPlace.Error(err)
	}
	stamp := now.UTC().Format("20060102T150405Z")
	scope := stamp[:8] + "/auto/storage/goog4_request"
	query := url.Values{
		"X-Goog-Algorithm": {"GOOG4-RSA-SHA256"}, "X-Goog-Credential": {k.Email + "/" + scope}, "X-Goog-Date": {stamp},
		"X-Goog-Expires": {strconv.FormatInt(int64(life/time.Second), 10)}, "X-Goog-SignedHeaders": {"host"},
	}.Encode()
	path := "/" + bucket
	for part := range strings.SplitSeq(name, "/") {
		path += "/" + url.PathEscape(part)
	}
	request := strings.Join([]string{"GET", path, query, "host:" + base.Host, "", "host", "UNSIGNED-PAYLOAD"}, "\n")
	hash := sha256.Sum256([]byte(request))
	signed := sha256.Sum256([]byte(strings.Join([]string{"GOOG4-RSA-SHA256", stamp, scope, hex.EncodeToString(hash[:])}, "\n")))
	signature, err := rsa.SignPKCS1v15(nil, k.key, crypto.SHA256, signed[:])
	if err != nil {
		return "", transfer.BadSecret.Error(err)
	}
	return fmt.Sprintf("%s://%s%s?%s&X-Goog-Signature=%s", base.Scheme, base.Host, path, query, hex.EncodeToString(signature)), nil
}
