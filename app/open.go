package app

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"
	"github.com/rymdport/portal/openuri"

	"satchel/chat"
	"satchel/widgets"
)

// openFile opens a file with the program that the person chose for its kind;
// what can run is asked about first.
func (a *App) openFile(path string) {
	a.work(func(context.Context) func() {
		if !canRun(path) {
			return a.systemOpen(path)
		}
		return func() { a.askToOpen(path) }
	})
}

// askToOpen warns of a file that may be a program.
func (a *App) askToOpen(path string) {
	name := map[string]any{"Name": filepath.Base(path)}
	warning := lang.L("“{{.Name}}” can run as a program, and could do anything that you can do. Open it only if you know what it is.", name)
	if !namedProgram(path) {
		warning = lang.L("“{{.Name}}” does not look like it, but there is a program in it, which could do anything that you can do. Open it only if you know what it is.", name)
	}
	words := widgets.NewParagraph(warning, widgets.SizeText, widgets.ColorText, fyne.TextAlignLeading)
	var sheet *widgets.Sheet
	show := widgets.NewButton(widgets.PlainButton, lang.L("Show in folder"), func() {
		sheet.Dismiss()
		a.work(func(context.Context) func() { return a.showFolder(path) })
	})
	anyway := widgets.NewButton(widgets.PlainButton, lang.L("Open anyway"), func() {
		sheet.Dismiss()
		a.work(func(context.Context) func() { return a.systemOpen(path) })
	})
	cancel := widgets.NewButton(widgets.PrimaryButton, lang.L("Don't open"), func() { sheet.Dismiss() })
	sheet = widgets.NewSheet(lang.L("Open a program?"), words, show, anyway, cancel)
	a.showSheet(&openSheet{name: "open", sheet: sheet, spots: map[string]spotted{"show": show, "anyway": anyway, "cancel": cancel}})
	sheet.ShowOn(a.window.Canvas(), nil)
}

// openTime is how long a viewer has to say that it can't.
const openTime = 3 * time.Second

// systemOpen hands a file, or a folder, to the desktop. The program that it
// starts outlives ours, so nobody waits for it; only a failure within the first
// seconds is told.
func (a *App) systemOpen(path string) func() {
	failed := make(chan error, 1)
	cmd := exec.Command("xdg-open", path)
	if err := cmd.Start(); err != nil {
		failed <- err
	} else {
		go func() { failed <- cmd.Wait() }() // ends with the viewer
	}
	wait := time.NewTimer(openTime)
	defer wait.Stop()
	var err error
	select {
	case err = <-failed:
	case <-wait.C:
	case <-a.ctx.Done():
	}
	if err == nil {
		return nil
	}
	a.log.Info("open with the desktop", "error", err)
	return func() {
		a.notice(lang.L("No program here opens “{{.Name}}”. A right click on it saves a copy where you want it.",
			map[string]any{"Name": filepath.Base(path)}))
	}
}

// showInFolder shows where the file of a message lies.
func (a *App) showInFolder(m chat.Message) {
	a.work(func(context.Context) func() {
		path := a.localFile(m.Conversation, m.ID)
		if path == "" {
			return func() { a.notice(notHere()) }
		}
		return a.showFolder(path)
	})
}

func notHere() string {
	return lang.L("The file is not on this computer yet. Click it to fetch it first.")
}

// showFolder asks the desktop's file manager to point at a file, or at least to
// open its folder.
func (a *App) showFolder(path string) func() {
	if hasSessionBus() {
		if f, err := os.Open(path); err == nil {
			err = openuri.OpenDirectory("", f.Fd(), nil)
			f.Close()
			if err == nil {
				return nil
			}
		}
	}
	return a.systemOpen(filepath.Dir(path))
}

// hasSessionBus tells whether there is a desktop to ask; without one, asking
// would try to start it.
func hasSessionBus() bool {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" {
		return true
	}
	_, err := os.Stat(filepath.Join(os.Getenv("XDG_RUNTIME_DIR"), "bus"))
	return os.Getenv("XDG_RUNTIME_DIR") != "" && err == nil
}

// saveAs copies the file of a message to where the person says.
func (a *App) saveAs(m chat.Message) {
	name := ""
	if m.Content.File != nil {
		name = m.Content.File.Name
	}
	a.work(func(context.Context) func() {
		path := a.localFile(m.Conversation, m.ID)
		if path == "" {
			return func() { a.notice(notHere()) }
		}
		if t, ok := a.session.TransferOf(m.Conversation, m.ID); !ok || t.Direction == chat.Download {
			name = filepath.Base(path) // scrubbed
		}
		return func() { a.pickPlace(name, func(to string) { a.saveTo(path, to) }) }
	})
}

func (a *App) saveTo(from, to string) {
	if a.cfg.SaveCopy == nil {
		return
	}
	a.work(func(ctx context.Context) func() {
		saved, err := a.cfg.SaveCopy(ctx, from, filepath.Dir(to), filepath.Base(to))
		switch {
		case errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			a.log.Info("save a copy", "error", err)
			return func() { a.notice(sentence(err)) }
		}
		return func() { a.notice(lang.L("Saved as {{.Path}}", map[string]any{"Path": saved})) }
	})
}
