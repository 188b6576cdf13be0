package relay

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
	"satchel/net/wire"
)

// cluster serves relays in this process, on one PostgreSQL and one NATS.
func cluster(t *testing.T, n int) (all []*Relay, stops []func(), stopNATS func(), natsPort int) {
	t.Helper()
	natsPort = freePort(t)
	where, stopNATS := startNATS(t, natsPort)
	c := Config{Database: newDatabase(t), Bus: where, Files: "file://" + t.TempDir()}
	for range n {
		r, stop := startStop(t, c)
		all, stops = append(all, r), append(stops, stop)
	}
	return all, stops, stopNATS, natsPort
}

// knows waits until a relay knows that somebody is online, or is not.
func knows(t *testing.T, r *Relay, account string, online bool) {
	t.Helper()
	if !eventually(func() bool { return r.online(account) == online }) {
		t.Fatalf("the relay thinks that online is %v", !online)
	}
}

// Two people at two relays have what two at one relay have: messages, marks,
// typing, coming and going.
func TestPeopleAtTwoRelays(t *testing.T) {
	t.Parallel()
	all, _, _, _ := cluster(t, 2)
	mara, joao := join(t, all[0], "Mara"), join(t, all[1], "João")
	if mara.welcome.Proof == "" || all[0].Key() != all[1].Key() {
		t.Fatal("two relays with two keys")
	}
	knows(t, all[0], joao.account, true)
	id := direct(mara, joao)
	if v := news[*wire.ConversationNews](joao); v.Conversation.ID != id || !onlineIn(v.Conversation, mara.account) {
		t.Errorf("%+v", v)
	}
	for n := range 20 {
		from, to := mara, joao
		if n%2 == 1 {
			from, to = joao, mara
		}
		from.send(id, fmt.Sprint(n), "x")
		if e := news[*wire.Entry](to); e.Message != fmt.Sprint(n) || e.Seq != uint64(n+1) {
			t.Fatalf("%d: %+v", n, e)
		}
	}
	must[*wire.OK](joao, &wire.Mark{Conversation: id, Read: 20})
	if m := news[*wire.Mark](mara); m.Read != 20 || m.Account != joao.account {
		t.Errorf("%+v", m)
	}
	must[*wire.OK](mara, &wire.Typing{Conversation: id})
	if f := news[*wire.Typing](joao); f.Account != mara.account {
		t.Errorf("%+v", f)
	}
	joao.ws.Close()
	if p := presenceOf(mara, joao.account, false); p.LastSeen == 0 {
		t.Errorf("%+v", p)
	}
	joao = joao.again(all[1].URL())
	presenceOf(mara, joao.account, true)
	// A ticket of one relay is good at the other.
	file, content, sum := newFile(100 << 10)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.url = all[1].URL()
	mara.post(k, len(content))
	if resp, _ := mara.patch(k, 0, content); resp.Header.Get(headerSHA256) != sum {
		t.Errorf("%v", resp.Header)
	}
}

func onlineIn(c wire.Conversation, account string) bool {
	for _, m := range c.Members {
		if m.ID == account {
			return m.Online
		}
	}
	return false
}

// presenceOf returns the next news of somebody that says this.
func presenceOf(c *client, account string, online bool) *wire.Presence {
	c.t.Helper()
	for {
		if p := news[*wire.Presence](c); p.Account == account && p.Online == online {
			return p
		}
	}
}

// Who was at a relay that died without a word is offline after a while.
func TestRelayDies(t *testing.T) {
	t.Parallel()
	where, _ := startNATS(t, -1)
	c := Config{Database: newDatabase(t), Bus: where, Files: "file://" + t.TempDir()}
	r := start(t, c)
	mara := join(t, r, "Mara")
	other := startChild(t, c)
	joao := joinBy(t, other.url, inviteTo(t, c), "João")
	id := direct(mara, joao)
	knows(t, r, joao.account, true)
	news[*wire.ConversationNews](joao)
	other.kill()
	presenceOf(mara, joao.account, false)
	if v := must[*wire.Conversations](mara, &wire.ListConversations{}); len(v.Conversations) != 2 || v.Conversations[0].ID != id && v.Conversations[1].ID != id {
		t.Errorf("%+v", v)
	}
}

