package widgets

import (
	"image/color"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"satchel/chat"
)

// PersonList is who can be written to, with a line to find somebody by. One is
// picked; or, with Several, any number is chosen, and stays so while the person
// looks for others.
type PersonList struct {
	widget.BaseWidget
	Several  bool
	Face     func(chat.Account) Face // how somebody looks; nil: initials
	OnSearch func(prefix string)
	OnPick   func(chat.Account)
	OnChosen func() // Chosen changed

	Search *Field
	people []chat.Account
	chosen []chat.Account
	rows   *fyne.Container
	empty  *Paragraph
}

// NewPersonList returns a list that waits for SetPeople.
func NewPersonList(hint string) *PersonList {
	l := &PersonList{Search: NewField(hint), rows: container.NewVBox()}
	l.ExtendBaseWidget(l)
	l.rows.Layout = stacked{side: ringRoom}
	l.empty = NewParagraph("", SizeText, ColorMuted, fyne.TextAlignCenter)
	l.Search.OnChanged = func(s string) {
		if l.OnSearch != nil {
			l.OnSearch(s)
		}
	}
	l.Search.OnStep = func(down bool) { l.step(-1, down) }
	l.Search.OnSubmitted = func(string) {
		if len(l.people) > 0 {
			l.pick(l.people[0])
		}
	}
	return l
}

// step has the keyboard at the row below the i-th, or above it; above the first is
// the field.
func (l *PersonList) step(i int, down bool) {
	if i--; down {
		i += 2
	}
	switch {
	case i < 0:
		focusOn(l.Search)
	case i < len(l.rows.Objects):
		focusOn(l.rows.Objects[i].(*personRow))
	}
}

// Chosen are those who were chosen, in the order of that.
func (l *PersonList) Chosen() []chat.Account { return l.chosen }

func (l *PersonList) isChosen(id chat.AccountID) bool {
	return slices.ContainsFunc(l.chosen, func(a chat.Account) bool { return a.ID == id })
}

func (l *PersonList) pick(a chat.Account) {
	if l.Several {
		if l.isChosen(a.ID) {
			l.chosen = slices.DeleteFunc(l.chosen, func(c chat.Account) bool { return c.ID == a.ID })
		} else {
			l.chosen = append(l.chosen, a)
		}
		for _, o := range l.rows.Objects {
			o.Refresh()
		}
		if l.OnChosen != nil {
			l.OnChosen()
		}
		return
	}
	if l.OnPick != nil {
		l.OnPick(a)
	}
}

// SetPeople lists these; empty is said where there is nobody.
func (l *PersonList) SetPeople(people []chat.Account, empty string) {
	l.people = people
	l.rows.RemoveAll()
	for _, a := range people {
		p := &personRow{of: l, account: a, onTapped: func() { l.pick(a) }}
		p.ExtendBaseWidget(p)
		l.rows.Add(p)
	}
	if len(people) > 0 {
		empty = ""
	}
	l.empty.SetText(empty)
	l.Refresh()
}

// Rows returns who is listed and the drawn row of each.
func (l *PersonList) Rows() ([]chat.Account, []fyne.CanvasObject) { return l.people, l.rows.Objects }

// CreateRenderer implements fyne.Widget.
func (l *PersonList) CreateRenderer() fyne.WidgetRenderer {
	search := FieldBox(l.Search, false)
	scroll := newScroll(l.rows)
	r := &shellRenderer{objects: []fyne.CanvasObject{search, scroll, l.empty}}
	r.layout = func(s fyne.Size) {
		place(search, 0, 0, s.Width, 39)
		place(scroll, -8-ringRoom, 51, s.Width+16+2*ringRoom, s.Height-51)
		height := l.empty.HeightAt(s.Width - 48)
		place(l.empty, 24, 51+(s.Height-51-height)/2, s.Width-48, height)
	}
	r.min = func() fyne.Size { return fyne.NewSize(240, 200) }
	r.refresh = func() {
		show(l.empty, l.empty.Text() != "")
		if !l.Size().IsZero() {
			r.layout(l.Size())
		}
		scroll.Refresh()
	}
	return r
}

// stacked puts objects under each other without gaps, with room at both sides.
type stacked struct{ side float32 }

func (l stacked) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		m := o.MinSize()
		size = fyne.NewSize(max(size.Width, m.Width+2*l.side), size.Height+m.Height)
	}
	return size
}

func (l stacked) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	y := float32(0)
	for _, o := range objects {
		h := o.MinSize().Height
		place(o, l.side, y, s.Width-2*l.side, h)
		y += h
	}
}

// personRow is one person in a list.
type personRow struct {
	widget.BaseWidget
	of               *PersonList
	account          chat.Account
	onTapped         func()
	hovered, focused bool
}

func (p *personRow) Tapped(*fyne.PointEvent)        { p.onTapped() }
func (p *personRow) MouseIn(*desktop.MouseEvent)    { p.hovered = true; p.Refresh() }
func (p *personRow) MouseMoved(*desktop.MouseEvent) {}
func (p *personRow) MouseOut()                      { p.hovered = false; p.Refresh() }
func (p *personRow) FocusGained()                   { p.focused = true; p.Refresh(); reveal(p) }
func (p *personRow) FocusLost()                     { p.focused = false; p.Refresh() }
func (p *personRow) TypedRune(rune)                 {}
func (p *personRow) TypedKey(k *fyne.KeyEvent) {
	switch {
	case pressing(p, k):
		p.onTapped()
	case k.Name == fyne.KeyUp, k.Name == fyne.KeyDown:
		p.of.step(slices.Index(p.of.rows.Objects, fyne.CanvasObject(p)), k.Name == fyne.KeyDown)
	case k.Name == fyne.KeyEscape:
		backOut(p)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (p *personRow) AccessibilityLabel() string { return p.account.Name }

// AccessibilityRole implements fyne.Accessible.
func (p *personRow) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

func (p *personRow) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(color.Transparent, FieldRadius)
	avatar := NewAvatar(SmallAvatarSize)
	face := Face{Name: p.account.Name, Key: string(p.account.ID)}
	if p.of.Face != nil {
		face = p.of.Face(p.account)
	}
	avatar.SetFace(face)
	name := NewBoldText("", TextSize, ColorText)
	mark := newTickBox()
	r := &shellRenderer{objects: []fyne.CanvasObject{box, avatar, name, mark.box, mark.tick}}
	r.layout = func(s fyne.Size) {
		place(box, 0, 0, s.Width, s.Height)
		place(avatar, 8, 8, SmallAvatarSize, SmallAvatarSize)
		room := s.Width - 64
		if p.of.Several {
			room -= toggleBox + 16
		}
		name.Text = ElideEnd(p.account.Name, room, TextSize, true)
		place(name, 52, 0, room, s.Height)
		mark.place(s.Width-toggleBox-12, (s.Height-toggleBox)/2)
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, 48) }
	r.refresh = func() {
		box.FillColor, box.StrokeColor, box.StrokeWidth = color.Transparent, color.Transparent, 0
		if p.hovered {
			box.FillColor = Color(ColorHover)
		}
		if p.focused {
			box.StrokeColor, box.StrokeWidth = Color(colorRing), 2
		}
		name.Color = Color(ColorText)
		mark.set(p.of.isChosen(p.account.ID), p.of.Several)
		for _, o := range r.objects {
			canvas.Refresh(o)
		}
	}
	r.refresh()
	return r
}
