package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"
)

// GroupPage is a group's own page: what it is called and who is in it.
type GroupPage struct {
	Sheet     *Sheet
	Name      *Field
	Members   *MemberList
	Rename    *Button
	Add       *Button
	Leave     *Button
	Timer     *Button // how long messages are there
	Picture   *Button // how it looks
	NoPicture *Button
	Links     *Button // by which people come in
	OnRename  func(name string)

	head   *groupHead
	avatar *Avatar
	acts   *Line
	body   *Column

	words  *Paragraph // how many, and what one may do here
	answer *Paragraph
	title  string
	may    bool
	long   bool // the name that is written is too long
}

// NewGroupPage returns the page of a group.
func NewGroupPage() *GroupPage {
	p := &GroupPage{Name: NewField(lang.L("What is the group called?")), Members: NewMemberList()}
	p.words = NewParagraph("", SizeSmall, ColorMuted, fyne.TextAlignLeading)
	p.answer = NewParagraph("", SizeSmall, ColorBad, fyne.TextAlignLeading)
	p.Rename = NewButton(PlainButton, lang.L("Rename"), p.rename)
	p.Add = NewButton(PrimaryButton, lang.L("Add people…"), nil)
	p.Leave = NewButton(PlainButton, lang.L("Leave the group…"), nil)
	p.Links = NewButton(PlainButton, lang.L("Invite by link…"), nil)
	p.Timer = NewButton(PlainButton, lang.L("Disappearing messages…"), nil)
	p.Picture = NewButton(PlainButton, lang.L("Choose picture…"), nil)
	p.NoPicture = NewButton(PlainButton, lang.L("Remove picture"), nil)
	p.avatar = NewAvatar(AvatarSize)
	for _, b := range []*Button{p.Picture, p.NoPicture, p.Timer, p.Links} {
		b.Height = 32
	}
	p.acts = NewLine(8, p.Links, p.Timer, p.Picture, p.NoPicture)
	p.Name.OnChanged = func(name string) {
		p.long = tellLong(p.answer, TitleTooLong(name), p.long)
		p.draw()
	}
	p.Name.OnSubmitted = func(string) { p.rename() }
	p.head = &groupHead{of: p}
	p.head.ExtendBaseWidget(p.head)
	p.answer.Hide()
	p.body = NewColumn(8, p.head, p.answer, p.words, p.acts, p.Members)
	p.Sheet = NewSheet("", p.body, p.Add)
	p.Sheet.Aside = p.Leave
	return p
}

// Set shows the group: its name and picture, who is in it, what is to be said of both, and
// whether the person may change it and is still in it.
func (p *GroupPage) Set(face Face, words string, members []MemberRow, may, in bool) {
	title := face.Name
	p.avatar.SetFace(face)
	if p.Name.Text == p.title || !may {
		p.Name.SetText(title) // unless the person is writing another
	}
	p.title, p.may = title, may
	p.Sheet.Title = title
	p.words.SetText(words)
	p.Members.SetMembers(members)
	show(p.Add, may && in)
	for _, b := range []*Button{p.Links, p.Timer, p.Picture} {
		show(b, may && in)
	}
	show(p.NoPicture, may && in && face.Picture != nil)
	show(p.acts, may && in)
	show(p.Leave, in)
	p.draw()
}

// Answer says why something could not be done; "" takes it away.
func (p *GroupPage) Answer(words string) {
	p.answer.SetText(words)
	p.draw()
}

// Said returns the last answer, or what the page says of the group.
func (p *GroupPage) Said() string {
	if s := p.answer.Text(); s != "" {
		return s
	}
	return p.words.Text()
}

func (p *GroupPage) rename() {
	if p.may && !p.long && p.Name.Text != p.title && p.OnRename != nil {
		p.OnRename(p.Name.Text)
	}
}

func (p *GroupPage) draw() {
	if p.may {
		p.Name.Enable()
	} else {
		p.Name.Disable()
	}
	show(p.Rename, p.may)
	p.Rename.SetDisabled(p.Name.Text == p.title || p.Name.Text == "" || p.long)
	show(p.answer, p.answer.Text() != "")
	p.body.Refresh()
	p.Sheet.Refresh()
}

// groupHead is the group's picture, its name, and the button that changes it.
type groupHead struct {
	widget.BaseWidget
	of *GroupPage
}

// CreateRenderer implements fyne.Widget.
func (h *groupHead) CreateRenderer() fyne.WidgetRenderer {
	p := h.of
	name := FieldBox(p.Name, false)
	r := &shellRenderer{objects: []fyne.CanvasObject{name, p.Rename, p.avatar}}
	r.layout = func(s fyne.Size) {
		left, width := AvatarSize+12, s.Width-AvatarSize-12
		place(p.avatar, 0, 0, AvatarSize, AvatarSize)
		if p.may {
			m := p.Rename.MinSize()
			width -= m.Width + 12
			place(p.Rename, left+width+12, 3, m.Width, m.Height)
		}
		place(name, left, 3, width, 39)
	}
	r.min = func() fyne.Size { return fyne.NewSize(240, AvatarSize) }
	r.refresh = func() {
		if !h.Size().IsZero() {
			r.layout(h.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	return r
}
