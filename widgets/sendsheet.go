package widgets

import (
	"image"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/widget"

	"satchel/chat"
)

// SendFile is one file that would be sent.
type SendFile struct {
	Path string
	Name string
	Size int64

	Folder   bool // Size and Files are of all that is in it
	Files    int
	Pictures int    // of these
	Counting bool   // it is still being looked at
	Note     string // what of it doesn't go, or why it can't; "": all goes
	Refused  bool   // it can't go: Note says why
}

// SendSheet shows what will go, and how big it is, before it goes.
type SendSheet struct {
	Sheet   *Sheet
	OnSend  func(paths []string, caption string, edit chat.PictureEdit)
	OnMore  func()  // choose more files
	Clean   *Toggle // pictures go without what they say of place, camera and time
	Smaller *Toggle
	Caption *Field
	Send    *Button
	Cancel  *Button
	More    *Button

	rows   []*sendRow
	list   *fyne.Container
	scroll *container.Scroll
}

// NewSendSheet returns an empty sheet; Add fills it.
func NewSendSheet() *SendSheet {
	s := &SendSheet{Caption: NewField(lang.L("Add a caption…"))}
	s.list = container.New(spaced{10})
	s.scroll = newScroll(s.list)
	s.Cancel = NewButton(PlainButton, lang.L("Cancel"), func() { s.Sheet.Dismiss() })
	s.Send = NewButton(PrimaryButton, lang.L("Send"), s.send)
	s.More = NewButton(PlainButton, lang.L("Add files…"), func() {
		if s.OnMore != nil {
			s.OnMore()
		}
	})
	s.Caption.OnSubmitted = func(string) { s.send() }
	s.Clean = NewToggle(lang.L("Remove location and camera data from pictures"), "", true, func(bool) { s.updateOptions() })
	s.Smaller = NewToggle(lang.L("Send pictures smaller ({{.Pixels}} px)", map[string]any{"Pixels": chat.SmallerSide}), "", false, func(bool) { s.update() })
	for _, t := range []*Toggle{s.Clean, s.Smaller} {
		t.Box = true
		t.Hide()
	}
	body := container.New(sendLayout{s}, s.scroll, s.Clean, s.Smaller, FieldBox(s.Caption, false))
	s.Sheet = NewSheet("", body, s.Cancel, s.Send)
	s.Sheet.Aside = s.More
	return s
}

// SetCaption fills in the words that go along.
func (s *SendSheet) SetCaption(text string) {
	s.Caption.SetText(Caption(text))
}

// Caption is a text in one line, as the sheet shows it.
func Caption(text string) string { return strings.Join(strings.Fields(text), " ") }

// Add puts files into the sheet; one that is there already is not put in twice.
func (s *SendSheet) Add(files ...SendFile) {
	for _, f := range files {
		if s.row(f.Path) != nil {
			continue
		}
		r := newSendRow(f)
		r.remove.OnTapped = func() { s.removeFile(r) }
		s.rows = append(s.rows, r)
		s.list.Add(r)
	}
	s.update()
}

// SetFile shows what was found out about a file that is in the sheet.
func (s *SendSheet) SetFile(f SendFile) {
	if r := s.row(f.Path); r != nil {
		r.file = f
		r.Refresh()
		s.update()
	}
}

// SetPicture shows a file as the picture that it is; facts is what it says of
// how it was taken.
func (s *SendSheet) SetPicture(path string, thumbnail image.Image, f *chat.File, facts chat.PictureFacts) {
	r := s.row(path)
	if r == nil || thumbnail == nil {
		return
	}
	r.picture, r.looked, r.facts = thumbnail, *f, facts
	r.Refresh()
	s.update()
}

// Files returns what would go.
func (s *SendSheet) Files() []SendFile {
	files := make([]SendFile, len(s.rows))
	for i, r := range s.rows {
		files[i] = r.file
	}
	return files
}

