package app

import (
	"context"
	"time"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// openPerson shows the page of whom the open conversation is with.
func (p *pane) openPerson() {
	a := p.app
	c := a.model.conversations[p.id]
	who := a.model.other(&c)
	if c.Kind != chat.Direct || who == "" {
		return
	}
	face := a.model.face(&c)
	face.Online = false
	s := widgets.NewPersonSheet(face)
	open := &openSheet{name: "person", sheet: s.Sheet, person: s, anew: p.openPerson,
		spots: map[string]spotted{"same": s.Same, "undo": s.Undo, "code": s.Code, "timer": s.Timer}}
	a.showSheet(open)
	s.Sheet.ShowOn(a.window.Canvas(), nil)
	s.Timer.OnTapped = func() { a.chooseTimer(c.ID) }
	name := map[string]any{"Name": face.Name}
	var number, code string
	draw := func() {
		words := lang.L("Compare this number with the one on {{.Name}}'s screen, in person or by a call: when both are the same, nobody reads along. Or paste the code that “Copy code” gives there, if it reaches you by another way than this relay.", name)
		if v, ok := a.session.Verified(who); ok {
			words = lang.L("You compared this number with {{.Name}} on {{.Date}}.", map[string]any{"Name": face.Name, "Date": v.At.Local().Format(time.DateOnly)})
		}
		s.Set(number, code, words, a.model.verified[who])
	}
	open.drawVerified = draw // what was said of somebody is shown once it is kept, in that order
	compare := func(shown string) {
		a.work(func(ctx context.Context) func() {
			err := a.session.Verify(ctx, who, shown)
			return func() {
				if err != nil {
					s.Answer(sentence(err), false)
					return
				}
				s.Answer(lang.L("It is {{.Name}}.", name), true)
			}
		})
	}
	s.OnSame = func() { compare(number) }
	s.OnCode = compare
	s.OnCopy = a.fyne.Clipboard().SetContent
	s.OnUndo = func() {
		a.work(func(ctx context.Context) func() {
			err := a.session.Unverify(ctx, who)
			return func() {
				if err != nil {
					s.Answer(sentence(err), false)
					return
				}
				s.Answer("", true)
			}
		})
	}
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
		defer cancel()
		n, err := a.session.SafetyNumber(ctx, who)
		var link string
		if err == nil {
			link, err = a.session.VerificationLink(ctx, who)
		}
		return func() {
			if err != nil {
				s.Set("", "", sentence(err), false)
				return
			}
			number, code = n, link
			draw()
		}
	})
}
