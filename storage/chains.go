package storage

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"satchel/chat"
)

// Secret is a private key or a conversation's key.
type Secret = [32]byte

// chain is a bucket of statements by their numbers, 1, 2, 3 …
type chain struct{ b *bbolt.Bucket }

// statements are all of the chain, from number after+1 on.
func (c chain) statements(after uint64) (all [][]byte) {
	if c.b == nil {
		return nil
	}
	cursor := c.b.Cursor()
	for k, v := cursor.Seek(numKey(after + 1)); k != nil; k, v = cursor.Next() {
		all = append(all, slices.Clone(v))
	}
	return all
}

// length is the number of the newest statement; 0: there is none.
func (c chain) length() uint64 {
	if c.b == nil {
		return 0
	}
	k, _ := c.b.Cursor().Last()
	if k == nil {
		return 0
	}
	return keyNum(k)
}

// add puts the next statements behind number after, which must be the newest.
func (c chain) add(after uint64, statements [][]byte) error {
	if newest := c.length(); newest != after {
		return fmt.Errorf("storage: a chain of %d statements does not go on after number %d", newest, after)
	}
	for i, s := range statements {
		if err := c.b.Put(numKey(after+uint64(i)+1), s); err != nil {
			return err
		}
	}
	return nil
}

// below opens the bucket of an id in a bucket at the top, to write in it.
func below[T ~string](tx *Tx, top []byte, id T) (*bbolt.Bucket, error) {
	k, err := idKey(id)
	if err != nil {
		return nil, err
	}
	return tx.bolt.Bucket(top).CreateBucketIfNotExists(k)
}

// AccountChain returns the statements of an account's chain that are here.
func (tx *Tx) AccountChain(id chat.AccountID) [][]byte {
	return chain{tx.bolt.Bucket(bAccountChains).Bucket([]byte(id))}.statements(0)
}

// AccountChainLength is how many statements AccountChain returns.
func (tx *Tx) AccountChainLength(id chat.AccountID) uint64 {
	return chain{tx.bolt.Bucket(bAccountChains).Bucket([]byte(id))}.length()
}

// AddToAccountChain keeps the statements that follow number after.
func (tx *Tx) AddToAccountChain(id chat.AccountID, after uint64, statements [][]byte) error {
	b, err := below(tx, bAccountChains, id)
	if err != nil {
		return err
	}
	return chain{b}.add(after, statements)
}

// Chain returns the statements of a conversation's chain that are here.
func (tx *Tx) Chain(id chat.ConversationID) [][]byte {
	return chain{tx.bolt.Bucket(bChains).Bucket([]byte(id))}.statements(0)
}

// ChainLength is how many statements Chain returns.
func (tx *Tx) ChainLength(id chat.ConversationID) uint64 {
	return chain{tx.bolt.Bucket(bChains).Bucket([]byte(id))}.length()
}

// AddToChain keeps the statements of a conversation that follow number after.
func (tx *Tx) AddToChain(id chat.ConversationID, after uint64, statements [][]byte) error {
	b, err := below(tx, bChains, id)
	if err != nil {
		return err
	}
	return chain{b}.add(after, statements)
}

// secrets reads keys by generation.
func secrets(b *bbolt.Bucket) (map[uint64]Secret, error) {
	all := map[uint64]Secret{}
	if b == nil {
		return all, nil
	}
	err := b.ForEach(func(k, v []byte) error {
		if len(k) != 8 || len(v) != len(Secret{}) {
			return errRow
		}
		all[keyNum(k)] = Secret(v)
		return nil
	})
	return all, err
}

func putSecrets(b *bbolt.Bucket, keys map[uint64]Secret) error {
	for generation, s := range keys {
		if err := b.Put(numKey(generation), s[:]); err != nil {
			return err
		}
	}
	return nil
}

// AccountKeys returns the private keys of the own account by generation.
func (tx *Tx) AccountKeys() (map[uint64]Secret, error) {
	return secrets(tx.bolt.Bucket(bAccountKeys))
}

// PutAccountKeys adds private keys of the own account.
func (tx *Tx) PutAccountKeys(keys map[uint64]Secret) error {
	return putSecrets(tx.bolt.Bucket(bAccountKeys), keys)
}

// Keys returns a conversation's keys by generation.
func (tx *Tx) Keys(id chat.ConversationID) (map[uint64]Secret, error) {
	return secrets(tx.bolt.Bucket(bKeys).Bucket([]byte(id)))
}

// PutKeys adds keys of a conversation.
func (tx *Tx) PutKeys(id chat.ConversationID, keys map[uint64]Secret) error {
	b, err := below(tx, bKeys, id)
	if err != nil {
		return err
	}
	return putSecrets(b, keys)
}

// Counts is what was seen of the counts of one device in one conversation.
type Counts struct {
	Seen chat.Ranges `json:"seen,omitempty"`
	Max  uint64      `json:"max,omitempty"`
	// Free are counts of this device's own that no message has: the relay
	// refused what they were given to. They are given out first.
	Free []uint64 `json:"free,omitempty"`
}

// Counts returns what was seen of a device; zero when nothing was.
func (tx *Tx) Counts(id chat.ConversationID, device chat.DeviceID) (c Counts, err error) {
	b := tx.bolt.Bucket(bCounts).Bucket([]byte(id))
	if b == nil {
		return c, nil
	}
	_, err = getJSON(b, []byte(device), &c)
	return c, err
}

// AllCounts returns what was seen of all devices in a conversation.
func (tx *Tx) AllCounts(id chat.ConversationID) (all map[chat.DeviceID]Counts, err error) {
	b := tx.bolt.Bucket(bCounts).Bucket([]byte(id))
	if b == nil {
		return nil, nil
	}
	all = map[chat.DeviceID]Counts{}
	err = b.ForEach(func(k, v []byte) error {
		var c Counts
		err := json.Unmarshal(v, &c)
		all[chat.DeviceID(k)] = c
		return err
	})
	return all, err
}

