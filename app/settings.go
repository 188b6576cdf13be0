package app

import (
	"encoding/json"
	"os"
	"path/filepath"

	"satchel/chat"
)

// settings is what the window remembers, in PROFILE/window.json. Losing it
// loses nothing but comfort, so what can't be read is as if it were not there.
type settings struct {
	Width        float32             `json:"width"`
	Height       float32             `json:"height"`
	Conversation chat.ConversationID `json:"conversation,omitempty"`
	Emoji        string              `json:"emoji,omitempty"` // those used last, with a space between
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
	return s
}

func (s settings) save(dir string) error {
	b, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return replaceFile(filepath.Join(dir, settingsFile), b)
}

// replaceFile writes a file as a whole: a reader finds the old or the new one.
func replaceFile(path string, b []byte) error {
	part := path + ".part"
	if err := os.WriteFile(part, b, 0o600); err != nil {
		return err
	}
	return os.Rename(part, path)
}
