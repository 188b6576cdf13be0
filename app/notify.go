package app

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/app/system"
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
	if v := a.viewer; v != nil {
		v.widget.Say(text)
		a.later(noticeLasts, func() {
			if v.widget.Said() == text {
				v.widget.Say("")
			}
		})
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

// startNotifier begins to tell the desktop of messages.
func (a *App) startNotifier() {
	a.notifier = system.NewNotifier(
		func(tag string) {
			a.ui(func() {
				a.raise()
				if _, ok := a.model.conversations[chat.ConversationID(tag)]; ok {
					if a.sheet == nil || a.sheet.files == nil { // what was chosen to be sent stays
						a.uncover()
					}
					a.open(chat.ConversationID(tag))
				}
			})
		},
		func(n system.Notice) { a.ui(func() { a.fyne.SendNotification(fyne.NewNotification(n.Title, n.Body)) }) })
}

// raise brings the window to the front, also from the tray.
func (a *App) raise() {
	was := a.hidden
	a.hidden = false
	a.window.Show()
	a.window.RequestFocus()
	if was {
		a.setFocused(true) // Fyne does not always tell
	}
}

// notifyOf tells the desktop about new messages while nobody looks at the window.
func (a *App) notifyOf(c chat.MessagesChanged) {
	if a.focused || !a.model.synced || !a.settings.Notices.tells(time.Now()) {
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
		_, words := preview(&m.Content)
		if conversation.Kind == chat.Group {
			if who := memberName(&conversation, m.From); who != "" {
				words = who + ": " + words
			}
		}
		if a.settings.Notices.NamesOnly {
			words = lang.L("New message")
		}
		a.notifier.Show(system.Notice{Tag: string(c.Conversation), Title: a.model.name(&conversation), Body: words,
			Open: lang.L("Open"), Sound: !a.settings.Notices.Silent})
		return
	}
}

// forgetNotice takes a notification away once its conversation was read, here or
// on another device.
func (a *App) forgetNotice(c *chat.Conversation) {
	if n := a.model.notified[c.ID]; n > 0 && c.Marks[a.model.me.ID].Read >= n {
		delete(a.model.notified, c.ID)
		a.notifier.Forget(string(c.ID))
	}
}