// PutCounts keeps what was seen of a device.
func (tx *Tx) PutCounts(id chat.ConversationID, device chat.DeviceID, c Counts) error {
	d, err := idKey(device)
	if err != nil {
		return err
	}
	b, err := below(tx, bCounts, id)
	if err != nil {
		return err
	}
	return putJSON(b, d, c)
}

// PutSealed keeps the body of the message at seq, which could not be opened yet.
func (tx *Tx) PutSealed(id chat.ConversationID, seq uint64, body []byte) error {
	b, err := below(tx, bSealed, id)
	if err != nil {
		return err
	}
	return b.Put(numKey(seq), slices.Clone(body))
}

// Sealed is a body that could not be opened yet.
type Sealed struct {
	Seq  uint64
	Body []byte
}

// Sealed returns bodies that could not be opened yet, those above after, at most
// limit, ascending.
func (tx *Tx) Sealed(id chat.ConversationID, after uint64, limit int) (all []Sealed) {
	b := tx.bolt.Bucket(bSealed).Bucket([]byte(id))
	if b == nil {
		return nil
	}
	cursor := b.Cursor()
	for k, v := cursor.Seek(numKey(after + 1)); k != nil && len(all) < limit; k, v = cursor.Next() {
		all = append(all, Sealed{keyNum(k), slices.Clone(v)})
	}
	return all
}

// DeleteSealed forgets a body, since its message was opened.
func (tx *Tx) DeleteSealed(id chat.ConversationID, seq uint64) error {
	b := tx.bolt.Bucket(bSealed).Bucket([]byte(id))
	if b == nil {
		return nil
	}
	return b.Delete(numKey(seq))
}

// StoredAt returns the message with a number; false when it isn't here.
func (tx *Tx) StoredAt(id chat.ConversationID, seq uint64) (chat.Message, bool, error) {
	b := tx.bolt.Bucket(bMessages).Bucket([]byte(id))
	if b == nil {
		return chat.Message{}, false, nil
	}
	v := b.Get(numKey(seq))
	if v == nil {
		return chat.Message{}, false, nil
	}
	m, err := decodeMessage(id, seq, v)
	return m, err == nil, err
}

// FirstStored is the number of the oldest message that is here; 0: there is none.
func (tx *Tx) FirstStored(id chat.ConversationID) uint64 {
	if b := tx.bolt.Bucket(bMessages).Bucket([]byte(id)); b != nil {
		if k, _ := b.Cursor().First(); k != nil {
			return keyNum(k)
		}
	}
	return 0
}

// Finding is something about a chain or a message that a person must know: it
// was said once, and stays.
type Finding struct {
	Key  string `json:"-"` // what it is about, so that it is said once
	Text string `json:"text"`
	Stop bool   `json:"stop,omitempty"` // nothing may be sent any more
	N    uint64 `json:"n"`              // the order of finding
}

// AddFinding keeps a finding about a conversation; false when it is known already.
func (tx *Tx) AddFinding(id chat.ConversationID, f Finding) (bool, error) {
	b, err := below(tx, bFindings, id)
	if err != nil || b.Get([]byte(f.Key)) != nil {
		return false, err
	}
	if f.N, err = b.NextSequence(); err != nil {
		return false, err
	}
	if err := putJSON(b, []byte(f.Key), f); err != nil {
		return false, err
	}
	return true, tx.warn(id)
}

// DeleteFinding forgets a finding, since it holds no more.
func (tx *Tx) DeleteFinding(id chat.ConversationID, key string) error {
	b := tx.bolt.Bucket(bFindings).Bucket([]byte(id))
	if b == nil || b.Get([]byte(key)) == nil {
		return nil
	}
	if err := b.Delete([]byte(key)); err != nil {
		return err
	}
	return tx.warn(id)
}

// warn writes what a conversation's row says of its findings: the newest one
// that stops it, else the newest.
func (tx *Tx) warn(id chat.ConversationID) error {
	c, err := tx.open(id)
	if errors.Is(err, ErrNotFound) {
		return nil
	} else if err != nil {
		return err
	}
	all, err := tx.Findings(id)
	if err != nil {
		return err
	}
	c.state.Warning, c.state.Stopped = "", false
	for _, f := range all {
		if f.Stop || !c.state.Stopped {
			c.state.Warning, c.state.Stopped = f.Text, f.Stop
		}
	}
	return c.save()
}

// Findings are those of a conversation, the oldest first.
func (tx *Tx) Findings(id chat.ConversationID) (all []Finding, err error) {
	b := tx.bolt.Bucket(bFindings).Bucket([]byte(id))
	if b == nil {
		return nil, nil
	}
	err = b.ForEach(func(k, v []byte) error {
		f := Finding{Key: string(k)}
		err := json.Unmarshal(v, &f)
		all = append(all, f)
		return err
	})
	slices.SortFunc(all, func(a, b Finding) int { return int(a.N) - int(b.N) })
	return all, err
}

// Pin is a place in the own account's chain that was seen when the profile was
// made: number and hash. A chain without it is another one.
func (tx *Tx) Pin() (seq uint64, hash [32]byte, ok bool) {
	v := tx.bolt.Bucket(bMeta).Get(keyPin)
	if len(v) != 40 {
		return 0, hash, false
	}
	return binary.BigEndian.Uint64(v), [32]byte(v[8:]), true
}

// PutPin keeps it.
func (tx *Tx) PutPin(seq uint64, hash [32]byte) error {
	return tx.bolt.Bucket(bMeta).Put(keyPin, append(numKey(seq), hash[:]...))
}
