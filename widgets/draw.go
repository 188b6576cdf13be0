package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// NewText returns one line of text in a colour of the theme. A caller that
// lives through a change of theme sets Color again in its Refresh.
func NewText(s string, size float32, name fyne.ThemeColorName) *canvas.Text {
	return &canvas.Text{Text: s, TextSize: size, Color: Color(name)}
}

// NewBoldText is NewText in semi-bold.
func NewBoldText(s string, size float32, name fyne.ThemeColorName) *canvas.Text {
	t := NewText(s, size, name)
	t.TextStyle.Bold = true
	return t
}

// NewRounded returns a filled rectangle with all corners rounded.
func NewRounded(fill color.Color, radius float32) *canvas.Rectangle {
	return &canvas.Rectangle{FillColor: fill, CornerRadius: radius}
}

// NewOutlined returns a rounded rectangle with a hairline around it.
func NewOutlined(fill, line color.Color, radius float32) *canvas.Rectangle {
	return &canvas.Rectangle{FillColor: fill, StrokeColor: line, StrokeWidth: 1, CornerRadius: radius}
}

// MeasureText returns the width and height of one line.
func MeasureText(s string, size float32, bold bool) fyne.Size {
	meet(s)
	return fyne.MeasureText(s, size, fyne.TextStyle{Bold: bold})
}

// setBubbleCorners rounds r as a bubble: 14 all around, and 4 at the corner
// where the sender is, when the bubble is the last of its group.
func setBubbleCorners(r *canvas.Rectangle, mine, tail bool) {
	left, right := BubbleRadius, BubbleRadius
	if tail {
		if mine {
			right = TailRadius
		} else {
			left = TailRadius
		}
	}
	r.CornerRadius = 0
	r.TopLeftCornerRadius, r.TopRightCornerRadius = BubbleRadius, BubbleRadius
	r.BottomLeftCornerRadius, r.BottomRightCornerRadius = left, right
}

// ElideMiddle shortens s to fit width by leaving out its middle, so that a
// file's extension stays readable. The result is never wider than width, a
// lone ellipsis aside.
func ElideMiddle(s string, width, size float32, bold bool) string {
	if MeasureText(s, size, bold).Width <= width {
		return s
	}
	runes := []rune(s)
	fits := func(keep int) string {
		// Two thirds in front, one third behind.
		tail := keep / 3
		return string(runes[:keep-tail]) + "…" + string(runes[len(runes)-tail:])
	}
	low, high := 0, len(runes)-1
	for low < high {
		mid := (low + high + 1) / 2
		if MeasureText(fits(mid), size, bold).Width <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return fits(low)
}

// cutWords cuts s where a line ends: what fits into width, and what is left of it.
func cutWords(s string, width, size float32, bold bool) (line, rest string) {
	if MeasureText(s, size, bold).Width <= width {
		return s, ""
	}
	end := -1
	for i, r := range s {
		if r != ' ' {
			continue
		}
		if MeasureText(s[:i], size, bold).Width > width {
			break
		}
		end = i
	}
	if end < 0 {
		return s, ""
	}
	return s[:end], s[end+1:]
}

// ElideEnd shortens s to fit width by leaving out its end.
func ElideEnd(s string, width, size float32, bold bool) string {
	if MeasureText(s, size, bold).Width <= width {
		return s
	}
	runes := []rune(s)
	low, high := 0, len(runes)-1
	for low < high {
		mid := (low + high + 1) / 2
		if MeasureText(string(runes[:mid])+"…", size, bold).Width <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return string(runes[:low]) + "…"
}

// faded is a colour that rests: six tenths of it.
func faded(c color.Color) color.Color {
	n := asNRGBA(c)
	n.A = uint8(int(n.A) * 6 / 10)
	return n
}

// blend is a colour between two opaque ones: a at 0, b at 1.
func blend(a, b color.Color, t float32) color.Color {
	x, y := asNRGBA(a), asNRGBA(b)
	mix := func(a, b uint8) uint8 { return uint8(float32(a)*(1-t) + float32(b)*t + 0.5) }
	return nrgba{R: mix(x.R, y.R), G: mix(x.G, y.G), B: mix(x.B, y.B), A: x.A}
}

func asNRGBA(c color.Color) nrgba { return color.NRGBAModel.Convert(c).(color.NRGBA) }
