package session

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"

	"satchel/chat"
	"satchel/storage"
	"satchel/transfer"
)

// A file that went to a store is remembered by what is in it, so that it goes
// there once however often it is sent: the value "upload STORE SIZE SHA-256" is a
// transfer.Stored. See docs/security.md for what it means that messages then share
// a URL and a key.

func uploadsOf(t *chat.Transfer) string {
	return fmt.Sprintf("upload %s %d ", cmp.Or(t.Store, "relay"), t.File.Size)
}

const sayOnItsWay = "This file is on its way already, for another message. It is not sent twice."

// earlier is the engine's Config.Earlier.
func (s *Session) earlier(t chat.Transfer, sum func() (string, error)) (*transfer.Stored, error) {
	// Who goes first is looked at before what was remembered: it leaves the list after that.
	var wait error
	for _, id := range s.sending.before(&t) {
		if first, ok := s.transfer(id); ok && (moving(&first) || first.State == chat.TransferDone) {
			wait = transfer.Temporary(sayOnItsWay, nil)
			break
		}
	}
	some := false
	if err := s.valuesWith(uploadsOf(&t), func(string, []byte) error {
		some = true
		return errEnough
	}); !some {
		return nil, cmp.Or(err, wait)
	}
	sha256, err := sum()
	if err != nil {
		return nil, err
	}
	b, err := s.Value(uploadsOf(&t) + sha256)
	if err != nil || b == nil {
		return nil, cmp.Or(err, wait)
	}
	found := &transfer.Stored{}
	return found, json.Unmarshal(b, found)
}

var errEnough = errors.New("that is enough")

// transfer returns a transfer as it stands now.
func (s *Session) transfer(id chat.TransferID) (t chat.Transfer, ok bool) {
	if t, ok := s.hub.latest(id); ok {
		return t, true
	}
	err := s.db.View(func(tx *storage.Tx) (err error) {
		t, ok, err = tx.Transfer(id)
		return err
	})
	return t, ok && err == nil
}

// moving tells of a transfer that goes on by itself.
func moving(t *chat.Transfer) bool {
	return t.State == chat.TransferQueued || t.State == chat.TransferWaiting || t.State.Active()
}

// sending knows the uploads that have not ended by the file that they read, so that
// no two carry the same one at the same time.
type sending struct {
	mu  sync.Mutex
	of  map[chat.TransferID]fileSent   // as they were queued: what is sent may be a copy
	all map[fileSent][]chat.TransferID // in the order in which they were queued
}

// fileSent is a file on its way to a store.
type fileSent struct {
	store, path string
	size, at    int64
}

func (s *sending) add(t *chat.Transfer) {
	if t.Direction != chat.Upload || t.State.Ended() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all == nil {
		s.all, s.of = map[fileSent][]chat.TransferID{}, map[chat.TransferID]fileSent{}
	}
	if _, known := s.of[t.ID]; known {
		return
	}
	k := fileSent{t.Store, t.Path, t.File.Size, t.ModTime.UnixNano()}
	s.of[t.ID], s.all[k] = k, append(s.all[k], t.ID)
}

// before are the uploads of the same file that were queued before t.
func (s *sending) before(t *chat.Transfer) []chat.TransferID {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all[s.of[t.ID]]
	return slices.Clone(all[:max(0, slices.Index(all, t.ID))])
}

// end takes out one that has ended, and returns the others.
func (s *sending) end(t *chat.Transfer) []chat.TransferID {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.of[t.ID]
	delete(s.of, t.ID)
	left := slices.DeleteFunc(s.all[k], func(id chat.TransferID) bool { return id == t.ID })
	if len(left) == 0 {
		delete(s.all, k)
	} else {
		s.all[k] = left
	}
	return slices.Clone(left)
}

// uploadEnded has those go on that waited for an upload which has ended.
func (t *turn) uploadEnded(tr chat.Transfer) {
	t.then(func() {
		for _, id := range t.s.sending.end(&tr) {
			if other, ok := t.s.transfer(id); ok && moving(&other) {
				_ = t.s.engine.Resume(id) // it may have ended meanwhile
			}
		}
	})
}

// remember keeps where an upload that is done lies.
func (t *turn) remember(tr *chat.Transfer) error {
	b, err := json.Marshal(transfer.Stored{URL: tr.File.URL, SHA256: tr.File.SHA256, Key: tr.File.Key})
	if err != nil {
		return err
	}
	return t.tx.PutValue(uploadsOf(tr)+tr.File.SHA256, b)
}

// gone is the engine's Config.Gone.
func (s *Session) gone(tr chat.Transfer, k transfer.Stored) {
	if err := s.PutValues(s.ctx, map[string][]byte{uploadsOf(&tr) + k.SHA256: nil}); err != nil {
		s.log.Error("forget an upload that is gone", "error", err)
	}
}
