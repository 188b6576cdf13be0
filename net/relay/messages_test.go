package relay

import (
	"bytes"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

func TestSend(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao, eve := join(t, r, "Mara"), join(t, r, "João"), join(t, r, "Eve")
	id := direct(mara, joao)
	if v := news[*wire.ConversationNews](joao).Conversation; v.ID != id || v.Kind != "direct" || len(v.Members) != 2 || !v.Members[0].Online || !v.Members[1].Online {
		t.Errorf("%+v", v)
	}
	first := mara.send(id, "m1", "one")
	if first.Seq != 1 || first.At == 0 || first.Conversation != id || first.Message != "m1" {
		t.Errorf("%+v", first)
	}
	e := news[*wire.Entry](joao)
	if e.Seq != 1 || e.Conversation != id || e.Message != "m1" || e.From != mara.account || e.Device == "" || e.At != first.At || string(e.Body) != "one" {
		t.Errorf("%+v", e)
	}
	// Again, from the same and from another connection: the same numbers, and nobody hears of it.
	mara2 := mara.again(r.URL())
	for _, c := range []*client{mara, mara2} {
		if s := c.send(id, "m1", "changed"); s.Seq != 1 || s.At != first.At {
			t.Errorf("%+v", s)
		}
	}
	quiet[*wire.Entry](joao)
	joao.refused(wire.CodeConflict, &wire.Send{Conversation: id, Message: "m1"})
	eve.refused(wire.CodeNotFound, &wire.Send{Conversation: id, Message: "m2"})
	eve.refused(wire.CodeNotFound, &wire.History{Conversation: id})
	eve.refused(wire.CodeNotFound, &wire.Typing{Conversation: id})
	eve.refused(wire.CodeNotFound, &wire.Mark{Conversation: id, Read: 1})
	mara.refused(wire.CodeNotFound, &wire.Send{Conversation: "nowhere", Message: "m2"})
	mara.refused(wire.CodeBadFrame, &wire.Send{Conversation: id})
	mara.refused(wire.CodeBadFrame, &wire.Send{Conversation: id, Message: strings.Repeat("m", wire.MaxID+1)})
	mara.refused(wire.CodeTooLarge, &wire.Send{Conversation: id, Message: "m2", Body: make([]byte, wire.MaxBody+1)})
	mara.refused(wire.CodeTooLarge, &wire.Send{Conversation: id, Message: "m2", Files: make([]string, wire.MaxFiles+1)})
	mara.refused(wire.CodeNotFound, &wire.Send{Conversation: id, Message: "m2", Files: []string{strings.Repeat("a", 32)}})
	if s := mara.send(id, strings.Repeat("m", wire.MaxID), strings.Repeat("x", wire.MaxBody)); s.Seq != 2 {
		t.Errorf("what was refused left a gap: %+v", s)
	}
}

func TestHistory(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	id := mara.self()
	if p := must[*wire.Page](mara, &wire.History{Conversation: id}); len(p.Entries) != 0 || p.Head != 0 {
		t.Errorf("%+v", p)
	}
	const n = 250
	for i := 1; i <= n; i++ {
		mara.write(&wire.Send{Conversation: id, Message: fmt.Sprint("m", i), Body: []byte(fmt.Sprint(i))})
	}
	for range n {
		mara.read()
	}
	for _, c := range []struct {
		before, after  uint64
		limit          int
		first, last, n uint64
	}{
		{0, 0, 0, 151, 250, 100}, {0, 0, 10, 241, 250, 10}, {0, 0, 1000, 151, 250, 100}, {0, 0, -1, 151, 250, 100},
		{151, 0, 0, 51, 150, 100}, {51, 0, 0, 1, 50, 50}, {1, 0, 0, 0, 0, 0}, {9999, 0, 2, 249, 250, 2},
		{0, 1, 0, 2, 101, 100}, {0, 240, 100, 241, 250, 10}, {0, 250, 0, 0, 0, 0}, {0, 9999, 0, 0, 0, 0},
	} {
		p := must[*wire.Page](mara, &wire.History{Conversation: id, Before: c.before, After: c.after, Limit: c.limit})
		if p.Head != n || p.Conversation != id || uint64(len(p.Entries)) != c.n {
			t.Errorf("%+v: %d entries, head %d", c, len(p.Entries), p.Head)
			continue
		}
		for i, e := range p.Entries {
			if e.Seq != c.first+uint64(i) || e.Message != fmt.Sprint("m", e.Seq) || string(e.Body) != fmt.Sprint(e.Seq) {
				t.Errorf("%+v: entry %d is %+v", c, i, e)
			}
		}
	}
	mara.refused(wire.CodeBadFrame, &wire.History{Conversation: id, Before: 5, After: 1})
	mara.refused(wire.CodeBadFrame, &wire.History{Conversation: id, Before: 1 << 63})
}

// A page of the largest entries is below the limits, and gives one at least.
func TestLargePages(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	const n = wire.MaxPageBytes/wire.MaxBody + 2
	for i := range n {
		mara.send(mara.self(), fmt.Sprint(i), strings.Repeat("x", wire.MaxBody))
	}
	newest := must[*wire.Page](mara, &wire.History{Conversation: mara.self()}).Entries
	older := must[*wire.Page](mara, &wire.History{Conversation: mara.self(), Before: newest[0].Seq}).Entries
	if len(newest) != n-2 || len(older) != 2 || newest[0].Seq != 3 || older[0].Seq != 1 {
		t.Errorf("%d and %d entries", len(newest), len(older))
	}
}

func TestMarks(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	joao2 := joao.again(r.URL())
	id := direct(mara, joao)
	for i := range 5 {
		mara.send(id, fmt.Sprint(i), "x")
	}
	mark := func(received, read uint64) *wire.Mark {
		return &wire.Mark{Conversation: id, Received: received, Read: read}
	}
	must[*wire.OK](joao, mark(3, 0))
	for _, c := range []*client{mara, joao2} {
		if m := news[*wire.Mark](c); m.Account != joao.account || m.Received != 3 || m.Read != 0 || m.Conversation != id {
			t.Errorf("%+v", m)
		}
	}
	must[*wire.OK](joao, mark(1, 0)) // never back
	must[*wire.OK](joao, mark(3, 0)) // no news
	quiet[*wire.Mark](mara)
	must[*wire.OK](joao, mark(0, 4)) // what was read was received
	if m := news[*wire.Mark](mara); m.Received != 4 || m.Read != 4 {
		t.Errorf("%+v", m)
	}
	must[*wire.OK](joao, mark(99, 99)) // not above the head
	if m := news[*wire.Mark](mara); m.Received != 5 || m.Read != 5 {
		t.Errorf("%+v", m)
	}
	mara.again(r.URL())
	w := mara.again(r.URL()).welcome
	i := slices.IndexFunc(w.Conversations, func(v wire.Conversation) bool { return v.ID == id })
	if v := w.Conversations[i]; i != 0 || v.Head != 5 || len(v.Marks) != 1 || v.Marks[0].Account != joao.account || v.Marks[0].Read != 5 {
		t.Errorf("%d %+v", i, v)
	}
}

func TestTypingAndPresence(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara, joao, eve := join(t, r, "Mara"), join(t, r, "João"), join(t, r, "Eve")
	id := direct(mara, joao)
	mara2 := mara.again(r.URL())
	mara.write(&wire.Typing{Conversation: id})
	if f := news[*wire.Typing](joao); f.Account != mara.account || f.Conversation != id {
		t.Errorf("%+v", f)
	}
	quiet[*wire.Typing](mara2)
	// Offline with the last connection, online with the first.
	mara.ws.Close()
	mara2.ws.Close()
	p := news[*wire.Presence](joao)
	if p.Account != mara.account || p.Online || p.LastSeen == 0 {
		t.Errorf("%+v", p)
	}
	found := must[*wire.Accounts](joao, &wire.FindAccounts{Name: "mara"})
	if len(found.Accounts) != 1 || found.Accounts[0].Online {
		t.Errorf("%+v", found)
	}
	mara = mara.again(r.URL())
	mara.again(r.URL())
	if p := news[*wire.Presence](joao); p.Account != mara.account || !p.Online || p.LastSeen != 0 {
		t.Errorf("%+v", p)
	}
	quiet[*wire.Presence](joao)
	quiet[*wire.Presence](eve)
}

func TestDirectory(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara Reyes")
	join(t, r, "João")
	join(t, r, "Marcos")
	names := func(f *wire.FindAccounts) (all []string) {
		for _, a := range must[*wire.Accounts](mara, f).Accounts {
			all = append(all, a.Name)
		}
		return all
	}
	for _, c := range []struct {
		f    wire.FindAccounts
		want []string
	}{
		{wire.FindAccounts{Name: "JOÃO"}, []string{"João"}},
		{wire.FindAccounts{Name: "Joa\u0303o"}, []string{"João"}},
		{wire.FindAccounts{Name: "Mar"}, nil},
		{wire.FindAccounts{Name: "\x00"}, nil},
		{wire.FindAccounts{Prefix: "mar"}, []string{"Mara Reyes", "Marcos"}},
		{wire.FindAccounts{Prefix: "mara  r"}, []string{"Mara Reyes"}},
		{wire.FindAccounts{Prefix: "%"}, nil},
		{wire.FindAccounts{}, []string{"João", "Mara Reyes", "Marcos"}},
	} {
		if got := names(&c.f); !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v", c.f, got)
		}
	}
}

