package app

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// ordered is a conversation's place in the list.
type ordered struct {
	id       chat.ConversationID
	pinned   int64 // since when, in Unix milliseconds; 0: it is not
	activity int64 // the same
}

func (a ordered) compare(b ordered) int {
	switch {
	case (a.pinned == 0) != (b.pinned == 0):
		if a.pinned == 0 {
			return 1
		}
		return -1
	case a.pinned != b.pinned:
		return cmp.Compare(a.pinned, b.pinned) // what is at the top stays where it is
	case a.pinned == 0 && a.activity != b.activity:
		return cmp.Compare(b.activity, a.activity)
	}
	return cmp.Compare(a.id, b.id)
}

// listing is what the list was drawn from last: rows of conversations that did
// not change since are taken from it.
type listing struct {
	order    []ordered
	archived []ordered
	sorted   bool // order and archived are as the conversations say
	rows     map[chat.ConversationID]widgets.Row
	day      string // of rows: they say "Yesterday"
	unread   int
}

// setConversation takes a conversation in.
func (m *model) setConversation(c chat.Conversation) {
	m.conversations[c.ID] = c
	if c.Kind == chat.Direct {
		m.directs[m.other(&c)] = c.ID
	}
	m.list.sorted = false
	m.redraw(c.ID)
}

// redraw has a conversation's row made anew.
func (m *model) redraw(id chat.ConversationID) { delete(m.list.rows, id) }

// redrawAll has all of them made anew.
func (m *model) redrawAll() {
	clear(m.list.rows)
	m.list.sorted = false
}

// sort puts the conversations into their order: those that are pinned first,
// then those with the newest message; what is archived by itself, and what
// somebody writes who is blocked nowhere.
func (m *model) sort(now time.Time) {
	l := &m.list
	if l.sorted {
		return
	}
	l.sorted, l.unread = true, 0
	l.order, l.archived = l.order[:0], l.archived[:0]
	for id := range m.conversations {
		c := m.conversations[id]
		if c.Blocked || onlyAsked(&c) {
			continue
		}
		o := ordered{id: id, activity: activity(&c).UnixMilli()}
		if !c.Pinned.IsZero() {
			o.pinned = c.Pinned.UnixMilli()
		}
		muted := c.IsMuted(now)
		if muted {
			// It may be over with no news: then the rows are looked at again.
			l.sorted = l.sorted && !c.Muted.Before(chat.Forever)
		}
		if c.IsArchived(now) {
			o.pinned = 0
			l.archived = append(l.archived, o)
			continue
		}
		l.order = append(l.order, o)
		if !muted {
			l.unread += c.Unread
			if c.Unread == 0 && c.MarkedUnread {
				l.unread++
			}
		}
	}
	slices.SortFunc(l.order, ordered.compare)
	slices.SortFunc(l.archived, ordered.compare)
}

// onlyAsked tells of a conversation of two in which nothing was said: one asked
// the other to be let into a group by a link, and that is not shown.
func onlyAsked(c *chat.Conversation) bool {
	return c.Kind == chat.Direct && c.Last == nil && c.Head > 0 && c.Timer == 0 && c.Draft == "" && c.Pinned.IsZero()
}

// sorted lists the conversations in the order of the list, those that are
// archived last.
func (m *model) sorted() []chat.Conversation {
	m.sort(time.Now())
	all := make([]chat.Conversation, 0, len(m.conversations))
	for _, o := range slices.Concat(m.list.order, m.list.archived) {
		all = append(all, m.conversations[o.id])
	}
	return all
}

// listRow is the row of a conversation, made anew only when something of it
// changed. What is written in the open one changes with every key.
func (m *model) listRow(id chat.ConversationID, current bool, now time.Time) widgets.Row {
	if r, ok := m.list.rows[id]; ok && !current {
		return r
	}
	c := m.conversations[id]
	r := m.row(&c, current, now)
	if !current && (!r.Muted || !c.Muted.Before(chat.Forever)) {
		m.list.rows[id] = r
	}
	return r
}

// drawRows fills the list with what the search leaves of it.
func (a *App) drawRows() {
	if a.main == nil {
		return
	}
	m, now := &a.model, time.Now()
	if day := now.Local().Format(time.DateOnly); day != m.list.day {
		m.list.day = day
		m.redrawAll()
	}
	m.sort(now)
	find := chat.Fold(a.main.head.Search.Text)
	rows := make([]widgets.Row, 0, len(m.list.order)+2)
	add := func(all []ordered) {
		for _, o := range all {
			r := m.listRow(o.id, o.id == a.main.pane.id, now)
			if find == "" || matches(r.Name, find) {
				rows = append(rows, r)
			}
		}
	}
	empty := ""
	switch archived := m.list.archived; {
	case find != "":
		add(m.list.order)
		add(archived)
		empty = lang.L("Nothing was found")
		if a.found.text == a.main.head.Search.Text {
			rows = append(rows, a.foundRows(now)...)
		}
	case a.archive && len(archived) > 0:
		rows = append(rows, widgets.Row{Folder: true, Face: widgets.Face{Icon: widgets.IconBack}, Name: lang.L("Archived"), Line: lang.L("Back to all conversations")})
		add(archived)
	default:
		a.archive = false
		add(m.list.order)
		if len(archived) > 0 {
			rows = append(rows, m.folderRow(archived))
		}
	}
	a.main.list.SetRows(rows, empty)
	a.drawTitle()
	a.tellUnread()
}

// drawTitle says in the window's title how much is unread, and whose window it is
// where there are several accounts.
func (a *App) drawTitle() {
	title := "Satchel"
	if a.several && a.main != nil {
		title += " · " + a.model.me.Name
	}
	if n := a.model.list.unread; n > 0 {
		title = fmt.Sprintf("(%d) %s", n, title)
	}
	if a.window.Title() != title {
		a.window.SetTitle(title)
	}
}

// folderNames is how many of the archived conversations their folder names.
const folderNames = 3

// folderRow leads to what is archived.
func (m *model) folderRow(archived []ordered) widgets.Row {
	r := widgets.Row{Folder: true, Face: widgets.Face{Icon: widgets.IconArchive}, Name: lang.L("Archived"), Muted: true}
	var names []string
	for i, o := range archived {
		c := m.conversations[o.id]
		r.Unread += c.Unread
		if i < folderNames {
			names = append(names, m.name(&c))
		}
	}
	r.Line = strings.Join(names, ", ")
	return r
}
