package app

import (
	"context"
	"errors"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"satchel/chat"
	"satchel/widgets"
)

// attachMenu shows what the paperclip offers.
func (a *App) attachMenu() {
	if a.main == nil || a.main.pane.id == "" {
		return
	}
	b := a.main.pane.composer.Attach
	menu := fyne.NewMenu("", fyne.NewMenuItem(lang.L("Files…"), a.pickFiles), fyne.NewMenuItem(lang.L("A folder…"), a.pickFolder), fyne.NewMenuItem(lang.L("Location…"), a.askLocation))
	pop := widget.NewPopUpMenu(menu, a.window.Canvas())
	at := a.fyne.Driver().AbsolutePositionForObject(b)
	pop.ShowAtPosition(at.SubtractXY(0, pop.MinSize().Height+4))
	a.window.Canvas().Focus(pop)
}

// askLocation asks for a place, and sends it.
func (a *App) askLocation() {
	if a.main == nil || a.main.pane.id == "" {
		return
	}
	id := a.main.pane.id
	s := widgets.NewLocationSheet()
	s.OnSend = func(l chat.Location) {
		s.Sheet.Dismiss()
		content := chat.Content{Kind: chat.KindMessage, Location: &l}
		if p := a.main.pane; p.id == id {
			content.Reply = p.takeReply()
			p.timeline.ScrollToEnd()
		}
		a.inOrder(func(ctx context.Context) func() {
			if _, err := a.session.Send(ctx, id, content); err != nil {
				return func() { a.notice(sentence(err)) }
			}
			return nil
		})
	}
	s.OnPicture = func() { a.placeFromPicture(s) }
	a.showSheet(&openSheet{name: "location", sheet: s.Sheet})
	s.Sheet.ShowOn(a.window.Canvas(), s.Place)
}

// placeFromPicture takes the place from a picture that is chosen.
func (a *App) placeFromPicture(s *widgets.LocationSheet) {
	if a.cfg.Preview == nil {
		return
	}
	a.beside(func(ctx context.Context) func() {
		paths, err := pickWithDesktop(ctx, lang.L("Choose a picture"), false)
		if errors.Is(err, errNoPicker) {
			return func() {
				s.Say(lang.L("This desktop has no dialog to choose a file with. Type the place instead."))
			}
		}
		if len(paths) == 0 {
			return nil
		}
		_, facts, err := a.cfg.Preview(ctx, paths[0])
		return func() {
			if err != nil || !facts.Place {
				s.Say(lang.L("This picture does not say where it was taken. Choose another, or type the place."))
				return
			}
			s.SetPlace(chat.Location{Lat: facts.Lat, Lon: facts.Lon})
		}
	})
}
