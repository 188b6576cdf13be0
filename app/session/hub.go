package session

import (
	"maps"
	"sync"

	"satchel/chat"
)

// hub hands changes to subscribers. Publishing never waits. What a subscriber
// has not taken yet is merged: of a transfer, a conversation, a presence, the
// connection and the sync only the latest is kept, and sits where it came last;
// messages of one conversation are joined into one change, the latest version of
// each. So what waits is bounded by what exists, and no message is ever lost.
type hub struct {
	mu   sync.Mutex
	subs map[*subscriber]bool
	gone bool
	live map[chat.TransferID]chat.Transfer // with rate and time left, until they end
	wg   sync.WaitGroup
}

type subscriber struct {
	waiting []chat.Change // nil where a later one took its place
	holes   int           // how many of those
	place   map[any]int   // key → index in waiting
	ids     map[any]map[chat.MessageID]int
	wake    chan struct{} // capacity 1
	out     chan []chat.Change
	done    chan struct{}
	once    sync.Once
}

func newHub() *hub {
	return &hub{subs: map[*subscriber]bool{}, live: map[chat.TransferID]chat.Transfer{}}
}

// subscribe starts one goroutine, which ends with the returned function or the hub.
func (h *hub) subscribe() (<-chan []chat.Change, func()) {
	s := &subscriber{place: map[any]int{}, ids: map[any]map[chat.MessageID]int{}, wake: make(chan struct{}, 1),
		out: make(chan []chat.Change), done: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone {
		close(s.out)
		return s.out, func() {}
	}
	h.subs[s] = true
	h.wg.Go(func() { h.feed(s) })
	return s.out, func() { h.drop(s) }
}

func (h *hub) drop(s *subscriber) {
	h.mu.Lock()
	delete(h.subs, s)
	h.mu.Unlock()
	s.once.Do(func() { close(s.done) })
}

// feed moves what waits to the channel, a batch at a time.
func (h *hub) feed(s *subscriber) {
	defer close(s.out)
	for {
		select {
		case <-s.wake:
		case <-s.done:
			return
		}
		h.mu.Lock()
		batch := s.take()
		h.mu.Unlock()
		if len(batch) == 0 {
			continue
		}
		select {
		case s.out <- batch:
		case <-s.done:
			return
		}
	}
}

func (h *hub) publish(changes ...chat.Change) {
	if len(changes) == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range changes {
		if t, ok := c.(chat.TransferChanged); ok {
			if t.Transfer.State.Ended() {
				delete(h.live, t.Transfer.ID)
			} else {
				h.live[t.Transfer.ID] = t.Transfer
			}
		}
	}
	for s := range h.subs {
		for _, c := range changes {
			s.add(c)
		}
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
}

// latest returns what the engine last said of a transfer that has not ended.
func (h *hub) latest(id chat.TransferID) (chat.Transfer, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t, ok := h.live[id]
	return t, ok
}

func (h *hub) close() {
	h.mu.Lock()
	h.gone = true
	subs := maps.Clone(h.subs)
	h.mu.Unlock()
	for s := range subs {
		h.drop(s)
	}
	h.wg.Wait()
}

// keys of what may be merged.
type (
	transferKey     chat.TransferID
	conversationKey chat.ConversationID
	presenceKey     chat.AccountID
	typingKey       struct {
		c chat.ConversationID
		a chat.AccountID
	}
	connectionKey struct{}
	syncKey       struct{}
	messagesKey   struct {
		c       chat.ConversationID
		history bool
	}
)

func keyOf(c chat.Change) any {
	switch c := c.(type) {
	case chat.TransferChanged:
		return transferKey(c.Transfer.ID)
	case chat.ConversationChanged:
		return conversationKey(c.Conversation.ID)
	case chat.PresenceChanged:
		return presenceKey(c.Presence.Account)
	case chat.TypingChanged:
		return typingKey{c.Conversation, c.Account}
	case chat.ConnectionChanged:
		return connectionKey{}
	case chat.SyncChanged:
		return syncKey{}
	case chat.MessagesChanged:
		return messagesKey{c.Conversation, c.History}
	}
	return nil
}

func (s *subscriber) add(c chat.Change) {
	key := keyOf(c)
	if m, ok := c.(chat.MessagesChanged); ok {
		s.addMessages(key, m)
		return
	}
	if key != nil {
		if i, ok := s.place[key]; ok {
			s.waiting[i] = nil
			s.holes++
			s.compact()
		}
		s.place[key] = len(s.waiting)
	}
	s.waiting = append(s.waiting, c)
}

// compact takes the holes out once they are most of what there is.
func (s *subscriber) compact() {
	if s.holes < 64 || s.holes*2 < len(s.waiting) {
		return
	}
	kept := s.waiting[:0]
	for _, c := range s.waiting {
		if c != nil {
			if key := keyOf(c); key != nil {
				s.place[key] = len(kept)
			}
			kept = append(kept, c)
		}
	}
	clear(s.waiting[len(kept):])
	s.waiting, s.holes = kept, 0
}

func (s *subscriber) addMessages(key any, m chat.MessagesChanged) {
	i, ok := s.place[key]
	if !ok {
		i = len(s.waiting)
		s.place[key], s.ids[key] = i, map[chat.MessageID]int{}
		s.waiting = append(s.waiting, chat.MessagesChanged{Conversation: m.Conversation, History: m.History})
	}
	all, at := s.waiting[i].(chat.MessagesChanged), s.ids[key]
	for _, one := range m.Messages {
		if n, ok := at[one.ID]; ok {
			all.Messages[n] = one
			continue
		}
		at[one.ID] = len(all.Messages)
		all.Messages = append(all.Messages, one)
	}
	all.Removed = append(all.Removed, m.Removed...)
	s.waiting[i] = all
}

// take returns what waits, and forgets it.
func (s *subscriber) take() []chat.Change {
	var batch []chat.Change
	for _, c := range s.waiting {
		if c != nil {
			batch = append(batch, c)
		}
	}
	s.waiting, s.holes = nil, 0
	clear(s.place)
	clear(s.ids)
	return batch
}
