package relay

import (
	"sync"
	"time"

	"satchel/net/wire"
)

// patience is how long an entry waits for the one before it, which another
// relay stored and is telling of, before that is read from the store.
const patience = 50 * time.Millisecond

// maxStreams is how many conversations' numbers are remembered.
const maxStreams = 50000

// order brings the entries of every conversation to this relay's connections
// once, and in the order of their numbers, whichever relay stored them.
type order struct {
	relay *Relay
	wake  chan struct{} // a stream has waited long enough
	mu    sync.Mutex    // guards all and late
	all   map[string]*stream
	late  map[string]*stream // hold entries
}

// stream is what is known of a conversation's entries.
type stream struct {
	mu    sync.Mutex // held while entries are queued, so that they stay in order
	last  uint64     // number of the newest that was announced
	held  map[uint64]held
	since time.Time // when the first was held
}

type held struct {
	frame  []byte
	except *conn
}

func (o *order) init(r *Relay) {
	o.relay, o.wake = r, make(chan struct{}, 1)
	o.all, o.late = map[string]*stream{}, map[string]*stream{}
}

func (o *order) stream(conversation string, seq uint64) *stream {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := o.all[conversation]
	if s == nil {
		if len(o.all) >= maxStreams {
			clear(o.all) // who misses one sees it by its number
		}
		s = &stream{last: seq - 1}
		o.all[conversation] = s
	}
	return s
}

// has tells whether an entry was announced.
func (o *order) has(conversation string, seq uint64) bool {
	o.mu.Lock()
	s := o.all[conversation]
	o.mu.Unlock()
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return seq <= s.last
}

// take announces an entry, now or when those before it have come.
func (o *order) take(conversation string, seq uint64, frame []byte, except *conn) {
	s := o.stream(conversation, seq)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case seq <= s.last:
		return
	case seq > s.last+1:
		if s.held == nil {
			s.held, s.since = map[uint64]held{}, time.Now()
			o.mu.Lock()
			o.late[conversation] = s
			o.mu.Unlock()
			time.AfterFunc(patience, o.ring)
		}
		s.held[seq] = held{frame, except}
		return
	}
	o.relay.toAll(conversation, frame, except)
	s.last = seq
	o.release(conversation, s)
}

// release announces the held entries that are next. s.mu is held.
func (o *order) release(conversation string, s *stream) {
	for len(s.held) > 0 {
		h, ok := s.held[s.last+1]
		if !ok {
			return
		}
		s.last++
		delete(s.held, s.last)
		o.relay.toAll(conversation, h.frame, h.except)
	}
	if s.held != nil {
		s.held = nil
		o.mu.Lock()
		delete(o.late, conversation)
		o.mu.Unlock()
	}
}

func (o *order) ring() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// fill reads from the store what others wait for that did not come.
func (r *Relay) fill() {
	o := &r.order
	o.mu.Lock()
	late := make(map[string]*stream, len(o.late))
	for id, s := range o.late {
		late[id] = s
	}
	o.mu.Unlock()
	for id, s := range late {
		if left := r.fillOne(id, s); left > 0 {
			time.AfterFunc(left, o.ring)
		}
	}
}

// fillOne reads what a stream is missing, and returns how long to wait before
// it is looked at again; 0: it lacks nothing.
func (r *Relay) fillOne(conversation string, s *stream) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.held) > 0 {
		if left := patience - time.Since(s.since); left > 0 {
			return left
		}
		entries, _, err := r.store.History(conversation, 0, max(s.last, 1), wire.MaxPage)
		if err == nil && s.last == 0 {
			var first []wire.Entry
			first, _, err = r.store.History(conversation, 2, 0, 1)
			entries = append(first, entries...)
		}
		if err != nil || len(entries) == 0 {
			r.log.Error("entries were not announced", "conversation", conversation, "error", err)
			return patience
		}
		for i := range entries {
			e := &entries[i]
			if e.Seq != s.last+1 {
				continue
			}
			e.Conversation = conversation
			b, err := r.encode(e)
			if err != nil {
				return patience
			}
			h := s.held[e.Seq]
			delete(s.held, e.Seq)
			r.toAll(conversation, b, h.except)
			s.last = e.Seq
		}
		r.order.release(conversation, s)
	}
	return 0
}
