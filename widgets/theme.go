package widgets

import (
	_ "embed" // the fonts
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// The colours of Satchel, as names that theme.Color and RichText understand.
// Each has a light and a dark value; see palette.
const (
	ColorWindow   = theme.ColorNameBackground
	ColorSide     = fyne.ThemeColorName("satchelSide")     // the side bar
	ColorLine     = theme.ColorNameSeparator               // hairlines and outlines
	ColorText     = theme.ColorNameForeground              // what is read first
	ColorMuted    = theme.ColorNamePlaceHolder             // what is read second
	ColorAccent   = theme.ColorNamePrimary                 // what acts
	ColorOnAccent = theme.ColorNameForegroundOnPrimary     // on top of accent
	ColorIncoming = fyne.ThemeColorName("satchelIncoming") // bubbles of others, and fields
	ColorOutgoing = fyne.ThemeColorName("satchelOutgoing") // our own bubbles
	ColorSelected = fyne.ThemeColorName("satchelSelected") // the chosen row
	ColorGood     = theme.ColorNameSuccess
	ColorBad      = theme.ColorNameError

	ColorTrack = fyne.ThemeColorName("satchelTrack") // under a progress bar
	ColorScrim = fyne.ThemeColorName("satchelScrim") // discs and pills on a picture
	ColorHover = theme.ColorNameHover                // over what the pointer is on

	colorRing    = fyne.ThemeColorName("satchelRing")    // around what has the keyboard
	colorCode    = fyne.ThemeColorName("satchelCode")    // under code in a text
	colorOnScrim = fyne.ThemeColorName("satchelOnScrim") // on discs and pills on a picture
	colorOnTile  = fyne.ThemeColorName("satchelOnTile")  // letters on a file's tile
)

// Sizes in Fyne's units (pixels at scale 1, times the person's text size).
const (
	TextSize  float32 = 14 // what people write
	SmallSize float32 = 12
	TinySize  float32 = 11 // times, details
	HeadSize  float32 = 20
	TitleSize float32 = 28 // the welcome

	LineHeight      float32 = 20 // of TextSize
	SmallLineHeight float32 = 16 // of SmallSize and TinySize

	BubbleRadius  float32 = 14
	TailRadius    float32 = 4 // the corner at the sender
	PictureRadius float32 = 10
	FieldRadius   float32 = 12
	ButtonRadius  float32 = 10

	AvatarSize      float32 = 44
	SmallAvatarSize float32 = 32
	SideBarWidth    float32 = 320
)

// The same text sizes as names, for Label.SizeName and RichText.
const (
	SizeText  = theme.SizeNameText
	SizeSmall = fyne.ThemeSizeName("satchelSmall")
	SizeTiny  = theme.SizeNameCaptionText
	SizeHead  = theme.SizeNameSubHeadingText
	SizeTitle = theme.SizeNameHeadingText
)

type nrgba = color.NRGBA

// palette holds light and dark of every colour of ours. What is read stands out
// from every ground it is read on by 4.5 : 1 at least, see contrast_test.go.
var palette = map[fyne.ThemeColorName][2]nrgba{
	ColorWindow:   {rgb(0xFFFFFF), rgb(0x1B1917)},
	ColorSide:     {rgb(0xF7F5F1), rgb(0x221F1C)},
	ColorLine:     {rgb(0xE7E3DB), rgb(0x35302B)},
	ColorText:     {rgb(0x23201B), rgb(0xEFEAE3)},
	ColorMuted:    {rgb(0x6B655B), rgb(0xA9A095)},
	ColorAccent:   {rgb(0xAB4C15), rgb(0xE58A4B)},
	ColorOnAccent: {rgb(0xFFFFFF), rgb(0x1B1917)},
	ColorIncoming: {rgb(0xF2EFE9), rgb(0x2A2622)},
	ColorOutgoing: {rgb(0xF8E6D8), rgb(0x4A3323)},
	ColorSelected: {rgb(0xEFE7DC), rgb(0x322B25)},
	ColorGood:     {rgb(0x377353), rgb(0x7CC79B)},
	ColorBad:      {rgb(0xB3261E), rgb(0xF2877E)},

	ColorTrack: {rgb(0xE7E3DB), rgb(0x35302B)},
	colorCode:  {rgba(0x23201B, 0x12), rgba(0xEFEAE3, 0x1A)},
	ColorScrim: {rgba(0x23201B, 0xB4), rgba(0x1B1917, 0xB4)},

	colorOnScrim: {rgb(0xFFFFFF), rgb(0xFFFFFF)},
	colorOnTile:  {rgb(0xFFFFFF), rgb(0xFFFFFF)},

	// Tiles are the same by day and by night, as paper is; see tileColors.
	colorTileDocument: {rgb(0xB3261E), rgb(0xB3261E)},
	colorTileSheet:    {rgb(0x3B7A57), rgb(0x3B7A57)},
	colorTileText:     {rgb(0x2F6E91), rgb(0x2F6E91)},
	colorTileSound:    {rgb(0x7A5A9E), rgb(0x7A5A9E)},
	colorTilePicture:  {rgb(0x8A6A36), rgb(0x8A6A36)},
	colorTileProgram:  {rgb(0x55646B), rgb(0x55646B)},

	colorRing: {rgb(0xAB4C15), rgb(0xE58A4B)},

	ColorHover:                       {rgba(0x23201B, 0x0D), rgba(0xEFEAE3, 0x12)},
	theme.ColorNamePressed:           {rgba(0x23201B, 0x1C), rgba(0xEFEAE3, 0x24)},
	theme.ColorNameFocus:             {rgba(0xAB4C15, 0x33), rgba(0xE58A4B, 0x3D)},
	theme.ColorNameSelection:         {rgba(0xAB4C15, 0x38), rgba(0xE58A4B, 0x4D)},
	theme.ColorNameHyperlink:         {rgb(0xAB4C15), rgb(0xE58A4B)},
	theme.ColorNameDisabled:          {rgb(0xB5AEA3), rgb(0x6B645B)},
	theme.ColorNameButton:            {rgb(0xF2EFE9), rgb(0x2A2622)},
	theme.ColorNameDisabledButton:    {rgb(0xF7F5F1), rgb(0x221F1C)},
	theme.ColorNameInputBackground:   {rgba(0xF2EFE9, 0), rgba(0x2A2622, 0)}, // a field draws its own
	theme.ColorNameInputBorder:       {rgba(0xE7E3DB, 0), rgba(0x35302B, 0)},
	theme.ColorNameHeaderBackground:  {rgb(0xF7F5F1), rgb(0x221F1C)},
	theme.ColorNameMenuBackground:    {rgb(0xFFFFFF), rgb(0x2A2622)},
	theme.ColorNameOverlayBackground: {rgb(0xFFFFFF), rgb(0x221F1C)},
	theme.ColorNameScrollBar:         {rgba(0x857E73, 0x80), rgba(0x9E958A, 0x80)},
	theme.ColorNameShadow:            {rgba(0x23201B, 0x24), rgba(0x000000, 0x38)},
	theme.ColorNameWarning:           {rgb(0xAB4C15), rgb(0xE58A4B)},

	theme.ColorNameScrollBarBackground: {rgba(0, 0), rgba(0, 0)},
	theme.ColorNameForegroundOnError:   {rgb(0xFFFFFF), rgb(0x1B1917)},
	theme.ColorNameForegroundOnSuccess: {rgb(0xFFFFFF), rgb(0x1B1917)},
	theme.ColorNameForegroundOnWarning: {rgb(0xFFFFFF), rgb(0x1B1917)},
}

func rgb(v uint32) nrgba { return rgba(v, 0xFF) }

func rgba(v uint32, a uint8) nrgba {
	return nrgba{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: a}
}

var sizes = map[fyne.ThemeSizeName]float32{
	SizeText:  TextSize,
	SizeSmall: SmallSize,
	SizeTiny:  TinySize,
	SizeHead:  HeadSize,
	SizeTitle: TitleSize,

	theme.SizeNameInputRadius:     FieldRadius,
	theme.SizeNameInputBorder:     0,
	theme.SizeNameButtonRadius:    ButtonRadius,
	theme.SizeNameSelectionRadius: ButtonRadius,
	theme.SizeNameCardRadius:      BubbleRadius,
	theme.SizeNameDialogRadius:    BubbleRadius,
	theme.SizeNamePopupRadius:     FieldRadius,
	theme.SizeNameMenuRadius:      ButtonRadius,
	theme.SizeNameScrollBar:       10,
	theme.SizeNameScrollBarSmall:  4,
	theme.SizeNameScrollBarRadius: 5,
}

// Inter without ☀ ⚠ ❤ and ⬆, which it has in black: with U+FE0F they are emoji,
// and a font that has a sign draws it.
//
//go:embed fonts/Inter-Regular.otf
var interRegular []byte

//go:embed fonts/Inter-SemiBold.otf
var interSemiBold []byte

//go:embed fonts/Inter-Italic.otf
var interItalic []byte

var (
	fontRegular = fyne.NewStaticResource("Inter-Regular.otf", interRegular)
	fontBold    = fyne.NewStaticResource("Inter-SemiBold.otf", interSemiBold)
	fontItalic  = fyne.NewStaticResource("Inter-Italic.otf", interItalic)
)

// Theme is how Satchel looks. Characters that Inter has not come from Fyne's
// own fonts and then from the platform's, see fonts.go.
type Theme struct {
	forced  bool
	variant fyne.ThemeVariant
}

// NewTheme returns the theme that follows the platform's light or dark.
func NewTheme() *Theme { return &Theme{} }

// NewThemeVariant returns the theme that is always light or always dark
// (theme.VariantLight, theme.VariantDark).
func NewThemeVariant(v fyne.ThemeVariant) *Theme { return &Theme{forced: true, variant: v} }

// Color implements fyne.Theme.
func (t *Theme) Color(name fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	if t.forced {
		v = t.variant
	}
	if both, ok := palette[name]; ok {
		if v == theme.VariantLight {
			return both[0]
		}
		return both[1]
	}
	return theme.DefaultTheme().Color(name, v)
}

// Font implements fyne.Theme. Bold is Inter's semi-bold.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource {
	askedForFont(s)
	switch {
	case s.Monospace, s.Symbol:
		return theme.DefaultTheme().Font(s)
	case s.Bold:
		return fontBold
	case s.Italic:
		return fontItalic
	}
	return fontRegular
}

// Icon implements fyne.Theme.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource {
	return theme.DefaultTheme().Icon(name)
}

// Size implements fyne.Theme.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	if s, ok := sizes[name]; ok {
		return s
	}
	return theme.DefaultTheme().Size(name)
}

// Color returns a colour of the current theme, in its current variant.
func Color(name fyne.ThemeColorName) color.Color { return theme.Color(name) }
