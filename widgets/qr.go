package widgets

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
	"github.com/skip2/go-qrcode"
)

// QR is a text as a QR code: dark on white by day and by night, as cameras want
// it, in the middle of the room that it has.
type QR struct {
	widget.BaseWidget
	text    string
	picture *image.Gray // one pixel a module; nil: nothing to show
}

// qrSide is how large the card is, and qrQuiet its margin.
const qrSide, qrQuiet float32 = 208, 14

// NewQR returns the code of a text; "" shows none yet.
func NewQR(text string) *QR {
	q := &QR{}
	q.ExtendBaseWidget(q)
	q.SetText(text)
	return q
}

// SetText shows another text. What is too long for a code shows none.
func (q *QR) SetText(text string) {
	if q.text == text {
		return
	}
	q.text, q.picture = text, nil
	if code, err := qrcode.New(text, qrcode.Low); err == nil && text != "" {
		code.DisableBorder = true
		q.picture = modules(code.Bitmap())
	}
	q.Refresh()
}

// modules paints one pixel for each.
func modules(rows [][]bool) *image.Gray {
	img := image.NewGray(image.Rect(0, 0, len(rows), len(rows)))
	for y, row := range rows {
		for x, dark := range row {
			if !dark {
				img.SetGray(x, y, color.Gray{Y: 0xFF})
			}
		}
	}
	return img
}

// CreateRenderer implements fyne.Widget.
func (q *QR) CreateRenderer() fyne.WidgetRenderer {
	card := NewOutlined(color.White, color.Transparent, PictureRadius)
	code := &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScalePixels}
	r := &shellRenderer{objects: []fyne.CanvasObject{card, code}}
	r.layout = func(s fyne.Size) {
		x, y := (s.Width-qrSide)/2, (s.Height-qrSide)/2
		place(card, x, y, qrSide, qrSide)
		place(code, x+qrQuiet, y+qrQuiet, qrSide-2*qrQuiet, qrSide-2*qrQuiet)
	}
	r.min = func() fyne.Size { return fyne.NewSquareSize(qrSide) }
	r.refresh = func() {
		card.StrokeColor = Color(ColorLine)
		show(code, q.picture != nil)
		if q.picture != nil {
			code.Image = q.picture
		}
		card.Refresh()
		code.Refresh()
	}
	r.refresh()
	return r
}
