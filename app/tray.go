package app

import (
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/systray"

	"satchel/app/system"
	"satchel/chat"
	"satchel/widgets"
)

// tray is the icon beside the clock. What it shows changes once a second at most.
type tray struct {
	desktop desktop.App
	shown   trayLook
	drawn   time.Time
	waiting bool
	gone    atomic.Bool // nothing shows icons just now
}

// trayLook is what the tray says.
type trayLook struct {
	unread          int
	moving, stopped bool // transfers
	language        string
	whose           string // "" where there is one account
}

// trayPause is how long a look stays at least.
const trayPause = time.Second

// startTray puts the icon there, where the desktop has a place for it, or may get one
// and the person counts on it: panels start when they like. It has to come before
// Fyne's loop.
func (a *App) startTray() {
	d, ok := a.fyne.(desktop.App)
	if !ok {
		return
	}
	has := system.HasTray(a.ctx)
	if !has && !(a.settings.ToTray && system.MayHaveTray()) {
		return
	}
	a.tray = &tray{desktop: d, shown: trayLook{unread: -1}}
	a.tray.gone.Store(!has)
	if runtime.GOOS != "darwin" { // there a click opens the menu
		systray.SetOnTapped(func() { a.ui(a.raise) })
	}
	a.drawTray()
	a.wg.Go(func() { system.WatchTray(a.ctx, func(there bool) { a.tray.gone.Store(!there) }) })
}

// trayPatience is how long a start into the tray waits for one.
const trayPatience = 30 * time.Second

// awaitTray shows the window after all when no tray comes for it.
func (a *App) awaitTray() {
	a.later(trayPatience, func() {
		if a.hidden && a.tray.gone.Load() {
			a.raise()
		}
	})
}

// drawTray shows how many messages are unread, and what can be done from there.
func (a *App) drawTray() {
	t := a.tray
	if t == nil || t.waiting {
		return
	}
	look := a.trayLook()
	if look == t.shown {
		return
	}
	if left := trayPause - time.Since(t.drawn); left > 0 {
		t.waiting = true
		a.later(left, func() {
			t.waiting = false
			a.drawTray()
		})
		return
	}
	if (look.unread > 0) != (t.shown.unread > 0) || t.shown.unread < 0 {
		t.desktop.SetSystemTrayIcon(widgets.TrayIcon(look.unread > 0))
	}
	t.shown, t.drawn = look, time.Now()
	tip := "Satchel"
	if look.whose != "" {
		tip += " · " + look.whose
	}
	systray.SetTooltip(tip)
	t.desktop.SetSystemTrayMenu(fyne.NewMenu("", a.trayItems(look)...))
}

func (a *App) trayLook() trayLook {
	a.paused = slices.DeleteFunc(a.paused, func(id chat.TransferID) bool {
		_, there := a.model.transfers[id]
		return !there
	})
	l := trayLook{unread: a.model.unread(), stopped: len(a.paused) > 0, moving: a.model.all.count != [2]int{}}
	if s := spoken.Load(); s != nil {
		l.language = s.code
	}
	if a.several {
		l.whose = a.model.me.Name
	}
	return l
}

func (a *App) trayItems(l trayLook) []*fyne.MenuItem {
	show := lang.L("Show Satchel")
	if l.unread > 0 {
		show = lang.N("Show Satchel ({{.Count}} unread)", l.unread, map[string]any{"Count": l.unread})
	}
	items := []*fyne.MenuItem{fyne.NewMenuItem(show, a.raise)}
	if l.stopped {
		items = append(items, fyne.NewMenuItem(lang.L("Resume transfers"), a.resumeTransfers))
	} else if l.moving {
		items = append(items, fyne.NewMenuItem(lang.L("Pause transfers"), a.pauseTransfers))
	}
	quit := fyne.NewMenuItem(lang.L("Quit"), a.quit)
	quit.IsQuit = true
	return append(items, fyne.NewMenuItemSeparator(), quit)
}

// pauseTransfers stops all that moves; resumeTransfers goes on with those.
func (a *App) pauseTransfers() {
	a.paused = a.paused[:0]
	for id, t := range a.model.transfers {
		if moves(t) {
			a.paused = append(a.paused, id)
		}
	}
	a.drawTray()
	a.session.PauseAllTransfers()
}

func (a *App) resumeTransfers() {
	ids := a.paused
	a.paused = nil
	a.drawTray()
	a.session.ResumeTransfers(ids)
}

// unread counts the messages that nobody has read and that may disturb.
func (m *model) unread() (n int) {
	now := time.Now()
	for _, c := range m.conversations {
		if disturbs(&c, now) {
			n += c.Unread
		}
	}
	return n
}
