package app

import (
	"os"
	"slices"

	"satchel/chat"
	"satchel/widgets"
)

// item is what is read from the disk to show one message.
type item struct {
	path   string // its file, verified; for our own the source; "" when it is not here
	partly bool   // of a folder, a part is there

	fetched []chat.AccountID // of ours: who has it
}

// items looks up the files of messages. It reads the disk: not on the screen's goroutine.
func (a *App) items(conv chat.ConversationID, messages []chat.Message) []item {
	out := make([]item, len(messages))
	me := a.session.Profile().Account.ID
	others := func(m chat.Message) bool { return m.From != me || m.Content.File == nil }
	fetched := a.whoFetched(conv, slices.DeleteFunc(slices.Clone(messages), others))
	for i, m := range messages {
		if m.Content.File == nil {
			continue
		}
		out[i].fetched = fetched[m.ID]
		t, ok := a.session.TransferOf(conv, m.ID)
		if !ok || t.Path == "" || t.Direction == chat.Download && t.State != chat.TransferDone {
			continue
		}
		if info, err := os.Stat(t.Path); err == nil && info.IsDir() == t.File.IsFolder() && (info.IsDir() || info.Mode().IsRegular()) {
			out[i].path, out[i].partly = t.Path, t.Direction == chat.Download && t.Only != nil
		}
	}
	return out
}

// items are messages as the timeline takes them.
func (p *pane) items(messages []chat.Message) []widgets.Item {
	m := &p.app.model
	c := m.conversations[p.id]
	out := make([]widgets.Item, len(messages))
	for i := range messages {
		one := &messages[i]
		it := widgets.Item{Message: *one, Mine: one.From == m.me.ID, Path: p.paths[one.ID], Partly: p.partly[one.ID],
			Heard: p.app.heard[messageKey{p.id, one.ID}]}
		if it.Mine {
			it.Receipt = c.Receipt(m.me.ID, one)
			it.Fetched = m.fetchedBy(&c, p.fetched[one.ID], 2)
		} else if c.Kind == chat.Group {
			it.Sender = memberName(&c, one.From)
		}
		it.Line = m.lineOf(&c, one)
		it.Message.Reason = told(one.Reason)
		if t, ok := p.transferOf(one.ID); ok {
			t.Reason = told(t.Reason)
			it.Transfer = &t
		}
		if q := one.ReplyTo; q != nil {
			it.QuoteFrom = m.personName(&c, q.From)
		}
		it.Reactions = m.reactions(&c, one)
		it.Names = m.mentionable(&c)
		out[i] = it
	}
	return out
}

// transferOf is the transfer of a message that has not ended.
func (p *pane) transferOf(id chat.MessageID) (chat.Transfer, bool) {
	m := &p.app.model
	if t, ok := m.transfers[m.ofMessage[messageKey{p.id, id}]]; ok {
		return *t, true
	}
	return chat.Transfer{}, false
}
