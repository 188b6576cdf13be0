package app

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// openWindow makes the one window, as big as it was.
func (a *App) openWindow() {
	w := a.fyne.NewWindow("Satchel")
	a.window = w
	w.SetMaster()
	w.SetPadded(false)
	w.SetIcon(widgets.WindowIcon())
	w.SetCloseIntercept(a.closeWindow)
	w.Resize(fyne.NewSize(a.settings.Width, a.settings.Height))
	w.SetOnDropped(func(at fyne.Position, uris []fyne.URI) {
		paths := make([]string, len(uris))
		for i, u := range uris {
			paths[i] = u.Path()
		}
		a.dropFiles(paths, at)
		a.publish()
	})
	life := a.fyne.Lifecycle()
	life.SetOnEnteredForeground(func() { a.setFocused(true) })
	life.SetOnExitedForeground(func() { a.setFocused(false) })
	w.Canvas().SetOnTypedKey(func(k *fyne.KeyEvent) {
		if c := a.hears(); c != nil {
			c.TypedKey(k)
		} else if k.Name == fyne.KeyEscape {
			a.escape()
		} else if widgets.MenuKey(k) && a.main != nil {
			a.main.list.ShowMenu()
		} else if c := a.writesAnywhere(); c != nil {
			c.TypedKey(k)
		}
	})
	w.Canvas().SetOnTypedRune(func(r rune) {
		if c := a.hears(); c != nil {
			c.TypedRune(r)
		} else if c := a.writesAnywhere(); c != nil {
			c.TypedRune(r)
		}
	})
	a.addShortcuts()
	a.host()
	a.state = newStateWriter(a)
}

// hears gives the keyboard back to what lies over the window, after a click there on
// something that does not take it; nil where nothing lies over it.
func (a *App) hears() fyne.Focusable {
	var f fyne.Focusable
	switch over := a.window.Canvas().Overlays().Top().(type) {
	case *widgets.EmojiPicker:
		f = over.Search
	case *widgets.PictureViewer:
		f = over
	case *widgets.Sheet:
		f = over
	default: // Fyne's own menus and dialogs among them
		return nil
	}
	a.window.Canvas().Focus(f)
	return f
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
	if a.tips != nil {
		a.tips.Pop()
	}
	a.tips = widgets.NewTips()
	a.tips.Push()
	root := &fyne.Container{Objects: []fyne.CanvasObject{screen, &a.tips.Container}}
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
	if p := a.stands.Load(); p != nil {
		s.Place = p
	}
	if a.main != nil {
		s.Conversation = a.main.pane.id
		a.main.pane.keepDraft()
	}
	if err := s.save(a.cfg.Dir); err != nil {
		a.log.Warn("the window's size is not remembered", "error", err)
	}
}

// escape backs out: of an answer or an edit, of what is chosen, of the search,
// to where one writes.
func (a *App) escape() {
	if a.dialog != nil {
		a.dialog.Dismiss()
		return
	}
	if a.sheet != nil {
		a.sheet.sheet.Dismiss()
		return
	}
	if a.main == nil {
		return
	}
	if p := a.main.pane; p.answers != nil || p.edits != nil {
		p.endReply()
		return
	}
	a.main.pane.timeline.PickNone()
	switch {
	case a.main.head.Search.Text != "":
		a.main.head.Search.SetText("")
	case a.archive:
		a.archive = false
		a.drawRows()
	case a.main.listed && a.main.pane.id != "":
		a.main.listed = false // a narrow window: back to the conversation
		a.main.root.Refresh()
	}
	a.main.pane.composer.Focus()
}

// setFocused tells whether the person can see the window. Who closed it into the
// tray can't, whatever Fyne says: the tray has a window of its own, which takes over.
func (a *App) setFocused(yes bool) {
	yes = yes && !a.hidden
	a.focused = yes
	if a.main != nil && yes {
		a.main.pane.markRead()
		a.lookForAccounts()
	}
	a.publish()
}

// showWindow shows the window; the first time where it stood before.
func (a *App) showWindow() {
	a.window.Show()
	if a.placed {
		return
	}
	a.placed = true
	before := a.settings.Place
	a.joined(func() {
		if before != nil {
			a.restorePlace(*before)
		}
		a.watchPlace()
	})
}

