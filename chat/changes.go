package chat

import (
	"errors"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Kinds of content that say nothing by themselves: each changes one other
// message of its conversation, see [Content.Target].
const (
	KindEdit     = "edit"     // Edit names the message, Text is its new text
	KindDelete   = "delete"   // Delete names the message, which is gone for everyone
	KindReaction = "reaction" // Reply names the message, Reaction is the emoji; "" takes it back
	KindLink     = "link"     // Reply names a message of the same author, URL is where its file is from now on, and Key, where there is one, what opens it there
)

// KindProfile carries the sender's picture to the members of a conversation. It
// is not shown, and changes no message: Picture is a small JPEG or PNG, "" takes
// the picture away.
const KindProfile = "profile"

// KindPicture is how a group looks, said by one of its admins: Picture as in a
// KindProfile, and Again as in a KindTimer. It is not shown.
const KindPicture = "picture"

// MaxPicture is how many bytes the picture of somebody, or of a group, may have.
const MaxPicture = 20 << 10

// KindLinkWanted asks for a KindLink: the link to the file of the message that
// Reply names has expired. It changes nothing, and is not shown.
const KindLinkWanted = "link-wanted"

// MaxURL is how many bytes the URL of a file may have.
const MaxURL = 8 << 10

// MaxReaction is how many bytes of UTF-8 a reaction may have: the longest emoji
// sequences take some forty.
const MaxReaction = 64

// maxTarget is how long the id of a message can be; docs/protocol.md says so.
const maxTarget = 64

// Reaction is what one account answered to a message with one emoji. An account
// has one reaction to a message at most: the newest.
type Reaction struct {
	From  AccountID `json:"from"`
	Emoji string    `json:"emoji"`
}

// Quote is what is shown of a message above the answer to it.
type Quote struct {
	ID      MessageID `json:"id"`
	From    AccountID `json:"from"`
	Text    string    `json:"text,omitempty"` // its first words
	File    string    `json:"file,omitempty"` // the name, as the sender calls it
	Picture bool      `json:"picture,omitempty"`
	Place   bool      `json:"place,omitempty"`
	Deleted bool      `json:"deleted,omitempty"`
}

// quoteLength is how many bytes of a text a quote has, at most.
const quoteLength = 240

// QuoteOf returns what is shown of m above an answer.
func QuoteOf(m *Message) *Quote {
	c := &m.Content
	q := &Quote{ID: m.ID, From: m.From, Text: c.Text, Deleted: m.Deleted, Place: c.Location != nil}
	if q.Text == "" {
		q.Text = c.Title
	}
	if len(q.Text) > quoteLength {
		cut := quoteLength
		for cut > 0 && !utf8.RuneStart(q.Text[cut]) {
			cut--
		}
		q.Text = q.Text[:cut] + "…"
	}
	if c.File != nil {
		q.File, q.Picture = c.File.Name, c.File.IsPicture()
	}
	return q
}

// Changes tells whether the content only changes another message, or says how
// its sender looks: it has its place in the log, is not shown, and counts as
// nothing unread.
func (c *Content) Changes() bool {
	switch c.Kind {
	case KindEdit, KindDelete, KindReaction, KindProfile, KindLink, KindLinkWanted, KindVanished, KindPicture, KindJoin, KindJoined, KindDoor:
		return true
	case KindTimer:
		return c.Again > 0
	}
	return false
}

// Target is the message that the content changes; "" when it changes none, or
// in a way that makes no sense. Who may: only the author edits and deletes,
// every member reacts.
func (c *Content) Target() MessageID {
	if !c.Changes() || c.Kind == KindLinkWanted || c.checkChange() != nil {
		return ""
	}
	return c.target()
}

// LinkWanted is the message whose file's link is asked for; "" when none is.
func (c *Content) LinkWanted() MessageID {
	if c.Kind != KindLinkWanted || c.checkChange() != nil {
		return ""
	}
	return c.target()
}

func (c *Content) target() MessageID {
	switch c.Kind {
	case KindEdit:
		return c.Edit
	case KindDelete:
		return c.Delete
	case KindReaction, KindLink, KindLinkWanted:
		return c.Reply
	}
	return ""
}

// checkChange tells why a content that changes another message can't.
func (c *Content) checkChange() error {
	switch c.Kind {
	case KindVanished:
		return errors.New("it has disappeared")
	case KindTimer:
		return nil
	case KindJoin, KindJoined:
		return c.checkJoin()
	case KindDoor:
		return c.checkDoor()
	}
	if c.Kind == KindProfile || c.Kind == KindPicture {
		if len(c.Picture) > MaxPicture {
			return errors.New("the picture is too large")
		}
		return nil
	}
	switch id := c.target(); {
	case id == "" || len(id) > maxTarget:
		return errors.New("it does not say which message it changes")
	case c.Kind == KindReaction && !validReaction(c.Reaction):
		return errors.New("a reaction is one emoji")
	case c.Kind == KindLink && !c.leads():
		return errors.New("a link is an http or https address, or one at the relay with a key")
	}
	return nil
}

// validReaction tells whether a reaction can be drawn; "" takes one back.
func validReaction(s string) bool {
	if len(s) > MaxReaction || !utf8.ValidString(s) {
		return false
	}
	for _, r := range s {
		if unicode.IsSpace(r) || unicode.IsControl(r) {
			return false
		}
	}
	return true
}

// validLink tells whether a link to a file can stand for another: it leads
// elsewhere than to the relay, and carries no credentials.
func validLink(address string) bool {
	u, err := url.Parse(address)
	return err == nil && len(address) <= MaxURL && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil
}

// leads tells whether a link can stand for another: it leads elsewhere, or, with a key,
// to what was sent to the relay anew.
func (c *Content) leads() bool {
	if len(c.Key) == 0 || len(c.Key) > maxLinkKey {
		return len(c.Key) == 0 && validLink(c.URL)
	}
	u, err := url.Parse(c.URL)
	return err == nil && len(c.URL) <= MaxURL && u.Scheme == "" && u.Host == "" && u.User == nil && u.RawQuery == "" && strings.HasPrefix(u.Path, "/")
}

// maxLinkKey is how many bytes the key of a link has at most.
const maxLinkKey = 64 << 10

// Linked is the content after a link: its file is elsewhere, and is the same. A
// folder keeps its key: other folders have it, too.
func (c Content) Linked(link *Content) Content {
	if c.File == nil || !link.leads() || c.File.IsFolder() && len(link.Key) > 0 {
		return c
	}
	f := *c.File
	f.URL = link.URL
	if len(link.Key) > 0 {
		f.Key = link.Key
	}
	c.File = &f
	return c
}

// Edited is the content after an edit: the text is another, and the rest stays.
// An edit that would leave nothing, or that is of another kind of content than
// people write, changes nothing; false then.
func (c Content) Edited(edit *Content) (Content, bool) {
	if !c.Known() {
		return c, false
	}
	before := c
	c.Text = edit.Text
	if c.Check() != nil {
		return before, false
	}
	return c, true
}
