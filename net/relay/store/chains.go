package store

import (
	"database/sql"
	"errors"

	"satchel/net/wire"
)

// Chain names the chain of an account or of a conversation.
type Chain struct {
	Kind string // AccountChain or ConversationChain
	ID   string
}

// Kinds of chains.
const (
	AccountChain      = "account"
	ConversationChain = "conversation"
)

// Newest is above every number of a statement.
const Newest = 1 << 62

// Roles of members, as net/seal has them.
const roleRemoved = 0

// Device is one that an account's chain speaks of.
type Device struct {
	ID, Account, Key string
	Kind             int  // as net/seal has it
	Removed          bool // by the chain
	Blocked          bool // by the operator
	Barred           bool // with its whole account, by the operator
}

// DeviceBox is an account's key for one of its devices.
type DeviceBox struct {
	Device string
	Box    []byte
}

// AccountStatement is a checked statement of an account's chain, and what it changes.
type AccountStatement struct {
	Account    string
	Seq        uint64
	Statement  []byte
	By         string  // the device that asks; it must be active
	Added      *Device // or nil
	Removed    string  // a device, or empty
	Generation uint64  // of the account's key, after the statement
	Boxes      []DeviceBox
}

// MemberBox is a conversation's key for one of its members.
type MemberBox struct {
	Member     string
	Generation uint64
	Box        []byte
}

// Role is what a member may do after a statement; 0: no member.
type Role struct {
	Account string
	Role    int
}

// ConversationStatement is a checked statement of a conversation's chain, and what it changes.
type ConversationStatement struct {
	Conversation string
	Kind         string // self, direct, group
	Seq          uint64
	Statement    []byte
	From, By     string // account and device that ask; the device must be active
	Roles        []Role // of those whose role is another one now
	Writers      int    // the least role that may write from now on
	Boxes        []MemberBox
}

// place tells whether a statement comes next in a chain that has head
// statements. repeated: it stands there already. ErrConflict: another one does.
func place(t *tx, c Chain, head, seq uint64, statement []byte) (repeated bool, err error) {
	if seq == head+1 {
		return false, nil
	}
	same, err := t.has("SELECT 1 FROM statements WHERE kind = ? AND chain = ? AND seq = ? AND statement = ?", c.Kind, c.ID, seq, statement)
	if err == nil && !same {
		err = ErrConflict
	}
	return same, err
}

func isActive(t *tx, account, device string) error {
	var removed, blocked int64
	err := t.get("SELECT removed, blocked FROM devices WHERE id = ? AND account = ?", []any{device, account}, &removed, &blocked)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && removed > 0:
		return ErrRemoved
	case err == nil && blocked > 0:
		return ErrBarred
	}
	return err
}

// AppendAccount stores the next statement of an account's chain with all that
// it changes, and calls after when it is on the disk, under the rules of
// Append. The same statement again is no error and changes nothing; repeated
// tells of it. ErrConflict: another statement came first. ErrRemoved: the
// device that asks is none of the account's any more. ErrBarred: the operator
// shut it out. ErrDevice: the device
// that is added is another account's.
func (s *Store) AppendAccount(a AccountStatement, after func(repeated bool, err error)) {
	repeated := false
	s.submit(a.Account, func(t *tx) error {
		var head uint64
		err := t.get("SELECT chain FROM accounts WHERE id = ? FOR NO KEY UPDATE", []any{a.Account}, &head)
		if err != nil {
			return err
		}
		if err := isActive(t, a.Account, a.By); err != nil {
			return err
		}
		if repeated, err = place(t, Chain{AccountChain, a.Account}, head, a.Seq, a.Statement); repeated || err != nil {
			return err
		}
		return appendAccount(t, a, now())
	}, func(err error) { after(repeated, err) })
}

// appendAccount is the part that registering has too.
func appendAccount(t *tx, a AccountStatement, at int64) error {
	if err := t.exec("UPDATE accounts SET chain = ? WHERE id = ?", a.Seq, a.Account); err != nil {
		return err
	}
	if err := t.exec("INSERT INTO statements (kind, chain, seq, statement) VALUES (?, ?, ?, ?)", AccountChain, a.Account, a.Seq, a.Statement); err != nil {
		return err
	}
	if d := a.Added; d != nil {
		if known, err := t.has("SELECT 1 FROM devices WHERE id = ?", d.ID); err != nil {
			return err
		} else if known {
			return ErrDevice
		}
		if err := t.exec("INSERT INTO devices (id, account, key, kind, created) VALUES (?, ?, ?, ?, ?)", d.ID, a.Account, d.Key, d.Kind, at); err != nil {
			return err
		}
	}
	if a.Removed != "" {
		if err := t.exec("UPDATE devices SET removed = ? WHERE id = ? AND account = ?", a.Seq, a.Removed, a.Account); err != nil {
			return err
		}
	}
	// The newest key leads to all older ones.
	if err := t.exec("DELETE FROM device_boxes WHERE account = ? AND generation < ?", a.Account, a.Generation); err != nil {
		return err
	}
	return putDeviceBoxes(t, a.Account, a.Generation, a.Boxes)
}

