package app

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/lang"

	"satchel/app/session"
	"satchel/chat"
	"satchel/widgets"
)

// openSheet is the one sheet that lies over the window.
type openSheet struct {
	name  string // for the test seam
	sheet *widgets.Sheet
	files *widgets.SendSheet  // the send sheet's
	list  *widgets.PersonList // the new message's

	pages        *widgets.Pages         // the settings'
	devices      *widgets.DeviceList    // the settings'
	store        *storesPage            // the settings'
	storage      *storagePage           // the settings'
	redraw       func()                 // shows the settings' page anew
	said         string                 // what it then says was done
	link         *widgets.LinkSheet     // of a linking
	person       *widgets.PersonSheet   // somebody's page
	drawVerified func()                 // shows anew whether they were verified; nil elsewhere
	recovery     *widgets.RecoverySheet // of a recovery file
	group        *widgets.GroupSheet    // of a new group, and who comes into one
	media        *widgets.MediaSheet    // what a conversation carried
	tree         *widgets.TreeSheet     // what is in a folder
	ofMaps       *widgets.Paragraph     // what the settings say of the map server
	place        *widgets.LocationSheet // of a place to send
	page         *widgets.GroupPage     // a group's page, of conversation
	conversation chat.ConversationID
	transfers    *transfersSheet    // all transfers
	again        func()             // makes the settings' page anew
	spots        map[string]spotted // what else can be clicked on it
	anew         func()             // opens it again, after what was opened from it; nil: that is not done
	back         func()             // opens what it was opened from; nil: the window was there
	drawMe       func()             // the profile's: one's picture is another; nil on all others
}

// showSheet puts a sheet over the window, in the place of the one that is there, which
// may come back afterwards.
func (a *App) showSheet(o *openSheet) {
	if from := a.sheet; from != nil {
		if at := a.focusName(); from.anew != nil && from.name != o.name {
			o.back = func() {
				from.anew()
				a.focusNamed(at)
			}
		}
		from.back = nil
		from.sheet.Dismiss()
	}
	a.sheet = o
	closed := o.sheet.OnClose
	o.sheet.OnClose = func() {
		if a.sheet == o {
			a.sheet = nil
		}
		if closed != nil {
			closed()
		}
		switch {
		case a.sheet != nil:
		case o.back != nil:
			o.back()
		default:
			a.refocus()
		}
	}
}

// hover shows where files that hang over the window would go.
func (a *App) hover(over bool) {
	if a.main == nil || a.main.pane.id == "" {
		return
	}
	p := a.main.pane
	if !over || a.sheet != nil {
		p.hover.Hide()
		return
	}
	c := a.model.conversations[p.id]
	title := lang.L("Drop to send to {{.Name}}", map[string]any{"Name": a.model.name(&c)})
	if c.Kind == chat.Self {
		title = lang.L("Drop to keep in your notes")
	}
	p.hover.Set(widgets.IconDrop, title, lang.L("Files and folders of any kind and size. Hold Shift to send without asking."))
	p.hover.Show()
	p.root.Refresh()
}

// dropFiles takes files that were dropped: with Shift held they go without a
// question, and pictures without what they say of place and camera.
func (a *App) dropFiles(paths []string) {
	if a.main == nil || a.main.pane.id == "" || a.sheet != nil || widgets.Modifiers()&fyne.KeyModifierShift == 0 {
		a.offerFiles(paths)
		return
	}
	id := a.main.pane.id
	a.main.pane.hover.Hide()
	limit := a.session.MaxFile()
	a.work(func(context.Context) func() {
		files, refused := inspect(paths, limit)
		return func() {
			if refused != "" {
				a.notice(refused)
			}
			whole := make([]string, len(files))
			for i, f := range files {
				whole[i] = f.Path
			}
			if len(whole) > 0 {
				a.sendFiles(id, whole, "", chat.PictureEdit{Clean: true})
			}
		}
	})
}

// offerFiles shows what would be sent, before it is: dropped, pasted or picked.
func (a *App) offerFiles(paths []string) {
	if a.main == nil || len(paths) == 0 {
		return
	}
	if a.main.pane.id == "" {
		a.notice(lang.L("Choose a conversation first, then drop the files again."))
		return
	}
	a.main.pane.hover.Hide()
	limit := a.session.MaxFile()
	a.work(func(ctx context.Context) func() {
		files, refused := inspect(paths, limit)
		return func() {
			if refused != "" {
				a.notice(refused)
			}
			if len(files) == 0 {
				return
			}
			if a.sheet == nil || a.sheet.files == nil {
				a.openSendSheet()
			}
			a.sheet.files.Add(files...)
			a.countFolders(a.sheet.files, files, limit)
			a.previewFiles(a.sheet.files, files)
		}
	})
}

// inspect tells which of these can be sent; what can't has a sentence.
func inspect(paths []string, limit int64) (files []widgets.SendFile, refused string) {
	missing, big := "", ""
	for _, path := range paths {
		name := filepath.Base(path)
		info, err := os.Stat(path)
		switch {
		case err == nil && info.IsDir():
			files = append(files, widgets.SendFile{Path: path, Name: name, Folder: true, Counting: true})
		case errors.Is(err, fs.ErrNotExist):
			missing = lang.L("“{{.Name}}” is not there any more.", map[string]any{"Name": name})
		case errors.Is(err, fs.ErrPermission):
			missing = lang.L("“{{.Name}}” may not be read by you.", map[string]any{"Name": name})
		case err != nil || !info.Mode().IsRegular():
			missing = lang.L("“{{.Name}}” is no file that can be sent.", map[string]any{"Name": name})
		case limit > 0 && info.Size() > limit:
			big = lang.L("“{{.Name}}” is {{.Size}}; this relay takes files up to {{.Limit}}.",
				map[string]any{"Name": name, "Size": widgets.FormatSize(info.Size()), "Limit": widgets.FormatSize(limit)})
		default:
			files = append(files, widgets.SendFile{Path: path, Name: name, Size: info.Size()})
		}
	}
	switch {
	case big != "":
		refused = big
	default:
		refused = missing
	}
	return files, refused
}

