package store

import "testing"

// What nobody waits for goes with the first write that somebody waits for, in
// order, or alone.
func TestPatientWritesWaitForCompany(t *testing.T) {
	mark, word := op{of: "mark", patient: true}, op{of: "word"}
	for _, c := range []struct {
		name        string
		first, then []op
		goes        int
	}{
		{"alone", []op{mark}, nil, 1},
		{"with others", []op{mark}, []op{mark, mark}, 3},
		{"with a word", []op{mark}, []op{mark, word, mark}, 3},
		{"a word does not wait", []op{mark, word}, []op{mark}, 2},
	} {
		for _, closed := range []bool{false, true} {
			ops := make(chan op, len(c.then))
			for _, o := range c.then {
				ops <- o
			}
			if closed {
				close(ops)
			}
			if got := accompany(c.first, ops); len(got) != c.goes || len(ops) != len(c.first)+len(c.then)-c.goes {
				t.Errorf("%s, closed: %v: %d go and %d stay, want %d to go", c.name, closed, len(got), len(ops), c.goes)
			}
		}
	}
	full := make([]op, maxBatch)
	for i := range full {
		full[i] = mark
	}
	if got := accompany(full, nil); len(got) != maxBatch {
		t.Errorf("a full batch became one of %d", len(got))
	}
}