// RemoveButton takes the i-th file out when it is pressed.
func (s *SendSheet) RemoveButton(i int) *Button { return s.rows[i].remove }

func (s *SendSheet) row(path string) *sendRow {
	for _, r := range s.rows {
		if r.file.Path == path {
			return r
		}
	}
	return nil
}

func (s *SendSheet) removeFile(r *sendRow) {
	for i := range s.rows {
		if s.rows[i] == r {
			s.rows = append(s.rows[:i], s.rows[i+1:]...)
			break
		}
	}
	s.list.Remove(r)
	if len(s.rows) == 0 {
		s.Sheet.Dismiss()
		return
	}
	s.update()
	focusOn(s.Caption)
}

func (s *SendSheet) send() {
	if s.OnSend == nil || len(s.rows) == 0 {
		return
	}
	var paths []string
	for _, r := range s.rows {
		if r.file.Counting {
			return // what goes is known in a moment
		}
		if !r.file.Refused {
			paths = append(paths, r.file.Path)
		}
	}
	if len(paths) == 0 {
		return
	}
	s.OnSend(paths, strings.TrimSpace(s.Caption.Text), s.edit())
}

func (s *SendSheet) update() {
	var size int64
	folders, counting, going := 0, false, 0
	for _, r := range s.rows {
		if counting = counting || r.file.Counting; r.file.Refused {
			continue
		}
		going++
		if r.file.Folder {
			folders++
		}
		size += r.file.Size
		if s.Smaller.On() {
			size -= r.saves()
		}
	}
	s.Send.Text = lang.L("Send {{.Size}}", map[string]any{"Size": FormatSize(size)})
	if counting {
		s.Send.Text = lang.L("Counting…")
	}
	switch n := len(s.rows); {
	case n == 1 && folders == 1:
		s.Sheet.Title = lang.L("Send a folder")
	case folders > 0:
		s.Sheet.Title = lang.L("Send {{.Count}} files and folders", map[string]any{"Count": n})
	case n == 1:
		s.Sheet.Title = lang.L("Send 1 file")
	default:
		s.Sheet.Title = lang.L("Send {{.Count}} files", map[string]any{"Count": n})
	}
	s.Send.SetDisabled(counting || going == 0)
	s.updateOptions()
}

const sendRowHeight float32 = 56

// sendLayout: the files, which scroll when they are many, what is done to
// pictures, and the caption.
type sendLayout struct{ s *SendSheet }

func (l sendLayout) options(width float32) float32 {
	height := float32(0)
	for _, t := range []*Toggle{l.s.Clean, l.s.Smaller} {
		if t.Visible() {
			height += t.HeightAt(width)
		}
	}
	return height
}

func (l sendLayout) MinSize([]fyne.CanvasObject) fyne.Size {
	rows := min(max(len(l.s.rows), 1), 5)
	return fyne.NewSize(240, float32(rows)*(sendRowHeight+10)+8+39+l.options(l.s.Sheet.Width-44))
}

func (l sendLayout) Layout(o []fyne.CanvasObject, s fyne.Size) {
	y := s.Height - 39 - 12 - l.options(s.Width)
	place(o[0], 0, 0, s.Width, y)
	for _, t := range []*Toggle{l.s.Clean, l.s.Smaller} {
		if t.Visible() {
			place(t, 0, y, s.Width, t.HeightAt(s.Width))
			y += t.HeightAt(s.Width)
		}
	}
	place(o[3], 0, s.Height-39, s.Width, 39)
}

// spaced puts objects under each other with a gap.
type spaced struct{ gap float32 }

func (l spaced) MinSize(objects []fyne.CanvasObject) fyne.Size {
	height := float32(0)
	for _, o := range objects {
		height += o.MinSize().Height + l.gap
	}
	return fyne.NewSize(200, max(0, height-l.gap))
}

func (l spaced) Layout(objects []fyne.CanvasObject, s fyne.Size) {
	y := float32(0)
	for _, o := range objects {
		h := o.MinSize().Height
		place(o, 0, y, s.Width, h)
		y += h + l.gap
	}
}

