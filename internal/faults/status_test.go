package faults

import (
	"fmt"
	"testing"
)

// statuses are what a server, or something on the way to it, may answer.
var statuses = []struct {
	code   int
	header []string
}{
	{code: 401}, {code: 403}, {code: 404}, {code: 409}, {code: 410}, {code: 413}, {code: 423},
	{429, []string{"Retry-After", "2"}}, {code: 500}, {code: 502}, {503, []string{"Retry-After", "1"}}, {code: 507},
}

// Every status at every request of a transfer, once and until somebody clicks.
func TestStatuses(t *testing.T) {
	type place struct {
		request string
		n       int
	}
	places := []place{{create, 1}, {patch, 1}, {head, 1}, {get, 1}}
	size := 700 << 10
	if whole {
		places = append(places, place{patch, 2}, place{get, 2})
		size = 9 << 20
	}
	var trials []trial
	for i, s := range statuses {
		for j, p := range places {
			for k, always := range []bool{false, true} {
				if !whole && (i+j)%len(places) != 0 || !whole && k != i/2%2 {
					continue
				}
				direction := upload
				if p.request == get {
					direction = download
				}
				trials = append(trials, trial{row: fmt.Sprint("HTTP ", s.code), direction: direction, data: random(size, uint64(len(trials))),
					fault: at(p.request, p.n, always, status(s.code, s.header...)), lift: always})
			}
		}
	}
	for i, p := range places {
		if whole || i == 1 {
			direction := upload
			if p.request == get {
				direction = download
			}
			trials = append(trials, trial{row: "answer lost", direction: direction, data: random(size, uint64(1000+i)), fault: at(p.request, p.n, false, lost)})
		}
	}
	lanes(t, trials)
}

// lanes carries trials out, a few at a time.
func lanes(t *testing.T, trials []trial) {
	t.Helper()
	n := 3
	if whole {
		n = 6
	}
	n = min(n, len(trials))
	w := newWorld(t, nil)
	free := make(chan *lane, n)
	for i := range n {
		free <- newLane(t, w, i)
	}
	for _, c := range trials {
		matrix.has(c.row, c.direction)
	}
	t.Run("all", func(t *testing.T) {
		for i, c := range trials {
			t.Run(fmt.Sprintf("%d %s %s", i, c.row, c.direction), func(t *testing.T) {
				t.Parallel()
				l := <-free
				defer func() { free <- l }()
				l.run(t, c)
			})
		}
	})
}
