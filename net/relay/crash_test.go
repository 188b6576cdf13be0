package relay

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/seal"
	"satchel/net/wire"
)

// Killed under load, the relay has all that it acknowledged, once, in the
// order in which each sender sent; and what it had not acknowledged can be
// sent again.
func TestKilledWhileItStores(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startChild(t, Config{Dir: dir})
	const writers = 4
	all := make([]*client, writers)
	for i := range all {
		all[i] = joinBy(t, c.url, inviteTo(t, Config{Dir: dir}), fmt.Sprint("Writer ", i))
	}
	id := group(all[0], all[1:]...)
	acknowledged := make([]map[string]uint64, writers)
	var done sync.WaitGroup
	enough := make(chan struct{}, writers)
	for i, w := range all {
		acknowledged[i] = map[string]uint64{}
		done.Add(2)
		go func() {
			defer done.Done()
			for n := 0; ; n++ {
				b, _ := wire.Encode(&wire.Send{Conversation: id, Message: fmt.Sprintf("%d-%d", i, n), Body: []byte("x")})
				if w.ws.WriteMessage(websocket.TextMessage, b) != nil {
					return
				}
			}
		}()
		go func() {
			defer done.Done()
			for {
				_, b, err := w.ws.ReadMessage()
				if err != nil {
					return
				}
				if f, _ := wire.Decode(b); f != nil {
					if s, ok := f.(*wire.Sent); ok {
						if acknowledged[i][s.Message] = s.Seq; len(acknowledged[i]) == 200 {
							enough <- struct{}{}
						}
					}
				}
			}
		}()
	}
	select {
	case <-enough:
	case <-time.After(within):
		t.Error("nothing was acknowledged")
	}
	c.kill()
	done.Wait()

	r := start(t, Config{Dir: dir})
	reader := all[0].again(r.URL())
	stored := map[string]uint64{}
	last := make([]int, writers)
	seq := uint64(0)
	for head := uint64(1); seq < head; {
		p := must[*wire.Page](reader, &wire.History{Conversation: id, After: max(seq, 1)})
		if seq == 0 {
			first := must[*wire.Page](reader, &wire.History{Conversation: id, Before: 2})
			p.Entries = append(first.Entries, p.Entries...)
		}
		head = p.Head
		for _, e := range p.Entries {
			var i, n int
			fmt.Sscanf(e.Message, "%d-%d", &i, &n)
			if _, twice := stored[e.Message]; twice || e.Seq != seq+1 || n != last[i] {
				t.Fatalf("entry %d is %d: %s, twice %v, want number %d", seq+1, e.Seq, e.Message, twice, last[i])
			}
			stored[e.Message], last[i], seq = e.Seq, n+1, e.Seq
		}
	}
	for i := range acknowledged {
		for m, s := range acknowledged[i] {
			if stored[m] != s {
				t.Errorf("%s was acknowledged as %d and is %d", m, s, stored[m])
			}
		}
		if len(acknowledged[i]) > 0 {
			w := all[i].again(r.URL())
			m := fmt.Sprintf("%d-0", i)
			if s := w.send(id, m, "again"); s.Seq != stored[m] {
				t.Errorf("%s sent again is %d, was %d", m, s.Seq, stored[m])
			}
		}
	}
	t.Logf("%d stored", seq)
}

