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
)

// serviceKey is the key of a service account, as Google gives it out.
type serviceKey struct {
	Email    string `json:"client_email"`
	ID       string `json:"private_key_id"`
	PEM      string `json:"private_key"`
	TokenURL string `json:"token_uri"`
	key      *rsa.PrivateKey
}

// errKey quotes nothing of what was read.
var errKey = errors.New("the file that GOOGLE_APPLICATION_CREDENTIALS names is not the key of a service account: it is a JSON file that Google Cloud gives out")

func readKey(secret []byte) (*serviceKey, error) {
	var k serviceKey
	if json.Unmarshal(secret, &k) != nil {
		return nil, errKey
	}
	block, _ := pem.Decode([]byte(k.PEM))
	if block == nil || k.Email == "" {
		return nil, errKey
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errKey
	}
	var ok bool
	if k.key, ok = key.(*rsa.PrivateKey); !ok {
		return nil, errKey
	}
	if k.TokenURL == "" {
		k.TokenURL = "https://oauth2.googleapis.com/token"
	}
	return &k, nil
}

// token is a permission, for an hour as a rule.
type token struct {
	text string
	end  time.Time
}

// permit returns a token that is good for a minute or more.
// https://developers.google.com/identity/protocols/oauth2/service-account
func (s *Store) permit(ctx context.Context) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Until(s.token.end) > time.Minute {
		return s.token.text, nil
	}
	now := time.Now()
	claim := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.MapClaims{"iss": s.key.Email, "aud": s.key.TokenURL, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		"scope": "https://www.googleapis.com/auth/devstorage.read_write"})
	claim.Header["kid"] = s.key.ID
	signed, err := claim.SignedString(s.key.key)
	if err != nil {
		return "", err
	}
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {signed}}.Encode()
	q, err := http.NewRequestWithContext(ctx, http.MethodPost, s.key.TokenURL, strings.NewReader(form))
	if err != nil {
		return "", err
	}
	q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.client.Do(q)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	var granted struct {
		Token   string `json:"access_token"`
		Seconds int64  `json:"expires_in"`
	}
	if answer.StatusCode != http.StatusOK {
		return "", fmt.Errorf("Google gives no token for the service account: %s", answer.Status)
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&granted); err != nil || granted.Token == "" {
		return "", errors.New("Google's answer has no token in it")
	}
	s.token = token{granted.Token, now.Add(time.Duration(granted.Seconds) * time.Second)}
	return s.token.text, nil
}

// sign makes a link by which everybody can read an object for a time. It follows
// https://docs.cloud.google.com/storage/docs/access-control/signing-urls-manually
func (k *serviceKey) sign(endpoint, bucket, name string, now time.Time, life time.Duration) (string, error) {
	base, err := url.Parse(endpoint)
	if err != nil {
		return "", err
	}
	stamp := now.UTC().Format("20060102T150405Z")
	scope := stamp[:8] + "/auto/storage/goog4_request"
	query := url.Values{
		"X-Goog-Algorithm": {"GOOG4-RSA-SHA256"}, "X-Goog-Credential": {k.Email + "/" + scope}, "X-Goog-Date": {stamp},
		"X-Goog-Expires": {strconv.FormatInt(int64(life/time.Second), 10)}, "X-Goog-SignedHeaders": {"host"},
		"response-content-disposition": {"attachment"},
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
		return "", err
	}
	return fmt.Sprintf("%s://%s%s?%s&X-Goog-Signature=%s", base.Scheme, base.Host, path, query, hex.EncodeToString(signature)), nil
}
