package session

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"satchel/chat"
	"satchel/storage"
)

// A person's picture goes to those whom they talk to, sealed as any message: in
// an entry of its own, before the first message that they write in a
// conversation whose members don't have it. So the relay does not know of it,
// and somebody with a thousand conversations sends it to those that are used.
// What is known of how others look is a setting, so that all of the own devices
// have it, and one that comes later.

// SetPicture changes how this account looks: a small JPEG or PNG, nil for none.
func (s *Session) SetPicture(ctx context.Context, picture []byte) error {
	if len(picture) > chat.MaxPicture {
		return refusal("The picture is too large: %d KiB at most. Nothing was changed.", chat.MaxPicture>>10)
	}
	return s.set(ctx, chat.Setting{Kind: chat.SettingFace, About: string(s.me()), At: time.Now().UnixMilli(), Picture: base64.StdEncoding.EncodeToString(picture)})
}

// Faces are the pictures of those who have one, as they came.
func (s *Session) Faces() (map[chat.AccountID][]byte, error) {
	return pictures[chat.AccountID](s, (*storage.Tx).Faces)
}

// pictures are those of settings, by what they are about.
func pictures[ID ~string](s *Session, rows func(*storage.Tx) ([]storage.Setting, error)) (map[ID][]byte, error) {
	all := map[ID][]byte{}
	err := s.db.View(func(tx *storage.Tx) error {
		rows, err := rows(tx)
		for _, row := range rows {
			if b := pictureOf(&row); len(b) > 0 {
				all[ID(row.About)] = b
			}
		}
		return err
	})
	return all, err
}

// pictureOf is what a setting says of how somebody looks; nil for nothing.
func pictureOf(row *storage.Setting) []byte {
	b, err := base64.StdEncoding.DecodeString(row.Picture)
	if err != nil || len(b) == 0 || len(b) > chat.MaxPicture {
		return nil
	}
	return b
}

// faceCame takes in how others look, as entries of theirs say.
func (t *turn) faceCame(m *chat.Message) error {
	if m.Content.Kind != chat.KindProfile || m.From == t.me || len(m.Content.Picture) > chat.MaxPicture {
		return nil
	}
	known, err := t.tx.Setting(chat.SettingFace, string(m.From))
	if err != nil || known.At >= m.At.UnixMilli() {
		return err
	}
	return t.set(chat.Setting{Kind: chat.SettingFace, About: string(m.From), At: m.At.UnixMilli(), Picture: base64.StdEncoding.EncodeToString(m.Content.Picture)})
}

// shown is which of our pictures the members of a conversation were shown.
type shown struct {
	At      int64            `json:"at"`
	Members []chat.AccountID `json:"members"`
}

func shownKey(conv chat.ConversationID) string { return "shown." + string(conv) }

// showFace puts our picture before what is written in a conversation, when
// somebody there has not got it.
func (t *turn) showFace(conv chat.ConversationID) error {
	own, err := t.tx.Setting(chat.SettingFace, string(t.me))
	if err != nil || own.At == 0 {
		return err
	}
	row, ok, err := t.tx.Conversation(conv)
	if err != nil || !ok || row.Kind == chat.Self {
		return err
	}
	b, err := t.tx.Value(shownKey(conv))
	if err != nil {
		return err
	}
	var before shown
	if b != nil && json.Unmarshal(b, &before) == nil && before.At == own.At {
		has := map[chat.AccountID]bool{}
		for _, id := range before.Members {
			has[id] = true
		}
		all := true
		for _, m := range row.Members {
			all = all && has[m.ID]
		}
		if all {
			return nil
		}
	}
	now := shown{At: own.At}
	for _, m := range row.Members {
		now.Members = append(now.Members, m.ID)
	}
	if b, err = json.Marshal(now); err != nil {
		return err
	}
	if err := t.tx.PutValue(shownKey(conv), b); err != nil {
		return err
	}
	m := t.s.pending(conv, chat.NewMessageID(time.Now()), chat.Content{Kind: chat.KindProfile, Picture: pictureOf(&own)})
	if err := t.tx.AddPending(m); err != nil {
		return err
	}
	return t.putSend(&m)
}
