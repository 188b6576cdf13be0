package relay

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"

	"satchel/net/relay/store"
	"satchel/net/seal"
)

// How much of the chains is kept in memory.
const (
	maxChains     = 4096    // of each kind
	maxStatements = 1 << 16 // in all chains of a kind; an account's takes up to 3 KB
)

// chains keeps checked chains, so that a statement costs one check. What is in
// it is never changed: who appends works on a copy, and keeps that when it is
// on the disk. So it is never ahead of the store; where it is behind, the rest
// is read from there.
type chains struct {
	accounts      kept[*seal.Account]
	conversations kept[*seal.Conversation]
}

func (c *chains) init() {
	c.accounts.all = map[string]*keptChain[*seal.Account]{}
	c.conversations.all = map[string]*keptChain[*seal.Conversation]{}
}

type kept[C interface{ Head() seal.Head }] struct {
	mu         sync.Mutex
	all        map[string]*keptChain[C]
	statements int
	clock      uint64
}

type keptChain[C any] struct {
	chain C
	used  uint64 // when, by the clock of kept
}

// get returns a chain, or the zero value.
func (k *kept[C]) get(id string) (chain C, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e, ok := k.all[id]
	if !ok {
		return chain, false
	}
	k.clock++
	e.used = k.clock
	return e.chain, true
}

// put keeps a chain unless a longer one is there.
func (k *kept[C]) put(id string, chain C) {
	k.mu.Lock()
	defer k.mu.Unlock()
	size := int(chain.Head().Seq)
	if e, ok := k.all[id]; ok {
		old := int(e.chain.Head().Seq)
		if old >= size {
			return
		}
		k.statements -= old
	}
	k.clock++
	k.all[id] = &keptChain[C]{chain, k.clock}
	k.statements += size
	if len(k.all) > maxChains || k.statements > maxStatements {
		k.shrink()
	}
}

// shrink forgets the half that was not used for longest, and goes on until the
// rest is small enough or one.
func (k *kept[C]) shrink() {
	ids := make([]string, 0, len(k.all))
	for id := range k.all {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int { return cmp.Compare(k.all[a].used, k.all[b].used) })
	for len(ids) > 1 && (len(ids) > maxChains/2 || k.statements > maxStatements/2) {
		k.statements -= int(k.all[ids[0]].chain.Head().Seq)
		delete(k.all, ids[0])
		ids = ids[1:]
	}
}

// accountChain returns an account's chain as it is on the disk;
// store.ErrNotFound when it has none.
func (r *Relay) accountChain(id string) (*seal.Account, error) {
	a, _ := r.chains.accounts.get(id)
	err := r.catchUp(store.Chain{Kind: store.AccountChain, ID: id}, func() uint64 {
		if a == nil {
			return 0
		}
		return a.Head().Seq
	}, func(all [][]byte) (err error) {
		if a == nil {
			a, err = seal.VerifyAccount(seal.AccountIDOf(all[0]), all)
			return err
		}
		a = a.Clone()
		for _, b := range all {
			if err := a.Append(b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.chains.accounts.put(id, a)
	return a, nil
}

// conversationChain returns a conversation's chain as it is on the disk;
// store.ErrNotFound when it has none.
func (r *Relay) conversationChain(id string) (*seal.Conversation, error) {
	c, _ := r.chains.conversations.get(id)
	err := r.catchUp(store.Chain{Kind: store.ConversationChain, ID: id}, func() uint64 {
		if c == nil {
			return 0
		}
		return c.Head().Seq
	}, func(all [][]byte) error {
		accounts, err := r.accountsFor(all...)
		if err != nil {
			return err
		}
		if c == nil {
			first, err := seal.OutlineConversation(all[0])
			if err != nil {
				return err
			}
			c, err = seal.VerifyConversation(first.Conversation, all, accounts)
			return err
		}
		c = c.Clone()
		for _, b := range all {
			if err := c.Append(b, accounts); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	r.chains.conversations.put(id, c)
	return c, nil
}

// catchUp reads the statements behind a head and hands them on.
func (r *Relay) catchUp(c store.Chain, head func() uint64, take func([][]byte) error) error {
	for more := true; more; {
		var all [][]byte
		var err error
		if all, more, err = r.store.Statements(c, head(), store.Newest); err != nil {
			return err
		}
		switch {
		case len(all) > 0:
			if err := take(all); err != nil {
				return fmt.Errorf("the stored chain of %s %s: %w", c.Kind, c.ID, err)
			}
		case head() == 0:
			return store.ErrNotFound
		}
	}
	return nil
}

// errStranger: a statement speaks of an account that is not here.
var errStranger = errors.New("relay: the account is not here")

// accountsFor returns the accounts that are needed to check these statements
// of a conversation; errStranger when one is not here.
func (r *Relay) accountsFor(statements ...[]byte) (seal.Accounts, error) {
	accounts := seal.Accounts{}
	for _, b := range statements {
		needs, err := seal.StatementNeeds(b)
		if err != nil {
			return nil, err
		}
		for _, n := range needs {
			if accounts[n.Root] != nil {
				continue
			}
			a, err := r.accountChain(string(seal.AccountName(n.Root)))
			switch {
			case errors.Is(err, store.ErrNotFound):
				return nil, errStranger
			case err != nil:
				return nil, err
			}
			accounts[a.Root()] = a // not under n.Root: two roots may have one name
		}
	}
	return accounts, nil
}
