package session

import (
	"maps"
	"slices"
	"sync"

	"satchel/chat"
)

// hub hands changes to subscribers. Publishing never waits. What a subscriber
// has not taken yet is merged: of a transfer, a conversation, a presence, the
// connection and the sync only the latest is kept, and takes the place of the
// first; messages of one conversation are joined into one change, the latest
// version of each. So what waits is bounded by what exists, no message is ever
// lost, and a conversation comes before its messages.
type hub struct {
	mu   sync.Mutex
	subs map[*subscriber]bool
	gone bool
	live map[chat.TransferID]chat.Transfer // with rate and time left, until they end
	wg   sync.WaitGroup
}

type subscriber struct {
	waiting []chat.Change
	place   map[any]int // key → index in waiting
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
	nameKey         chat.AccountID
	faceKey         string
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
	case chat.AccountChanged:
		return nameKey(c.Account.ID)
	case chat.FaceChanged:
		return faceKey(string(c.Account) + " " + string(c.Conversation))
	case chat.TypingChanged:
		return typingKey{c.Conversation, c.Account}
	case chat.ConnectionChanged:
		return connectionKey{}
	case chat.SyncChanged:
		return syncKey{}
	case chat.MessagesChanged:
		return messagesKey{c.Conversation, c.History}
	}
	return c // a notice: the same one twice is one
}

func (s *subscriber) add(c chat.Change) {
	key := keyOf(c)
	if m, ok := c.(chat.MessagesChanged); ok {
		s.addMessages(key, m)
		return
	}
	if i, ok := s.place[key]; ok {
		s.waiting[i] = c
		return
	}
	s.place[key] = len(s.waiting)
	s.waiting = append(s.waiting, c)
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
	for _, id := range m.Removed {
		if n, ok := at[id]; ok {
			all.Messages = slices.Delete(all.Messages, n, n+1)
			delete(at, id)
			for other, k := range at {
				if k > n {
					at[other] = k - 1
				}
			}
		}
		all.Removed = append(all.Removed, id)
	}
	s.waiting[i] = all
}

// take returns what waits, and forgets it.
func (s *subscriber) take() []chat.Change {
	batch := s.waiting
	s.waiting = nil
	clear(s.place)
	clear(s.ids)
	return batch
}
