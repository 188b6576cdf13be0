package storage

import (
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"
)

// The buckets at the top; the package's comment says what is in them.
var (
	bMeta          = []byte("meta")
	bValues        = []byte("values")
	bAccounts      = []byte("accounts")
	bConversations = []byte("conversations")
	bStates        = []byte("states")
	bMarks         = []byte("marks")
	bMessages      = []byte("messages")
	bPending       = []byte("pending")
	bIDs           = []byte("ids")
	bChanges       = []byte("changes")
	bOutbox        = []byte("outbox")
	bTransfers     = []byte("transfers")
	bTransfersBy   = []byte("transfers.by")
	bTransfersOn   = []byte("transfers.on")

	// Since schema 2.
	bAccountChains = []byte("chains.accounts")
	bChains        = []byte("chains.conversations")
	bAccountKeys   = []byte("keys.account")
	bKeys          = []byte("keys.conversations")
	bCounts        = []byte("counts")
	bSealed        = []byte("sealed")
	bFindings      = []byte("findings")

	// Made by the first message that is to disappear.
	bVanish = []byte("vanish")

	// Made by the first setting that is kept.
	bSettings = []byte("settings")
	bUntold   = []byte("settings.untold")
)

// Keys of meta.
var (
	keySchema  = []byte("schema")
	keyProfile = []byte("profile")
	keyPin     = []byte("pin")
	keyIndexed = []byte("indexed")
)

// migration changes a database of one version into one of the next.
type migration func(*bbolt.Tx) error

// migrations[n] leads from version n to n+1; version 0 has nothing in it. A
// migration that was released is never changed: there are files behind it.
var migrations = []migration{
	create,
	chains,
	addChangesAndIndex,
}

// chains makes room for what sealing needs.
func chains(tx *bbolt.Tx) error {
	for _, name := range [][]byte{bAccountChains, bChains, bAccountKeys, bKeys, bCounts, bSealed, bFindings} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return nil
}

func create(tx *bbolt.Tx) error {
	for _, name := range [][]byte{
		bMeta, bValues, bAccounts, bConversations, bStates, bMarks, bMessages, bPending, bIDs,
		bOutbox, bTransfers, bTransfersBy, bTransfersOn,
	} {
		if _, err := tx.CreateBucket(name); err != nil {
			return err
		}
	}
	return nil
}

// neverWritten is the number of the transaction that a file made by bbolt seems
// to come from. One that is empty after more than that has lost what was in it.
const neverWritten = 1

// schema is the version of a database: 0 when nothing was ever in it.
func schema(tx *bbolt.Tx) (int, error) {
	if first, _ := tx.Cursor().First(); first == nil && tx.ID() <= neverWritten {
		return 0, nil
	}
	meta := tx.Bucket(bMeta)
	if meta == nil {
		return 0, fmt.Errorf("%w: it has no bucket %q", ErrDamaged, bMeta)
	}
	v := meta.Get(keySchema)
	if len(v) != 4 {
		return 0, fmt.Errorf("%w: it has no schema version", ErrDamaged)
	}
	return int(binary.BigEndian.Uint32(v)), nil
}

// migrate brings a database to version len(steps), each step and its number in
// one transaction: stopped anywhere, it goes on from the last whole step.
func migrate(b *bbolt.DB, steps []migration) error {
	var version int
	err := b.View(func(tx *bbolt.Tx) (err error) {
		version, err = schema(tx)
		return err
	})
	if err != nil {
		return err
	}
	if version > len(steps) {
		return ErrNewer // it was replaced since it was inspected
	}
	for ; version < len(steps); version++ {
		err := b.Update(func(tx *bbolt.Tx) error {
			if err := steps[version](tx); err != nil {
				return err
			}
			return tx.Bucket(bMeta).Put(keySchema, binary.BigEndian.AppendUint32(nil, uint32(version+1)))
		})
		if err != nil {
			return fmt.Errorf("to schema %d: %w", version+1, err)
		}
	}
	return nil
}
