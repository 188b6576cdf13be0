package store

import "errors"

// barredValue changes whenever the operator shut somebody out, or let a device
// in again, so that relays look.
const barredValue = "barred"

// Barred returns a word that is another one whenever somebody was shut out or
// let in again.
func (s *Store) Barred() (string, error) { return s.Value(barredValue) }

func noteBarred(t *tx) error {
	return t.exec(`INSERT INTO meta (key, value) VALUES (?, '1')
		ON CONFLICT (key) DO UPDATE SET value = CAST(CAST(meta.value AS INTEGER) + 1 AS TEXT)`, barredValue)
}

// one finds what an operator means: by its whole id, or by the beginning of
// it. ErrNotFound: none begins so. ErrConflict: several do.
func one(t *tx, table, id string) (whole string, err error) {
	var n int
	if err := t.get("SELECT COUNT(*), COALESCE(MIN(id), '') FROM "+table+" WHERE SUBSTR(id, 1, ?) = ?", []any{len(id), id}, &n, &whole); err != nil {
		return "", err
	}
	switch n {
	case 0:
		return "", ErrNotFound
	case 1:
		return whole, nil
	}
	return "", ErrConflict
}

// AccountNamed returns the id of the account with a name, or else with an id
// that begins so. ErrNotFound and ErrConflict are as for RevokeInvite.
func (s *Store) AccountNamed(nameOrID string) (id string, err error) {
	err = found(s.read.QueryRow("SELECT id FROM accounts WHERE folded = ?", Fold(nameOrID)).Scan(&id))
	if !errors.Is(err, ErrNotFound) {
		return id, err
	}
	err = s.do(func(t *tx) error {
		id, err = one(t, "accounts", nameOrID)
		return err
	})
	return id, err
}

// RemoveAccount shuts an account out for good, with all of its devices, and
// makes its name free. What it said and sent stays.
func (s *Store) RemoveAccount(id string) error {
	return s.do(func(t *tx) error {
		at := now()
		n, err := t.changed("UPDATE accounts SET removed = ?, folded = ? WHERE id = ? AND removed = 0", at, " "+id, id)
		if err != nil {
			return err
		}
		if n == 0 {
			if known, err := t.has("SELECT 1 FROM accounts WHERE id = ?", id); err != nil || known {
				return err
			}
			return ErrNotFound
		}
		if err := t.exec("UPDATE devices SET blocked = ? WHERE account = ? AND blocked = 0", at, id); err != nil {
			return err
		}
		return noteBarred(t)
	})
}

// BlockDevice shuts a device out, or lets it in again, by the beginning of its
// id, and returns the whole id. ErrNotFound and ErrConflict are as for
// RevokeInvite; ErrBarred: its account was removed, and stays so.
func (s *Store) BlockDevice(id string, block bool) (whole string, err error) {
	err = s.do(func(t *tx) error {
		if whole, err = one(t, "devices", id); err != nil {
			return err
		}
		if gone, err := t.has("SELECT 1 FROM devices d JOIN accounts a ON a.id = d.account WHERE d.id = ? AND a.removed > 0", whole); err != nil {
			return err
		} else if gone {
			return ErrBarred
		}
		at := int64(0)
		if block {
			at = now()
		}
		if err := t.exec("UPDATE devices SET blocked = ? WHERE id = ?", at, whole); err != nil {
			return err
		}
		return noteBarred(t)
	})
	return whole, err
}
