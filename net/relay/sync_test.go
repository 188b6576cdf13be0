package relay

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// follower reads a conversation as a client does: the newest page first, then
// back to the beginning, while new entries come; it goes and comes back.
type follower struct {
	*client
	url   string
	group string
	rand  *rand.Rand
	found map[uint64]string // message by number
	head  uint64            // what is known to be there
}

// note takes an entry in.
func (f *follower) note(e *wire.Entry) error {
	if was, ok := f.found[e.Seq]; ok && was != e.Message {
		return fmt.Errorf("%d is %s, and was %s", e.Seq, e.Message, was)
	}
	f.found[e.Seq] = e.Message
	f.head = max(f.head, e.Seq)
	return nil
}

// gap is the newest number below the head that is not there; 0: none.
func (f *follower) gap() uint64 {
	for n := f.head; n > 0; n-- {
		if _, ok := f.found[n]; !ok {
			return n
		}
	}
	return 0
}

// follow is one connection's life. It ends when everything up to until is there
// or, before, when chance has it.
func (f *follower) follow(until func() uint64) error {
	ws, err := f.redial(f.url)
	if err != nil {
		return err
	}
	defer ws.Close()
	asked := 0
	ask := func() error { // for the page with the newest gap, or for the newest
		asked++
		h := &wire.History{Header: wire.Header{ID: fmt.Sprint("h", asked)}, Conversation: f.group, Limit: 1 + f.rand.IntN(wire.MaxPage)}
		if n := f.gap(); n > 0 && f.rand.IntN(2) == 0 {
			h.Before = n + 1
		} else if n > 1 {
			h.After = n - 1
		}
		b, err := wire.Encode(h)
		if err != nil {
			return err
		}
		return ws.WriteMessage(websocket.TextMessage, b)
	}
	if err := ask(); err != nil {
		return err
	}
	for frames := 0; ; frames++ {
		ws.SetReadDeadline(time.Now().Add(3 * within))
		_, b, err := ws.ReadMessage()
		if err != nil {
			return err
		}
		in, err := wire.Decode(b)
		if err != nil {
			return err
		}
		switch in := in.(type) {
		case *wire.Entry:
			if err := f.note(in); err != nil {
				return err
			}
		case *wire.Page:
			f.head = max(f.head, in.Head)
			for i := range in.Entries {
				if i > 0 && in.Entries[i].Seq != in.Entries[i-1].Seq+1 {
					return fmt.Errorf("a page has %d behind %d", in.Entries[i].Seq, in.Entries[i-1].Seq)
				}
				if err := f.note(&in.Entries[i]); err != nil {
					return err
				}
			}
			if end := until(); end > 0 && f.head >= end && f.gap() == 0 {
				return nil
			}
			if err := ask(); err != nil {
				return err
			}
		case *wire.Error:
			return in
		}
		if f.rand.IntN(400) == 0 {
			return nil
		}
	}
}

// Whatever commits at the same time, at one relay or at several, a reader who
// pages and follows has every message, once, under one number for all readers.
func TestNothingIsSkipped(t *testing.T) {
	t.Parallel()
	for _, relays := range []int{1, 3} {
		t.Run(fmt.Sprint(relays), func(t *testing.T) {
			var all []*Relay
			if relays == 1 {
				all = []*Relay{start(t, Config{})}
			} else {
				all, _, _, _ = cluster(t, relays)
			}
			const writers, each, readers = 6, 120, 4
			seed := uint64(time.Now().UnixNano())
			t.Logf("seed %d", seed)
			var people []*client
			for i := range writers + readers {
				people = append(people, join(t, all[i%relays], fmt.Sprint("Person ", i)))
			}
			group := group(people[0], people[1:]...)
			var mu sync.Mutex
			stored, end := map[uint64]string{}, uint64(0)
			until := func() uint64 {
				mu.Lock()
				defer mu.Unlock()
				return end
			}
			var writing, reading sync.WaitGroup
			for i, w := range people[:writers] {
				writing.Go(func() {
					ws, err := w.redial(all[(i+1)%relays].URL())
					if err != nil {
						t.Error(err)
						return
					}
					defer ws.Close()
					for n := range each {
						b, _ := wire.Encode(&wire.Send{Header: wire.Header{ID: "s"}, Conversation: group, Message: fmt.Sprint(i, "-", n), Body: []byte("x")})
						if err := ws.WriteMessage(websocket.TextMessage, b); err != nil {
							t.Error(err)
							return
						}
					}
					for answers := 0; answers < each; {
						ws.SetReadDeadline(time.Now().Add(3 * within))
						_, b, err := ws.ReadMessage()
						if err != nil {
							t.Error(err)
							return
						}
						f, _ := wire.Decode(b)
						if s, ok := f.(*wire.Sent); ok {
							answers++
							mu.Lock()
							if was, ok := stored[s.Seq]; ok {
								t.Errorf("%d is %s and %s", s.Seq, was, s.Message)
							}
							stored[s.Seq] = s.Message
							mu.Unlock()
						}
					}
				})
			}
			followers := make([]*follower, readers)
			for i, p := range people[writers:] {
				f := &follower{client: p, group: group, rand: rand.New(rand.NewPCG(seed, uint64(i))), found: map[uint64]string{}}
				followers[i] = f
				reading.Go(func() {
					for last := false; !last; {
						last = until() > 0 && len(f.found) == writers*each
						f.url = all[f.rand.IntN(relays)].URL()
						if err := f.follow(until); err != nil {
							t.Errorf("%s: %v", f.name, err)
							return
						}
					}
				})
			}
			writing.Wait()
			mu.Lock()
			end = uint64(len(stored))
			mu.Unlock()
			reading.Wait()
			if end != writers*each {
				t.Errorf("%d messages were confirmed", end)
			}
			for _, f := range followers {
				for n := uint64(1); n <= end; n++ {
					if f.found[n] != stored[n] {
						t.Errorf("%s has %q as %d, which is %q", f.name, f.found[n], n, stored[n])
					}
				}
			}
		})
	}
}
