package app

import (
	"slices"
	"time"

	"satchel/chat"
)

// frame is the least time between two hops to the screen's goroutine.
const frame = 16 * time.Millisecond

// observe brings the session's changes to the screen: everything that came
// since the last hop in one, and never a second hop before the first was drawn.
func (a *App) observe() {
	batches, stop := a.session.Subscribe()
	defer stop()
	for {
		var batch []chat.Change
		select {
		case <-a.ctx.Done():
			return
		case more, ok := <-batches:
			if !ok {
				return
			}
			batch = more
		}
		for _, some := range portions(batch) {
			if !a.draw(some) {
				return
			}
		}
	}
}

// draw brings changes to the screen, and returns when they are drawn and a frame has
// passed; false: the program ends.
func (a *App) draw(changes []chat.Change) bool {
	drawn := make(chan struct{})
	a.cfg.Do(func() {
		defer close(drawn)
		if !a.ended.Load() {
			a.apply(changes)
			a.publish()
		}
	})
	next := time.NewTimer(frame)
	defer next.Stop()
	select {
	case <-a.ctx.Done():
		return false
	case <-drawn:
	}
	select {
	case <-a.ctx.Done():
		return false
	case <-next.C:
		return true
	}
}

// portion is how many changes, and messages, one hop brings at most: ten thousand
// files that are sent at once would hold the screen up otherwise.
const portion = 1000

// portions are the parts of a batch that go to the screen one after the other. News
// of one conversation is in the order of the log, so that no part leaves a gap.
func portions(batch []chat.Change) (all [][]chat.Change) {
	var some []chat.Change
	n := 0
	add := func(c chat.Change, weight int) {
		if n+weight > portion && n > 0 {
			all, some, n = append(all, some), nil, 0
		}
		some, n = append(some, c), n+weight
	}
	for _, c := range batch {
		m, ok := c.(chat.MessagesChanged)
		if !ok || m.History || len(m.Messages) <= portion {
			add(c, 1+len(m.Messages))
			continue
		}
		messages := slices.Clone(m.Messages)
		slices.SortStableFunc(messages, bySeq)
		for part := range slices.Chunk(messages, portion) {
			m.Messages = part
			add(m, len(part))
			m.Removed = nil
		}
	}
	return append(all, some)
}

// apply takes a batch into the model and draws what changed by it.
func (a *App) apply(batch []chat.Change) {
	if a.main == nil { // the welcome; showMain reads everything anew
		if !a.welcome.Busy() && a.session.Profile().Joined {
			a.showMain() // joined from the command line
		}
		return
	}
	m, pane := &a.model, a.main.pane
	rows, foot, blocked := false, false, false
	for _, change := range batch {
		switch c := change.(type) {
		case chat.ConversationChanged:
			a.draftFollows(m.conversations[c.Conversation.ID].Draft, &c.Conversation)
			m.setConversation(c.Conversation)
			rows = true
			a.forgetNotice(&c.Conversation)
			pane.conversationChanged(c.Conversation)
			blocked = blocked || c.Conversation.Blocked && c.Conversation.ID == pane.id
			if a.sheet != nil && a.sheet.conversation == c.Conversation.ID {
				a.drawGroup()
			}
		case chat.MessagesChanged:
			if !c.History {
				for i := range c.Messages {
					if t, ok := m.typing[c.Conversation]; ok && t.account == c.Messages[i].From {
						delete(m.typing, c.Conversation)
						m.redraw(c.Conversation)
					}
				}
				a.notifyOf(c)
			}
			rows = true
			pane.messagesChanged(c)
		case chat.TransferChanged:
			m.setTransfer(c.Transfer)
			m.redraw(c.Transfer.Conversation)
			rows, foot = true, true
			pane.transferChanged(c.Transfer)
			a.fetched(&c.Transfer)
		case chat.PresenceChanged:
			m.presence[c.Presence.Account] = c.Presence
			m.redraw(m.directs[c.Presence.Account])
			rows = true
			pane.drawHead()
		case chat.TypingChanged:
			if c.Account != m.me.ID {
				a.typing(c)
				rows = true
			}
		case chat.ConnectionChanged:
			m.connection = c
			a.main.drawConnection(m)
			if c.State != chat.Connected && len(m.presence) > 0 { // each attempt comes by here
				clear(m.presence) // nobody knows
				m.redrawAll()
				rows = true
				pane.drawHead()
			}
			if c.State == chat.Connected {
				pane.askAgain()
			}
			if c.State == chat.Refused {
				a.notice(told(c.Reason))
			}
		case chat.SyncChanged:
			m.synced = c.Done
			a.main.drawConnection(m)
			if all := m.sorted(); c.Done && pane.id == "" && len(all) > 0 {
				a.open(all[0].ID) // a device that was just added knew of none before
			}
		case chat.VerifiedChanged:
			m.verified[c.Account] = c.Verified
			pane.drawHead()
			if a.sheet != nil && a.sheet.drawVerified != nil {
				a.sheet.drawVerified()
			}
		case chat.AccountChanged:
			if c.Account.ID == m.me.ID {
				m.me = c.Account
				a.main.drawMe(m)
			}
		case chat.FaceChanged:
			if c.Conversation != "" {
				m.setGroupFace(c.Conversation, c.Picture)
				a.drawGroup()
			} else {
				m.setFace(c.Account, c.Picture)
			}
			rows = true
			pane.drawHead()
			a.main.drawMe(m)
			if a.sheet != nil && a.sheet.drawMe != nil {
				a.sheet.drawMe()
			}
		case chat.FetchedChanged:
			pane.fetchedChanged(c.Conversation)
			a.lookFetched()
		case chat.LinksChanged:
			if a.sheet != nil && a.sheet.name == "group-links" {
				a.sheet.redraw()
			}
		case chat.Notice:
			a.notice(told(c.Text))
		}
	}
	if blocked {
		a.leavePane()
	}
	if rows {
		a.drawRows()
	}
	if foot {
		a.drawFoot()
		a.drawTransfersSoon()
	}
	a.drawTray()
}

// typing shows that somebody writes, and takes it away again.
func (a *App) typing(c chat.TypingChanged) {
	until := time.Now().Add(typingLasts)
	a.model.typing[c.Conversation] = typist{c.Account, until}
	a.model.redraw(c.Conversation)
	a.main.pane.drawHead()
	a.later(typingLasts, func() {
		if t, ok := a.model.typing[c.Conversation]; ok && !t.until.After(until) {
			delete(a.model.typing, c.Conversation)
			a.model.redraw(c.Conversation)
			if a.main != nil {
				a.main.pane.drawHead()
				a.drawRows()
			}
		}
	})
}

// later runs f on the screen's goroutine after a while, unless the program ends first.
func (a *App) later(d time.Duration, f func()) {
	a.joined(func() {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-a.ctx.Done():
		case <-t.C:
			a.ui(f)
		}
	})
}

// draftFollows takes in what another device of the person wrote and did not
// send. What is being written here is newer, and stays.
func (a *App) draftFollows(before string, c *chat.Conversation) {
	m, p := &a.model, a.main.pane
	typed, here := m.drafts[c.ID]
	if c.Draft == before || here && typed != before {
		return
	}
	delete(m.drafts, c.ID)
	if c.ID == p.id && p.edits == nil && p.composer.Text() == before {
		p.composer.SetText(c.Draft)
	}
}

// leavePane opens another conversation: the one that is open is not to be seen.
func (a *App) leavePane() {
	for _, c := range a.model.sorted() {
		if c.ID != a.main.pane.id {
			a.open(c.ID)
			return
		}
	}
}
