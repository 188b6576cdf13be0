package app

import (
	"context"
	"strconv"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// profilePage is what one is called, and who is blocked.
func (a *App) profilePage(o *openSheet) fyne.CanvasObject {
	avatar := widgets.NewAvatar(widgets.AvatarSize)
	name := widgets.NewField(lang.L("Your name"))
	words := widgets.NewParagraph(lang.L("Others on this relay find you by your name. Your picture goes to those whom you write to, sealed as your messages are."), widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	answer := widgets.NewParagraph("", widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	answer.Hide()
	save := widgets.NewButton(widgets.PrimaryButton, lang.L("Save"), nil)
	tooLong := false // the last answer is about that
	draw := func() {
		me := a.model.me
		avatar.SetFace(a.model.myFace())
		name.SetText(me.Name)
		save.SetDisabled(true)
	}
	say := func(text string) {
		answer.SetText(text)
		if text == "" {
			answer.Hide()
		} else {
			answer.Show()
		}
		o.sheet.Refresh()
	}
	name.OnChanged = func(text string) {
		long := widgets.NameTooLong(text)
		save.SetDisabled(text == a.model.me.Name || text == "" || long != "")
		if long != "" || tooLong {
			say(long)
		}
		tooLong = long != ""
	}
	change := func() {
		if save.Disabled() {
			return
		}
		save.SetDisabled(true)
		wanted := name.Text
		a.work(func(ctx context.Context) func() {
			ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
			defer cancel()
			err := a.session.SetName(ctx, wanted)
			me := a.session.Profile().Account
			return func() {
				if err != nil {
					save.SetDisabled(false)
					say(sentence(err))
					return
				}
				a.model.me = me
				a.main.drawMe(&a.model)
				a.set(func(s *settings) { s.Account = me.Name })
				a.drawTitle()
				draw()
				say(lang.L("You are called {{.Name}} from now on.", map[string]any{"Name": me.Name}))
			}
		})
	}
	save.OnTapped = change
	name.OnSubmitted = func(string) { change() }
	choose := widgets.NewButton(widgets.PlainButton, lang.L("Choose picture…"), func() { a.choosePicture(say) })
	remove := widgets.NewButton(widgets.PlainButton, lang.L("Remove picture"), func() {
		a.act(func(ctx context.Context) error { return a.session.SetPicture(ctx, nil) })
	})
	o.drawMe = func() {
		avatar.SetFace(a.model.myFace())
		if a.model.myFace().Picture == nil {
			remove.Hide()
		} else {
			remove.Show()
		}
		o.sheet.Refresh()
	}
	o.spots["name"], o.spots["save"], o.spots["picture"], o.spots["no-picture"] = name, save, choose, remove
	draw()

	blocked := widgets.NewParagraph(lang.L("Nobody is blocked. What somebody writes whom you block is not shown, and they are not told."), widgets.SizeSmall, widgets.ColorMuted, fyne.TextAlignLeading)
	people := container.NewVBox()
	heading := widgets.NewHeading(lang.L("Blocked"))
	leave := widgets.NewButton(widgets.PlainButton, lang.L("Remove from this computer…"), a.askToRemove)
	o.spots["remove-account"] = leave
	page := widgets.NewColumn(14, container.New(&profileLayout{}, avatar, widgets.FieldBox(name, false), save), answer, widgets.NewLine(12, choose, remove), words, heading, blocked, people,
		widgets.NewHeading(lang.L("This account")), widgets.NewLine(12, leave))
	o.drawMe()
	a.listBlocked(o, blocked, people)
	return page
}

// listBlocked fills in who is blocked, each with the way to end it.
func (a *App) listBlocked(o *openSheet, words *widgets.Paragraph, people *fyne.Container) {
	a.work(func(context.Context) func() {
		all, err := a.session.Blocked()
		return func() {
			people.RemoveAll()
			for i, who := range all {
				unblock := widgets.NewButton(widgets.PlainButton, lang.L("Unblock"), func() { a.unblock(o, who, words, people) })
				unblock.Height = 32
				o.spots["unblock-"+strconv.Itoa(i)] = unblock
				avatar := widgets.NewAvatar(widgets.SmallAvatarSize)
				avatar.SetFace(widgets.Face{Name: who.Name, Key: string(who.ID), Picture: a.model.faces[who.ID]})
				people.Add(container.New(&profileLayout{}, avatar, widgets.NewParagraph(who.Name, widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading), unblock))
			}
			if err != nil {
				words.SetText(sentence(err))
			}
			if len(all) > 0 && err == nil {
				words.Hide()
			} else {
				words.Show()
			}
			o.sheet.Refresh()
		}
	})
}

func (a *App) unblock(o *openSheet, who chat.Account, words *widgets.Paragraph, people *fyne.Container) {
	a.work(func(ctx context.Context) func() {
		err := a.session.Block(ctx, who.ID, false)
		return func() {
			if err != nil {
				a.notice(sentence(err))
			}
			a.listBlocked(o, words, people)
		}
	})
}

// profileLayout puts a face, something that takes the room, and a button beside
// each other, in the middle of the line's height.
type profileLayout struct{}

func (*profileLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var out fyne.Size
	for _, o := range objects {
		m := o.MinSize()
		out = fyne.NewSize(out.Width+m.Width+12, max(out.Height, m.Height))
	}
	return out
}

func (*profileLayout) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	face, line, button := objects[0], objects[1], objects[2]
	middle := func(o fyne.CanvasObject, x, w, h float32) {
		o.Move(fyne.NewPos(x, (s.Height-h)/2))
		o.Resize(fyne.NewSize(w, h))
	}
	f, b := face.MinSize(), button.MinSize()
	middle(face, 0, f.Width, f.Height)
	middle(button, s.Width-b.Width, b.Width, b.Height)
	width := s.Width - f.Width - b.Width - 24
	line.Resize(fyne.NewSize(width, line.MinSize().Height)) // a paragraph is as high as it is wide
	middle(line, f.Width+12, width, line.MinSize().Height)
}
