package app

import (
	"runtime"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/app/system"
	"satchel/chat"
	"satchel/widgets"
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
		func(n system.Notice) {
			// On Linux Fyne asks the same service that did not take it, on the screen's
			// goroutine and without an end.
			if runtime.GOOS != "linux" {
				a.ui(func() { a.fyne.SendNotification(fyne.NewNotification(n.Title, n.Body)) })
			}
		})
}

// raise brings the window to the front, also from the tray.
func (a *App) raise() {
	was := a.hidden
	a.hidden = false
	a.showWindow()
	a.window.RequestFocus()
	if was {
		a.setFocused(true) // Fyne does not always tell
	}
}

// notifyOf tells the desktop about new messages while nobody looks at the window.
func (a *App) notifyOf(c chat.MessagesChanged) {
	if n, ok := a.noticeOf(&c, time.Now()); ok {
		a.notifier.Show(n)
	}
}

// noticeOf is what the desktop is to be told of new messages; false for nothing.
func (a *App) noticeOf(c *chat.MessagesChanged, now time.Time) (n system.Notice, ok bool) {
	if a.focused || !a.model.synced || !a.settings.Notices.tells(now) {
		return n, false
	}
	conversation, ok := a.model.conversations[c.Conversation]
	if !ok || conversation.Blocked {
		return n, false
	}
	me := &a.model.me
	known := max(conversation.Marks[me.ID].Read, a.model.notified[c.Conversation])
	for i := len(c.Messages) - 1; i >= 0; i-- { // the newest speaks for the batch
		m := &c.Messages[i]
		if m.From == me.ID || m.Seq == 0 || m.Content.Changes() || m.Seq <= known {
			continue
		}
		// Who is called by name hears it, whatever else the group talks of.
		called := conversation.Kind == chat.Group && widgets.Mentions(m.Content.Text, me.Name, a.model.mentionable(&conversation))
		if !called && !disturbs(&conversation, now) {
			continue
		}
		_, words := preview(&m.Content)
		if conversation.Kind == chat.Group {
			if who := memberName(&conversation, m.From); who != "" {
				words = who + ": " + words
			}
		}
		if a.settings.Notices.NamesOnly {
			words = lang.L("New message")
			if called {
				words = lang.L("Somebody wrote your name")
			}
		}
		n = system.Notice{Tag: string(c.Conversation), Title: a.model.name(&conversation), Body: words, Open: lang.L("Open")}
		if !a.told.another(c.Conversation, now) {
			n.Tag, n.Title, n.Body = manyTag, "Satchel", lang.L("New messages in several conversations")
		}
		if a.several {
			n.Title += " · " + me.Name
		}
		n.Sound = !a.settings.Notices.Silent && a.told.mayRing(now)
		a.model.notified[c.Conversation] = m.Seq
		return n, true
	}
	return n, false
}

// Of many messages at once the desktop shows a few notices, and rings once.
const (
	burstTime = 10 * time.Second // conversations that the desktop is told of within it
	burstMost = 3                // beyond this many are one notice
	ringPause = 2 * time.Second  // between two sounds
	manyTag   = "many"           // of the notice for those
)

// toldOf is what the desktop was told of last.
type toldOf struct {
	at   map[chat.ConversationID]time.Time
	rang time.Time
}

// another tells whether a conversation has a notice of its own now, and notes it.
func (t *toldOf) another(id chat.ConversationID, now time.Time) bool {
	for one, at := range t.at {
		if now.Sub(at) >= burstTime {
			delete(t.at, one)
		}
	}
	if _, is := t.at[id]; !is && len(t.at) >= burstMost {
		return false
	}
	if t.at == nil {
		t.at = map[chat.ConversationID]time.Time{}
	}
	t.at[id] = now
	return true
}

// mayRing tells whether the last sound is long enough ago, and notes this one.
func (t *toldOf) mayRing(now time.Time) bool {
	if now.Sub(t.rang) < ringPause {
		return false
	}
	t.rang = now
	return true
}

// forgetNotice takes a notification away once its conversation was read, here or
// on another device.
func (a *App) forgetNotice(c *chat.Conversation) {
	if n := a.model.notified[c.ID]; n > 0 && c.Marks[a.model.me.ID].Read >= n {
		delete(a.model.notified, c.ID)
		a.notifier.Forget(string(c.ID))
		if len(a.model.notified) == 0 {
			a.notifier.Forget(manyTag)
		}
	}
}
