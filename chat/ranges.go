package chat

import "slices"

// Range is a run of sequence numbers, both ends inclusive.
type Range struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
}

// Ranges is a set of sequence numbers: sorted runs that neither touch nor
// overlap. Its zero value is the empty set.
type Ranges []Range

// Add puts the run from..to into the set. Zero and inverted runs are ignored.
func (r *Ranges) Add(from, to uint64) {
	if from == 0 || to < from {
		return
	}
	// The first run that touches from..to, and the first one behind that doesn't.
	i, _ := slices.BinarySearchFunc(*r, from, func(x Range, f uint64) int {
		if x.To+1 < f {
			return -1
		}
		return 1
	})
	j := i
	for j < len(*r) && (*r)[j].From <= to+1 {
		from, to = min(from, (*r)[j].From), max(to, (*r)[j].To)
		j++
	}
	*r = slices.Replace(*r, i, j, Range{from, to})
}

// Has tells whether seq is in the set.
func (r Ranges) Has(seq uint64) bool {
	for _, x := range r {
		if x.From <= seq && seq <= x.To {
			return true
		}
	}
	return false
}

// Missing returns the newest run that is not in the set and ends at or before
// seq; false when everything from 1 to seq is there.
func (r Ranges) Missing(seq uint64) (Range, bool) {
	to := seq
	for i := len(r) - 1; i >= 0 && to > 0; i-- {
		switch x := r[i]; {
		case x.From > to:
			continue
		case x.To >= to:
			to = x.From - 1
		default:
			return Range{x.To + 1, to}, true
		}
	}
	if to == 0 {
		return Range{}, false
	}
	return Range{1, to}, true
}
