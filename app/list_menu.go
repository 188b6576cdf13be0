package app

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// conversationMenu is what can be done with a conversation of the list.
func (a *App) conversationMenu(r widgets.Row) []*fyne.MenuItem {
	c, ok := a.model.conversations[r.ID]
	if !ok {
		return nil
	}
	s, now := a.session, time.Now()
	var items []*fyne.MenuItem
	add := func(name string, do func(context.Context) error) {
		items = append(items, fyne.NewMenuItem(name, func() { a.act(do) }))
	}
	if c.Unread > 0 || c.MarkedUnread {
		add(lang.L("Mark as read"), func(context.Context) error { return s.MarkRead(c.ID, c.Head) })
	} else {
		add(lang.L("Mark as unread"), func(ctx context.Context) error { return s.MarkUnread(ctx, c.ID, true) })
	}
	if c.Pinned.IsZero() {
		add(lang.L("Pin to the top"), func(ctx context.Context) error { return s.Pin(ctx, c.ID, true) })
	} else {
		add(lang.L("Unpin"), func(ctx context.Context) error { return s.Pin(ctx, c.ID, false) })
	}
	if c.IsMuted(now) {
		add(lang.L("Turn notifications on"), func(ctx context.Context) error { return s.Mute(ctx, c.ID, time.Time{}) })
	} else {
		mute := func(name string, until func() time.Time) *fyne.MenuItem {
			return fyne.NewMenuItem(name, func() {
				a.act(func(ctx context.Context) error { return s.Mute(ctx, c.ID, until()) })
			})
		}
		span := func(d time.Duration) func() time.Time { return func() time.Time { return time.Now().Add(d) } }
		item := fyne.NewMenuItem(lang.L("Mute"), nil)
		item.ChildMenu = fyne.NewMenu("", mute(lang.L("For 1 hour"), span(time.Hour)), mute(lang.L("For 8 hours"), span(8*time.Hour)),
			mute(lang.L("Until I turn it on"), func() time.Time { return chat.Forever }))
		items = append(items, item)
	}
	if c.IsArchived(now) {
		add(lang.L("Move out of the archive"), func(ctx context.Context) error { return s.Archive(ctx, c.ID, false) })
	} else {
		add(lang.L("Archive"), func(ctx context.Context) error { return s.Archive(ctx, c.ID, true) })
	}
	if c.MaySetTimer(a.model.me.ID) && !c.Stopped {
		items = append(items, fyne.NewMenuItem(lang.L("Disappearing messages…"), func() { a.chooseTimer(c.ID) }))
	}
	name := map[string]any{"Name": a.model.name(&c)}
	switch {
	case c.Kind == chat.Direct:
		other := a.model.other(&c)
		items = append(items, fyne.NewMenuItemSeparator(), fyne.NewMenuItem(lang.L("Block…"), func() {
			a.confirm(lang.L("Block {{.Name}}?", name),
				lang.L("What {{.Name}} writes to you alone is not shown and not told any more, on all of your devices. They are not told. You can end it in the settings, under Profile.", name),
				lang.L("Block"), func(ctx context.Context) error { return s.Block(ctx, other, true) })
		}))
	case c.Kind == chat.Group && c.Gone == "":
		items = append(items, fyne.NewMenuItemSeparator())
		if role := c.Roles[a.model.me.ID]; role == chat.Admin || role == chat.Owner {
			item := fyne.NewMenuItem(lang.L("Only admins write"), func() {
				a.act(func(ctx context.Context) error { return s.SetOnlyAdmins(ctx, c.ID, !c.OnlyAdmins) })
			})
			item.Checked = c.OnlyAdmins
			items = append(items, item)
		}
		items = append(items, fyne.NewMenuItem(lang.L("Leave…"), func() { a.askToLeave(c.ID) }))
	}
	return items
}

// act does something that may take a moment, and says when it can't be done.
func (a *App) act(do func(context.Context) error) {
	a.work(func(ctx context.Context) func() {
		if err := do(ctx); err != nil {
			return func() { a.notice(sentence(err)) }
		}
		return nil
	})
}

// confirm asks before something that others notice, or that is hard to undo.
func (a *App) confirm(title, words, yes string, do func(context.Context) error) {
	var sheet *widgets.Sheet
	keep := widgets.NewButton(widgets.PlainButton, lang.L("Cancel"), func() { sheet.Dismiss() })
	sure := widgets.NewButton(widgets.PrimaryButton, yes, func() {
		sheet.Dismiss()
		a.act(do)
	})
	sheet = widgets.NewSheet(title, widgets.NewColumn(14, widgets.NewParagraph(words, widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)), keep, sure)
	a.showSheet(&openSheet{name: "confirm", sheet: sheet, spots: map[string]spotted{"keep": keep, "sure": sure}})
	sheet.ShowOn(a.window.Canvas(), keep)
}
