package session

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
)

// Who fetched which file is told as marks are, beside the log: for each run of
// wire.FetchedPart messages of a conversation, a device has one bit for each
// message whose file it fetched whole and found equal to its checksum. Bits are
// only ever set, so what came is joined to what is here, and neither order nor a
// relay that brings old ones back changes anything. Values in the cache:
//
//	fetched C P A D     the bits of part P that device D of account A told, or has
//	fetched-untold C P  the relay does not have this device's
//	fetched-number C    up to which of the relay's numbers they are here

func fetchedLead(conv chat.ConversationID, part uint64) string {
	return fmt.Sprintf("fetched %s %d ", conv, part)
}

func fetchedKey(conv chat.ConversationID, part uint64, who chat.AccountID, device chat.DeviceID) string {
	return fetchedLead(conv, part) + string(who) + " " + string(device)
}

const untoldLead = "fetched-untold "

func untoldKey(conv chat.ConversationID, part uint64) string {
	return fmt.Sprintf("%s%s %d", untoldLead, conv, part)
}

func fetchedNumberKey(conv chat.ConversationID) string { return "fetched-number " + string(conv) }

// bits has one for each message of a part; those behind its end are not set.
type bits []byte

// mostBits is how many bytes a part has at most.
const mostBits = wire.FetchedPart / 8

func (b bits) has(n uint64) bool { return n/8 < uint64(len(b)) && b[n/8]>>(n%8)&1 == 1 }

// with returns a copy in which bit n, below wire.FetchedPart, is set.
func (b bits) with(n uint64) bits {
	out := make(bits, max(len(b), int(n/8)+1))
	copy(out, b)
	out[n/8] |= 1 << (n % 8)
	return out
}

// join returns what is set in either.
func (b bits) join(other bits) bits {
	out := make(bits, max(len(b), len(other)))
	copy(out, b)
	for i := range other {
		out[i] |= other[i]
	}
	return out
}

// noteFetched notes that a file of somebody else's came and is equal. It is told
// once, to the members of the conversation, unless they are not to know either
// how far this account read it.
func (t *turn) noteFetched(tr *chat.Transfer) error {
	m, ok, err := t.tx.Message(tr.Conversation, tr.Message)
	if err != nil || !ok || m.From == t.me || m.Seq == 0 || partly(tr) {
		return err
	}
	row, ok, err := t.tx.Conversation(tr.Conversation)
	if err != nil || !ok || row.Kind == chat.Self || row.Blocked || row.Gone != "" {
		return err
	}
	part := m.Seq / wire.FetchedPart
	key := fetchedKey(tr.Conversation, part, t.me, t.s.Profile().Device)
	had, err := t.tx.Value(key)
	if err != nil || bits(had).has(m.Seq%wire.FetchedPart) {
		return err
	}
	if err := t.tx.PutValue(key, bits(had).with(m.Seq%wire.FetchedPart)); err != nil {
		return err
	}
	t.then(t.s.tellFetchedSoon)
	return t.tx.PutValue(untoldKey(tr.Conversation, part), []byte{1})
}

// FetchedBy tells, of those of these messages of a conversation that are stored at
// the relay, which other accounts than this one and the sender have the file, and
// found it equal: in the order of their ids. A message of which nobody is known to
// is not in it.
func (s *Session) FetchedBy(conv chat.ConversationID, messages ...chat.Message) (map[chat.MessageID][]chat.AccountID, error) {
	me, out := s.me(), map[chat.MessageID][]chat.AccountID{}
	byPart := map[uint64][]*chat.Message{}
	for i := range messages {
		if m := &messages[i]; m.Seq > 0 && m.Content.File != nil && !m.Deleted {
			byPart[m.Seq/wire.FetchedPart] = append(byPart[m.Seq/wire.FetchedPart], m)
		}
	}
	err := s.db.View(func(tx *storage.Tx) error {
		for part, all := range byPart {
			lead := fetchedLead(conv, part)
			err := tx.Values(lead, func(key string, v []byte) error {
				account, _, _ := strings.Cut(key[len(lead):], " ")
				who := chat.AccountID(account)
				for _, m := range all {
					if who != me && who != m.From && bits(v).has(m.Seq%wire.FetchedPart) && !slices.Contains(out[m.ID], who) {
						out[m.ID] = append(out[m.ID], who)
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	for _, all := range out {
		slices.Sort(all)
	}
	return out, err
}

// parseUntold reads an untoldKey.
func parseUntold(key string) (conv chat.ConversationID, part uint64, ok bool) {
	id, number, ok := strings.Cut(strings.TrimPrefix(key, untoldLead), " ")
	part, err := strconv.ParseUint(number, 10, 64)
	return chat.ConversationID(id), part, ok && err == nil
}

// fetchedNumber is up to which of the relay's numbers a conversation's are here.
func fetchedNumber(tx *storage.Tx, conv chat.ConversationID) (uint64, error) {
	b, err := tx.Value(fetchedNumberKey(conv))
	if err != nil || b == nil {
		return 0, err
	}
	return strconv.ParseUint(string(b), 10, 64)
}

// joinFetched takes in what a device of somebody else told of a part.
func (t *turn) joinFetched(conv chat.ConversationID, part uint64, who chat.AccountID, device chat.DeviceID, told bits) error {
	key := fetchedKey(conv, part, who, device)
	had, err := t.tx.Value(key)
	if err != nil {
		return err
	}
	now := bits(had).join(told)
	if bytes.Equal(had, now) {
		return nil
	}
	t.announce(chat.FetchedChanged{Conversation: conv})
	return t.tx.PutValue(key, now)
}
