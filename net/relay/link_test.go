package relay

import (
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
	"satchel/net/wire"
)

// come goes to a mailbox instead of saying hello.
func come(t *testing.T, url, code string) (*client, *wire.Error) {
	t.Helper()
	ws, challenge := dial(t, url)
	c := &client{t: t, url: url, name: "the new device", ws: ws}
	j := &wire.JoinLink{Header: wire.Header{ID: "join"}, Code: code, Nonce: wire.NewNonce()}
	c.write(j)
	switch f := c.read().(type) {
	case *wire.LinkJoined:
		proof, _ := wire.UnB64(f.Proof)
		key, _ := wire.UnB64(challenge.Relay)
		if f.Re != j.ID || !ed25519.Verify(key, wire.LinkText(challenge, j), proof) {
			t.Fatal("the relay did not prove its key")
		}
		return c, nil
	case *wire.Error:
		return c, f
	default:
		t.Fatalf("got %T", f)
		return nil, nil
	}
}

func opened(c *client) string {
	c.t.Helper()
	code := string(seal.NewLinkCode())
	must[*wire.OK](c, &wire.OpenLink{Code: code})
	return code
}

// Two devices become one account's, as net/seal has it, by way of the mailbox.
func TestLink(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	code := opened(mara)
	device := seal.NewDevice(seal.Computer)
	phone, e := come(t, r.URL(), code)
	if e != nil {
		t.Fatal(e)
	}
	was, is := seal.LinkCode(code), &identity{device, mara.owner}
	now := time.Now()
	old, fresh := seal.NewLinkOld(was, now), seal.NewLinkNew(was, device, nil, now)
	say := func(from, to *client, b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		must[*wire.OK](from, &wire.LinkMessage{Code: code, Body: b})
		f := news[*wire.LinkMessage](to)
		if f.Code != code {
			t.Errorf("%+v", f)
		}
		return f.Body
	}
	commit, err := fresh.Commit(now)
	offer, err2 := old.Commit(say(phone, mara, commit, err), mara.author(), now)
	reveal, digits, err := fresh.Offer(say(mara, phone, offer, err2), now)
	if shown, err := old.Reveal(say(phone, mara, reveal, err), now); err != nil || shown != digits {
		t.Errorf("%s here, %s there, %v", shown, digits, err)
	}
	proof, err := fresh.Confirm("phone", now)
	public, signature, label, err := old.Confirm(say(phone, mara, proof, err), now)
	if err != nil {
		t.Fatal(err)
	}
	s, boxes, err := mara.owner.chain.AddDevice(mara.device, mara.owner.keys, public, signature, label, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	mara.take(&wire.AppendChain{Statement: s, Boxes: boxes})
	must[*wire.OK](mara, &wire.CloseLink{Code: code})
	if f := news[*wire.CloseLink](phone); f.Code != code || f.Reason != "" {
		t.Errorf("%+v", f)
	}
	closed(t, phone.ws, websocket.CloseNormalClosure)
	if _, e := connect(t, r.URL(), is, "", ""); e != nil {
		t.Error(e)
	}
}

// What the old device says before anybody is there waits.
func TestLinkWaits(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	code := opened(mara)
	for i := range 3 {
		must[*wire.OK](mara, &wire.LinkMessage{Code: code, Body: []byte{byte(i)}})
	}
	phone, e := come(t, r.URL(), code)
	if e != nil {
		t.Fatal(e)
	}
	for i := range 3 {
		if f := news[*wire.LinkMessage](phone); len(f.Body) != 1 || f.Body[0] != byte(i) {
			t.Errorf("%d: %+v", i, f)
		}
	}
}

func TestLinkAttacks(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{LinkBurst: 1000}})
	mara, eve := join(t, r, "Mara"), join(t, r, "Eve")
	refused := func(code, want string) {
		t.Helper()
		c, e := come(t, r.URL(), code)
		if e == nil || e.Code != want {
			t.Fatalf("%+v", e)
		}
		closed(t, c.ws, websocket.ClosePolicyViolation)
	}
	code := opened(mara)
	for _, wrong := range []string{"", string(seal.NewLinkCode()), strings.ToUpper(code), code[:9], code + "a"} {
		refused(wrong, wire.CodeLinkInvalid)
	}
	for _, bad := range []string{"", "short", strings.ToUpper(code), code + "a", seal.LinkCode(code).String()} {
		mara.refused(wire.CodeBadFrame, &wire.OpenLink{Code: bad})
	}
	eve.refused(wire.CodeConflict, &wire.OpenLink{Code: code})
	eve.refused(wire.CodeLinkInvalid, &wire.LinkMessage{Code: code, Body: []byte("x")})
	eve.refused(wire.CodeLinkInvalid, &wire.CloseLink{Code: code})
	phone, e := come(t, r.URL(), code)
	if e != nil {
		t.Fatal(e)
	}
	refused(code, wire.CodeLinkInvalid) // a second join
	// At the mailbox there is nothing but messages.
	for _, f := range []wire.Frame{&wire.Send{Conversation: mara.self(), Message: "m"}, &wire.History{Conversation: mara.self()}, &wire.GetChain{Account: mara.account},
		&wire.FindAccounts{}, &wire.OpenLink{Code: string(seal.NewLinkCode())}, &wire.JoinLink{Code: code}, &wire.Hello{}} {
		phone.refused(wire.CodeForbidden, f)
	}
	mara.refused(wire.CodeTooLarge, &wire.LinkMessage{Code: code, Body: make([]byte, wire.MaxLinkMessage+1)})
	must[*wire.OK](mara, &wire.LinkMessage{Code: code, Body: make([]byte, wire.MaxLinkMessage)})
	phone.refused(wire.CodeTooLarge, &wire.CloseLink{Code: code, Reason: strings.Repeat("x", maxReason+1)})
	must[*wire.OK](phone, &wire.LinkMessage{Code: code, Body: make([]byte, wire.MaxLinkMessage)})
	// A frame above the limit ends the connection, and the linking with it.
	phone.ws.WriteMessage(websocket.TextMessage, []byte(strings.Repeat(" ", wire.MaxHello+1)))
	if e := news[*wire.Error](phone); e.Code != wire.CodeTooLarge {
		t.Errorf("%+v", e)
	}
	closed(t, phone.ws, websocket.CloseMessageTooBig)
	if f := news[*wire.CloseLink](mara); f.Code != code || f.Reason == "" {
		t.Errorf("%+v", f)
	}
	refused(code, wire.CodeLinkInvalid) // a code is good for one join
	mara.refused(wire.CodeLinkInvalid, &wire.LinkMessage{Code: code})
	if n := len(r.mailboxes.codes) + len(r.mailboxes.accounts); n != 0 {
		t.Errorf("%d are left", n)
	}
}

