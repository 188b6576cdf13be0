package session

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// ExportRecovery makes a file that, with its passphrase, brings the account back
// when all devices are lost: a device of its own, which stands in the list and
// can be removed like any other. It takes about a second, by intent.
func (s *Session) ExportRecovery(ctx context.Context, passphrase string) ([]byte, error) {
	if utf8.RuneCountInString(passphrase) < seal.MinPassphrase {
		return nil, refusal("The passphrase needs %d characters or more. There is no file yet.", seal.MinPassphrase)
	}
	device := seal.NewDevice(seal.Recovery)
	label := "Recovery file of " + time.Now().Format(time.DateOnly)
	err := s.appendOwn(ctx, func(by seal.Author, keys seal.AccountKeys) ([]byte, seal.Boxes, error) {
		return by.Account.AddDevice(by.Device, keys, device.Public(), device.Proof(by.Account.Root()), label, time.Now())
	})
	if err != nil {
		return nil, recoverySentence(err)
	}
	by, keys, err := s.author()
	if err != nil {
		return nil, err
	}
	kit := &seal.RecoveryKit{Device: device, Generation: by.Account.Generation(), Secret: keys[by.Account.Generation()]}
	err = s.db.View(func(tx *storage.Tx) error {
		for _, statement := range tx.AccountChain(by.Account.ID())[:by.Account.Head().Seq] {
			kit.Statements = append(kit.Statements, slices.Clone(statement))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	sealed, err := seal.ExportRecovery(kit, passphrase, cmp.Or(s.opts.RecoveryWork, seal.RecoveryWork))
	if err != nil {
		return nil, recoverySentence(err)
	}
	s.mu.Lock()
	note := wire.RecoveryNote{URL: s.relay.RelayURL, Key: s.relay.RelayKey, Account: string(by.Account.ID()), Name: s.who.Account.Name}
	s.mu.Unlock()
	return append([]byte(note.String()+"\n"), sealed...), nil
}

// ImportRecovery makes this profile, which belongs to nobody yet, a device of
// the account that the file is of: it connects as the recovery file, adds this
// device, and the history comes from the relay. label is what this device is
// called in the list of devices.
func (s *Session) ImportRecovery(ctx context.Context, file []byte, passphrase, label string) error {
	note, sealed, err := wire.ParseRecovery(file)
	if err != nil {
		return err
	}
	if label, err = cleanLabel(label); err != nil {
		return err
	}
	if who := s.Profile(); who.Joined {
		return refusal("This profile is %s at %s already. Use another profile for the recovery file.", who.Account.Name, who.RelayName)
	}
	kit, was, keys, err := seal.ImportRecovery(sealed, passphrase)
	if err != nil {
		return recoverySentence(err)
	}
	id := was.ID()
	if note.Account != string(id) {
		return recoverySentence(seal.ErrIdentity)
	}
	device, relay := seal.NewDevice(seal.Computer), storage.Profile{RelayURL: note.URL, RelayKey: note.Key}
	var a *seal.Account
	err = s.visit(ctx, relay, kit.Device, id, func(ctx context.Context, l *link.Link, w *wire.Welcome) (err error) {
		relay.Account.Name, relay.RelayName, relay.MaxFile, relay.EditWindow = w.Account.Name, w.Name, w.MaxFile, w.EditWindow
		a, keys, err = addDevice(ctx, l, kit, was, keys, device, label)
		return err
	})
	if err != nil {
		return recoverySentence(err)
	}
	return s.adopt(ctx, relay, device, a, keys)
}

// addDevice adds a device as the recovery file, and returns the account's chain
// with it, and its keys.
func addDevice(ctx context.Context, l *link.Link, kit *seal.RecoveryKit, was *seal.Account, keys seal.AccountKeys, device *seal.Device, label string) (*seal.Account, seal.AccountKeys, error) {
	for range proposals {
		a, err := fetchAccount(ctx, l, was.ID())
		if err == nil {
			err = a.Check(was.Head())
		}
		if err != nil {
			return nil, nil, err
		}
		if keys[a.Generation()] == (seal.Secret{}) {
			if keys, err = fetchAccountKeys(ctx, l, a, kit.Device); err != nil {
				return nil, nil, err
			}
		}
		statement, boxes, err := a.AddDevice(kit.Device, keys, device.Public(), device.Proof(a.Root()), label, time.Now())
		if err != nil {
			return nil, nil, err
		}
		_, err = l.Call(ctx, &wire.AppendChain{Statement: statement, Boxes: boxes})
		switch {
		case err == nil:
			return a, keys, a.Append(statement)
		case !isConflict(err):
			return nil, nil, err
		}
	}
	return nil, nil, Refusal("Other devices of yours change the account at the same time. Nothing was lost; try again.")
}

// NewPassphrase makes a passphrase of 120 bits: six groups of four characters.
func NewPassphrase() string { return seal.NewPassphrase() }

// RecoveryOf tells whose recovery file this is, before it is opened.
func RecoveryOf(file []byte) (chat.Account, error) {
	note, _, err := wire.ParseRecovery(file)
	return chat.Account{ID: chat.AccountID(note.Account), Name: note.Name}, err
}

// recoverySentence is an error of a recovery file for a person.
func recoverySentence(err error) error {
	var said *wire.Error
	var sentence string
	switch {
	case errors.Is(err, seal.ErrPassphrase):
		sentence = "The passphrase does not open this file. Nothing was changed; look at upper and lower case and the dashes, and try again."
	case errors.Is(err, seal.ErrEncoding), errors.Is(err, seal.ErrSealed), errors.Is(err, seal.ErrIdentity):
		sentence = "This recovery file is damaged, or was changed since it was made. Try another copy of it."
	case errors.Is(err, seal.ErrLimit):
		sentence = "This account has as many devices as it can have. Remove one, and try again."
	case errors.Is(err, seal.ErrFork), errors.Is(err, seal.ErrRollback):
		sentence = "The relay gave another history of this account than the one in the file. Nothing was changed; don't go on with this relay before you know why."
	case errors.As(err, &said) && (said.Code == wire.CodeDeviceRemoved || said.Code == wire.CodeUnknownDevice):
		sentence = "This recovery file was removed from the account's devices, or the relay does not know the account. A newer recovery file may work."
	default:
		return err
	}
	return storedBadly{sentence, err}
}
