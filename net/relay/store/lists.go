package store

// What an operator sees. Times are Unix milliseconds, sizes bytes.

// UserRow is an account as the list of users shows it.
type UserRow struct {
	ID            string `json:"id"`
	Name          string `json:"name"`
	Created       int64  `json:"created"`
	LastSeen      int64  `json:"last_seen,omitempty"`
	Chain         uint64 `json:"chain"` // 0: from before chains, and shut out
	Devices       int    `json:"devices"`
	Conversations int    `json:"conversations"`
	Bytes         int64  `json:"bytes"`             // that its files take, those that are arriving with all of theirs
	Quota         int64  `json:"quota"`             // bytes; -1: as everybody
	Removed       int64  `json:"removed,omitempty"` // when the operator removed it
}

// DeviceRow is a device as the list of devices shows it.
type DeviceRow struct {
	ID      string `json:"id"`
	Account string `json:"account"`
	Name    string `json:"name"` // the account's
	Kind    string `json:"kind"` // computer, recovery
	Created int64  `json:"created"`
	Removed bool   `json:"removed,omitempty"` // by another device of the account
	Blocked int64  `json:"blocked,omitempty"` // when the operator blocked it
}

// InviteRow is an invitation as the list of invitations shows it. Its code is
// known to nobody here.
type InviteRow struct {
	ID      string `json:"id"` // SHA-256 of the code
	Uses    int    `json:"uses"`
	Used    int    `json:"used"`
	Created int64  `json:"created"`
	Expires int64  `json:"expires,omitempty"` // 0: never
	By      string `json:"by,omitempty"`      // who made it, by name; "": the operator
	Group   string `json:"group,omitempty"`   // the group that it leads to
}

// ConversationRow is a conversation as the list of conversations shows it.
type ConversationRow struct {
	ID      string `json:"id"`
	Kind    string `json:"kind"`
	Members int    `json:"members"`
	Entries uint64 `json:"entries"`
	Chain   uint64 `json:"chain"` // 0: from before chains
	Created int64  `json:"created"`
	Updated int64  `json:"updated"`
}

// FileRow is a file as the list of files shows it.
type FileRow struct {
	ID            string `json:"id"`
	Uploader      string `json:"uploader"`
	Name          string `json:"name"` // the uploader's
	Size          int64  `json:"size"`
	Created       int64  `json:"created"`
	Finished      int64  `json:"finished,omitempty"`
	Gone          int64  `json:"gone,omitempty"` // when its bytes were taken away
	Conversations int    `json:"conversations"`  // that it was sent to
}

// Users lists all accounts by name.
func (s *Store) Users() ([]UserRow, error) {
	return list(s, func(scan func(...any) error) (u UserRow, err error) {
		err = scan(&u.ID, &u.Name, &u.Created, &u.LastSeen, &u.Chain, &u.Devices, &u.Conversations, &u.Bytes, &u.Quota, &u.Removed)
		return u, err
	}, `SELECT a.id, a.name, a.created, a.last_seen, a.chain,
		(SELECT COUNT(*) FROM devices d WHERE d.account = a.id AND d.removed = 0),
		(SELECT COUNT(*) FROM members m WHERE m.account = a.id),
		COALESCE((SELECT s.bytes FROM space s WHERE s.owner = a.id), 0), a.quota, a.removed
		FROM accounts a ORDER BY a.folded`)
}

// Devices lists all devices by account and age.
func (s *Store) Devices() ([]DeviceRow, error) {
	return list(s, func(scan func(...any) error) (d DeviceRow, err error) {
		var kind int
		var removed uint64
		err = scan(&d.ID, &d.Account, &d.Name, &kind, &d.Created, &removed, &d.Blocked)
		if d.Kind, d.Removed = "computer", removed > 0; kind == 2 {
			d.Kind = "recovery"
		}
		return d, err
	}, "SELECT d.id, d.account, a.name, d.kind, d.created, d.removed, d.blocked FROM devices d JOIN accounts a ON a.id = d.account ORDER BY a.folded, d.created, d.id")
}

// Invites lists all invitations, the newest first.
func (s *Store) Invites() ([]InviteRow, error) {
	return list(s, func(scan func(...any) error) (i InviteRow, err error) {
		err = scan(&i.ID, &i.Uses, &i.Used, &i.Created, &i.Expires, &i.By, &i.Group)
		if i.Expires == never {
			i.Expires = 0
		}
		return i, err
	}, `SELECT i.hash, i.uses, i.used, i.created, i.expires, COALESCE(a.name, ''), i.conversation
		FROM invites i LEFT JOIN accounts a ON a.id = i.account ORDER BY i.created DESC, i.hash`)
}

// Conversations lists all conversations, the last active first.
func (s *Store) Conversations() ([]ConversationRow, error) {
	return list(s, func(scan func(...any) error) (c ConversationRow, err error) {
		err = scan(&c.ID, &c.Kind, &c.Members, &c.Entries, &c.Chain, &c.Created, &c.Updated)
		return c, err
	}, `SELECT c.id, c.kind, (SELECT COUNT(*) FROM members m WHERE m.conversation = c.id),
		(SELECT COUNT(*) FROM entries e WHERE e.conversation = c.id), c.chain, c.created, c.updated
		FROM conversations c ORDER BY c.updated DESC, c.id`)
}

// Files lists all files, the newest first.
func (s *Store) Files() ([]FileRow, error) {
	return list(s, func(scan func(...any) error) (f FileRow, err error) {
		err = scan(&f.ID, &f.Uploader, &f.Name, &f.Size, &f.Created, &f.Finished, &f.Gone, &f.Conversations)
		return f, err
	}, `SELECT f.id, f.uploader, a.name, f.size, f.created, f.finished, f.gone, (SELECT COUNT(*) FROM grants g WHERE g.file = f.id)
		FROM files f JOIN accounts a ON a.id = f.uploader ORDER BY f.created DESC, f.id`)
}

func list[T any](s *Store, read func(scan func(...any) error) (T, error), query string) ([]T, error) {
	rows, err := s.read.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := read(rows.Scan)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// RevokeInvite takes an invitation back, by the beginning of its id, and
// returns the whole id. ErrNotFound: none begins so. ErrConflict: several do.
func (s *Store) RevokeInvite(id string) (whole string, err error) {
	err = s.do(func(t *tx) error {
		whole = ""
		var n int
		if err := t.get("SELECT COUNT(*), COALESCE(MIN(hash), '') FROM invites WHERE SUBSTR(hash, 1, ?) = ?", []any{len(id), id}, &n, &whole); err != nil {
			return err
		}
		switch n {
		case 0:
			return ErrNotFound
		case 1:
			return t.exec("DELETE FROM invites WHERE hash = ?", whole)
		}
		return ErrConflict
	})
	return whole, err
}
