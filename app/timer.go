package app

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// lifetimeWords says how long messages are there, in the largest unit that fits.
func lifetimeWords(seconds int64) string {
	for _, u := range []struct {
		seconds int64
		words   func(n int) string
	}{
		{7 * 24 * 60 * 60, func(n int) string { return lang.N("{{.Count}} weeks", n, map[string]any{"Count": n}) }},
		{24 * 60 * 60, func(n int) string { return lang.N("{{.Count}} days", n, map[string]any{"Count": n}) }},
		{60 * 60, func(n int) string { return lang.N("{{.Count}} hours", n, map[string]any{"Count": n}) }},
		{60, func(n int) string { return lang.N("{{.Count}} minutes", n, map[string]any{"Count": n}) }},
	} {
		if seconds >= u.seconds && seconds%u.seconds == 0 {
			return u.words(int(seconds / u.seconds))
		}
	}
	return lang.N("{{.Count}} seconds", int(seconds), map[string]any{"Count": seconds})
}

// timerLine is what stands between messages where somebody changed how long they
// are there; who is "" for oneself.
func timerLine(c *chat.Content, who string) string {
	words := map[string]any{"Name": who, "Time": lifetimeWords(c.Lifetime)}
	switch {
	case c.Lifetime == 0 && who == "":
		return lang.L("You let new messages stay.")
	case c.Lifetime == 0:
		return lang.L("{{.Name}} lets new messages stay.", words)
	case who == "":
		return lang.L("You set new messages to disappear after {{.Time}}.", words)
	}
	return lang.L("{{.Name}} set new messages to disappear after {{.Time}}.", words)
}

// lineOf is what stands for a message that is a line between others; "" for one
// that has a bubble.
func (m *model) lineOf(c *chat.Conversation, one *chat.Message) string {
	if one.Content.Kind != chat.KindTimer || one.State == chat.MessageFailed {
		return ""
	}
	who := ""
	if one.From != m.me.ID {
		if who = memberName(c, one.From); who == "" {
			who = lang.L("Somebody")
		}
	}
	return timerLine(&one.Content, who)
}

// unquote takes what has disappeared out of the answers to it.
func (p *pane) unquote(gone []chat.MessageID) {
	var again []chat.Message
	left := map[chat.MessageID]bool{}
	for _, id := range gone {
		left[id] = true
		if p.answers != nil && p.answers.ID == id || p.edits != nil && p.edits.ID == id {
			p.endReply()
		}
	}
	for id, to := range p.replies {
		if m, ok := p.shown[id]; ok && m.ReplyTo != nil && left[to] {
			m.ReplyTo = nil
			p.shown[id] = m
			again = append(again, m)
		}
	}
	if len(again) > 0 {
		p.timeline.Upsert(p.items(again)...)
	}
}

// chooseTimer asks how long messages of a conversation are there from now on.
func (a *App) chooseTimer(id chat.ConversationID) {
	c := a.model.conversations[id]
	words := widgets.NewParagraph(lang.L("New messages disappear after this time on all devices and at the relay, with their files. Those that are there already stay. Somebody can still keep what they have read."),
		widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	options, seconds, picked := []string{lang.L("Never")}, []int64{0}, -1
	for _, d := range chat.Lifetimes {
		options, seconds = append(options, lifetimeWords(int64(d/time.Second))), append(seconds, int64(d/time.Second))
	}
	for i, n := range seconds {
		if n == c.Timer {
			picked = i
		}
	}
	if picked < 0 { // set at a prompt
		options, seconds, picked = append(options, lifetimeWords(c.Timer)), append(seconds, c.Timer), len(options)
	}
	choice := widgets.NewPicker(lang.L("Disappear after"), "", options, picked, nil)
	done := widgets.NewButton(widgets.PrimaryButton, lang.L("Save"), nil)
	keep := widgets.NewButton(widgets.PlainButton, lang.L("Cancel"), nil)
	sheet := widgets.NewSheet(lang.L("Disappearing messages"), widgets.NewColumn(14, words, choice), keep, done)
	keep.OnTapped = sheet.Dismiss
	done.OnTapped = func() {
		lifetime := time.Duration(seconds[choice.Picked()]) * time.Second
		sheet.Dismiss()
		a.act(func(ctx context.Context) error {
			_, err := a.session.SetTimer(ctx, id, lifetime)
			return err
		})
	}
	a.showSheet(&openSheet{name: "timer", sheet: sheet, spots: map[string]spotted{"choice": choice.Button, "done": done}})
	sheet.ShowOn(a.window.Canvas(), done)
}