func TestInvitesFromClients(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	i := must[*wire.Invited](mara, &wire.CreateInvite{})
	if left := time.Until(time.UnixMilli(i.Expires)); left < 6*24*time.Hour || left > 7*24*time.Hour {
		t.Errorf("%v", left)
	}
	joinBy(t, r.URL(), i.Link, "João")
	mara.refused(wire.CodeBadFrame, &wire.CreateInvite{Uses: -1})
	mara.refused(wire.CodeBadFrame, &wire.CreateInvite{Expires: -1})
	mara.refused(wire.CodeBadFrame, &wire.CreateInvite{Expires: 1 << 62})
}

// Whoever is in very many conversations gets the newest, and the rest on asking.
func TestManyConversations(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{welcome: 10000}})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	want := map[string]bool{mara.self(): true}
	var last string
	for range 60 {
		last = group(mara, joao)
		want[last] = true
	}
	middle := last
	for id := range want {
		middle = id
	}
	// The relay's order is by the millisecond: the message comes in a later one.
	for now := time.Now().UnixMilli(); time.Now().UnixMilli() == now; {
		time.Sleep(time.Millisecond)
	}
	mara.send(middle, "m", "x")
	c := mara.again(r.URL())
	if got := c.welcome.Conversations; !c.welcome.More || got[0].ID != middle || len(got) < 10 || len(got) > 50 {
		t.Errorf("%v %d", c.welcome.More, len(got))
	}
	after, more := "", true
	for more {
		l := must[*wire.Conversations](c, &wire.ListConversations{After: after})
		for _, v := range l.Conversations {
			if !want[v.ID] || v.ID <= after {
				t.Fatalf("%s is not to be here", v.ID)
			}
			delete(want, v.ID)
			after = v.ID
		}
		more = l.More
	}
	if len(want) != 0 {
		t.Errorf("%d conversations are missing", len(want))
	}
}

