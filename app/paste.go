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
)

const (
	clipboardTime = 3 * time.Second
	maxPasted     = 256 << 20 // bytes of a picture from the clipboard
)

// clipboardReady prepares the desktop's clipboard once; without one, only words
// are pasted.
var clipboardReady = sync.OnceValue(clipboard.Init)

// paste is Ctrl+V: files that were copied in a file manager are offered, words
// go where one writes, and else a picture is offered as a file.
func (a *App) paste(words func()) {
	text := a.fyne.Clipboard().Content()
	conv := a.main.pane.id
	a.work(func(ctx context.Context) func() {
		if clipboardReady() != nil {
			return words
		}
		ctx, cancel := context.WithTimeout(ctx, clipboardTime)
		defer cancel()
		if paths, err := clipboard.ReadFiles(ctx); err == nil && len(paths) > 0 {
			return func() { a.offerFiles(paths) }
		}
		if text != "" {
			return func() {
				if a.main.pane.id == conv {
					words()
				}
			}
		}
		png, err := clipboard.Read(ctx, clipboard.FmtImage)
		if err != nil || len(png) == 0 || len(png) > maxPasted {
			return nil
		}
		path, err := a.keepPasted(lang.L("Picture"), ".png", png)
		if err != nil {
			a.log.Warn("keep a pasted picture", "error", err)
			return func() {
				a.notice(lang.L("The picture could not be kept on this computer's disk. It is still on the clipboard."))
			}
		}
		return func() { a.offerFiles([]string{path}) }
	})
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
