package wire

import (
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
	u, err := url.Parse(i.URL)
	if err != nil {
		return ""
	}
	q := "code=" + url.QueryEscape(i.Code) + "&key=" + url.QueryEscape(i.Key)
	if u.Scheme == "https" {
		q += "&tls=1"
	}
	return (&url.URL{Scheme: "satchel", Host: u.Host, Path: strings.TrimSuffix(u.Path, "/") + "/", RawQuery: q}).String()
}

var errLink = errors.New("this is not an invitation: it should look like satchel://…?code=…&key=…, copied whole")

// ParseInvitation reads a link; white space around it is no matter. The error
// is a sentence for a person.
func ParseInvitation(link string) (Invitation, error) {
	u, err := url.Parse(strings.TrimSpace(link))
	if err != nil || u.Scheme != "satchel" || u.Host == "" || u.User != nil || u.Fragment != "" {
		return Invitation{}, errLink
	}
	q := u.Query()
	scheme := "http"
	if q.Get("tls") == "1" {
		scheme = "https"
	}
	i := Invitation{
		URL:  (&url.URL{Scheme: scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}).String(),
		Code: q.Get("code"),
		Key:  q.Get("key"),
	}
	if key, err := UnB64(i.Key); err != nil || len(key) != 32 || len(i.Code) != 26 {
		return Invitation{}, errLink
	}
	return i, nil
}
