package store

import (
	"errors"
	"time"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"satchel/net/wire"
)

// Fold gives a name the form in which names are compared: upper and lower
// case, and different encodings of one character, are alike.
func Fold(name string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(name)))
}

// Registration is an account that wants to come in.
type Registration struct {
	Name   string // as wire.CleanName gives it
	Invite string // the code
	First  AccountStatement
}

// Register makes an account with the first statement of its chain and counts
// the invitation. For a device that is registered already it changes nothing
// and is no error.
func (s *Store) Register(r Registration) error {
	return s.do(func(t *tx) error {
		if known, err := t.has("SELECT 1 FROM devices WHERE id = ?", r.First.Added.ID); known || err != nil {
			return err
		}
		at := now()
		if err := useInvite(t, r.Invite, at); err != nil {
			return err
		}
		folded := Fold(r.Name)
		if taken, err := t.has("SELECT 1 FROM accounts WHERE folded = ?", folded); err != nil {
			return err
		} else if taken {
			return ErrNameTaken
		}
		if err := t.exec("INSERT INTO accounts (id, name, folded, created) VALUES (?, ?, ?, ?)", r.First.Account, r.Name, folded, at); err != nil {
			return err
		}
		return appendAccount(t, r.First, at)
	})
}

func useInvite(t *tx, code string, at int64) error {
	var uses, used, expires int64
	err := t.get("SELECT uses, used, expires FROM invites WHERE hash = ?", []any{hashed(code)}, &uses, &used, &expires)
	switch {
	case errors.Is(err, ErrNotFound):
		return ErrInviteInvalid
	case err != nil:
		return err
	case at >= expires:
		return ErrInviteExpired
	case used >= uses:
		return ErrInviteUsed
	}
	return t.exec("UPDATE invites SET used = used + 1 WHERE hash = ?", hashed(code))
}

// hashed is how an invitation's code is kept: whoever reads the database learns none.
func hashed(code string) string { return wire.InviteID(code) }

// Invite is an invitation that is to be kept.
type Invite struct {
	Code         string
	Uses         int       // 0: it lets nobody in to the relay
	Expires      time.Time // zero: never
	Account      string    // who made it; "": the operator
	Conversation string    // the group that it leads to; "": none
}

// never is when an invitation expires that does not.
const never = 1<<53 - 1

// AddInvite keeps an invitation. ErrMayNot: its account is no admin of its group.
func (s *Store) AddInvite(i Invite) error {
	expires := int64(never)
	if !i.Expires.IsZero() {
		expires = i.Expires.UnixMilli()
	}
	return s.do(func(t *tx) error {
		if i.Conversation != "" {
			if ok, err := t.has(isAdmin, i.Conversation, i.Account); err != nil {
				return err
			} else if !ok {
				return ErrMayNot
			}
		}
		return t.exec("INSERT INTO invites (hash, uses, created, expires, account, conversation) VALUES (?, ?, ?, ?, ?, ?)",
			hashed(i.Code), i.Uses, now(), expires, i.Account, i.Conversation)
	})
}

// isAdmin finds an account that may add members to a group.
const isAdmin = `SELECT 1 FROM members m JOIN conversations c ON c.id = m.conversation
	WHERE m.conversation = ? AND m.account = ? AND m.role >= 2 AND c.kind = 'group'`

// Admins returns who may let people into the group that an invitation leads to, the
// owners first. ErrInviteInvalid and ErrInviteExpired as for somebody who comes in.
func (s *Store) Admins(code string) ([]wire.Account, error) {
	var expires int64
	var conversation string
	err := found(s.read.QueryRow("SELECT expires, conversation FROM invites WHERE hash = ?", hashed(code)).Scan(&expires, &conversation))
	switch {
	case errors.Is(err, ErrNotFound), err == nil && conversation == "":
		return nil, ErrInviteInvalid
	case err != nil:
		return nil, err
	case now() >= expires:
		return nil, ErrInviteExpired
	}
	return s.accounts(`SELECT a.id, a.name, a.last_seen, a.chain FROM members m JOIN accounts a ON a.id = m.account
		WHERE m.conversation = ? AND m.role >= 2 AND a.removed = 0 ORDER BY m.role DESC, a.folded LIMIT ?`, conversation, wire.MaxAccounts)
}

