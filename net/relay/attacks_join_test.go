package relay

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// The tests that are called TestAttack are what somebody outside, or inside,
// tries against a relay and the people at it. Others stand where what they are
// aimed at is tested: TestHelloIsChecked, TestAccountAttacks,
// TestConversationAttacks, TestLinkAttacks, TestTickets, TestRemovedMember.

// An invitation lets in whom it is for, as often as it says, until it is old or
// taken back; and only at the relay that made it.
func TestAttackInvitations(t *testing.T) {
	t.Parallel()
	r, elsewhere := start(t, Config{}), start(t, Config{})
	make := func(at *Relay, uses int, good time.Duration) string {
		link, err := at.Invite(t.Context(), uses, good)
		return code(t, link, err)
	}
	used, revoked := make(r, 1, time.Hour), make(r, 5, time.Hour)
	if _, e := connect(t, r.URL(), newIdentity(t), used, "Mara"); e != nil {
		t.Fatal(e)
	}
	if _, e := connect(t, r.URL(), newIdentity(t), revoked, "João"); e != nil {
		t.Fatal(e)
	}
	all, err := r.store.Invites()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range all {
		if i.Uses == 5 {
			if _, err := r.store.RevokeInvite(i.ID); err != nil {
				t.Fatal(err)
			}
		}
	}
	good := make(r, 1, time.Hour)
	for name, c := range map[string]struct{ invite, code string }{
		"used up":             {used, wire.CodeInviteUsed},
		"taken back":          {revoked, wire.CodeInviteInvalid},
		"too old":             {make(r, 1, time.Nanosecond), wire.CodeInviteExpired},
		"of another relay":    {make(elsewhere, 1, time.Hour), wire.CodeInviteInvalid},
		"a guess":             {wire.NewID(), wire.CodeInviteInvalid},
		"none":                {"", wire.CodeUnknownDevice},
		"almost a good one":   {good[:len(good)-1], wire.CodeInviteInvalid},
		"a good one, and 0":   {good + "\x00", wire.CodeInviteInvalid},
		"a pattern":           {"%", wire.CodeInviteInvalid},
		"a piece of SQL":      {"' OR 1=1 --", wire.CodeInviteInvalid},
		"what the disk keeps": {all[0].ID, wire.CodeInviteInvalid},
	} {
		if _, e := connect(t, r.URL(), newIdentity(t), c.invite, "Eve"); e == nil || e.Code != c.code || e.Retry {
			t.Errorf("%s: %+v, want %s", name, e, c.code)
		}
	}
	// Many come with one invitation at the same time.
	var in atomic.Int32
	var done sync.WaitGroup
	for i := range 8 {
		key := newIdentity(t)
		ws, challenge := dial(t, r.URL())
		done.Go(func() {
			c := &client{t: t, ws: ws, identity: key}
			b, _ := wire.Encode(hello(challenge, key, good, string(rune('A'+i))))
			if ws.WriteMessage(websocket.TextMessage, b) != nil {
				t.Error("the hello did not leave")
				return
			}
			switch f := c.read().(type) {
			case *wire.Welcome:
				in.Add(1)
			case *wire.Error:
				if f.Code != wire.CodeInviteUsed {
					t.Errorf("%+v", f)
				}
			}
		})
	}
	done.Wait()
	if in.Load() != 1 {
		t.Errorf("%d came in by one invitation", in.Load())
	}
}

// A hello is good once: on the connection, and at the relay, that it was signed for.
func TestAttackReplay(t *testing.T) {
	t.Parallel()
	r, elsewhere := start(t, Config{}), start(t, Config{})
	mara := join(t, r, "Mara")
	say := func(ws *websocket.Conn, h *wire.Hello) wire.Frame {
		c := &client{t: t, ws: ws}
		c.write(h)
		return c.read()
	}
	ws, challenge := dial(t, r.URL())
	recorded := hello(challenge, mara.identity, "", "")
	if w, ok := say(ws, recorded).(*wire.Welcome); !ok {
		t.Fatalf("%+v", w)
	}
	refuse := func(name, url string, h func(*wire.Challenge) *wire.Hello) {
		t.Helper()
		ws, challenge := dial(t, url)
		if e, ok := say(ws, h(challenge)).(*wire.Error); !ok || e.Code != wire.CodeBadSignature {
			t.Errorf("%s: %+v", name, e)
		}
		closed(t, ws, websocket.ClosePolicyViolation)
	}
	replayed := func(*wire.Challenge) *wire.Hello { return recorded }
	refuse("while the recorded connection is open", r.URL(), replayed)
	ws.Close()
	refuse("after it has ended", r.URL(), replayed)
	refuse("at another relay", elsewhere.URL(), replayed)
	refuse("signed for another relay, which passes it on", r.URL(), func(c *wire.Challenge) *wire.Hello {
		return hello(&wire.Challenge{Relay: elsewhere.Key(), Nonce: c.Nonce}, mara.identity, "", "")
	})
	refuse("for the nonce of another connection", r.URL(), func(*wire.Challenge) *wire.Hello {
		_, other := dial(t, r.URL())
		return hello(other, mara.identity, "", "")
	})
	// Who is in stays who they are.
	eve := join(t, r, "Eve")
	_, challenge = dial(t, r.URL())
	again := hello(challenge, mara.identity, "", "")
	eve.refused(wire.CodeBadFrame, again)
	if a := must[*wire.Accounts](eve, &wire.FindAccounts{Name: "Mara"}).Accounts; len(a) != 1 {
		t.Errorf("%+v", a)
	}
	eve.refused(wire.CodeNotFound, &wire.History{Conversation: mara.self()})
}

// A ping, or a letter now and then, is no hello: the connection ends all the same.
func TestAttackNoHello(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	for name, chatter := range map[string]func(*websocket.Conn) error{
		"pings": func(ws *websocket.Conn) error {
			return ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(within))
		},
		"pongs": func(ws *websocket.Conn) error {
			return ws.WriteControl(websocket.PongMessage, nil, time.Now().Add(within))
		},
		"letters of a frame without an end": func(ws *websocket.Conn) error {
			_, err := ws.NetConn().Write([]byte{0x00, 0x81, 0, 0, 0, 0, ' '})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ws, _ := dial(t, r.URL())
			if _, err := ws.NetConn().Write([]byte{0x01, 0x81, 0, 0, 0, 0, '{'}); err != nil { // text, not final
				t.Fatal(err)
			}
			ended := make(chan struct{})
			var talking sync.WaitGroup
			talking.Go(func() {
				for every := time.NewTicker(100 * time.Millisecond); ; {
					select {
					case <-every.C:
						if chatter(ws) != nil {
							return
						}
					case <-ended:
						return
					}
				}
			})
			c := &client{t: t, ws: ws}
			if e, ok := c.read().(*wire.Error); !ok || e.Code != wire.CodeHelloTimeout {
				t.Errorf("%+v", e)
			}
			closed(t, ws, websocket.ClosePolicyViolation)
			close(ended)
			talking.Wait()
		})
	}
}
