package widgets

import (
	"image"
	"math"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"satchel/chat"
)

// MediaSheet shows what a conversation carried: its pictures as a grid, its
// other files as a list, and a field that narrows both.
type MediaSheet struct {
	Sheet    *Sheet
	OnSearch func(text string)
	OnOpen   func(chat.Message)
	OnShow   func(chat.Message) // in the conversation
	// Thumbnail returns a message's thumbnail as w by h pixels; nil: not at hand,
	// and ready is called once it is.
	Thumbnail func(data []byte, w, h int, ready func()) image.Image

	Search   *Field
	Pictures *Button
	Files    *Button

	all     []chat.Message
	shown   []chat.Message // of the tab
	files   bool
	grid    *rowGrid
	list    *rowList
	empty   *Paragraph
	nothing string
	tile    float32
}

// mediaTile is the least side of a picture's cell: each line of cells takes all of
// the width.
const mediaTile float32 = 116

// mediaBar is what the cells leave for the scroll bar.
const mediaBar float32 = 8

// tileIn is how big a cell is, and so how many there are, in a width.
func tileIn(width, gap float32) float32 {
	n := float32(math.Max(1, math.Floor(float64((width+gap)/(mediaTile+gap)))))
	return float32(math.Floor(float64((width-(n-1)*gap)/n))) - 0.5 // Fyne wants more than the sum
}

// NewMediaSheet returns a sheet that waits for SetMessages.
func NewMediaSheet(of string) *MediaSheet {
	s := &MediaSheet{Search: NewField(lang.L("Find by name or caption"))}
	s.Search.OnChanged = func(text string) {
		if s.OnSearch != nil {
			s.OnSearch(text)
		}
	}
	s.Pictures = NewButton(PrimaryButton, lang.L("Pictures"), func() { s.pick(false) })
	s.Files = NewButton(PlainButton, lang.L("Files"), func() { s.pick(true) })
	s.grid = newRowGrid(func() int { return len(s.shown) },
		func() fyne.CanvasObject { return newMediaPicture(s) },
		func(i widget.GridWrapItemID, o fyne.CanvasObject) {
			o.(*mediaPicture).set(s.shown[i], s.grid.marked(i))
		})
	s.list = newRowList(func() int { return len(s.shown) },
		func() fyne.CanvasObject { return newMediaFile(s) },
		func(i widget.ListItemID, o fyne.CanvasObject) { o.(*mediaFile).set(s.shown[i]) })
	s.grid.OnSelected = func(i widget.GridWrapItemID) { s.open(i); s.grid.UnselectAll() }
	s.list.OnSelected = func(i widget.ListItemID) { s.open(i); s.list.UnselectAll() }
	s.grid.onMenu = func(i widget.GridWrapItemID) { s.menuAt(i, s.grid) }
	s.list.onMenu = func(i widget.ListItemID) { s.menuAt(i, s.list) }
	s.empty = NewParagraph("", SizeText, ColorMuted, fyne.TextAlignCenter)
	body := container.New(mediaLayout{s}, s.Pictures, s.Files, FieldBox(s.Search, false), s.grid, s.list, s.empty)
	s.Sheet = NewSheet(lang.L("Media and files of {{.Name}}", map[string]any{"Name": of}), body)
	s.Sheet.Width, s.Sheet.Height, s.Sheet.Tall = 700, 520, 700
	s.draw()
	return s
}

// SetMessages shows these, the newest first; nothing is said where there is none.
func (s *MediaSheet) SetMessages(all []chat.Message, nothing string) {
	s.all, s.nothing = all, nothing
	s.draw()
}

// Shown are the messages of the tab that is shown.
func (s *MediaSheet) Shown() []chat.Message { return s.shown }

func (s *MediaSheet) pick(files bool) {
	s.files = files
	s.draw()
}

func (s *MediaSheet) open(i int) {
	if i < len(s.shown) {
		tell(s.OnOpen, s.shown[i])
	}
}

// menu is what can be done with one, beside opening it.
func (s *MediaSheet) menu(m chat.Message, at fyne.Position, o fyne.CanvasObject) {
	if c := fyne.CurrentApp().Driver().CanvasForObject(o); c != nil && s.OnShow != nil {
		ShowMenu([]*fyne.MenuItem{fyne.NewMenuItem(lang.L("Show in the conversation"), func() { s.OnShow(m) })}, c, at)
	}
}

