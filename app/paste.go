package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"fyne.io/fyne/v2/lang"
	"golang.design/x/clipboard"

	"satchel/app/system"
)

const (
	clipboardTime = 20 * time.Second
	maxPasted     = 256 << 20 // bytes from the clipboard
)

// clipboardReady prepares the desktop's clipboard once; without one, only words
// are pasted.
var clipboardReady = sync.OnceValue(clipboard.Init)

// paste is Ctrl+V: files that were copied in a file manager are offered, words
// go where one writes, and else a picture is offered as a file.
func (a *App) paste(words func(text string)) {
	conv := a.main.pane.id
	read := a.readClipboard()
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, clipboardTime)
		defer cancel()
		c, err := read(ctx)
		switch {
		case err != nil:
			a.log.Info("read the clipboard", "error", err)
			return func() { a.notice(unread()) }
		case len(c.Files) > 0:
			return func() { a.offerFiles(c.Files) }
		case c.Text != "":
			return func() {
				if a.main.pane.id == conv {
					words(c.Text)
				}
			}
		case len(c.Picture) == 0:
			return nil
		}
		path, err := a.keepPasted(lang.L("Picture"), ".png", c.Picture)
		if err != nil {
			a.log.Warn("keep a pasted picture", "error", err)
			return func() {
				a.notice(lang.L("The picture could not be kept on this computer's disk. It is still on the clipboard."))
			}
		}
		return func() { a.offerFiles([]string{path}) }
	})
}

// readClipboard returns what reads the clipboard beside the screen, with files by
// their paths. Fyne's own reading waits on the screen's goroutine for the program that
// has the clipboard, for ever if that is gone or hangs, so X is asked without it.
func (a *App) readClipboard() func(context.Context) (system.Clip, error) {
	if system.HasClipboard() && a.nativeID() != 0 {
		return func(ctx context.Context) (system.Clip, error) {
			c, err := system.ReadClipboard(ctx, maxPasted)
			c.Files = uriPaths(c.Files)
			return c, err
		}
	}
	text := a.fyne.Clipboard().Content()
	return func(ctx context.Context) (c system.Clip, err error) {
		if clipboardReady() != nil {
			return system.Clip{Text: text}, nil
		}
		if paths, err := clipboard.ReadFiles(ctx); err == nil && len(paths) > 0 {
			return system.Clip{Files: paths}, nil
		}
		if text != "" {
			return system.Clip{Text: text}, nil
		}
		c.Picture, err = clipboard.Read(ctx, clipboard.FmtImage)
		if err != nil || len(c.Picture) > maxPasted {
			return system.Clip{}, nil // the library says so when there is none, too
		}
		return c, nil
	}
}

// pasteWords is Ctrl+V where only words can be written.
func (a *App) pasteWords(words func(text string)) {
	if !system.HasClipboard() || a.nativeID() == 0 {
		words(a.fyne.Clipboard().Content())
		return
	}
	a.work(func(ctx context.Context) func() {
		ctx, cancel := context.WithTimeout(ctx, clipboardTime)
		defer cancel()
		text, err := system.ReadWords(ctx, maxPasted)
		if err != nil {
			a.log.Info("read the clipboard", "error", err)
			return func() { a.notice(unread()) }
		}
		return func() { words(text) }
	})
}

func unread() string {
	return lang.L("What is on the clipboard could not be read: the program that has it does not answer, or it is too large. Save it to a file, and send that.")
}

// copyPicture puts a PNG on the clipboard; then gets why it could not. It runs
// beside the screen, for as long as that picture is handed out.
func (a *App) copyPicture(png []byte, then func(error)) {
	if system.HasClipboard() {
		system.OfferPicture(a.ctx, png, then)
		return
	}
	err := clipboardReady()
	if err == nil {
		_, err = clipboard.Write(a.ctx, clipboard.FmtImage, png)
	}
	then(err)
}

// pasteLong offers words as a file that are too many for the composer. What is
// written there stays.
func (a *App) pasteLong(text string) {
	a.work(func(context.Context) func() {
		path, err := a.keepPasted(lang.L("Text"), ".txt", []byte(text))
		return func() {
			if err != nil {
				a.log.Warn("keep a pasted text", "error", err)
				a.notice(lang.L("The text could not be kept on this computer's disk. It is still on the clipboard."))
				return
			}
			a.notice(lang.L("Long text goes as a file. What you were writing is as it was."))
			a.offerFiles([]string{path})
		}
	})
}

// keepPasted writes what was pasted into the profile: it must be there until it was
// sent, and is what a click on it opens.
func (a *App) keepPasted(what, extension string, data []byte) (string, error) {
	dir := filepath.Join(a.cfg.Dir, "pasted")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	name := what + time.Now().Format(" 2006-01-02 15.04.05")
	f, err := os.OpenFile(filepath.Join(dir, name+extension), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	for n := 2; errors.Is(err, fs.ErrExist) && n < 100; n++ {
		f, err = os.OpenFile(filepath.Join(dir, fmt.Sprintf("%s (%d)%s", name, n, extension)), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		return "", err
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		return "", err
	}
	return f.Name(), f.Close()
}
