package storage

import (
	"cmp"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"satchel/chat"
	"satchel/storage/index"
)

// PutAccount keeps somebody's name.
func (tx *Tx) PutAccount(a chat.Account) error {
	k, err := idKey(a.ID)
	if err != nil {
		return err
	}
	return putJSON(tx.bolt.Bucket(bAccounts), k, a)
}

// Account returns somebody; false when they were never put.
func (tx *Tx) Account(id chat.AccountID) (a chat.Account, ok bool, err error) {
	ok, err = getJSON(tx.bolt.Bucket(bAccounts), []byte(id), &a)
	return a, ok, err
}

// Accounts returns everybody, in order of their ids.
func (tx *Tx) Accounts() (all []chat.Account, err error) {
	err = tx.bolt.Bucket(bAccounts).ForEach(func(_, v []byte) error {
		var a chat.Account
		err := json.Unmarshal(v, &a)
		all = append(all, a)
		return err
	})
	return all, err
}

// info is what chain and relay say of a conversation.
type info struct {
	Kind    chat.ConversationKind `json:"kind"`
	Title   string                `json:"title,omitempty"`
	Members []chat.Account        `json:"members,omitempty"`
	Created int64                 `json:"created,omitempty"` // Unix milliseconds; 0: not known

	Roles map[chat.AccountID]chat.Role `json:"roles,omitempty"`
	Gone  chat.Gone                    `json:"gone,omitempty"`

	OnlyAdmins bool `json:"only_admins,omitempty"`
}

// state is what follows from the messages that are here, and the draft. It is
// kept apart from info and marks: those of a group of a thousand need not be
// written again with every message.
type state struct {
	Head   uint64      `json:"head,omitempty"`
	Held   chat.Ranges `json:"held,omitempty"`
	Unread int         `json:"unread,omitempty"`
	Draft  string      `json:"draft,omitempty"`
	Last   *messageRow `json:"last,omitempty"`
	Shown  uint64      `json:"shown,omitempty"` // number of the newest stored message that is shown; 0: none, or not looked for yet

	Warning string `json:"warning,omitempty"`
	Stopped bool   `json:"stopped,omitempty"`
}

// conversation is one that is open in a transaction: its state, and its buckets.
type conversation struct {
	id                            chat.ConversationID
	state                         state
	states                        *bbolt.Bucket
	messages, pending, ids, marks *bbolt.Bucket
	changes                       *bbolt.Bucket
	index                         *index.Index
	tx                            *Tx
}

// open finds a conversation; ErrNotFound when it was never put.
func (tx *Tx) open(id chat.ConversationID) (*conversation, error) {
	c := &conversation{id: id, states: tx.bolt.Bucket(bStates)}
	ok, err := getJSON(c.states, []byte(id), &c.state)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, fmt.Errorf("storage: conversation %s: %w", id, ErrNotFound)
	}
	c.enter(tx)
	return c, nil
}

// enter finds the buckets of a conversation; nil ones when it was never put.
func (c *conversation) enter(tx *Tx) {
	k := []byte(c.id)
	c.messages = tx.bolt.Bucket(bMessages).Bucket(k)
	c.pending = tx.bolt.Bucket(bPending).Bucket(k)
	c.ids = tx.bolt.Bucket(bIDs).Bucket(k)
	c.marks = tx.bolt.Bucket(bMarks).Bucket(k)
	c.changes = tx.bolt.Bucket(bChanges).Bucket(k)
	c.index = index.In(tx.bolt)
	c.tx = tx
}

// save writes the state back.
func (c *conversation) save() error { return putJSON(c.states, []byte(c.id), c.state) }

// PutConversation keeps what chain and relay say of a conversation: kind, title,
// members, roles, time of creation, and the head, which never goes back. What is known
// here alone (Held, Marks, Last, Unread, Draft, Warning) is not taken from c. Every other
// act needs the conversation to be put before.
func (tx *Tx) PutConversation(c *chat.Conversation) error {
	k, err := idKey(c.ID)
	if err != nil {
		return err
	}
	row := info{Kind: c.Kind, Title: c.Title, Members: c.Members, Roles: c.Roles, Gone: c.Gone, OnlyAdmins: c.OnlyAdmins}
	if !c.Created.IsZero() {
		row.Created = c.Created.UnixMilli()
	}
	if err := putJSON(tx.bolt.Bucket(bConversations), k, row); err != nil {
		return err
	}
	for _, top := range [][]byte{bMessages, bPending, bIDs, bMarks, bChanges} {
		if _, err := tx.bolt.Bucket(top).CreateBucketIfNotExists(k); err != nil {
			return err
		}
	}
	var s state
	states := tx.bolt.Bucket(bStates)
	ok, err := getJSON(states, k, &s)
	if err != nil || ok && c.Head <= s.Head {
		return err
	}
	s.Head = c.Head
	return putJSON(states, k, s)
}

// Conversation returns one conversation; false when it was never put. Its Last
// comes without thumbnail and placeholder: see Conversations.
func (tx *Tx) Conversation(id chat.ConversationID) (chat.Conversation, bool, error) {
	v := tx.bolt.Bucket(bConversations).Get([]byte(id))
	if v == nil {
		return chat.Conversation{}, false, nil
	}
	c, err := tx.conversation(id, v)
	return c, err == nil, err
}

