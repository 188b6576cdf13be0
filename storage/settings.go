package storage

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"satchel/chat"
)

// Setting is what the person set for themselves, as the newest of their devices
// that did has it. Of two versions the higher one holds; of two that are equal,
// that of the device whose id is higher.
type Setting struct {
	chat.Setting
	Version uint64        `json:"version"`
	Device  chat.DeviceID `json:"device"`
}

// Compare orders what was written to one setting.
func (s *Setting) Compare(other *Setting) int {
	return cmp.Or(cmp.Compare(s.Version, other.Version), cmp.Compare(s.Device, other.Device))
}

// settingKey is the key of a setting: those about one thing lie side by side.
func settingKey(about, kind string) []byte {
	return append(appendPart(nil, []byte(about)), kind...)
}

// Setting returns a setting; the zero value when it was never set.
func (tx *Tx) Setting(kind, about string) (s Setting, err error) {
	if b := tx.bolt.Bucket(bSettings); b != nil {
		_, err = getJSON(b, settingKey(about, kind), &s)
	}
	return s, err
}

// PutSetting keeps a setting, in the place of what it was. told: the relay has it.
func (tx *Tx) PutSetting(s Setting, told bool) error {
	if s.Kind == "" || len(s.Kind) > maxID || len(s.About) > maxID {
		return fmt.Errorf("storage: a setting %q about %q", s.Kind, s.About)
	}
	k := settingKey(s.About, s.Kind)
	b, err := tx.bolt.CreateBucketIfNotExists(bSettings)
	if err != nil {
		return err
	}
	untold, err := tx.bolt.CreateBucketIfNotExists(bUntold)
	if err != nil {
		return err
	}
	if told {
		err = untold.Delete(k)
	} else {
		err = untold.Put(k, nil)
	}
	if err != nil {
		return err
	}
	return putJSON(b, k, s)
}

// Untold returns settings that the relay does not have, at most limit of them.
func (tx *Tx) Untold(limit int) (all []Setting, err error) {
	untold := tx.bolt.Bucket(bUntold)
	if untold == nil {
		return nil, nil
	}
	settings, cursor := tx.bolt.Bucket(bSettings), untold.Cursor()
	for k, _ := cursor.First(); k != nil && len(all) < limit; k, _ = cursor.Next() {
		var s Setting
		if _, err := getJSON(settings, k, &s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// Blocked returns the accounts that are blocked, in order of their ids.
func (tx *Tx) Blocked() (all []chat.AccountID, err error) {
	rows, err := tx.settingsOf(chat.SettingBlock)
	for _, s := range rows {
		if s.At > 0 {
			all = append(all, chat.AccountID(s.About))
		}
	}
	return all, err
}

// Faces returns what is known of how people look.
func (tx *Tx) Faces() (all []Setting, err error) {
	return tx.settingsOf(chat.SettingFace)
}

// Pictures returns what is known of how groups look.
func (tx *Tx) Pictures() (all []Setting, err error) {
	return tx.settingsOf(chat.SettingPicture)
}

// Links returns the links to groups that this account made.
func (tx *Tx) Links() (all []Setting, err error) {
	return tx.settingsOf(chat.SettingLink)
}

// LinkUses returns who came by links to groups.
func (tx *Tx) LinkUses() (all []Setting, err error) {
	return tx.settingsOf(chat.SettingLinkUse)
}

// settingsOf returns the settings of one kind.
func (tx *Tx) settingsOf(kind string) (all []Setting, err error) {
	b := tx.bolt.Bucket(bSettings)
	if b == nil {
		return nil, nil
	}
	err = b.ForEach(func(k, v []byte) error {
		if !bytes.HasSuffix(k, []byte(kind)) {
			return nil
		}
		var s Setting
		if err := json.Unmarshal(v, &s); err != nil {
			return err
		}
		if s.Kind == kind {
			all = append(all, s)
		}
		return nil
	})
	return all, err
}

// setOn puts what the person set into the row of a conversation.
func (tx *Tx) setOn(c *chat.Conversation) error {
	b := tx.bolt.Bucket(bSettings)
	if b == nil {
		return nil
	}
	lead := settingKey(string(c.ID), "")
	cursor := b.Cursor()
	for k, v := cursor.Seek(lead); bytes.HasPrefix(k, lead); k, v = cursor.Next() {
		var s Setting
		if err := json.Unmarshal(v, &s); err != nil {
			return fmt.Errorf("storage: %s: %w", k, err)
		}
		switch s.Kind {
		case chat.SettingPin:
			c.Pinned = moment(s.At)
		case chat.SettingMute:
			c.Muted = moment(s.At)
		case chat.SettingArchive:
			c.Archived = s.Seq
		case chat.SettingUnread:
			c.MarkedUnread = s.Seq > 0
		case chat.SettingTimer:
			c.Timer = s.Seconds
		}
	}
	if c.Kind != chat.Direct {
		return nil
	}
	for _, m := range c.Members {
		s, err := tx.Setting(chat.SettingBlock, string(m.ID))
		if err != nil {
			return err
		}
		c.Blocked = c.Blocked || s.At > 0
	}
	return nil
}

// moment reads Unix milliseconds; 0 is the zero time.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
