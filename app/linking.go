package app

import (
	"context"

	"fyne.io/fyne/v2/lang"

	"satchel/app/session"
	"satchel/widgets"
)

// linkAnother lets another device come to this account.
func (a *App) linkAnother() {
	s := a.linkSheet(lang.L("Link a device"))
	a.work(func(ctx context.Context) func() {
		l, err := a.session.StartLink(ctx)
		return func() {
			switch {
			case err != nil:
				s.Say(sentence(err))
			case !s.Sheet.Shown():
				a.work(func(context.Context) func() { l.Cancel(); return nil })
			default:
				words := lang.L("On the other computer choose “I have Satchel on another device”, and paste this link, or scan the code. It works once, for ten minutes.")
				s.Wait(l.Link, l.Typed, words+loopbackWords(l.Link))
				a.follow(l, s, func(status session.LinkStatus) {
					s.Say(lang.L("“{{.Name}}” is linked. It fetches your conversations now.", map[string]any{"Name": status.Label}))
				})
			}
		}
	})
}

// linkHere makes this computer a device of the account whose other device shows
// the code.
func (a *App) linkHere(label, code string) {
	l, err := a.session.Link(a.ctx, code, label)
	if err != nil {
		a.welcome.Fail(sentence(err))
		return
	}
	s := a.linkSheet(lang.L("Link this computer"))
	s.Say(lang.L("Waiting for the other device…"))
	a.follow(l, s, func(session.LinkStatus) {
		s.Sheet.Dismiss()
		if a.main == nil {
			a.showMain()
		}
	})
}

// linkSheet shows the sheet of an attempt.
func (a *App) linkSheet(title string) *widgets.LinkSheet {
	s := widgets.NewLinkSheet(title)
	s.OnCopy = a.fyne.Clipboard().SetContent
	a.showSheet(&openSheet{name: "link", sheet: s.Sheet, link: s,
		spots: map[string]spotted{"copy": s.Copy, "same": s.Same, "differ": s.Differ, "close": s.Shut}})
	s.Sheet.ShowOn(a.window.Canvas(), nil)
	return s
}

// follow draws an attempt until it is over. Closing the sheet ends it.
func (a *App) follow(l *session.Linking, s *widgets.LinkSheet, done func(session.LinkStatus)) {
	s.OnSame = l.Confirm
	closed := s.Sheet.OnClose
	s.Sheet.OnClose = func() {
		a.work(func(context.Context) func() { l.Cancel(); return nil })
		if closed != nil {
			closed()
		}
	}
	a.joined(func() {
		var status session.LinkStatus
		for status.State != session.LinkDone && status.State != session.LinkFailed {
			next, err := l.Await(a.ctx, status)
			if err != nil {
				return
			}
			status = next
			a.ui(func() {
				if !s.Sheet.Shown() {
					return
				}
				switch status := next; status.State {
				case session.LinkCompares:
					s.Compare(status.Digits, lang.L("Does the other device show the same digits? If they differ, somebody stands between both."))
				case session.LinkConfirmed:
					s.Say(lang.L("Now say on the other device, too, that they are the same."))
				case session.LinkDone:
					done(status)
				case session.LinkFailed:
					s.Say(told(status.Reason))
				}
			})
		}
	})
}
