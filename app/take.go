package app

import (
	"strings"

	"fyne.io/fyne/v2/lang"
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

// takeLink uses a link that was opened on the desktop.
func (a *App) takeLink(link string) {
	switch verification := strings.HasPrefix(link, Link+"verify"); {
	case a.welcome != nil && !a.welcome.Busy() && !verification:
		a.welcome.SetLink(link)
		a.window.Canvas().Focus(a.welcome.Name)
	case a.main == nil:
	case verification:
		a.fyne.Clipboard().SetContent(link)
		a.notice(lang.L("This is the code of somebody's number, and is on the clipboard now. Open your conversation with them, tap its head, and paste it there."))
	default:
		if _, here := a.session.IsGroupLink(link); here {
			a.joinGroup(link)
			return
		}
		a.askInvited(link)
	}
}
