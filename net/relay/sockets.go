package relay

import "sync"

// gate counts what is under way, and can be shut.
type gate struct {
	mu   sync.Mutex
	n    int
	shut bool
	idle chan struct{} // closed when shut and nothing is under way
}

// enter tells whether one more may begin; who was let in must leave.
func (g *gate) enter() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.shut {
		g.n++
	}
	return !g.shut
}

// stay counts once more for somebody who is inside, and leaves later than it came for.
func (g *gate) stay() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.n++
}

func (g *gate) leave() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.n--; g.shut && g.n == 0 {
		close(g.idle)
	}
}

// wait shuts the gate and returns when nothing is under way.
func (g *gate) wait() {
	g.mu.Lock()
	if !g.shut {
		g.shut, g.idle = true, make(chan struct{})
		if g.n == 0 {
			close(g.idle)
		}
	}
	g.mu.Unlock()
	<-g.idle
}

// sockets are all WebSockets, also those that have not said hello.
type sockets struct {
	mu       sync.Mutex
	all      map[*conn]struct{}
	draining bool
}

// add takes a connection in; it tells why not with an error's code.
func (s *sockets) add(c *conn, max int) (refused string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining:
		return codeShuttingDown
	case len(s.all) >= max:
		return codeRateLimited
	}
	if s.all == nil {
		s.all = map[*conn]struct{}{}
	}
	s.all[c] = struct{}{}
	return ""
}

func (s *sockets) remove(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, c)
}

// drain tells every connection that the relay stops, and admits no other.
func (s *sockets) drain() {
	s.mu.Lock()
	s.draining = true
	for c := range s.all {
		c.end(errShuttingDown, closeGoingAway)
	}
	s.mu.Unlock()
}

// cut breaks all connections that are left.
func (s *sockets) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.all {
		c.ws.NetConn().Close()
	}
}

// count is how many there are now.
func (s *sockets) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}

func (s *sockets) stopping() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.draining
}
