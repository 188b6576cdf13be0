package faults

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"satchel/chat"
	"satchel/net/seal"
)

// deadly is one point of a transfer's way at which somebody is killed: after the
// n-th time that something of theirs became durable, or at the n-th request of
// a kind, before the relay heard of it or after it has carried it out.
type deadly struct {
	n       int
	request string
	after   bool
}

func (d deadly) String() string {
	switch {
	case d.request == "":
		return fmt.Sprint("durable ", d.n)
	case d.after:
		return fmt.Sprint(d.request, " ", d.n, " done")
	}
	return fmt.Sprint(d.request, " ", d.n)
}

// points are those of a victim: each durable step that it makes, until there
// are no more, and each request; a slice of them is one of both.
func points(slice int, requests ...string) (all []deadly) {
	if !whole {
		return []deadly{{n: slice}, {n: 1, request: requests[len(requests)-1], after: true}}
	}
	for n := 1; n <= 100; n++ {
		all = append(all, deadly{n: n})
	}
	for _, r := range requests {
		n := 1
		if r == patch || r == get {
			n = 2
		}
		for i := 1; i <= n; i++ {
			all = append(all, deadly{n: i, request: r}, deadly{n: i, request: r, after: true})
		}
	}
	return all
}

// beyond tells whether a victim makes fewer steps than that.
func (d deadly) beyond(steps int64) bool { return d.request == "" && steps > 0 && int64(d.n) > steps }

// at the gateway, where a point is a request.
func (d deadly) fault(kill func()) *fault {
	if d.request == "" {
		return nil
	}
	return at(d.request, d.n, false, func(w http.ResponseWriter, r *http.Request, pass http.Handler) {
		if d.after {
			pass.ServeHTTP(httptest.NewRecorder(), r)
		}
		kill()
		panic(http.ErrAbortHandler)
	})
}

// counter calls hit when it was called n times; n 0: never.
func counter(n int, hit func()) (durable func(), seen *atomic.Int64) {
	seen = new(atomic.Int64)
	return func() {
		if k := seen.Add(1); n > 0 && k == int64(n) {
			hit()
		}
	}, seen
}

const killRow = "kill -9 of the "

// Sender and receiver are killed at every point, and started again.
func TestKilledEnds(t *testing.T) {
	size := 700 << 10
	if whole {
		size = 17 << 20
	}
	w := newWorld(t, nil)
	g := newGateway(t, w.url())
	ana, bo := w.person("Ana", g.URL, ""), w.person("Bo", g.URL, "")
	conv := meet(t, ana, bo)
	if err := bo.Close(); err != nil {
		t.Fatal(err)
	}
	i := 0
	// fetch has Bo fetch a message, and be killed at d.
	fetch := func(t *testing.T, m chat.Message, data []byte, d deadly, r *result) int64 {
		o := order{Role: "fetch", Dir: bo.dir, Conversation: conv, Message: m.ID}
		moved := g.down.Load()
		steps := int64(0)
		if d.n > 0 {
			p, seen := deadlyChild(t, o, g, d)
			path := p.line(t)
			p.kill()
			g.set(nil)
			steps = seen.Load()
			if path == "" {
				r.resumed = true
			}
		}
		p := startChild(t, o, nil)
		path := p.line(t)
		p.kill()
		check(t, path, data, &p.errs)
		r.twice = max(r.twice, g.down.Load()-moved-seal.SealedSize(int64(len(data))))
		return steps
	}
	t.Run("receiver", func(t *testing.T) {
		most := int64(0)
		for _, d := range points(6, get) {
			if d.beyond(most) {
				continue
			}
			t.Run(d.String(), func(t *testing.T) {
				i++
				note := matrix.run(t, killRow+"receiver", download)
				data := random(size, uint64(i))
				m := ana.send(t, conv, newFile(t, data))
				ana.sent(t, m)
				var r result
				if steps := fetch(t, m, data, d, &r); steps < int64(d.n) {
					most = steps
				}
				note(r)
			})
		}
	})
	if err := ana.Close(); err != nil {
		t.Fatal(err)
	}
	t.Run("sender", func(t *testing.T) {
		most := int64(0)
		for _, d := range points(7, head, create, patch) {
			if d.beyond(most) {
				continue
			}
			t.Run(d.String(), func(t *testing.T) {
				i++
				note := matrix.run(t, killRow+"sender", upload)
				data := random(size, uint64(i))
				m := chat.Message{ID: chat.NewMessageID(time.Now()), Conversation: conv}
				o := order{Role: "send", Dir: ana.dir, Conversation: conv, Message: m.ID, Path: newFile(t, data)}
				moved := g.up.Load()
				var r result
				p, seen := deadlyChild(t, o, g, d)
				said := p.line(t)
				p.kill()
				g.set(nil)
				if said == "" {
					r.resumed = true
				}
				p = startChild(t, o, nil)
				said = p.line(t)
				p.kill()
				if said != "sent" {
					t.Fatalf("the sender said %q: %s", said, &p.errs)
				}
				r.twice = max(0, g.up.Load()-moved-seal.SealedSize(int64(size)))
				if seen.Load() < int64(d.n) {
					most = seen.Load()
				}
				fetch(t, m, data, deadly{}, &result{})
				note(r)
			})
		}
	})
	// Each message is there once, on both sides.
	for _, p := range []*person{ana, bo} {
		p.open()
		if err := p.Synced(p.bounded()); err != nil {
			t.Fatal(err)
		}
		all, err := p.Messages(conv, 0, 10000)
		if err != nil || len(all) != i+1 {
			t.Errorf("%s has %d messages of %d: %v", p.name, len(all), i+1, err)
		}
	}
}

