package session

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"satchel/chat"
)

// Files that were sent together go in the order in which they were given, though
// their uploads end in any: the message of one that is there is held until those
// before it went. It is not held by one that is much bigger (so a note never waits
// for a film), nor by one that does not move: paused, failed, or waiting for
// something. The value "held BATCH NTH" is a message that is complete and held.

// alike is up to how many bytes a file holds every later one; a bigger one holds
// those that are at least half as big.
const alike = 1 << 20

// batches knows which uploads of a batch move or wait for their turn.
type batches struct {
	mu   sync.Mutex
	open map[chat.MessageID]map[int]int64 // the size of each, by where it stands
}

// note takes in how an upload stands.
func (b *batches) note(tr *chat.Transfer) {
	if tr.Batch == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.open[tr.Batch]
	if tr.State != chat.TransferQueued && !tr.State.Active() {
		if delete(all, tr.Nth); len(all) == 0 {
			delete(b.open, tr.Batch)
		}
		return
	}
	if all == nil {
		if b.open == nil {
			b.open = map[chat.MessageID]map[int]int64{}
		}
		all = map[int]int64{}
		b.open[tr.Batch] = all
	}
	all[tr.Nth] = tr.File.Size
}

// before tells whether a file that is still on its way has to be sent before the
// nth, of this size, but for those that have come to rest in the meantime.
func (b *batches) before(batch chat.MessageID, nth int, size int64, rest map[int]bool) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for n, other := range b.open[batch] {
		if n < nth && !rest[n] && other <= max(alike, 2*size) {
			return true
		}
	}
	return false
}

// heldMessage is what stands under a held key.
type heldMessage struct {
	Conversation chat.ConversationID `json:"conversation"`
	Message      chat.MessageID      `json:"message"`
	Nth          int                 `json:"nth"`
	Size         int64               `json:"size"`
}

const heldBegin = "held "

func heldLead(batch chat.MessageID) string { return heldBegin + string(batch) + " " }

// holdInOrder keeps a message whose file is there until it is its turn: letGo
// looks at the end of this very turn.
func (t *turn) holdInOrder(m chat.Message, tr *chat.Transfer) error {
	b, err := json.Marshal(heldMessage{m.Conversation, m.ID, tr.Nth, tr.File.Size})
	if err != nil {
		return err
	}
	if err := t.tx.UpdateMessage(m); err != nil {
		return err
	}
	return t.tx.PutValue(fmt.Sprintf("%s%08d", heldLead(tr.Batch), tr.Nth), b)
}

// inBatch notes that an upload of a batch is saved as it stands now.
func (t *turn) inBatch(tr *chat.Transfer) {
	if tr.Batch == "" {
		return
	}
	one := *tr
	t.look(tr.Batch)[tr.Nth] = tr.State != chat.TransferQueued && !tr.State.Active()
	t.then(func() { t.s.batches.note(&one) })
}

// look has letGo look at a batch, and returns which of its uploads are at rest
// since this turn.
func (t *turn) look(batch chat.MessageID) map[int]bool {
	if t.batches == nil {
		t.batches = map[chat.MessageID]map[int]bool{}
	}
	if t.batches[batch] == nil {
		t.batches[batch] = map[int]bool{}
	}
	return t.batches[batch]
}

// lookAtHeld sends what was held when the program ended and is not any more.
type lookAtHeld struct{}

func (lookAtHeld) stores() bool { return true }
func (lookAtHeld) settle(error) {}

func (lookAtHeld) apply(t *turn) error {
	return t.tx.Values(heldBegin, func(key string, _ []byte) error {
		batch, _, _ := strings.Cut(key[len(heldBegin):], " ")
		t.look(chat.MessageID(batch))
		return nil
	})
}

// letGo sends what nothing holds any more, in order.
func (t *turn) letGo() error {
	for batch, resting := range t.batches {
		var free []string
		var messages []heldMessage
		err := t.tx.Values(heldLead(batch), func(key string, v []byte) error {
			var h heldMessage
			if err := json.Unmarshal(v, &h); err != nil {
				return err
			}
			if !t.s.batches.before(batch, h.Nth, h.Size, resting) {
				free, messages = append(free, key), append(messages, h)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for i, h := range messages {
			if err := t.tx.PutValue(free[i], nil); err != nil {
				return err
			}
			m, ok, err := t.tx.Message(h.Conversation, h.Message)
			if err != nil {
				return err
			}
			if !ok || m.State == chat.MessageStored {
				continue // it was taken back
			}
			if err := t.dispatch(m); err != nil {
				return err
			}
		}
	}
	return nil
}
