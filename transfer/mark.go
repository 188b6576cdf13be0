package transfer

import (
	"net/url"
	"os"
)

// origin is what the mark of the web says of where a file came from. It names
// no more than the place: what stands behind it in a URL may be a permission.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "satchel:"
	}
	if u.Scheme == "" { // a file of the relay that carried the message
		return "satchel:" + u.EscapedPath()
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// copyMark gives a copy the mark of its original, if that has one.
func copyMark(from, to *os.File) {
	if where, ok := marked(from); ok {
		mark(to, where)
	}
}
