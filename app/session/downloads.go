package session

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
	"satchel/transfer"
)

// Downloads are the person's settings of what is fetched by itself, and of how
// much of the line and the computer files may take. They are kept with the profile.
type Downloads struct {
	From     string `json:"from"`     // whose files are fetched by themselves: see the constants
	UpTo     int64  `json:"up_to"`    // bytes that such a file has at most
	Pictures bool   `json:"pictures"` // pictures are fetched by themselves,
	Others   bool   `json:"others"`   // and so are all other files

	// Bytes of files a second, over all transfers together; 0: as fast as it goes.
	Up    int64 `json:"up"`
	Down  int64 `json:"down"`
	Total int64 `json:"total"`

	AtOnce int `json:"at_once"` // files that move at a time, 2 to MostAtOnce
}

// Whose files are fetched by themselves. Known are people who were compared with
// in person, and those to whom this person wrote.
const (
	FromNobody  = "nobody"
	FromKnown   = "known"
	FromAnybody = "anybody"
)

// Bounds of the settings.
const (
	MostAtOnce = 16
	LeastCap   = 16 << 10 // bytes a second
)

const downloadsKey = "downloads"

func defaultDownloads() Downloads {
	return Downloads{From: FromNobody, UpTo: 10 << 20, Pictures: true, Others: true, AtOnce: 4}
}

// Check tells, in a sentence, why settings can't be.
func (d *Downloads) Check() error {
	switch d.From {
	case FromNobody, FromKnown, FromAnybody:
	default:
		return refusal("Files can be fetched by themselves from nobody, from known people or from anybody, not from %q. Nothing was changed.", d.From)
	}
	for _, most := range []int64{d.Up, d.Down, d.Total} {
		if most != 0 && most < LeastCap {
			return Refusal("A speed limit is 16 KiB a second or more, or 0 for none. Nothing was changed.")
		}
	}
	if d.AtOnce < 2 || d.AtOnce > MostAtOnce {
		return refusal("2 to %d files can move at a time, so that a small one never waits for a big one. Nothing was changed.", MostAtOnce)
	}
	if d.UpTo < 0 {
		return Refusal("A file has no less than 0 bytes. Nothing was changed.")
	}
	return nil
}

func (d Downloads) limits(workers int) transfer.Limits {
	if workers == 0 {
		workers = d.AtOnce
	}
	return transfer.Limits{Workers: workers, Up: d.Up, Down: d.Down, Total: d.Total}
}

// Downloads returns the settings.
func (s *Session) Downloads() Downloads {
	d := defaultDownloads()
	err := s.db.View(func(tx *storage.Tx) (err error) {
		d, err = downloadsIn(tx)
		return err
	})
	if err != nil {
		s.log.Warn("read the settings of downloads", "error", err)
	}
	return d
}

func downloadsIn(tx *storage.Tx) (Downloads, error) {
	d := defaultDownloads()
	b, err := tx.Value(downloadsKey)
	if err != nil || b == nil {
		return d, err
	}
	if err := json.Unmarshal(b, &d); err != nil || d.Check() != nil {
		return defaultDownloads(), nil // of another version
	}
	return d, nil
}

// SetDownloads changes the settings, of what is under way too.
func (s *Session) SetDownloads(ctx context.Context, d Downloads) error {
	if err := d.Check(); err != nil {
		return err
	}
	b, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("settings of downloads: %w", err)
	}
	if err := s.PutValues(ctx, map[string][]byte{downloadsKey: b}); err != nil {
		return err
	}
	s.engine.SetLimits(d.limits(s.opts.Workers))
	return nil
}

// wroteKey is there once this person wrote into a conversation.
func wroteKey(conv chat.ConversationID) string { return "wrote/" + string(conv) }

// wrote notes that this person writes into a conversation.
func (t *turn) wrote(conv chat.ConversationID) error {
	if v, err := t.tx.Value(wroteKey(conv)); err != nil || v != nil {
		return err
	}
	return t.tx.PutValue(wroteKey(conv), []byte{1})
}

// fetchNew begins the downloads that the person wants to begin by themselves: of
// a message that just came, never of history.
func (t *turn) fetchNew(messages []chat.Message) error {
	for i := range messages {
		m := &messages[i]
		f := m.Content.File
		if f == nil || m.Deleted || m.From == t.me || m.State != chat.MessageStored || f.Size < 0 {
			continue
		}
		d, err := downloadsIn(t.tx)
		if err != nil {
			return err
		}
		if d.From == FromNobody || f.Size > d.UpTo || f.IsPicture() && !d.Pictures || !f.IsPicture() && !d.Others {
			continue
		}
		if d.From == FromKnown {
			if known, err := t.knows(m.From); err != nil || !known {
				if err != nil {
					return err
				}
				continue
			}
		}
		if _, _, err := locate(t.s.Profile().RelayURL, f.URL); err != nil || t.s.fetchableFolder(f) != nil {
			continue
		}
		if transfer.Room(t.s.filesDir(), f.Size, 0) != nil {
			continue // a click says why
		}
		e := startDownload{transfer: newDownload(m)}
		if err := e.apply(t); err != nil {
			return err
		}
	}
	return nil
}

// knows tells whether somebody was compared with, or written to.
func (t *turn) knows(who chat.AccountID) (bool, error) {
	for _, key := range []string{verifiedKey(who), wroteKey(chat.ConversationID(wire.DirectID(string(t.me), string(who))))} {
		if v, err := t.tx.Value(key); err != nil || v != nil {
			return v != nil, err
		}
	}
	return false, nil
}

func (s *Session) filesDir() string { return filepath.Join(s.opts.Dir, "files") }