// conversation puts together what is known of a conversation from its row and the other buckets.
func (tx *Tx) conversation(id chat.ConversationID, v []byte) (chat.Conversation, error) {
	var row info
	if err := json.Unmarshal(v, &row); err != nil {
		return chat.Conversation{}, fmt.Errorf("storage: conversation %s: %w", id, err)
	}
	var s state
	if _, err := getJSON(tx.bolt.Bucket(bStates), []byte(id), &s); err != nil {
		return chat.Conversation{}, err
	}
	c := chat.Conversation{ID: id, Kind: row.Kind, Title: row.Title, Members: row.Members,
		Roles: row.Roles, Gone: row.Gone, OnlyAdmins: row.OnlyAdmins, Head: s.Head, Held: s.Held, Unread: s.Unread, Draft: s.Draft,
		Warning: s.Warning, Stopped: s.Stopped}
	if row.Created != 0 {
		c.Created = time.UnixMilli(row.Created)
	}
	if s.Last != nil {
		last := s.Last.message(id)
		c.Last = &last
	}
	if err := tx.setOn(&c); err != nil {
		return chat.Conversation{}, err
	}
	if t, ok, err := tx.timer(id); err != nil {
		return chat.Conversation{}, err
	} else if ok {
		c.Timer = t.Seconds
	}
	err := tx.bolt.Bucket(bMarks).Bucket([]byte(id)).ForEach(func(account, v []byte) error {
		m, err := decodeMark(v)
		if c.Marks == nil {
			c.Marks = map[chat.AccountID]chat.Mark{}
		}
		c.Marks[chat.AccountID(account)] = m
		return err
	})
	return c, err
}

// Conversations returns all of them, the one with the newest message first; one
// without messages stands where it was created. Last has everything of its
// message but File.Thumbnail and File.Placeholder, so that the list is quick to
// read however many pictures were sent last.
func (tx *Tx) Conversations() (all []chat.Conversation, err error) {
	err = tx.bolt.Bucket(bConversations).ForEach(func(id, v []byte) error {
		c, err := tx.conversation(chat.ConversationID(id), v)
		all = append(all, c)
		return err
	})
	activity := func(c *chat.Conversation) time.Time {
		if c.Last != nil {
			return c.Last.At
		}
		return c.Created
	}
	slices.SortFunc(all, func(a, b chat.Conversation) int {
		return cmp.Or(activity(&b).Compare(activity(&a)), cmp.Compare(a.ID, b.ID))
	})
	return all, err
}

// SetDraft keeps what was written but not sent; "" when there is nothing.
func (tx *Tx) SetDraft(id chat.ConversationID, text string) error {
	c, err := tx.open(id)
	if err != nil || c.state.Draft == text {
		return err
	}
	c.state.Draft = text
	return c.save()
}

func decodeMark(v []byte) (chat.Mark, error) {
	if len(v) != 16 {
		return chat.Mark{}, errRow
	}
	return chat.Mark{Received: binary.BigEndian.Uint64(v), Read: binary.BigEndian.Uint64(v[8:])}, nil
}

// mark is how far an account has come; zero when nothing is known.
func (c *conversation) mark(account chat.AccountID) (chat.Mark, error) {
	v := c.marks.Get([]byte(account))
	if v == nil {
		return chat.Mark{}, nil
	}
	return decodeMark(v)
}

// SetMark moves account's mark forward to m, and tells whether that changed
// anything. When account is me, Unread follows.
func (tx *Tx) SetMark(id chat.ConversationID, account chat.AccountID, m chat.Mark, me chat.AccountID) (changed bool, err error) {
	c, err := tx.open(id)
	if err != nil {
		return false, err
	}
	k, err := idKey(account)
	if err != nil {
		return false, err
	}
	old, err := c.mark(account)
	if err != nil {
		return false, err
	}
	m = old.Join(m)
	if m == old {
		return false, nil
	}
	v := binary.BigEndian.AppendUint64(nil, m.Received)
	if err := c.marks.Put(k, binary.BigEndian.AppendUint64(v, m.Read)); err != nil {
		return false, err
	}
	if account != me || m.Read == old.Read || c.state.Unread == 0 {
		return true, nil
	}
	if c.state.Unread, err = c.unreadAfter(old.Read, m.Read, me); err != nil {
		return false, err
	}
	return true, c.save()
}

// unreadAfter is the number of others' messages behind read, given that
// state.Unread is their number behind old. Those between the two are taken off, or
// those that stay are counted, whichever are fewer: both walks take turns until
// one of them is at its end.
func (c *conversation) unreadAfter(old, read uint64, me chat.AccountID) (int, error) {
	others := func(v []byte) (int, error) {
		from, shown, err := rowFrom(v)
		if err != nil || !shown || string(from) == string(me) {
			return 0, err
		}
		return 1, nil
	}
	passed, stays := c.messages.Cursor(), c.messages.Cursor()
	gone, left := 0, 0
	k, v := passed.Seek(numKey(old + 1))
	k2, v2 := stays.Seek(numKey(read + 1))
	for {
		if k == nil || keyNum(k) > read {
			return c.state.Unread - gone, nil
		}
		if k2 == nil {
			return left, nil
		}
		n, err := others(v)
		n2, err2 := others(v2)
		if err := cmp.Or(err, err2); err != nil {
			return 0, err
		}
		gone, left = gone+n, left+n2
		k, v = passed.Next()
		k2, v2 = stays.Next()
	}
}
