package app

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/storage"
	"github.com/ncruces/zenity"
	"github.com/rymdport/portal/filechooser"

	"satchel/widgets"
)

// errNoPicker says that the desktop offers no dialog for files.
var errNoPicker = errors.New("no file dialog")

// pickFiles lets the person choose files: with the desktop's own dialog, else
// zenity's, else Fyne's, which takes one at a time.
func (a *App) pickFiles() {
	if a.main == nil || a.main.pane.id == "" {
		return
	}
	a.beside(func(ctx context.Context) func() {
		paths, err := pickWithDesktop(ctx, lang.L("Choose files to send"), true)
		if errors.Is(err, errNoPicker) {
			return func() {
				d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
					if err == nil && r != nil {
						r.Close()
						a.offerFiles([]string{r.URI().Path()})
					}
				}, a.window)
				a.placeDialog(d)
			}
		}
		return func() { a.offerFiles(paths) }
	})
}

// pickWithDesktop has files chosen by the desktop's own dialog; many: several.
func pickWithDesktop(ctx context.Context, title string, many bool) ([]string, error) {
	if hasSessionBus() {
		uris, err := filechooser.OpenFile("", title, &filechooser.OpenFileOptions{Multiple: many})
		if err == nil {
			return uriPaths(uris), nil
		}
	}
	if !hasZenity() {
		return nil, errNoPicker
	}
	var paths []string
	var err error
	if many {
		paths, err = zenity.SelectFileMultiple(zenity.Title(title), zenity.Context(ctx))
	} else {
		paths = make([]string, 1)
		paths[0], err = zenity.SelectFile(zenity.Title(title), zenity.Context(ctx))
	}
	if errors.Is(err, zenity.ErrCanceled) {
		return nil, nil
	} else if err != nil {
		return nil, errNoPicker
	}
	return paths, nil
}

// pickFile lets the person choose one file.
func (a *App) pickFile(title string, then func(path string)) {
	a.beside(func(ctx context.Context) func() {
		paths, err := pickWithDesktop(ctx, title, false)
		if errors.Is(err, errNoPicker) {
			return func() {
				d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
					if err == nil && r != nil {
						r.Close()
						then(r.URI().Path())
					}
				}, a.window)
				a.placeDialog(d)
			}
		}
		if len(paths) == 0 {
			return nil
		}
		return func() { then(paths[0]) }
	})
}

// pickPlace lets the person choose where a file is saved; then gets an absolute path.
func (a *App) pickPlace(name string, then func(string)) {
	a.beside(func(ctx context.Context) func() {
		path, err := pickPlaceWithDesktop(ctx, name)
		if errors.Is(err, errNoPicker) {
			return func() {
				d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
					if err == nil && folder != nil {
						then(filepath.Join(folder.Path(), name))
					}
				}, a.window)
				d.SetTitleText(lang.L("Save as {{.Name}}, in which folder?", map[string]any{"Name": widgets.ElideMiddle(name, 320, widgets.TextSize, true)}))
				d.SetConfirmText(lang.L("Save here"))
				a.placeDialog(d)
			}
		}
		if path == "" {
			return nil
		}
		return func() { then(path) }
	})
}

func pickPlaceWithDesktop(ctx context.Context, name string) (string, error) {
	title := lang.L("Save as")
	folder := downloads()
	if hasSessionBus() {
		uris, err := filechooser.SaveFile("", title, &filechooser.SaveFileOptions{CurrentName: name, CurrentFolder: folder})
		if err == nil {
			if paths := uriPaths(uris); len(paths) > 0 {
				return paths[0], nil
			}
			return "", nil
		}
	}
	if !hasZenity() {
		return "", errNoPicker
	}
	path, err := zenity.SelectFileSave(zenity.Title(title), zenity.Context(ctx), zenity.Filename(filepath.Join(folder, name)))
	if errors.Is(err, zenity.ErrCanceled) {
		return "", nil
	} else if err != nil {
		return "", errNoPicker
	}
	return path, nil
}

// placeDialog shows one of Fyne's file dialogs, as big as the window allows,
// where files that come from elsewhere usually are.
func (a *App) placeDialog(d *dialog.FileDialog) {
	if home, err := os.UserHomeDir(); err == nil {
		if at, err := storage.ListerForURI(storage.NewFileURI(home)); err == nil {
			d.SetLocation(at)
		}
	}
	a.dialog = d
	d.SetOnClosed(func() { a.dialog = nil })
	d.Show() // before Resize, which fails on a dialog that was never shown
	size := a.window.Canvas().Size()
	d.Resize(fyne.NewSize(min(900, size.Width-40), min(640, size.Height-40)))
}

// beside is work that waits for a person in a dialog of another program: the
// program ends without it.
func (a *App) beside(f func(context.Context) func()) {
	go func() {
		if then := f(a.ctx); then != nil && a.ctx.Err() == nil {
			a.ui(then)
		}
	}()
}

func hasZenity() bool {
	for _, name := range []string{"zenity", "matedialog", "qarma"} { // those that the library knows
		if _, err := exec.LookPath(name); err == nil {
			return true
		}
	}
	return false
}

func downloads() string {
	home, err := os.UserHomeDir()
	if err != nil {
		return "/"
	}
	if folder := filepath.Join(home, "Downloads"); isFolder(folder) {
		return folder
	}
	return home
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// uriPaths are the paths of file URIs; others are left out.
func uriPaths(uris []string) []string {
	var paths []string
	for _, s := range uris {
		if u, err := url.Parse(strings.TrimSpace(s)); err == nil && u.Scheme == "file" && u.Path != "" {
			paths = append(paths, u.Path)
		}
	}
	return paths
}
