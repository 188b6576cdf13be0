package session

import (
	"slices"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
)

// fetcher decides what is asked of the relay's logs next. After a welcome every
// conversation with news is stale. Pages are asked for one at a time in a
// conversation, a few at a time in all, newest first: the conversation on screen,
// then history that the person scrolled to, then the newest page of every stale
// conversation, then the rest of what is new. What is new ends where our received
// mark or an older part of the cache begins; below that, history is on demand.
type fetcher struct {
	focus   chat.ConversationID
	older   map[chat.ConversationID]uint64 // history asked for: below this number
	want    []chat.ConversationID          // the same, in order
	stale   []chat.ConversationID          // newest page not here yet
	rest    []chat.ConversationID          // holes behind it
	asked   map[string]*page               // under way, by frame id
	busy    map[chat.ConversationID]bool
	paused  bool                         // the relay asked us to wait
	listing bool                         // the welcome did not name all conversations
	listed  map[chat.ConversationID]bool // what the relay named of them
}

// page is a question under way.
type page struct {
	conv    chat.ConversationID
	run     chat.Range // what it covers
	history bool
}

// covers is the run that an answer is about: what was asked for, and down to what
// it has, where the relay has nothing in that. A relay that was put back from a
// backup leaves out the numbers that it may have given to what it lost.
func (p *page) covers(f *wire.Page) chat.Range {
	run := p.run
	switch last := len(f.Entries) - 1; {
	case last < 0:
		run.From = 1
	case f.Entries[last].Seq < run.From:
		run.From = max(f.Entries[0].Seq, 1)
	}
	return run
}

// window is how many pages are asked for at a time.
const window = 4

func newFetcher() fetcher {
	return fetcher{older: map[chat.ConversationID]uint64{}, asked: map[string]*page{}, busy: map[chat.ConversationID]bool{}, listed: map[chat.ConversationID]bool{}}
}

// reset forgets what was under way; what the person asked for stays.
func (f *fetcher) reset() {
	f.stale, f.rest, f.paused, f.listing = nil, nil, false, false
	clear(f.asked)
	clear(f.busy)
	clear(f.listed)
}

// firstPage is how much of a conversation of which nothing is here is fetched
// unasked, though another device of ours has received it.
const firstPage = 50

// missing returns the newest run that is news and not here.
func missing(c *chat.Conversation, me chat.AccountID) (chat.Range, bool) {
	run, ok := c.Held.Missing(c.Head)
	if !ok {
		return run, false
	}
	if run.From == 1 { // nothing held below: news end at our mark
		run.From = c.Marks[me].Received + 1
		if len(c.Held) == 0 && c.Head > 0 {
			run.From = min(run.From, max(c.Head, firstPage)-firstPage+1)
		}
	}
	return run, run.From <= run.To
}

// next takes the most urgent conversation that is not busy from the queues.
func (f *fetcher) next() (id chat.ConversationID, history, ok bool) {
	for _, queue := range []*[]chat.ConversationID{&f.want, &f.stale, &f.rest} {
		if i := slices.Index(*queue, f.focus); i > 0 {
			*queue = slices.Insert(slices.Delete(*queue, i, i+1), 0, f.focus)
		}
	}
	queues := []*[]chat.ConversationID{&f.want, &f.stale, &f.rest}
	if len(f.stale) > 0 && f.stale[0] == f.focus {
		queues[0], queues[1] = queues[1], queues[0]
	}
	for _, queue := range queues {
		for _, id := range *queue {
			if !f.busy[id] {
				return id, queue == &f.want, true
			}
		}
	}
	return "", false, false
}

// drop takes a conversation out of a queue.
func drop(queue *[]chat.ConversationID, id chat.ConversationID) {
	*queue = slices.DeleteFunc(*queue, func(x chat.ConversationID) bool { return x == id })
}

// fetch asks for as much as may be under way.
func (s *Session) fetch() {
	f, l := &s.state.sync, s.link.Load()
	if !s.state.online || l == nil || f.paused {
		return
	}
	for len(f.asked) < window {
		id, history, ok := f.next()
		if !ok {
			return
		}
		run, ok, err := s.wanted(id, history)
		if err != nil {
			s.log.Error("read a conversation", "error", err)
		}
		if !ok {
			if history {
				drop(&f.want, id)
				delete(f.older, id)
				s.hub.publish(chat.MessagesChanged{Conversation: id, History: true}) // the answer: there is no more
			} else {
				drop(&f.stale, id)
				drop(&f.rest, id)
				s.checkSynced()
			}
			continue
		}
		// No more than a page, the newest of the run.
		limit := min(run.To-run.From+1, wire.MaxPage)
		run.From = run.To - limit + 1
		ask := &wire.History{Header: wire.Header{ID: l.NextID()}, Conversation: string(id), Before: run.To + 1, Limit: int(limit)}
		if l.Send(ask) != nil {
			s.pauseFetch(retryPause)
			return
		}
		f.asked[ask.ID] = &page{id, run, history}
		f.busy[id] = true
	}
}

// wanted returns the run to ask for next in a conversation.
func (s *Session) wanted(id chat.ConversationID, history bool) (run chat.Range, ok bool, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		row, known, err := tx.Conversation(id)
		if err != nil || !known {
			return err
		}
		if !history {
			run, ok = missing(&row, s.me())
			return nil
		}
		below := s.state.sync.older[id]
		if below == 0 || below > row.Head+1 {
			below = row.Head + 1
		}
		run, ok = row.Held.Missing(below - 1)
		// The person sees at most a page above the hole: what lies deeper waits.
		ok = ok && run.To+wire.MaxPage >= below
		return nil
	})
	return run, ok, err
}

