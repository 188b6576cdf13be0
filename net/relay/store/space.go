package store

import "errors"

// Quota bounds what files may take, in bytes; 0: as much as the disk has.
type Quota struct {
	Account int64 // those of one account, unless it has a bound of its own
	Total   int64 // all
}

// OverQuota is a file that does not fit.
type OverQuota struct {
	Account           bool // it is the account's bound, not that of all
	Used, Limit, Size int64
}

func (e *OverQuota) Error() string { return "store: the file does not fit into the quota" }

// spaceOfFiles is what writes that change the space wait in a row for.
const spaceOfFiles = "space of files"

// takeSpace counts a file's bytes, or returns *OverQuota. The account's row is
// changed before that of all, here and in freeSpace: two never wait for each other.
func takeSpace(t *tx, account string, size int64, q Quota) error {
	limit := int64(-1)
	if err := t.get("SELECT quota FROM accounts WHERE id = ?", []any{account}, &limit); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if limit < 0 {
		limit = noneIsMost(q.Account)
	}
	for _, b := range []struct {
		owner string
		limit int64
	}{{account, limit}, {"", noneIsMost(q.Total)}} {
		if err := t.exec("INSERT INTO space (owner, bytes) VALUES (?, 0) ON CONFLICT DO NOTHING", b.owner); err != nil {
			return err
		}
		n, err := t.changed("UPDATE space SET bytes = bytes + ? WHERE owner = ? AND bytes <= ?", size, b.owner, b.limit-size)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		over := &OverQuota{Account: b.owner != "", Limit: b.limit, Size: size}
		if err := t.get("SELECT bytes FROM space WHERE owner = ?", []any{b.owner}, &over.Used); err != nil {
			return err
		}
		return over
	}
	return nil
}

// noneIsMost is a bound that can be compared with.
func noneIsMost(bytes int64) int64 {
	if bytes <= 0 {
		return 1 << 62
	}
	return bytes
}

func freeSpace(t *tx, account string, size int64) error {
	for _, owner := range []string{account, ""} {
		if err := t.exec("UPDATE space SET bytes = bytes - ? WHERE owner = ?", size, owner); err != nil {
			return err
		}
	}
	return nil
}

// Space returns the bytes that the files of an account take, or those of all
// for "".
func (s *Store) Space(account string) (bytes int64, err error) {
	err = found(s.read.QueryRow("SELECT bytes FROM space WHERE owner = ?", account).Scan(&bytes))
	if errors.Is(err, ErrNotFound) {
		err = nil
	}
	return bytes, err
}

// Fits tells whether a file would fit now; *OverQuota when it would not.
func (s *Store) Fits(account string, size int64, q Quota) error {
	own := int64(-1)
	err := found(s.read.QueryRow("SELECT quota FROM accounts WHERE id = ?", account).Scan(&own))
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	if own < 0 {
		own = noneIsMost(q.Account)
	}
	for _, b := range []OverQuota{{Account: true, Limit: own, Size: size}, {Limit: noneIsMost(q.Total), Size: size}} {
		owner := ""
		if b.Account {
			owner = account
		}
		if b.Used, err = s.Space(owner); err != nil {
			return err
		}
		if b.Used > b.Limit-size {
			return &b
		}
	}
	return nil
}

// SetQuota gives an account a bound of its own, in bytes; -1: that of everybody.
func (s *Store) SetQuota(account string, bytes int64) error {
	return s.do(func(t *tx) error {
		n, err := t.changed("UPDATE accounts SET quota = ? WHERE id = ?", bytes, account)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	})
}
