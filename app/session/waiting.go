package session

import (
	"satchel/chat"
	"satchel/net/wire"
)

// waiting are entries whose chain or key is not here yet. They are not
// acknowledged, and the cache does not hold them: what is dropped is fetched again.
type waiting struct {
	batches map[chat.ConversationID][]*batch
	bytes   int
}

// waitingMost bounds what waits outside of pages, in bytes of bodies. Pages are
// bounded by how many are asked for at a time.
const waitingMost = 4 << 20

// batch is an entry, or a page, that waits for a run of care.
type batch struct {
	run   uint64 // once this one has ended, it waits no more
	entry *wire.Entry
	late  bool // the entry's sender was gone when it came
	page  *wire.Page
}

func newWaiting() waiting { return waiting{batches: map[chat.ConversationID][]*batch{}} }

func (w *waiting) reset() {
	clear(w.batches)
	w.bytes = 0
}

// hold keeps a batch until the run of care that it needs has ended.
func (s *Session) hold(id chat.ConversationID, b *batch, from []chat.AccountID) {
	w := &s.state.waiting
	who := map[chat.AccountID]bool{}
	for _, a := range from {
		who[a] = true
	}
	b.run = s.care.add(id, wants{accounts: who})
	if b.entry != nil {
		if w.bytes+len(b.entry.Body) > waitingMost {
			return // asked for again, when the care is over
		}
		w.bytes += len(b.entry.Body)
	}
	w.batches[id] = append(w.batches[id], b)
}

// again takes what waited for runs of care up to this one.
func (t *turn) again(id chat.ConversationID, run uint64) error {
	s := t.s
	w := &s.state.waiting
	done := 0
	for _, b := range w.batches[id] {
		if b.run > run {
			break // runs only grow
		}
		done++
		var err error
		if b.entry != nil {
			err = t.takeEntry(b.entry, b.late, true)
		} else {
			err = t.takePage(b.page, true)
		}
		if err != nil {
			return err
		}
	}
	t.then(func() {
		for _, b := range w.batches[id][:done] {
			if b.entry != nil {
				w.bytes -= len(b.entry.Body)
			}
		}
		if w.batches[id] = w.batches[id][done:]; len(w.batches[id]) == 0 {
			delete(w.batches, id)
		}
		s.fetchSoon(id)
	})
	return nil
}
