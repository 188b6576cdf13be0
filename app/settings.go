package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"fyne.io/fyne/v2/lang"

	"satchel/chat"
)

// settings is what the window remembers and what the person set, in
// PROFILE/window.json. Losing it loses nothing but comfort, so what can't be read
// is as if it were not there.
type settings struct {
	Width        float32             `json:"width"`
	Height       float32             `json:"height"`
	Place        *place              `json:"place,omitempty"` // nil: where the desktop puts it
	Conversation chat.ConversationID `json:"conversation,omitempty"`
	Emoji        string              `json:"emoji,omitempty"`   // those used last, with a space between
	Account      string              `json:"account,omitempty"` // whose profile it is, for the menus of others
	Unread       int                 `json:"unread,omitempty"`  // messages, for those, too

	Theme    string        `json:"theme,omitempty"`    // "light" or "dark"; "": as the system
	Scale    int           `json:"scale,omitempty"`    // of everything, in per cent; 0: 100
	Compact  bool          `json:"compact,omitempty"`  // rows and bubbles stand close
	Language string        `json:"language,omitempty"` // a code of languages; "": the system's
	ToTray   bool          `json:"to_tray,omitempty"`  // closing the window leaves the program running
	Notices  noticeChoices `json:"notices,omitzero"`
	Map      mapChoice     `json:"map,omitzero"`
}

// place is where the window stands, in pixels of the whole desktop.
type place struct {
	X int `json:"x"`
	Y int `json:"y"`
}

// noticeChoices is what the person wants to be told of.
type noticeChoices struct {
	Off       bool      `json:"off,omitempty"`
	NamesOnly bool      `json:"names_only,omitempty"` // who, and not what
	Silent    bool      `json:"silent,omitempty"`     // without the system's sound
	Quiet     time.Time `json:"quiet,omitzero"`       // nothing at all until then
}

const settingsFile = "window.json"

func loadSettings(dir string) settings {
	s := settings{Width: 1200, Height: 780}
	if b, err := os.ReadFile(filepath.Join(dir, settingsFile)); err == nil {
		var kept settings
		if json.Unmarshal(b, &kept) == nil && kept.Width >= 400 && kept.Height >= 300 && kept.Width < 20000 && kept.Height < 20000 {
			s = kept
		}
	}
	if s.Scale != 0 {
		s.Scale = min(max(s.Scale, leastScale), mostScale)
	}
	return s
}

func (s settings) save(dir string) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, settingsFile), b)
}

// set changes a setting and keeps it at once: it is a choice, and not only how
// the window happened to stand.
func (a *App) set(change func(*settings)) {
	change(&a.settings)
	if err := a.settings.save(a.cfg.Dir); err != nil {
		a.log.Warn("a setting is not kept", "error", err)
		a.notice(lang.L("The setting holds for now, but could not be kept for the next start: the disk does not take it."))
	}
}

// replaceFile writes a file as a whole: a reader finds the old or the new one.
func replaceFile(path string, b []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, b, 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}