// openSendSheet shows an empty send sheet for the open conversation.
func (a *App) openSendSheet() {
	p := a.main.pane
	id := p.id
	s := widgets.NewSendSheet()
	written := ""
	if p.edits == nil { // an edit goes on afterwards
		written = strings.TrimSpace(p.composer.Text())
	}
	s.SetCaption(written)
	o := &openSheet{name: "send", sheet: s.Sheet, files: s}
	s.OnMore = a.pickFiles
	sent := false
	s.OnSend = func(paths []string, caption string, edit chat.PictureEdit) {
		sent = true
		s.Sheet.Dismiss()
		if p.id == id && p.edits == nil && written != "" && strings.TrimSpace(p.composer.Text()) == written {
			p.composer.SetText("") // it goes along
			p.changed("")
		}
		if caption == widgets.Caption(written) {
			caption = written // with its lines
		}
		a.sendFiles(id, paths, caption, edit)
	}
	s.Sheet.OnClose = func() {
		if words := s.Caption.Text; !sent && p.id == id && p.edits == nil && strings.TrimSpace(p.composer.Text()) == "" && strings.TrimSpace(words) != "" {
			p.composer.SetText(words) // who backs out has not written in vain
			p.changed(words)
		}
	}
	a.showSheet(o)
	s.Sheet.ShowOn(a.window.Canvas(), s.Caption)
}

// previewFiles shows pictures as pictures, one after the other.
func (a *App) previewFiles(s *widgets.SendSheet, files []widgets.SendFile) {
	if a.cfg.Preview == nil {
		return
	}
	a.work(func(ctx context.Context) func() {
		for _, f := range files {
			if f.Folder {
				continue
			}
			look, facts, err := a.cfg.Preview(ctx, f.Path)
			if ctx.Err() != nil || err != nil || !look.HasThumbnail() {
				continue
			}
			img := thumbnail(look.Thumbnail)
			a.ui(func() { s.SetPicture(f.Path, img, &look, facts) })
		}
		return nil
	})
}

// sendFiles hands files to the session; they answer what is being answered.
func (a *App) sendFiles(id chat.ConversationID, paths []string, caption string, edit chat.PictureEdit) {
	content := chat.Content{Kind: chat.KindMessage, Text: caption}
	if p := a.main.pane; p.id == id {
		content.Reply = p.takeReply()
		p.timeline.ScrollToEnd()
	}
	files := make([]session.Outgoing, len(paths))
	for i, path := range paths {
		files[i] = session.Outgoing{Path: path, Edit: edit}
	}
	a.inOrder(func(ctx context.Context) func() {
		_, err := a.session.SendEdited(ctx, id, files, content)
		if err == nil {
			return nil
		}
		first, _, _ := strings.Cut(err.Error(), "\n") // a joined error has one a line
		return func() { a.notice(sentence(errors.New(first))) }
	})
}

// steer pauses, resumes or cancels a transfer.
func (a *App) steer(id chat.TransferID, what func(chat.TransferID) error) {
	a.work(func(context.Context) func() {
		if err := what(id); err != nil {
			return func() { a.notice(sentence(err)) }
		}
		return nil
	})
}

// useFile is a click on a file: it is fetched when it isn't here, else opened.
func (a *App) useFile(m chat.Message) {
	conv := m.Conversation
	a.work(func(ctx context.Context) func() {
		if path := a.localFile(conv, m.ID); path != "" {
			a.session.Opened(conv, m.ID)
			return func() {
				if isStill(m.Content.File) && a.cfg.Large != nil {
					a.viewPicture(m, path)
					return
				}
				if m.Content.File.IsFolder() {
					a.openFolder(path)
					return
				}
				a.openFile(path)
			}
		}
		if t, ok := a.session.TransferOf(conv, m.ID); ok && t.Direction == chat.Upload {
			if !t.State.Ended() {
				return nil // on its way; its buttons steer it
			}
		}
		if err := a.session.Download(conv, m.ID); err != nil {
			return func() { a.notice(sentence(err)) }
		}
		return nil
	})
}

// isStill tells whether the viewer shows a file; films play elsewhere.
func isStill(f *chat.File) bool { return f.IsPicture() && !f.IsVideo() }

// localFile is where the file of a message lies on this computer: fetched and
// verified, or the one that we sent it from. "" when neither is there.
func (a *App) localFile(conv chat.ConversationID, id chat.MessageID) string {
	if path := a.session.Path(conv, id); path != "" {
		return path
	}
	t, ok := a.session.TransferOf(conv, id)
	if !ok || t.Direction != chat.Upload {
		return ""
	}
	if info, err := os.Stat(t.Path); err != nil || info.IsDir() != t.File.IsFolder() || !info.IsDir() && !info.Mode().IsRegular() {
		return ""
	}
	return t.Path
}