// While NATS is away, entries come from the store, in their order; when it is
// back, all is as before.
func TestBusAway(t *testing.T) {
	t.Parallel()
	all, _, stopNATS, port := cluster(t, 2)
	mara, joao := join(t, all[0], "Mara"), join(t, all[1], "João")
	id := direct(mara, joao)
	mara.send(id, "before", "x")
	if e := news[*wire.Entry](joao); e.Message != "before" {
		t.Fatalf("%+v", e)
	}
	stopNATS()
	if !eventually(func() bool { return all[0].bus.away() && all[1].bus.away() }) {
		t.Fatal("NATS is not missed")
	}
	for n := range 5 {
		mara.send(id, fmt.Sprint(n), "x")
	}
	for n := range 5 {
		if e := news[*wire.Entry](joao); e.Message != fmt.Sprint(n) || e.Seq != uint64(n+2) {
			t.Fatalf("%d: %+v", n, e)
		}
	}
	startNATS(t, port)
	if !eventually(func() bool { return !all[0].bus.away() && !all[1].bus.away() }) {
		t.Fatal("NATS is not found again")
	}
	ana := join(t, all[1], "Ana")
	knows(t, all[0], ana.account, true)
	mara.send(id, "after", "x")
	if e := news[*wire.Entry](joao); e.Message != "after" {
		t.Fatalf("%+v", e)
	}
}

// Entries that other relays tell of in another order, twice, or not at all
// come to a connection once and in the order of their numbers.
func TestEntriesAreInOrder(t *testing.T) {
	t.Parallel()
	all, _, _, _ := cluster(t, 1)
	r := all[0]
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	id := direct(mara, joao)
	mara.send(id, "1", "x")
	news[*wire.Entry](joao)
	// What another relay stores: it is in the database, and this one is told by hand.
	store := func(n int) notice {
		done := make(chan wire.Entry, 1)
		r.store.Append(wire.Entry{Conversation: id, Message: fmt.Sprint(n), From: mara.account, Device: string(mara.device.ID()), Body: []byte{}}, nil, 0,
			func(e wire.Entry, _ bool, err error) {
				if err != nil {
					t.Error(err)
				}
				done <- e
			})
		e := <-done
		b, err := wire.Encode(&e)
		if err != nil {
			t.Fatal(err)
		}
		return notice{Kind: noticeEntry, Conversation: id, Seq: e.Seq, frame: b}
	}
	var told []notice
	for n := 2; n <= 9; n++ {
		told = append(told, store(n))
	}
	for _, n := range []uint64{3, 2, 2, 3, 5, 4, 8, 5, 9} { // 6 and 7 are lost
		r.take(told[n-2])
	}
	for n := uint64(2); n <= 9; n++ {
		if e := news[*wire.Entry](joao); e.Seq != n || e.Message != fmt.Sprint(n) {
			t.Fatalf("%+v, want %d", e, n)
		}
	}
	quiet[*wire.Entry](joao)
}

// A device that is removed at one relay is cut off at the other.
func TestDeviceRemovedElsewhere(t *testing.T) {
	t.Parallel()
	all, _, _, _ := cluster(t, 2)
	mara := join(t, all[0], "Mara")
	phone := mara.second(seal.Computer).again(all[1].URL())
	mara.take(mara.removed(phone.identity))
	if e := news[*wire.Error](phone); e.Code != wire.CodeDeviceRemoved {
		t.Errorf("%+v", e)
	}
	closed(t, phone.ws, websocket.ClosePolicyViolation)
}

// A member who was removed at one relay reads and hears nothing more at another.
func TestMemberRemovedElsewhere(t *testing.T) {
	t.Parallel()
	all, _, _, _ := cluster(t, 2)
	mara, joao := join(t, all[0], "Mara"), join(t, all[1], "João")
	g := newRoom(t, mara, joao)
	mara.send(g.id(), "1", "x")
	if e := news[*wire.Entry](joao); e.Seq != 1 {
		t.Errorf("%+v", e)
	}
	g.do(mara, set(joao, seal.Removed))
	joao.refused(wire.CodeNotFound, &wire.History{Conversation: g.id()})
	mara.send(g.id(), "2", "x")
	quiet[*wire.Entry](joao)
}

