package relay

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
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

// An invitation that leads to a group is made by its admins, tells who they are to
// whoever has its code, and is taken back by any of them, and by nobody else.
func TestAttackGroupInvitations(t *testing.T) {
	r := start(t, Config{})
	mara, ana, bo, eve := join(t, r, "Mara"), join(t, r, "Ana"), join(t, r, "Bo"), join(t, r, "Eve")
	g := newRoom(t, mara, ana, bo)
	g.do(mara, set(ana, seal.Admin))
	make := func(f *wire.CreateInvite) string {
		f.Conversation = g.id()
		return code(t, must[*wire.Invited](mara, f).Link, nil)
	}
	in, here := make(&wire.CreateInvite{Uses: 5}), make(&wire.CreateInvite{Here: true, Expires: 60})
	bo.refused(wire.CodeForbidden, &wire.CreateInvite{Conversation: g.id()})
	eve.refused(wire.CodeNotFound, &wire.CreateInvite{Conversation: g.id()})
	eve.refused(wire.CodeNotFound, &wire.CreateInvite{Conversation: wire.NewID()})
	mara.refused(wire.CodeForbidden, &wire.CreateInvite{Conversation: mara.self()})
	for _, c := range []string{in, here} {
		if all := must[*wire.Accounts](eve, &wire.LookInvite{Code: c}).Accounts; len(all) != 2 || all[0].Name != "Mara" || all[1].Name != "Ana" {
			t.Errorf("%+v", all)
		}
	}
	plain, err := r.Invite(t.Context(), 1, time.Hour)
	for name, c := range map[string]string{"a guess": wire.NewID(), "nothing": "", "the group": g.id(), "its name": wire.InviteID(in), "of no group": code(t, plain, err)} {
		if e := eve.ask(&wire.LookInvite{Code: c}); e.(*wire.Error).Code != wire.CodeInviteInvalid {
			t.Errorf("%s: %+v", name, e)
		}
	}
	if _, e := connect(t, r.URL(), newIdentity(t), here, "Carl"); e == nil || e.Code != wire.CodeInviteUsed {
		t.Errorf("one that is for those who are here: %+v", e)
	}
	for _, c := range []*client{eve, bo} {
		for _, id := range []string{wire.InviteID(in), in, "", wire.InviteID(in)[:12], strings.Repeat("%", 64), "\x00"} {
			c.refused(wire.CodeInviteInvalid, &wire.RevokeInvite{Invite: id})
		}
	}
	if _, e := connect(t, r.URL(), newIdentity(t), in, "Carl"); e != nil {
		t.Fatal(e)
	}
	must[*wire.OK](ana, &wire.RevokeInvite{Invite: wire.InviteID(in)})
	if _, e := connect(t, r.URL(), newIdentity(t), in, "Dora"); e == nil || e.Code != wire.CodeInviteInvalid {
		t.Errorf("after it was taken back: %+v", e)
	}
	eve.refused(wire.CodeInviteInvalid, &wire.LookInvite{Code: in})
	// Who is an admin no more has no say; who made it has.
	g.do(mara, set(ana, seal.Member))
	ana.refused(wire.CodeInviteInvalid, &wire.RevokeInvite{Invite: wire.InviteID(here)})
	own := must[*wire.Invited](bo, &wire.CreateInvite{Uses: 2})
	mara.refused(wire.CodeInviteInvalid, &wire.RevokeInvite{Invite: wire.InviteID(code(t, own.Link, nil))})
	must[*wire.OK](bo, &wire.RevokeInvite{Invite: wire.InviteID(code(t, own.Link, nil))})
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
