package app

import (
	"context"
	"slices"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

// around is how many entries behind a message are shown with it.
const around = 30

// jump shows one message of the open conversation, wherever in it that is. The
// run that is shown may end before the newest message then: newer ones are read
// as the person scrolls down, and the way to the end is a fresh start.
func (p *pane) jump(id chat.MessageID) {
	if p.timeline.Flash(id) {
		return
	}
	a, conv := p.app, p.id
	p.round++
	round := p.round
	p.loading = true
	a.work(func(context.Context) func() {
		m, ok, err := a.session.Message(conv, id)
		if err != nil {
			a.log.Error("read a message", "error", err)
		}
		var page []chat.Message
		if ok && m.Seq != 0 {
			page = a.pageAround(conv, m.Seq)
		}
		items := a.items(conv, page)
		return func() {
			if p.round != round {
				return
			}
			p.loading = false
			if len(page) == 0 {
				a.notice(notInCache())
				if !p.loaded {
					p.reload()
				}
				return
			}
			p.showAt(page, items, id)
		}
	})
}

// pageAround reads the run of the log that has seq in it, as far as it is here.
func (a *App) pageAround(conv chat.ConversationID, seq uint64) []chat.Message {
	before, err := a.session.Messages(conv, seq+1, pageSize)
	if err != nil {
		a.log.Error("read messages", "error", err)
	}
	after, err := a.session.MessagesAfter(conv, seq, around)
	if err != nil {
		a.log.Error("read messages", "error", err)
	}
	return append(joined(before, seq+1), following(after, seq)...)
}

// following is the run of a page that goes on from seq without a gap.
func following(page []chat.Message, seq uint64) []chat.Message {
	for i, m := range page {
		if m.Seq != seq+uint64(i)+1 {
			return page[:i]
		}
	}
	return page
}

// showAt shows a run from the middle of the log.
func (p *pane) showAt(page []chat.Message, items []item, id chat.MessageID) {
	p.forget()
	p.loaded, p.missed, p.opening = true, false, false
	seen := p.take(page, items)
	p.detached = p.hasNewer()
	p.timeline.ResetAt(p.items(seen), p.hasOlder(), p.detached, id)
	p.drawEmpty()
}

// take notes what was read, and returns what of it is shown.
func (p *pane) take(page []chat.Message, items []item) (seen []chat.Message) {
	for i, m := range page {
		p.keep(m)
		if m.Content.Changes() {
			continue
		}
		seen = append(seen, m)
		if items[i].fetched != nil {
			p.fetched[m.ID] = items[i].fetched
		}
		if items[i].path != "" {
			p.paths[m.ID], p.partly[m.ID] = items[i].path, items[i].partly
		}
	}
	return seen
}

// hasNewer tells whether the log goes on behind what is shown.
func (p *pane) hasNewer() bool { return p.highest < p.app.model.conversations[p.id].Head }

// newer reads on where what is shown ends.
func (p *pane) newer() {
	if !p.loaded || p.loading || !p.detached {
		return
	}
	a, conv, from, round := p.app, p.id, p.highest, p.round
	p.loading = true
	a.work(func(context.Context) func() {
		page, err := a.session.MessagesAfter(conv, from, pageSize)
		if err != nil {
			a.log.Error("read messages", "error", err)
		}
		page = following(page, from)
		pending, err := a.session.Messages(conv, 0, pageSize)
		if err != nil {
			a.log.Error("read messages", "error", err)
		}
		pending = slices.DeleteFunc(pending, func(m chat.Message) bool { return m.Seq != 0 })
		items, waiting := a.items(conv, page), a.items(conv, pending)
		return func() {
			if p.round != round {
				return
			}
			p.loading = false
			if len(page) == 0 && p.hasNewer() {
				a.session.LoadHistory(conv, from+pageSize+1) // MessagesChanged brings it here again
				return
			}
			seen := p.take(page, items)
			if p.detached = p.hasNewer(); !p.detached {
				seen = append(seen, p.take(pending, waiting)...)
			}
			p.timeline.Append(p.items(seen), p.detached)
			p.timeline.SetBeyond(p.beyond())
			p.requote(seen)
		}
	})
}

// firstUnread is the message above which the line stands that says what is new:
// the first that came since the person was here last. The conversation begins
// there when it is opened, where that is more than a screen.
func (p *pane) firstUnread(page []chat.Message) chat.MessageID {
	if !p.opening {
		return ""
	}
	p.opening = false
	c := p.app.model.conversations[p.id]
	me := p.app.model.me.ID
	if c.Unread == 0 {
		return ""
	}
	for _, m := range page {
		if m.From != me && m.Seq > c.Marks[me].Read {
			return m.ID
		}
	}
	return ""
}

// beyond counts the messages that the person does not know and that the timeline
// does not hold, as its run ends before them.
func (p *pane) beyond() int {
	c := p.app.model.conversations[p.id]
	if !p.detached {
		return 0
	}
	n, me := c.Unread, p.app.model.me.ID
	for _, m := range p.shown {
		if m.From != me && m.Seq > c.Marks[me].Read {
			n--
		}
	}
	return max(0, n)
}

func notInCache() string {
	return lang.L("That message is not on this computer yet. Scroll up to fetch older ones.")
}
