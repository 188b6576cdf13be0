package app

import (
	"context"
	"errors"
	"os"
	"runtime"
	"runtime/debug"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"satchel/app/session"
	"satchel/app/system"
	"satchel/widgets"
)

// Folder finds a profile's folder by what the command line says; see session.Folder.
func Folder(profile string) string { return session.Folder(profile) }

// Run shows the program until its window is closed or ctx ends; when the profile
// has a window already, it raises that one and returns. It must be called on the
// main goroutine. The error is a sentence.
func Run(ctx context.Context, cfg Config) error {
	if runtime.GOOS == "linux" && os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
		return errors.New("there is no desktop here to open a window on (neither DISPLAY nor WAYLAND_DISPLAY is set); satchelctl works without one")
	}
	percent := debug.SetGCPercent(garbage)
	f := fyneapp.NewWithID(system.ID)
	if m := f.Metadata(); m.Name == "" { // only what is packaged has it: the tray would show the id
		m.ID, m.Name, m.Version = system.ID, "Satchel", Version
		fyneapp.SetMetadata(m)
	}
	f.SetIcon(widgets.WindowIcon())
	f.Settings().SetTheme(widgets.NewTheme())
	widgets.SettleFonts()
	cfg.Quit = inOrder(f)
	a, err := New(f, cfg)
	if errors.Is(err, ErrRaised) {
		return nil
	} else if err != nil {
		return err
	}
	a.Start()
	a.settle(percent)
	ended := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		select {
		case <-ctx.Done():
			fyne.Do(cfg.Quit)
		case <-ended:
		}
	}()
	f.Run()
	close(ended)
	<-stopped
	// Here and nowhere else: Fyne also ends by itself, at a signal of its own.
	a.remember()
	return a.Close()
}

// inOrder returns how Fyne's loop is ended. What Fyne calls hooks with goes through a
// queue, and back through the loop; the loop ends before that is empty, and
// then Fyne waits for ever for a hook that came in between (2.8.1,
// internal/driver/glfw/loop.go). So none is left that it calls at the end, and
// the end itself waits in the queue behind those that it has called.
func inOrder(f fyne.App) (quit func()) {
	life := f.Lifecycle()
	queue, ok := life.(interface {
		SetOnStoppedHookExecuted(func())
		QueueEvent(func())
	})
	if !ok {
		return f.Quit
	}
	queue.SetOnStoppedHookExecuted(nil) // it saves Fyne's preferences, of which we have none
	return func() {
		life.SetOnEnteredForeground(nil)
		life.SetOnExitedForeground(nil)
		queue.QueueEvent(f.Quit)
	}
}
