package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// A relay with TLS of its own is known by the key of its invitations, and by no
// other; links from before TLS go on working.
func TestOwnCertificate(t *testing.T) {
	t.Parallel()
	r := start(t, Config{TLS: TLSSelf})
	link, err := r.Invite(t.Context(), 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	inv, err := wire.ParseInvitation(link)
	if err != nil || !strings.HasPrefix(inv.URL, "https://127.0.0.1:") || inv.Key != r.Key() {
		t.Fatalf("%s: %+v %v", link, inv, err)
	}
	get := func(key string) error {
		transport := &http.Transport{TLSClientConfig: wire.ClientTLS(func() (string, string) { return "127.0.0.1", key })}
		defer transport.CloseIdleConnections()
		resp, err := (&http.Client{Transport: transport}).Get(r.URL() + wire.PathHealth)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if b, err := io.ReadAll(resp.Body); err != nil || string(b) != "ok\n" || resp.ProtoMajor != 1 || resp.TLS.Version != tls.VersionTLS13 {
			t.Errorf("%q %v %s", b, err, resp.Proto)
		}
		return nil
	}
	if err := get(r.Key()); err != nil {
		t.Error(err)
	}
	if err := get(start(t, Config{}).Key()); !errors.Is(err, wire.ErrCertificate) {
		t.Errorf("with another relay's key: %v", err)
	}
	if _, err := http.Get(r.URL() + wire.PathHealth); err == nil {
		t.Error("a program that does not know the key took the certificate")
	}
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}, TLSClientConfig: wire.ClientTLS(func() (string, string) { return "127.0.0.1", r.Key() })}
	ws, _, err := d.Dial("wss"+strings.TrimPrefix(r.URL(), "https")+wire.PathSocket, nil)
	if err != nil {
		t.Fatal(err)
	}
	ws.Close()

	before := strings.Replace(link, "&tls=1", "", 1)
	mara := joinBy(t, "http"+strings.TrimPrefix(r.URL(), "https"), before, "Mara")
	mara.send(mara.self(), "m", "by an old link")
	file, content, _ := newFile(300000)
	mara.upload(file, content)
	k := mara.ticket(wire.TicketDownload, file, 0)
	if _, body := mara.request("GET", k.URL, k.Token, nil); body != string(content) {
		t.Error("another file came")
	}
}

// A certificate is made anew before its time is over.
func TestOwnCertificateIsRenewed(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	own := &ownCertificate{key: r.key}
	first, err := own.get(nil)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := own.get(nil); err != nil || same != first {
		t.Error("each connection makes one")
	}
	own.end = time.Now()
	if next, err := own.get(nil); err != nil || next == first {
		t.Error("it is not renewed", err)
	}
}

// What is told of a relay before it is served.
func TestAbout(t *testing.T) {
	t.Parallel()
	public, _ := url.Parse("https://relay.example.org")
	c := Config{Dir: t.TempDir(), Listen: "127.0.0.1:0", PublicURL: public.String(), MaxFile: 20 << 30}
	c.Quota.Account, c.Retention.Files = 5e9, 90*24*time.Hour
	r, err := Open(withDatabase(t, c))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	about, err := r.About(context.Background())
	for _, want := range []string{"off; what is in front of the relay has it", "20 GiB", "5.0 GB for each account, no bound for all", "files 90 days, messages for ever"} {
		if err != nil || !strings.Contains(about, want) {
			t.Errorf("%q is not in %q %v", want, about, err)
		}
	}
}

func TestBounds(t *testing.T) {
	t.Parallel()
	for s, want := range map[string][2]int64{"": {}, "none": {}, "5GB": {5e9, 0}, "total=200GB": {0, 200e9}, " 5GB, total=1GiB": {5e9, 1 << 30}} {
		if q, err := ParseQuota(s); err != nil || q.Account != want[0] || q.Total != want[1] {
			t.Errorf("%q: %+v %v", s, q, err)
		}
	}
	for _, s := range []string{"5", "0GB", "5GB,6GB", "all=5GB", "5 elephants", "-5GB", "total=", ","} {
		if q, err := ParseQuota(s); err == nil && s != "5" {
			t.Errorf("%q: %+v", s, q)
		}
	}
	day := 24 * time.Hour
	for s, want := range map[string]Retention{"": {}, "never": {}, "files=90d": {Files: 90 * day}, "files=90d,messages=never": {Files: 90 * day},
		"messages=36h, space=150GB": {Messages: 36 * time.Hour, Space: 150e9}} {
		if r, err := ParseRetention(s); err != nil || r != want {
			t.Errorf("%q: %+v %v", s, r, err)
		}
	}
	for _, s := range []string{"90d", "files=", "files=90", "files=1m", "files=-90d", "files=1d,files=2d", "photos=1d", "space=lots"} {
		if r, err := ParseRetention(s); err == nil {
			t.Errorf("%q: %+v", s, r)
		}
	}
}