// The largest conversation fits beside a full welcome, and no size is guessed too low.
func TestWelcomeFits(t *testing.T) {
	t.Parallel()
	for _, char := range []string{"x", "<", "ã", "花", "\U0001F469", "\""} {
		name := strings.Repeat(char, wire.MaxName)
		c := wire.Conversation{ID: wire.NewID(), Kind: "group", Chain: 1<<63 - 1, Head: 1<<63 - 1, Created: 1 << 50}
		for range wire.MaxMembers {
			c.Members = append(c.Members, wire.Account{ID: wire.NewID(), Name: name, LastSeen: 1 << 50, Chain: 4096})
			c.Marks = append(c.Marks, wire.Mark{Account: wire.NewID(), Received: 1<<63 - 1, Read: 1<<63 - 1})
		}
		b, err := wire.Encode(&wire.ConversationNews{Conversation: c})
		if err != nil || len(b) > sizeOf(&c) || welcomeBytes+len(b)+4096 > wire.MaxRelayFrame {
			t.Errorf("%q: %d bytes, guessed %d, %v", char, len(b), sizeOf(&c), err)
		}
	}
}

// Many write to one conversation: every reader sees the numbers rise by one.
func TestWriters(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	const writers, each = 8, 100
	reader := join(t, r, "Reader")
	all := make([]*client, writers)
	for i := range all {
		all[i] = join(t, r, fmt.Sprint("Writer ", i))
	}
	id := group(reader, all...)
	for _, c := range all {
		news[*wire.ConversationNews](c)
	}
	var done sync.WaitGroup
	for i, c := range all {
		done.Add(2)
		go func() {
			defer done.Done()
			for n := range each {
				b, _ := wire.Encode(&wire.Send{Header: wire.Header{ID: fmt.Sprint(n)}, Conversation: id, Message: fmt.Sprintf("%d-%d", i, n)})
				if err := c.ws.WriteMessage(websocket.TextMessage, b); err != nil {
					t.Error(err)
					return
				}
			}
		}()
		go func() {
			defer done.Done()
			last, mine := uint64(0), 0
			for range writers * each {
				_, b, err := c.ws.ReadMessage()
				if err != nil {
					t.Error(err)
					return
				}
				seq := uint64(0)
				switch f, _ := wire.Decode(b); f := f.(type) {
				case *wire.Entry:
					seq = f.Seq
				case *wire.Sent:
					seq = f.Seq
					if f.Re != fmt.Sprint(mine) {
						t.Errorf("answer %s came as number %d", f.Re, mine)
					}
					mine++
				}
				if seq != last+1 {
					t.Errorf("%d after %d", seq, last)
					return
				}
				last = seq
			}
		}()
	}
	next := make([]int, writers)
	for seq := uint64(1); seq <= writers*each; seq++ {
		e := news[*wire.Entry](reader)
		var i, n int
		fmt.Sscanf(e.Message, "%d-%d", &i, &n)
		if e.Seq != seq || next[i] != n {
			t.Fatalf("entry %d is %d: %s, want %d", seq, e.Seq, e.Message, next[i])
		}
		next[i]++
	}
	done.Wait()
}

