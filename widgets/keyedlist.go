package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// keyedList is the list's own, with Enter and the keys that open a menu.
type keyedList struct {
	widget.List
	of *ConversationList
	at widget.ListItemID // the row that the keyboard is at
}

func newKeyedList(of *ConversationList) *keyedList {
	l := &keyedList{of: of}
	l.ExtendBaseWidget(l)
	l.OnHighlighted = func(i widget.ListItemID) { l.at = i }
	return l
}

// TypedKey implements fyne.Focusable.
func (l *keyedList) TypedKey(k *fyne.KeyEvent) {
	if pressing(l, k); MenuKey(k) {
		l.of.menuAt(l.at)
		return
	}
	switch k.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		if l.at < len(l.of.rows) {
			l.of.choose(l.of.rows[l.at])
		}
	case fyne.KeyEscape:
		do(l.of.OnEscape)
	default:
		l.List.TypedKey(k)
	}
}

// HasKeyboard tells whether the rows have the focus.
func (l *ConversationList) HasKeyboard() bool {
	c := fyne.CurrentApp().Driver().CanvasForObject(l.list)
	return c != nil && c.Focused() == fyne.Focusable(l.list)
}

// ShowMenu offers what can be done with the conversation that is open, beside
// its row; false when that is not on the screen.
func (l *ConversationList) ShowMenu() bool {
	for i, r := range l.rows {
		if r.ID == l.selected && r.ID != "" && r.Message == "" {
			return l.menuAt(i)
		}
	}
	return false
}

// menuAt opens the menu of a row beside it.
func (l *ConversationList) menuAt(i int) bool {
	if i < 0 || i >= len(l.rows) {
		return false
	}
	o := l.shown[i]
	if o == nil || o.row != l.rows[i] {
		return false // scrolled away
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(o)
	return l.showMenu(l.rows[i], at.AddXY(80, ConversationRowHeight-8))
}

// showMenu opens the menu of a conversation; false where there is none.
func (l *ConversationList) showMenu(r Row, at fyne.Position) bool {
	c := fyne.CurrentApp().Driver().CanvasForObject(l)
	if c == nil || l.OnMenu == nil || r.Heading || r.Folder || r.ID == "" || r.Message != "" {
		return false
	}
	items := l.OnMenu(r)
	if len(items) > 0 {
		ShowMenu(items, c, at)
	}
	return len(items) > 0
}