func putDeviceBoxes(t *tx, account string, generation uint64, boxes []DeviceBox) error {
	for _, b := range boxes {
		if err := t.exec("INSERT INTO device_boxes (account, generation, device, box) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
			account, generation, b.Device, b.Box); err != nil {
			return err
		}
	}
	return nil
}

// PutDeviceBoxes keeps boxes of an account's newest key where there are none
// yet. ErrConflict: statement seq is not the newest any more.
func (s *Store) PutDeviceBoxes(account string, seq, generation uint64, boxes []DeviceBox) error {
	return s.do(func(t *tx) error {
		if ok, err := t.has("SELECT 1 FROM accounts WHERE id = ? AND chain = ?", account, seq); err != nil {
			return err
		} else if !ok {
			return ErrConflict
		}
		return putDeviceBoxes(t, account, generation, boxes)
	})
}

// AppendConversation is as AppendAccount, for a conversation's chain. Its
// first statement makes the conversation.
func (s *Store) AppendConversation(c ConversationStatement, after func(repeated bool, err error)) {
	repeated := false
	s.submit(c.Conversation, func(t *tx) error {
		if err := isActive(t, c.From, c.By); err != nil {
			return err
		}
		var head uint64
		err := t.get("SELECT chain FROM conversations WHERE id = ? FOR NO KEY UPDATE", []any{c.Conversation}, &head)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		isNew := err != nil
		if repeated, err = place(t, Chain{ConversationChain, c.Conversation}, head, c.Seq, c.Statement); repeated || err != nil {
			return err
		}
		at := now()
		switch {
		case isNew:
			err = t.exec(insertConversation, c.Conversation, c.Kind, c.Seq, at, at)
		case head == 0:
			err = ErrConflict // of before chains, under an id that no chain can have
		default:
			err = t.exec("UPDATE conversations SET chain = ? WHERE id = ?", c.Seq, c.Conversation)
		}
		if err != nil {
			return err
		}
		if err := t.exec("UPDATE conversations SET writers = ? WHERE id = ? AND writers <> ?", c.Writers, c.Conversation, c.Writers); err != nil {
			return err
		}
		if err := t.exec("INSERT INTO statements (kind, chain, seq, statement) VALUES (?, ?, ?, ?)", ConversationChain, c.Conversation, c.Seq, c.Statement); err != nil {
			return err
		}
		for _, r := range c.Roles {
			if err := setRole(t, c.Conversation, c.Seq, r); err != nil {
				return err
			}
		}
		return putMemberBoxes(t, c.Conversation, c.From, c.Boxes)
	}, func(err error) { after(repeated, err) })
}

// insertConversation begins the log behind the numbers that may have been given
// out before the store was put back from a backup: see GoOn.
const insertConversation = `INSERT INTO conversations (id, kind, chain, created, updated, head, fetched)
	VALUES (?, ?, ?, ?, ?, COALESCE((SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'numbers'), 0),
		COALESCE((SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'numbers'), 0))`

// setRole makes somebody a member, one with another role, or one who was.
func setRole(t *tx, conversation string, seq uint64, r Role) error {
	if r.Role == roleRemoved {
		if err := t.exec("DELETE FROM members WHERE conversation = ? AND account = ?", conversation, r.Account); err != nil {
			return err
		}
		return t.exec(`INSERT INTO former (conversation, account, until) VALUES (?, ?, ?)
			ON CONFLICT (conversation, account) DO UPDATE SET until = excluded.until`, conversation, r.Account, seq)
	}
	if err := t.exec("DELETE FROM former WHERE conversation = ? AND account = ?", conversation, r.Account); err != nil {
		return err
	}
	return t.exec(`INSERT INTO members (conversation, account, role) VALUES (?, ?, ?)
		ON CONFLICT (conversation, account) DO UPDATE SET role = excluded.role`, conversation, r.Account, r.Role)
}

