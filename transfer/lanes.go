package transfer

import (
	"cmp"
	"net/url"
	"slices"
	"time"

	"satchel/chat"
)

// lanes decide who is next. There is one lane for small files and one for big
// ones; neither may take all workers while the other has somebody waiting, so
// that a small file never waits for a big one to end. Within a lane what the
// person put first goes first, then what is on the screen. Of the others, every
// second one is of the conversation that is open; the rest take turns,
// conversation by conversation, uploads and downloads each for themselves.
// Within a turn the oldest is first, also when it was stopped meanwhile: the messages
// of files that were sent together wait for those before them. No server, of files that come or that
// go, has more than perHost of the workers, but the relay; and none has any while its
// gate is shut. The loop owns them.
type lanes struct {
	workers int
	perHost int
	small   int64
	busy    [2]int
	hosts   map[string]int   // workers that each server has, but the relay
	gates   map[string]*gate // of servers that could not be reached
	lane    [2]lane

	focus   chat.ConversationID
	focused bool // the last one was of focus: now others
}

const (
	fast = iota // small files
	slow
)

type turn struct {
	conversation chat.ConversationID
	direction    chat.Direction
	host         string // the server, or the store that an upload goes to; "" for the relay
}

func turnOf(t *chat.Transfer) turn {
	k := turn{conversation: t.Conversation, direction: t.Direction, host: t.Store}
	if t.Direction == chat.Download {
		k.host = ""
		if u, err := url.Parse(t.File.URL); err == nil {
			k.host = u.Host
		}
	}
	return k
}

// place is a place in a queue. It is void once the entry's ticket is another:
// nobody has to be searched for to leave a queue.
type place struct {
	en     *entry
	ticket int
}

func (p place) void() bool { return p.ticket != p.en.ticket }

type lane struct {
	first   []place // put first by the person, then those on the screen
	turns   []turn
	waiting map[turn][]place
}

func newLanes(workers int, small int64) lanes {
	l := lanes{small: small, hosts: map[string]int{}, gates: map[string]*gate{}}
	l.resize(workers)
	for i := range l.lane {
		l.lane[i].waiting = map[turn][]place{}
	}
	return l
}

// resize says how many workers there are.
func (l *lanes) resize(workers int) {
	l.workers, l.perHost = workers, max(1, workers-1)
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
	q, k, p := &l.lane[l.of(&en.t)], turnOf(&en.t), place{en, en.ticket}
	if len(q.waiting[k]) == 0 {
		q.turns = append(q.turns, k)
	}
	w := q.waiting[k]
	at := len(w)
	if at > 0 && older(en, w[at-1].en) < 0 {
		at, _ = slices.BinarySearchFunc(w, p, func(a, b place) int { return cmp.Or(older(a.en, b.en), -1) })
	}
	q.waiting[k] = slices.Insert(w, at, p)
	if en.t.Front > 0 || en.seen {
		q.hurry(p)
	}
}

// older orders transfers as they were begun.
func older(a, b *entry) int {
	return cmp.Or(a.t.Created.Compare(b.t.Created), cmp.Compare(a.t.Nth, b.t.Nth), cmp.Compare(a.t.ID, b.t.ID))
}

// hurry lets an entry that waits in the lane go before others.
func (l *lanes) hurry(en *entry) { l.lane[l.of(&en.t)].hurry(place{en, en.ticket}) }

func (q *lane) hurry(p place) {
	q.first = slices.DeleteFunc(q.first, func(o place) bool { return o.void() || o.en == p.en || o.en.t.Front == 0 && !o.en.seen })
	at, _ := slices.BinarySearchFunc(q.first, p, func(a, b place) int {
		return cmp.Or(cmp.Compare(b.en.t.Front, a.en.t.Front), -1) // equal ones as they came
	})
	q.first = slices.Insert(q.first, at, p)
}

// pop takes the next entry and a worker for it; nil when all workers are busy
// or nobody may go. done gives the worker back.
func (l *lanes) pop() *entry {
	if l.busy[fast]+l.busy[slow] >= l.workers {
		return nil
	}
	for i := range l.lane {
		en := l.next(i)
		if en == nil || l.busy[i] >= max(1, l.workers-1) && !(i == fast && l.next(slow) == nil) {
			continue
		}
		q, k := &l.lane[i], turnOf(&en.t)
		q.take(k, en)
		l.focused = en.t.Conversation == l.focus && en.t.Front == 0 && !en.seen
		l.busy[i]++
		if en.host = k.host; en.host != "" {
			l.hosts[en.host]++
		}
		en.ticket++
		return en
	}
	return nil
}

// done gives back the worker of an entry.
func (l *lanes) done(en *entry) {
	l.busy[l.of(&en.t)]--
	if l.hosts[en.host]--; l.hosts[en.host] <= 0 {
		delete(l.hosts, en.host)
	}
}

// shut keeps those away for a while who go to a server that can't be reached.
func (l *lanes) shut(host string, first, most time.Duration) {
	if l.gates[host] == nil {
		l.gates[host] = &gate{}
	}
	l.gates[host].shut(first, most)
}

// open lets them go there again.
func (l *lanes) open(host string) { delete(l.gates, host) }

// opens is when the next gate opens by itself; zero: none is shut.
func (l *lanes) opens(now time.Time) (next time.Time) {
	for _, g := range l.gates {
		if g.until.After(now) && (next.IsZero() || g.until.Before(next)) {
			next = g.until
		}
	}
	return next
}

// empty tells whether nobody may go.
func (l *lanes) empty() bool { return l.next(fast) == nil && l.next(slow) == nil }

// next is whose turn it is in a lane, nil when nobody may go.
func (l *lanes) next(i int) *entry {
	q := &l.lane[i]
	for _, p := range q.first {
		if !p.void() && (p.en.t.Front > 0 || p.en.seen) && l.free(turnOf(&p.en.t)) {
			return p.en
		}
	}
	q.tidy()
	var other *entry
	for _, k := range q.turns {
		if !l.free(k) {
			continue
		}
		if en := q.waiting[k][0].en; !l.focused && k.conversation == l.focus {
			return en
		} else if other == nil {
			other = en
		}
	}
	return other
}

func (l *lanes) free(k turn) bool {
	if g := l.gates[k.host]; g != nil && g.until.After(time.Now()) {
		return false
	}
	return k.host == "" || l.hosts[k.host] < l.perHost
}

// tidy throws void places away that stand at the head of a turn.
func (q *lane) tidy() {
	q.turns = slices.DeleteFunc(q.turns, func(k turn) bool {
		w := q.waiting[k]
		for len(w) > 0 && w[0].void() {
			w = w[1:]
		}
		if q.waiting[k] = w; len(w) == 0 {
			delete(q.waiting, k)
		}
		return len(w) == 0
	})
}

// take has an entry leave; the next one of its turn comes after all others'.
func (q *lane) take(k turn, en *entry) {
	if w := q.waiting[k]; len(w) > 0 && w[0].en == en {
		q.waiting[k] = w[1:]
	} // else its place there is void from now on
	if i := slices.Index(q.turns, k); i >= 0 {
		q.turns = append(slices.Delete(q.turns, i, i+1), k)
	}
	q.tidyOne(k)
}

func (q *lane) tidyOne(k turn) {
	if len(q.waiting[k]) == 0 {
		delete(q.waiting, k)
		q.turns = slices.DeleteFunc(q.turns, func(o turn) bool { return o == k })
	}
}
