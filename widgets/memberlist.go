package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"satchel/chat"
)

// MemberRow is somebody in a group.
type MemberRow struct {
	Account chat.Account
	Online  bool
	Detail  string           // what they are here
	Menu    []*fyne.MenuItem // what can be done about them; none: no button
}

// MemberList lists who is in a group, each with what can be done about them.
type MemberList struct {
	widget.BaseWidget
	members []MemberRow
	rows    *fyne.Container
}

const memberRowHeight float32 = 48

// NewMemberList returns a list that waits for SetMembers.
func NewMemberList() *MemberList {
	l := &MemberList{rows: &fyne.Container{Layout: stacked{}}}
	l.ExtendBaseWidget(l)
	return l
}

// SetMembers lists these.
func (l *MemberList) SetMembers(members []MemberRow) {
	l.members = members
	l.rows.Objects = nil
	for _, m := range members {
		l.rows.Add(newMemberRow(m))
	}
	l.Refresh()
}

// Members returns who is listed.
func (l *MemberList) Members() []MemberRow { return l.members }

// MenuButton is the one of the i-th member; nil: there is nothing to do.
func (l *MemberList) MenuButton(i int) *Button {
	if r := l.rows.Objects[i].(*memberRow); len(r.member.Menu) > 0 {
		return r.more
	}
	return nil
}

// HeightAt returns the height of all rows.
func (l *MemberList) HeightAt(float32) float32 { return float32(len(l.members)) * memberRowHeight }

// CreateRenderer implements fyne.Widget.
func (l *MemberList) CreateRenderer() fyne.WidgetRenderer {
	return &shellRenderer{
		objects: []fyne.CanvasObject{l.rows},
		layout:  func(s fyne.Size) { place(l.rows, 0, 0, s.Width, s.Height) },
		min:     func() fyne.Size { return fyne.NewSize(240, l.HeightAt(0)) },
		refresh: l.rows.Refresh,
	}
}

// memberRow is one of them.
type memberRow struct {
	widget.BaseWidget
	member MemberRow
	more   *Button
}

func newMemberRow(m MemberRow) *memberRow {
	r := &memberRow{member: m}
	r.more = NewIconButton(IconMore, lang.L("More about {{.Name}}", map[string]any{"Name": m.Account.Name}), r.open)
	r.ExtendBaseWidget(r)
	return r
}

// open shows what can be done, under the button.
func (m *memberRow) open() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(m.more); c != nil {
		ShowMenuBelow(m.member.Menu, c, m.more, fyne.NewPos(0, m.more.Size().Height))
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (m *memberRow) TappedSecondary(e *fyne.PointEvent) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(m); c != nil && len(m.member.Menu) > 0 {
		ShowMenu(m.member.Menu, c, e.AbsolutePosition)
	}
}

func (m *memberRow) CreateRenderer() fyne.WidgetRenderer {
	avatar := NewAvatar(SmallAvatarSize)
	name := NewBoldText("", TextSize, ColorText)
	detail := NewText("", SmallSize, ColorMuted)
	detail.Alignment = fyne.TextAlignTrailing
	r := &shellRenderer{objects: []fyne.CanvasObject{avatar, name, detail, m.more}}
	r.layout = func(s fyne.Size) {
		place(avatar, 0, 8, SmallAvatarSize, SmallAvatarSize)
		wide := min(MeasureText(m.member.Detail, SmallSize, false).Width, s.Width/3)
		detail.Text = ElideEnd(m.member.Detail, wide+1, SmallSize, false)
		place(detail, s.Width-40-wide, 0, wide, s.Height)
		room := s.Width - 44 - wide - 52
		name.Text = ElideEnd(m.member.Account.Name, room, TextSize, true)
		place(name, 44, 0, room, s.Height)
		place(m.more, s.Width-36, 6, 36, 36)
	}
	r.min = func() fyne.Size { return fyne.NewSize(200, memberRowHeight) }
	r.refresh = func() {
		avatar.SetFace(Face{Name: m.member.Account.Name, Key: string(m.member.Account.ID), Online: m.member.Online})
		name.Color, detail.Color = Color(ColorText), Color(ColorMuted)
		show(m.more, len(m.member.Menu) > 0)
		if !m.Size().IsZero() {
			r.layout(m.Size())
		}
		for _, o := range r.objects {
			canvas.Refresh(o)
		}
	}
	r.refresh()
	return r
}
