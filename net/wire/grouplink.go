package wire

import (
	"errors"
	"net/url"
	"strings"
)

// GroupLink lets somebody into a group. Its link looks like
//
//	satchel://studio.example:7465/?group=…&secret=…&by=…&name=…[&code=…]&key=…[&tls=1]
//
// The code is that of an invitation that leads to the group: the relay tells who shows
// it who the group's admins are, and may also let in whoever is not there yet.
type GroupLink struct {
	URL    string // the relay's base URL, http or https, without a slash at the end
	Key    string // the relay's Ed25519 public key, base64url
	Code   string // of an invitation that leads to the group; "" in links of before there were any
	Group  string // the group's id
	Secret string // 128 random bits, 26 characters; never told to the relay
	By     string // account id of who made the link
	Name   string // what they are called, for people
}

// String returns the link.
func (g GroupLink) String() string {
	q := "group=" + url.QueryEscape(g.Group) + "&secret=" + url.QueryEscape(g.Secret) + "&by=" + url.QueryEscape(g.By) +
		"&name=" + url.QueryEscape(g.Name)
	if g.Code != "" {
		q += "&code=" + url.QueryEscape(g.Code)
	}
	return satchelURL(g.URL, q+"&key="+url.QueryEscape(g.Key)) // the last part is one that is missed
}

var errGroupLink = errors.New("this is no link to a group: it should look like satchel://…?group=…, copied whole")

// ParseGroupLink reads a link; white space around it is no matter. The error is
// a sentence for a person.
func ParseGroupLink(link string) (GroupLink, error) {
	base, q, ok := parseSatchelURL(strings.TrimSpace(link))
	g := GroupLink{URL: base, Key: q.Get("key"), Code: q.Get("code"), Group: q.Get("group"), Secret: q.Get("secret"), By: q.Get("by")}
	name, err := CleanName(q.Get("name"))
	if !ok || err != nil || !is32Bytes(g.Key) || !isName(g.Group) || !isName(g.Secret) || !isName(g.By) || g.Code != "" && len(g.Code) != 26 {
		return GroupLink{}, errGroupLink
	}
	g.Name = name
	return g, nil
}

// isName tells whether a string has the form that NewID gives.
func isName(s string) bool {
	return len(s) == 26 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz234567") == ""
}
