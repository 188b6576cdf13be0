package link

import (
	"crypto/ed25519"
	"errors"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// A device that belongs to nobody talks through a mailbox, hears the end of it,
// and believes no relay but the one that it was sent to.
func TestMailbox(t *testing.T) {
	r, _ := startRelay(t, t.TempDir(), "127.0.0.1:0")
	cfg, _ := registered(t, r, "Mara")
	old, _ := run(t, cfg)
	await[Up](t, old)
	const code = "abcdefgh23"
	if _, err := old.Call(t.Context(), &wire.OpenLink{Code: code}); err != nil {
		t.Fatal(err)
	}
	var f *Failure
	if _, err := JoinMailbox(t.Context(), r.URL(), wire.NewNonce(), code); !errors.As(err, &f) || !f.Final {
		t.Errorf("another key: %v", err)
	}
	if _, err := JoinMailbox(t.Context(), r.URL(), cfg.Key, "abcdefgh24"); !errors.As(err, &f) || f.Code != wire.CodeLinkInvalid {
		t.Errorf("another code: %v", err)
	}
	box, err := JoinMailbox(t.Context(), r.URL(), "", code)
	if err != nil {
		t.Fatal(err)
	}
	if box.Relay() != cfg.Key {
		t.Errorf("the relay's key is %q", box.Relay())
	}
	if err := box.Send([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	for heard := ""; heard != "hello"; {
		if m, ok := await[Received](t, old).Frame.(*wire.LinkMessage); ok {
			heard = string(m.Body)
		}
	}
	if _, err := old.Call(t.Context(), &wire.LinkMessage{Code: code, Body: []byte("you, too")}); err != nil {
		t.Fatal(err)
	}
	if _, err := old.Call(t.Context(), &wire.CloseLink{Code: code, Reason: "Enough."}); err != nil {
		t.Fatal(err)
	}
	var got []MailboxEvent
	for e := range box.Events() {
		got = append(got, e)
	}
	if len(got) != 2 || string(got[0].Body) != "you, too" || !got[1].Closed || got[1].Reason != "Enough." {
		t.Errorf("%+v", got)
	}
	box.Close("")
}

// A relay that shows a key without holding it is not believed; one that hangs
// up is said to be lost.
func TestMailboxOfAnImpostor(t *testing.T) {
	public, key, _ := ed25519.GenerateKey(nil)
	_, other, _ := ed25519.GenerateKey(nil)
	for _, signs := range []ed25519.PrivateKey{other, key} {
		cfg := impostor(t, []string{wire.Subprotocol}, func(c *websocket.Conn) {
			challenge := &wire.Challenge{Relay: wire.B64(public), Nonce: wire.NewNonce()}
			if write(c, challenge) != nil {
				return
			}
			_, b, err := c.ReadMessage()
			if err != nil {
				return
			}
			if join, err := wire.Decode(b); err == nil {
				_ = write(c, &wire.LinkJoined{Proof: wire.B64(ed25519.Sign(signs, wire.LinkText(challenge, join.(*wire.JoinLink))))})
			}
		})
		box, err := JoinMailbox(t.Context(), cfg.URL, "", "abcdefgh23")
		if signs.Equal(other) {
			if err == nil {
				t.Error("a false proof was believed")
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case e := <-box.Events():
			if !e.Closed || !e.Lost {
				t.Errorf("%+v", e)
			}
		case <-time.After(patience):
			t.Error("the end is not told")
		}
		box.Close("")
	}
}
