package session

import (
	"satchel/chat"
	"satchel/net/link"
	"satchel/net/wire"
)

// received takes one frame of the relay's.
func (t *turn) received(f wire.Frame) error {
	s := t.s
	switch f := f.(type) {
	case *wire.Entry:
		return t.entry(f)
	case *wire.Page:
		return t.page(f)
	case *wire.Sent:
		return t.sent(f)
	case *wire.ConversationNews:
		return t.conversationNews(f)
	case *wire.Conversations:
		return t.list(f.Conversations, f.More && len(f.Conversations) > 0, nil)
	case *wire.Mark:
		return t.mark(f)
	case *wire.OK:
		t.then(func() { s.markTold(f.Re) })
		if err := t.fetchedTold(f.Re); err != nil {
			return err
		}
		return t.settingTold(f.Re)
	case *wire.Fetched:
		return t.fetchedNews(f)
	case *wire.FetchedPage:
		return t.fetchedPage(f)
	case *wire.Setting:
		ok, err := t.settingCame(f)
		if !ok && err == nil {
			t.then(s.askLater)
		}
		return err
	case *wire.Settings:
		return t.settingsCame(f)
	case *wire.AccountNews:
		return t.accountNews(&f.Account)
	case *wire.Typing:
		t.announce(chat.TypingChanged{Conversation: chat.ConversationID(f.Conversation), Account: chat.AccountID(f.Account)})
	case *wire.Presence:
		t.then(func() {
			s.present([]wire.Account{{ID: f.Account, Online: f.Online, LastSeen: f.LastSeen}})
		})
	case *wire.LinkMessage:
		t.then(func() { s.linkMail(f.Code, link.MailboxEvent{Body: f.Body}) })
	case *wire.CloseLink:
		t.then(func() { s.linkMail(f.Code, link.MailboxEvent{Closed: true, Reason: f.Reason}) })
	case *wire.Error:
		return t.refused(f)
	default:
		s.log.Warn("a frame that nobody asked for", "type", f.Meta().Type)
	}
	return nil
}

// entry stores one new message. A conversation that is not known yet is told by
// the relay along with its head, and its entries are fetched then.
func (t *turn) entry(f *wire.Entry) error { return t.takeEntry(f, true, false) }

// takeEntry opens and stores an entry, or has it wait. late: should its sender
// be gone, that was known here before it came. last: it waits no more.
func (t *turn) takeEntry(f *wire.Entry, late, last bool) error {
	id := chat.ConversationID(f.Conversation)
	row, ok, err := t.tx.Conversation(id)
	if err != nil || !ok || f.Seq == 0 {
		return err
	}
	m, what, taken, err := t.open(id, f, late, last)
	if err != nil {
		return err
	}
	if what == waits {
		gone, err := t.isGone(&m)
		t.then(func() { t.s.hold(id, &batch{entry: f, late: gone}, []chat.AccountID{m.From}) })
		return err
	}
	var all []chat.Message
	if what != hidden {
		all = append(all, m)
	}
	added, err := t.tx.AddEntries(id, t.me, f.Seq, f.Seq, all)
	if err != nil {
		return err
	}
	if err := taken(); err != nil {
		return err
	}
	if err := t.came(added); err != nil {
		return err
	}
	t.news(id, false, added...)
	if err := t.fetchNew(added); err != nil {
		return err
	}
	if f.Seq > 1 && !row.Held.Has(f.Seq-1) {
		// The one before may only be late: it comes with another turn, or is fetched.
		t.then(func() { t.s.fetchSoon(id) })
	}
	return nil
}

// came takes in what new entries mean beside being shown.
func (t *turn) came(added []chat.Message) error {
	for i := range added {
		if err := t.faceCame(&added[i]); err != nil {
			return err
		}
		if !added[i].Vanishes().IsZero() {
			t.then(t.s.vanishSoon)
		}
		if err := t.hideEdits(&added[i]); err != nil {
			return err
		}
	}
	if err := t.ruled(added); err != nil {
		return err
	}
	if err := t.joins(added); err != nil {
		return err
	}
	return t.links(added)
}

func (t *turn) conversationNews(f *wire.ConversationNews) error {
	s, id := t.s, chat.ConversationID(f.Conversation.ID)
	behind, err := t.keep(&f.Conversation)
	if err != nil {
		return err
	}
	fetched, err := t.behindFetched(&f.Conversation)
	if err != nil {
		return err
	}
	care := t.chainNews(&f.Conversation, false)
	t.then(func() {
		care()
		if fetched {
			s.askFetched(id)
		}
		s.relayMarks(&f.Conversation)
		s.present(f.Conversation.Members)
		if behind {
			s.fetchSoon(id)
		}
	})
	return nil
}

// accountNews takes that an account's chain grew, or that its name changed.
func (t *turn) accountNews(a *wire.Account) error {
	if err := t.named(account(*a)); err != nil {
		return err
	}
	stale := t.staleAccounts([]wire.Account{*a}, false)
	t.then(func() {
		t.s.tellAccounts([]wire.Account{*a})
		if len(stale) > 0 {
			t.s.care.add("", wants{accounts: stale})
		}
	})
	return nil
}

func (t *turn) mark(f *wire.Mark) error {
	id := chat.ConversationID(f.Conversation)
	if _, ok, err := t.tx.Conversation(id); err != nil || !ok {
		return err
	}
	changed, err := t.tx.SetMark(id, chat.AccountID(f.Account), mark(f), t.me)
	if err != nil || !changed {
		return err
	}
	t.touch(id)
	if chat.AccountID(f.Account) == t.me { // another device of ours read it
		t.then(func() { t.s.markOf(id).told = t.s.markOf(id).told.Join(mark(f)) })
	}
	return nil
}

// refused takes an answer that says no.
func (t *turn) refused(f *wire.Error) error {
	s := t.s
	if act := s.state.outbox.flight[f.Re]; act != nil {
		return t.actRefused(act, f)
	}
	t.then(func() {
		s.log.Warn("the relay refused", "code", f.Code, "error", f.Message, "re", f.Re)
		if !s.fetchRefused(f) && !s.settingRefused(f) && !s.fetchedRefused(f) {
			s.markRefused(f)
		}
	})
	return nil
}
