package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/app/system"
	"satchel/widgets"
)

// An account is a profile: a folder, and a program of its own while it is open.
// Switching to one starts that program, which raises its window where there is
// one. So accounts share nothing, and one that fails takes no other along.

// account is one that this person has on this computer.
type account struct {
	dir    string
	name   string
	unread int // as its program last said
}

// newAccount begins the names of folders that "Add account…" makes.
const newAccount = "account-"

// accounts lists the profiles beside each other, the default first; the one that
// is open here is always among them.
func (a *App) accounts() []account {
	var all []account
	entries, _ := os.ReadDir(a.cfg.Profiles) // none is as good as not there
	for _, e := range entries {
		dir := filepath.Join(a.cfg.Profiles, e.Name())
		if one := accountOf(dir); one.name != "" && dir != a.cfg.Dir {
			all = append(all, one)
		}
	}
	all = append(all, account{dir: a.cfg.Dir, name: a.model.me.Name})
	first := filepath.Join(a.cfg.Profiles, "default")
	slices.SortFunc(all, func(x, y account) int {
		switch {
		case x.dir == first:
			return -1
		case y.dir == first:
			return 1
		}
		return strings.Compare(x.dir, y.dir)
	})
	return all
}

// accountOf is whose profile a folder is; without a name where it is none.
func accountOf(dir string) account {
	b, err := os.ReadFile(filepath.Join(dir, settingsFile))
	if err != nil {
		return account{}
	}
	var kept settings
	if json.Unmarshal(b, &kept) != nil {
		return account{}
	}
	return account{dir, kept.Account, kept.Unread}
}

// lookForAccounts notices whether there are others on this computer: then the window
// and what the desktop is told say whose they are.
func (a *App) lookForAccounts() {
	several := len(a.accounts()) > 1
	if several != a.several {
		a.several = several
		a.drawTitle()
		a.drawTray()
	}
}

// tellUnread keeps how much is unread where the programs of other accounts look,
// a moment later, so that a burst is written once.
func (a *App) tellUnread() {
	if a.settings.Unread == a.model.list.unread || a.tellsUnread {
		return
	}
	a.tellsUnread = true
	a.later(trayPause, func() {
		a.tellsUnread = false
		if n := a.model.list.unread; a.settings.Unread != n {
			a.set(func(s *settings) { s.Unread = n })
		}
	})
}

// switchTo brings up the n-th account, from 0.
func (a *App) switchTo(n int) {
	if all := a.accounts(); n < len(all) && all[n].dir != a.cfg.Dir {
		a.startAccount("--profile", all[n].dir)
	}
}

// addAccount begins another account beside this one; link is an invitation, or "".
func (a *App) addAccount(link string) {
	for n := 2; ; n++ {
		dir := filepath.Join(a.cfg.Profiles, fmt.Sprint(newAccount, n))
		if _, err := os.Stat(dir); err == nil && accountOf(dir).name != "" {
			continue
		}
		args := []string{"--profile", dir}
		if link != "" {
			args = append(args, "--join", link)
		}
		a.startAccount(args...)
		return
	}
}

func (a *App) startAccount(args ...string) {
	a.work(func(context.Context) func() {
		if err := a.cfg.Another(args...); err != nil {
			a.log.Error("start another account", "error", err)
			return func() {
				a.notice(lang.L("The other account could not be opened: {{.Reason}}", map[string]any{"Reason": sentence(err)}))
			}
		}
		return nil
	})
}

