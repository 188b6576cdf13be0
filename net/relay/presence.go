package relay

import (
	"hash/fnv"
	"maps"
	"slices"
	"sync"
	"time"

	"satchel/net/wire"
)

// How relays know of each other: each tells that it is there, and one that is
// silent for long has died, with all who were online at it.
const (
	beatEvery  = 2 * time.Second
	beatExpiry = 7 * time.Second
)

// people remembers who was announced as online, so that coming and going are
// told in the order in which they happened, and who is online at other relays.
type people struct {
	mu     sync.Mutex
	online map[string]bool // as announced to this relay's connections
	here   map[string]bool // as told to the other relays
	digest uint64          // of here

	elsewhere sync.RWMutex // guards relays and count; may be taken with mu held
	relays    map[string]*peer
	count     map[string]int // at how many other relays an account is online

	changed map[string]bool // accounts that came or went elsewhere
	queue   sync.Mutex      // guards changed
	wake    chan struct{}
}

// peer is another relay.
type peer struct {
	heard    time.Time
	accounts map[string]bool
	digest   uint64
}

func (p *people) init() {
	p.online, p.here = map[string]bool{}, map[string]bool{}
	p.relays, p.count, p.changed = map[string]*peer{}, map[string]int{}, map[string]bool{}
	p.wake = make(chan struct{}, 1)
}

// digestOf sums what is the same for the same set, whatever its order.
func digestOf(account string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(account))
	return h.Sum64()
}

// online tells whether an account is online at any relay.
func (r *Relay) online(account string) bool {
	if r.hub.online(account) {
		return true
	}
	r.people.elsewhere.RLock()
	defer r.people.elsewhere.RUnlock()
	return r.people.count[account] > 0
}

// presence tells those who share a conversation with an account, and the other
// relays, that it came or went, if that is news.
func (r *Relay) presence(account string) {
	p := &r.people
	p.mu.Lock()
	defer p.mu.Unlock()
	if here := r.hub.online(account); here != p.here[account] {
		n := notice{Kind: noticeWent, Accounts: []string{account}}
		if here {
			n.Kind, p.here[account] = noticeCame, true
			p.digest += digestOf(account)
		} else {
			delete(p.here, account)
			p.digest -= digestOf(account)
		}
		r.bus.publish(n)
	}
	online := r.online(account)
	if online == p.online[account] {
		return
	}
	f := &wire.Presence{Account: account, Online: online}
	if online {
		p.online[account] = true
	} else {
		delete(p.online, account)
		f.LastSeen = time.Now().UnixMilli()
		r.store.SetLastSeen(account, f.LastSeen)
	}
	peers, err := r.store.Peers(account)
	if err != nil {
		r.log.Error("peers were not told", "account", account, "error", err)
		return
	}
	if b, err := r.encode(f); err == nil {
		r.hub.deliver(peers, b, nil)
	}
}

// dress fills in who is online.
func (r *Relay) dress(all []wire.Account) {
	for i := range all {
		if r.online(all[i].ID) {
			all[i].Online, all[i].LastSeen = true, 0
		}
	}
}

// hear takes what another relay tells of itself.
func (p *people) hear(n notice) (ask bool) {
	p.elsewhere.Lock()
	defer p.elsewhere.Unlock()
	if n.Kind == noticeGone {
		p.drop(n.Relay)
		return false
	}
	o := p.relays[n.Relay]
	if o == nil {
		o = &peer{accounts: map[string]bool{}}
		p.relays[n.Relay] = o
		ask = n.Kind != noticeState
	}
	o.heard = time.Now()
	switch n.Kind {
	case noticeCame, noticeWent:
		for _, a := range n.Accounts {
			p.put(o, a, n.Kind == noticeCame)
		}
	case noticeState:
		now := map[string]bool{}
		for _, a := range n.Accounts {
			now[a] = true
		}
		for _, a := range slices.Collect(maps.Keys(o.accounts)) {
			if !now[a] {
				p.put(o, a, false)
			}
		}
		for a := range now {
			p.put(o, a, true)
		}
	case noticeBeat:
		ask = ask || n.Digest != o.digest
	}
	return ask
}

// put notes that an account is online at another relay, or no longer.
// elsewhere is held.
func (p *people) put(o *peer, account string, online bool) {
	if o.accounts[account] == online {
		return
	}
	if online {
		o.accounts[account] = true
		o.digest += digestOf(account)
		p.count[account]++
	} else {
		delete(o.accounts, account)
		o.digest -= digestOf(account)
		if p.count[account]--; p.count[account] == 0 {
			delete(p.count, account)
		}
	}
	p.queue.Lock()
	p.changed[account] = true
	p.queue.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// drop forgets a relay and who was online at it. elsewhere is held.
func (p *people) drop(relay string) {
	o := p.relays[relay]
	if o == nil {
		return
	}
	for _, a := range slices.Collect(maps.Keys(o.accounts)) {
		p.put(o, a, false)
	}
	delete(p.relays, relay)
}

// expire forgets the relays that are silent.
func (p *people) expire(now time.Time) {
	p.elsewhere.Lock()
	defer p.elsewhere.Unlock()
	for id, o := range p.relays {
		if now.Sub(o.heard) > beatExpiry {
			p.drop(id)
		}
	}
}

// forgive gives the others time to be heard, after the bus was away.
func (p *people) forgive(now time.Time) {
	p.elsewhere.Lock()
	defer p.elsewhere.Unlock()
	for _, o := range p.relays {
		o.heard = now
	}
}

// state tells all who are online here.
func (r *Relay) state() {
	p := &r.people
	p.mu.Lock()
	defer p.mu.Unlock()
	r.bus.publish(notice{Kind: noticeState, Accounts: slices.Collect(maps.Keys(p.here))})
}

func (r *Relay) beat() {
	p := &r.people
	p.mu.Lock()
	defer p.mu.Unlock()
	r.bus.publish(notice{Kind: noticeBeat, Digest: p.digest})
}

// takeChanged returns the accounts that came or went elsewhere.
func (p *people) takeChanged() []string {
	p.queue.Lock()
	defer p.queue.Unlock()
	all := slices.Collect(maps.Keys(p.changed))
	clear(p.changed)
	return all
}
