package chat

// Change is something that became true and is already on disk. A session
// announces changes in batches; the screen and the command line draw from them.
type Change interface{ change() }

// MessagesChanged says that these messages are new or differ from before.
// Removed ones (a cancelled upload) are named by id.
type MessagesChanged struct {
	Conversation ConversationID
	Messages     []Message
	Removed      []MessageID
	History      bool // older messages that were asked for, not news
}

// ConversationChanged carries the whole row: new, or different from before.
type ConversationChanged struct{ Conversation Conversation }

// TransferChanged carries a transfer; those of one transfer may be merged, the last one is never lost.
type TransferChanged struct{ Transfer Transfer }

// PresenceChanged says who came or went.
type PresenceChanged struct{ Presence Presence }

// TypingChanged says that somebody writes; it is over after five seconds or with their next message.
type TypingChanged struct {
	Conversation ConversationID
	Account      AccountID
}

// ConnectionState is where the connection to the relay stands.
type ConnectionState uint8

const (
	Disconnected ConnectionState = iota // tries again by itself
	Connecting
	Connected
	Refused // the relay said no for good; Reason says why
)

// ConnectionChanged says how the connection stands.
type ConnectionChanged struct {
	State  ConnectionState
	Relay  string // the relay's name, for people
	Reason string // one sentence, when not connected
}

// SyncChanged says whether news are still being fetched after a connection:
// Done once every conversation's newest page is in the cache.
type SyncChanged struct{ Done bool }

// VerifiedChanged says that somebody was compared with in person, or that the
// mark was taken away.
type VerifiedChanged struct {
	Account  AccountID
	Verified bool
}

// AccountChanged says that somebody, or this account, is called otherwise.
type AccountChanged struct{ Account Account }

// FaceChanged says that somebody, this account, or a group looks otherwise.
type FaceChanged struct {
	Account      AccountID      // or
	Conversation ConversationID // a group
	Picture      []byte         // as in Content: hostile until it was decoded under limits; nil: none
}

// FetchedChanged says that somebody fetched files of a conversation.
type FetchedChanged struct{ Conversation ConversationID }

// LinksChanged says that a link to a group was made, used or revoked.
type LinksChanged struct{}

// Notice is a sentence that a person should read once.
type Notice struct {
	Text         string
	Conversation ConversationID // "" when it is about none
}

func (MessagesChanged) change()     {}
func (ConversationChanged) change() {}
func (TransferChanged) change()     {}
func (PresenceChanged) change()     {}
func (TypingChanged) change()       {}
func (ConnectionChanged) change()   {}
func (SyncChanged) change()         {}
func (VerifiedChanged) change()     {}
func (AccountChanged) change()      {}
func (FaceChanged) change()         {}
func (LinksChanged) change()        {}
func (FetchedChanged) change()      {}
func (Notice) change()              {}
