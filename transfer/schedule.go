package transfer

import (
	"container/heap"
	"math/rand/v2"
	"time"
)

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

// gate keeps a long queue from knocking at a door that is shut: after an error that
// everybody would meet who goes to a server nothing starts there for a while, longer
// each time.
type gate struct {
	until time.Time
	knock int
}

func (g *gate) shut(first, most time.Duration) {
	g.until = time.Now().Add(backOff(first, min(most, 30*time.Second), g.knock))
	g.knock++
}

// backOff is how long to wait after so many failures: doubling from first to
// most, give or take a quarter, so that not all come back at one moment.
func backOff(first, most time.Duration, failures int) time.Duration {
	d := most
	if failures < 30 && first<<failures < most && first<<failures > 0 {
		d = first << failures
	}
	return d*3/4 + time.Duration(rand.Int64N(int64(d)/2+1))
}
