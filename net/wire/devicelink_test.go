package wire

import (
	"strings"
	"testing"
)

func TestDeviceLink(t *testing.T) {
	key, account, device := NewNonce(), NewNonce(), NewNonce()
	for _, url := range []string{"http://127.0.0.1:7465", "https://example.org/satchel", "http://[::1]:80"} {
		for _, want := range []DeviceLink{{URL: url, Code: "abcdefghjk", Key: key}, {URL: url, Code: "abcdefghjk", Key: key, Account: account, Device: device}} {
			if got, err := ParseDeviceLink("  " + want.String() + "\n"); err != nil || got != want {
				t.Errorf("%s: got %+v, %v", want, got, err)
			}
			typed := DeviceLink{URL: want.URL, Code: want.Code}
			if got, err := ParseDeviceLink(want.Typed()); err != nil || got != typed {
				t.Errorf("%s: got %+v, %v", want.Typed(), got, err)
			}
		}
	}
	if got, err := ParseDeviceLink(" ABCDE-fghjk @ studio:7465 "); err != nil || got != (DeviceLink{URL: "http://studio:7465", Code: "abcdefghjk"}) {
		t.Errorf("%+v, %v", got, err)
	}
	good := DeviceLink{URL: "http://h:1", Code: "abcdefghjk", Key: key, Account: account, Device: device}.String()
	for _, bad := range []string{"", "abcde-fghjk", "@h:1", "abcde@", "abcde@ftp://h", "abcde@h?x=1", "satchel://", "satchel://h:1/", good[:len(good)-3],
		strings.Replace(good, key, key[:9], 1), strings.Replace(good, "&device="+device, "", 1), strings.Replace(good, "link=", "code=", 1), "satchel://%zz"} {
		if d, err := ParseDeviceLink(bad); err == nil {
			t.Errorf("%q was taken for %+v", bad, d)
		}
	}
}
