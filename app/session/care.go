package session

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
)

// care is what has to be done about chains and keys: for each conversation, and
// under "" for accounts alone. The loop adds to it; workers carry it out, one
// at a time in a conversation (see tend).
type care struct {
	mu    sync.Mutex
	focus chat.ConversationID // on the screen: it comes first
	want  map[chat.ConversationID]*wants
	order []chat.ConversationID
	runs  map[chat.ConversationID]uint64 // how often work was begun
	wake  chan struct{}                  // capacity workers
	locks map[chat.ConversationID]chan struct{}
}

// wants is what is wanted of a conversation, beside its chain and keys.
type wants struct {
	found    bool // make its chain, if there is none
	rotate   bool // at once, if it is due
	accounts map[chat.AccountID]bool
}

// tenders is how many conversations are seen to at a time.
const tenders = 4

func newCare() *care {
	return &care{want: map[chat.ConversationID]*wants{}, runs: map[chat.ConversationID]uint64{},
		wake: make(chan struct{}, tenders), locks: map[chat.ConversationID]chan struct{}{}}
}

// add notes that a conversation needs care. It returns the number of the run
// that will give it.
func (c *care) add(id chat.ConversationID, w wants) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	have := c.want[id]
	if have == nil {
		have = &wants{accounts: map[chat.AccountID]bool{}}
		c.want[id] = have
		c.order = append(c.order, id)
	}
	have.found, have.rotate = have.found || w.found, have.rotate || w.rotate
	maps.Copy(have.accounts, w.accounts)
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return c.runs[id] + 1
}

// look notes what is on the screen.
func (c *care) look(id chat.ConversationID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.focus = id
}

// next takes what is on the screen, else the oldest.
func (c *care) next() (id chat.ConversationID, w *wants, run uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.order) == 0 {
		return "", nil, 0, false
	}
	if i := slices.Index(c.order, c.focus); i > 0 {
		id, c.order = c.focus, slices.Delete(c.order, i, i+1)
	} else {
		id, c.order = c.order[0], c.order[1:]
	}
	w = c.want[id]
	delete(c.want, id)
	c.runs[id]++
	return id, w, c.runs[id], true
}

// forget drops what is wanted: a new connection tells anew.
func (c *care) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.want)
	c.order = nil
}

