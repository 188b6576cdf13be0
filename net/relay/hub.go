package relay

import (
	"maps"
	"slices"
	"sync"
)

// hub knows which connections an account has at this relay. It may lose:
// whoever misses a frame sees a gap in the sequence and reads it from the store.
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

// all returns every connection.
func (h *hub) all() (all []*conn) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for _, mine := range h.conns {
		all = slices.AppendSeq(all, maps.Keys(mine))
	}
	return all
}

// deliver queues a frame, encoded once, for all connections here of these accounts but one,
// and returns how many those are.
func (h *hub) deliver(accounts []string, b []byte, except *conn) int {
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
	for _, c := range to {
		c.push(b)
	}
	return len(to)
}

// members remembers who is in a conversation. Whoever changes them calls
// Relay.forget, after the commit.
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

func (m *members) forgetAll() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.changes++
	clear(m.all)
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