// menuAt opens the menu of the one that the keyboard is at, in a corner of all.
func (s *MediaSheet) menuAt(i int, o fyne.CanvasObject) {
	if i < len(s.shown) {
		s.menu(s.shown[i], fyne.CurrentApp().Driver().AbsolutePositionForObject(o).AddXY(24, 24), o)
	}
}

func (s *MediaSheet) draw() {
	s.shown = nil
	for _, m := range s.all {
		if m.Content.File.IsPicture() != s.files {
			s.shown = append(s.shown, m)
		}
	}
	s.Pictures.Kind, s.Files.Kind = PrimaryButton, PlainButton
	if s.files {
		s.Pictures.Kind, s.Files.Kind = PlainButton, PrimaryButton
	}
	words := ""
	if len(s.shown) == 0 {
		words = s.nothing
	}
	s.empty.SetText(words)
	show(s.grid, !s.files)
	show(s.list, s.files)
	s.Pictures.Refresh()
	s.Files.Refresh()
	s.grid.Refresh()
	s.list.Refresh()
	if s.Sheet != nil {
		s.Sheet.Refresh()
	}
}

// mediaLayout: the tabs and the field in a line, below it what is shown.
type mediaLayout struct{ s *MediaSheet }

func (mediaLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(300, 300) }

func (l mediaLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	a, b := l.s.Pictures.MinSize(), l.s.Files.MinSize()
	place(o[0], 0, 0, a.Width, 38)
	place(o[1], a.Width+8, 0, b.Width, 38)
	x := a.Width + b.Width + 24
	place(o[2], x, 0, max(80, size.Width-x), 39)
	if tile := tileIn(size.Width-mediaBar, base().Size(theme.SizeNamePadding)); tile != l.s.tile {
		l.s.tile = tile
		l.s.grid.Refresh()
	}
	for _, o := range o[3:5] {
		place(o, 0, 53, size.Width, max(0, size.Height-53))
	}
	h := l.s.empty.HeightAt(size.Width - 80)
	place(l.s.empty, 40, 53+(size.Height-53-h)/2, size.Width-80, h)
}

// mediaPicture is one picture of the grid.
type mediaPicture struct {
	widget.BaseWidget
	of      *MediaSheet
	message chat.Message
	image   *canvas.Image
	marked  bool // the keyboard is here
}

func newMediaPicture(of *MediaSheet) *mediaPicture {
	p := &mediaPicture{of: of, image: &canvas.Image{ScaleMode: canvas.ImageScaleFastest, CornerRadius: PictureRadius, FillMode: canvas.ImageFillCover}}
	p.ExtendBaseWidget(p)
	return p
}

