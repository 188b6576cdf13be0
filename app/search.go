package app

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

const (
	foundMost  = 50 // messages, and files, that a search lists
	peopleMost = 5  // people without a conversation
)

// matches tells whether every word of what is looked for begins a word of the name.
func matches(name, find string) bool {
	words := strings.Fields(chat.Fold(name))
	for _, f := range strings.Fields(find) {
		found := false
		for _, w := range words {
			found = found || strings.HasPrefix(w, f)
		}
		if !found {
			return false
		}
	}
	return true
}

// found is what a search found, besides conversations by their names.
type found struct {
	text     string // what was looked for
	people   []chat.Account
	messages []chat.Message
	files    []chat.Message
}

// search looks for what is in the search field. Answers to an older question
// are dropped.
func (a *App) search(text string) {
	a.drawRows()
	find := strings.TrimSpace(text)
	if find == "" {
		a.found = found{}
		return
	}
	a.work(func(context.Context) func() {
		f := found{text: text}
		var err, err2 error
		f.messages, err = a.session.Search(text, false, foundMost)
		f.files, err2 = a.session.Search(text, true, foundMost)
		if err != nil || err2 != nil {
			a.log.Error("search", "error", err, "files", err2)
		}
		f.messages = slices.DeleteFunc(f.messages, func(m chat.Message) bool { return m.Content.File != nil })
		return func() { a.takeFound(f) }
	})
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		people, err := a.session.People(ctx, find)
		if err != nil {
			return nil // without a relay nobody new is found
		}
		return func() { a.takeFound(found{text: text, people: people}) }
	})
}

// find lets the person write what they look for. In a narrow window the list
// comes with it.
func (a *App) find() {
	if s := a.main; !s.head.Visible() {
		s.listed = true
		s.root.Refresh()
	}
	a.window.Canvas().Focus(a.main.head.Search)
}

// takeFound shows what was found, if it is still what is looked for.
func (a *App) takeFound(f found) {
	if a.main == nil || a.main.head.Search.Text != f.text {
		return
	}
	if a.found.text == f.text {
		if f.people == nil {
			f.people = a.found.people
		}
		if f.messages == nil && f.files == nil {
			f.messages, f.files = a.found.messages, a.found.files
		}
	}
	a.found = f
	a.drawRows()
}

// foundRows lists what was found, below the conversations that have the name.
func (a *App) foundRows(now time.Time) (rows []widgets.Row) {
	f, m := &a.found, &a.model
	heading := func(name string) { rows = append(rows, widgets.Row{Name: name, Heading: true}) }
	known := map[chat.AccountID]bool{m.me.ID: true}
	for _, c := range m.conversations {
		if c.Kind == chat.Direct {
			known[m.other(&c)] = true
		}
	}
	people := slices.DeleteFunc(slices.Clone(f.people), func(p chat.Account) bool { return known[p.ID] })
	for i, p := range people[:min(len(people), peopleMost)] {
		if i == 0 {
			heading(lang.L("People"))
		}
		rows = append(rows, widgets.Row{Person: p.Name, Name: p.Name, Face: widgets.Face{Name: p.Name, Key: string(p.ID), Picture: m.faces[p.ID]}, Line: lang.L("Write to them")})
	}
	list := func(name string, messages []chat.Message) {
		for i := range messages {
			msg := &messages[i]
			c, ok := m.conversations[msg.Conversation]
			if !ok || c.Blocked {
				continue
			}
			if name != "" {
				heading(name)
				name = ""
			}
			r := widgets.Row{ID: c.ID, Message: msg.ID, Name: m.name(&c), Face: m.face(&c), Time: rowTime(msg.At, now)}
			r.Face.Online = false
			r.Icon, r.Line = preview(&msg.Content)
			if msg.Content.File == nil {
				r.Line = snippet(widgets.PlainText(msg.Content.Text), f.text)
			} else {
				r.Line = oneLine(msg.Content.File.Name)
			}
			if msg.From == m.me.ID {
				r.Lead = lang.L("You:")
			} else if who := memberName(&c, msg.From); who != "" && c.Kind == chat.Group {
				r.Lead, _, _ = strings.Cut(who, " ")
				r.Lead += ":"
			}
			rows = append(rows, r)
		}
	}
	list(lang.L("Messages"), f.messages)
	list(lang.L("Files"), f.files)
	return rows
}

// snippet is the part of a text where what is looked for stands, in one line.
func snippet(text, find string) string {
	const before = 24 // bytes of what stands in front
	looked := strings.Fields(chat.Fold(find))
	from, searched := 0, text[:min(len(text), 64<<10)]
	for at := 0; at < len(searched); {
		end := strings.IndexFunc(searched[at:], func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if end < 0 {
			end = len(searched) - at
		}
		word := chat.Fold(searched[at : at+end])
		if word != "" && slices.ContainsFunc(looked, func(l string) bool { return strings.HasPrefix(word, l) || len(l) > 3 && strings.Contains(word, l) }) {
			from = at
			break
		}
		_, n := utf8.DecodeRuneInString(searched[at+end:])
		at += end + max(n, 1)
	}
	if from <= before {
		return oneLine(text)
	}
	from -= before
	if space := strings.IndexByte(text[from:from+before], ' '); space >= 0 {
		from += space + 1
	}
	for from < len(text) && !utf8.RuneStart(text[from]) {
		from++
	}
	return "…" + oneLine(text[from:])
}

// choose opens what a row of the list stands for.
func (a *App) choose(r widgets.Row) {
	switch {
	case r.Folder:
		a.archive = !a.archive
		a.drawRows()
		a.main.list.ScrollToTop()
	case r.Person != "":
		a.writeTo(r.Person)
	case r.Message != "":
		a.open(r.ID)
		a.main.pane.jump(r.Message)
	default:
		a.open(r.ID)
	}
}

// chooseFirst is Enter in the search field.
func (a *App) chooseFirst() {
	if r, ok := a.main.list.Marked(); ok {
		a.choose(r)
		if r.Message == "" {
			a.escape()
		}
	}
}
