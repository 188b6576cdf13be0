package app

import (
	"os"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"satchel/widgets"
)

// How large everything may be, in per cent, and by which steps.
const (
	leastScale = 80
	mostScale  = 160
	scaleStep  = 10
)

// scaleVariable is where Fyne reads how large it draws. It has no call for that.
const scaleVariable = "FYNE_SCALE"

// themeOf is the theme of a setting.
func themeOf(name string) fyne.Theme {
	switch name {
	case "light":
		return widgets.NewThemeVariant(theme.VariantLight)
	case "dark":
		return widgets.NewThemeVariant(theme.VariantDark)
	}
	return widgets.NewTheme()
}

// dress makes the program look as it was set, before its window is there.
func (a *App) dress() {
	setLanguage(a.settings.Language)
	widgets.SetCompact(a.settings.Compact)
	a.scaleBefore = 1
	if env, err := strconv.ParseFloat(os.Getenv(scaleVariable), 32); err == nil && env > 0 {
		a.scaleBefore = float32(env)
	} else if s := a.fyne.Settings().Scale(); s > 0 {
		a.scaleBefore = s
	}
	a.tellScale()
	if a.settings.Theme != "" {
		a.fyne.Settings().SetTheme(themeOf(a.settings.Theme))
	}
}

// tellScale says to Fyne how large it draws, from the next look on.
func (a *App) tellScale() {
	if a.settings.Scale == 0 {
		return
	}
	scale := a.scaleBefore * float32(a.settings.Scale) / 100
	if err := os.Setenv(scaleVariable, strconv.FormatFloat(float64(scale), 'f', 2, 32)); err != nil {
		a.log.Warn("the size can't be set", "error", err)
	}
}

// setTheme wears another theme.
func (a *App) setTheme(name string) {
	a.set(func(s *settings) { s.Theme = name })
	a.fyne.Settings().SetTheme(themeOf(name))
}

// setScale draws everything larger or smaller. The window keeps its size on the
// screen.
func (a *App) setScale(percent int) {
	c := a.window.Canvas()
	before, size := c.Scale(), c.Size()
	a.set(func(s *settings) { s.Scale = min(max(percent, leastScale), mostScale) })
	a.tellScale()
	a.fyne.Settings().SetTheme(themeOf(a.settings.Theme)) // Fyne looks at the scale with the theme
	if after := c.Scale(); after != before && after > 0 {
		a.window.Resize(fyne.NewSize(size.Width*before/after, size.Height*before/after))
	}
}

// zoom makes everything a step larger (by 1), smaller (by -1), or as it was (by 0).
func (a *App) zoom(by int) {
	now := a.settings.Scale
	if now == 0 || by == 0 {
		now = 100
	}
	a.setScale(now + by*scaleStep)
}

// setCompact puts things closer, or at ease.
func (a *App) setCompact(yes bool) {
	a.set(func(s *settings) { s.Compact = yes })
	widgets.SetCompact(yes)
	a.redraw()
}

// speak changes the language; everything on the screen is made anew in it.
func (a *App) speak(code string) {
	a.set(func(s *settings) { s.Language = code })
	setLanguage(code)
	a.redraw()
}

// redraw makes the main screen anew, with what is open in it: a conversation, what is
// answered or edited there and as far as it is written, and a search.
func (a *App) redraw() {
	if a.main == nil {
		return
	}
	old := a.main.pane
	answers, edits, text := old.answers, old.edits, old.composer.Text()
	old.keepDraft()
	old.round++ // what is under way for it comes too late
	old.timeline.Close()
	a.settings.Conversation = old.id
	search := a.main.head.Search.Text
	a.showMain()
	a.open(old.id)
	switch p := a.main.pane; {
	case answers != nil:
		p.answer(*answers)
	case edits != nil:
		p.editMessage(*edits)
		p.composer.SetText(text)
	}
	if search != "" {
		a.main.head.Search.SetText(search)
	}
	a.drawTray()
}