// putMemberBoxes keeps boxes beside those that others made for the same key,
// so that nobody can put one that does not open in the place of one that does.
func putMemberBoxes(t *tx, conversation, from string, boxes []MemberBox) error {
	at := now()
	for _, b := range boxes {
		if err := t.exec(`INSERT INTO member_boxes (conversation, member, generation, author, at, box) VALUES (?, ?, ?, ?, ?, ?)
			ON CONFLICT (conversation, member, generation, author) DO UPDATE SET at = excluded.at, box = excluded.box`,
			conversation, b.Member, b.Generation, from, at, b.Box); err != nil {
			return err
		}
	}
	return nil
}

// PutMemberBoxes keeps boxes of a conversation's newest key. ErrConflict:
// statement seq is not the newest any more. ErrRemoved as in AppendAccount.
func (s *Store) PutMemberBoxes(conversation string, seq uint64, from, by string, boxes []MemberBox) error {
	return s.do(func(t *tx) error {
		if err := isActive(t, from, by); err != nil {
			return err
		}
		if ok, err := t.has("SELECT 1 FROM conversations WHERE id = ? AND chain = ?", conversation, seq); err != nil {
			return err
		} else if !ok {
			return ErrConflict
		}
		return putMemberBoxes(t, conversation, from, boxes)
	})
}

// HasStatement tells whether exactly this statement stands in a chain.
func (s *Store) HasStatement(c Chain, seq uint64, statement []byte) (bool, error) {
	var one int
	err := found(s.read.QueryRow("SELECT 1 FROM statements WHERE kind = ? AND chain = ? AND seq = ? AND statement = ?", c.Kind, c.ID, seq, statement).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Statements returns those of a chain after one number and up to another,
// ascending: at most wire.MaxChainBytes, but one always. more: there are others.
func (s *Store) Statements(c Chain, after, until uint64) (all [][]byte, more bool, err error) {
	rows, err := s.read.Query("SELECT statement FROM statements WHERE kind = ? AND chain = ? AND seq > ? AND seq <= ? ORDER BY seq", c.Kind, c.ID, after, until)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	all = [][]byte{}
	for size := 0; rows.Next(); {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, false, err
		}
		if size += len(b); size > wire.MaxChainBytes && len(all) > 0 {
			return all, true, nil
		}
		all = append(all, b)
	}
	return all, false, rows.Err()
}

// HasAccount tells whether there is an account with a chain.
func (s *Store) HasAccount(id string) (bool, error) {
	var one int
	err := found(s.read.QueryRow("SELECT 1 FROM accounts WHERE id = ? AND chain > 0", id).Scan(&one))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// MayReadChain returns up to which statement an account may read a
// conversation's chain; ErrNotFound when it never was a member.
func (s *Store) MayReadChain(conversation, account string) (until uint64, err error) {
	var one int
	err = found(s.read.QueryRow("SELECT 1 FROM members WHERE conversation = ? AND account = ?", conversation, account).Scan(&one))
	if !errors.Is(err, ErrNotFound) {
		return Newest, err
	}
	err = s.read.QueryRow("SELECT until FROM former WHERE conversation = ? AND account = ?", conversation, account).Scan(&until)
	return until, found(err)
}

// DeviceBoxes returns the boxes that a device has of its account's key, of
// generations above one.
func (s *Store) DeviceBoxes(account, device string, after uint64) ([][]byte, error) {
	rows, err := s.read.Query("SELECT box FROM device_boxes WHERE account = ? AND device = ? AND generation > ? ORDER BY generation", account, device, after)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := [][]byte{}
	for rows.Next() {
		var b []byte
		if err := rows.Scan(&b); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, rows.Err()
}

// MemberBoxes returns a member's boxes of generations above one, ascending:
// whole generations, about wire.MaxChainBytes at most, but one always. more:
// there are others.
func (s *Store) MemberBoxes(conversation, member string, after uint64) (all [][]byte, more bool, err error) {
	rows, err := s.read.Query("SELECT generation, box FROM member_boxes WHERE conversation = ? AND member = ? AND generation > ? ORDER BY generation, at",
		conversation, member, after)
	if err != nil {
		return nil, false, err
	}
	defer rows.Close()
	all = [][]byte{}
	var last uint64
	for size := 0; rows.Next(); {
		var generation uint64
		var b sql.RawBytes
		if err := rows.Scan(&generation, &b); err != nil {
			return nil, false, err
		}
		// A member has wire.MaxMembers boxes of one generation at most: half
		// and those are below a frame's size.
		if size += len(b); size > wire.MaxChainBytes/2 && generation != last && len(all) > 0 {
			return all, true, nil
		}
		all, last = append(all, append([]byte(nil), b...)), generation
	}
	return all, false, rows.Err()
}
