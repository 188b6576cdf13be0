package chat

import "time"

// ConversationKind says who takes part.
type ConversationKind string

const (
	Self   ConversationKind = "self"   // notes to self: one account
	Direct ConversationKind = "direct" // two accounts
	Group  ConversationKind = "group"  // any number
)

// Role is what a member of a group may do. In other conversations everybody is
// an owner.
type Role string

const (
	Member Role = "member" // writes
	Admin  Role = "admin"  // also adds and removes members, and names the group
	Owner  Role = "owner"  // may do all
)

// Gone is why an account takes part in a conversation no more.
type Gone string

const (
	Left    Gone = "left"    // it left
	Removed Gone = "removed" // somebody removed it
)

// Mark is how far one account has received and read a conversation: sequence
// numbers, both inclusive. Marks only move forward.
type Mark struct {
	Received uint64 `json:"received"`
	Read     uint64 `json:"read"`
}

// Join returns the further of both marks. To have read is to have received.
func (m Mark) Join(other Mark) Mark {
	read := max(m.Read, other.Read)
	return Mark{Received: max(m.Received, other.Received, read), Read: read}
}

// Conversation is what the cache knows of one conversation. It is the row of
// the conversation list: everything that the list draws is in it.
type Conversation struct {
	ID      ConversationID   `json:"id"`
	Kind    ConversationKind `json:"kind"`
	Title   string           `json:"title,omitempty"` // groups only; see Name
	Members []Account        `json:"members"`
	Created time.Time        `json:"created,omitzero"`

	Roles map[AccountID]Role `json:"roles,omitempty"` // of the members, as the conversation's chain says
	Gone  Gone               `json:"gone,omitempty"`  // why this account takes part no more

	OnlyAdmins bool `json:"only_admins,omitempty"` // admins and owners alone write, as the chain says

	// Timer is how many seconds a message that is written now is there for; 0: for
	// good. See KindTimer.
	Timer int64 `json:"timer,omitempty"`

	// Warning is one sentence that a person must know: somebody shows different
	// people different things, or something was withheld. When Stopped is true
	// nothing is sent here any more.
	Warning string `json:"warning,omitempty"`
	Stopped bool   `json:"stopped,omitempty"`

	Head  uint64             `json:"head"` // newest sequence number at the relay that we know of
	Held  Ranges             `json:"held"` // sequence numbers in the cache
	Marks map[AccountID]Mark `json:"marks,omitempty"`

	Last   *Message `json:"last,omitempty"`   // newest message in the cache, pending ones included
	Unread int      `json:"unread,omitempty"` // messages of others behind our read mark
	Draft  string   `json:"draft,omitempty"`

	// What the person set for themselves; see Setting, IsMuted and IsArchived.
	Pinned       time.Time `json:"pinned,omitzero"`         // since when
	Muted        time.Time `json:"muted,omitzero"`          // until when
	Archived     uint64    `json:"archived,omitempty"`      // one above the head of then
	MarkedUnread bool      `json:"marked_unread,omitempty"` // by hand
	Blocked      bool      `json:"blocked,omitempty"`       // direct ones: nothing of them is shown or told
}

// MayWrite tells whether the rules of the conversation let somebody write in it.
func (c *Conversation) MayWrite(who AccountID) bool {
	return !c.OnlyAdmins || c.Roles[who] == Admin || c.Roles[who] == Owner
}

// MaySetTimer tells whether somebody may say how long messages are there, and,
// in a group, how it looks.
func (c *Conversation) MaySetTimer(who AccountID) bool {
	return c.Gone == "" && (c.Kind != Group || c.Roles[who] == Admin || c.Roles[who] == Owner)
}

// Name is what a person calls the conversation: its title, the other member's
// name, or "" for Self, which the screen names in the person's language.
func (c *Conversation) Name(me AccountID) string {
	if c.Title != "" || c.Kind == Self {
		return c.Title
	}
	for _, m := range c.Members {
		if m.ID != me {
			return m.Name
		}
	}
	return ""
}

// Receipt is how far a sent message came.
type Receipt uint8

const (
	ReceiptWaiting   Receipt = iota // not yet acknowledged by the relay
	ReceiptSent                     // on the relay's disk
	ReceiptDelivered                // on the disk of a device of every other member
	ReceiptRead                     // seen by every other member
	ReceiptFailed                   // given up; Message.Reason says why
)

// Receipt tells how far message m of account me came in this conversation.
// In a conversation without others, stored is as far as it goes.
func (c *Conversation) Receipt(me AccountID, m *Message) Receipt {
	switch {
	case m.State == MessageFailed:
		return ReceiptFailed
	case m.Seq == 0:
		return ReceiptWaiting
	}
	received, read, others := true, true, 0
	for _, member := range c.Members {
		if member.ID == me {
			continue
		}
		others++
		mark := c.Marks[member.ID]
		received = received && mark.Received >= m.Seq
		read = read && mark.Read >= m.Seq
	}
	switch {
	case others == 0:
		return ReceiptSent
	case read:
		return ReceiptRead
	case received:
		return ReceiptDelivered
	}
	return ReceiptSent
}
