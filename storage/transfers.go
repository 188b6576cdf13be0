package storage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"satchel/chat"
)

// PutTransfer keeps a transfer, and how far it came.
func (tx *Tx) PutTransfer(t chat.Transfer) error {
	id, err := idKey(t.ID)
	if err != nil {
		return err
	}
	by, err := byMessage(t)
	if err != nil {
		return err
	}
	thumbnail := t.File.Thumbnail
	t.File.Thumbnail = nil
	j, err := json.Marshal(t)
	if err != nil {
		return fmt.Errorf("storage: transfer %s: %w", t.ID, err)
	}
	old, ok, err := tx.Transfer(t.ID)
	if err != nil {
		return err
	}
	if ok {
		if err := tx.unindex(old); err != nil {
			return err
		}
	}
	if err := tx.bolt.Bucket(bTransfers).Put(id, append(appendPart(nil, j), thumbnail...)); err != nil {
		return err
	}
	if err := tx.bolt.Bucket(bTransfersBy).Put(by, nil); err != nil {
		return err
	}
	if t.State.Ended() {
		return nil
	}
	return tx.bolt.Bucket(bTransfersOn).Put(byAge(t), nil)
}

// unindex takes a transfer out of both indexes.
func (tx *Tx) unindex(t chat.Transfer) error {
	by, err := byMessage(t)
	if err != nil {
		return err
	}
	if err := tx.bolt.Bucket(bTransfersBy).Delete(by); err != nil {
		return err
	}
	return tx.bolt.Bucket(bTransfersOn).Delete(byAge(t))
}

// byAge is the key of a transfer in transfers.on: the oldest comes first.
func byAge(t chat.Transfer) []byte { return append(numKey(age(t.Created)), t.ID...) }

// byMessage is the key of a transfer in transfers.by: the newest of a message comes last.
func byMessage(t chat.Transfer) ([]byte, error) {
	k, err := messageKey(t.Conversation, t.Message)
	return append(k, byAge(t)...), err
}

// messageKey leads all keys of one message in transfers.by.
func messageKey(conv chat.ConversationID, id chat.MessageID) ([]byte, error) {
	if len(conv) > maxID || len(id) > maxID {
		return nil, fmt.Errorf("storage: ids of %d and %d bytes", len(conv), len(id))
	}
	return appendPart(appendPart(nil, []byte(conv)), []byte(id)), nil
}

// age is a time as a number that sorts: nanoseconds since 1970, 0 before that.
func age(at time.Time) uint64 {
	if at.Year() < 1970 || at.Year() > 2200 {
		return 0
	}
	return uint64(max(at.UnixNano(), 0))
}

// Transfer returns a transfer; false when it isn't here.
func (tx *Tx) Transfer(id chat.TransferID) (chat.Transfer, bool, error) {
	v := tx.bolt.Bucket(bTransfers).Get([]byte(id))
	if v == nil {
		return chat.Transfer{}, false, nil
	}
	j, thumbnail, err := cutPart(v)
	if err != nil {
		return chat.Transfer{}, false, err
	}
	var t chat.Transfer
	if err := json.Unmarshal(j, &t); err != nil {
		return chat.Transfer{}, false, fmt.Errorf("storage: transfer %s: %w", id, err)
	}
	if len(thumbnail) > 0 {
		t.File.Thumbnail = slices.Clone(thumbnail)
	}
	return t, true, nil
}

// TransferOf returns the newest transfer of a message; false when it never had one.
func (tx *Tx) TransferOf(conv chat.ConversationID, id chat.MessageID) (chat.Transfer, bool, error) {
	lead, err := messageKey(conv, id)
	if err != nil {
		return chat.Transfer{}, false, err
	}
	cursor := tx.bolt.Bucket(bTransfersBy).Cursor()
	var newest []byte
	for k, _ := cursor.Seek(lead); bytes.HasPrefix(k, lead); k, _ = cursor.Next() {
		newest = k
	}
	if newest == nil {
		return chat.Transfer{}, false, nil
	}
	return tx.Transfer(chat.TransferID(newest[len(lead)+8:]))
}

// Transfers returns those that have not ended, the oldest first.
func (tx *Tx) Transfers() (all []chat.Transfer, err error) {
	cursor := tx.bolt.Bucket(bTransfersOn).Cursor()
	for k, _ := cursor.First(); k != nil; k, _ = cursor.Next() {
		t, ok, err := tx.Transfer(chat.TransferID(k[8:]))
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("storage: transfer %s: %w", k[8:], errRow)
		}
		all = append(all, t)
	}
	return all, nil
}

// EachTransfer calls f with every transfer, also those that have ended, in the
// order of their ids, until f returns an error.
func (tx *Tx) EachTransfer(f func(chat.Transfer) error) error {
	return tx.bolt.Bucket(bTransfers).ForEach(func(k, _ []byte) error {
		t, ok, err := tx.Transfer(chat.TransferID(k))
		if err != nil || !ok {
			return err
		}
		return f(t)
	})
}

// DeleteTransfer forgets a transfer; one that isn't here is no error.
func (tx *Tx) DeleteTransfer(id chat.TransferID) error {
	t, ok, err := tx.Transfer(id)
	if err != nil || !ok {
		return err
	}
	if err := tx.unindex(t); err != nil {
		return err
	}
	return tx.bolt.Bucket(bTransfers).Delete([]byte(id))
}
