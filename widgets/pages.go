package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// PageName is a page that can be chosen.
type PageName struct {
	ID   string
	Name string
	Icon Icon
}

// Pages shows one of several pages beside the names of all. ↑ and ↓ go through
// the names.
type Pages struct {
	widget.BaseWidget
	OnPick func(id string) // the caller answers with SetPage

	names  []*pageName
	picked string
	list   *container.Scroll // of the names
	scroll *container.Scroll
	page   *fyne.Container
}

const (
	pageNameHeight float32 = 38
	pageNamesWidth float32 = 180
	pageGap        float32 = 24 - ringRoom
	pageIconsWidth float32 = 40  // of the names, where they have no room
	pagesWide      float32 = 540 // from here on they have
)

// NewPages returns the names with an empty page.
func NewPages(names ...PageName) *Pages {
	p := &Pages{page: container.New(wide{})}
	p.scroll = newScroll(p.page)
	rows := container.New(stacked{side: ringRoom})
	for _, n := range names {
		p.names = append(p.names, newPageName(p, n))
		rows.Add(p.names[len(p.names)-1])
	}
	p.list = newScroll(rows)
	p.ExtendBaseWidget(p)
	return p
}

// SetPage shows content as the page with this id, from its top.
func (p *Pages) SetPage(id string, content fyne.CanvasObject) {
	p.picked = id
	p.page.Objects = []fyne.CanvasObject{content}
	p.scroll.ScrollToTop()
	p.Refresh()
}

// Picked returns the id of the page that is shown.
func (p *Pages) Picked() string { return p.picked }

// Name is what picks a page; nil: no such page.
func (p *Pages) Name(id string) fyne.CanvasObject {
	for _, n := range p.names {
		if n.page.ID == id {
			return n
		}
	}
	return nil
}

// First is what takes the focus when the pages appear.
func (p *Pages) First() fyne.Focusable {
	for _, n := range p.names {
		if n.page.ID == p.picked {
			return n
		}
	}
	return p.names[0]
}

func (p *Pages) pick(id string) {
	if p.OnPick != nil && id != p.picked {
		p.OnPick(id)
	}
}

// step goes to the name before or after n.
func (p *Pages) step(n *pageName, by int) {
	for i, other := range p.names {
		if to := i + by; other == n && to >= 0 && to < len(p.names) {
			focusOn(p.names[to])
			p.pick(p.names[to].page.ID)
			return
		}
	}
}

// CreateRenderer implements fyne.Widget.
func (p *Pages) CreateRenderer() fyne.WidgetRenderer {
	line := &canvas.Rectangle{}
	r := &shellRenderer{objects: []fyne.CanvasObject{line, p.list, p.scroll}}
	r.layout = func(s fyne.Size) {
		names := pageNamesWidth
		if s.Width < pagesWide {
			names = pageIconsWidth
		}
		place(p.list, -ringRoom, 0, names+2*ringRoom, s.Height)
		place(line, names+(pageGap+ringRoom)/2, 0, 1, s.Height)
		place(p.scroll, names+pageGap, 0, s.Width-names-pageGap, s.Height)
	}
	r.min = func() fyne.Size {
		return fyne.NewSize(400, 200)
	}
	r.refresh = func() {
		line.FillColor = Color(ColorLine)
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

// wide gives one object the whole width, but for rings, and the height that it wants there.
// The pointer's scroll bar has room beside it.
type wide struct{}

const barRoom float32 = 14

func (wide) MinSize(o []fyne.CanvasObject) fyne.Size {
	if len(o) == 0 {
		return fyne.Size{}
	}
	width := o[0].Size().Width
	if width == 0 {
		return fyne.NewSize(200, o[0].MinSize().Height)
	}
	return fyne.NewSize(200, heightAt(o[0], width))
}

func (wide) Layout(o []fyne.CanvasObject, s fyne.Size) {
	for _, o := range o {
		width := s.Width - ringRoom - barRoom
		place(o, ringRoom, 0, width, max(heightAt(o, width), s.Height))
	}
}

// pageName is one name; the picked one is filled.
type pageName struct {
	widget.BaseWidget
	of               *Pages
	page             PageName
	hovered, focused bool
}

func newPageName(of *Pages, page PageName) *pageName {
	n := &pageName{of: of, page: page}
	n.ExtendBaseWidget(n)
	return n
}

// Tapped implements fyne.Tappable.
func (n *pageName) Tapped(*fyne.PointEvent) { n.of.pick(n.page.ID) }

// MouseIn implements desktop.Hoverable.
func (n *pageName) MouseIn(*desktop.MouseEvent) {
	n.hovered = true
	n.Refresh()
	if n.Size().Width <= pageIconsWidth {
		showTip(n, n.page.Name)
	}
}

// MouseMoved implements desktop.Hoverable.
func (n *pageName) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (n *pageName) MouseOut() {
	n.hovered = false
	n.Refresh()
	hideTip(n)
}

// FocusGained implements fyne.Focusable.
func (n *pageName) FocusGained() { n.focused = true; n.Refresh(); reveal(n) }

// FocusLost implements fyne.Focusable.
func (n *pageName) FocusLost() { n.focused = false; n.Refresh() }

// TypedRune implements fyne.Focusable.
func (n *pageName) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (n *pageName) TypedKey(k *fyne.KeyEvent) {
	switch {
	case k.Name == fyne.KeyUp:
		n.of.step(n, -1)
	case k.Name == fyne.KeyDown:
		n.of.step(n, 1)
	case pressing(n, k):
		n.of.pick(n.page.ID)
	case k.Name == fyne.KeyEscape:
		backOut(n)
	default:
		sheetKey(n, k)
	}
}

// AccessibilityLabel implements fyne.Accessible.
func (n *pageName) AccessibilityLabel() string { return n.page.Name }

// AccessibilityRole implements fyne.Accessible.
func (n *pageName) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

func (n *pageName) CreateRenderer() fyne.WidgetRenderer {
	box := NewRounded(color.Transparent, ButtonRadius)
	icon := newIconImage(n.page.Icon, ColorMuted)
	name := NewText("", TextSize, ColorText)
	r := &shellRenderer{objects: []fyne.CanvasObject{box, icon, name}}
	r.layout = func(s fyne.Size) {
		place(box, 0, 1, s.Width, s.Height-2)
		if show(name, s.Width > pageIconsWidth); !name.Visible() {
			place(icon, (s.Width-20)/2, (s.Height-20)/2, 20, 20)
			return
		}
		place(icon, 10, (s.Height-20)/2, 20, 20)
		place(name, 40, 0, s.Width-48, s.Height)
		name.Text = ElideEnd(n.page.Name, s.Width-48, TextSize, false)
	}
	r.min = func() fyne.Size { return fyne.NewSize(pageIconsWidth, pageNameHeight) }
	r.refresh = func() {
		picked := n.of.picked == n.page.ID
		box.FillColor, box.StrokeWidth = color.Transparent, 0
		switch {
		case picked:
			box.FillColor = Color(ColorSelected)
		case n.hovered:
			box.FillColor = Color(ColorHover)
		}
		if n.focused {
			box.StrokeColor, box.StrokeWidth = Color(colorRing), 2
		}
		ink := ColorMuted
		if picked {
			ink = ColorAccent
		}
		icon.Resource = n.page.Icon.Resource(Color(ink))
		name.Color = Color(ColorText)
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}
