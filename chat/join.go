package chat

import "errors"

// Kinds by which somebody comes into a group with a link. They are not shown. The
// first two stand in the conversation of the two alone, the third in the group.
const (
	KindJoin   = "join"   // asks an admin to be let in: see Join
	KindJoined = "joined" // the answer: Reply names what asked, Text is "" or why not
	KindDoor   = "door"   // tells the others of a link, that it was used, or revoked: see Door
)

// Join is what somebody who has the link to a group proves to one of its admins.
type Join struct {
	Group ConversationID `json:"group"`
	Link  string         `json:"link"`            // which link: an id that is made of its secret
	By    AccountID      `json:"by,omitempty"`    // who made it, as the link says
	Proof []byte         `json:"proof,omitempty"` // that the sender has the secret
}

// Door is what an admin of a group tells all of its members of a link to it, so that
// each admin can let people in. It has one of three forms: Key and what follows it
// tell of a link, Used alone of somebody who came by it, and Revoked alone that it is
// good for nobody any more.
type Door struct {
	Link    string    `json:"link"`
	Key     []byte    `json:"key,omitempty"`     // checks proofs: Ed25519, 32 bytes
	By      AccountID `json:"by,omitempty"`      // who made it; it is good as long as they are an admin
	Invite  string    `json:"invite,omitempty"`  // the relay's invitation in it, by its id
	Uses    int       `json:"uses,omitempty"`    // how many people may come by it; 0: any number
	Expires int64     `json:"expires,omitempty"` // Unix milliseconds; 0: never
	History bool      `json:"history,omitempty"` // they read what was written before
	Made    int64     `json:"made,omitempty"`    // Unix milliseconds
	Used    AccountID `json:"used,omitempty"`
	Revoked bool      `json:"revoked,omitempty"`
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

func (c *Content) checkDoor() error {
	if d := c.Door; d == nil || d.Link == "" || len(d.Link) > 64 || len(d.Key) != 0 && len(d.Key) != 32 ||
		len(d.By) > 64 || len(d.Used) > 64 || len(d.Invite) > 64 || d.Uses < 0 || len(d.Key) == 0 && d.Used == "" && !d.Revoked {
		return errors.New("it does not say what it tells of a link")
	}
	return nil
}

func (c *Content) checkJoin() error {
	switch j := c.Join; {
	case c.Kind == KindJoined && (c.Reply == "" || len(c.Reply) > maxTarget || len(c.Text) > 64):
		return errors.New("it does not say what it answers")
	case j == nil || j.Group == "" || len(j.Group) > maxTarget || j.Link == "" || len(j.Link) > maxTarget || len(j.Proof) > 64 || len(j.By) > maxTarget:
		return errors.New("it does not say which group it is about")
	}
	return nil
}

// LinkRow is what members of a group keep of a link to it. Secret and Code are known
// to who made it.
type LinkRow struct {
	Group   ConversationID `json:"group"`
	Secret  string         `json:"secret,omitempty"`
	Code    string         `json:"code,omitempty"` // of an invitation of the relay's that leads to the group
	Key     []byte         `json:"key,omitempty"`  // these three as in Door
	By      AccountID      `json:"by,omitempty"`
	Invite  string         `json:"invite,omitempty"`
	Told    AccountID      `json:"told,omitempty"`    // who told of it; "": this account made it
	Uses    int            `json:"uses,omitempty"`    // how many people may come by it; 0: any number
	History bool           `json:"history,omitempty"` // they read what was written before
	Made    int64          `json:"made"`              // Unix milliseconds
}
