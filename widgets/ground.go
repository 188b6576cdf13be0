package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// Ground is a plain area in a colour of the theme.
type Ground struct {
	widget.BaseWidget
	name fyne.ThemeColorName
}

// NewGround returns an area that follows the theme.
func NewGround(name fyne.ThemeColorName) *Ground {
	g := &Ground{name: name}
	g.ExtendBaseWidget(g)
	return g
}

// CreateRenderer implements fyne.Widget.
func (g *Ground) CreateRenderer() fyne.WidgetRenderer {
	box := canvas.NewRectangle(Color(g.name))
	return &shellRenderer{
		objects: []fyne.CanvasObject{box},
		layout:  func(s fyne.Size) { place(box, 0, 0, s.Width, s.Height) },
		min:     func() fyne.Size { return fyne.Size{} },
		refresh: func() {
			box.FillColor = Color(g.name)
			box.Refresh()
		},
	}
}
