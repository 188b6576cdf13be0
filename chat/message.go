package chat

import "time"

// MessageState is where a message stands on this device.
type MessageState uint8

const (
	MessageStored  MessageState = iota // has a sequence number: the relay holds it
	MessagePending                     // written here, not yet acknowledged
	MessageFailed                      // given up; Reason says why, nothing was lost
)

// Message is one entry of a conversation's log as this device knows it.
type Message struct {
	ID           MessageID      `json:"id"`
	Conversation ConversationID `json:"conversation"`
	Seq          uint64         `json:"seq"` // place in the conversation, from 1; 0 while pending
	From         AccountID      `json:"from"`
	Device       DeviceID       `json:"device,omitempty"`
	At           time.Time      `json:"at"` // the relay's time; while pending, ours
	Content      Content        `json:"content"`
	State        MessageState   `json:"state,omitempty"`
	Reason       string         `json:"reason,omitempty"` // one sentence for a person

	// What other entries of the conversation make of it; Content has the newest
	// text already. They are not part of the log's own row.
	Edited    bool       `json:"edited,omitempty"`
	Deleted   bool       `json:"deleted,omitempty"` // by its author, for everyone: of Content, Kind alone is left
	Reactions []Reaction `json:"reactions,omitempty"`
	ReplyTo   *Quote     `json:"reply_to,omitempty"` // what Content.Reply names; nil when that is not here
}
