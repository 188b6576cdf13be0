package session

import (
	"errors"
	"slices"
	"strings"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/storage"
)

// Sentences about what a relay, or somebody who works with it, did. They stay
// with the conversation.
const (
	sayFork     = "The relay shows different people different things here: somebody's keys or members are not what they were. Nothing is sent here any more, and nothing was lost. Compare safety numbers with the others by another way."
	sayRollback = "The relay hides something that was seen here before: members or keys are older than they were. Nothing is sent here until it shows them again; nothing was lost."
	sayIdentity = "The relay gave out keys that do not belong to the person whose name they stand under. Nothing is sent here, and nothing was lost. Compare safety numbers with the others by another way."
	sayBehind   = "Somebody here knows of a change of members or keys that the relay does not deliver. Nothing is sent here until it does; nothing was lost."
	sayReplay   = "A message stands here in the place of another one of the same sender: it was repeated, or the sender's computer was set back."
	sayMissing  = "Messages of somebody here did not arrive: they were held back, or are still on their way."
	sayDevice   = "A message came from a device that its owner had removed. It may not be theirs."
	sayMember   = "A message came from somebody who is no longer a member. It may have been held back until now."
)

// Keys of findings: each is said once in a conversation.
const (
	findChain    = "chain"    // a refused chain; for good
	findBehind   = "behind"   // until the chain is here
	findRollback = "rollback" // of the conversation, or and the account; until it is shown again
	findReplay   = "replay"   // and the device
	findMissing  = "missing"  // and the device
	findSince    = "since"    // and the device
)

// sayChain is the sentence for a refused chain.
func sayChain(err error) string {
	switch {
	case errors.Is(err, seal.ErrRollback):
		return sayRollback
	case errors.Is(err, seal.ErrIdentity):
		return sayIdentity
	}
	return sayFork
}

// find keeps and announces a finding, unless it is known.
func (t *turn) find(id chat.ConversationID, f storage.Finding) error {
	fresh, err := t.tx.AddFinding(id, f)
	if err != nil || !fresh {
		return err
	}
	t.s.log.Warn("something is wrong in a conversation", "conversation", id, "finding", f.Key)
	t.announce(chat.Notice{Text: f.Text, Conversation: id})
	t.touch(id)
	return nil
}

// findRefused keeps that a conversation's chain was refused. An error that does
// not say so is the log's only.
func (t *turn) findRefused(id chat.ConversationID, err error) error {
	if !refusedChain(err) {
		t.s.log.Warn("a chain does not go on", "conversation", id, "error", err)
		return nil
	}
	if errors.Is(err, seal.ErrRollback) {
		return t.find(id, storage.Finding{Key: findRollback, Text: sayRollback, Stop: true})
	}
	return t.find(id, storage.Finding{Key: findChain, Text: sayChain(err), Stop: true})
}

// isHidden tells whether the relay had less of a conversation than is here.
func (t *turn) isHidden(id chat.ConversationID) bool {
	all, err := t.tx.Findings(id)
	return err == nil && slices.ContainsFunc(all, func(f storage.Finding) bool { return strings.HasPrefix(f.Key, findRollback) })
}

// findRefusedAccount does so in every conversation that the account is in.
func (t *turn) findRefusedAccount(account chat.AccountID, err error) error {
	ids, e := t.conversationsWith(account)
	for _, id := range ids {
		switch {
		case e != nil:
		case errors.Is(err, seal.ErrRollback):
			e = t.find(id, storage.Finding{Key: findRollback + " " + string(account), Text: sayRollback, Stop: true})
		default:
			e = t.findRefused(id, err)
		}
	}
	return e
}

// conversationsWith are those that an account takes part in.
func (t *turn) conversationsWith(account chat.AccountID) (ids []chat.ConversationID, err error) {
	all, err := t.tx.Conversations()
	for i := range all {
		for _, m := range all[i].Members {
			if m.ID == account {
				ids = append(ids, all[i].ID)
				break
			}
		}
	}
	return ids, err
}

// refused is an event that keeps what was found outside of the loop.
type refusedEvent struct {
	asked
	conv    chat.ConversationID // or
	account chat.AccountID
	err     error
}

func (e refusedEvent) apply(t *turn) error {
	if e.account != "" {
		return t.findRefusedAccount(e.account, e.err)
	}
	return t.findRefused(e.conv, e.err)
}
