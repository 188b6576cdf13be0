package app

import (
	"context"
	"errors"
	"os"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/lang"
	"github.com/ncruces/zenity"
	"github.com/rymdport/portal/filechooser"

	"satchel/app/session"
	"satchel/chat"
	"satchel/widgets"
)

// countFolders looks at what is in folders that are on the send sheet, one after
// the other, while the sheet is there.
func (a *App) countFolders(s *widgets.SendSheet, files []widgets.SendFile, limit int64) {
	for _, f := range files {
		if !f.Folder {
			continue
		}
		a.work(func(ctx context.Context) func() {
			ctx, cancel := context.WithCancel(ctx)
			defer cancel()
			tell := func(f widgets.SendFile) func() {
				return func() {
					if !s.Sheet.Shown() {
						cancel()
						return
					}
					s.SetFile(f)
				}
			}
			found, err := a.session.Survey(ctx, f.Path, func(so session.Survey) {
				f.Files, f.Size, f.Pictures = so.Files, so.Size, so.Pictures
				a.ui(tell(f))
			})
			f.Counting, f.Files, f.Size, f.Pictures = false, found.Files, found.Size, found.Pictures
			switch {
			case ctx.Err() != nil:
				return nil
			case err != nil:
				f.Refused, f.Note = true, sentence(err)
			case limit > 0 && found.Size > limit:
				f.Refused, f.Note = true, lang.L("{{.Size}}: this relay takes up to {{.Limit}}. Send the folders in it one by one.",
					map[string]any{"Size": widgets.FormatSize(found.Size), "Limit": widgets.FormatSize(limit)})
			default:
				f.Note = leftOut(&found)
			}
			return tell(f)
		})
	}
}

// leftOut says what of a folder doesn't go; "" when all does.
func leftOut(s *session.Survey) string {
	var parts []string
	if s.Links > 0 {
		parts = append(parts, lang.N("{{.Count}} links stay here", s.Links, map[string]any{"Count": s.Links}))
	}
	if s.Others > 0 {
		parts = append(parts, lang.N("{{.Count}} can't be sent", s.Others, map[string]any{"Count": s.Others}))
	}
	if s.Closed > 0 {
		parts = append(parts, lang.N("{{.Count}} folders may not be read", s.Closed, map[string]any{"Count": s.Closed}))
	}
	return strings.Join(parts, ", ")
}

// openFolder shows a folder of a message in the desktop's file manager.
func (a *App) openFolder(path string) {
	a.work(func(context.Context) func() { return a.systemOpen(path) })
}

// openTree shows what is in the folder of a message, to fetch some of it.
func (a *App) openTree(m chat.Message) {
	f := m.Content.File
	if !f.IsFolder() {
		return
	}
	s := widgets.NewTreeSheet(f.Name, lang.L("Looking what is in it…"))
	s.OnShow = func() { a.showInFolder(m) }
	s.OnFetch = func(entries []int) {
		s.Sheet.Dismiss()
		a.inOrder(func(ctx context.Context) func() {
			if err := a.session.DownloadSome(ctx, m.Conversation, m.ID, entries); err != nil {
				return func() { a.notice(sentence(err)) }
			}
			return nil
		})
	}
	a.showSheet(&openSheet{name: "tree", sheet: s.Sheet, tree: s})
	s.Sheet.ShowOn(a.window.Canvas(), nil)
	a.work(func(ctx context.Context) func() {
		entries, err := a.session.Tree(ctx, m.Conversation, m.ID)
		here := a.localFile(m.Conversation, m.ID) != ""
		return func() {
			switch {
			case !s.Sheet.Shown():
			case err != nil:
				s.Fail(sentence(err))
			default:
				note := ""
				if m.From != a.model.me.ID {
					note = lang.L("Choose what to download. What is here already is not fetched again.")
				}
				s.SetTree(entries, note, here)
			}
		}
	})
}

// pickFolder lets the person choose a folder to send.
func (a *App) pickFolder() {
	if a.main == nil || a.main.pane.id == "" {
		return
	}
	a.beside(func(ctx context.Context) func() {
		path, err := pickFolderWithDesktop(ctx, lang.L("Choose a folder to send"))
		if errors.Is(err, errNoPicker) {
			return func() {
				d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
					if err == nil && folder != nil {
						a.offerFiles([]string{folder.Path()})
					}
				}, a.window)
				a.placeDialog(d)
			}
		}
		if path == "" {
			return nil
		}
		return func() { a.offerFiles([]string{path}) }
	})
}

func pickFolderWithDesktop(ctx context.Context, title string) (string, error) {
	if hasSessionBus() {
		uris, err := filechooser.OpenFile("", title, &filechooser.OpenFileOptions{Directory: true})
		if paths := uriPaths(uris); err == nil && len(paths) > 0 {
			return paths[0], nil
		} else if err == nil {
			return "", nil
		}
	}
	if !hasZenity() {
		return "", errNoPicker
	}
	path, err := zenity.SelectFile(zenity.Title(title), zenity.Directory(), zenity.Context(ctx))
	if errors.Is(err, zenity.ErrCanceled) {
		return "", nil
	} else if err != nil {
		return "", errNoPicker
	}
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return "", nil
	}
	return path, nil
}
