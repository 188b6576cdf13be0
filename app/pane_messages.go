package app

import (
	"cmp"
	"context"
	"slices"

	"satchel/chat"
)

// load reads the newest page, or the one before a sequence number, and shows
// what of it joins what is shown; the session fetches what is missing.
func (p *pane) load(before uint64) {
	a, id, round := p.app, p.id, p.round
	p.loading = true
	a.session.Focus(id)
	c := a.model.conversations[id]
	known, unread := c.Marks[a.model.me.ID].Read, p.opening && c.Unread > 0 && before == 0
	a.work(func(context.Context) func() {
		page, err := a.session.Messages(id, before, pageSize)
		if err != nil {
			a.log.Error("read messages", "error", err)
		}
		page = joined(page, before)
		far := false
		if unread && len(page) > 0 && page[0].Seq > known+1 { // what is new begins further up
			if middle := a.pageAround(id, known+1); len(middle) > 0 {
				page, far = middle, true
			}
		}
		items := a.items(id, page)
		return func() {
			if p.round == round {
				p.loading = false
				p.show(page, items, before, far)
			}
		}
	})
}

// joined is the newest run of a page that has no gap and reaches up to before;
// pending messages belong to it.
func joined(page []chat.Message, before uint64) []chat.Message {
	i := len(page)
	for next := before; i > 0; i-- {
		seq := page[i-1].Seq
		if seq == 0 {
			continue
		}
		if next != 0 && seq != next-1 {
			break
		}
		next = seq
	}
	return page[i:]
}

// show takes a page in. far tells of the first one that it need not reach the end.
func (p *pane) show(page []chat.Message, items []item, before uint64, far bool) {
	seen := p.take(page, items)
	older := p.hasOlder()
	drawn := p.items(seen)
	if before == 0 {
		unread := p.firstUnread(seen)
		p.loaded, p.detached = true, far && p.hasNewer()
		if far && unread == "" { // it was read elsewhere meanwhile
			p.reload()
			return
		}
		if unread != "" {
			p.timeline.ResetUnread(drawn, older, p.detached, unread)
			p.timeline.SetBeyond(p.beyond())
		} else {
			p.timeline.Reset(drawn, older)
			p.timeline.ScrollToEnd()
		}
		if p.missed && !p.detached {
			p.missed, p.opening = false, unread != ""
			p.reload()
			return
		}
	} else {
		p.timeline.Prepend(drawn, older)
		p.requote(seen)
	}
	switch {
	case len(page) == 0 && older:
		p.app.session.LoadHistory(p.id, p.lowest)
	case len(seen) == 0 && older && before != 0:
		p.load(p.lowest) // all of that page only changed others
	}
	p.drawEmpty()
}

// hasOlder tells whether the log has something above what is shown.
func (p *pane) hasOlder() bool {
	if p.lowest == 0 {
		return p.app.model.conversations[p.id].Head > 0
	}
	return p.lowest > 1
}

func (p *pane) older() {
	if p.loaded && !p.loading && p.hasOlder() && p.lowest > 0 {
		p.load(p.lowest)
	}
}

// askAgain lets the timeline ask for older messages once more: those that could
// not be had without a connection.
func (p *pane) askAgain() {
	if p.loaded && p.hasOlder() {
		p.timeline.Prepend(nil, true)
	}
}

// messagesChanged shows what is new, and joins older ones where they fit.
func (p *pane) messagesChanged(c chat.MessagesChanged) {
	switch {
	case c.Conversation != p.id:
		return
	case !p.loaded:
		p.missed = true // the page that is being read may be older than this
		return
	case c.History && len(c.Messages) == 0:
		return // the relay had nothing, or can't be asked now
	}
	if len(c.Removed) > 0 {
		for _, id := range c.Removed {
			delete(p.shown, id)
			delete(p.replies, id)
		}
		p.timeline.Remove(c.Removed...)
		p.unquote(c.Removed)
	}
	var show []chat.Message
	again, below := false, false
	messages := slices.Clone(c.Messages)
	slices.SortStableFunc(messages, bySeq)
	for _, m := range messages {
		_, known := p.shown[m.ID]
		switch {
		case m.Seq > 0 && m.Seq+1 == p.lowest && !known:
			below = true // those before what came first
			continue
		case p.detached && !known:
			continue // it is read as a page, when the person comes there
		case m.Seq == 0, known, m.Seq == p.highest+1, p.highest == 0 && !c.History:
		case m.Seq > p.highest+1 && !c.History:
			again = true // some between are not here yet
			continue
		default:
			continue // older ones are read as a page, below
		}
		p.keep(m)
		if !m.Content.Changes() {
			show = append(show, m)
		}
	}
	if again && p.timeline.AtEnd() {
		p.reload()
		return
	}
	if len(show) > 0 {
		p.upsert(show)
		p.requote(show)
	}
	if below && !c.History && !p.loading {
		p.load(p.lowest)
	}
	if again { // what is read stays where it is; the rest comes when the person comes there
		p.detached = true
		p.timeline.Append(nil, true)
	}
	if c.History && !p.loading {
		if p.detached {
			p.newer()
		}
		if p.lowest > 0 {
			p.load(p.lowest)
		} else {
			p.reload()
		}
	}
	p.drawEmpty()
}

