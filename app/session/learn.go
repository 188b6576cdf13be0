package session

import (
	"errors"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
)

// learnRoom takes statements of a conversation's chain, and keys of it.
type learnRoom struct {
	asked
	id         chat.ConversationID
	after      uint64
	statements [][]byte
	keys       seal.ConversationKeys
	problem    error // the answer: why the chain is refused
}

func (e *learnRoom) apply(t *turn) error {
	v := t.seals()
	grew, err := v.learnRoom(e.id, e.after, e.statements)
	e.problem = err
	var disk notKept
	if errors.As(err, &disk) {
		return disk
	}
	if err != nil {
		if err := t.findRefused(e.id, err); err != nil {
			return err
		}
	}
	if grew {
		if err := t.late(e.id, e.statements); err != nil {
			return err
		}
	}
	more, err := v.learnKeys(e.id, e.keys)
	if err != nil {
		return err
	}
	if !grew && !more {
		return nil
	}
	return t.roomChanged(e.id)
}

// late warns of statements that are new here and come from a device that was
// removed since: from a true one, or from one that works with the relay.
func (t *turn) late(id chat.ConversationID, statements [][]byte) error {
	row, ok, err := t.tx.Conversation(id)
	if err != nil || !ok || len(row.Held) == 0 || !t.s.isSynced() {
		return err // what came while nobody looked
	}
	v := t.seals()
	for _, b := range statements {
		o, err := seal.OutlineConversation(b)
		if err != nil {
			return nil
		}
		with, err := v.named(o.Signer)
		if err != nil {
			return err
		}
		if since, err := seal.StatementSince(b, with); err == nil && since != seal.SinceNothing {
			if err := t.findSince(id, seal.DeviceName(o.Device), since); err != nil {
				return err
			}
		}
	}
	return nil
}

// roomChanged writes what follows from a chain or keys that are new: the row,
// messages that open now, and what waited to go out.
func (t *turn) roomChanged(id chat.ConversationID) error {
	s := t.s
	if err := t.describe(id, nil); err != nil {
		return err
	}
	if err := t.tx.DeleteFinding(id, findBehind); err != nil {
		return err
	}
	if err := t.reopen(id); err != nil {
		return err
	}
	t.touch(id)
	t.then(func() {
		s.unblock(id)
		if id == chat.ConversationID(wire.SelfID(string(t.me))) {
			s.tellSettings()
		}
		s.tellFetched()
	})
	return nil
}

// describe writes the row of a conversation: kind, members, roles and title are
// the chain's, once it is here; from tells what else the relay says, and may be nil.
func (t *turn) describe(id chat.ConversationID, from *wire.Conversation) error {
	v := t.seals()
	row, ok, err := t.tx.Conversation(id)
	if err != nil {
		return err
	}
	if from != nil {
		said := conversation(from)
		row.ID, row.Head, row.Created = id, max(row.Head, said.Head), said.Created
		switch {
		case t.tx.ChainLength(id) == 0:
			row.Kind, row.Members = said.Kind, said.Members
		case ok: // the chain has said the rest; names may be new
			for i := range row.Members {
				a, _, err := t.tx.Account(row.Members[i].ID)
				if err != nil {
					return err
				}
				row.Members[i].Name = a.Name
			}
			return t.tx.PutConversation(&row)
		}
	} else if !ok {
		return nil // the relay tells of it with its own frame
	}
	r, err := v.room(id)
	if err != nil {
		return err
	}
	if r == nil {
		return t.tx.PutConversation(&row)
	}
	row.Kind = kindOf(r.chain.Kind())
	row.OnlyAdmins = r.chain.Rules().OnlyAdmins
	row.Members, row.Roles = nil, map[chat.AccountID]chat.Role{}
	member := false
	for _, m := range r.chain.Members() {
		name := seal.AccountName(m.Root)
		a, _, err := t.tx.Account(name)
		if err != nil {
			return err
		}
		a.ID = name
		row.Members = append(row.Members, a)
		row.Roles[name] = roleOf(m.Role)
		member = member || name == t.me
	}
	if row.Kind != chat.Group {
		row.Roles = nil
	}
	if member {
		row.Gone = ""
	} else if row.Gone, err = t.gone(id); err != nil {
		return err
	}
	if title, err := r.chain.Title(r.keys); err == nil {
		row.Title = title
	}
	return t.tx.PutConversation(&row)
}

// gone tells why the own account is no member: by whom the newest statement that
// names it is signed.
func (t *turn) gone(id chat.ConversationID) (chat.Gone, error) {
	statements := t.tx.Chain(id)
	for i := len(statements) - 1; i >= 0; i-- {
		needs, err := seal.StatementNeeds(statements[i])
		if err != nil {
			return "", err
		}
		for _, n := range needs[1:] {
			if seal.AccountName(n.Root) != t.me {
				continue
			}
			if seal.AccountName(needs[0].Root) == t.me {
				return chat.Left, nil
			}
			return chat.Removed, nil
		}
	}
	return chat.Removed, nil
}

func kindOf(k seal.Kind) chat.ConversationKind {
	switch k {
	case seal.Self:
		return chat.Self
	case seal.Direct:
		return chat.Direct
	}
	return chat.Group
}

func roleOf(r seal.Role) chat.Role {
	switch r {
	case seal.Owner:
		return chat.Owner
	case seal.Admin:
		return chat.Admin
	}
	return chat.Member
}
