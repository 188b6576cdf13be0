package app

import (
	"context"
	"time"

	"fyne.io/fyne/v2/lang"

	"satchel/app/session"
	"satchel/widgets"
)

// ownInvite is how long the invitation lives that lets the person into the
// relay of their own program.
const ownInvite = 10 * time.Minute

// showWelcome asks for a name and where to begin; with a name (and a link)
// given at the start, it begins at once and shows only what went wrong.
func (a *App) showWelcome() {
	w := widgets.NewWelcome(a.cfg.Name)
	a.welcome = w
	w.OnStart = a.startHere
	w.OnJoin = a.join
	w.OnLink = a.linkHere
	w.OnRecover = a.recover
	w.OnFile = a.pickRecovery
	w.SetDevice(session.DeviceLabel())
	a.setContent(w)
	switch {
	case a.cfg.Name != "" && a.cfg.Join != "":
		w.SetLink(a.cfg.Join)
		a.join(a.cfg.Name, a.cfg.Join)
	case a.cfg.Join != "":
		w.SetLink(a.cfg.Join)
		a.window.Canvas().Focus(w.Name)
	case a.cfg.Name != "":
		a.startHere(a.cfg.Name)
	default:
		a.window.Canvas().Focus(w.Name)
	}
}

// startHere makes this computer the relay, and joins it.
func (a *App) startHere(name string) {
	a.begin(func(ctx context.Context) error {
		relay, err := a.ownRelay(ctx, name)
		if err != nil {
			return err
		}
		link, err := relay.Invite(ctx, 1, ownInvite)
		if err != nil {
			return err
		}
		return a.session.Join(ctx, link, name)
	})
}

func (a *App) join(name, link string) {
	a.cameBy = ""
	if group, _ := a.session.IsGroupLink(link); group {
		a.cameBy = link
	}
	a.begin(func(ctx context.Context) error { return a.session.Join(ctx, link, name) })
}

// begin tries, and either goes on to the main screen or says why not.
func (a *App) begin(try func(context.Context) error) {
	w := a.welcome
	w.SetBusy(true)
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
		defer cancel()
		err := try(ctx)
		return func() {
			switch {
			case err == nil:
				a.showMain()
			case ctx.Err() == context.DeadlineExceeded:
				w.Fail(lang.L("The relay did not answer in time. Nothing was lost: try again."))
			default:
				w.Fail(sentence(err))
			}
		}
	})
}
