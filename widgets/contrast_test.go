package widgets

import (
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// leastContrast is what WCAG 2 asks of text (AA).
const leastContrast = 4.5

// What is read stands out from every ground that it is read on, by day and by night.
func TestContrast(t *testing.T) {
	grounds := []fyne.ThemeColorName{ColorWindow, ColorSide, ColorIncoming, ColorOutgoing, ColorSelected,
		theme.ColorNameMenuBackground, theme.ColorNameOverlayBackground}
	on := map[fyne.ThemeColorName][]fyne.ThemeColorName{
		ColorText: grounds, ColorMuted: grounds, ColorAccent: grounds, ColorGood: grounds, ColorBad: grounds, theme.ColorNameHyperlink: grounds,
		ColorOnAccent: {ColorAccent},
		colorOnTile:   {colorTileDocument, colorTileSheet, colorTileText, colorTileSound, colorTilePicture, colorTileProgram},

		theme.ColorNameForegroundOnError: {ColorBad}, theme.ColorNameForegroundOnSuccess: {ColorGood}, theme.ColorNameForegroundOnWarning: {theme.ColorNameWarning},
	}
	on[ColorMuted] = append(on[ColorMuted], ColorTrack) // a primary button that is off
	for i, by := range []string{"light", "dark"} {
		for ink, grounds := range on {
			for _, ground := range grounds {
				if c := contrast(palette[ink][i], palette[ground][i]); c < leastContrast {
					t.Errorf("%s: %s on %s has %.2f : 1", by, ink, ground, c)
				}
			}
		}
		// On a picture, whatever it shows: the disc is what the sign stands on.
		for _, picture := range []color.NRGBA{rgb(0xFFFFFF), rgb(0x000000), rgb(0x808080)} {
			scrim := palette[ColorScrim][i]
			ground := asNRGBA(blend(picture, nrgba{R: scrim.R, G: scrim.G, B: scrim.B, A: 0xFF}, float32(scrim.A)/0xFF))
			if c := contrast(palette[colorOnScrim][i], ground); c < leastContrast {
				t.Errorf("%s: on a picture of %v: %.2f : 1", by, picture, c)
			}
		}
	}
}

// contrast is the ratio that WCAG 2 defines.
func contrast(a, b color.NRGBA) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func luminance(c color.NRGBA) float64 {
	linear := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.03928 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}
