package relay

import (
	"context"
	"time"

	"github.com/gorilla/websocket"

	"satchel/net/wire"
)

// lookEvery is how often the store is asked for what is new while the bus is away.
const lookEvery = time.Second

// lookBack is how far before the bus was last seen: clocks and commits differ.
const lookBack = 30 * time.Second

// attend is the goroutine that tells the other relays that this one is there,
// and this relay's connections who came and went at the others.
func (r *Relay) attend(ctx context.Context) {
	r.bus.publish(notice{Kind: noticeWho})
	r.state()
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	for {
		select {
		case <-ctx.Done():
			r.bus.publish(notice{Kind: noticeGone})
			return
		case now := <-beat.C:
			r.beat()
			if r.bus.away() {
				r.people.forgive(now)
			} else {
				r.people.expire(now)
			}
		case <-r.people.wake:
			for _, a := range r.people.takeChanged() {
				r.presence(a)
			}
		}
	}
}

// watch is the goroutine that reads from the store what the bus did not bring.
func (r *Relay) watch(ctx context.Context) {
	look := time.NewTicker(lookEvery)
	defer look.Stop()
	seen := time.Now() // when the bus was there
	for {
		select {
		case <-ctx.Done():
			return
		case <-r.order.wake:
			r.fill()
		case now := <-look.C:
			if r.bus.away() {
				r.look(seen.Add(-lookBack))
			} else {
				seen = now
			}
		case <-r.missed:
			r.bus.publish(notice{Kind: noticeWho})
			r.state()
			r.members.forgetAll()
			r.recheck()
			r.look(seen.Add(-lookBack))
			seen = time.Now()
		}
	}
}

// miss notes that news may not have come.
func (r *Relay) miss() {
	select {
	case r.missed <- struct{}{}:
	default:
	}
}

// take carries out what another relay tells, on the bus's goroutine.
func (r *Relay) take(n notice) {
	switch n.Kind {
	case noticeEntry:
		r.order.take(n.Conversation, n.Seq, n.frame, nil)
	case noticeMembers:
		if all, err := r.membersOf(n.Conversation); err == nil {
			r.hub.deliver(all, n.frame, nil)
		} else {
			r.log.Error("members were not told", "conversation", n.Conversation, "error", err)
		}
	case noticeAccounts:
		r.hub.deliver(n.Accounts, n.frame, nil)
	case noticeForget:
		r.members.forget(n.Conversation)
	case noticeRemoved:
		for _, a := range n.Accounts {
			r.endDevice(a, n.Device)
		}
	case noticeWho:
		r.state()
	case noticeWanted:
		r.uploads.wanted(n.ID)
	case noticeLinkJoin, noticeLinkFound, noticeLinkFrom, noticeLinkTo, noticeLinkEnd, noticeLinkLeft:
		r.takeLink(n)
	case noticeCame, noticeWent, noticeState, noticeBeat, noticeGone:
		if r.people.hear(n) {
			r.bus.publish(notice{Kind: noticeWho})
		}
	}
}

// toMembers queues a frame for all connections of a conversation's members but one.
func (r *Relay) toMembers(conversation string, f wire.Frame, except *conn) {
	all, err := r.membersOf(conversation)
	if err != nil {
		r.log.Error("members were not told", "conversation", conversation, "error", err)
		return
	}
	b, err := r.encode(f)
	if err != nil {
		return
	}
	r.hub.deliver(all, b, except)
	r.bus.publish(notice{Kind: noticeMembers, Conversation: conversation, frame: b})
}

// toAccounts queues a frame for all connections of these accounts but one.
func (r *Relay) toAccounts(accounts []string, f wire.Frame, except *conn) {
	b, err := r.encode(f)
	if err != nil {
		return
	}
	r.hub.deliver(accounts, b, except)
	r.bus.publish(notice{Kind: noticeAccounts, Accounts: accounts, frame: b})
}

// announce tells of an entry that was stored, in the order of the numbers.
func (r *Relay) announce(e *wire.Entry, by *conn) {
	b, err := r.encode(e)
	if err != nil {
		return
	}
	if r.bus.alone() {
		r.toAll(e.Conversation, b, by)
		return
	}
	r.bus.publish(notice{Kind: noticeEntry, Conversation: e.Conversation, Seq: e.Seq, frame: b})
	r.order.take(e.Conversation, e.Seq, b, by)
}

// toAll queues an encoded frame for the members of a conversation who are connected here.
func (r *Relay) toAll(conversation string, b []byte, except *conn) {
	all, err := r.membersOf(conversation)
	if err != nil {
		r.log.Error("members were not told", "conversation", conversation, "error", err)
		return
	}
	r.metrics.pushed.Add(float64(r.hub.deliver(all, b, except)))
}

func (r *Relay) encode(f wire.Frame) ([]byte, error) {
	b, err := wire.Encode(f)
	if err != nil {
		r.log.Error("frame not encoded", "error", err)
	}
	return b, err
}

// forget notes, here and at the other relays, that a conversation has other members.
func (r *Relay) forget(conversation string) {
	r.members.forget(conversation)
	r.bus.publish(notice{Kind: noticeForget, Conversation: conversation})
}

// removeDevice ends the connections of a device that was removed, wherever they are.
func (r *Relay) removeDevice(account, device string) {
	r.endDevice(account, device)
	r.bus.publish(notice{Kind: noticeRemoved, Accounts: []string{account}, Device: device})
}

func (r *Relay) endDevice(account, device string) {
	for _, c := range r.hub.of(account) {
		if c.device == device {
			c.end(errDeviceRemoved, websocket.ClosePolicyViolation)
		}
	}
}

// recheck ends the connections of devices that may not be here any more.
func (r *Relay) recheck() {
	for _, c := range r.hub.all() {
		d, _, err := r.store.Device(c.device)
		if err != nil {
			r.log.Error("a device was not looked at again", "error", err)
			return
		}
		if e := shutOut(d); e != nil {
			c.end(e, websocket.ClosePolicyViolation)
		}
	}
}

// barredEvery is how often the store is asked whether the operator shut
// somebody out, with a command that is another process.
const barredEvery = time.Second

// guard is the goroutine that ends the connections of those.
func (r *Relay) guard(ctx context.Context) {
	tick := time.NewTicker(barredEvery)
	defer tick.Stop()
	for {
		now, err := r.store.Barred()
		switch {
		case err != nil:
			r.log.Error("the store was not asked who is shut out", "error", err)
		case now != r.barred:
			r.barred = now
			r.recheck()
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// look announces the newest entry of every conversation that has one since a
// time and was not announced. Where others are missing before it, they are
// read too.
func (r *Relay) look(since time.Time) {
	heads, err := r.store.Heads(since.UnixMilli())
	for id, head := range heads {
		if r.order.has(id, head) {
			continue
		}
		var entries []wire.Entry
		if entries, _, err = r.store.History(id, head+1, 0, 1); err != nil {
			break
		}
		for i := range entries {
			entries[i].Conversation = id
			if b, err := r.encode(&entries[i]); err == nil {
				r.order.take(id, entries[i].Seq, b, nil)
			}
		}
	}
	if err != nil {
		r.log.Error("the store was not looked through for news", "error", err)
	}
	r.fill()
}