func (p *mediaPicture) set(m chat.Message, marked bool) {
	if p.message.ID != m.ID || p.marked != marked {
		p.message, p.marked = m, marked
		p.Refresh()
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (p *mediaPicture) AccessibilityLabel() string {
	if f := p.message.Content.File; f != nil {
		return shownName(f.Name)
	}
	return ""
}

// AccessibilityRole implements fyne.Accessible.
func (p *mediaPicture) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// MouseIn implements desktop.Hoverable.
func (p *mediaPicture) MouseIn(*desktop.MouseEvent) { showTip(p, p.AccessibilityLabel()) }

// MouseMoved implements desktop.Hoverable.
func (p *mediaPicture) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (p *mediaPicture) MouseOut() { hideTip(p) }

// Tapped implements fyne.Tappable. Who takes the one click takes the other from the
// grid, too.
func (p *mediaPicture) Tapped(*fyne.PointEvent) { tell(p.of.OnOpen, p.message) }

// TappedSecondary implements fyne.SecondaryTappable.
func (p *mediaPicture) TappedSecondary(e *fyne.PointEvent) {
	p.of.menu(p.message, e.AbsolutePosition, p)
}

func (p *mediaPicture) CreateRenderer() fyne.WidgetRenderer {
	ground := NewRounded(Color(ColorIncoming), PictureRadius)
	ring := newFocusRing()
	ring.CornerRadius = PictureRadius + 3
	r := &shellRenderer{objects: []fyne.CanvasObject{ground, p.image, ring}}
	r.layout = func(s fyne.Size) {
		place(ring, 0, 0, s.Width, s.Height)
		place(ground, 3, 3, s.Width-6, s.Height-6)
		place(p.image, 3, 3, s.Width-6, s.Height-6)
	}
	r.min = func() fyne.Size { return fyne.NewSquareSize(max(mediaTile, p.of.tile)) }
	r.refresh = func() {
		ground.FillColor = Color(ColorIncoming)
		p.image.Image = nil
		if f := p.message.Content.File; f != nil && p.of.Thumbnail != nil {
			// As big as the thumbnail fits around the tile; the tile cuts.
			scale := max(2*mediaTile/float32(max(f.Width, 1)), 2*mediaTile/float32(max(f.Height, 1)))
			w, h := min(1000, int(float32(f.Width)*scale)), min(1000, int(float32(f.Height)*scale))
			id := p.message.ID
			p.image.Image = p.of.Thumbnail(f.Thumbnail, w, h, func() {
				if p.message.ID == id {
					p.Refresh()
				}
			})
		}
		show(p.image, p.image.Image != nil)
		drawFocusRing(ring, p.marked)
		ring.Refresh()
		ground.Refresh()
		p.image.Refresh()
	}
	r.refresh()
	return r
}

// mediaFile is one file of the list.
type mediaFile struct {
	widget.BaseWidget
	of      *MediaSheet
	message chat.Message
	show    *Button
}

func newMediaFile(of *MediaSheet) *mediaFile {
	f := &mediaFile{of: of}
	f.show = NewIconButton(IconForward, lang.L("Show in the conversation"), func() {
		if of.OnShow != nil {
			of.OnShow(f.message)
		}
	})
	f.ExtendBaseWidget(f)
	return f
}

func (f *mediaFile) set(m chat.Message) {
	if f.message.ID != m.ID {
		f.message = m
		f.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (f *mediaFile) Tapped(*fyne.PointEvent) { tell(f.of.OnOpen, f.message) }

// TappedSecondary implements fyne.SecondaryTappable.
func (f *mediaFile) TappedSecondary(e *fyne.PointEvent) { f.of.menu(f.message, e.AbsolutePosition, f) }

func (f *mediaFile) CreateRenderer() fyne.WidgetRenderer {
	tile := NewRounded(Color(ColorIncoming), PictureRadius)
	letters := NewBoldText("", TinySize, ColorOnAccent)
	letters.Alignment = fyne.TextAlignCenter
	name := NewBoldText("", TextSize, ColorText)
	detail := NewText("", SmallSize, ColorMuted)
	folder := newIconImage(IconFolder, ColorOnAccent)
	r := &shellRenderer{objects: []fyne.CanvasObject{tile, letters, folder, name, detail, f.show}}
	r.layout = func(s fyne.Size) {
		place(tile, 4, 6, 44, 44)
		place(letters, 4, 6, 44, 44)
		place(folder, 4+(44-folderIcon)/2, 6+(44-folderIcon)/2, folderIcon, folderIcon)
		room := s.Width - 60 - 56
		if file := f.message.Content.File; file != nil {
			name.Text = ElideMiddle(fileName(file), room, TextSize, true)
		}
		place(name, 60, 8, room, LineHeight)
		place(detail, 60, 30, room, SmallLineHeight)
		place(f.show, s.Width-52, 10, 36, 36)
	}
	r.min = func() fyne.Size { return fyne.NewSize(240, 56) }
	r.refresh = func() {
		if file := f.message.Content.File; file != nil {
			ground, ink := fileTileColor(file)
			letters.Text, letters.Color, tile.FillColor = extension(file.Name), Color(ink), Color(ground)
			show(letters, !file.IsFolder())
			if show(folder, file.IsFolder()); file.IsFolder() {
				folder.Resource = IconFolder.Resource(Color(ink))
			}
			detail.Text = join(FormatSize(file.Size), FormatDay(f.message.At, time.Now()))
		}
		name.Color, detail.Color = Color(ColorText), Color(ColorMuted)
		if !f.Size().IsZero() {
			r.layout(f.Size())
		}
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}
