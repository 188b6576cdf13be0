package wire

import (
	"strings"
	"testing"
)

func TestRecoveryNote(t *testing.T) {
	for _, name := range []string{"Mara Reyes", "satchel://x: 花子", "a: b"} {
		want := RecoveryNote{URL: "https://example.org/satchel", Key: NewNonce(), Account: NewID(), Name: name}
		got, sealed, err := ParseRecovery([]byte(want.String() + "\nsealed\nlines\n"))
		if err != nil || got != want || string(sealed) != "sealed\nlines\n" {
			t.Errorf("%+v, %q, %v", got, sealed, err)
		}
		for _, bad := range []string{"", want.String(), strings.Replace(want.String(), "Satchel", "Other", 1) + "\nx", strings.Replace(want.String(), want.Key, "k", 1) + "\nx"} {
			if n, _, err := ParseRecovery([]byte(bad)); err == nil {
				t.Errorf("%q was taken for %+v", bad, n)
			}
		}
	}
}