// deadlyChild starts a child that is killed at a point.
func deadlyChild(t testing.TB, o order, g *gateway, d deadly) (*process, *atomic.Int64) {
	t.Helper()
	ready := make(chan struct{})
	var p *process
	kill := func() {
		<-ready
		_ = p.cmd.Process.Kill()
	}
	n := d.n
	if d.request != "" {
		n = 0
	}
	durable, seen := counter(n, kill)
	g.set(d.fault(kill))
	if n == 0 {
		durable = nil
	}
	p = startChild(t, o, durable)
	close(ready)
	return p, seen
}

// The relay is killed at every point, and started again at the same address.
func TestKilledRelay(t *testing.T) {
	size := 700 << 10
	if whole {
		size = 17 << 20
	}
	w := newWorld(t, nil)
	g := newGateway(t, w.url())
	l := &lane{w: w, up: g, down: newGateway(t, w.url())}
	l.ana, l.bo = w.person("Ana", g.URL, ""), w.person("Bo", l.down.URL, "")
	l.conv = meet(t, l.ana, l.bo)
	w.stop()
	o := order{Role: "relay", Dir: w.dir, Listen: w.addr}
	for i, c := range []struct {
		direction string
		all       []deadly
	}{{upload, points(3, head, create, patch)}, {download, points(0, get)}} {
		most := int64(0)
		for j, d := range c.all {
			if d.beyond(most) || c.direction == download && d.request == "" {
				continue // a download makes nothing durable at the relay
			}
			t.Run(c.direction+" "+d.String(), func(t *testing.T) {
				var p atomic.Pointer[process]
				dead := make(chan struct{})
				kill := func() { _ = p.Load().cmd.Process.Kill(); close(dead) }
				armed := atomic.Bool{}
				n := d.n
				if d.request != "" {
					n = 1 << 30
				}
				count, seen := counter(n, kill)
				p.Store(startChild(t, o, func() {
					if armed.Load() {
						count()
					}
				}))
				if said := p.Load().line(t); said != w.url() {
					t.Fatalf("the relay said %q: %s", said, &p.Load().errs)
				}
				for _, who := range []*person{l.ana, l.bo} {
					who.Kick()
					if err := who.Synced(who.bounded()); err != nil {
						t.Fatal(err)
					}
				}
				over := make(chan struct{})
				again := make(chan struct{})
				go func() {
					defer close(again)
					select {
					case <-dead:
						p.Load().kill()
						next := startChild(t, o, nil)
						next.line(t)
						p.Store(next)
						l.ana.Kick() // not to wait out the pause that several losses make long
						l.bo.Kick()
					case <-over:
					}
				}()
				l.run(t, trial{row: killRow + "relay", direction: c.direction, data: random(size, uint64(1000*i+j)),
					fault: d.fault(kill), before: func() { armed.Store(true) }})
				if seen.Load() < int64(d.n) {
					most = seen.Load()
				}
				close(over)
				<-again
				p.Load().kill()
			})
		}
	}
}

func check(t testing.TB, path string, data []byte, said fmt.Stringer) {
	t.Helper()
	if path == "" {
		t.Fatalf("nothing arrived: %s", said)
	}
	equalFile(t, path, data)
}
