package relay

import (
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
	"satchel/net/wire"
)

func code(t *testing.T, link string, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	i, err := wire.ParseInvitation(link)
	if err != nil {
		t.Fatal(err)
	}
	return i.Code
}

func TestJoin(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Name: "Studio", MaxFile: 1000})
	link, err := r.Invite(t.Context(), 2, time.Hour)
	invite := code(t, link, err)

	key := newIdentity(t)
	mara, e := connect(t, r.URL(), key, invite, "  Mara   Reyes ")
	if e != nil {
		t.Fatal(e)
	}
	w := mara.welcome
	if w.Account.ID != mara.account || w.Account.Name != "Mara Reyes" || w.Name != "Studio" || w.MaxFile != 1000 {
		t.Errorf("%+v", w)
	}
	if len(w.Conversations) != 0 || w.Account.Chain != 1 {
		t.Errorf("%+v", w)
	}
	// The same device again: with the invitation, without, with another name.
	for _, name := range []string{"Mara Reyes", "", "Other"} {
		again, e := connect(t, r.URL(), key, invite, name)
		if e != nil || again.welcome.Account.Name != "Mara Reyes" {
			t.Errorf("as %q: %v %+v", name, e, again.welcome)
		}
	}
	refuse := func(want, invite, name string) {
		t.Helper()
		if _, e := connect(t, r.URL(), newIdentity(t), invite, name); e == nil || e.Code != want || e.Message == "" {
			t.Errorf("invite %q, name %q: got %+v, want %s", invite, name, e, want)
		}
	}
	refuse(wire.CodeNameTaken, invite, "mara REYES")
	refuse(wire.CodeNameTaken, invite, "ｍara Reyes")
	refuse(wire.CodeNameInvalid, invite, " ")
	refuse(wire.CodeNameInvalid, invite, "a\u202eb")
	refuse(wire.CodeUnknownDevice, "", "João")
	refuse(wire.CodeInviteInvalid, wire.NewID(), "João")
	// The refusals left the invitation's second use alone.
	if _, e := connect(t, r.URL(), newIdentity(t), invite, "João"); e != nil {
		t.Error(e)
	}
	refuse(wire.CodeInviteUsed, invite, "Ana")

	link, err = r.Invite(t.Context(), 1, time.Nanosecond)
	refuse(wire.CodeInviteExpired, code(t, link, err), "Ana")
}

func TestHelloIsChecked(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	link, err := r.Invite(t.Context(), 100, time.Hour)
	invite := code(t, link, err)
	other := newIdentity(t)
	for name, c := range map[string]struct {
		code  string
		spoil func(*wire.Hello, *identity, *wire.Challenge)
	}{
		"someone else's account": {wire.CodeBadSignature, func(h *wire.Hello, i *identity, c *wire.Challenge) {
			h.Account = string(other.owner.chain.ID())
			i.sign(c, h)
		}},
		"someone else's account and its first statement": {wire.CodeBadSignature, func(h *wire.Hello, i *identity, c *wire.Challenge) {
			h.Account, h.First = string(other.owner.chain.ID()), other.owner.first
			i.sign(c, h)
		}},
		"someone else's first statement": {wire.CodeBadSignature, func(h *wire.Hello, _ *identity, _ *wire.Challenge) { h.First = other.owner.first }},
		"a first statement with a flipped bit": {wire.CodeBadSignature, func(h *wire.Hello, i *identity, c *wire.Challenge) {
			h.First = slices.Clone(h.First)
			h.First[len(h.First)-1] ^= 1 // in the signature
			h.Account = string(seal.AccountIDOf(h.First))
			i.sign(c, h)
		}},
		"no first statement": {wire.CodeBadSignature, func(h *wire.Hello, _ *identity, _ *wire.Challenge) { h.First = nil }},
		"another device": {wire.CodeBadSignature, func(h *wire.Hello, i *identity, c *wire.Challenge) {
			h.Device = wire.NewID()
			i.sign(c, h)
		}},
		"another key": {wire.CodeBadSignature, func(h *wire.Hello, _ *identity, c *wire.Challenge) { other.sign(c, h) }},
		"an older challenge": {wire.CodeBadSignature, func(h *wire.Hello, i *identity, c *wire.Challenge) {
			old := *c
			old.Nonce = wire.NewNonce()
			i.sign(&old, h)
		}},
		"another relay": {wire.CodeBadSignature, func(h *wire.Hello, i *identity, c *wire.Challenge) {
			far := *c
			far.Relay = wire.NewNonce()
			i.sign(&far, h)
		}},
		"a changed name": {wire.CodeBadSignature, func(h *wire.Hello, _ *identity, _ *wire.Challenge) { h.Name = "Eve" }},
		"no key":         {wire.CodeBadSignature, func(h *wire.Hello, _ *identity, _ *wire.Challenge) { h.Key = "" }},
		"no nonce": {wire.CodeBadFrame, func(h *wire.Hello, i *identity, c *wire.Challenge) {
			h.Nonce = ""
			i.sign(c, h)
		}},
	} {
		ws, challenge := dial(t, r.URL())
		key := newIdentity(t)
		h := hello(challenge, key, invite, "Mara")
		c.spoil(h, key, challenge)
		cl := &client{t: t, ws: ws, name: name}
		cl.write(h)
		if e, ok := cl.read().(*wire.Error); !ok || e.Code != c.code || e.Re != h.ID {
			t.Errorf("%s: got %+v, want %s", name, e, c.code)
		}
		closed(t, ws, websocket.ClosePolicyViolation)
	}
	if all, err := r.store.Directory(""); err != nil || len(all) != 0 {
		t.Errorf("somebody came in: %v %v", all, err)
	}
}

