package relay

import (
	"fmt"
	"testing"

	"satchel/net/wire"
)

// A message to a thousand connections is written as JSON once, and queued for
// each of them once.
func TestFanOut(t *testing.T) {
	t.Parallel()
	r := start(t, Config{})
	const people, each = 20, 50
	mara := join(t, r, "Mara")
	var others []*client
	for i := range people {
		others = append(others, join(t, r, fmt.Sprint("Person ", i)))
	}
	id := group(mara, others...)
	// Connections of theirs that nobody empties, so that all that was queued can be seen.
	var all []*conn
	for _, o := range others {
		for range each {
			c := &conn{relay: r, log: r.log, account: wire.Account{ID: o.account}, device: string(o.device.ID()), writing: true}
			if !r.hub.add(c, each+2) {
				t.Fatal("it was not added")
			}
			all = append(all, c)
		}
	}
	for n := range 3 {
		mara.send(id, fmt.Sprint(n), "to all of you")
	}
	written := map[*byte]int{}
	for _, c := range all {
		c.mu.Lock()
		if len(c.queue) != 3 {
			t.Errorf("%d frames are queued", len(c.queue))
		}
		for n, b := range c.queue {
			written[&b[0]]++
			if f, err := wire.Decode(b); err != nil || f.(*wire.Entry).Seq != uint64(n+1) {
				t.Errorf("%s", b)
			}
		}
		c.mu.Unlock()
		r.hub.remove(c)
	}
	if len(written) != 3 {
		t.Errorf("3 messages were written as JSON %d times", len(written))
	}
	for _, o := range others {
		for n := range uint64(3) {
			if e := news[*wire.Entry](o); e.Seq != n+1 {
				t.Errorf("%s got %+v", o.name, e)
			}
		}
		quiet[*wire.Entry](o)
	}
}
