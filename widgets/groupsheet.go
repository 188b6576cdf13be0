package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
)

// GroupSheet asks who comes into a group: a new one, which also has a name, or
// one that is there.
type GroupSheet struct {
	Sheet  *Sheet
	Name   *Field // of a new group; nil: the group has one
	People *PersonList
	Old    *Toggle // who comes may read what is there already; nil: there is nothing yet
	Do     *Button
	OnDo   func() // Do was pressed, and something is chosen

	reason *Paragraph
	busy   bool
	long   bool // the name that is written is too long
}

// NewGroupSheet returns the sheet of a new group.
func NewGroupSheet() *GroupSheet {
	s := &GroupSheet{Name: NewField(lang.L("What is the group called?"))}
	s.make(lang.L("New group"), lang.L("Make the group"))
	return s
}

// NewAddSheet returns the sheet that adds people to a group of this name.
func NewAddSheet(group string) *GroupSheet {
	s := &GroupSheet{}
	s.Old = NewToggle(lang.L("They can read what was written before"), lang.L("As far back as the last time that somebody came in without it."), true, nil)
	s.make(lang.L("Add people to {{.Group}}", map[string]any{"Group": group}), lang.L("Add"))
	return s
}

func (s *GroupSheet) make(title, do string) {
	s.People = NewPersonList(lang.L("Who comes in?"))
	s.People.Several = true
	s.People.OnChosen = s.draw
	s.reason = NewParagraph("", SizeSmall, ColorBad, fyne.TextAlignLeading)
	s.Do = NewButton(PrimaryButton, do, s.press)
	cancel := NewButton(PlainButton, lang.L("Cancel"), func() { s.Sheet.Dismiss() })
	body := container.New(groupLayout{s})
	if s.Name != nil {
		s.Name.OnChanged = func(name string) {
			s.long = tellLong(s.reason, TitleTooLong(name), s.long)
			s.draw()
		}
		s.Name.OnSubmitted = func(string) { s.press() }
		body.Add(FieldBox(s.Name, false))
	}
	body.Add(s.People)
	if s.Old != nil {
		body.Add(s.Old)
	}
	body.Add(s.reason)
	s.Sheet = NewSheet(title, body, cancel, s.Do)
	s.Sheet.Height = 420
	s.draw()
}

// First is what takes the focus when the sheet appears.
func (s *GroupSheet) First() fyne.Focusable {
	if s.Name != nil {
		return s.Name
	}
	return s.People.Search
}

// ready tells whether what the sheet asks for is there.
func (s *GroupSheet) ready() bool {
	return !s.busy && !s.long && len(s.People.Chosen()) > 0 && (s.Name == nil || s.Name.Text != "")
}

func (s *GroupSheet) press() {
	if s.ready() && s.OnDo != nil {
		s.SetBusy(true)
		s.OnDo()
	}
}

// SetBusy keeps the button off while what it asked for is under way.
func (s *GroupSheet) SetBusy(busy bool) {
	s.busy = busy
	if busy {
		s.reason.SetText("")
	}
	s.draw()
}

// Fail says why it could not be done; all that was chosen stays.
func (s *GroupSheet) Fail(reason string) {
	s.busy = false
	s.reason.SetText(reason)
	s.draw()
}

// Reason returns what Fail said.
func (s *GroupSheet) Reason() string { return s.reason.Text() }

func (s *GroupSheet) draw() {
	s.Do.SetDisabled(!s.ready())
	if s.Sheet != nil {
		s.Sheet.Refresh()
	}
}

// groupLayout: the name, the people, who take what is left, the switch, the reason.
type groupLayout struct{ s *GroupSheet }

func (groupLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(240, 300) }

func (l groupLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	top, bottom := float32(0), size.Height
	if l.s.Name != nil {
		place(objects[0], 0, 0, size.Width, 39)
		top = 39 + 12
	}
	height := float32(0)
	if l.s.reason.Text() != "" {
		height = l.s.reason.HeightAt(size.Width)
		bottom -= height
	}
	place(l.s.reason, 0, bottom, size.Width, height)
	if o := l.s.Old; o != nil {
		height := o.HeightAt(size.Width)
		bottom -= height
		place(o, 0, bottom, size.Width, height)
	}
	place(l.s.People, 0, top, size.Width, max(0, bottom-top-8))
}
