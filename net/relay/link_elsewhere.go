package relay

import (
	"sync"
	"time"

	"satchel/net/wire"
)

// linkWait is how long a relay waits for another one that has the mailbox with a code.
const linkWait = 2 * time.Second

// linkEnd is one side of a mailbox: a connection here, or one at another relay.
type linkEnd interface {
	pushFrame(wire.Frame)
	end(*wire.Error, int)
}

// distant is a connection at another relay that came to a mailbox here.
type distant struct {
	relay  *Relay
	at, id string // the relay, and the connection's name there
}

func (d distant) pushFrame(f wire.Frame) {
	if b, err := d.relay.encode(f); err == nil {
		d.relay.bus.publish(notice{Kind: noticeLinkTo, To: d.at, ID: d.id, frame: b})
	}
}

func (d distant) end(*wire.Error, int) {
	d.relay.bus.publish(notice{Kind: noticeLinkEnd, To: d.at, ID: d.id})
}

// visits are the connections here that came to a mailbox at another relay.
type visits struct {
	mu  sync.Mutex
	all map[string]*visit
}

type visit struct {
	conn  *conn
	id    string
	at    string        // the relay that has the mailbox
	found chan struct{} // closed when it has said so
}

func (v *visits) init() { v.all = map[string]*visit{} }

func (v *visits) get(id string) *visit {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.all[id]
}

// found notes which relay has the mailbox; the first one counts.
func (v *visits) found(id, at string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if x := v.all[id]; x != nil && x.at == "" {
		x.at = at
		close(x.found)
	}
}

func (v *visits) drop(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.all, id)
}

// joinElsewhere looks for a mailbox at the other relays and brings a connection to it.
func (r *Relay) joinElsewhere(c *conn, code string) *wire.Error {
	if r.bus.alone() {
		return errLink
	}
	v := &visit{conn: c, id: wire.NewID(), found: make(chan struct{})}
	r.visits.mu.Lock()
	r.visits.all[v.id] = v
	r.visits.mu.Unlock()
	r.bus.publish(notice{Kind: noticeLinkJoin, ID: v.id, Code: code})
	select {
	case <-v.found:
		c.visit = v
		return nil
	case <-time.After(linkWait):
	}
	r.visits.drop(v.id)
	r.bus.publish(notice{Kind: noticeLinkLeft, ID: v.id, Code: code}) // for an answer that comes late
	return errLink
}

// forward hands what a connection says to the relay that has its mailbox, which answers.
func (c *conn) forward(f wire.Frame) {
	if b, err := c.relay.encode(f); err == nil {
		c.relay.bus.publish(notice{Kind: noticeLinkFrom, To: c.visit.at, ID: c.visit.id, frame: b})
	}
}

// leaveElsewhere tells that a connection is gone that came to a mailbox elsewhere.
func (r *Relay) leaveElsewhere(c *conn) {
	if c.visit != nil {
		r.visits.drop(c.visit.id)
		r.bus.publish(notice{Kind: noticeLinkLeft, To: c.visit.at, ID: c.visit.id, Code: c.linking})
	}
}

// takeLink carries out what another relay tells of a linking.
func (r *Relay) takeLink(n notice) {
	from := distant{r, n.Relay, n.ID}
	switch n.Kind {
	case noticeLinkJoin:
		// The mailbox may be at any relay: who hasn't got it keeps silent.
		_ = r.mailboxes.join(from, n.Code, func() {
			r.bus.publish(notice{Kind: noticeLinkFound, To: n.Relay, ID: n.ID})
		})
	case noticeLinkFound:
		r.visits.found(n.ID, n.Relay)
	case noticeLinkFrom:
		f, err := wire.Decode(n.frame)
		if err != nil {
			return // it was checked where it came from
		}
		if e := r.mailboxes.carry(from, f); e != nil {
			from.pushFrame(answer(e, f.Meta().ID))
		}
	case noticeLinkTo:
		if v := r.visits.get(n.ID); v != nil {
			v.conn.push(n.frame)
		}
	case noticeLinkEnd:
		if v := r.visits.get(n.ID); v != nil {
			v.conn.end(nil, 0)
		}
	case noticeLinkLeft:
		r.mailboxes.leave(from, n.Code)
	}
}