func TestLinkFlood(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	code := opened(mara)
	phone, e := come(t, r.URL(), code)
	if e != nil {
		t.Fatal(e)
	}
	for i := range wire.MaxLinkFrames {
		from, to := mara, phone
		if i%2 == 0 {
			from, to = phone, mara
		}
		must[*wire.OK](from, &wire.LinkMessage{Code: code, Body: []byte("x")})
		news[*wire.LinkMessage](to)
	}
	mara.refused(wire.CodeTooLarge, &wire.LinkMessage{Code: code, Body: []byte("x")})
	for _, c := range []*client{mara, phone} {
		if f := news[*wire.CloseLink](c); f.Reason == "" {
			t.Errorf("%+v", f)
		}
	}
	closed(t, phone.ws, websocket.CloseNormalClosure)
}

func TestLinkExpires(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{link: 50 * time.Millisecond}})
	mara := join(t, r, "Mara")
	code := opened(mara)
	if f := news[*wire.CloseLink](mara); f.Code != code || f.Reason == "" {
		t.Errorf("%+v", f)
	}
	if _, e := come(t, r.URL(), code); e == nil || e.Code != wire.CodeLinkInvalid {
		t.Errorf("%+v", e)
	}
}

// When one side goes, the other is told; a new attempt ends the one before.
func TestLinkSidesGo(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	first := opened(mara)
	phone, e := come(t, r.URL(), first)
	if e != nil {
		t.Fatal(e)
	}
	second := opened(mara)
	for _, c := range []*client{mara, phone} {
		if f := news[*wire.CloseLink](c); f.Code != first || f.Reason == "" {
			t.Errorf("%+v", f)
		}
	}
	closed(t, phone.ws, websocket.CloseNormalClosure)
	if phone, e = come(t, r.URL(), second); e != nil {
		t.Fatal(e)
	}
	mara.ws.Close()
	if f := news[*wire.CloseLink](phone); f.Code != second || f.Reason == "" {
		t.Errorf("%+v", f)
	}
	closed(t, phone.ws, websocket.CloseNormalClosure)
	mara = mara.again(r.URL())
	third := opened(mara)
	if phone, e = come(t, r.URL(), third); e != nil {
		t.Fatal(e)
	}
	must[*wire.OK](phone, &wire.CloseLink{Code: third, Reason: "The digits differ."})
	if f := news[*wire.CloseLink](mara); f.Code != third || f.Reason != "The digits differ." {
		t.Errorf("%+v", f)
	}
}

// Codes can't be tried in number.
func TestLinkGuesses(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{LinkRate: 0.0001, LinkBurst: 3}})
	mara := join(t, r, "Mara")
	code := opened(mara)
	for i := range 3 {
		if _, e := come(t, r.URL(), string(seal.NewLinkCode())); e == nil || e.Code != wire.CodeLinkInvalid {
			t.Errorf("%d: %+v", i, e)
		}
	}
	if _, e := come(t, r.URL(), code); e == nil || e.Code != wire.CodeRateLimited || !e.Retry {
		t.Errorf("the right one, too late: %+v", e)
	}
}