// sendRow is one file on the sheet.
type sendRow struct {
	widget.BaseWidget
	file    SendFile
	picture image.Image
	looked  chat.File // what was found out about it
	facts   chat.PictureFacts
	remove  *Button
}

func newSendRow(f SendFile) *sendRow {
	r := &sendRow{file: f, remove: NewIconButton(IconClose, lang.L("Take out"), nil)}
	r.ExtendBaseWidget(r)
	return r
}

func (r *sendRow) CreateRenderer() fyne.WidgetRenderer {
	tile := NewRounded(color.Transparent, PictureRadius)
	kind := NewBoldText("", TinySize, ColorOnAccent)
	kind.Alignment = fyne.TextAlignCenter
	picture := &canvas.Image{FillMode: canvas.ImageFillCover, CornerRadius: PictureRadius, ScaleMode: canvas.ImageScaleFastest}
	name := NewBoldText("", TextSize, ColorText)
	detail := NewText("", TinySize, ColorMuted)
	folder := newIconImage(IconFolder, ColorOnAccent)
	re := &shellRenderer{objects: []fyne.CanvasObject{tile, kind, folder, picture, name, detail, r.remove}}
	re.layout = func(s fyne.Size) {
		place(tile, 0, 0, sendRowHeight, sendRowHeight)
		place(kind, 0, 0, sendRowHeight, sendRowHeight)
		place(picture, 0, 0, sendRowHeight, sendRowHeight)
		place(folder, (sendRowHeight-24)/2, (sendRowHeight-24)/2, 24, 24)
		room := s.Width - sendRowHeight - 12 - 44
		name.Text = ElideMiddle(r.file.Name, room, TextSize, true)
		place(name, sendRowHeight+12, 10, room, LineHeight)
		place(detail, sendRowHeight+12, 30, room, SmallLineHeight)
		place(r.remove, s.Width-36, 10, 36, 36)
	}
	re.min = func() fyne.Size { return fyne.NewSize(200, sendRowHeight) }
	re.refresh = func() {
		fill, ink := tileColor(r.file.Name)
		tile.FillColor, kind.Color = Color(fill), Color(ink)
		if kind.Text = extension(r.file.Name); kind.Text == "" {
			kind.Text = "•"
		}
		detail.Text = FormatSize(r.file.Size)
		if show(folder, r.file.Folder); r.file.Folder {
			tile.FillColor = Color(ColorAccent)
			folder.Resource = IconFolder.Resource(Color(ColorOnAccent))
			detail.Text = join(FormatFiles(r.file.Files), detail.Text, r.file.Note)
			if r.file.Counting {
				detail.Text = join(lang.L("Counting…"), FormatFiles(r.file.Files), FormatSize(r.file.Size))
			}
			if r.file.Refused {
				detail.Text = r.file.Note
			}
		}
		room := r.Size().Width - sendRowHeight - 12 - 44
		if room > 0 {
			detail.Text = ElideEnd(detail.Text, room, TinySize, false)
		}
		if r.picture != nil {
			picture.Image = r.picture
			if r.looked.IsPicture() && !r.looked.IsVideo() {
				detail.Text = lang.L("{{.Width}}×{{.Height}} · {{.Size}}", map[string]any{"Width": r.looked.Width, "Height": r.looked.Height, "Size": detail.Text})
			} else {
				detail.Text = join(FormatAbout(&r.looked), detail.Text)
			}
		}
		show(picture, r.picture != nil)
		show(kind, r.picture == nil && !r.file.Folder)
		name.Color, detail.Color = Color(ColorText), Color(ColorMuted)
		if r.file.Refused {
			detail.Color = Color(ColorBad)
		}
		if !r.Size().IsZero() {
			re.layout(r.Size())
		}
		for _, o := range re.objects {
			o.Refresh()
		}
	}
	re.refresh()
	return re
}
