package session

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"satchel/chat"
	"satchel/storage"
)

// PauseTransfer stops a transfer until ResumeTransfer.
func (s *Session) PauseTransfer(id chat.TransferID) error { return s.steer(s.engine.Pause(id)) }

// ResumeTransfer goes on with one that is paused, waits or failed.
func (s *Session) ResumeTransfer(id chat.TransferID) error { return s.steer(s.engine.Resume(id)) }

// CancelTransfer ends a transfer. An upload takes its message with it.
func (s *Session) CancelTransfer(id chat.TransferID) error { return s.steer(s.engine.Cancel(id)) }

// FrontTransfer has a transfer go before all others that wait.
func (s *Session) FrontTransfer(id chat.TransferID) error { return s.steer(s.engine.Front(id)) }

// PauseAllTransfers stops all that waits and moves; it stays so after a restart.
func (s *Session) PauseAllTransfers() { s.engine.PauseAll() }

// ResumeAllTransfers goes on with all that is paused.
func (s *Session) ResumeAllTransfers() { s.engine.ResumeAll() }

// ResumeTransfers goes on with those of these that are paused.
func (s *Session) ResumeTransfers(ids []chat.TransferID) { s.engine.ResumeThese(ids) }

// RetryAllTransfers goes on with all that failed or waits.
func (s *Session) RetryAllTransfers() { s.engine.RetryAll() }

// CancelAllTransfers ends all there are.
func (s *Session) CancelAllTransfers() { s.engine.CancelAll() }

// Visible says which messages of a conversation are on the screen: their files
// go before others that wait.
func (s *Session) Visible(conv chat.ConversationID, messages []chat.MessageID) {
	s.engine.Visible(conv, messages)
}

func (s *Session) steer(err error) error {
	if err == nil {
		return nil
	}
	return storedBadly{fmt.Sprintf("%s.", err), err}
}

// doneKey keeps which transfers were done last, the newest at the end.
const (
	doneKey  = "transfers.done"
	mostDone = 200
)

// noteDone remembers that a transfer is done.
func (t *turn) noteDone(id chat.TransferID) error {
	ids, err := doneIn(t.tx)
	if err != nil {
		return err
	}
	ids = append(slices.DeleteFunc(ids, func(o chat.TransferID) bool { return o == id }), id)
	b, err := json.Marshal(ids[max(0, len(ids)-mostDone):])
	if err != nil {
		return err
	}
	return t.tx.PutValue(doneKey, b)
}

func doneIn(tx *storage.Tx) (ids []chat.TransferID, err error) {
	b, err := tx.Value(doneKey)
	if err == nil && b != nil && json.Unmarshal(b, &ids) != nil {
		ids = nil // it is a comfort only
	}
	return ids, err
}

// TransfersDone returns what was done since a time, the newest first: as many
// as are remembered, 200 at most.
func (s *Session) TransfersDone(since time.Time) (all []chat.Transfer, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		ids, err := doneIn(tx)
		if err != nil {
			return err
		}
		for _, id := range slices.Backward(ids) {
			t, ok, err := tx.Transfer(id)
			if err != nil {
				return err
			}
			if ok && t.State == chat.TransferDone && !t.Updated.Before(since) {
				all = append(all, t)
			}
		}
		return nil
	})
	return all, err
}
