package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
)

// PersonSheet is somebody's page: who they are, and how one makes sure of it.
type PersonSheet struct {
	Sheet  *Sheet
	OnSame func()            // the person says that the numbers are equal
	OnCode func(text string) // a code was pasted
	OnUndo func()            // takes the mark away
	OnCopy func(code string) // one's own code, for the other one to paste

	QR    *QR
	Code  *Field
	Same  *Button
	Undo  *Button
	Copy  *Button
	Timer *Button // how long messages are there

	number *Number
	words  *Paragraph
	answer *Paragraph
	box    fyne.CanvasObject // Code in its box
}

// NewPersonSheet returns the page of somebody, whose number is not known yet.
func NewPersonSheet(face Face) *PersonSheet {
	s := &PersonSheet{QR: NewQR(""), number: NewNumber(4, 15, ""), Code: NewField(lang.L("Paste the code from their screen"))}
	s.words = NewParagraph("", SizeText, ColorText, fyne.TextAlignLeading)
	s.answer = NewParagraph("", SizeSmall, ColorMuted, fyne.TextAlignLeading)
	s.answer.Hide()
	s.box = FieldBox(s.Code, false)
	s.Code.OnSubmitted = func(text string) {
		if s.OnCode != nil && text != "" {
			s.OnCode(text)
		}
	}
	shut := NewButton(PlainButton, lang.L("Close"), func() { s.Sheet.Dismiss() })
	s.Same = NewButton(PrimaryButton, lang.L("They are the same"), func() {
		if s.OnSame != nil {
			s.OnSame()
		}
	})
	s.Undo = NewButton(PlainButton, lang.L("Take the mark away"), func() {
		if s.OnUndo != nil {
			s.OnUndo()
		}
	})
	s.Copy = NewButton(PlainButton, lang.L("Copy code"), func() {
		if s.OnCopy != nil {
			s.OnCopy(s.QR.text)
		}
		s.Copy.SetText(lang.L("Copied"))
		s.Sheet.Refresh()
	})
	s.Timer = NewButton(PlainButton, lang.L("Disappearing messages…"), nil)
	s.Timer.Height = 32
	body := NewColumn(14, NewLine(8, s.Timer), s.words, s.number, s.QR, s.box, s.answer)
	s.Sheet = NewSheet(face.Name, body, shut, s.Copy, s.Undo, s.Same)
	s.Set("", "", lang.L("One moment…"), false)
	return s
}

// Set shows the safety number, the code for the other one's device, and what
// is to be said of both; verified says that they were compared.
func (s *PersonSheet) Set(number, code, words string, verified bool) {
	s.number.SetText(number)
	s.QR.SetText(code)
	s.words.SetText(words)
	known := number != ""
	show(s.number, known)
	show(s.QR, known)
	show(s.box, known)
	show(s.Copy, known)
	show(s.Same, known && !verified)
	show(s.Undo, known && verified)
	s.Sheet.Refresh()
}

// Answer says what came of a comparison; good says that it was them.
func (s *PersonSheet) Answer(words string, good bool) {
	ink := ColorBad
	if good {
		ink = ColorGood
	}
	s.answer.Say(words, ink)
	show(s.answer, words != "")
	s.Sheet.Refresh()
}

// Number returns the safety number that is shown.
func (s *PersonSheet) Number() string { return s.number.Text() }

// Said returns the last answer.
func (s *PersonSheet) Said() string { return s.answer.Text() }