// TakeBack makes an invitation, named by its hash, good for nobody, for who made it
// or an admin of its group. ErrInviteInvalid: there is none of which this account
// may say so.
func (s *Store) TakeBack(hash, account string) error {
	return s.do(func(t *tx) error {
		n, err := t.changed(`DELETE FROM invites WHERE hash = ? AND (account = ? OR conversation <> '' AND
			EXISTS (SELECT 1 FROM members m WHERE m.conversation = invites.conversation AND m.account = ? AND m.role >= 2))`, hash, account, account)
		if err == nil && n == 0 {
			err = ErrInviteInvalid
		}
		return err
	})
}

// Device returns a device and its account; ErrNotFound for one that is not
// registered.
func (s *Store) Device(id string) (d Device, a wire.Account, err error) {
	var removed, blocked, barred int64
	err = s.read.QueryRow(`SELECT d.id, d.account, d.key, d.kind, d.removed, d.blocked, a.removed, a.id, a.name, a.last_seen, a.chain
		FROM devices d JOIN accounts a ON a.id = d.account WHERE d.id = ?`, id).
		Scan(&d.ID, &d.Account, &d.Key, &d.Kind, &removed, &blocked, &barred, &a.ID, &a.Name, &a.LastSeen, &a.Chain)
	d.Removed, d.Blocked, d.Barred = removed > 0, blocked > 0, barred > 0
	return d, a, found(err)
}

// Account returns an account; ErrNotFound when there is none.
func (s *Store) Account(id string) (wire.Account, error) {
	all, err := s.accounts("SELECT id, name, last_seen, chain FROM accounts WHERE id = ?", id)
	if err == nil && len(all) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return wire.Account{}, err
	}
	return all[0], nil
}

// Find returns the account with a name, or none.
func (s *Store) Find(name string) ([]wire.Account, error) {
	return s.accounts("SELECT id, name, last_seen, chain FROM accounts WHERE folded = ?", Fold(name))
}

// Directory returns the accounts whose names begin with a prefix, by name.
func (s *Store) Directory(prefix string) ([]wire.Account, error) {
	folded := Fold(prefix)
	return s.accounts("SELECT id, name, last_seen, chain FROM accounts WHERE folded >= ? AND folded < ? AND chain > 0 AND removed = 0 ORDER BY folded LIMIT ?",
		folded, folded+"\U0010FFFF", wire.MaxAccounts)
}

func (s *Store) accounts(query string, args ...any) ([]wire.Account, error) {
	rows, err := s.read.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := []wire.Account{}
	for rows.Next() {
		var a wire.Account
		if err := rows.Scan(&a.ID, &a.Name, &a.LastSeen, &a.Chain); err != nil {
			return nil, err
		}
		all = append(all, a)
	}
	return all, rows.Err()
}

// SetLastSeen notes when an account went offline, some time soon.
func (s *Store) SetLastSeen(account string, at int64) {
	s.submit(account, func(t *tx) error {
		return t.exec("UPDATE accounts SET last_seen = ? WHERE id = ? AND last_seen < ?", at, account, at)
	}, func(error) {})
}

// Peers returns all accounts, but this one, that share a conversation with it.
func (s *Store) Peers(account string) ([]string, error) {
	return s.strings(`SELECT DISTINCT o.account FROM members m JOIN members o ON o.conversation = m.conversation
		WHERE m.account = ? AND o.account <> ?`, account, account)
}

func (s *Store) strings(query string, args ...any) ([]string, error) {
	rows, err := s.read.Query(query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
