package chat

import "errors"

// Kinds by which somebody comes into a group with a link. They are not shown, and
// stand in the conversation of the two alone.
const (
	KindJoin   = "join"   // asks whoever made the link to be let in: see Join
	KindJoined = "joined" // the answer: Reply names what asked, Text is "" or why not
)

// Join is what somebody who has the link to a group proves to whoever made it.
type Join struct {
	Group ConversationID `json:"group"`
	Link  string         `json:"link"`            // which link: an id that is made of its secret
	Proof []byte         `json:"proof,omitempty"` // that the sender has the secret
}

// Why somebody was not let in, in Text of a KindJoined.
const (
	JoinRevoked = "revoked" // or there never was such a link
	JoinExpired = "expired"
	JoinUsed    = "used"   // as often as it may be
	JoinForged  = "forged" // the proof is not that of the link's secret
	JoinBanned  = "banned" // an admin removed this person from the group
	JoinCannot  = "cannot" // who made the link may not bring people in any more
	JoinFull    = "full"
)

func (c *Content) checkJoin() error {
	switch j := c.Join; {
	case c.Kind == KindJoined && (c.Reply == "" || len(c.Reply) > maxTarget || len(c.Text) > 64):
		return errors.New("it does not say what it answers")
	case j == nil || j.Group == "" || len(j.Group) > maxTarget || j.Link == "" || len(j.Link) > maxTarget || len(j.Proof) > 64:
		return errors.New("it does not say which group it is about")
	}
	return nil
}

// LinkRow is what whoever made a link to a group keeps of it.
type LinkRow struct {
	Group   ConversationID `json:"group"`
	Secret  string         `json:"secret"`
	Code    string         `json:"code,omitempty"`    // of an invitation to the relay that goes with it
	Uses    int            `json:"uses,omitempty"`    // how many people may come by it; 0: any number
	History bool           `json:"history,omitempty"` // they read what was written before
	Made    int64          `json:"made"`              // Unix milliseconds
}
