package app

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// attachMenu shows what the paperclip offers.
func (a *App) attachMenu() {
	if a.main == nil || a.main.pane.id == "" {
		return
	}
	b := a.main.pane.composer.Attach
	items := []*fyne.MenuItem{fyne.NewMenuItem(lang.L("Files…"), a.pickFiles), fyne.NewMenuItem(lang.L("A folder…"), a.pickFolder), fyne.NewMenuItem(lang.L("Location…"), a.askLocation)}
	widgets.ShowMenuAbove(items, a.window.Canvas(), b)
}

// askLocation asks for a place, and sends it.
func (a *App) askLocation() {
	if a.main == nil || a.main.pane.id == "" {
		return
	}
	id := a.main.pane.id
	s := widgets.NewLocationSheet(a.settings.Map.host())
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
	stop := context.CancelFunc(func() {})
	s.OnPlace = func(l *chat.Location) {
		stop()
		if l != nil {
			stop = a.findMap(s, *l)
		}
	}
	s.Sheet.OnClose = func() { stop() }
	a.showSheet(&openSheet{name: "location", sheet: s.Sheet, place: s, spots: map[string]spotted{"location-place": s.Place, "location-send": s.Send}})
	s.Sheet.ShowOn(a.window.Canvas(), s.Place)
}

// mapPause is how long a place has to stand before a map of it is asked for: what is
// half typed is nobody's business.
const mapPause = 700 * time.Millisecond

// findMap has the map of a place come to the sheet, until stop is called.
func (a *App) findMap(s *widgets.LocationSheet, at chat.Location) (stop func()) {
	ctx, stop := context.WithCancel(a.ctx)
	server := a.settings.Map.server()
	a.work(func(context.Context) func() {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(mapPause):
		}
		picture, err := a.cfg.Map(ctx, server, at.Lat, at.Lon)
		if ctx.Err() != nil {
			return nil
		}
		img := thumbnail(picture)
		return func() {
			switch {
			case err == nil && img != nil:
				s.SetMap(at, &chat.Map{Picture: picture, Credit: server.Credit}, img)
			case errors.Is(err, context.DeadlineExceeded):
				s.NoMap(at, lang.L("The map server did not answer in time. The place goes as coordinates."))
			case err == nil || errors.Is(err, chat.ErrNoMap):
				s.NoMap(at, lang.L("The map server has no map of this place. It goes as coordinates."))
			default:
				a.log.Info("no map", "error", err)
				s.NoMap(at, lang.L("The map server can't be reached. The place goes as coordinates."))
			}
		}
	})
	return stop
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
