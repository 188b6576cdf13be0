package seal

import "satchel/chat"

// Outline is what a statement says of itself. Nothing of it is checked.
type Outline struct {
	Seq    uint64
	Device Key  // that signed
	Signer Hash // root of the signer's account; zero in an account's own statement

	Conversation chat.ConversationID // or "" in an account's statement
}

// OutlineAccount reads a statement of an account's chain.
func OutlineAccount(statement []byte) (Outline, error) {
	s, err := parseAccountStatement(statement)
	if err != nil {
		return Outline{}, err
	}
	return Outline{Seq: s.seq, Device: s.signer}, nil
}

// OutlineConversation reads a statement of a conversation's chain; StatementNeeds
// tells what it takes to check it.
func OutlineConversation(statement []byte) (Outline, error) {
	s, err := parseConversationStatement(statement)
	if err != nil {
		return Outline{}, err
	}
	return Outline{s.seq, s.device, s.signer, s.id}, nil
}
