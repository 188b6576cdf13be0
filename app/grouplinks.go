package app

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"

	"satchel/app/session"
	"satchel/chat"
	"satchel/widgets"
)

// joinGroup asks to be let into the group of a link.
func (a *App) joinGroup(link string) {
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, groupPatience)
		defer cancel()
		j, err := a.session.JoinGroup(ctx, link)
		if err == nil {
			j, err = a.session.Joining(j.Group) // it may have been answered by now
		}
		return func() {
			switch {
			case err != nil:
				a.notice(sentence(err))
			case j.In:
				a.open(j.Group)
			case j.Refused != "": // said as it came
			default:
				a.notice(lang.L("You are in as soon as {{.Name}} or another admin is online. The group then stands in your list.", map[string]any{"Name": j.By.Name}))
			}
		}
	})
}

// Offers of a new link: how many people may come by it, and for how long.
var (
	linkUses = []int{0, 1, 5, 20}
	linkDays = []int{0, 1, 7, 30}
)

// openGroupLinks shows the links by which people come into a group.
func (a *App) openGroupLinks(id chat.ConversationID) {
	c := a.model.conversations[id]
	words := widgets.NewParagraph(lang.L("Whoever has a link comes in by themselves, as soon as one of the group’s admins is online. Give it only to people who belong here."), widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	answer := widgets.NewParagraph("", widgets.SizeSmall, widgets.ColorBad, fyne.TextAlignLeading)
	answer.Hide()
	var uses, days []string
	for _, n := range linkUses {
		if n == 0 {
			uses = append(uses, lang.L("Any number"))
			continue
		}
		uses = append(uses, lang.N("{{.Count}} people come", n, map[string]any{"Count": n}))
	}
	for _, n := range linkDays {
		if n == 0 {
			days = append(days, lang.L("Until it is revoked"))
			continue
		}
		days = append(days, lifetimeWords(int64(n)*24*60*60))
	}
	many := widgets.NewPicker(lang.L("How many come by it"), "", uses, 0, nil)
	long := widgets.NewPicker(lang.L("How long it is good"), "", days, 2, nil)
	old := widgets.NewToggle(lang.L("They read what was written before"), "", false, nil)
	relay := widgets.NewToggle(lang.L("Also for people who are not on this relay yet"), "", true, nil)
	list := container.NewVBox()
	heading := widgets.NewParagraph(lang.L("A new link"), widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	body := widgets.NewColumn(12, words, list, heading, many, long, old, relay, answer)
	var sheet *widgets.Sheet
	back := widgets.NewButton(widgets.PlainButton, lang.L("Back"), func() { a.openGroup(id) })
	create := widgets.NewButton(widgets.PrimaryButton, lang.L("Make a link"), nil)
	sheet = widgets.NewSheet(lang.L("Links to {{.Group}}", map[string]any{"Group": a.model.name(&c)}), body, back, create)
	o := &openSheet{name: "group-links", sheet: sheet, spots: map[string]spotted{"make": create, "back": back}}
	say := func(err error) {
		answer.SetText("")
		answer.Hide()
		if err != nil {
			answer.SetText(sentence(err))
			answer.Show()
		}
		sheet.Refresh()
	}
	create.OnTapped = func() {
		terms := session.LinkTerms{Uses: linkUses[many.Picked()], Expires: time.Duration(linkDays[long.Picked()]) * 24 * time.Hour, History: old.On(), Relay: relay.On()}
		create.SetDisabled(true)
		a.work(func(ctx context.Context) func() {
			ctx, cancel := context.WithTimeout(ctx, groupPatience)
			defer cancel()
			_, err := a.session.NewGroupLink(ctx, id, terms)
			return func() {
				create.SetDisabled(false)
				say(err)
			}
		})
	}
	o.redraw = func() { a.listLinks(o, id, list, say) }
	a.showSheet(o)
	sheet.ShowOn(a.window.Canvas(), nil)
	o.redraw()
}

// listLinks fills in the links that there are, each with its ways.
func (a *App) listLinks(o *openSheet, id chat.ConversationID, list *fyne.Container, say func(error)) {
	a.work(func(context.Context) func() {
		all, err := a.session.GroupLinks(id)
		return func() {
			list.RemoveAll()
			for i := range all {
				l := all[i]
				shown := widgets.NewParagraph(linkWords(&l), widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
				copied := widgets.NewButton(widgets.PlainButton, lang.L("Copy link"), nil)
				copied.OnTapped = func() {
					a.fyne.Clipboard().SetContent(l.Link)
					copied.SetText(lang.L("Copied"))
				}
				revoke := widgets.NewButton(widgets.PlainButton, lang.L("Revoke"), func() {
					a.work(func(ctx context.Context) func() {
						err := a.session.RevokeGroupLink(ctx, l.ID)
						return func() { say(err) }
					})
				})
				copied.Height, revoke.Height = 32, 32
				ways := widgets.NewLine(8, copied, revoke)
				if l.Link == "" { // who made it has it
					ways = widgets.NewLine(8, revoke)
				}
				if i == 0 {
					o.spots["copy"], o.spots["revoke"] = copied, revoke
				}
				list.Add(widgets.NewColumn(6, shown, ways))
			}
			if err != nil {
				say(err)
			}
			o.sheet.Refresh()
		}
	})
}

// linkWords says what a link is good for.
func linkWords(l *session.GroupLink) string {
	words := map[string]any{"Used": l.Used, "Uses": l.Uses}
	out := lang.N("{{.Count}} people came by it", l.Used, map[string]any{"Count": l.Used})
	if l.Uses > 0 {
		out = lang.L("{{.Used}} of {{.Uses}} came by it", words)
	}
	if !l.Expires.IsZero() {
		out += " · " + lang.L("until {{.Date}}", map[string]any{"Date": widgets.FormatDate(l.Expires) + ", " + widgets.FormatClock(l.Expires)})
	}
	if l.Link == "" {
		out += " · " + lang.L("made by {{.Name}}", map[string]any{"Name": l.By.Name})
	}
	if l.History {
		out += " · " + lang.L("with what was written before")
	}
	return out
}
