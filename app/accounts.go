package app

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/widgets"
)

// An account is a profile: a folder, and a program of its own while it is open.
// Switching to one starts that program, which raises its window where there is
// one. So accounts share nothing, and one that fails takes no other along.

// account is one that this person has on this computer.
type account struct {
	dir  string
	name string
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
		if name := accountName(dir); name != "" && dir != a.cfg.Dir {
			all = append(all, account{dir, name})
		}
	}
	all = append(all, account{a.cfg.Dir, a.model.me.Name})
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

// accountName is whose profile a folder is; "" where it is none.
func accountName(dir string) string {
	b, err := os.ReadFile(filepath.Join(dir, settingsFile))
	if err != nil {
		return ""
	}
	var kept settings
	if json.Unmarshal(b, &kept) != nil {
		return ""
	}
	return kept.Account
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
		if _, err := os.Stat(dir); err == nil && accountName(dir) != "" {
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
	for i, one := range a.accounts() {
		name := widgets.ElideEnd(one.name, 280, widgets.TextSize, false)
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
