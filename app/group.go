package app

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// groupPatience bounds what changes a group: the keys of all its members may
// have to be fetched first.
const groupPatience = 30 * time.Second

// lookFor fills a list of people as the person writes into its field; without
// lists nobody who is left out. It is asked at once for everybody.
func (a *App) lookFor(list *widgets.PersonList, sheet *widgets.Sheet, without func(chat.AccountID) bool, nobody string) {
	round := 0
	list.OnSearch = func(prefix string) {
		round++
		mine := round
		a.work(func(ctx context.Context) func() {
			ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			people, err := a.session.People(ctx, strings.TrimSpace(prefix))
			return func() {
				if mine != round || !sheet.Shown() {
					return
				}
				others := slices.DeleteFunc(people, func(p chat.Account) bool { return without(p.ID) })
				empty := nobody
				switch {
				case err != nil:
					empty = sentence(err)
				case strings.TrimSpace(prefix) != "":
					empty = lang.L("Nobody's name begins like that.")
				}
				list.SetPeople(others, empty)
			}
		})
	}
	list.OnSearch("")
}

// newGroup asks for a name and people, and makes a group of them.
func (a *App) newGroup() {
	s := widgets.NewGroupSheet()
	s.People.Face = a.model.faceOfAccount
	s.OnDo = func() {
		title, members := s.Name.Text, ids(s.People.Chosen())
		a.work(func(ctx context.Context) func() {
			ctx, cancel := context.WithTimeout(ctx, groupPatience)
			defer cancel()
			c, err := a.session.NewGroup(ctx, title, members, false)
			return func() {
				if err != nil {
					s.Fail(sentence(err))
					return
				}
				if s.Sheet.Shown() {
					s.Sheet.Dismiss()
				}
				if _, ok := a.model.conversations[c.ID]; !ok {
					a.model.conversations[c.ID] = c
				}
				a.open(c.ID)
			}
		})
	}
	a.showSheet(&openSheet{name: "new-group", sheet: s.Sheet, group: s, list: s.People, spots: map[string]spotted{"name": s.Name, "do": s.Do}})
	s.Sheet.ShowOn(a.window.Canvas(), s.First())
	a.lookFor(s.People, s.Sheet, a.isMe, lang.L("Nobody else is on this relay yet. Invite somebody with a link."))
}

func (a *App) isMe(id chat.AccountID) bool { return id == a.model.me.ID }

func ids(people []chat.Account) []chat.AccountID {
	out := make([]chat.AccountID, len(people))
	for i, p := range people {
		out[i] = p.ID
	}
	return out
}

// openGroup shows the page of a group.
func (a *App) openGroup(id chat.ConversationID) {
	page := widgets.NewGroupPage()
	o := &openSheet{name: "group", sheet: page.Sheet, page: page, conversation: id, anew: func() { a.openGroup(id) },
		spots: map[string]spotted{"name": page.Name, "rename": page.Rename, "add": page.Add, "leave": page.Leave,
			"timer": page.Timer, "links": page.Links, "picture": page.Picture, "no-picture": page.NoPicture}}
	page.OnRename = func(name string) {
		a.changeGroup(page, func(ctx context.Context) error { return a.session.Rename(ctx, id, name) })
	}
	page.Add.OnTapped = func() { a.addToGroup(id) }
	page.Leave.OnTapped = func() { a.askToLeave(id) }
	page.Links.OnTapped = func() { a.openGroupLinks(id) }
	page.Timer.OnTapped = func() { a.chooseTimer(id) }
	page.Picture.OnTapped = func() { a.chooseGroupPicture(page, id) }
	page.NoPicture.OnTapped = func() {
		a.changeGroup(page, func(ctx context.Context) error {
			_, err := a.session.SetGroupPicture(ctx, id, nil)
			return err
		})
	}
	a.showSheet(o)
	a.drawGroup()
	page.Sheet.ShowOn(a.window.Canvas(), nil)
}

// changeGroup does what was asked on a group's page, and says there why it
// could not be done.
func (a *App) changeGroup(page *widgets.GroupPage, change func(context.Context) error) {
	page.Answer("")
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, groupPatience)
		defer cancel()
		err := change(ctx)
		return func() {
			if err != nil {
				page.Answer(sentence(err))
			}
			a.drawGroup()
		}
	})
}

// drawGroup draws the page of a group anew, if one is open.
func (a *App) drawGroup() {
	if a.sheet == nil || a.sheet.page == nil {
		return
	}
	page, id := a.sheet.page, a.sheet.conversation
	c := a.model.conversations[id]
	mine := c.Roles[a.model.me.ID]
	in := c.Gone == ""
	may := in && !c.Stopped && (mine == chat.Admin || mine == chat.Owner)
	words, _ := a.model.status(&c, time.Time{})
	switch {
	case c.Gone == chat.Left:
		words += " · " + lang.L("You left. What was written until then stays here.")
	case c.Gone == chat.Removed:
		words += " · " + lang.L("You were removed. What was written until then stays here.")
	case !may:
		words += " · " + lang.L("Admins name the group, and bring people in.")
	}
	page.Set(a.model.face(&c), words, a.memberRows(page, &c, may), may, in)
}

var roleOrder = map[chat.Role]int{chat.Owner: 0, chat.Admin: 1, chat.Member: 2}

