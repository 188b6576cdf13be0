package session

import (
	"context"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
)

// Pin keeps a conversation at the top of the list, or lets it go.
func (s *Session) Pin(ctx context.Context, conv chat.ConversationID, on bool) error {
	set := chat.Setting{Kind: chat.SettingPin, About: string(conv)}
	if on {
		set.At = time.Now().UnixMilli()
	}
	return s.set(ctx, set)
}

// Mute lets new messages of a conversation come without a notification until
// then: chat.Forever, or the zero time to hear of them again.
func (s *Session) Mute(ctx context.Context, conv chat.ConversationID, until time.Time) error {
	set := chat.Setting{Kind: chat.SettingMute, About: string(conv)}
	if !until.IsZero() {
		set.At = until.UnixMilli()
	}
	return s.set(ctx, set)
}

// Archive puts a conversation out of the way until there is something new, or
// takes it back.
func (s *Session) Archive(ctx context.Context, conv chat.ConversationID, on bool) error {
	row, ok, err := s.Conversation(conv)
	if err != nil {
		return s.sentence(err)
	}
	if !ok {
		return errNoConversation
	}
	set := chat.Setting{Kind: chat.SettingArchive, About: string(conv)}
	if on {
		set.Seq = row.Head + 1
	}
	return s.set(ctx, set)
}

// MarkUnread marks a conversation as unread by hand, until somebody looks at
// it (MarkRead), or takes the mark back.
func (s *Session) MarkUnread(ctx context.Context, conv chat.ConversationID, on bool) error {
	set := chat.Setting{Kind: chat.SettingUnread, About: string(conv)}
	if on {
		set.Seq = 1
	}
	return s.set(ctx, set)
}

// Block keeps what somebody writes to this account alone out of sight, and does
// not tell them how far it was received and read; or ends that.
func (s *Session) Block(ctx context.Context, who chat.AccountID, on bool) error {
	if who == s.me() {
		return Refusal("You can't block yourself.")
	}
	set := chat.Setting{Kind: chat.SettingBlock, About: string(who)}
	if on {
		set.At = time.Now().UnixMilli()
	}
	return s.set(ctx, set)
}

// Blocked lists who is blocked.
func (s *Session) Blocked() (all []chat.Account, err error) {
	err = s.db.View(func(tx *storage.Tx) error {
		ids, err := tx.Blocked()
		for _, id := range ids {
			a, _, err := tx.Account(id)
			if err != nil {
				return err
			}
			a.ID = id
			all = append(all, a)
		}
		return err
	})
	return all, err
}

const errNoConversation = Refusal("There is no such conversation here.")

// set keeps a setting here, and has the relay keep it for the other devices.
func (s *Session) set(ctx context.Context, set chat.Setting) error {
	if !s.Profile().Joined {
		return ErrNotHere
	}
	e := setSetting{ask(), set}
	return s.await(ctx, e, e.asked)
}

type setSetting struct {
	asked
	set chat.Setting
}

func (e setSetting) apply(t *turn) error {
	if e.set.Kind != chat.SettingBlock && e.set.Kind != chat.SettingFace && e.set.Kind != chat.SettingLink && e.set.Kind != chat.SettingLinkUse {
		row, ok, err := t.tx.Conversation(chat.ConversationID(e.set.About))
		switch {
		case err != nil:
			return err
		case !ok:
			return errNoConversation
		case e.set.Kind == chat.SettingMute && e.set.At > 0 && row.Archived > 0 && !row.IsArchived(time.Now()):
			// It came back with a new message; being muted is not to hide it again.
			if err := t.set(chat.Setting{Kind: chat.SettingArchive, About: e.set.About}); err != nil {
				return err
			}
		}
	}
	return t.set(e.set)
}

// set writes a setting as this device's newest word.
func (t *turn) set(set chat.Setting) error {
	known, err := t.tx.Setting(set.Kind, set.About)
	if err != nil || known.Setting == set || known.Version == 0 && set == (chat.Setting{Kind: set.Kind, About: set.About}) {
		return err
	}
	row := storage.Setting{Setting: set, Version: max(known.Version+1, uint64(time.Now().UnixMilli())), Device: t.s.Profile().Device}
	if err := t.tx.PutSetting(row, false); err != nil {
		return err
	}
	t.then(t.s.tellSettings)
	return t.settingChanged(&row)
}

// settingChanged shows what a setting does.
func (t *turn) settingChanged(row *storage.Setting) error {
	switch row.Kind {
	case chat.SettingBlock:
		id := chat.ConversationID(wire.DirectID(string(t.me), row.About))
		if _, ok, err := t.tx.Conversation(id); err != nil || !ok {
			return err
		}
		t.touch(id)
	case chat.SettingDraft:
		return t.draftCame(row)
	case chat.SettingHidden: // see hide.go
	case chat.SettingFace:
		t.announce(chat.FaceChanged{Account: chat.AccountID(row.About), Picture: pictureOf(row)})
	case chat.SettingLink, chat.SettingLinkUse:
		t.announce(chat.LinksChanged{})
	case chat.SettingPicture:
		t.announce(chat.FaceChanged{Conversation: chat.ConversationID(row.About), Picture: pictureOf(row)})
	default:
		if _, ok, err := t.tx.Conversation(chat.ConversationID(row.About)); err != nil || !ok {
			return err
		}
		t.touch(chat.ConversationID(row.About))
	}
	return nil
}
