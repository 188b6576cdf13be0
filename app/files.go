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

// below is the conversation whose row lies at a place of the window, and is not the
// open one; "" elsewhere.
func (a *App) below(at fyne.Position) chat.ConversationID {
	if a.main == nil || a.sheet != nil || !a.main.list.Visible() {
		return ""
	}
	for _, r := range a.main.list.Rows() {
		o := a.main.list.RowObject(r.ID)
		if r.Heading || r.Folder || r.ID == "" || r.ID == a.main.pane.id || o == nil {
			continue
		}
		from := a.fyne.Driver().AbsolutePositionForObject(o)
		if at.X >= from.X && at.Y >= from.Y && at.X < from.X+o.Size().Width && at.Y < from.Y+o.Size().Height {
			return r.ID
		}
	}
	return ""
}

// hover shows where files that hang over the window would go.
func (a *App) hover(over bool, at fyne.Position) {
	if a.main == nil {
		return
	}
	p := a.main.pane
	id := a.below(at)
	if id == "" {
		id = p.id
	}
	if id == "" || !over || a.sheet != nil {
		p.hover.Hide()
		return
	}
	c := a.model.conversations[id]
	title := lang.L("Drop to send to {{.Name}}", map[string]any{"Name": a.model.name(&c)})
	if c.Kind == chat.Self {
		title = lang.L("Drop to keep in your notes")
	}
	p.hover.Set(widgets.IconDrop, title, lang.L("Files and folders of any kind and size. Hold Shift to send without asking."))
	p.hover.Show()
	p.root.Refresh()
}

// dropFiles takes files that were dropped, on a row of the list into its conversation:
// with Shift held they go without a question, and pictures without what they say of
// place and camera.
func (a *App) dropFiles(paths []string, at fyne.Position) {
	if id := a.below(at); id != "" {
		a.open(id)
	}
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

// inspect tells which of these can be sent; for those that can't there is a sentence.
func inspect(paths []string, limit int64) (files []widgets.SendFile, refused string) {
	count := 0
	for _, path := range paths {
		f, why := inspectOne(path, limit)
		if why == "" {
			files = append(files, f)
			continue
		}
		if count++; count == 1 {
			refused = why
		}
	}
	if count > 1 {
		refused = lang.L("{{.Count}} of these can't be sent. The first of them: {{.Reason}}", map[string]any{"Count": count, "Reason": refused})
	}
	return files, refused
}

// inspectOne looks at one of them; why tells that it can't be sent.
func inspectOne(path string, limit int64) (f widgets.SendFile, why string) {
	name := map[string]any{"Name": filepath.Base(path)}
	info, err := os.Stat(path)
	if err == nil && info.Mode().IsRegular() {
		var r *os.File
		if r, err = os.Open(path); err == nil {
			r.Close()
		}
	}
	switch {
	case err == nil && info.IsDir():
		return widgets.SendFile{Path: path, Name: filepath.Base(path), Folder: true, Counting: true}, ""
	case errors.Is(err, fs.ErrNotExist):
		return f, lang.L("“{{.Name}}” is not there any more.", name)
	case errors.Is(err, fs.ErrPermission):
		return f, lang.L("“{{.Name}}” may not be read by you.", name)
	case err != nil || !info.Mode().IsRegular():
		return f, lang.L("“{{.Name}}” is no file that can be sent.", name)
	case limit > 0 && info.Size() > limit:
		return f, lang.L("“{{.Name}}” is {{.Size}}; this relay takes files up to {{.Limit}}.",
			map[string]any{"Name": filepath.Base(path), "Size": widgets.FormatSize(info.Size()), "Limit": widgets.FormatSize(limit)})
	}
	return widgets.SendFile{Path: path, Name: filepath.Base(path), Size: info.Size()}, ""
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