// memberRows are who is in a group: those with a say first, then by name.
func (a *App) memberRows(page *widgets.GroupPage, c *chat.Conversation, may bool) []widgets.MemberRow {
	members := slices.Clone(c.Members)
	slices.SortFunc(members, func(x, y chat.Account) int {
		if d := roleOrder[c.Roles[x.ID]] - roleOrder[c.Roles[y.ID]]; d != 0 {
			return d
		}
		return strings.Compare(strings.ToLower(x.Name), strings.ToLower(y.Name))
	})
	rows := make([]widgets.MemberRow, len(members))
	for i, m := range members {
		rows[i] = widgets.MemberRow{Account: m, Online: a.model.presence[m.ID].Online, Detail: roleName(c.Roles[m.ID])}
		if m.ID == a.model.me.ID {
			rows[i].Detail = lang.L("You") + " · " + roleName(c.Roles[m.ID])
			continue
		}
		rows[i].Menu = a.memberMenu(page, c, m, may)
	}
	return rows
}

func roleName(r chat.Role) string {
	switch r {
	case chat.Owner:
		return lang.L("owner")
	case chat.Admin:
		return lang.L("admin")
	}
	return lang.L("member")
}

// memberMenu is what can be done about a member: only what the person's own
// role allows.
func (a *App) memberMenu(page *widgets.GroupPage, c *chat.Conversation, m chat.Account, may bool) []*fyne.MenuItem {
	id := c.ID
	items := []*fyne.MenuItem{fyne.NewMenuItem(lang.L("Write to {{.Name}}", map[string]any{"Name": m.Name}), func() {
		page.Sheet.Dismiss()
		a.writeTo(m.Name)
	})}
	mine, theirs := c.Roles[a.model.me.ID], c.Roles[m.ID]
	if !may || mine != chat.Owner && theirs != chat.Member {
		return items
	}
	role := func(words string, to chat.Role) {
		if theirs != to {
			items = append(items, fyne.NewMenuItem(words, func() {
				a.changeGroup(page, func(ctx context.Context) error { return a.session.SetRole(ctx, id, m.ID, to) })
			}))
		}
	}
	if mine == chat.Owner {
		role(lang.L("Make owner"), chat.Owner)
		role(lang.L("Make admin"), chat.Admin)
		role(lang.L("Make member"), chat.Member)
	}
	return append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem(lang.L("Remove from the group"), func() {
		a.changeGroup(page, func(ctx context.Context) error { return a.session.RemoveMember(ctx, id, m.ID) })
	}))
}

// addToGroup asks who comes into a group that is there.
func (a *App) addToGroup(id chat.ConversationID) {
	c := a.model.conversations[id]
	s := widgets.NewAddSheet(a.model.name(&c))
	s.People.Face = a.model.faceOfAccount
	s.OnDo = func() {
		members, old := ids(s.People.Chosen()), s.Old.On()
		a.work(func(ctx context.Context) func() {
			ctx, cancel := context.WithTimeout(ctx, groupPatience)
			defer cancel()
			err := a.session.AddMembers(ctx, id, members, old)
			return func() {
				switch {
				case err != nil:
					s.Fail(sentence(err))
				case s.Sheet.Shown():
					a.openGroup(id)
				}
			}
		})
	}
	a.showSheet(&openSheet{name: "add", sheet: s.Sheet, group: s, list: s.People, spots: map[string]spotted{"old": s.Old, "do": s.Do}})
	s.Sheet.ShowOn(a.window.Canvas(), s.First())
	a.lookFor(s.People, s.Sheet, func(who chat.AccountID) bool {
		return slices.ContainsFunc(c.Members, func(m chat.Account) bool { return m.ID == who })
	}, lang.L("Everybody on this relay is in the group already."))
}

// askToLeave leaves a group once the person said so.
func (a *App) askToLeave(id chat.ConversationID) {
	c := a.model.conversations[id]
	words := widgets.NewParagraph(lang.L("You get nothing any more that is written there. What you have already stays here. To come back, somebody in the group must bring you in."), widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	var sheet *widgets.Sheet
	stay := widgets.NewButton(widgets.PlainButton, lang.L("Stay"), func() { sheet.Dismiss() })
	leave := widgets.NewButton(widgets.PrimaryButton, lang.L("Leave"), nil)
	sheet = widgets.NewSheet(lang.L("Leave {{.Group}}?", map[string]any{"Group": a.model.name(&c)}), words, stay, leave)
	o := &openSheet{name: "leave", sheet: sheet, spots: map[string]spotted{"stay": stay, "leave": leave}}
	leave.OnTapped = func() {
		leave.SetDisabled(true)
		a.work(func(ctx context.Context) func() {
			ctx, cancel := context.WithTimeout(ctx, groupPatience)
			defer cancel()
			err := a.session.Leave(ctx, id)
			return func() {
				switch {
				case !sheet.Shown():
				case err != nil:
					words.SetText(sentence(err))
					leave.SetDisabled(false)
					sheet.Refresh()
				default:
					o.back = nil
					sheet.Dismiss()
				}
			}
		})
	}
	a.showSheet(o)
	sheet.ShowOn(a.window.Canvas(), nil)
}
