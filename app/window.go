package app

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"satchel/chat"
	"satchel/widgets"
)

// openWindow makes the one window, as big as it was.
func (a *App) openWindow() {
	w := a.fyne.NewWindow("Satchel")
	a.window = w
	w.SetMaster()
	w.SetPadded(false)
	w.SetIcon(widgets.Logo())
	w.Resize(fyne.NewSize(a.settings.Width, a.settings.Height))
	w.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) {
		paths := make([]string, len(uris))
		for i, u := range uris {
			paths[i] = u.Path()
		}
		a.dropFiles(paths)
		a.publish()
	})
	life := a.fyne.Lifecycle()
	life.SetOnEnteredForeground(func() { a.setFocused(true) })
	life.SetOnExitedForeground(func() { a.setFocused(false) })
	w.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) {
		if k.Name == fyne.KeyEscape {
			a.escape()
		} else if k.Name == desktop.KeyMenu && a.main != nil {
			a.main.list.ShowMenu()
		} else if c := a.writesAnywhere(); c != nil {
			c.TypedKey(k)
		}
	})
	w.Canvas().SetOnTypedRune(func(r rune) {
		if c := a.writesAnywhere(); c != nil {
			c.TypedRune(r)
		}
	})
	for _, s := range shortcuts {
		w.Canvas().AddShortcut(s, func(s fyne.Shortcut) { a.shortcut(s) })
	}
	a.state = newStateWriter(a)
}

// writesAnywhere gives the keyboard to where one writes, when nothing else has
// it; nil where nothing can be written.
func (a *App) writesAnywhere() fyne.Focusable {
	if a.main == nil || a.main.pane.id == "" || len(a.window.Canvas().Overlays().List()) > 0 {
		return nil
	}
	c := a.main.pane.composer
	c.Focus()
	return c.Entry()
}

// setContent shows a screen and hears when its size changes.
func (a *App) setContent(screen fyne.CanvasObject) {
	root := &fyne.Container{Objects: []fyne.CanvasObject{screen}}
	root.Layout = &watched{min: screen.MinSize, changed: func(s fyne.Size) {
		a.settings.Width, a.settings.Height = s.Width, s.Height
		a.publish()
	}}
	a.window.SetContent(root)
}

// watched fills its room with each object, and tells when the room changed.
type watched struct {
	min     func() fyne.Size
	changed func(fyne.Size)
	last    fyne.Size
}

func (l *watched) MinSize([]fyne.CanvasObject) fyne.Size { return l.min() }
func (l *watched) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	for _, o := range objects {
		o.Move(fyne.Position{})
		o.Resize(s)
	}
	if s != l.last {
		l.last = s
		l.changed(s)
	}
}

// remember keeps what the window should look like next time.
func (a *App) remember() {
	s := a.settings
	if a.main != nil {
		s.Conversation = a.main.pane.id
		a.main.pane.keepDraft()
	}
	if err := s.save(a.cfg.Dir); err != nil {
		a.log.Warn("the window's size is not remembered", "error", err)
	}
}

// shortcuts of the whole window, also while something is being written.
var shortcuts = []*desktop.CustomShortcut{
	{KeyName: fyne.KeyK, Modifier: fyne.KeyModifierShortcutDefault},
	{KeyName: fyne.KeyN, Modifier: fyne.KeyModifierShortcutDefault},
	{KeyName: fyne.KeyUp, Modifier: fyne.KeyModifierAlt},
	{KeyName: fyne.KeyDown, Modifier: fyne.KeyModifierAlt},
	{KeyName: fyne.KeyUp, Modifier: fyne.KeyModifierShortcutDefault},
}

// shortcut does what a shortcut of the window asks; false when it is none.
func (a *App) shortcut(s fyne.Shortcut) bool {
	c, ok := s.(*desktop.CustomShortcut)
	if !ok || a.main == nil {
		return false
	}
	switch *c {
	case *shortcuts[0]:
		a.window.Canvas().Focus(a.main.head.Search)
	case *shortcuts[1]:
		a.newMessage()
	case *shortcuts[2]:
		a.open(a.main.list.Next(-1))
	case *shortcuts[3]:
		a.open(a.main.list.Next(1))
	case *shortcuts[4]:
		a.main.pane.timeline.Begin()
	default:
		return false
	}
	return true
}

// escape backs out: of an answer or an edit, of what is chosen, of the search,
// to where one writes.
func (a *App) escape() {
	if a.main == nil {
		return
	}
	if p := a.main.pane; p.answers != nil || p.edits != nil {
		p.endReply()
		return
	}
	a.main.pane.timeline.PickNone()
	if a.main.head.Search.Text != "" {
		a.main.head.Search.SetText("")
	} else if a.archive {
		a.archive = false
		a.drawRows()
	}
	a.main.pane.composer.Focus()
}

// setFocused tells whether the person can see the window.
func (a *App) setFocused(yes bool) {
	a.focused = yes
	if a.main != nil && yes {
		a.main.pane.markRead()
	}
	a.publish()
}

// mainScreen is the side bar and the open conversation.
type mainScreen struct {
	app  *App
	head *widgets.SideHead
	list *widgets.ConversationList
	foot *widgets.SideFoot
	pane *pane
	root *fyne.Container
}

