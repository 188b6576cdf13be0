package widgets

import (
	"image"
	"os"
	"runtime"
	"slices"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/theme"
)

// Which font draws a character that Inter has not? Fyne 2.8.1 looks in a list: Inter,
// its own fonts, the system's for the system's language, and then those that it had to
// ask the system for, in the order in which it did (internal/painter/font.go). Many
// fonts have smileys and hearts in black, DejaVu Sans among them. So what was on the
// screen first decided how a heart looks, and where DejaVu is the font of the
// language, all were black.
//
// So no font of the language is in the list: whatever a language needs that Inter has
// not is asked for when it comes up. And what is asked for first, before any character
// that Inter lacks, is an emoji that colour fonts alone have.

// colourOnly is an emoji that fonts without colours don't have.
const colourOnly = "🥰"

// letterless is a language (Dhivehi) that has letters of its own, which Latin fonts
// don't have. Who speaks it gets its font by its letters, as all others do.
const letterless = "dv"

// fonts is what is known of Fyne's lists. It belongs to Fyne's goroutine.
var fonts struct {
	styles  []fyne.TextStyle   // that have a list
	colours bool               // the colour font is in them
	locale  map[string]*string // the variables while the language is hidden; nil: not set
	scopes  []*canvas.Text     // one in each place that has a theme, and so lists, of its own
}

// SettleFonts makes the lists that every screen needs. A program calls it once it has a
// theme, before it measures anything.
func SettleFonts() {
	hideLanguage()
	defer showLanguage()
	for _, style := range []fyne.TextStyle{{}, {Bold: true}} {
		fyne.MeasureText("a", TextSize, style)
	}
}

// askedForFont is called when Fyne makes a list for a style: its first font is asked of
// the theme, so here is the moment before it asks the system.
func askedForFont(style fyne.TextStyle) {
	if !slices.Contains(fonts.styles, style) {
		fonts.styles = append(fonts.styles, style)
	}
	if fonts.locale != nil || fyne.CurrentApp() == nil {
		return
	}
	hideLanguage()
	fyne.Do(func() {
		showLanguage()
		if fonts.colours {
			colourFirst(style)
		}
	})
}

// meet is called with what is about to be measured or drawn. The colour font takes
// 10 MB: it is there once something needs more than Inter.
func meet(s string) {
	if fonts.colours {
		return
	}
	for _, r := range s {
		if r >= 0x0530 && (r < 0x2010 || r > 0x2026) { // dashes, quotes and dots: Inter has them
			fonts.colours = true
			for _, style := range fonts.styles {
				colourFirst(style)
			}
			return
		}
	}
}

// colourFirst puts the colour font behind Inter and Fyne's own.
func colourFirst(style fyne.TextStyle) {
	if fonts.locale == nil {
		hideLanguage()
		defer showLanguage()
	}
	fyne.MeasureText(colourOnly, TextSize, style)
	if style.Italic || style.Monospace {
		return
	}
	for _, text := range fonts.scopes {
		text.TextStyle = style
		text.Show()
		paint(text)
		text.Hide()
	}
}

// ownFonts is for a place with a theme of its own: what is to lie in it, unseen, and what
// to call when it does.
func ownFonts() (unseen *canvas.Text, there func()) {
	unseen = &canvas.Text{Text: colourOnly, TextSize: TextSize}
	unseen.Hide()
	return unseen, func() {
		// The list and the composer of the screen, and no older ones.
		fonts.scopes = append(fonts.scopes, unseen)
		fonts.scopes = fonts.scopes[max(0, len(fonts.scopes)-2):]
		if fonts.colours {
			colourFirst(fyne.TextStyle{})
		}
	}
}

// hideLanguage and showLanguage bracket the moment in which Fyne asks for the language.
// The variables are all that it reads, and it has no call for that.
func hideLanguage() {
	if fonts.locale != nil || runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return
	}
	fonts.locale = map[string]*string{}
	for _, name := range []string{"LC_ALL", "LANGUAGE"} {
		fonts.locale[name] = nil
		if was, set := os.LookupEnv(name); set {
			fonts.locale[name] = &was
		}
		_ = os.Setenv(name, letterless)
	}
}

func showLanguage() {
	for name, was := range fonts.locale {
		if was == nil {
			_ = os.Unsetenv(name)
		} else {
			_ = os.Setenv(name, *was)
		}
	}
	fonts.locale = nil
}

// paint draws an object without a window.
func paint(o fyne.CanvasObject) image.Image {
	c := software.NewCanvas()
	c.SetPadded(false)
	c.SetContent(o)
	return c.Capture()
}

// dropKey is a kind of letters in a style.
type dropKey struct {
	block rune
	style fyne.TextStyle
}

// drops are how far lines with some kind of letters hang too low, for a size of 1.
var drops = map[dropKey]float32{}

// drop is how far the letters of a text hang lower than RenderedTextSize says. Fyne puts
// all letters of a text on the line of the tallest font among them, and tells of the
// first font alone: Chinese, and what is beside it, is 3 lower at a size of 14.
func drop(s string, size float32, style fyne.TextStyle) (most float32) {
	meet(s)
	for _, r := range s {
		if r < 0x0530 || unicode.In(r, unicode.Latin, unicode.Greek, unicode.Cyrillic, unicode.Common, unicode.Inherited) {
			continue
		}
		style.Underline, style.Strikethrough = false, false
		key := dropKey{r >> 7, style}
		if unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul) {
			key.block = -1 - r>>15 // the same fonts have many thousands of them
		}
		one, known := drops[key]
		if !known {
			one = measureDrop(r, style)
			drops[key] = one
		}
		most = max(most, one*size)
	}
	return most
}

// measureDrop looks how far a letter of ours is pushed down beside a foreign one.
func measureDrop(r rune, style fyne.TextStyle) float32 {
	const size = 64
	foot := func(s string) int {
		img := paint(&canvas.Text{Text: s, TextSize: size, TextStyle: style, Color: theme.Color(theme.ColorNameForeground)})
		width := int(fyne.MeasureText("H", size, style).Width)
		paper := img.At(img.Bounds().Min.X, img.Bounds().Min.Y)
		for y := img.Bounds().Max.Y - 1; y >= 0; y-- {
			for x := range width - 1 {
				if img.At(x, y) != paper {
					return y
				}
			}
		}
		return 0
	}
	return max(0, float32(foot("H"+string(r))-foot("H"))) / size
}