// closed wants the connection to end with this code.
func closed(t *testing.T, ws *websocket.Conn, code int) {
	t.Helper()
	ws.SetReadDeadline(time.Now().Add(within))
	for {
		if _, _, err := ws.ReadMessage(); err != nil {
			if !websocket.IsCloseError(err, code) {
				t.Errorf("closed with %v, want %d", err, code)
			}
			return
		}
	}
}

func TestBeforeHello(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	for _, c := range []struct {
		kind        int
		frame, code string
		close       int
	}{
		{websocket.TextMessage, `hello`, wire.CodeBadFrame, websocket.ClosePolicyViolation},
		{websocket.TextMessage, `{"id":"1","type":"dance"}`, wire.CodeUnknownType, websocket.ClosePolicyViolation},
		{websocket.TextMessage, `{"id":"1","type":"send"}`, wire.CodeHelloFirst, websocket.ClosePolicyViolation},
		{websocket.TextMessage, `{"id":"1","type":"hello","name":"` + strings.Repeat("x", wire.MaxHello) + `"}`, wire.CodeTooLarge, websocket.CloseMessageTooBig},
		{websocket.BinaryMessage, `{}`, wire.CodeBadFrame, websocket.CloseUnsupportedData},
		{0, "", wire.CodeHelloTimeout, websocket.ClosePolicyViolation},
	} {
		ws, _ := dial(t, r.URL())
		if c.kind != 0 {
			ws.WriteMessage(c.kind, []byte(c.frame))
		}
		cl := &client{t: t, ws: ws}
		if e, ok := cl.read().(*wire.Error); !ok || e.Code != c.code {
			t.Errorf("%.30s: got %+v, want %s", c.frame, e, c.code)
		}
		closed(t, ws, c.close)
	}
	// Without the subprotocol there is no socket.
	if ws, resp, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(r.URL(), "http")+wire.PathSocket, nil); err == nil || resp.StatusCode != 400 {
		t.Errorf("%v %v", ws, resp)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{Connections: 3}})
	mara := join(t, r, "Mara")
	second, third := mara.again(r.URL()), mara.again(r.URL())
	if _, e := connect(t, r.URL(), mara.identity, "", ""); e == nil || e.Code != wire.CodeRateLimited || !e.Retry {
		t.Errorf("a fourth: %+v", e)
	}
	// All three hear what one of them sends, but that one.
	mara.send(mara.self(), "m", "x")
	for _, c := range []*client{second, third} {
		if e := news[*wire.Entry](c); e.Seq != 1 || e.Message != "m" {
			t.Errorf("%+v", e)
		}
	}
	quiet[*wire.Entry](mara)
}

func TestConnectRate(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{ConnectRate: 0.001, ConnectBurst: 2}})
	dial(t, r.URL())
	dial(t, r.URL())
	d := websocket.Dialer{Subprotocols: []string{wire.Subprotocol}}
	if _, resp, err := d.Dial("ws"+strings.TrimPrefix(r.URL(), "http")+wire.PathSocket, nil); err == nil || resp.StatusCode != 429 {
		t.Errorf("a third: %v %v", resp, err)
	}
}

func TestOneRelayAFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r := start(t, Config{Dir: dir, Database: "sqlite:" + filepath.Join(dir, databaseName)})
	if _, err := Open(Config{Dir: dir, Listen: "127.0.0.1:0"}); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v", err)
	}
	// Another process makes invitations meanwhile.
	link, err := Invite(t.Context(), dir, 1, time.Hour)
	i, perr := wire.ParseInvitation(link)
	if err != nil || perr != nil || i.URL != r.URL() || i.Key != r.Key() {
		t.Fatalf("%q %v", link, err)
	}
	joinBy(t, r.URL(), link, "Mara")
	if info, err := os.Stat(filepath.Join(dir, keyName)); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	if _, err := Invite(t.Context(), t.TempDir(), 1, time.Hour); err == nil {
		t.Error("an invitation to no relay")
	}
	for _, bad := range []struct {
		uses    int
		expires time.Duration
	}{{0, time.Hour}, {-1, time.Hour}, {maxUses + 1, time.Hour}, {1, 0}, {1, -1}, {1, maxInvite + 1}} {
		if _, err := r.Invite(t.Context(), bad.uses, bad.expires); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

// The key, and with it all that an invitation promised, outlives the process.
func TestKeyStays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, stop := startStop(t, Config{Dir: dir})
	mara := join(t, r, "Mara")
	key := r.Key()
	stop()
	r = start(t, Config{Dir: dir})
	if r.Key() != key {
		t.Error("another key")
	}
	if w := mara.again(r.URL()).welcome; w.Account.Name != "Mara" {
		t.Errorf("%+v", w)
	}
}

func FuzzHello(f *testing.F) {
	challenge := &wire.Challenge{Relay: wire.NewNonce(), Nonce: wire.NewNonce()}
	good, _ := wire.Encode(hello(challenge, newIdentity(f), wire.NewID(), "Mara"))
	f.Add(good)
	f.Add([]byte(`{"type":"hello","key":"AA"}`))
	f.Add([]byte(`{"type":"send"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		frame, err := wire.Decode(b)
		h, e := readHello(challenge, frame, err)
		if e == nil && string(b) != string(good) {
			// Only the one who has the key can have made this.
			signature, _ := wire.UnB64(h.Signature)
			key, _ := wire.UnB64(h.Key)
			if !ed25519.Verify(key, wire.HelloText(challenge, h), signature) {
				t.Errorf("%s was taken", b)
			}
		}
	})
}
