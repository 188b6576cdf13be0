package chat

import "time"

// Kinds of settings: what a person sets for themselves. All of their devices
// have it, and nobody else.
const (
	SettingPin     = "pin"            // of a conversation: At is when it was pinned
	SettingMute    = "mute"           // of a conversation: At is until when
	SettingArchive = "archive"        // of a conversation: Seq is one above the newest entry that was there
	SettingUnread  = "unread"         // of a conversation: Seq is 1 when it is marked by hand
	SettingDraft   = "draft"          // of a conversation: Text is what was written and not sent
	SettingBlock   = "block"          // of an account: At is since when
	SettingFace    = "face"           // of an account: Picture is how it looks, At the time of the entry that said so
	SettingTimer   = "timer"          // of a conversation: Seconds is how long messages are there, Seq the number of the entry that said so
	SettingLink    = "group-link"     // of a link to a group, by its id: Text is a LinkRow as JSON, At when it expires, Seq the number of the entry that told of it
	SettingLinkUse = "group-link-use" // of a link and an account, with a space between: At is when they came by it
	SettingHidden  = "hidden"         // of a conversation and a run of its log, with a space between: Text has a bit for each entry that is deleted for this account alone
	SettingPicture = "picture"        // of a group: Picture is how it looks, Seq the number of the entry that said so
)

// Setting is one of them. Without the rest it is taken back.
type Setting struct {
	Kind  string `json:"kind"`
	About string `json:"about"`          // a conversation or an account
	At    int64  `json:"at,omitempty"`   // Unix milliseconds
	Seq   uint64 `json:"seq,omitempty"`  // of an entry of the conversation
	Text  string `json:"text,omitempty"` // UTF-8

	Picture string `json:"picture,omitempty"` // base64, as in Content
	Seconds int64  `json:"seconds,omitempty"`
}

// Forever is until when a conversation is muted that is to stay so.
var Forever = time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)

// IsMuted tells whether new messages are not to disturb.
func (c *Conversation) IsMuted(now time.Time) bool { return now.Before(c.Muted) }

// IsArchived tells whether the conversation is out of the way. It comes back
// with a new message, unless it is muted.
func (c *Conversation) IsArchived(now time.Time) bool {
	return c.Archived > 0 && (c.IsMuted(now) || c.Last == nil || c.Last.Seq > 0 && c.Last.Seq < c.Archived)
}