// mainScreen is the side bar and the open conversation.
type mainScreen struct {
	app  *App
	head *widgets.SideHead
	list *widgets.ConversationList
	foot *widgets.SideFoot
	pane *pane
	root *fyne.Container

	// A narrow window shows the list or the conversation, with a way back.
	back   *widgets.Button
	listed bool // the list is what a narrow window shows

	carrying bool // something is carried: the foot says so, where it has room
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
	s.head.OnFace = a.accountMenu
	if a.settings.Account != p.Account.Name {
		a.set(func(s *settings) { s.Account = p.Account.Name })
	}
	a.lookForAccounts()
	s.head.Search.OnChanged = a.search
	s.head.Search.OnStep = s.list.Step
	s.head.Search.OnEscape, s.head.OnEscape, s.list.OnEscape, s.pane.head.OnEscape = a.escape, a.escape, a.escape, a.escape
	s.head.Search.OnSubmitted = func(string) { a.chooseFirst() }
	s.list.OnSelect = a.choose
	s.foot.OnTapped = a.openTransfers
	s.list.OnMenu = a.conversationMenu
	s.foot.Hide()
	s.back = widgets.NewIconButton(widgets.IconBack, lang.L("Back to the list"), func() {
		s.listed = true
		s.root.Refresh()
	})
	c := s.pane.composer
	for _, b := range []*widgets.Button{s.head.New, s.head.Invite, s.head.Settings, s.foot.More, s.back, s.pane.head.Search, s.pane.head.Media, c.Attach, c.Emoji, c.Send, c.Voice} {
		b.OnEscape = a.escape
	}
	side, line := widgets.NewGround(widgets.ColorSide), widgets.NewGround(widgets.ColorLine)
	s.root = &fyne.Container{Objects: []fyne.CanvasObject{side, line, s.head, s.list, s.foot, s.pane.root, s.back}}
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
		groups, err := a.session.GroupFaces()
		if err != nil {
			a.log.Error("read the pictures of groups", "error", err)
		}
		return func() {
			for who, picture := range faces {
				a.model.setFace(who, picture)
			}
			for id, picture := range groups {
				a.model.setGroupFace(id, picture)
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
	a.openFirst()
	if len(a.waiting) > 0 && a.main.pane.id != "" {
		a.offerFiles(a.waiting)
		a.waiting = nil
	}
}

// openFirst opens the conversation that was open last, or else the newest. Who came by
// a link to a group sees their notes, until the group is there.
func (a *App) openFirst() {
	id := a.settings.Conversation
	if _, ok := a.model.conversations[id]; !ok {
		id = ""
		for _, c := range a.model.sorted() {
			if id == "" || a.cameBy != "" && c.Kind == chat.Self {
				id = c.ID
			}
		}
	}
	if a.open(id); id != "" && a.cameBy != "" {
		a.joinGroup(a.cameBy)
		a.cameBy = ""
	}
}

// open shows a conversation; "" is none, and does nothing.
func (a *App) open(id chat.ConversationID) {
	if id == "" || a.main == nil {
		return
	}
	a.model.redraw(a.main.pane.id) // its draft is one from now on
	a.main.pane.open(id)
	a.main.list.SetSelected(id)
	if a.main.listed {
		a.main.listed = false
		a.main.root.Refresh()
	}
	a.drawRows()
}

// drawFoot shows what is carried, while something is.
func (a *App) drawFoot() {
	if a.main == nil {
		return
	}
	title, detail, part, any := a.model.foot()
	a.main.foot.Set(title, detail, part)
	if any != a.main.carrying {
		a.main.carrying = any
		a.main.root.Refresh()
	}
}

// drawMe shows who one is.
func (s *mainScreen) drawMe(m *model) {
	s.head.SetFace(m.myFace())
}

func (s *mainScreen) drawConnection(m *model) {
	line, tone := m.connectionLine()
	s.head.SetStatus(line, m.connectionShort(), tone)
}

// mainLayout puts the side bar at the left, as wide as it is in the design, a
// little wider in a large window and narrower in a small one. Where both have no room, there is one of them.
type mainLayout struct {
	s          *mainScreen
	side, line fyne.CanvasObject
}

const (
	narrowWindow float32 = 620  // below, one of the two
	wideWindow   float32 = 960  // from here on, as in the design
	largeWindow  float32 = 1280 // from here on, wider with the window
	widestSide   float32 = 384
	railWidth    float32 = 44 // left of a conversation in a narrow window
)

func (l mainLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(420, 320) }

func (l mainLayout) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	show := func(o fyne.CanvasObject, yes bool) {
		if yes != o.Visible() {
			if yes {
				o.Show()
			} else {
				o.Hide()
			}
		}
	}
	// In a large window more of names and last words is read.
	width := min(widgets.SideBarWidth+max(0, size.Width-largeWindow)/5, widestSide)
	if size.Width < wideWindow {
		width = max(240, size.Width/3)
	}
	narrow := size.Width < narrowWindow
	if narrow {
		width = railWidth
		if l.s.listed {
			width = size.Width
		}
	}
	list := !narrow || l.s.listed
	show(l.s.back, narrow && !l.s.listed)
	show(l.s.head, list)
	show(l.s.list, list)
	show(l.s.foot, list && l.s.carrying) // elsewhere the bubbles say it, too
	show(l.s.pane.root, !narrow || !l.s.listed)
	put(l.side, 0, 0, width-1, size.Height)
	put(l.line, width-1, 0, 1, size.Height)
	put(l.s.back, (railWidth-36)/2, 14, 36, 36)
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