// A frame that is wrong gets an answer, and the connection goes on.
func TestBadFrames(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	mara := join(t, r, "Mara")
	for _, c := range []struct {
		kind            int
		frame, code, re string
	}{
		{websocket.TextMessage, "", wire.CodeBadFrame, ""},
		{websocket.TextMessage, "no JSON", wire.CodeBadFrame, ""},
		{websocket.TextMessage, "[1]", wire.CodeBadFrame, ""},
		{websocket.TextMessage, "null", wire.CodeUnknownType, ""},
		{websocket.TextMessage, `{"id":"7","type":"dance"}`, wire.CodeUnknownType, "7"},
		{websocket.TextMessage, `{"id":"7","type":"welcome"}`, wire.CodeUnknownType, "7"},
		{websocket.TextMessage, `{"id":"7","type":"send","body":1}`, wire.CodeBadFrame, "7"},
		{websocket.TextMessage, `{"id":"7","type":"send","body":"%%%"}`, wire.CodeBadFrame, "7"},
		{websocket.TextMessage, `{"id":"7","type":"hello"}`, wire.CodeBadFrame, "7"},
		{websocket.TextMessage, `{"id":"7","type":"ticket.request"}`, wire.CodeBadFrame, "7"},
		{websocket.BinaryMessage, `{"id":"7","type":"send"}`, wire.CodeBadFrame, ""},
		{websocket.BinaryMessage, "\x00\xff", wire.CodeBadFrame, ""},
	} {
		if err := mara.ws.WriteMessage(c.kind, []byte(c.frame)); err != nil {
			t.Fatal(err)
		}
		if e, ok := mara.read().(*wire.Error); !ok || e.Code != c.code || e.Re != c.re || e.Message == "" {
			t.Errorf("%q: got %+v, want %s", c.frame, e, c.code)
		}
	}
	if s := mara.send(mara.self(), "m", "still here"); s.Seq != 1 {
		t.Errorf("%+v", s)
	}
}

// A client that sends far too much is told so, even if it reads only then.
func TestHugeFrame(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	for _, size := range []int{wire.MaxFrame + 1, 100 << 20} {
		mara := join(t, r, fmt.Sprint("Mara ", size))
		if err := mara.ws.WriteMessage(websocket.TextMessage, bytes.Repeat([]byte(" "), size)); err != nil {
			t.Fatalf("%d: the connection was cut: %v", size, err)
		}
		if e, ok := mara.read().(*wire.Error); !ok || e.Code != wire.CodeTooLarge {
			t.Errorf("%d: %+v", size, e)
		}
		closed(t, mara.ws, websocket.CloseMessageTooBig)
		if s := mara.again(r.URL()).send(mara.self(), "m", "x"); s.Seq != 1 {
			t.Errorf("%+v", s)
		}
	}
	mara := join(t, r, "Mara")
	frame := `{"id":"1","type":"send","conversation":"` + mara.self() + `","message":"m"}`
	mara.ws.WriteMessage(websocket.TextMessage, []byte(frame+strings.Repeat(" ", wire.MaxFrame-len(frame))))
	if s, ok := mara.read().(*wire.Sent); !ok {
		t.Errorf("a frame of exactly the limit: %+v", s)
	}
}

