package wire

import (
	"strings"
	"testing"
)

// A link to a group is read as it was written, and only whole.
func TestGroupLink(t *testing.T) {
	for _, base := range []string{"http://127.0.0.1:7465", "https://example.org/satchel"} {
		for _, code := range []string{"", NewID()} {
			g := GroupLink{URL: base, Key: B64(make([]byte, 32)), Code: code, Group: NewID(), Secret: NewID(), By: NewID(), Name: "Mara & João"}
			if got, err := ParseGroupLink(" " + g.String() + "\n"); err != nil || got != g {
				t.Errorf("%s: %+v %v", g, got, err)
			}
			i, err := ParseInvitation(g.String())
			if is := err == nil; is != (code != "") || is && (i.URL != base || i.Code != code || i.Key != g.Key) {
				t.Errorf("as an invitation: %+v %v", i, err)
			}
			for _, part := range []string{"group", "secret", "by", "name", "key"} {
				if _, err := ParseGroupLink(strings.Replace(g.String(), part+"=", "no=", 1)); err == nil {
					t.Errorf("%s may be left out", part)
				}
			}
			for _, wrong := range []string{strings.Replace(g.String(), g.Group, g.Group+"a", 1), strings.Replace(g.String(), g.Secret, strings.ToUpper(g.Secret[:1])+"!"+g.Secret[2:], 1), "https" + g.String()[7:]} {
				if _, err := ParseGroupLink(wrong); err == nil {
					t.Errorf("read: %s", wrong)
				}
			}
		}
	}
}
