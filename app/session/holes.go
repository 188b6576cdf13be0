package session

import (
	"errors"
	"time"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/storage"
)

// holeGrace is how long a message may be on its way behind a later one of the
// same device before its absence is told. Tests make it short.
var holeGrace = time.Minute

// watchHoles looks at a conversation's counts when what is only late had its time.
func (s *Session) watchHoles(id chat.ConversationID) {
	if !s.state.holes[id] {
		s.state.holes[id] = true
		s.later(holeGrace, lookForHoles{s, id})
	}
}

type lookForHoles struct {
	s  *Session
	id chat.ConversationID
}

func (e lookForHoles) stores() bool { return true }

func (e lookForHoles) settle(err error) {
	if !errors.Is(err, ErrClosed) { // then the loop is gone, and its state is nobody's
		delete(e.s.state.holes, e.id)
	}
}

// apply warns of counts that are missing though the whole log is here. Counts
// below the first one may lie before this account was added.
func (e lookForHoles) apply(t *turn) error {
	row, ok, err := t.tx.Conversation(e.id)
	if err != nil || !ok || len(row.Held) != 1 || row.Held[0].To < row.Head || len(t.tx.Sealed(e.id, 0, 1)) > 0 {
		return err
	}
	r, err := t.seals().room(e.id)
	if err != nil || r == nil {
		return err
	}
	for g := range r.keys {
		if _, held := r.keys[g+1]; !held && g < r.chain.Generation() {
			return nil // this account was away: what it missed has counts, too
		}
	}
	all, err := t.tx.AllCounts(e.id)
	if err != nil {
		return err
	}
	whole := row.Held[0].From == 1 && t.tx.FirstStored(e.id) == 1
	for device, c := range all {
		if device == t.s.Profile().Device {
			continue
		}
		counts := seal.Counts{Seen: c.Seen, Max: c.Max}
		hole, ok := counts.Missing()
		if !ok || hole.From == 1 && !whole {
			continue
		}
		if err := t.find(e.id, storage.Finding{Key: findMissing + " " + string(device), Text: sayMissing}); err != nil {
			return err
		}
	}
	return nil
}
