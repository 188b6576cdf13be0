package session

import (
	"errors"
	"fmt"
	"maps"
	"sync"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/storage"
)

// keeper has the chains of accounts and conversations that were checked in this
// run of the program. Each is read from the cache when it is first needed, and
// checked again. What it hands out is never changed: a chain that grew is
// another value. The loop alone makes it learn something (see view).
type keeper struct {
	mu       sync.RWMutex
	accounts map[chat.AccountID]*seal.Account
	rooms    map[chat.ConversationID]*room
	keys     seal.AccountKeys // the own account's
}

// room is a conversation's chain, and the keys of it that this account holds.
type room struct {
	chain *seal.Conversation
	keys  seal.ConversationKeys
}

// opens tells whether the key that the conversation uses now is here.
func (r *room) opens() bool { return r.keys[r.chain.Generation()] != seal.Secret{} }

func newKeeper() *keeper {
	return &keeper{accounts: map[chat.AccountID]*seal.Account{}, rooms: map[chat.ConversationID]*room{}}
}

// view is what one transaction sees of the keeper: what it learns stands in the
// transaction and in the view, and is the keeper's after the commit.
type view struct {
	k        *keeper
	tx       *storage.Tx
	accounts map[chat.AccountID]*seal.Account
	rooms    map[chat.ConversationID]*room
	keys     seal.AccountKeys
}

func (k *keeper) view(tx *storage.Tx) *view {
	return &view{k: k, tx: tx, accounts: map[chat.AccountID]*seal.Account{}, rooms: map[chat.ConversationID]*room{}}
}

// take makes what a view read or learned the keeper's own. What is known better
// by now stays.
func (k *keeper) take(v *view) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, a := range v.accounts {
		if known := k.accounts[id]; known == nil || known.Head().Seq <= a.Head().Seq {
			k.accounts[id] = a
		}
	}
	for id, r := range v.rooms {
		if known := k.rooms[id]; known == nil || known.chain.Head().Seq <= r.chain.Head().Seq && len(known.keys) <= len(r.keys) {
			k.rooms[id] = r
		}
	}
	if len(v.keys) > len(k.keys) {
		k.keys = v.keys
	}
}

// account is an account's chain; nil when nothing of it is here.
func (v *view) account(id chat.AccountID) (*seal.Account, error) {
	if a := v.accounts[id]; a != nil {
		return a, nil
	}
	v.k.mu.RLock()
	a := v.k.accounts[id]
	v.k.mu.RUnlock()
	if a != nil {
		return a, nil
	}
	statements := v.tx.AccountChain(id)
	if len(statements) == 0 {
		return nil, nil
	}
	a, err := seal.VerifyAccount(id, statements)
	if err != nil {
		return nil, fmt.Errorf("the cache: %w", err)
	}
	v.accounts[id] = a
	return a, nil
}

// named are the chains of these accounts that are here.
func (v *view) named(roots ...seal.Hash) (seal.Accounts, error) {
	all := seal.Accounts{}
	for _, root := range roots {
		a, err := v.account(seal.AccountName(root))
		if err != nil {
			return nil, err
		}
		if a != nil && a.Root() == root {
			all[root] = a
		}
	}
	return all, nil
}

// members are the chains of those who take part in a conversation.
func (v *view) members(c *seal.Conversation) (seal.Accounts, error) {
	var roots []seal.Hash
	for _, m := range c.Members() {
		roots = append(roots, m.Root)
	}
	return v.named(roots...)
}

// room is a conversation's chain; nil when nothing of it is here.
func (v *view) room(id chat.ConversationID) (*room, error) {
	if r := v.rooms[id]; r != nil {
		return r, nil
	}
	v.k.mu.RLock()
	r := v.k.rooms[id]
	v.k.mu.RUnlock()
	if r != nil {
		return r, nil
	}
	statements := v.tx.Chain(id)
	if len(statements) == 0 {
		return nil, nil
	}
	r = &room{seal.NewConversation(id), seal.ConversationKeys{}}
	for _, s := range statements {
		if err := v.check(r.chain, s); err != nil {
			return nil, fmt.Errorf("the cache: %w", err)
		}
	}
	keys, err := v.tx.Keys(id)
	if err != nil {
		return nil, err
	}
	for g, s := range keys {
		r.keys[g] = seal.Secret(s)
	}
	v.rooms[id] = r
	return r, nil
}

// check appends a statement to a chain that is the caller's own.
func (v *view) check(c *seal.Conversation, statement []byte) error {
	needs, err := seal.StatementNeeds(statement)
	if err != nil {
		return err
	}
	var roots []seal.Hash
	for _, n := range needs {
		roots = append(roots, n.Root)
	}
	with, err := v.named(roots...)
	if err != nil {
		return err
	}
	return c.Append(statement, with)
}

