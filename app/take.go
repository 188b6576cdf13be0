package app

import (
	"strings"

	"fyne.io/fyne/v2/lang"

	"satchel/app/session"
)

// Link is how links of Satchel begin.
const Link = "satchel://"

// take shows what the program was started with: links, and paths of files to send.
func (a *App) take(args []string) {
	var paths []string
	for _, arg := range args {
		if strings.HasPrefix(arg, Link) {
			a.takeLink(arg)
		} else {
			paths = append(paths, arg)
		}
	}
	switch {
	case len(paths) == 0:
	case a.main == nil:
		a.notice(lang.L("Files can be sent once you have begun. Nothing was lost: they are where they were."))
	case a.main.pane.id == "":
		a.waiting = append(a.waiting, paths...)
	default:
		a.offerFiles(paths)
	}
}

// takeLink uses a link that was opened on the desktop, or clicked in a message.
func (a *App) takeLink(link string) {
	kind := session.KindOfLink(link)
	if a.main == nil {
		if a.welcome == nil || a.welcome.Busy() || kind == session.NumberLink {
			return
		}
		if kind == session.DeviceLink {
			a.welcome.SetCode(link)
			return
		}
		a.welcome.SetLink(link) // one that is wrong is answered there
		a.window.Canvas().Focus(a.welcome.Name)
		return
	}
	switch kind {
	case session.NumberLink:
		a.fyne.Clipboard().SetContent(link)
		a.notice(lang.L("This is the code of somebody's number, and is on the clipboard now. Open your conversation with them, tap its head, and paste it there."))
	case session.DeviceLink:
		a.fyne.Clipboard().SetContent(link)
		a.notice(lang.L("This link adds a computer to an account, and is on the clipboard now. On that computer, choose “I have Satchel on another device” and paste it."))
	case session.BadLink:
		a.notice(lang.L("This link leads nowhere: a part of it is missing or wrong. Copy it whole, or ask for a new one."))
	default:
		if _, here := a.session.IsGroupLink(link); here {
			a.joinGroup(link)
			return
		}
		a.askInvited(link)
	}
}
