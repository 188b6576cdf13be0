package seal

// Label is a name that says nothing to who does not hold the conversation's
// keys, and is the same for all who do, whatever generation is in use: it comes
// from the first one. false when that is not here.
func (c *Conversation) Label(keys ConversationKeys, text string) (string, bool) {
	first, ok := keys[1]
	if !ok {
		return "", false
	}
	return name(Hash(expand(first, join("satchel.v1 label", []byte(c.id), []byte(text))))), true
}