// showMain takes the welcome's place once the profile has joined.
func (a *App) showMain() {
	p := a.session.Profile()
	m := &a.model
	m.me, m.connection = p.Account, a.session.Connection()
	s := &mainScreen{app: a, head: widgets.NewSideHead(), list: widgets.NewConversationList(), foot: widgets.NewSideFoot(), pane: newPane(a)}
	a.main, a.welcome = s, nil
	s.drawMe(m)
	s.head.New.OnTapped = a.newMessage
	s.head.Invite.OnTapped = a.invite
	s.head.Settings.OnTapped = a.openSettings
	s.head.Search.OnChanged = a.search
	s.head.Search.OnStep = s.list.Step
	s.head.Search.OnEscape = a.escape
	s.head.Search.OnShortcut = a.shortcut
	s.head.Search.OnSubmitted = func(string) { a.chooseFirst() }
	s.list.OnSelect = a.choose
	s.list.OnMenu = a.conversationMenu
	s.foot.Hide()
	side, line := widgets.NewGround(widgets.ColorSide), widgets.NewGround(widgets.ColorLine)
	s.root = &fyne.Container{Objects: []fyne.CanvasObject{side, line, s.head, s.list, s.foot, s.pane.root}}
	s.root.Layout = mainLayout{s: s, side: side, line: line}
	s.drawConnection(m)
	a.setContent(s.root)
	a.drawRows()

	a.work(func(context.Context) func() {
		conversations, err := a.session.Conversations()
		transfers, err2 := a.session.Transfers()
		if err != nil || err2 != nil {
			a.log.Error("read the cache", "error", fmt.Sprint(err, err2))
		}
		verified := a.session.AllVerified()
		faces, err := a.session.Faces()
		if err != nil {
			a.log.Error("read the pictures of people", "error", err)
		}
		return func() {
			for who, picture := range faces {
				a.model.setFace(who, picture)
			}
			a.main.drawMe(&a.model)
			a.fill(conversations, transfers, verified)
		}
	})
}

// fill takes in what was on disk at the start; a change that came since is newer.
func (a *App) fill(conversations []chat.Conversation, transfers []chat.Transfer, verified map[chat.AccountID]bool) {
	m := &a.model
	for _, c := range conversations {
		if _, ok := m.conversations[c.ID]; !ok {
			m.setConversation(c)
		}
		for _, who := range c.Members {
			if _, ok := m.presence[who.ID]; !ok {
				m.presence[who.ID] = a.session.Presence(who.ID)
			}
			if _, ok := m.verified[who.ID]; !ok {
				m.verified[who.ID] = verified[who.ID]
			}
		}
	}
	for _, t := range transfers {
		if _, ok := m.transfers[t.ID]; !ok {
			m.setTransfer(t)
		}
	}
	m.redrawAll() // people were not known as online, or verified
	m.connection = a.session.Connection()
	a.main.drawConnection(m)
	a.drawRows()
	a.drawFoot()
	if a.main.pane.id != "" {
		return
	}
	id := a.settings.Conversation
	if _, ok := m.conversations[id]; !ok {
		id = ""
		if all := m.sorted(); len(all) > 0 {
			id = all[0].ID
		}
	}
	a.open(id)
}

// open shows a conversation; "" is none, and does nothing.
func (a *App) open(id chat.ConversationID) {
	if id == "" || a.main == nil {
		return
	}
	a.model.redraw(a.main.pane.id) // its draft is one from now on
	a.main.pane.open(id)
	a.main.list.SetSelected(id)
	a.drawRows()
}

// drawFoot shows what is carried, while something is.
func (a *App) drawFoot() {
	if a.main == nil {
		return
	}
	title, detail, part, any := a.model.foot()
	a.main.foot.Set(title, detail, part)
	if any != a.main.foot.Visible() {
		if any {
			a.main.foot.Show()
		} else {
			a.main.foot.Hide()
		}
		a.main.root.Refresh()
	}
}

// drawMe shows who one is.
func (s *mainScreen) drawMe(m *model) {
	s.head.SetFace(m.myFace())
}

func (s *mainScreen) drawConnection(m *model) { s.head.SetStatus(m.connectionLine()) }

// mainLayout puts the side bar at the left, as wide as it is in the design, and
// narrower in a small window.
type mainLayout struct {
	s          *mainScreen
	side, line fyne.CanvasObject
}

func (l mainLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(640, 400) }

func (l mainLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	width := widgets.SideBarWidth
	if size.Width < 960 {
		width = max(240, size.Width/3)
	}
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	put(l.side, 0, 0, width-1, size.Height)
	put(l.line, width-1, 0, 1, size.Height)
	head := l.s.head.MinSize().Height
	foot := float32(0)
	if l.s.foot.Visible() {
		foot = l.s.foot.MinSize().Height
	}
	put(l.s.head, 0, 0, width-1, head)
	put(l.s.list, 0, head, width-1, size.Height-head-foot)
	put(l.s.foot, 0, size.Height-foot, width-1, foot)
	put(l.s.pane.root, width, 0, size.Width-width, size.Height)
}
