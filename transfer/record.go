package transfer

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"satchel/chat"
	"satchel/net/seal"
)

// The record of an upload lies beside the parts, in a file with two slots that
// take turns: what a crash breaks is the newer one, never both. It is there
// from the first sealed window until the upload is done or cancelled.
//
//	slot = u32 length, [32] SHA-256 of the record, record, zeros up to recordSlot
const recordSlot = 32 << 10 // bytes; a record has 21 KiB at most

func (e *Engine) recordPath(id chat.TransferID) string {
	return filepath.Join(e.cfg.Folder, "parts", string(id)+".seal")
}

// saveRecord makes a record durable. It holds keys: nobody else may read it.
func saveRecord(path string, r seal.Record) error {
	file, err := openRecord(path)
	if err != nil {
		return err
	}
	record := r.Marshal()
	slot := make([]byte, 0, 4+sha256.Size+len(record))
	slot = binary.BigEndian.AppendUint32(slot, uint32(len(record)))
	sum := sha256.Sum256(record)
	slot = append(append(slot, sum[:]...), record...)
	if r.Windows == 1 { // of new keys: nothing of older ones stays
		if _, err = file.WriteAt(make([]byte, recordSlot), 0); err == nil {
			slot = append(slot, make([]byte, recordSlot-len(slot))...)
		}
	}
	if err == nil {
		_, err = file.WriteAt(slot, r.Windows%2*recordSlot)
	}
	if err == nil {
		err = syncData(file)
	}
	return errors.Join(err, file.Close())
}

func openRecord(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|noFollow, 0)
	if !errors.Is(err, fs.ErrNotExist) {
		return file, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	file, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// loadRecord returns the newest record that is whole, or nil: then the upload
// begins anew. That costs time, but no safety, and neither does an old one.
func loadRecord(path string) *seal.Record {
	all, err := os.ReadFile(path)
	if err != nil {
		return nil
	}
	var newest *seal.Record
	for len(all) > 4+sha256.Size {
		slot := all[:min(len(all), recordSlot)]
		all = all[len(slot):]
		n := int64(binary.BigEndian.Uint32(slot))
		sum, record := slot[4:4+sha256.Size], slot[4+sha256.Size:]
		if n > int64(len(record)) {
			continue
		}
		if is := sha256.Sum256(record[:n]); !bytes.Equal(is[:], sum) {
			continue
		}
		if r, err := seal.ParseRecord(record[:n]); err == nil && (newest == nil || r.Windows > newest.Windows) {
			newest = r
		}
	}
	return newest
}
