package seal

import (
	"crypto/hmac"
	"crypto/sha256"

	"satchel/chat"
)

// GroupLinkID is what a link to a group is called where its secret is not told.
func GroupLinkID(secret string) string {
	return name(hashOf("satchel.v1 group link", []byte(secret)))
}

// GroupLinkProof shows whoever made a link that an account has its secret. It is
// good for this account, this group and who made the link, and for nobody else.
func GroupLinkProof(secret string, group chat.ConversationID, by, joiner chat.AccountID) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write(join("satchel.v1 group link proof", []byte(group), []byte(by), []byte(joiner)))
	return h.Sum(nil)
}

// GroupLinkProves tells whether a proof is the one that belongs there.
func GroupLinkProves(proof []byte, secret string, group chat.ConversationID, by, joiner chat.AccountID) bool {
	return hmac.Equal(proof, GroupLinkProof(secret, group, by, joiner))
}