// One who does not read is dropped; nobody waits for them, and nothing is lost.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Metrics: "127.0.0.1:0", Limits: Limits{Queue: 1 << 20}})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	id := direct(mara, joao)
	joao.ws.NetConn().(*net.TCPConn).SetReadBuffer(8 << 10)
	body := strings.Repeat("x", wire.MaxBody)
	n := uint64(0)
	for dropped := false; !dropped; { // what the sockets hold depends on the system
		if n++; n > 200 {
			t.Fatal("João was not dropped")
		}
		mara.send(id, fmt.Sprint(n), body)
		for _, f := range mara.kept {
			p, ok := f.(*wire.Presence)
			dropped = dropped || ok && !p.Online
		}
	}
	scraped(t, r, "satchel_relay_slow_readers_dropped_total", 1)
	joao = joao.again(r.URL())
	p := must[*wire.Page](joao, &wire.History{Conversation: id, Limit: 2})
	if p.Head != n || len(p.Entries) != 2 || p.Entries[1].Seq != n {
		t.Errorf("%d %d %d", n, p.Head, len(p.Entries))
	}
}

// Who asks without reading is slowed down, not dropped.
func TestManyQuestions(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{Queue: 64 << 10}})
	mara := join(t, r, "Mara")
	mara.send(mara.self(), "m", strings.Repeat("x", 64<<10))
	const n = 60
	written := make(chan error, 1)
	go func() {
		for i := range n {
			b, _ := wire.Encode(&wire.History{Header: wire.Header{ID: fmt.Sprint(i)}, Conversation: mara.self()})
			if err := mara.ws.WriteMessage(websocket.TextMessage, b); err != nil {
				written <- err
				return
			}
		}
		written <- nil
	}()
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if p, ok := mara.read().(*wire.Page); !ok || p.Re != fmt.Sprint(i) {
			t.Fatalf("%d: %+v", i, p)
		}
	}
}

func TestRequestRate(t *testing.T) {
	t.Parallel()
	r := start(t, Config{Limits: Limits{RequestRate: 0.001, RequestBurst: 3}})
	mara := join(t, r, "Mara")
	must[*wire.Accounts](mara, &wire.FindAccounts{})
	must[*wire.Accounts](mara, &wire.FindAccounts{})
	mara.refused(wire.CodeRateLimited, &wire.FindAccounts{})
	mara.send(mara.self(), "m", "words go on")
}

func TestDrain(t *testing.T) {
	t.Parallel()
	r, stop := startStop(t, Config{})
	mara := join(t, r, "Mara")
	ws, _ := dial(t, r.URL()) // has not said hello
	done := make(chan struct{})
	go func() { defer close(done); stop() }()
	if e := news[*wire.Error](mara); e.Code != wire.CodeShuttingDown || !e.Retry {
		t.Errorf("%+v", e)
	}
	closed(t, mara.ws, websocket.CloseGoingAway)
	closed(t, ws, websocket.CloseGoingAway)
	<-done
}

// A client that does not read does not hold up the end either.
func TestDrainIsBounded(t *testing.T) {
	t.Parallel()
	r, stop := startStop(t, Config{Limits: Limits{Drain: 500 * time.Millisecond, Queue: 64 << 20}})
	mara, joao := join(t, r, "Mara"), join(t, r, "João")
	id := direct(mara, joao)
	joao.ws.NetConn().(*net.TCPConn).SetReadBuffer(8 << 10)
	for i := range 20 {
		mara.send(id, fmt.Sprint(i), strings.Repeat("x", wire.MaxBody))
	}
	begun := time.Now()
	stop() // fails when Serve does not return
	t.Logf("ended after %v", time.Since(begun))
}