// Killed between the boxes that go ahead and their statement, the relay has
// the chain as it was, and takes both when they come again. Killed under a
// load of statements, it has every one that it acknowledged, with its boxes.
func TestKilledWhileItAppends(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startChild(t, Config{Dir: dir})
	person := func(name string) *client {
		return joinBy(t, c.url, inviteTo(t, Config{Dir: dir}), name)
	}
	mara, joao := person("Mara"), person("João")
	g := newRoom(t, mara, joao)
	rotate := g.propose(mara, seal.Proposal{Rotate: seal.Linked})
	must[*wire.OK](mara, &wire.PutBoxes{Conversation: g.id(), Boxes: rotate.Boxes})
	c.kill()
	c = startChild(t, Config{Dir: dir})
	mara, joao = mara.again(c.url), joao.again(c.url)
	if all := must[*wire.Chain](joao, &wire.GetChain{Conversation: g.id()}).Statements; len(all) != 1 {
		t.Fatalf("%d statements", len(all))
	}
	must[*wire.OK](mara, &wire.PutBoxes{Conversation: g.id(), Boxes: rotate.Boxes})
	must[*wire.OK](mara, &wire.AppendChain{Conversation: g.id(), Statement: rotate.Statement})
	if err := g.chain.Append(rotate.Statement, g.accounts); err != nil {
		t.Fatal(err)
	}
	for round := range 5 {
		acknowledged := make(chan uint64, 1)
		enough := make(chan struct{})
		go func() {
			last := g.chain.Head().Seq
			defer func() { acknowledged <- last }()
			for n := 1; ; n++ {
				w, err := g.chain.Propose(mara.author(), g.accounts, g.keys, seal.Proposal{Rotate: seal.Linked}, time.Now())
				if err != nil {
					t.Error(err)
					return
				}
				b, _ := wire.Encode(&wire.AppendChain{Header: wire.Header{ID: "append"}, Conversation: g.id(), Statement: w.Statement, Boxes: w.Boxes})
				if mara.ws.WriteMessage(websocket.TextMessage, b) != nil {
					return
				}
				for answered := false; !answered; {
					_, b, err := mara.ws.ReadMessage()
					if err != nil {
						return
					}
					f, _ := wire.Decode(b)
					answered = f.Meta().Re == "append"
					if _, ok := f.(*wire.OK); answered && !ok {
						t.Errorf("%s", b)
						return
					}
				}
				if err := g.chain.Append(w.Statement, g.accounts); err != nil {
					t.Error(err)
					return
				}
				for generation, k := range w.Keys {
					g.keys[generation] = k
				}
				if last = g.chain.Head().Seq; n == 5+round {
					close(enough)
				}
			}
		}()
		select {
		case <-enough:
		case <-time.After(within):
			t.Error("nothing was acknowledged")
		}
		c.kill()
		last := <-acknowledged
		c = startChild(t, Config{Dir: dir})
		mara, joao = mara.again(c.url), joao.again(c.url)
		all := must[*wire.Chain](joao, &wire.GetChain{Conversation: g.id()}).Statements
		chain, err := seal.VerifyConversation(g.chain.ID(), all, g.accounts)
		if err != nil || chain.Head().Seq < last || chain.Check(g.chain.Head()) != nil {
			t.Fatalf("%d acknowledged, %d there, %v", last, len(all), err)
		}
		// A statement that is there has its boxes, acknowledged or not.
		keys := seal.ConversationKeys{}
		boxes := must[*wire.Boxes](joao, &wire.GetBoxes{Conversation: g.id()}).Boxes
		for _, b := range boxes {
			if err := chain.Open(keys, joao.root(), joao.owner.keys, b); err != nil {
				t.Error(err)
			}
		}
		if len(boxes) != int(chain.Generation()) {
			t.Errorf("%d boxes of %d keys", len(boxes), chain.Generation())
		}
		g.chain, g.keys = chain, keys
	}
}

// Killed in the middle of a PATCH, the relay says an offset at which the bytes
// before are there, and the file becomes whole from it.
func TestKilledWhileItReceives(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := startChild(t, Config{Dir: dir})
	mara := joinBy(t, c.url, inviteTo(t, Config{Dir: dir}), "Mara")
	file, content, sum := newFile(24 << 20)
	k := mara.ticket(wire.TicketUpload, file, len(content))
	mara.post(k, len(content))
	mara.patch(k, 0, content[:1<<20])
	half := make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		body := &signalling{Reader: bytes.NewReader(content[1<<20:]), after: 8 << 20, reached: half}
		req, _ := http.NewRequestWithContext(context.Background(), "PATCH", c.url+k.URL, body)
		req.ContentLength = int64(len(content) - 1<<20)
		for name, v := range map[string]string{"Authorization": "Bearer " + k.Token, "Tus-Resumable": "1.0.0", "Content-Type": octets, "Upload-Offset": strconv.Itoa(1 << 20)} {
			req.Header.Set(name, v)
		}
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	}()
	select {
	case <-half:
	case <-time.After(within):
		t.Error("the upload stood still")
	}
	c.kill()
	<-ended

	r := start(t, Config{Dir: dir})
	mara = mara.again(r.URL())
	resp, _ := mara.request("HEAD", k.URL, k.Token, nil)
	offset, err := strconv.Atoi(resp.Header.Get("Upload-Offset"))
	if err != nil || offset < 1<<20 || offset > len(content) {
		t.Fatalf("%v", resp.Header)
	}
	if offset < len(content) {
		resp, _ = mara.patch(k, offset, content[offset:])
	}
	if resp.Header.Get(headerSHA256) != sum {
		t.Errorf("from %d: %v", offset, resp.Header)
	}
	d := mara.ticket(wire.TicketDownload, file, 0)
	if _, body := mara.request("GET", d.URL, d.Token, nil); body != string(content) {
		t.Error("the file differs")
	}
}

// signalling tells when so many bytes were read.
type signalling struct {
	*bytes.Reader
	after   int
	reached chan struct{}
}

func (s *signalling) Read(b []byte) (int, error) {
	n, err := s.Reader.Read(b)
	if s.after > 0 && s.after <= n {
		close(s.reached)
	}
	s.after -= n
	return n, err
}

func BenchmarkSend(b *testing.B) {
	r := start(b, Config{Limits: Limits{FrameRate: 1e9, FrameBurst: 1e9}})
	const waiting = 64
	all := make([]*client, waiting)
	for i := range all {
		all[i] = join(b, r, fmt.Sprint("Writer ", i))
	}
	body := make([]byte, 256)
	var done sync.WaitGroup
	b.ResetTimer()
	for i, c := range all {
		done.Add(1)
		go func() {
			defer done.Done()
			for n := i; n < b.N; n += waiting {
				c.write(&wire.Send{Conversation: c.self(), Message: strconv.Itoa(n), Body: body})
				if _, ok := c.read().(*wire.Sent); !ok {
					b.Error("not stored")
					return
				}
			}
		}()
	}
	done.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "durable-messages/s")
}
