package stores

import (
	"encoding/json"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"satchel/transfer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestOpen(t *testing.T) {
	for _, c := range []struct{ settings, account, says string }{
		{`{"kind":"s3","endpoint":"https://s3.example.org","bucket":"files","access_key":"AK"}`, "s3 AK@s3.example.org", ""},
		{`{"kind":"azblob","account":"mara","container":"files"}`, "azblob mara@", ""},
		{`{"kind":"gs","bucket":"files"}`, "gs files@", ""},
		{`{"kind":"webdav","url":"https://cloud.example.org/remote.php/dav/files/mara/Satchel","user":"mara"}`, "webdav mara@cloud.example.org", ""},
		{`{"kind":"http","method":"PUT","url":"https://example.org/files/{id}"}`, "http @example.org", ""},
		{`{"kind":"http","method":"POST","url":"https://example.org/upload","fields":{"op":"upload"},"token_field":"token"}`, "http @example.org", ""},
		{`{"kind":"dir","share":"team","path":"/srv/team"}`, "dir @", ""},
		{`{"kind":"tus","endpoint":"https://tus.example.org/files/"}`, "tus @tus.example.org", ""},
		{`{"kind":"ftp"}`, "ftp @", "kind of store"},
		{`{}`, "", "can't be read"},
		{`nonsense`, "", "can't be read"},
		{`{"kind":"s3","endpoint":"https://s3.example.org","bucket":"files","access_key":"AK","secret_key":"never here"}`, "s3 AK@s3.example.org", "can't be read"},
		{`{"kind":"dir","share":"Team/..","path":"/srv/team"}`, "dir @", "needs a name"},
		{`{"kind":"dir","share":"team","path":"team"}`, "dir @", "whole path"},
		{`{"kind":"http","method":"PUT","url":"https://example.org/files/"}`, "http @example.org", "{id}"},
		{`{"kind":"tus","endpoint":"https://a:b@tus.example.org/"}`, "tus @tus.example.org", "name or a password"},
	} {
		settings := json.RawMessage(c.settings)
		h, err := Open(settings, func(account string) (string, error) {
			t.Errorf("%s: the secret of %q is asked for", c.settings, account)
			return "", nil
		})
		if why := transfer.Reason(err); (c.says == "") != (err == nil) || (h == nil) != (err != nil) || !strings.Contains(why, c.says) {
			t.Errorf("%s: %v, %q", c.settings, h, why)
		}
		if account, _ := Account(settings); account != c.account {
			t.Errorf("%s: the account is %q", c.settings, account)
		}
	}
}
