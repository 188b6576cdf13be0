package app

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// personName is what the person calls somebody in a conversation.
func (m *model) personName(c *chat.Conversation, id chat.AccountID) string {
	if id == m.me.ID {
		return lang.L("You")
	}
	return memberName(c, id)
}

// reactions counts those to a message by emoji, in the order of their coming.
func (m *model) reactions(c *chat.Conversation, msg *chat.Message) (out []widgets.Reaction) {
	for _, r := range msg.Reactions {
		i := slices.IndexFunc(out, func(w widgets.Reaction) bool { return w.Emoji == r.Emoji })
		if i < 0 {
			i = len(out)
			out = append(out, widgets.Reaction{Emoji: r.Emoji})
		}
		name := m.personName(c, r.From)
		if name == "" {
			name = lang.L("Somebody")
		}
		if out[i].Who != "" {
			name = out[i].Who + ", " + name
		}
		out[i].Count, out[i].Who, out[i].Mine = out[i].Count+1, name, out[i].Mine || r.From == m.me.ID
	}
	return out
}

// mentionable are the names that an @ may stand before.
func (m *model) mentionable(c *chat.Conversation) (names []string) {
	if c.Kind != chat.Group {
		return nil
	}
	for _, who := range c.Members {
		names = append(names, who.Name)
	}
	return names
}

// others are the names of everybody else in a group.
func (m *model) others(c *chat.Conversation) (names []string) {
	for _, who := range c.Members {
		if c.Kind == chat.Group && who.ID != m.me.ID {
			names = append(names, who.Name)
		}
	}
	return names
}

// requote draws the answers to messages that changed or came.
func (p *pane) requote(targets []chat.Message) {
	var again []chat.Message
	for id, to := range p.replies {
		for i := range targets {
			if m, ok := p.shown[id]; ok && targets[i].ID == to {
				m.ReplyTo = chat.QuoteOf(&targets[i])
				p.shown[id] = m
				again = append(again, m)
			}
		}
	}
	if len(again) > 0 {
		p.timeline.Upsert(p.items(again)...)
	}
}

// answer begins an answer to a message.
func (p *pane) answer(m chat.Message) {
	p.endReply()
	p.answers = &m
	c := p.app.model.conversations[p.id]
	name := lang.L("Reply to {{.Name}}", map[string]any{"Name": p.app.model.personName(&c, m.From)})
	if m.From == p.app.model.me.ID {
		name = lang.L("Reply to yourself")
	}
	p.showBar(widgets.IconReply, name, &m)
}

// editMessage puts a message of ours into the composer; what was being written
// comes back afterwards.
func (p *pane) editMessage(m chat.Message) {
	if !widgets.Writable(m.Content.Text) {
		p.app.notice(lang.L("This message is too long to be changed here. It stays as it is: copy it, and send what you change as a file."))
		return
	}
	p.endReply()
	p.keepDraft()
	p.edits = &m
	p.composer.SetText(m.Content.Text)
	p.showBar(widgets.IconEdit, lang.L("Edit message"), &m)
}

func (p *pane) showBar(icon widgets.Icon, name string, m *chat.Message) {
	_, line := preview(&m.Content)
	p.reply.Set(icon, name, line)
	p.root.Refresh()
	p.composer.Focus()
}

// editLast edits the newest message of ours that has words.
func (p *pane) editLast() {
	all := p.inOrder()
	for i := len(all) - 1; i >= 0; i-- {
		if p.app.editable(&all[i]) {
			p.editMessage(all[i])
			return
		}
	}
}

func (a *App) editable(m *chat.Message) bool {
	return m.From == a.model.me.ID && !m.Deleted && m.Content.Known() && m.Content.Text != "" && m.State != chat.MessageFailed && a.session.Changeable(m)
}

// endReply leaves an answer or an edit.
func (p *pane) endReply() {
	if p.answers == nil && p.edits == nil {
		return
	}
	if p.edits != nil {
		p.edits = nil
		p.composer.SetText(p.app.model.draft(p.id))
	}
	p.answers = nil
	p.reply.Set(widgets.IconReply, "", "")
	p.root.Refresh()
}

// takeReply is what the message that is being sent answers; "" when nothing.
func (p *pane) takeReply() chat.MessageID {
	if p.answers == nil {
		return ""
	}
	id := p.answers.ID
	p.endReply()
	return id
}

