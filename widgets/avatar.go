package widgets

import (
	"hash/fnv"
	"image"
	"image/color"
	"math"
	"strings"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
	"github.com/disintegration/imaging"
	"github.com/rivo/uniseg"
)

// Face is what an avatar shows.
type Face struct {
	Name   string // whose initials
	Key    string // gives the colour: an account's id, so that a new name keeps it
	Self   bool   // notes to self: a bookmark
	Icon   Icon   // not a person, but this; "" for people
	Online bool   // a green dot

	Picture image.Image // round and as big as it is drawn, from RoundFace; nil: initials
}

// faceSide is how many pixels a face's picture has: enough for the biggest
// avatar on a screen of twice the density.
const faceSide = 2 * int(AvatarSize)

// RoundFace cuts the middle of a picture out as a disc.
func RoundFace(img image.Image) image.Image {
	square := imaging.Fill(img, faceSide, faceSide, imaging.Center, imaging.Lanczos)
	out := image.NewRGBA(square.Bounds())
	const middle = float64(faceSide) / 2
	for y := range faceSide {
		for x := range faceSide {
			away := math.Hypot(float64(x)+0.5-middle, float64(y)+0.5-middle)
			part := min(1, max(0, middle-away+0.5)) // the rim is soft
			c := square.NRGBAAt(x, y)
			c.A = uint8(float64(c.A)*part + 0.5)
			out.Set(x, y, c)
		}
	}
	return out
}

// Avatar is a person as a coloured disc with initials.
type Avatar struct {
	widget.BaseWidget
	face Face
	size float32
	on   fyne.ThemeColorName // what it stands on: the dot's ring
}

// NewAvatar returns an avatar of AvatarSize or SmallAvatarSize.
func NewAvatar(size float32) *Avatar {
	a := &Avatar{size: size, on: ColorWindow}
	a.ExtendBaseWidget(a)
	return a
}

// SetFace shows somebody.
func (a *Avatar) SetFace(f Face) {
	if a.face != f {
		a.face = f
		a.Refresh()
	}
}

// avatarColors are the same in light and dark: they name people.
var avatarColors = []color.NRGBA{rgb(0xB9541A), rgb(0x2B6E93), rgb(0x3B7A57), rgb(0x7D5BA6), rgb(0x566468), rgb(0xA23B5A), rgb(0x4A5FA8)}

var (
	selfColor   = rgb(0x8A6D3B)
	folderColor = rgb(0x7C756B)
)

func (f Face) color() color.Color {
	if f.Self {
		return selfColor
	}
	if f.Icon != "" {
		return folderColor
	}
	h := fnv.New32a()
	h.Write([]byte(f.Key))
	return avatarColors[h.Sum32()%uint32(len(avatarColors))]
}

// initials are the first characters of the first and the last word.
func initials(name string) string {
	words := strings.FieldsFunc(name, func(r rune) bool { return unicode.IsSpace(r) || r == '-' || r == '_' || r == '.' })
	var out string
	for i, w := range words {
		if i != 0 && i != len(words)-1 {
			continue
		}
		first, _, _, _ := uniseg.FirstGraphemeClusterInString(w, -1)
		out += strings.ToUpper(first)
	}
	if out == "" {
		return "?"
	}
	return out
}

// MinSize implements fyne.Widget.
func (a *Avatar) MinSize() fyne.Size { return fyne.NewSquareSize(a.size) }

// CreateRenderer implements fyne.Widget.
func (a *Avatar) CreateRenderer() fyne.WidgetRenderer {
	disc, ring, dot := &canvas.Circle{}, &canvas.Circle{}, &canvas.Circle{}
	text := &canvas.Text{TextStyle: fyne.TextStyle{Bold: true}, Alignment: fyne.TextAlignCenter, Color: color.White}
	mark := newIconImage(IconBookmark, ColorOnAccent)
	picture := &canvas.Image{FillMode: canvas.ImageFillContain, ScaleMode: canvas.ImageScaleSmooth}
	r := &shellRenderer{objects: []fyne.CanvasObject{disc, text, mark, picture, ring, dot}}
	r.layout = func(fyne.Size) {
		place(disc, 0, 0, a.size, a.size)
		place(text, 0, 0, a.size, a.size)
		place(picture, 0, 0, a.size, a.size)
		place(mark, a.size*0.25, a.size*0.25, a.size*0.5, a.size*0.5)
		d := a.size * 0.27
		place(ring, a.size-d-1, a.size-d-1, d+2, d+2)
		place(dot, a.size-d+1, a.size-d+1, d-2, d-2)
	}
	r.min = a.MinSize
	r.refresh = func() {
		disc.FillColor = a.face.color()
		text.Text, text.TextSize = initials(a.face.Name), a.size*0.37
		icon := a.face.Icon
		if a.face.Self {
			icon = IconBookmark
		}
		if icon != "" {
			mark.Resource = icon.Resource(color.White)
		}
		ring.FillColor, dot.FillColor = Color(a.on), Color(ColorGood)
		picture.Image = a.face.Picture
		show(picture, a.face.Picture != nil)
		show(disc, a.face.Picture == nil)
		show(text, icon == "" && a.face.Picture == nil)
		show(mark, icon != "")
		show(ring, a.face.Online)
		show(dot, a.face.Online)
		for _, o := range r.objects {
			o.Refresh()
		}
	}
	r.refresh()
	return r
}

func show(o fyne.CanvasObject, yes bool) {
	if yes {
		o.Show()
	} else {
		o.Hide()
	}
}
