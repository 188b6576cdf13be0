package session

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"time"

	"satchel/chat"
	"satchel/storage"
)

// How long messages are there, and how a group looks, are said by entries of the
// log, of which the newest counts, and kept as settings, so that all of the own
// devices have them. Who is added later can't see those entries: the next one with
// a say in the group who writes there says it again (sayAgain).

// SetTimer says how long messages of a conversation are there from now on; 0: for
// good. Those that are there already stay as they are. It returns the message that
// says so, which is pending as after Send; the zero one when it was so already.
func (s *Session) SetTimer(ctx context.Context, conv chat.ConversationID, lifetime time.Duration) (chat.Message, error) {
	seconds := int64(lifetime / time.Second)
	if lifetime != 0 && seconds < 1 || seconds > chat.MaxLifetime {
		return chat.Message{}, refusal("A message that disappears is there for 1 second at least, and for 366 days at most. Nothing was changed.")
	}
	row, err := s.admin(conv)
	if err != nil || row.Timer == seconds {
		return chat.Message{}, err
	}
	return s.Send(ctx, conv, chat.Content{Kind: chat.KindTimer, Lifetime: seconds})
}

// SetGroupPicture changes how a group looks: a small JPEG or PNG, nil for none. It
// returns the message that says so, which is pending as after Send.
func (s *Session) SetGroupPicture(ctx context.Context, group chat.ConversationID, picture []byte) (chat.Message, error) {
	if len(picture) > chat.MaxPicture {
		return chat.Message{}, refusal("The picture is too large: %d KiB at most. Nothing was changed.", chat.MaxPicture>>10)
	}
	row, err := s.admin(group)
	if err == nil && row.Kind != chat.Group {
		err = Refusal("There is no such group here.")
	}
	if err != nil {
		return chat.Message{}, err
	}
	return s.Send(ctx, group, chat.Content{Kind: chat.KindPicture, Picture: picture})
}

// admin returns a conversation where this account may say such things.
func (s *Session) admin(conv chat.ConversationID) (chat.Conversation, error) {
	row, ok, err := s.Conversation(conv)
	switch {
	case err != nil:
		return row, s.sentence(err)
	case !ok:
		return row, errNoConversation
	case row.Gone != "":
		return row, Refusal(errGone)
	case !row.MaySetTimer(s.me()):
		return row, Refusal("Your role in this group does not allow this. Ask one of its admins.")
	}
	return row, nil
}

// GroupFaces are the pictures of groups that have one, as they came.
func (s *Session) GroupFaces() (map[chat.ConversationID][]byte, error) {
	return pictures[chat.ConversationID](s, (*storage.Tx).Pictures)
}

// ruled takes in what entries say that are here now, of others and our own, about
// their conversation.
func (t *turn) ruled(messages []chat.Message) error {
	for i := range messages {
		m := &messages[i]
		if !m.Content.ForAdmins() || m.Seq == 0 {
			continue
		}
		if m.Content.Kind == chat.KindDoor {
			if err := t.door(m); err != nil {
				return err
			}
			continue
		}
		if m.From == t.me {
			if err := t.tx.EndTimer(m.Conversation, m.ID); err != nil {
				return err
			}
			t.touch(m.Conversation)
		}
		set := chat.Setting{Kind: chat.SettingTimer, About: string(m.Conversation), Seq: m.Seq}
		if m.Content.Kind == chat.KindPicture {
			set.Kind, set.Picture = chat.SettingPicture, base64.StdEncoding.EncodeToString(m.Content.Picture)
		} else {
			set.Seconds = min(max(m.Content.Lifetime, 0), chat.MaxLifetime)
		}
		if again := m.Content.Again; again > 0 && again < m.Seq {
			set.Seq = again
		}
		if err := t.noteSaid(m.Conversation); err != nil {
			return err
		}
		known, err := t.tx.Setting(set.Kind, set.About)
		if err != nil {
			return err
		}
		if known.Seq < set.Seq && len(m.Content.Picture) <= chat.MaxPicture {
			if err := t.set(set); err != nil {
				return err
			}
		}
	}
	return nil
}

func saidKey(conv chat.ConversationID) string { return "said." + string(conv) }

// noteSaid notes that all who are members now can know what was said.
func (t *turn) noteSaid(conv chat.ConversationID) error {
	row, _, err := t.tx.Conversation(conv)
	if err != nil || row.Kind != chat.Group {
		return err
	}
	all := make([]chat.AccountID, len(row.Members))
	for i, m := range row.Members {
		all[i] = m.ID
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return t.tx.PutValue(saidKey(conv), b)
}

// sayAgain says how long messages are there and how the group looks to those who
// came since, where this account has a say.
func (t *turn) sayAgain(conv chat.ConversationID) error {
	row, ok, err := t.tx.Conversation(conv)
	if err != nil || !ok || row.Kind != chat.Group || row.Stopped || !row.MaySetTimer(t.me) {
		return err
	}
	timer, err := t.tx.Setting(chat.SettingTimer, string(conv))
	if err != nil {
		return err
	}
	picture, err := t.tx.Setting(chat.SettingPicture, string(conv))
	if err != nil {
		return err
	}
	say, err := t.doors(conv)
	if err != nil || timer.Seconds == 0 && picture.Picture == "" && len(say) == 0 {
		return err
	}
	b, err := t.tx.Value(saidKey(conv))
	if err != nil {
		return err
	}
	var before []chat.AccountID
	_ = json.Unmarshal(b, &before) // else it is said once more
	has := map[chat.AccountID]bool{}
	for _, id := range before {
		has[id] = true
	}
	all := true
	for _, m := range row.Members {
		all = all && has[m.ID]
	}
	if all {
		return nil
	}
	if err := t.noteSaid(conv); err != nil {
		return err
	}
	if timer.Seconds > 0 {
		say = append(say, chat.Content{Kind: chat.KindTimer, Lifetime: timer.Seconds, Again: timer.Seq})
	}
	if picture.Picture != "" {
		say = append(say, chat.Content{Kind: chat.KindPicture, Picture: pictureOf(&picture), Again: picture.Seq})
	}
	for _, c := range say {
		m := t.s.pending(conv, chat.NewMessageID(time.Now()), c)
		if err := t.tx.AddPending(m); err != nil {
			return err
		}
		if err := t.putSend(&m); err != nil {
			return err
		}
	}
	return nil
}

// again is sayAgain as an event of its own.
type again struct {
	asked
	conv chat.ConversationID
}

func (e again) apply(t *turn) error { return t.sayAgain(e.conv) }
