package session

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"satchel/chat"
	"satchel/storage"
)

// What somebody deletes for themselves alone is noted as their other settings are,
// and goes on every device of theirs. Nobody else hears of it: the entry stays in the
// log, and with everybody else. For each run of hiddenPart numbers of a conversation
// there is one setting, with a bit for each message. Bits are only ever set, so what
// two devices noted at once is joined, and nothing that arrives late brings one back.

// hiddenPart is how many numbers of a log have a setting together: 512 bytes of it.
const hiddenPart = 4096

func hiddenAbout(conv chat.ConversationID, part uint64) string {
	return fmt.Sprintf("%s %d", conv, part)
}

// hiddenOf reads which part of which conversation a setting is about; false when none.
func hiddenOf(about string) (conv chat.ConversationID, part uint64, ok bool) {
	c, n, ok := strings.Cut(about, " ")
	part, err := strconv.ParseUint(n, 10, 64)
	return chat.ConversationID(c), part, ok && err == nil && about == hiddenAbout(chat.ConversationID(c), part)
}

// hiddenBits reads a setting's bits; none where it has no sense.
func hiddenBits(set *chat.Setting) bits {
	b, err := base64.RawStdEncoding.DecodeString(set.Text)
	if err != nil || len(b) > hiddenPart/8 {
		return nil
	}
	return b
}

// deletedForMe tells whether the person deleted an entry for themselves.
func (t *turn) deletedForMe(conv chat.ConversationID, seq uint64) (bool, error) {
	if seq == 0 {
		return false, nil
	}
	row, err := t.tx.Setting(chat.SettingHidden, hiddenAbout(conv, seq/hiddenPart))
	return err == nil && hiddenBits(&row.Setting).has(seq%hiddenPart), err
}

// goneForMe tells whether an entry that comes was deleted by the person for
// themselves, or changes one that was.
func (t *turn) goneForMe(m *chat.Message) (bool, error) {
	if gone, err := t.deletedForMe(m.Conversation, m.Seq); err != nil || gone {
		return gone, err
	}
	target := m.Content.Target()
	if target == "" || m.Content.Kind == chat.KindDelete {
		return false, nil
	}
	of, ok, err := t.tx.Message(m.Conversation, target)
	if err != nil || !ok {
		return false, err
	}
	return t.deletedForMe(m.Conversation, of.Seq)
}

// hideEdits empties what was here of a message that comes deleted: older pages of
// the log come after newer ones, which have its edits.
func (t *turn) hideEdits(m *chat.Message) error {
	if m.Content.Kind != chat.KindVanished {
		return nil
	}
	gone, err := t.deletedForMe(m.Conversation, m.Seq)
	if err != nil || !gone {
		return err
	}
	_, err = t.tx.Hide(t.me, m.Conversation, []uint64{m.Seq})
	return err
}

// DeleteForMe takes messages away on all devices of this account, and nowhere else:
// their words, thumbnails and downloaded files. Only what the relay holds can be
// taken away so; the error is for the person.
func (s *Session) DeleteForMe(ctx context.Context, conv chat.ConversationID, ids ...chat.MessageID) error {
	if !s.Profile().Joined {
		return ErrNotHere
	}
	e := &hideEvent{asked: ask(), conv: conv, ids: ids}
	if err := s.await(ctx, e, e.asked); err != nil {
		return err
	}
	for _, path := range e.moved {
		if err := os.RemoveAll(path); err != nil {
			s.log.Warn("the file of a message that was deleted stays", "error", err)
		}
	}
	return nil
}

type hideEvent struct {
	asked
	conv  chat.ConversationID
	ids   []chat.MessageID
	moved []string // the answer: what is to be removed
}

func (e *hideEvent) apply(t *turn) error {
	parts := map[uint64]bits{}
	for _, id := range e.ids {
		m, ok, err := t.tx.Message(e.conv, id)
		switch {
		case err != nil:
			return err
		case !ok:
			continue
		case m.Seq == 0:
			return Refusal("This message is still on its way. Cancel it, or delete it once it was sent.")
		}
		part := m.Seq / hiddenPart
		if parts[part] == nil {
			row, err := t.tx.Setting(chat.SettingHidden, hiddenAbout(e.conv, part))
			if err != nil {
				return err
			}
			parts[part] = hiddenBits(&row.Setting)
		}
		parts[part] = parts[part].with(m.Seq % hiddenPart)
	}
	for part, b := range parts {
		set := chat.Setting{Kind: chat.SettingHidden, About: hiddenAbout(e.conv, part), Text: base64.RawStdEncoding.EncodeToString(b)}
		if err := t.hideWith(&set, &e.moved); err != nil {
			return err
		}
		if err := t.set(set); err != nil {
			return err
		}
	}
	return nil
}

// hideWith takes away what a setting says and what is still here.
func (t *turn) hideWith(set *chat.Setting, moved *[]string) error {
	conv, part, ok := hiddenOf(set.About)
	if !ok {
		return nil
	}
	if _, there, err := t.tx.Conversation(conv); err != nil || !there {
		return err
	}
	row, err := t.tx.Setting(chat.SettingHidden, set.About)
	if err != nil {
		return err
	}
	before, now := hiddenBits(&row.Setting), hiddenBits(set)
	var seqs []uint64
	for n := range uint64(len(now)) * 8 {
		if now.has(n) && !before.has(n) {
			seqs = append(seqs, part*hiddenPart+n)
		}
	}
	return t.hide(conv, seqs, moved)
}

func (t *turn) hide(conv chat.ConversationID, seqs []uint64, moved *[]string) error {
	if len(seqs) == 0 {
		return nil
	}
	gone, err := t.tx.Hide(t.me, conv, seqs)
	if err != nil {
		return err
	}
	var ids []chat.MessageID
	for i := range gone {
		ids = append(ids, gone[i].ID)
		if err := t.forgetFile(&gone[i], moved); err != nil {
			return err
		}
	}
	t.messages = append(t.messages, chat.MessagesChanged{Conversation: conv, Removed: ids})
	t.touch(conv)
	return nil
}

// hiddenCame takes in what another device of this account deleted for itself. What
// only this one noted is told again with it.
func (t *turn) hiddenCame(came, known *storage.Setting) error {
	theirs, ours := hiddenBits(&came.Setting), hiddenBits(&known.Setting)
	all := theirs.join(ours)
	row := *came
	told := true
	if !slices.Equal(all, theirs) {
		row.Text = base64.RawStdEncoding.EncodeToString(all)
		row.Version, row.Device = max(came.Version, known.Version)+1, t.s.Profile().Device
		told = false
		t.then(t.s.tellSettings)
	}
	var moved []string
	if err := t.hideWith(&row.Setting, &moved); err != nil {
		return err
	}
	t.then(func() {
		for _, path := range moved {
			_ = os.RemoveAll(path) // the next start removes what is left
		}
	})
	return t.tx.PutSetting(row, told)
}
