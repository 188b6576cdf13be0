//go:build moved

package faults

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"satchel/chat"
)

// This needs a standard library whose clock can be moved: clock/overlay makes it,
// and `make faults` calls both.
func init() { moveClock = func(by time.Duration) { time.Moved.Store(int64(by / time.Second)) } }

// A clock jumps by a day, or several, between two steps of a transfer: the
// sender's, the relay's or the receiver's, at each of its requests. Then it is
// set right again, between two others.
func TestClocks(t *testing.T) {
	w, g, ana, bo, conv := apart(t)
	relay := startChild(t, order{Role: "relay", Dir: w.dir, Listen: w.addr}, nil)
	relay.line(t)
	const day = 24 * time.Hour
	i := 0
	for _, by := range []time.Duration{day, -day, 400 * day} {
		for _, who := range []string{"sender", "receiver", "relay"} {
			for _, request := range []string{head, create, patch, get} {
				direction := upload
				if request == get {
					direction = download
				}
				if who == "sender" && request == get || who == "receiver" && request != get {
					continue
				}
				t.Run(fmt.Sprint(who, " ", by, " at ", request), func(t *testing.T) {
					i++
					data := random(9<<20, uint64(i))
					note := matrix.run(t, fmt.Sprintf("clock of the %s moved by a day or more", who), direction)
					m := chat.Message{ID: chat.NewMessageID(time.Now()), Conversation: conv}
					one := func(o order, jumps bool) string {
						var p *process
						ready := make(chan struct{})
						jump := func(n int, by time.Duration) *fault {
							return at(request, n, false, func(rw http.ResponseWriter, r *http.Request, pass http.Handler) {
								<-ready
								if who == "relay" {
									relay.move(t, by)
								} else {
									p.move(t, by)
								}
								pass.ServeHTTP(rw, r)
							})
						}
						if jumps {
							back := jump(2, 0)
							there := jump(1, by)
							defer there.happened(t)
							g.setHarm(func(rw http.ResponseWriter, r *http.Request, pass http.Handler) {
								there.do(rw, r, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { back.do(rw, r, pass) }))
							})
						}
						p = startChild(t, o, nil)
						close(ready)
						said := p.line(t)
						p.kill()
						g.set(nil)
						if said == "" {
							t.Fatalf("%s ended without a file: %s", o.Role, &p.errs)
						}
						return said
					}
					one(order{Role: "send", Dir: ana.dir, Conversation: conv, Message: m.ID, Path: newFile(t, data)}, direction == upload)
					path := one(order{Role: "fetch", Dir: bo.dir, Conversation: conv, Message: m.ID}, direction == download)
					equalFile(t, path, data)
					relay.move(t, 0)
					note(result{})
				})
			}
		}
	}
	relay.kill()
}

// move moves a child's clock, and waits until it is so.
func (p *process) move(t testing.TB, by time.Duration) {
	if _, err := fmt.Fprintln(p.in, int(by/time.Second)); err != nil {
		return // it is over
	}
	if _, err := p.acks.ReadString('\n'); err != nil && err != io.EOF {
		t.Error("the clock was not moved: ", err)
	}
}
