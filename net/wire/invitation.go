package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
)

// Invitation lets somebody into a relay. Its link looks like
//
//	satchel://studio.example:7465/?code=…&key=…[&tls=1]
//
// A relay below a path keeps it: satchel://example.org/satchel/?code=….
type Invitation struct {
	URL  string // the relay's base URL, http or https, without a slash at the end
	Code string // 128 random bits, 26 characters; the relay keeps its hash only
	Key  string // the relay's Ed25519 public key, base64url
}

// String returns the link.
func (i Invitation) String() string {
	return satchelURL(i.URL, "code="+url.QueryEscape(i.Code)+"&key="+url.QueryEscape(i.Key))
}

// InviteID is what an invitation is called where its code is not told: SHA-256 of
// the code, in hexadecimal.
func InviteID(code string) string {
	sum := sha256.Sum256([]byte(code))
	return hex.EncodeToString(sum[:])
}

var errLink = errors.New("this is not an invitation: it should look like satchel://…?code=…&key=…, copied whole")

// ParseInvitation reads a link; white space around it is no matter. The error
// is a sentence for a person.
func ParseInvitation(link string) (Invitation, error) {
	base, q, ok := parseSatchelURL(strings.TrimSpace(link))
	i := Invitation{URL: base, Code: q.Get("code"), Key: q.Get("key")}
	if !ok || !is32Bytes(i.Key) || len(i.Code) != 26 {
		return Invitation{}, errLink
	}
	return i, nil
}

// satchelURL writes a relay's base URL as satchel://, with a query; "" when it
// is no URL.
func satchelURL(base, query string) string {
	u, err := url.Parse(base)
	if err != nil {
		return ""
	}
	if u.Scheme == "https" {
		query += "&tls=1"
	}
	return (&url.URL{Scheme: "satchel", Host: u.Host, Path: strings.TrimSuffix(u.Path, "/") + "/", RawQuery: query}).String()
}

// parseSatchelURL reads what satchelURL wrote.
func parseSatchelURL(s string) (base string, q url.Values, ok bool) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "satchel" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return "", nil, false
	}
	q = u.Query()
	scheme := "http"
	if q.Get("tls") == "1" {
		scheme = "https"
	}
	return (&url.URL{Scheme: scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}).String(), q, true
}

// is32Bytes tells whether s is 32 bytes in base64url: a key or a hash.
func is32Bytes(s string) bool {
	b, err := UnB64(s)
	return err == nil && len(b) == 32
}
