package app

import (
	"time"

	"fyne.io/fyne/v2"

	"satchel/chat"
)

// noticeLasts is how long a sentence stays above the composer.
const noticeLasts = 12 * time.Second

// notice says one sentence, which goes by itself.
func (a *App) notice(text string) {
	if text == "" {
		return
	}
	if a.main == nil {
		if a.welcome != nil {
			a.welcome.Fail(text)
		}
		return
	}
	bar, root := a.main.pane.notice, a.main.pane.root
	bar.Say(text)
	root.Refresh()
	a.later(noticeLasts, func() {
		if bar.Text() == text {
			bar.Say("")
			root.Refresh()
		}
	})
}

// disturbs tells whether the person wants to hear of what is new in a conversation.
func disturbs(c *chat.Conversation, now time.Time) bool { return !c.Blocked && !c.IsMuted(now) }

// notifyOf tells the desktop about new messages while nobody looks at the window.
func (a *App) notifyOf(c chat.MessagesChanged) {
	if a.focused || !a.model.synced {
		return
	}
	conversation, ok := a.model.conversations[c.Conversation]
	if !ok || !disturbs(&conversation, time.Now()) {
		return
	}
	me := a.model.me.ID
	for i := len(c.Messages) - 1; i >= 0; i-- { // the newest speaks for the batch
		m := &c.Messages[i]
		if m.From == me || m.Seq == 0 || m.Content.Changes() || m.Seq <= max(conversation.Marks[me].Read, a.model.notified[c.Conversation]) {
			continue
		}
		a.model.notified[c.Conversation] = m.Seq
		title := a.model.name(&conversation)
		_, words := preview(&m.Content)
		a.fyne.SendNotification(fyne.NewNotification(title, words))
		return
	}
}