// page stores a page. The run that was asked for is held afterwards, as far as
// the page goes: a relay that has nothing there won't be asked again.
func (t *turn) page(f *wire.Page) error { return t.takePage(f, false) }

// takePage opens and stores a page, or has it wait; last: it waits no more.
func (t *turn) takePage(f *wire.Page, last bool) error {
	s := t.s
	p := s.state.sync.asked[f.Re]
	if p == nil || string(p.conv) != f.Conversation {
		return nil // of an earlier connection
	}
	run := p.covers(f)
	from, to := run.From, run.To
	var messages []chat.Message
	var lacking []chat.AccountID
	var taken []func() error
	first := uint64(0)
	for i := range f.Entries {
		e := &f.Entries[i]
		if e.Seq < from || e.Seq > to {
			continue // not what was asked for
		}
		if first == 0 {
			first = e.Seq
		}
		m, what, take, err := t.open(p.conv, e, false, last)
		if err != nil {
			return err
		}
		taken = append(taken, take)
		switch what {
		case waits:
			lacking = append(lacking, m.From)
		case hidden:
		default:
			messages = append(messages, m)
		}
	}
	if len(lacking) > 0 {
		t.then(func() { s.hold(p.conv, &batch{page: f}, lacking) })
		return nil
	}
	if first > 0 {
		from = first // the page may be short of bytes; the rest is asked for next
	}
	if run.From < p.run.From && len(f.Entries) > 0 {
		if err := t.lost(p.conv, chat.Range{From: f.Entries[len(f.Entries)-1].Seq + 1, To: p.run.From - 1}); err != nil {
			return err
		}
	}
	added, err := t.tx.AddEntries(p.conv, t.me, from, to, messages)
	if err != nil {
		return err
	}
	for _, take := range taken {
		if err := take(); err != nil {
			return err
		}
	}
	if err := t.came(added); err != nil {
		return err
	}
	t.news(p.conv, p.history, added...)
	t.then(func() {
		s.watchHoles(p.conv)
		q := &s.state.sync
		delete(q.asked, f.Re)
		delete(q.busy, p.conv)
		if p.history {
			drop(&q.want, p.conv)
			delete(q.older, p.conv)
			if len(added) == 0 {
				s.hub.publish(chat.MessagesChanged{Conversation: p.conv, History: true})
			}
			return
		}
		drop(&q.stale, p.conv)
		if !slices.Contains(q.rest, p.conv) {
			q.rest = append(q.rest, p.conv) // fetch drops it when nothing is missing
		}
		s.checkSynced()
	})
	return nil
}

// fetchRefused takes the relay's no to a page; false when it was none.
func (s *Session) fetchRefused(e *wire.Error) bool {
	f := &s.state.sync
	p := f.asked[e.Re]
	if p == nil {
		return false
	}
	delete(f.asked, e.Re)
	delete(f.busy, p.conv)
	if e.Retry {
		s.pauseFetch(time.Second)
		return true
	}
	drop(&f.want, p.conv)
	drop(&f.stale, p.conv)
	drop(&f.rest, p.conv)
	delete(f.older, p.conv)
	s.checkSynced()
	return true
}

func (s *Session) pauseFetch(d time.Duration) {
	s.state.sync.paused = true
	s.later(d, call(func(t *turn) { s.state.sync.paused = false }))
}

// lateness is how long an entry may be on its way behind a later one before it
// is asked for.
const lateness = 100 * time.Millisecond

// fetchSoon looks for holes in a conversation, after entries that are only late
// had their time.
func (s *Session) fetchSoon(id chat.ConversationID) {
	s.later(lateness, call(func(t *turn) {
		if f := &s.state.sync; s.state.online && !slices.Contains(f.rest, id) {
			f.rest = append(f.rest, id)
		}
	}))
}

// checkSynced announces that every conversation's newest page is here, or that
// this is being seen to.
func (s *Session) checkSynced() {
	f := &s.state.sync
	done := s.state.online && !f.listing && len(f.stale) == 0
	s.mu.Lock()
	changed := done != s.synced
	s.synced = done
	s.mu.Unlock()
	if changed {
		s.hub.publish(chat.SyncChanged{Done: done})
	}
	if changed && done {
		s.wake() // who wants to come into a group is answered from now on
	}
}

// Focus says which conversation is on screen: it is brought up to date first, and
// every second file that goes is one of its own.
func (s *Session) Focus(conv chat.ConversationID) {
	s.engine.Focus(conv)
	s.care.look(conv)
	s.post(call(func(t *turn) {
		if before := s.state.sync.focus; before != conv && s.state.settings.drafts[before] {
			s.later(0, tellDraft{before})
		}
		s.state.sync.focus = conv
	}))
}

// LoadHistory asks for messages below sequence number before that are not in the
// cache; 0 means the end. MessagesChanged{History} follows, without messages
// when there are none.
func (s *Session) LoadHistory(conv chat.ConversationID, before uint64) {
	s.post(call(func(t *turn) {
		f := &s.state.sync
		if !slices.Contains(f.want, conv) {
			f.want = append(f.want, conv)
		}
		f.older[conv] = before
	}))
}
