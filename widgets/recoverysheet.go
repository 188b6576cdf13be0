package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
)

// RecoverySheet makes a recovery file: it shows the passphrase that will open
// it, and says what both together can do.
type RecoverySheet struct {
	Sheet  *Sheet
	OnSave func(passphrase string)
	OnCopy func(passphrase string)

	Passphrase *Field
	Save       *Button
	Copy       *Button
	Shut       *Button

	words, label, reason *Paragraph
	box                  fyne.CanvasObject
}

// NewRecoverySheet returns the sheet with a passphrase, which may be changed.
func NewRecoverySheet(passphrase string) *RecoverySheet {
	s := &RecoverySheet{Passphrase: NewField(lang.L("12 characters or more"))}
	s.words = NewParagraph(lang.L("If all your devices are lost, a recovery file brings your account and your history back on a new one. Whoever has the file and its passphrase can do the same, so keep them apart: the file where your backups are, the passphrase on paper."), SizeText, ColorText, fyne.TextAlignLeading)
	s.label = NewParagraph(lang.L("Write down this passphrase. It is shown once and kept nowhere; without it the file is worth nothing."), SizeSmall, ColorMuted, fyne.TextAlignLeading)
	s.reason = NewParagraph("", SizeSmall, ColorBad, fyne.TextAlignLeading)
	s.reason.Hide()
	s.Passphrase.SetText(passphrase)
	s.box = FieldBox(s.Passphrase, false)
	s.Shut = NewButton(PlainButton, lang.L("Close"), func() { s.Sheet.Dismiss() })
	s.Copy = NewButton(PlainButton, lang.L("Copy"), func() {
		if s.OnCopy != nil {
			s.OnCopy(s.Passphrase.Text)
		}
		s.Copy.SetText(lang.L("Copied"))
		s.Sheet.Refresh()
	})
	s.Save = NewButton(PrimaryButton, lang.L("Save the file…"), func() {
		if s.OnSave != nil {
			s.OnSave(s.Passphrase.Text)
		}
	})
	s.Sheet = NewSheet(lang.L("Recovery file"), NewColumn(14, s.words, s.label, s.box, s.reason), s.Shut, s.Copy, s.Save)
	return s
}

// SetBusy says that the file is being made.
func (s *RecoverySheet) SetBusy(busy bool) {
	text := lang.L("Save the file…")
	if busy {
		text = lang.L("One moment…")
		s.reason.Hide()
	}
	s.Save.SetText(text)
	s.Save.SetDisabled(busy)
	s.Sheet.Refresh()
}

// Fail says why there is no file; the passphrase stays.
func (s *RecoverySheet) Fail(sentence string) {
	s.SetBusy(false)
	s.reason.SetText(sentence)
	s.reason.Show()
	s.Sheet.Refresh()
}

// Done says that the file is there, and takes the passphrase away.
func (s *RecoverySheet) Done(words string) {
	s.SetBusy(false)
	s.words.SetText(words)
	s.Passphrase.SetText("")
	for _, o := range []fyne.CanvasObject{s.label, s.box, s.reason, s.Copy, s.Save} {
		o.Hide()
	}
	s.Sheet.Refresh()
}

// Words returns what is said, with the reason why it failed, if it did.
func (s *RecoverySheet) Words() string {
	if s.reason.Visible() {
		return s.reason.Text()
	}
	return s.words.Text()
}