// edit ends an edit with its new text.
func (p *pane) edit(text string) {
	a, m := p.app, *p.edits
	p.endReply()
	a.inOrder(func(ctx context.Context) func() {
		err := a.session.Edit(ctx, m.Conversation, m.ID, text)
		if err == nil {
			return nil
		}
		return func() {
			a.notice(sentence(err))
			if p.id == m.Conversation && p.edits == nil {
				p.editMessage(m) // the words are not lost
				p.composer.SetText(text)
			}
		}
	})
}

// talkMenu is what can be done with a message.
func (a *App) talkMenu(m chat.Message) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	add := func(name string, do func()) { items = append(items, fyne.NewMenuItem(name, do)) }
	p := a.main.pane
	if m.Deleted || m.Content.Kind == chat.KindTimer && m.State != chat.MessageFailed {
		return nil
	}
	add(lang.L("Reply"), func() { p.answer(m) })
	add(lang.L("React…"), func() { p.pickReaction(m) })
	if a.editable(&m) {
		add(lang.L("Edit"), func() { p.editMessage(m) })
	}
	if m.Content.Known() {
		add(lang.L("Forward…"), func() { a.forward([]chat.Message{m}) })
	}
	add(lang.L("Choose"), func() { p.timeline.Pick(m.ID) })
	if a.deletable(&m) || m.Seq > 0 {
		add(lang.L("Delete…"), func() { a.askToDelete([]chat.Message{m}) })
	}
	if who := a.readBy(&m); who != "" {
		read := fyne.NewMenuItem(who, nil)
		read.Disabled = true
		items = append(items, read)
	}
	if c := a.model.conversations[m.Conversation]; len(p.fetched[m.ID]) > 0 {
		fetched := fyne.NewMenuItem(a.model.fetchedBy(&c, p.fetched[m.ID], 6), nil)
		fetched.Disabled = true
		items = append(items, fetched)
	}
	return append(items, fyne.NewMenuItemSeparator())
}

// readBy says who of a group has read a message of ours; "" elsewhere.
func (a *App) readBy(m *chat.Message) string {
	c := a.model.conversations[m.Conversation]
	if c.Kind != chat.Group || m.From != a.model.me.ID || m.Seq == 0 {
		return ""
	}
	var names []string
	others := 0
	for _, who := range c.Members {
		if who.ID == a.model.me.ID {
			continue
		}
		others++
		if c.Marks[who.ID].Read >= m.Seq {
			names = append(names, who.Name)
		}
	}
	switch {
	case len(names) == 0:
		return lang.L("Read by nobody yet")
	case len(names) == others:
		return lang.L("Read by everybody")
	case len(names) > 6:
		return lang.L("Read by {{.Count}} of {{.All}}", map[string]any{"Count": len(names), "All": others})
	}
	return lang.L("Read by {{.Names}}", map[string]any{"Names": strings.Join(names, ", ")})
}

// react adds our reaction to a message, or takes it back.
func (a *App) react(m chat.Message, emoji string) {
	a.inOrder(func(ctx context.Context) func() {
		if err := a.session.React(ctx, m.Conversation, m.ID, emoji); err != nil {
			return func() { a.notice(sentence(err)) }
		}
		return nil
	})
}

// pickReaction offers emoji beside a message.
func (p *pane) pickReaction(m chat.Message) {
	near := fyne.NewPos(p.app.window.Canvas().Size().Width/2+180, p.app.window.Canvas().Size().Height/2+160)
	for _, s := range p.timeline.Spots() {
		if o := s.Parts[""]; s.ID == m.ID && o != nil {
			near = p.app.fyne.Driver().AbsolutePositionForObject(o).AddXY(min(o.Size().Width, 200)+160, 0)
		}
	}
	p.app.openPicker(near, func(emoji string) { p.app.react(m, emoji) })
}

// pickEmoji offers emoji to write.
func (p *pane) pickEmoji() {
	o := p.composer.Emoji
	near := p.app.fyne.Driver().AbsolutePositionForObject(o).AddXY(o.Size().Width, -8)
	p.app.openPicker(near, func(emoji string) {
		p.composer.Insert(emoji)
		p.composer.Focus()
	})
}

// emojiKept is how many emoji are offered first because they were used last.
const emojiKept = 16

