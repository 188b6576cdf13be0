package transfer

import (
	"container/heap"
	"math/rand/v2"
	"time"

	"satchel/chat"
)

// lanes decide who is next. There is one lane for small files and one for big
// ones; neither may take all workers while the other has somebody waiting, so
// that a small file never waits for a big one to end. Within a lane
// conversations take turns, uploads and downloads each for themselves; within
// a turn it is first come, first served. The loop owns them.
type lanes struct {
	workers int
	small   int64
	busy    [2]int
	lane    [2]lane
}

const (
	fast = iota // small files
	slow
)

type turn struct {
	conversation chat.ConversationID
	direction    chat.Direction
}

// place is a place in a queue. It is void once the entry's ticket is another:
// nobody has to be searched for to leave a queue.
type place struct {
	en     *entry
	ticket int
}

func (p place) void() bool { return p.ticket != p.en.ticket }

type lane struct {
	turns   []turn
	waiting map[turn][]place
}

func newLanes(workers int, small int64) lanes {
	l := lanes{workers: workers, small: small}
	for i := range l.lane {
		l.lane[i].waiting = map[turn][]place{}
	}
	return l
}

func (l *lanes) of(t *chat.Transfer) int {
	if t.File.Size <= l.small {
		return fast
	}
	return slow
}

// push queues an entry under a new ticket.
func (l *lanes) push(en *entry) {
	en.ticket++
	q, k := &l.lane[l.of(&en.t)], turn{en.t.Conversation, en.t.Direction}
	if len(q.waiting[k]) == 0 {
		q.turns = append(q.turns, k)
	}
	q.waiting[k] = append(q.waiting[k], place{en, en.ticket})
}

// pop takes the next entry and a worker for it; nil when all workers are busy
// or nobody waits. done gives the worker back.
func (l *lanes) pop() *entry {
	if l.busy[fast]+l.busy[slow] >= l.workers {
		return nil
	}
	for i := range l.lane {
		q := &l.lane[i]
		if en := q.head(); en != nil && (l.busy[i] < l.workers-1 || i == fast && l.lane[slow].head() == nil) {
			q.take()
			l.busy[i]++
			en.ticket++
			return en
		}
	}
	return nil
}

func (l *lanes) done(en *entry) { l.busy[l.of(&en.t)]-- }

// empty tells whether nobody waits.
func (l *lanes) empty() bool { return l.lane[fast].head() == nil && l.lane[slow].head() == nil }

// head is whose turn it is, nil when nobody waits. It throws void places away.
func (q *lane) head() *entry {
	for len(q.turns) > 0 {
		k := q.turns[0]
		w := q.waiting[k]
		for len(w) > 0 && w[0].void() {
			w = w[1:]
		}
		if len(w) > 0 {
			q.waiting[k] = w
			return w[0].en
		}
		delete(q.waiting, k)
		q.turns = q.turns[1:]
	}
	return nil
}

// take removes the head; its conversation's next turn comes after all others'.
func (q *lane) take() {
	k := q.turns[0]
	q.turns = q.turns[1:]
	if w := q.waiting[k][1:]; len(w) > 0 {
		q.waiting[k] = w
		q.turns = append(q.turns, k)
	} else {
		delete(q.waiting, k)
	}
}

// alarm wakes what waits until a time. The loop owns it.
type alarm []alarmed

type alarmed struct {
	place
	at time.Time
}

func (a alarm) Len() int           { return len(a) }
func (a alarm) Less(i, j int) bool { return a[i].at.Before(a[j].at) }
func (a alarm) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }
func (a *alarm) Push(x any)        { *a = append(*a, x.(alarmed)) }
func (a *alarm) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

func (a *alarm) set(en *entry, at time.Time) {
	en.ticket++
	heap.Push(a, alarmed{place{en, en.ticket}, at})
}

// due returns one entry whose time has come, or nil and when to look again
// (zero: nothing is set).
func (a *alarm) due(now time.Time) (*entry, time.Time) {
	for len(*a) > 0 {
		switch first := (*a)[0]; {
		case first.void():
			heap.Pop(a)
		case first.at.After(now):
			return nil, first.at
		default:
			heap.Pop(a)
			return first.en, time.Time{}
		}
	}
	return nil, time.Time{}
}

// gate keeps a long queue from knocking at a door that is shut: after an
// error that everybody would meet nothing starts for a while, longer each time.
type gate struct {
	until time.Time
	knock int
}

func (g *gate) shut(first, most time.Duration) {
	g.until = time.Now().Add(backOff(first, min(most, 30*time.Second), g.knock))
	g.knock++
}

func (g *gate) open() { *g = gate{} }

// backOff is how long to wait after so many failures: doubling from first to
// most, give or take a quarter, so that not all come back at one moment.
func backOff(first, most time.Duration, failures int) time.Duration {
	d := most
	if failures < 30 && first<<failures < most && first<<failures > 0 {
		d = first << failures
	}
	return d*3/4 + time.Duration(rand.Int64N(int64(d)/2+1))
}
