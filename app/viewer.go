package app

import (
	"bytes"
	"cmp"
	"context"
	"image"
	"image/png"
	"slices"
	"time"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
	"satchel/widgets"
)

// viewer is the picture that lies over the window, one of those of the conversation
// that are on this computer.
type viewer struct {
	app    *App
	widget *widgets.PictureViewer
	more   []chat.Message            // pictures of the conversation, those that the timeline does not hold among them
	paths  map[chat.MessageID]string // of these
	at     chat.Message
	path   string
	round  int // counts pictures: one that is decoded too late is dropped
	img    image.Image
	timer  *time.Timer // of the next frame of a picture that moves
}

// viewPicture shows the picture of a message, which lies at path.
func (a *App) viewPicture(m chat.Message, path string) {
	if a.viewer != nil {
		a.viewer.widget.Dismiss()
	}
	v := &viewer{app: a, widget: widgets.NewPictureViewer()}
	a.viewer = v
	w := v.widget
	w.OnStep = v.step
	w.OnClose = func() {
		if a.viewer == v {
			a.viewer = nil
		}
		v.still()
		a.refocus()
	}
	w.Save.OnTapped = func() { a.saveAs(v.at) }
	w.Copy.OnTapped = v.copy
	w.Open.OnTapped = func() { a.openFile(v.path) }
	w.ShowOn(a.window.Canvas())
	v.show(m, path)
	v.lookAround()
}

// lookAround finds the pictures of the conversation that the timeline does not hold.
func (v *viewer) lookAround() {
	a, conv := v.app, v.at.Conversation
	a.work(func(context.Context) func() {
		found, err := a.session.Files(conv, "", mediaMost)
		if err != nil {
			a.log.Error("read the files of a conversation", "error", err)
		}
		found = slices.DeleteFunc(found, func(m chat.Message) bool { return !isStill(m.Content.File) })
		items := a.items(conv, found)
		return func() {
			v.more, v.paths = found, map[chat.MessageID]string{}
			for i, m := range found {
				v.paths[m.ID] = items[i].path
			}
			if a.viewer == v {
				v.draw()
			}
		}
	})
}

// pathOf is where a picture lies on this computer; "" when it does not.
func (v *viewer) pathOf(id chat.MessageID) string {
	return cmp.Or(v.app.main.pane.paths[id], v.paths[id])
}

// around are the pictures before and after the one that is shown.
func (v *viewer) around() (before, after *chat.Message) {
	p := v.app.main.pane
	all := p.inOrder()
	for _, m := range v.more {
		if _, there := p.shown[m.ID]; !there || p.id != m.Conversation {
			all = append(all, m)
		}
	}
	all = slices.DeleteFunc(all, func(m chat.Message) bool { return !isStill(m.Content.File) || v.pathOf(m.ID) == "" })
	slices.SortStableFunc(all, bySeq)
	for i := range all {
		if all[i].ID != v.at.ID {
			continue
		}
		if i > 0 {
			before = &all[i-1]
		}
		if i+1 < len(all) {
			after = &all[i+1]
		}
	}
	return before, after
}

func (v *viewer) step(n int) {
	before, after := v.around()
	to := after
	if n < 0 {
		to = before
	}
	if to != nil {
		v.show(*to, v.pathOf(to.ID))
	}
}

// show decodes a picture as big as the window is, twice over for a closer look.
func (v *viewer) show(m chat.Message, path string) {
	a := v.app
	v.still()
	v.at, v.path, v.img = m, path, nil
	v.round++
	round := v.round
	v.draw()
	if a.cfg.Large == nil {
		return
	}
	c := a.window.Canvas()
	w, h := int(2*c.Size().Width*c.Scale()), int(2*c.Size().Height*c.Scale())
	a.work(func(ctx context.Context) func() {
		img, err := a.cfg.Large(ctx, path, w, h)
		return func() {
			switch {
			case v.round != round || a.viewer != v:
			case err != nil:
				v.widget.Dismiss()
				a.openFile(path) // another program may know it
			default:
				v.img = img
				v.draw()
				if m.Content.File.MIME == "image/gif" {
					v.move(round, w, h)
				}
			}
		}
	})
}

// move lets a GIF play, here and nowhere else.
func (v *viewer) move(round, w, h int) {
	a, path := v.app, v.path
	if a.cfg.Frames == nil {
		return
	}
	a.work(func(ctx context.Context) func() {
		frames, delays, err := a.cfg.Frames(ctx, path, w, h)
		if err != nil || len(frames) < 2 {
			return nil // its first frame is there
		}
		return func() { v.frame(round, frames, delays, 0) }
	})
}

// frame shows one frame of a GIF, and then the next. It rests while nobody looks.
func (v *viewer) frame(round int, frames []image.Image, delays []time.Duration, i int) {
	a := v.app
	if v.round != round || a.viewer != v {
		return
	}
	next := i
	if a.focused {
		v.img = frames[i]
		v.widget.SetFrame(v.img)
		next = (i + 1) % len(frames)
	}
	v.timer = time.AfterFunc(delays[i], func() {
		a.ui(func() { v.frame(round, frames, delays, next) })
	})
}

// still ends what moves.
func (v *viewer) still() {
	if v.timer != nil {
		v.timer.Stop()
	}
}

func (v *viewer) draw() {
	m := &v.app.model
	c := m.conversations[v.at.Conversation]
	before, after := v.around()
	f := v.at.Content.File
	detail := m.personName(&c, v.at.From) + " · " + lastSeen(v.at.At, time.Now()) + " · " + widgets.FormatSize(f.Size)
	v.widget.Set(v.img, oneLine(f.Name), detail, before != nil, after != nil)
}

// copy puts the picture on the desktop's clipboard.
func (v *viewer) copy() {
	a, img := v.app, v.img
	if img == nil {
		return
	}
	a.work(func(context.Context) func() {
		var b bytes.Buffer
		err := png.Encode(&b, img)
		told := func(err error) {
			a.ui(func() {
				if err != nil {
					a.log.Info("copy a picture", "error", err)
					a.notice(lang.L("The picture can't be copied here. Save it instead."))
					return
				}
				a.notice(lang.L("The picture is on the clipboard."))
			})
		}
		if err != nil {
			told(err)
			return nil
		}
		a.copyPicture(b.Bytes(), told)
		return nil
	})
}