// openPicker shows the emoji, and notes which one was used.
func (a *App) openPicker(near fyne.Position, then func(string)) {
	picker := widgets.NewEmojiPicker(a.recentEmoji())
	picker.OnPick = func(emoji string) {
		recent := append([]string{emoji}, slices.DeleteFunc(a.recentEmoji(), func(e string) bool { return e == emoji })...)
		a.settings.Emoji = strings.Join(recent[:min(len(recent), emojiKept)], " ")
		then(emoji)
	}
	a.picker = picker
	picker.OnClose = func() {
		a.picker = nil
		a.refocus()
	}
	picker.ShowOn(a.window.Canvas(), near)
}

// recentEmoji are those used last; a few that everybody uses, to begin with.
func (a *App) recentEmoji() []string {
	recent := strings.Fields(a.settings.Emoji)
	if len(recent) == 0 {
		recent = strings.Fields("👍 🧡 😂 😮 😢 🙏 🎉")
	}
	return slices.DeleteFunc(recent, func(e string) bool { return len(e) > chat.MaxReaction || !utf8.ValidString(e) })
}

// deletable tells whether a message can be deleted for everyone.
func (a *App) deletable(m *chat.Message) bool {
	return m.From == a.model.me.ID && a.session.Changeable(m)
}

// askToDelete asks once before messages are gone: for everyone, where all of them are
// ours, or for oneself.
func (a *App) askToDelete(messages []chat.Message) {
	if len(messages) == 0 {
		return
	}
	title := lang.L("Delete this message?")
	forMe := lang.L("For you, it goes from all devices that you have; the others keep it.")
	forAll := lang.L("For everyone, it goes from the conversation. Who has read it may still remember it, and a file that somebody saved stays where it was saved.")
	alone := lang.L("It goes from all devices that you have. A file that you saved stays where it was saved.")
	if len(messages) > 1 {
		title = lang.L("Delete {{.Count}} messages?", map[string]any{"Count": len(messages)})
		forMe = lang.L("For you, they go from all devices that you have; the others keep them.")
		forAll = lang.L("For everyone, they go from the conversation. Who has read them may still remember them, and files that somebody saved stay where they were saved.")
		alone = lang.L("They go from all devices that you have. Files that you saved stay where they were saved.")
	}
	all, mine := true, true // for everyone; for me
	for i := range messages {
		all, mine = all && a.deletable(&messages[i]), mine && messages[i].Seq > 0
	}
	notes := a.model.conversations[messages[0].Conversation].Kind == chat.Self
	mine = mine && !(notes && all) // the same
	var sheet *widgets.Sheet
	do := func(delete func(ctx context.Context) error) func() {
		return func() {
			sheet.Dismiss()
			a.main.pane.timeline.PickNone()
			a.inOrder(func(ctx context.Context) func() {
				if err := delete(ctx); err != nil {
					return func() { a.notice(sentence(err)) }
				}
				return nil
			})
		}
	}
	ids := make([]chat.MessageID, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	cancel := widgets.NewButton(widgets.PlainButton, lang.L("Cancel"), func() { sheet.Dismiss() })
	me := widgets.NewButton(widgets.PlainButton, lang.L("Delete for me"), do(func(ctx context.Context) error {
		return a.session.DeleteForMe(ctx, messages[0].Conversation, ids...)
	}))
	everyone := widgets.NewButton(widgets.PrimaryButton, lang.L("Delete for everyone"), do(func(ctx context.Context) error {
		for _, m := range messages {
			if err := a.session.Delete(ctx, m.Conversation, m.ID); err != nil {
				return err
			}
		}
		return nil
	}))
	buttons, spots := []*widgets.Button{cancel}, map[string]spotted{"cancel": cancel}
	var said []string
	if mine {
		buttons, spots["delete-for-me"] = append(buttons, me), me
		said = append(said, forMe)
	}
	if all {
		if notes {
			everyone.SetText(lang.L("Delete"))
		} else {
			said = append(said, forAll)
		}
		buttons, spots["delete"] = append(buttons, everyone), everyone
	} else {
		me.Kind = widgets.PrimaryButton
	}
	if len(said) == 0 {
		said = append(said, alone)
	}
	words := widgets.NewParagraph(strings.Join(said, "\n\n"), widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	sheet = widgets.NewSheet(title, words, buttons...)
	a.showSheet(&openSheet{name: "delete", sheet: sheet, spots: spots})
	sheet.ShowOn(a.window.Canvas(), nil)
}
