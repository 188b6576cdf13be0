package app

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

// fetchedBy says who has a file of ours and found it equal: by at most so many
// names, else by their number; "" when nobody is known to. Who left is not counted.
func (m *model) fetchedBy(c *chat.Conversation, who []chat.AccountID, names int) string {
	var have []string
	others := 0
	for _, one := range c.Members {
		if one.ID == m.me.ID {
			continue
		}
		others++
		if slices.Contains(who, one.ID) {
			have = append(have, one.Name)
		}
	}
	switch {
	case len(have) == 0:
		return ""
	case len(have) == others && others > 1:
		return lang.L("Fetched by everybody")
	case len(have) > names:
		return lang.L("Fetched by {{.Count}} of {{.All}}", map[string]any{"Count": len(have), "All": others})
	}
	return lang.L("Fetched by {{.Names}}", map[string]any{"Names": strings.Join(have, ", ")})
}

// fetchedChanged looks again who has the files of ours that are shown.
func (p *pane) fetchedChanged(conv chat.ConversationID) {
	if conv != p.id || !p.loaded {
		return
	}
	a, round := p.app, p.round
	var ours []chat.Message
	for _, m := range p.shown {
		if m.From == a.model.me.ID && m.Content.File != nil {
			ours = append(ours, m)
		}
	}
	if len(ours) == 0 {
		return
	}
	a.work(func(context.Context) func() {
		all := a.whoFetched(conv, ours)
		return func() {
			if p.round != round {
				return
			}
			var changed []chat.Message
			for id, who := range all {
				if m, ok := p.shown[id]; ok && !slices.Equal(who, p.fetched[id]) {
					p.fetched[id] = who
					changed = append(changed, m)
				}
			}
			if len(changed) > 0 {
				p.timeline.Upsert(p.items(changed)...)
			}
		}
	})
}

// whoFetched reads who has the files of messages: not on the screen's goroutine.
func (a *App) whoFetched(conv chat.ConversationID, messages []chat.Message) map[chat.MessageID][]chat.AccountID {
	all, err := a.session.FetchedBy(conv, messages...)
	if err != nil {
		a.log.Error("read who fetched files", "error", err)
	}
	return all
}

// fetchedRows reads, of uploads that are done, who has the files: not on the
// screen's goroutine. Of more than mostDone the rest is left out.
func (a *App) fetchedRows(done []*chat.Transfer) map[chat.TransferID][]chat.AccountID {
	out := map[chat.TransferID][]chat.AccountID{}
	for _, t := range done[:min(len(done), mostDone)] {
		if t.Direction != chat.Upload || t.State != chat.TransferDone {
			continue
		}
		if m, ok, err := a.session.Message(t.Conversation, t.Message); err == nil && ok {
			out[t.ID] = a.whoFetched(t.Conversation, []chat.Message{m})[m.ID]
		}
	}
	return out
}

// lookFetched shows in the list of transfers who has what was sent.
func (a *App) lookFetched() {
	if a.sheet == nil || a.sheet.transfers == nil {
		return
	}
	t := a.sheet.transfers
	done := slices.Concat(a.model.recent(), t.today)
	a.work(func(context.Context) func() {
		fetched := a.fetchedRows(done)
		return func() {
			t.fetched = fetched
			a.drawTransfersSoon()
		}
	})
}
