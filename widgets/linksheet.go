package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
)

// LinkSheet is one attempt to link a device, on either of both screens: first
// the code that the other one needs, then the digits that both show, then how it
// ended.
type LinkSheet struct {
	Sheet  *Sheet
	OnCopy func(link string)
	OnSame func() // the person says that the digits are equal

	QR     *QR
	Link   *Field
	Copy   *Button
	Same   *Button
	Differ *Button // not the same: closes the sheet
	Shut   *Button

	code, digits *Number
	words        *Paragraph
	typed        *Paragraph
	link         fyne.CanvasObject // Link in its box
}

// NewLinkSheet returns a sheet that says to wait.
func NewLinkSheet(title string) *LinkSheet {
	s := &LinkSheet{QR: NewQR(""), Link: NewField(""), code: NewNumber(1, 16, ""), digits: NewNumber(2, 30, "")}
	s.words = NewParagraph("", SizeText, ColorText, fyne.TextAlignLeading)
	s.typed = NewParagraph(lang.L("Or type this there:"), SizeSmall, ColorMuted, fyne.TextAlignLeading)
	s.link = FieldBox(s.Link, false)
	s.Copy = NewButton(PlainButton, lang.L("Copy link"), func() {
		if s.OnCopy != nil {
			s.OnCopy(s.Link.Text)
		}
		s.Copy.SetText(lang.L("Copied"))
		s.Sheet.Refresh()
	})
	s.Differ = NewButton(PlainButton, lang.L("They differ"), func() { s.Sheet.Dismiss() })
	s.Same = NewButton(PrimaryButton, lang.L("They are the same"), func() {
		if s.OnSame != nil {
			s.OnSame()
		}
	})
	s.Shut = NewButton(PlainButton, lang.L("Close"), func() { s.Sheet.Dismiss() })
	body := NewColumn(14, s.words, s.QR, s.link, s.typed, s.code, s.digits)
	s.Sheet = NewSheet(title, body, s.Shut, s.Copy, s.Differ, s.Same)
	s.Say(lang.L("One moment…"))
	return s
}

// only shows these of all parts that come and go.
func (s *LinkSheet) only(parts ...fyne.CanvasObject) {
	for _, o := range []fyne.CanvasObject{s.QR, s.link, s.typed, s.code, s.digits, s.Copy, s.Differ, s.Same, s.Shut} {
		o.Hide()
	}
	for _, o := range parts {
		o.Show()
	}
	s.Sheet.Refresh()
}

// Say shows words and nothing else: it waits, or it is over.
func (s *LinkSheet) Say(words string) {
	s.words.SetText(words)
	s.only(s.Shut)
}

// Wait shows what the other device needs: a link, also as a QR code, and what a
// person can type instead.
func (s *LinkSheet) Wait(link, typed, words string) {
	s.QR.SetText(link)
	s.Link.SetText(link)
	s.code.SetText(typed)
	s.words.SetText(words)
	s.only(s.QR, s.link, s.typed, s.code, s.Copy, s.Shut)
}

// Compare shows the digits that must stand on the other screen, too.
func (s *LinkSheet) Compare(digits, words string) {
	if len(digits) == 6 {
		digits = digits[:3] + " " + digits[3:]
	}
	s.digits.SetText(digits)
	s.words.SetText(words)
	s.only(s.digits, s.Differ, s.Same)
}

// Words returns what is said.
func (s *LinkSheet) Words() string { return s.words.Text() }

// Digits returns those that are shown, "" for none.
func (s *LinkSheet) Digits() string {
	if !s.digits.Visible() {
		return ""
	}
	return s.digits.Text()
}
