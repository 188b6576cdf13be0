package relay

import (
	"net"
	"net/http"
	"sync"
)

// opening counts, by address, the connections that have not sent the head of a
// request yet, and closes those above max at once. Without it one address that
// opens connections and says nothing, or says it letter by letter, could take
// all that this process may have; net/http gives each of them ten seconds.
type opening struct {
	max int

	mu     sync.Mutex
	silent map[net.Conn]string // who each of them is counted for
	count  map[string]int
}

func (o *opening) init(max int) {
	o.max, o.silent, o.count = max, map[net.Conn]string{}, map[string]int{}
}

// watch is a server's ConnState.
func (o *opening) watch(c net.Conn, state http.ConnState) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if state == http.StateNew {
		from := hostOf(c.RemoteAddr().String())
		if o.count[from] >= o.max {
			c.Close()
			return
		}
		o.silent[c] = from
		o.count[from]++
		return
	}
	from, ok := o.silent[c]
	if !ok {
		return
	}
	delete(o.silent, c)
	if o.count[from]--; o.count[from] == 0 {
		delete(o.count, from)
	}
}
