package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// Column puts objects under each other, each as high as it asks to be at the
// column's width. Hidden ones take no room.
type Column struct {
	widget.BaseWidget
	Gap     float32
	objects []fyne.CanvasObject
}

// NewColumn returns a column.
func NewColumn(gap float32, objects ...fyne.CanvasObject) *Column {
	c := &Column{Gap: gap, objects: objects}
	c.ExtendBaseWidget(c)
	return c
}

// tall is an object whose height depends on its width.
type tall interface {
	HeightAt(width float32) float32
}

// heightAt is how high an object wants to be at a width.
func heightAt(o fyne.CanvasObject, width float32) float32 {
	if t, ok := o.(tall); ok {
		return t.HeightAt(width)
	}
	return o.MinSize().Height
}

// headingGap is more room above a heading than above anything else.
const headingGap float32 = 12

func (c *Column) gapAbove(o fyne.CanvasObject) float32 {
	if p, ok := o.(*Paragraph); ok && p.heads {
		return c.Gap + headingGap
	}
	return c.Gap
}

// HeightAt returns the height of all that is shown, at this width.
func (c *Column) HeightAt(width float32) float32 {
	height := float32(0)
	for _, o := range c.objects {
		if !o.Visible() {
			continue
		}
		if height > 0 {
			height += c.gapAbove(o)
		}
		height += heightAt(o, width)
	}
	return height
}

// CreateRenderer implements fyne.Widget.
func (c *Column) CreateRenderer() fyne.WidgetRenderer {
	r := &shellRenderer{objects: c.objects}
	r.layout = func(s fyne.Size) {
		y := float32(0)
		for _, o := range c.objects {
			if !o.Visible() {
				continue
			}
			if y > 0 {
				y += c.gapAbove(o)
			}
			h := heightAt(o, s.Width)
			place(o, 0, y, s.Width, h)
			y += h
		}
	}
	r.min = func() fyne.Size {
		width := c.Size().Width
		if width == 0 {
			width = 240
		}
		return fyne.NewSize(240, c.HeightAt(width))
	}
	r.refresh = func() {
		if !c.Size().IsZero() {
			r.layout(c.Size())
		}
		for _, o := range c.objects {
			o.Refresh()
		}
	}
	return r
}
