package app

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/lang"

	"satchel/widgets"
)

// Modifiers as shortcuts have them.
const (
	ctrl      = fyne.KeyModifierShortcutDefault
	ctrlShift = fyne.KeyModifierShortcutDefault | fyne.KeyModifierShift
	alt       = fyne.KeyModifierAlt
)

// shortcutKey is what is pressed.
type shortcutKey struct {
	key  fyne.KeyName
	with fyne.KeyModifier
}

// windowKey is a shortcut of the whole window, also while something is written.
type windowKey struct {
	keys []shortcutKey // any of them
	does func(a *App, k shortcutKey)
	what string // for the list

	stays bool // an open sheet stays
}

// windowKeys is the one table of them.
func windowKeys() []windowKey {
	one := func(key fyne.KeyName, with fyne.KeyModifier) []shortcutKey { return []shortcutKey{{key, with}} }
	keys := []windowKey{
		{[]shortcutKey{{fyne.KeyK, ctrl}, {fyne.KeyF, ctrl}}, func(a *App, _ shortcutKey) { a.find() }, lang.L("Find a person, a message or a file"), false},
		{one(fyne.KeyN, ctrl), func(a *App, _ shortcutKey) { a.newMessage() }, lang.L("New message"), false},
		{one(fyne.KeyI, ctrl), func(a *App, _ shortcutKey) { a.invite() }, lang.L("Invite somebody"), false},
		{one(fyne.KeyO, ctrl), func(a *App, _ shortcutKey) { a.pickFiles() }, lang.L("Choose files to send"), false},
		{one(fyne.KeyR, ctrl), func(a *App, _ shortcutKey) { a.startVoice() }, lang.L("Record a voice message"), false},
		{one(fyne.KeyM, ctrl), func(a *App, _ shortcutKey) { a.openMedia() }, lang.L("Pictures and files of this conversation"), false},
		{one(fyne.KeyJ, ctrl), func(a *App, _ shortcutKey) { a.openTransfers() }, lang.L("Transfers"), false},
		{one(fyne.KeyUp, alt), func(a *App, _ shortcutKey) { a.open(a.main.list.Next(-1)) }, lang.L("The conversation above"), false},
		{one(fyne.KeyDown, alt), func(a *App, _ shortcutKey) { a.open(a.main.list.Next(1)) }, lang.L("The conversation below"), false},
		{one(fyne.KeyUp, ctrl), func(a *App, _ shortcutKey) { a.main.pane.timeline.Begin() }, lang.L("Walk through the messages"), false},
		{[]shortcutKey{{fyne.KeyEqual, ctrl}, {fyne.KeyPlus, ctrl}, {fyne.KeyEqual, ctrlShift}}, func(a *App, _ shortcutKey) { a.zoom(1) }, lang.L("Larger text"), true},
		{one(fyne.KeyMinus, ctrl), func(a *App, _ shortcutKey) { a.zoom(-1) }, lang.L("Smaller text"), true},
		{one(fyne.Key0, ctrl), func(a *App, _ shortcutKey) { a.zoom(0) }, lang.L("Text as large as at first"), true},
		{one(fyne.KeyComma, ctrl), func(a *App, _ shortcutKey) { a.openSettings() }, lang.L("Settings"), false},
		{one(fyne.KeySlash, ctrl), func(a *App, _ shortcutKey) { a.showShortcuts() }, lang.L("This list"), false},
		{one(fyne.KeyQ, ctrl), func(a *App, _ shortcutKey) { a.quit() }, lang.L("Quit"), true},
	}
	var accounts windowKey
	for n := range 9 {
		accounts.keys = append(accounts.keys, shortcutKey{fyne.KeyName(fmt.Sprint(n + 1)), ctrl})
	}
	accounts.what = lang.L("Another of your accounts")
	accounts.does = func(a *App, k shortcutKey) { a.switchTo(int(k.key[0] - '1')) }
	return append(keys, accounts)
}