// accountMenu lists the accounts below one's own name.
func (a *App) accountMenu() {
	var items []*fyne.MenuItem
	a.lookForAccounts()
	for i, one := range a.accounts() {
		name := widgets.ElideEnd(one.name, 280, widgets.TextSize, false)
		if one.unread > 0 {
			name = lang.N("{{.Name}} ({{.Count}} unread)", one.unread, map[string]any{"Name": name, "Count": one.unread})
		}
		if i < 9 { // as words: Fyne writes a shortcut too faintly to be read
			name += fmt.Sprintf(" · Ctrl+%d", i+1)
		}
		item := fyne.NewMenuItem(name, func() { a.switchTo(i) })
		item.Checked = one.dir == a.cfg.Dir
		items = append(items, item)
	}
	items = append(items, fyne.NewMenuItemSeparator(),
		fyne.NewMenuItem(lang.L("Add account…"), func() { a.addAccount("") }),
		fyne.NewMenuItem(lang.L("Settings"), a.openSettings))
	widgets.ShowMenuBelow(items, a.window.Canvas(), a.main.head, fyne.NewPos(16, 52))
}

// askInvited asks what to do with an invitation in a profile that has joined.
func (a *App) askInvited(link string) {
	words := widgets.NewParagraph(lang.L("You are {{.Name}} here already. An invitation begins another account, in a window of its own, beside this one.", map[string]any{"Name": a.model.me.Name}),
		widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	var sheet *widgets.Sheet
	no := widgets.NewButton(widgets.PlainButton, lang.L("Not now"), func() { sheet.Dismiss() })
	yes := widgets.NewButton(widgets.PrimaryButton, lang.L("Use it in a new account"), func() {
		sheet.Dismiss()
		a.addAccount(link)
	})
	sheet = widgets.NewSheet(lang.L("This is an invitation"), words, no, yes)
	a.showSheet(&openSheet{name: "invited", sheet: sheet, spots: map[string]spotted{"cancel": no, "begin": yes}})
	sheet.ShowOn(a.window.Canvas(), yes)
}

// askToRemove says what is lost with this account on this computer, and asks.
func (a *App) askToRemove() {
	name := map[string]any{"Name": a.model.me.Name}
	a.work(func(context.Context) func() {
		devices, err := a.session.Devices()
		others := 0
		for _, d := range devices {
			if !d.Removed && !d.This {
				others++
			}
		}
		return func() {
			said := []string{lang.L("Messages, files and keys of {{.Name}} go from this computer for good. What others have stays with them, and so does what you saved elsewhere.", name)}
			switch {
			case err != nil:
				said = append(said, sentence(err))
			case others > 0:
				said = append(said, lang.L("Your account goes on where else you have it. There, take this computer out of your devices afterwards."))
			default:
				said = append(said, lang.L("Nowhere else do you have this account: without a recovery file nobody can bring it back. Settings, Devices, makes one."))
			}
			if a.ownsRelay() {
				said = append(said, lang.L("The relay in this account goes, too, with all that is on it: who joined it can't reach anybody there any more."))
			}
			words := widgets.NewParagraph(strings.Join(said, "\n\n"), widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
			var sheet *widgets.Sheet
			no := widgets.NewButton(widgets.PlainButton, lang.L("Cancel"), func() { sheet.Dismiss() })
			yes := widgets.NewButton(widgets.PrimaryButton, lang.L("Remove for good"), func() {
				a.erases = true
				a.cfg.Quit()
			})
			sheet = widgets.NewSheet(lang.L("Remove {{.Name}} from this computer?", name), words, no, yes)
			a.showSheet(&openSheet{name: "remove-account", sheet: sheet, spots: map[string]spotted{"cancel": no, "erase": yes}})
			sheet.ShowOn(a.window.Canvas(), no)
		}
	})
}

// erase takes the profile from this computer once everything is closed.
func (a *App) erase() error {
	err := a.session.Erase()
	for _, name := range append([]string{settingsFile, "voice"}, a.cfg.RelayFiles...) {
		err = errors.Join(err, os.RemoveAll(filepath.Join(a.cfg.Dir, name)))
	}
	if system.CanStartAtLogin {
		err = errors.Join(err, system.SetStartAtLogin(false, a.cfg.Dir))
	}
	_ = os.Remove(a.cfg.Dir) // unless something else is in it
	return err
}
