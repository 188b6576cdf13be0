package app

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// wirePicked says what the bar does while messages are chosen.
func (p *pane) wirePicked() {
	a, b, t := p.app, p.picked, p.timeline
	b.Close.OnTapped = t.PickNone
	b.Forward.OnTapped = func() { a.forward(t.Picked()) }
	b.Copy.OnTapped = func() {
		a.fyne.Clipboard().SetContent(p.transcript(t.Picked()))
		t.PickNone()
	}
	t.OnCopyPicked = b.Copy.OnTapped
	b.Save.OnTapped = func() { a.saveAll(t.Picked()) }
	b.Delete.OnTapped = func() { a.askToDelete(t.Picked()) }
	b.Close.OnEscape, b.Forward.OnEscape, b.Copy.OnEscape, b.Save.OnEscape, b.Delete.OnEscape = t.PickNone, t.PickNone, t.PickNone, t.PickNone, t.PickNone
}

// drawPicked shows the bar while n messages are chosen.
func (p *pane) drawPicked(n int) {
	if n == 0 {
		p.picked.Hide()
		p.head.Show()
		return
	}
	files, goes := false, true
	for _, m := range p.timeline.Picked() {
		files = files || m.Content.File != nil
		goes = goes && (m.Seq > 0 || p.app.deletable(&m))
	}
	words := lang.L("1 message")
	if n > 1 {
		words = lang.L("{{.Count}} messages", map[string]any{"Count": n})
	}
	p.picked.Set(words, files, goes)
	p.head.Hide() // so that Tab does not go there
	p.picked.Show()
	p.root.Refresh()
}

// transcript is messages as text: one is its words, several have who and when.
func (p *pane) transcript(messages []chat.Message) string {
	c := p.app.model.conversations[p.id]
	var b strings.Builder
	for _, m := range messages {
		text := m.Content.Text
		if f := m.Content.File; f != nil {
			text = strings.TrimSpace("[" + oneLine(f.Name) + "] " + text)
		}
		if text == "" {
			continue
		}
		if len(messages) > 1 {
			text = memberName(&c, m.From) + ", " + m.At.Local().Format("2006-01-02 15:04") + ": " + text
		}
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(text)
	}
	return b.String()
}

// saveAll copies the files of messages that are here into the downloads.
func (a *App) saveAll(messages []chat.Message) {
	a.main.pane.timeline.PickNone()
	if a.cfg.SaveCopy == nil {
		return
	}
	a.work(func(ctx context.Context) func() {
		folder, saved, absent := downloads(), 0, 0
		for _, m := range messages {
			if m.Content.File == nil {
				continue
			}
			path := a.localFile(m.Conversation, m.ID)
			if path == "" {
				absent++
				continue
			}
			if _, err := a.cfg.SaveCopy(ctx, path, folder, filepath.Base(path)); err != nil {
				return func() { a.notice(sentence(err)) }
			}
			saved++
		}
		data := map[string]any{"Count": saved, "Folder": folder, "Absent": absent}
		switch {
		case saved == 0:
			return func() { a.notice(notHere()) }
		case absent > 0:
			return func() {
				a.notice(lang.L("Saved {{.Count}} in {{.Folder}}. {{.Absent}} are not on this computer yet: click them to fetch them first.", data))
			}
		}
		return func() { a.notice(lang.L("Saved {{.Count}} in {{.Folder}}.", data)) }
	})
}

// forward asks where messages shall go, and sends them there.
func (a *App) forward(messages []chat.Message) {
	if len(messages) == 0 {
		return
	}
	from := messages[0].Conversation
	ids := make([]chat.MessageID, len(messages))
	for i, m := range messages {
		ids[i] = m.ID
	}
	list := widgets.NewPersonList(lang.L("Where to?"))
	sheet := widgets.NewSheet(lang.L("Forward"), list)
	sheet.Height = 380
	conversations := map[chat.AccountID]chat.ConversationID{} // the list knows people by their accounts
	faces := map[chat.AccountID]widgets.Face{}
	list.Face = func(who chat.Account) widgets.Face { return faces[who.ID] }
	look := func(find string) {
		var rows []chat.Account
		for _, c := range a.model.sorted() {
			face := a.model.face(&c)
			if find == "" || matches(face.Name, chat.Fold(find)) {
				key := chat.AccountID(face.Key)
				conversations[key], faces[key] = c.ID, face
				rows = append(rows, chat.Account{ID: key, Name: face.Name})
			}
		}
		list.SetPeople(rows, lang.L("No conversation has that name"))
	}
	list.OnSearch = look
	list.OnPick = func(who chat.Account) {
		sheet.Dismiss()
		to := conversations[who.ID]
		a.main.pane.timeline.PickNone()
		a.inOrder(func(ctx context.Context) func() {
			if err := a.session.Forward(ctx, from, slices.Clone(ids), to); err != nil {
				return func() { a.notice(sentence(err)) }
			}
			return func() { a.open(to) }
		})
	}
	a.showSheet(&openSheet{name: "forward", sheet: sheet, list: list})
	sheet.ShowOn(a.window.Canvas(), list.Search)
	look("")
}
