package storage

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"satchel/chat"
)

// Profile is who uses this device, and the relay where they are known.
type Profile struct {
	Account   chat.Account  `json:"account"`
	Device    chat.DeviceID `json:"device"`
	RelayURL  string        `json:"relay_url"`
	RelayKey  string        `json:"relay_key"` // the relay's public key, base64url
	RelayName string        `json:"relay_name"`
	MaxFile   int64         `json:"max_file"` // bytes; 0: no limit is known

	EditWindow int64 `json:"edit_window,omitempty"` // seconds in which a message may be changed; 0: always
}

// Profile returns the profile; false before the first PutProfile.
func (tx *Tx) Profile() (p Profile, ok bool, err error) {
	ok, err = getJSON(tx.bolt.Bucket(bMeta), keyProfile, &p)
	return p, ok, err
}

// PutProfile keeps the profile.
func (tx *Tx) PutProfile(p Profile) error { return putJSON(tx.bolt.Bucket(bMeta), keyProfile, p) }

// Act is something that the relay must hear. It stays until it was heard.
type Act struct {
	N            uint64              `json:"-"`    // its place in the outbox, from 1, never used again
	Kind         string              `json:"kind"` // "send", "mark", "create"
	Conversation chat.ConversationID `json:"conversation"`
	Message      chat.MessageID      `json:"message,omitempty"`
	Data         json.RawMessage     `json:"data,omitempty"`
}

// PutAct puts an act at the end of the outbox, when a.N is 0, or in the place of
// act a.N, which must be there (else ErrNotFound). It returns its number.
func (tx *Tx) PutAct(a Act) (uint64, error) {
	b := tx.bolt.Bucket(bOutbox)
	if a.N == 0 {
		n, err := b.NextSequence()
		if err != nil {
			return 0, err
		}
		a.N = n
	} else if b.Get(numKey(a.N)) == nil {
		return 0, fmt.Errorf("storage: act %d: %w", a.N, ErrNotFound)
	}
	return a.N, putJSON(b, numKey(a.N), a)
}

// Acts returns the oldest acts above number after, at most limit of them, in order.
func (tx *Tx) Acts(after uint64, limit int) (acts []Act, err error) {
	cursor := tx.bolt.Bucket(bOutbox).Cursor()
	for k, v := cursor.Seek(numKey(after + 1)); k != nil && len(acts) < limit; k, v = cursor.Next() {
		a := Act{N: keyNum(k)}
		if err := json.Unmarshal(v, &a); err != nil {
			return nil, fmt.Errorf("storage: act %d: %w", a.N, err)
		}
		acts = append(acts, a)
	}
	return acts, nil
}

// DeleteAct takes an act out of the outbox; one that isn't there is no error.
func (tx *Tx) DeleteAct(n uint64) error { return tx.bolt.Bucket(bOutbox).Delete(numKey(n)) }

// Value returns a small thing by its key: a cursor, an anchor, a window's
// geometry. It is nil when it was never put.
func (tx *Tx) Value(key string) ([]byte, error) {
	return slices.Clone(tx.bolt.Bucket(bValues).Get([]byte(key))), nil
}

// Values calls f with every small thing whose key begins with prefix, in the
// order of keys, until f returns an error. What f is given is its own.
func (tx *Tx) Values(prefix string, f func(key string, v []byte) error) error {
	cursor := tx.bolt.Bucket(bValues).Cursor()
	for k, v := cursor.Seek([]byte(prefix)); bytes.HasPrefix(k, []byte(prefix)); k, v = cursor.Next() {
		if err := f(string(k), slices.Clone(v)); err != nil {
			return err
		}
	}
	return nil
}

// PutValue keeps a small thing; nil takes it away.
func (tx *Tx) PutValue(key string, v []byte) error {
	b := tx.bolt.Bucket(bValues)
	if v == nil {
		return b.Delete([]byte(key))
	}
	return b.Put([]byte(key), slices.Clone(v))
}

func putJSON(b *bbolt.Bucket, k []byte, v any) error {
	j, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("storage: %s: %w", k, err)
	}
	return b.Put(k, j)
}

// getJSON reads the row at k into v; false when there is none.
func getJSON(b *bbolt.Bucket, k []byte, v any) (bool, error) {
	j := b.Get(k)
	if j == nil {
		return false, nil
	}
	if err := json.Unmarshal(j, v); err != nil {
		return false, fmt.Errorf("storage: %s: %w", k, err)
	}
	return true, nil
}