// accountKeys are the own account's private keys.
func (v *view) accountKeys() (seal.AccountKeys, error) {
	if v.keys != nil {
		return v.keys, nil
	}
	v.k.mu.RLock()
	keys := v.k.keys
	v.k.mu.RUnlock()
	if keys != nil {
		return keys, nil
	}
	stored, err := v.tx.AccountKeys()
	if err != nil {
		return nil, err
	}
	v.keys = seal.AccountKeys{}
	for g, s := range stored {
		v.keys[g] = seal.Secret(s)
	}
	return v.keys, nil
}

// learnAccount takes the statements of an account's chain that follow number
// after; those that are here already are passed over. It tells whether anything
// was new. The error says why the chain is refused; what was good before it is kept.
func (v *view) learnAccount(id chat.AccountID, after uint64, statements [][]byte) (grew bool, err error) {
	a, err := v.account(id)
	if err != nil {
		return false, err
	}
	known := uint64(0)
	if a != nil {
		known = a.Head().Seq
	}
	if after > known {
		return false, nil // what lies between is not here: asked for again
	}
	statements = statements[min(known-after, uint64(len(statements))):]
	if len(statements) == 0 {
		return false, nil
	}
	var next *seal.Account
	if a == nil {
		if next, err = seal.VerifyAccount(id, statements); err != nil {
			return false, err
		}
	} else {
		next = a.Clone()
		for i, s := range statements {
			if err = next.Append(s); err != nil {
				statements = statements[:i]
				break
			}
		}
	}
	if len(statements) > 0 {
		if kept := v.tx.AddToAccountChain(id, known, statements); kept != nil {
			return false, notKept{kept}
		}
		v.accounts[id] = next
	}
	return len(statements) > 0, err
}

// learnRoom does the same for a conversation's chain. The accounts that the
// statements speak of must be here.
func (v *view) learnRoom(id chat.ConversationID, after uint64, statements [][]byte) (grew bool, err error) {
	r, err := v.room(id)
	if err != nil {
		return false, err
	}
	if r == nil {
		r = &room{seal.NewConversation(id), seal.ConversationKeys{}}
	}
	known := r.chain.Head().Seq
	if after > known {
		return false, nil
	}
	statements = statements[min(known-after, uint64(len(statements))):]
	next := r.chain.Clone()
	for i, s := range statements {
		if err = v.check(next, s); err != nil {
			statements = statements[:i]
			break
		}
	}
	if len(statements) > 0 {
		if kept := v.tx.AddToChain(id, known, statements); kept != nil {
			return false, notKept{kept}
		}
		v.rooms[id] = &room{next, r.keys}
	}
	return len(statements) > 0, err
}

// learnKeys keeps keys of a conversation that are new.
func (v *view) learnKeys(id chat.ConversationID, keys seal.ConversationKeys) (grew bool, err error) {
	r, err := v.room(id)
	if err != nil || r == nil {
		return false, err
	}
	all, fresh := maps.Clone(r.keys), map[uint64]storage.Secret{}
	for g, s := range keys {
		if _, ok := all[g]; !ok {
			all[g], fresh[g] = s, storage.Secret(s)
		}
	}
	if len(fresh) == 0 {
		return false, nil
	}
	if err := v.tx.PutKeys(id, fresh); err != nil {
		return false, notKept{err}
	}
	v.rooms[id] = &room{r.chain, all}
	return true, nil
}

// learnAccountKeys keeps private keys of the own account that are new.
func (v *view) learnAccountKeys(keys seal.AccountKeys) error {
	known, err := v.accountKeys()
	if err != nil {
		return err
	}
	all, fresh := maps.Clone(known), map[uint64]storage.Secret{}
	for g, s := range keys {
		if _, ok := all[g]; !ok {
			all[g], fresh[g] = s, storage.Secret(s)
		}
	}
	if len(fresh) == 0 {
		return nil
	}
	v.keys = all
	return v.tx.PutAccountKeys(fresh)
}

// notKept is an error of the disk, not of a chain.
type notKept struct{ error }

func (e notKept) Unwrap() error { return e.error }

// refusedChain tells that a chain is not what it was, or not whose it is said to
// be: nothing may be built on it, and a person must know.
func refusedChain(err error) bool {
	return errors.Is(err, seal.ErrFork) || errors.Is(err, seal.ErrRollback) || errors.Is(err, seal.ErrIdentity)
}

// seals is the turn's view of the chains.
func (t *turn) seals() *view {
	if t.view == nil {
		t.view = t.s.keeper.view(t.tx)
	}
	return t.view
}

// look reads chains outside of the loop.
func (s *Session) look(fn func(*view) error) error {
	var v *view
	err := s.db.View(func(tx *storage.Tx) error {
		v = s.keeper.view(tx)
		return fn(v)
	})
	if err == nil {
		v.tx = nil
		s.keeper.take(v)
	}
	return err
}
