package chat

import (
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/oklog/ulid/v2"
)

// AccountID names a person on every relay: lower-case base32, 26 characters.
type AccountID string

// DeviceID names one installation of an account: lower-case base32, 26 characters.
type DeviceID string

// ConversationID names a conversation on a relay: lower-case base32, 26 characters.
type ConversationID string

// MessageID is chosen by the sending device, so that a message that is sent
// twice is still one message. It is a ULID: 26 characters, sorted by the
// sender's clock, unique within a conversation.
type MessageID string

// TransferID names one upload or download on one device. It is 32 hexadecimal
// characters; an upload uses it as the name of the file at the relay, so that a
// repeated creation finds the first one.
type TransferID string

// NewMessageID returns a message id for the given time.
func NewMessageID(at time.Time) MessageID {
	return MessageID(ulid.MustNew(ulid.Timestamp(at), rand.Reader).String())
}

// NewTransferID returns 128 random bits in hexadecimal.
func NewTransferID() TransferID {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand aborts the program instead
	return TransferID(hex.EncodeToString(b[:]))
}

// Account is a person as others see them.
type Account struct {
	ID   AccountID `json:"id"`
	Name string    `json:"name"`
}

// Presence says whether somebody is connected now.
type Presence struct {
	Account  AccountID `json:"account"`
	Online   bool      `json:"online"`
	LastSeen time.Time `json:"last_seen,omitzero"`
}