// A device is linked though the two come to two relays; a code is good for one
// join at all of them together, and each side hears when the other is gone.
func TestLinkAtTwoRelays(t *testing.T) {
	t.Parallel()
	all, _, _, _ := cluster(t, 3)
	mara := join(t, all[0], "Mara")
	code := opened(mara)
	must[*wire.OK](mara, &wire.LinkMessage{Code: code, Body: []byte("early")})
	phone, e := come(t, all[1].URL(), code)
	if e != nil {
		t.Fatal(e)
	}
	if f := news[*wire.LinkMessage](phone); string(f.Body) != "early" {
		t.Errorf("%+v", f)
	}
	for _, r := range all {
		if _, e := come(t, r.URL(), code); e == nil || e.Code != wire.CodeLinkInvalid {
			t.Errorf("a second one came: %+v", e)
		}
	}
	for n := range 3 {
		must[*wire.OK](phone, &wire.LinkMessage{Code: code, Body: []byte(fmt.Sprint("new ", n))})
		if f := news[*wire.LinkMessage](mara); string(f.Body) != fmt.Sprint("new ", n) {
			t.Errorf("%+v", f)
		}
		must[*wire.OK](mara, &wire.LinkMessage{Code: code, Body: []byte(fmt.Sprint("old ", n))})
		if f := news[*wire.LinkMessage](phone); string(f.Body) != fmt.Sprint("old ", n) {
			t.Errorf("%+v", f)
		}
	}
	phone.refused(wire.CodeTooLarge, &wire.LinkMessage{Code: code, Body: make([]byte, wire.MaxLinkMessage+1)})
	phone.refused(wire.CodeForbidden, &wire.FindAccounts{Name: "Mara"})
	phone.ws.Close()
	if f := news[*wire.CloseLink](mara); f.Reason == "" {
		t.Errorf("%+v", f)
	}
	code = opened(mara)
	if phone, e = come(t, all[2].URL(), code); e != nil {
		t.Fatal(e)
	}
	must[*wire.OK](mara, &wire.CloseLink{Code: code, Reason: "Not mine."})
	if f := news[*wire.CloseLink](phone); f.Reason != "Not mine." {
		t.Errorf("%+v", f)
	}
	closed(t, phone.ws, websocket.CloseAbnormalClosure)
}

// An upload that goes on at another relay, while the first still waits for
// more of it, is whole in the end; and each piece came through another relay.
func TestUploadAtTwoRelays(t *testing.T) {
	t.Parallel()
	all, _, _, _ := cluster(t, 2)
	mara := join(t, all[0], "Mara")
	for round := range 4 {
		file, content, sum := newFile(3 << 20)
		k := mara.ticket(wire.TicketUpload, file, len(content))
		mara.url = all[round%2].URL()
		mara.post(k, len(content))
		// One request stands still in the middle, at one relay.
		in, out := io.Pipe()
		hanging := make(chan struct{})
		go func() {
			defer close(hanging)
			req, _ := http.NewRequestWithContext(context.Background(), "PATCH", all[0].URL()+k.URL, in)
			req.ContentLength = int64(len(content))
			for name, v := range map[string]string{"Authorization": "Bearer " + k.Token, "Tus-Resumable": "1.0.0", "Content-Type": octets, "Upload-Offset": "0"} {
				req.Header.Set(name, v)
			}
			if resp, err := http.DefaultClient.Do(req); err == nil {
				resp.Body.Close()
			}
			in.Close()
		}()
		if _, err := out.Write(content[:1<<20]); err != nil {
			t.Fatal(err)
		}
		if !eventually(func() bool { return arrived(all[0], file) > 0 }) {
			t.Fatal("nothing came")
		}
		// The same goes on at the other.
		mara.url = all[1].URL()
		resp, _ := mara.request("HEAD", k.URL, k.Token, nil)
		offset, err := strconv.Atoi(resp.Header.Get("Upload-Offset"))
		if err != nil || offset == 0 || offset > 1<<20 {
			t.Fatalf("%v", resp.Header)
		}
		half := offset + (len(content)-offset)/2
		if resp, body := mara.patch(k, offset, content[offset:half]); resp.StatusCode != 204 {
			t.Fatalf("%v %s", resp.Status, body)
		}
		out.Close()
		<-hanging
		mara.url = all[0].URL()
		if resp, body := mara.patch(k, half, content[half:]); resp.Header.Get(headerSHA256) != sum {
			t.Errorf("%v %s", resp.Status, body)
		}
		d := mara.ticket(wire.TicketDownload, file, 0)
		mara.url = all[1].URL()
		if _, body := mara.request("GET", d.URL, d.Token, nil); body != string(content) {
			t.Error("the file differs")
		}
	}
}
