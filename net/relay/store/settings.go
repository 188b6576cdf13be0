package store

import (
	"errors"

	"satchel/net/wire"
)

// PutSetting keeps a setting of an account in the place of what is under its
// key, and gives it the next number. ErrTooMuch: the account keeps too much.
func (s *Store) PutSetting(account string, v wire.Setting) (number uint64, err error) {
	err = s.do(func(t *tx) error {
		number = 0
		// The row of the account is held, so that numbers are given one after the other.
		var id string
		if err := t.get("SELECT id FROM accounts WHERE id = ? FOR NO KEY UPDATE", []any{account}, &id); err != nil {
			return err
		}
		var old int
		err := t.get("SELECT LENGTH(body) FROM settings WHERE account = ? AND key = ?", []any{account, v.Key}, &old)
		isNew := errors.Is(err, ErrNotFound)
		if err != nil && !isNew {
			return err
		}
		if isNew || len(v.Body) > old {
			var count, bytes int
			if err := t.get("SELECT COUNT(*), COALESCE(CAST(SUM(LENGTH(body)) AS BIGINT), 0) FROM settings WHERE account = ?", []any{account}, &count, &bytes); err != nil {
				return err
			}
			if isNew && count >= wire.MaxSettings || bytes-old+len(v.Body) > wire.MaxSettingBytes {
				return ErrTooMuch
			}
		}
		if err := t.get("SELECT COALESCE(MAX(number), (SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'numbers'), 0) + 1 FROM settings WHERE account = ?", []any{account}, &number); err != nil {
			return err
		}
		return t.exec(`INSERT INTO settings (account, key, number, device, body) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (account, key) DO UPDATE SET number = excluded.number, device = excluded.device, body = excluded.body`,
			account, v.Key, number, v.Device, v.Body)
	})
	return number, err
}

// Settings calls yield with an account's settings above a number, ascending,
// until there is no other or yield returns false.
func (s *Store) Settings(account string, after uint64, yield func(wire.Setting) bool) error {
	rows, err := s.read.Query("SELECT key, number, device, body FROM settings WHERE account = ? AND number > ? ORDER BY number", account, after)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var v wire.Setting
		if err := rows.Scan(&v.Key, &v.Number, &v.Device, &v.Body); err != nil {
			return err
		}
		if !yield(v) {
			return nil
		}
	}
	return rows.Err()
}

// Rename gives an account another name, as wire.CleanName gives it. ErrNameTaken:
// it is somebody else's.
func (s *Store) Rename(account, name string) error {
	return s.do(func(t *tx) error {
		folded := Fold(name)
		if taken, err := t.has("SELECT 1 FROM accounts WHERE folded = ? AND id <> ?", folded, account); err != nil {
			return err
		} else if taken {
			return ErrNameTaken
		}
		return t.exec("UPDATE accounts SET name = ?, folded = ? WHERE id = ?", name, folded, account)
	})
}
