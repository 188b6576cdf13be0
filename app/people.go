package app

import (
	"context"
	"net/url"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// newMessage lists who is on the relay; the one who is picked is written to.
func (a *App) newMessage() {
	list := widgets.NewPersonList(lang.L("Whom do you want to write to?"))
	list.Face = a.model.faceOfAccount
	sheet := widgets.NewSheet(lang.L("New message"), list)
	sheet.Height = 380
	sheet.Aside = widgets.NewButton(widgets.PlainButton, lang.L("New group…"), a.newGroup)
	list.OnPick = func(who chat.Account) {
		sheet.Dismiss()
		a.writeTo(who.Name)
	}
	a.showSheet(&openSheet{name: "new", sheet: sheet, list: list, spots: map[string]spotted{"group": sheet.Aside}})
	sheet.ShowOn(a.window.Canvas(), list.Search)
	a.lookFor(list, sheet, a.isMe, lang.L("Nobody else is on this relay yet. Invite somebody with a link."))
}

// writeTo opens the conversation with somebody, and makes it where there is none.
func (a *App) writeTo(name string) {
	a.work(func(ctx context.Context) func() {
		c, err := a.session.OpenDirect(ctx, name)
		if err != nil {
			return func() { a.notice(sentence(err)) }
		}
		return func() {
			if _, ok := a.model.conversations[c.ID]; !ok {
				a.model.setConversation(c)
			}
			a.open(c.ID)
		}
	})
}

// inviteLasts is how long an invitation is good for.
const inviteLasts = 7 * 24 * time.Hour

// invite makes a link for one more person, and shows it.
func (a *App) invite() {
	link := widgets.NewField("")
	words := widgets.NewParagraph(lang.L("One moment…"), widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	body := container.New(inviteLayout{}, widgets.FieldBox(link, false), words)
	var sheet *widgets.Sheet
	shut := widgets.NewButton(widgets.PlainButton, lang.L("Close"), func() { sheet.Dismiss() })
	var copied *widgets.Button
	copied = widgets.NewButton(widgets.PrimaryButton, lang.L("Copy link"), func() {
		a.fyne.Clipboard().SetContent(link.Text)
		copied.SetText(lang.L("Copied"))
		sheet.Refresh()
	})
	copied.SetDisabled(true)
	sheet = widgets.NewSheet(lang.L("Invite somebody"), body, shut, copied)
	sheet.Width = 560
	a.showSheet(&openSheet{name: "invite", sheet: sheet, spots: map[string]spotted{"link": link, "copy": copied, "close": shut}})
	sheet.ShowOn(a.window.Canvas(), nil)
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		made, err := a.session.Invite(ctx, 1, inviteLasts)
		return func() {
			if err != nil {
				words.SetText(sentence(err))
				sheet.Refresh()
				return
			}
			link.SetText(made)
			copied.SetDisabled(false)
			words.SetText(inviteWords(made))
			sheet.Refresh()
			a.window.Canvas().Focus(copied)
		}
	})
}

// inviteWords says whom the link serves, and where it works.
func inviteWords(link string) string {
	return lang.L("Send this link to one person. They paste it under “I have an invitation”. It works once, and for seven days.") + loopbackWords(link)
}

// loopbackWords say of a link to a relay that nobody else can reach that it is
// one; "" for others.
func loopbackWords(link string) string {
	if u, err := url.Parse(link); err == nil {
		if host := u.Hostname(); host == "localhost" || strings.HasPrefix(host, "127.") || host == "::1" {
			return "\n\n" + lang.L("This relay listens on this computer only, so the link works here only. To let others on your network in, give it this computer's address in the settings, under Relay.")
		}
	}
	return ""
}

// inviteLayout: the link, and below it what to do with it.
type inviteLayout struct{}

func (inviteLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(240, 39+14+o[1].MinSize().Height)
}

func (inviteLayout) Layout(o []fyne.CanvasObject, s fyne.Size) {
	o[0].Move(fyne.Position{})
	o[0].Resize(fyne.NewSize(s.Width, 39))
	o[1].Move(fyne.NewPos(0, 53))
	o[1].Resize(fyne.NewSize(s.Width, max(0, s.Height-53)))
}
