package seal

import (
	"crypto/ed25519"
	"crypto/sha256"

	"satchel/chat"
)

// GroupLinkID is what a link to a group is called where its secret is not told.
func GroupLinkID(secret string) string {
	return name(hashOf("satchel.v1 group link", []byte(secret)))
}

// groupLinkPair is the key pair that a link's secret gives.
func groupLinkPair(secret string) ed25519.PrivateKey {
	seed := sha256.Sum256(join("satchel.v1 group link key", []byte(secret)))
	return ed25519.NewKeyFromSeed(seed[:])
}

// GroupLinkKey is what all members of a group may know of a link to it: it shows
// that somebody has the secret, and lets nobody claim so.
func GroupLinkKey(secret string) []byte {
	return groupLinkPair(secret).Public().(ed25519.PublicKey)
}

// GroupLinkProof shows somebody in a group that an account has the secret of a link
// to it. It is good for this account, this group and whom it is shown to.
func GroupLinkProof(secret string, group chat.ConversationID, to, joiner chat.AccountID) []byte {
	return ed25519.Sign(groupLinkPair(secret), groupLinkText(group, to, joiner))
}

// GroupLinkProves tells whether a proof is the one that belongs there, by the
// link's key.
func GroupLinkProves(proof, key []byte, group chat.ConversationID, to, joiner chat.AccountID) bool {
	return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, groupLinkText(group, to, joiner), proof)
}

func groupLinkText(group chat.ConversationID, to, joiner chat.AccountID) []byte {
	return join("satchel.v1 group link proof", []byte(group), []byte(to), []byte(joiner))
}
