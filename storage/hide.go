package storage

import (
	"slices"

	"satchel/chat"
)

// Hide takes away what stored entries of a conversation said, by their numbers, and
// what their edits said, as Vanish does when it is time. Those that are not here, or
// say nothing any more, are passed over. It returns the others as they were. Unread,
// of account me, and Last follow.
func (tx *Tx) Hide(me chat.AccountID, conv chat.ConversationID, seqs []uint64) (gone []chat.Message, err error) {
	c, err := tx.open(conv)
	if err != nil {
		return nil, err
	}
	for _, n := range seqs {
		p := place{placeStored, numKey(n)}
		if c.bucket(placeStored) == nil || c.bucket(placeStored).Get(p.key) == nil {
			continue
		}
		m, err := c.get(p)
		if err != nil {
			return nil, err
		}
		if err := c.vanish(&m, me); err != nil {
			return nil, err
		}
		if m.Content.Kind != chat.KindVanished {
			gone = append(gone, m)
		}
	}
	return slices.Clip(gone), c.saveLast()
}