// reload shows the newest page anew.
func (p *pane) reload() {
	p.forget()
	p.round++ // what is being read belongs to what was shown before
	p.loaded, p.loading = false, false
	p.load(0)
}

// upsert draws messages; the files of new ones are looked up beside the screen.
func (p *pane) upsert(messages []chat.Message) {
	p.timeline.Upsert(p.items(messages)...)
	var look []chat.Message
	for _, m := range messages {
		if m.Content.File != nil && p.paths[m.ID] == "" {
			look = append(look, m)
		}
	}
	if len(look) > 0 {
		p.lookUp(look)
	}
}

// lookUp finds the files of messages, off the screen's goroutine.
func (p *pane) lookUp(messages []chat.Message) {
	a, id, round := p.app, p.id, p.round
	a.work(func(context.Context) func() {
		items := a.items(id, messages)
		return func() {
			if p.round != round {
				return
			}
			var found []chat.Message
			for i, m := range messages {
				if now, ok := p.shown[m.ID]; ok && items[i].path != "" {
					p.paths[m.ID], p.partly[m.ID] = items[i].path, items[i].partly
					found = append(found, now)
				}
			}
			if len(found) > 0 {
				p.timeline.Upsert(p.items(found)...)
			}
		}
	})
}

func (p *pane) transferChanged(t chat.Transfer) {
	if t.Conversation != p.id {
		return
	}
	t.Reason = told(t.Reason)
	p.timeline.SetTransfer(t)
	m, ok := p.shown[t.Message]
	switch {
	case ok && t.State == chat.TransferDone:
		p.lookUp([]chat.Message{m})
	case ok && t.State == chat.TransferCancelled && t.Direction == chat.Download:
		delete(p.paths, t.Message) // it made room
		p.timeline.Upsert(p.items([]chat.Message{m})...)
		if m.Content.File.IsFolder() {
			p.lookUp([]chat.Message{m}) // a part of it may be here from before
		}
	}
}

// bySeq sorts by place in the log. Pending ones are last, in the order in which
// they came, when the sort is stable.
func bySeq(a, b chat.Message) int {
	switch {
	case a.Seq == b.Seq:
		return 0
	case a.Seq == 0:
		return 1
	case b.Seq == 0:
		return -1
	}
	return cmp.Compare(a.Seq, b.Seq)
}

// inOrder is what the timeline holds, as it stands there.
func (p *pane) inOrder() []chat.Message {
	all := make([]chat.Message, 0, len(p.shown))
	for _, id := range p.came {
		if m, ok := p.shown[id]; ok {
			all = append(all, m)
		}
	}
	slices.SortStableFunc(all, bySeq)
	return all
}

// keep takes note of an entry of the run that the timeline shows; those that
// only change others have their place in it, and are not drawn.
func (p *pane) keep(m chat.Message) {
	if m.Seq != 0 {
		if p.lowest == 0 || m.Seq < p.lowest {
			p.lowest = m.Seq
		}
		p.highest = max(p.highest, m.Seq)
	}
	if m.Content.Changes() {
		return
	}
	if _, known := p.shown[m.ID]; !known {
		p.came = append(p.came, m.ID)
	}
	p.shown[m.ID] = m
	if m.Content.Reply != "" {
		p.replies[m.ID] = m.Content.Reply
	} else {
		delete(p.replies, m.ID) // it was deleted
	}
}

// forget empties what is shown.
func (p *pane) forget() {
	p.shown, p.came, p.replies = map[chat.MessageID]chat.Message{}, nil, map[chat.MessageID]chat.MessageID{}
	p.lowest, p.highest = 0, 0
}
