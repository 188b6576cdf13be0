package app

import (
	"slices"
	"time"

	"satchel/chat"
)

// model is what the shell knows, taken from the session: the screen's goroutine
// owns it.
type model struct {
	me            chat.Account
	conversations map[chat.ConversationID]chat.Conversation
	drafts        map[chat.ConversationID]string // newer than the conversations'
	transfers     map[chat.TransferID]chat.Transfer
	presence      map[chat.AccountID]chat.Presence
	verified      map[chat.AccountID]bool
	typing        map[chat.ConversationID]typist
	connection    chat.ConnectionChanged
	synced        bool
	batch         map[chat.TransferID]share      // of what moves since nothing last moved
	notified      map[chat.ConversationID]uint64 // newest message that the desktop was told of
}

// typist is who writes in a conversation; it is over at the time until.
type typist struct {
	account chat.AccountID
	until   time.Time
}

// share is one transfer's part of the foot's bar.
type share struct {
	size, offset int64
}

// typingLasts is how long somebody is said to write after they were seen writing.
const typingLasts = 5 * time.Second

func (m *model) init() {
	m.conversations = map[chat.ConversationID]chat.Conversation{}
	m.drafts = map[chat.ConversationID]string{}
	m.transfers = map[chat.TransferID]chat.Transfer{}
	m.presence = map[chat.AccountID]chat.Presence{}
	m.verified = map[chat.AccountID]bool{}
	m.typing = map[chat.ConversationID]typist{}
	m.batch = map[chat.TransferID]share{}
	m.notified = map[chat.ConversationID]uint64{}
}

// draft is what was written in a conversation and not sent.
func (m *model) draft(id chat.ConversationID) string {
	if text, ok := m.drafts[id]; ok {
		return text
	}
	return m.conversations[id].Draft
}

// sorted lists conversations by their newest activity; notes to self, while
// they are empty, stay at the end.
func (m *model) sorted() []chat.Conversation {
	all := make([]chat.Conversation, 0, len(m.conversations))
	for _, c := range m.conversations {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b chat.Conversation) int {
		if d := activity(&b).Compare(activity(&a)); d != 0 {
			return d
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return all
}

func activity(c *chat.Conversation) time.Time {
	if c.Last != nil {
		return c.Last.At
	}
	return c.Created
}

// other is the person that a direct conversation is with.
func (m *model) other(c *chat.Conversation) chat.AccountID {
	for _, who := range c.Members {
		if who.ID != m.me.ID {
			return who.ID
		}
	}
	return ""
}

// muted tells whether new messages of a conversation are not to disturb.
func (m *model) muted(c *chat.Conversation) bool {
	quiet, ok := any(c).(interface{ IsMuted(now time.Time) bool })
	return ok && quiet.IsMuted(time.Now())
}

// memberName is what somebody in a conversation is called.
func memberName(c *chat.Conversation, id chat.AccountID) string {
	for _, who := range c.Members {
		if who.ID == id {
			return who.Name
		}
	}
	return ""
}

// moves tells whether a transfer is one that the foot counts.
func moves(t *chat.Transfer) bool {
	return t.State == chat.TransferQueued || t.State == chat.TransferWaiting || t.State.Active()
}

// setTransfer takes in what is known of a transfer.
func (m *model) setTransfer(t chat.Transfer) {
	if t.State.Ended() {
		delete(m.transfers, t.ID)
	} else {
		m.transfers[t.ID] = t
	}
	_, counted := m.batch[t.ID]
	switch {
	case t.State == chat.TransferDone && counted:
		m.batch[t.ID] = share{t.File.Size, t.File.Size}
	case moves(&t):
		m.batch[t.ID] = share{t.File.Size, t.Offset}
	case t.State != chat.TransferDone:
		delete(m.batch, t.ID)
	}
	for _, t := range m.transfers {
		if moves(&t) {
			return
		}
	}
	clear(m.batch)
}