// otherKeys are those that widgets hear themselves; they are in the list only.
func otherKeys() [][2]string {
	return [][2]string{
		{lang.L("Enter"), lang.L("Send")},
		{lang.L("Shift+Enter"), lang.L("A new line")},
		{"↑", lang.L("Edit what you wrote last, while the field is empty")},
		{"Ctrl+V", lang.L("Paste words, a picture or files")},
		{lang.L("Esc"), lang.L("Back out: of an answer, a search, a sheet")},
		{lang.L("Space"), lang.L("Press what has the keyboard; choose a message")},
		{lang.L("Space"), lang.L("Pause a recording, and go on with it")},
		{lang.L("Shift+F10"), lang.L("What can be done with a message, a conversation or a file")},
		{"← →", lang.L("Ten seconds of a sound back or on; the picture before or after")},
		{"+ − 0", lang.L("A picture closer, further away, and whole")},
		{"Ctrl+C", lang.L("Copy the messages that are chosen, or the picture that is shown")},
		{"Ctrl+S", lang.L("Save the picture that is shown")},
		{lang.L("Tab"), lang.L("To the next thing that can be pressed")},
		{lang.L("Shift+Tab"), lang.L("To the one before")},
	}
}

// addShortcuts has the window hear them.
func (a *App) addShortcuts() {
	for _, k := range windowKeys() {
		for _, one := range k.keys {
			a.window.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: one.key, Modifier: one.with}, func(s fyne.Shortcut) { a.shortcut(s) })
		}
	}
	a.addCopying()
}

// addCopying has the window hear what pictures and chosen messages are copied and
// saved by, wherever the keyboard is.
func (a *App) addCopying() {
	a.window.Canvas().AddShortcut(&fyne.ShortcutCopy{}, a.copies)
	a.window.Canvas().AddShortcut(&desktop.CustomShortcut{KeyName: fyne.KeyS, Modifier: ctrl}, a.copies)
}

// copies does what such a shortcut means.
func (a *App) copies(s fyne.Shortcut) {
	switch _, copies := s.(*fyne.ShortcutCopy); {
	case a.viewer != nil:
		a.viewer.widget.TypedShortcut(s)
	case copies && a.main != nil && a.sheet == nil:
		a.main.pane.timeline.TypedShortcut(s)
	}
}

// shortcut does what a shortcut of the window asks; false when it is none.
func (a *App) shortcut(s fyne.Shortcut) bool {
	c, ok := s.(*desktop.CustomShortcut)
	if !ok || a.main == nil {
		return false
	}
	pressed := shortcutKey{c.KeyName, c.Modifier}
	for _, k := range windowKeys() {
		for _, one := range k.keys {
			if one == pressed {
				if !k.stays {
					a.uncover()
				}
				k.does(a, pressed)
				return true
			}
		}
	}
	return false
}

// uncover takes away what lies over the window.
func (a *App) uncover() {
	if a.picker != nil {
		a.picker.Dismiss()
	}
	if a.viewer != nil {
		a.viewer.widget.Dismiss()
	}
	if a.sheet != nil {
		a.sheet.back = nil
		a.sheet.sheet.Dismiss()
	}
}

// pressedName is how a shortcut is written: "Ctrl+K".
func pressedName(k shortcutKey) string {
	name := string(k.key)
	switch k.key {
	case fyne.KeyUp:
		name = "↑"
	case fyne.KeyDown:
		name = "↓"
	case fyne.KeyEqual:
		name = "+"
	case fyne.KeyMinus:
		name = "−"
	}
	switch k.with {
	case ctrl:
		return "Ctrl+" + name
	case alt:
		return "Alt+" + name
	}
	return "Ctrl+Shift+" + name
}

// showShortcuts lists what the keyboard can do.
func (a *App) showShortcuts() {
	var rows []fyne.CanvasObject
	for _, k := range windowKeys() {
		name := pressedName(k.keys[0])
		if len(k.keys) == 9 {
			name = "Ctrl+1 … 9"
		}
		rows = append(rows, widgets.NewFact(name, k.what))
	}
	for _, k := range otherKeys() {
		rows = append(rows, widgets.NewFact(k[0], k[1]))
	}
	sheet := widgets.NewSheet(lang.L("Keyboard"), widgets.NewColumn(7, rows...))
	sheet.Width = 560
	a.showSheet(&openSheet{name: "keyboard", sheet: sheet, spots: map[string]spotted{}})
	sheet.ShowOn(a.window.Canvas(), nil)
}
