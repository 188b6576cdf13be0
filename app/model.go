package app

import (
	"image"
	"slices"
	"time"

	"satchel/chat"
	"satchel/widgets"
)

// model is what the shell knows, taken from the session: the screen's goroutine
// owns it.
type model struct {
	me            chat.Account
	conversations map[chat.ConversationID]chat.Conversation
	drafts        map[chat.ConversationID]string     // newer than the conversations'
	transfers     map[chat.TransferID]*chat.Transfer // a change is another one: none is changed
	presence      map[chat.AccountID]chat.Presence
	verified      map[chat.AccountID]bool
	typing        map[chat.ConversationID]typist
	connection    chat.ConnectionChanged
	synced        bool
	batch         map[chat.TransferID]share // of what moves since nothing last moved
	shares        share                     // their sum
	all           carried                   // what the foot counts
	carried       map[chat.ConversationID]carried
	ofMessage     map[messageKey]chat.TransferID // those of transfers
	done          []*chat.Transfer               // since the program began, the newest last: see recent
	notified      map[chat.ConversationID]uint64 // newest message that the desktop was told of
	directs       map[chat.AccountID]chat.ConversationID
	list          listing
	faces         map[chat.AccountID]image.Image // of those who have one
	groupFaces    map[chat.ConversationID]image.Image
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
	m.transfers = map[chat.TransferID]*chat.Transfer{}
	m.presence = map[chat.AccountID]chat.Presence{}
	m.verified = map[chat.AccountID]bool{}
	m.typing = map[chat.ConversationID]typist{}
	m.batch = map[chat.TransferID]share{}
	m.carried = map[chat.ConversationID]carried{}
	m.ofMessage = map[messageKey]chat.TransferID{}
	m.notified = map[chat.ConversationID]uint64{}
	m.faces = map[chat.AccountID]image.Image{}
	m.groupFaces = map[chat.ConversationID]image.Image{}
	m.directs = map[chat.AccountID]chat.ConversationID{}
	m.list.rows = map[chat.ConversationID]widgets.Row{}
}

// draft is what was written in a conversation and not sent.
func (m *model) draft(id chat.ConversationID) string {
	if text, ok := m.drafts[id]; ok {
		return text
	}
	return m.conversations[id].Draft
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

// carried sums transfers up, so that ten thousand need not be looked through for
// each that changes.
type carried struct {
	count   [2]int // by direction
	waiting int
	rate    float64
	share   share
}

func (c *carried) add(t *chat.Transfer, by int) {
	c.count[t.Direction] += by
	if t.State == chat.TransferWaiting {
		c.waiting += by
	}
	c.rate += float64(by) * t.Rate
	c.share.size += int64(by) * t.File.Size
	c.share.offset += int64(by) * t.Offset
	if c.count == [2]int{} {
		*c = carried{}
	}
}

// messageKey names a message.
type messageKey struct {
	conversation chat.ConversationID
	message      chat.MessageID
}

// mostDone is how many of those that are done are remembered.
const mostDone = 200

// setTransfer takes in what is known of a transfer.
func (m *model) setTransfer(t chat.Transfer) {
	key := messageKey{t.Conversation, t.Message}
	old, known := m.transfers[t.ID]
	if known {
		m.count(old, -1)
	}
	if t.State.Ended() {
		delete(m.transfers, t.ID)
		if m.ofMessage[key] == t.ID {
			delete(m.ofMessage, key)
		}
		if known && t.State == chat.TransferDone {
			if len(m.done) == 2*mostDone {
				m.done = append(m.done[:0], m.done[mostDone:]...)
			}
			m.done = append(m.done, &t)
		}
	} else {
		m.transfers[t.ID] = &t
		m.ofMessage[key] = t.ID
		m.count(&t, 1)
	}
	_, counted := m.batch[t.ID]
	switch {
	case t.State == chat.TransferDone && counted:
		m.setShare(t.ID, share{t.File.Size, t.File.Size})
	case moves(&t):
		m.setShare(t.ID, share{t.File.Size, t.Offset})
	case t.State != chat.TransferDone:
		m.setShare(t.ID, share{})
		delete(m.batch, t.ID)
	}
	if m.all.count == [2]int{} {
		clear(m.batch)
		m.shares = share{}
	}
}

// recent are those that are done since the program began, the newest first;
// mostDone at most.
func (m *model) recent() []*chat.Transfer {
	all := slices.Clone(m.done[max(0, len(m.done)-mostDone):])
	slices.Reverse(all)
	return all
}

// count takes a transfer into the sums, or out of them.
func (m *model) count(t *chat.Transfer, by int) {
	if moves(t) {
		m.all.add(t, by)
	}
	if t.State.Active() || t.State == chat.TransferQueued {
		c := m.carried[t.Conversation]
		c.add(t, by)
		m.carried[t.Conversation] = c
	}
}

func (m *model) setShare(id chat.TransferID, s share) {
	old := m.batch[id]
	m.shares.size += s.size - old.size
	m.shares.offset += s.offset - old.offset
	m.batch[id] = s
}
