package wire

import (
	"errors"
	"net/url"
	"strings"
)

// DeviceLink is how a new device finds the mailbox at which a device that
// belongs to an account waits for it. Its text looks like
//
//	satchel://studio.example:7465/?link=…&key=…&account=…&device=…[&tls=1]
//
// A person who types it writes less: abcde-fghjk@studio.example:7465. Then the
// relay's key is taken from the relay.
type DeviceLink struct {
	URL     string // the relay's base URL, http or https, without a slash at the end
	Code    string // as net/seal's LinkCode: 10 characters, without a dash
	Key     string // the relay's Ed25519 public key, base64url; "" when it was typed
	Account string // the account's root, 32 bytes in base64url; "" when it was typed
	Device  string // the old device's Ed25519 key, base64url; "" when it was typed
}

// String returns the link.
func (d DeviceLink) String() string {
	q := "link=" + url.QueryEscape(d.Code) + "&key=" + url.QueryEscape(d.Key)
	if d.Account != "" {
		q += "&account=" + url.QueryEscape(d.Account) + "&device=" + url.QueryEscape(d.Device)
	}
	return satchelURL(d.URL, q)
}

// Typed returns what a person can type: code@host:port, with https:// before
// the host of a relay that is reached that way.
func (d DeviceLink) Typed() string {
	code := d.Code
	if half := len(code) / 2; half > 0 {
		code = code[:half] + "-" + code[half:]
	}
	return code + "@" + strings.TrimPrefix(d.URL, "http://")
}

var errDeviceLink = errors.New("this is no link from another device: it should look like satchel://…?link=…, copied whole, or like abcde-fghjk@relay.example:7465")

// ParseDeviceLink reads a link, or what somebody typed; white space around it is
// no matter. Whether the code is one is left to who uses it. The error is a
// sentence for a person.
func ParseDeviceLink(s string) (DeviceLink, error) {
	s = strings.TrimSpace(s)
	if !strings.HasPrefix(s, "satchel:") {
		return parseTyped(s)
	}
	base, q, ok := parseSatchelURL(s)
	d := DeviceLink{URL: base, Code: q.Get("link"), Key: q.Get("key"), Account: q.Get("account"), Device: q.Get("device")}
	if !ok || d.Code == "" || !is32Bytes(d.Key) {
		return DeviceLink{}, errDeviceLink
	}
	if named := d.Account != "" || d.Device != ""; named && !(is32Bytes(d.Account) && is32Bytes(d.Device)) {
		return DeviceLink{}, errDeviceLink
	}
	return d, nil
}

// parseTyped reads code@host:port.
func parseTyped(s string) (DeviceLink, error) {
	code, address, ok := strings.Cut(strings.Join(strings.Fields(s), ""), "@")
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if !ok || code == "" || err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return DeviceLink{}, errDeviceLink
	}
	code = strings.ToLower(strings.ReplaceAll(code, "-", ""))
	return DeviceLink{URL: strings.TrimRight(u.String(), "/"), Code: code}, nil
}
