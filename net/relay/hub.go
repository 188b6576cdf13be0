package relay

import (
	"maps"
	"slices"
	"sync"
	"time"

	"satchel/net/wire"
)

// hub knows which connections an account has. It may lose: whoever misses a
// frame sees a gap in the sequence and reads it from the store.
type hub struct {
	mu    sync.RWMutex
	conns map[string]map[*conn]struct{} // by account
}

func (h *hub) init() { h.conns = map[string]map[*conn]struct{}{} }

// add admits a connection unless its account has max already.
func (h *hub) add(c *conn, max int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	mine := h.conns[c.account.ID]
	if len(mine) >= max {
		return false
	}
	if mine == nil {
		mine = map[*conn]struct{}{}
		h.conns[c.account.ID] = mine
	}
	mine[c] = struct{}{}
	return true
}

func (h *hub) remove(c *conn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	mine := h.conns[c.account.ID]
	delete(mine, c)
	if len(mine) == 0 {
		delete(h.conns, c.account.ID)
	}
}

func (h *hub) online(account string) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for c := range h.conns[account] {
		if !c.recovery {
			return true
		}
	}
	return false
}

// of returns the connections of an account.
func (h *hub) of(account string) []*conn {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.Collect(maps.Keys(h.conns[account]))
}

// send queues a frame, encoded once, for all connections of these accounts but one.
func (h *hub) send(accounts []string, f wire.Frame, except *conn) {
	h.mu.RLock()
	var to []*conn
	for _, a := range accounts {
		for c := range h.conns[a] {
			if c != except && !c.recovery {
				to = append(to, c)
			}
		}
	}
	h.mu.RUnlock()
	if len(to) == 0 {
		return
	}
	b, err := wire.Encode(f)
	if err != nil {
		return // no frame of ours
	}
	for _, c := range to {
		c.push(b)
	}
}

// people remembers who was announced as online, so that coming and going are
// told in the order in which they happened.
type people struct {
	mu     sync.Mutex
	online map[string]bool
}

func (p *people) init() { p.online = map[string]bool{} }

// presence tells those who share a conversation with an account that it came
// or went, if that is news.
func (r *Relay) presence(account string) {
	r.people.mu.Lock()
	defer r.people.mu.Unlock()
	online := r.hub.online(account)
	if online == r.people.online[account] {
		return
	}
	f := &wire.Presence{Account: account, Online: online}
	if online {
		r.people.online[account] = true
	} else {
		delete(r.people.online, account)
		f.LastSeen = time.Now().UnixMilli()
		r.store.SetLastSeen(account, f.LastSeen)
	}
	peers, err := r.store.Peers(account)
	if err != nil {
		r.log.Error("peers were not told", "account", account, "error", err)
		return
	}
	r.hub.send(peers, f, nil)
}

// dress fills in who is online.
func (r *Relay) dress(all []wire.Account) {
	for i := range all {
		if r.hub.online(all[i].ID) {
			all[i].Online, all[i].LastSeen = true, 0
		}
	}
}

// members remembers who is in a conversation. Whoever changes them calls
// forget, after the commit.
type members struct {
	mu      sync.RWMutex
	all     map[string][]string
	changes int // how often something was forgotten
}

// forget makes the next one who asks read the store. What was being read
// meanwhile is not remembered: it may be from before.
func (m *members) forget(conversation string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	delete(m.all, conversation)
}

func (m *members) init() { m.all = map[string][]string{} }

// maxMembersKept is how many conversations are remembered.
const maxMembersKept = 10000

// of returns the members of a conversation; none when it does not exist.
func (r *Relay) membersOf(conversation string) ([]string, error) {
	r.members.mu.RLock()
	all, changes := r.members.all[conversation], r.members.changes
	r.members.mu.RUnlock()
	if all != nil {
		return all, nil
	}
	all, err := r.store.Members(conversation)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	r.members.mu.Lock()
	defer r.members.mu.Unlock()
	if changes == r.members.changes {
		if len(r.members.all) >= maxMembersKept {
			clear(r.members.all)
		}
		r.members.all[conversation] = all
	}
	return all, nil
}

// toMembers queues a frame for all connections of a conversation's members but one.
func (r *Relay) toMembers(conversation string, f wire.Frame, except *conn) {
	all, err := r.membersOf(conversation)
	if err != nil {
		r.log.Error("members were not told", "conversation", conversation, "error", err)
		return
	}
	r.hub.send(all, f, except)
}