// lock waits until nobody else changes the conversation's chain.
func (c *care) lock(ctx context.Context, id chat.ConversationID) (unlock func(), err error) {
	c.mu.Lock()
	l := c.locks[id]
	if l == nil {
		l = make(chan struct{}, 1)
		c.locks[id] = l
	}
	c.mu.Unlock()
	select {
	case l <- struct{}{}:
		return func() { <-l }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// tend carries out what care says until ctx ends.
func (s *Session) tend(ctx context.Context) error {
	var all sync.WaitGroup
	for range tenders {
		all.Go(func() {
			for {
				for {
					id, w, run, ok := s.care.next()
					if !ok || ctx.Err() != nil {
						break
					}
					err := s.tendTo(ctx, id, w)
					s.post(tended{s, id, *w, run, err})
				}
				select {
				case <-s.care.wake:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	all.Wait()
	return nil
}

// tendTo brings a conversation's chain and keys up to date, and does what is due.
func (s *Session) tendTo(ctx context.Context, id chat.ConversationID, w *wants) error {
	for a := range w.accounts {
		if err := s.renewAccount(ctx, a); err != nil && transient(err) {
			return err
		}
	}
	if id == "" {
		return nil
	}
	unlock, err := s.care.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	if err := s.refresh(ctx, id); err != nil {
		return err
	}
	r, due, err := s.due(id)
	switch {
	case err != nil:
		return err
	case r == nil && w.found:
		return s.found(ctx, id)
	case r == nil || !due:
		return nil
	case w.rotate:
		return s.rotate(ctx, id)
	}
	// Not everybody at once: who comes first saves the others the work.
	time.AfterFunc(rand.N(rotateWithin), func() { s.care.add(id, wants{rotate: true}) })
	return nil
}

// rotateWithin is how long a rotation that is due waits for somebody else to do it.
const rotateWithin = 2 * time.Second

// renewAccount fetches what is new of an account, its keys too when it is the own one.
func (s *Session) renewAccount(ctx context.Context, id chat.AccountID) error {
	if id == s.me() {
		_, _, err := s.ownKeys(ctx)
		return err
	}
	_, err := s.accountChain(ctx, id)
	return err
}

// transient tells of an error after which the same may succeed: no connection,
// or a relay that asks for patience.
func transient(err error) bool {
	var said *wire.Error
	if errors.As(err, &said) {
		return said.Retry
	}
	return errors.Is(err, ErrOffline) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, errLate) || errors.Is(err, errBusy)
}

// tended ends a piece of care.
type tended struct {
	s    *Session
	id   chat.ConversationID
	want wants
	run  uint64
	err  error
}

func (e tended) stores() bool { return true }

// settle meets a batch that can't be stored: what waited is asked for again, but
// for what contradicts the cache.
func (e tended) settle(err error) {
	if err == nil || errors.Is(err, ErrClosed) {
		return
	}
	s := e.s
	for _, b := range s.state.waiting.batches[e.id] {
		if b.page != nil {
			s.fetchRefused(&wire.Error{Header: b.page.Header, Retry: !errors.Is(err, storage.ErrConflict)})
		}
	}
	delete(s.state.waiting.batches, e.id)
	if errors.Is(err, storage.ErrConflict) {
		s.contradicted(err)
		return
	}
	s.log.Error("what the relay sent could not be kept", "error", err)
	s.hub.publish(chat.Notice{Text: s.sentence(err).Error()})
}

func (e tended) apply(t *turn) error {
	s := t.s
	if e.err != nil && (transient(e.err) || errors.Is(e.err, context.Canceled)) {
		t.then(func() {
			if s.state.online {
				s.later(retryPause, call(func(t *turn) { s.care.add(e.id, e.want) }))
			}
		})
		return nil
	}
	if e.err != nil {
		s.log.Warn("a conversation's keys", "conversation", e.id, "error", e.err)
	}
	if e.id == "" {
		return nil
	}
	if err := t.again(e.id, e.run); err != nil {
		return err
	}
	if err := t.founded(e.id); err != nil {
		return err
	}
	t.then(func() { s.unblock(e.id) })
	return nil
}

// staleAccounts are those of which the relay has more than is here, or, as a
// welcome shows it, less. Nothing is here of somebody whom no conversation
// needed yet: they are left out.
func (t *turn) staleAccounts(all []wire.Account, welcome bool) map[chat.AccountID]bool {
	stale := map[chat.AccountID]bool{}
	for _, a := range all {
		id := chat.AccountID(a.ID)
		here := t.tx.AccountChainLength(id)
		if a.Chain > here && (here > 0 || id == t.me) || welcome && a.Chain < here {
			stale[id] = true
		}
	}
	return stale
}

// chainNews holds what the relay says of chains against what is here; the
// function that it returns has the rest fetched, after the commit.
func (t *turn) chainNews(c *wire.Conversation, welcome bool) func() {
	s, id := t.s, chat.ConversationID(c.ID)
	stale, here := t.staleAccounts(c.Members, welcome), t.tx.ChainLength(id)
	lacking := welcome && len(t.tx.Sealed(id, 0, 1)) > 0 // a key may be there by now
	hidden := t.isHidden(id) && c.Chain >= here          // what was missing may be there again
	return func() {
		s.tellAccounts(c.Members)
		switch {
		case c.Chain > here || welcome && c.Chain < here || lacking || hidden:
			s.care.add(id, wants{accounts: stale})
		case len(stale) > 0:
			s.care.add("", wants{accounts: stale})
		}
	}
}

// tellAccounts notes how long the relay says that chains are.
func (s *Session) tellAccounts(all []wire.Account) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range all {
		s.lengths[chat.AccountID(a.ID)] = max(s.lengths[chat.AccountID(a.ID)], a.Chain)
	}
}

func (s *Session) toldOf(id chat.AccountID) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lengths[id]
}
