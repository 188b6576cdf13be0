package session

import (
	"time"

	"satchel/chat"
	"satchel/storage"
)

// draftEvery is how often what is being written goes to the other devices;
// leaving the conversation (Focus) tells the rest at once.
const draftEvery = 4 * time.Second

// draftMost is the longest draft that goes there: with everything around it, it
// stays below the relay's limit. A longer one stays on this device.
const draftMost = 8 << 10

// SetDraft keeps what was written but not sent. The other devices have it a few
// seconds later.
func (s *Session) SetDraft(conv chat.ConversationID, text string) error {
	e := setDraft{ask(), conv, text}
	return s.await(s.ctx, e, e.asked)
}

type setDraft struct {
	asked
	conv chat.ConversationID
	text string
}

func (e setDraft) apply(t *turn) error {
	row, ok, err := t.tx.Conversation(e.conv)
	if err != nil || !ok || row.Draft == e.text {
		return err
	}
	t.touch(e.conv)
	t.setDue(e.conv, true)
	t.then(func() { t.s.draftDue(e.conv, e.text == "") })
	return t.tx.SetDraft(e.conv, e.text)
}

// setDue notes for the rest of the turn what t.then does for the turns to come.
func (t *turn) setDue(conv chat.ConversationID, due bool) {
	if t.drafts == nil {
		t.drafts = map[chat.ConversationID]bool{}
	}
	t.drafts[conv] = due
}

// isDue tells whether a draft was changed here and not told yet.
func (t *turn) isDue(conv chat.ConversationID) bool {
	if due, ok := t.drafts[conv]; ok {
		return due
	}
	return t.s.state.settings.drafts[conv]
}

// draftDue has a draft told soon. One that was sent or emptied is told at once.
func (s *Session) draftDue(conv chat.ConversationID, now bool) {
	if x := &s.state.settings; !x.drafts[conv] {
		x.drafts[conv] = true
		s.later(draftEvery, tellDraft{conv})
	}
	if now {
		s.later(0, tellDraft{conv})
	}
}

// tellDraft writes a draft that is due as a setting.
type tellDraft struct{ conv chat.ConversationID }

func (e tellDraft) stores() bool { return true }
func (e tellDraft) settle(error) {}

func (e tellDraft) apply(t *turn) error {
	if !t.isDue(e.conv) {
		return nil
	}
	row, _, err := t.tx.Conversation(e.conv)
	if err != nil {
		return err
	}
	t.setDue(e.conv, false)
	t.then(func() { delete(t.s.state.settings.drafts, e.conv) })
	if len(row.Draft) > draftMost {
		return nil
	}
	return t.set(chat.Setting{Kind: chat.SettingDraft, About: string(e.conv), Text: row.Draft})
}

// draftCame shows what another device wrote, unless this one writes, too: then
// what is here is the newer, and is told in its turn.
func (t *turn) draftCame(row *storage.Setting) error {
	id := chat.ConversationID(row.About)
	if t.isDue(id) {
		return nil
	}
	c, ok, err := t.tx.Conversation(id)
	if err != nil || !ok || c.Draft == row.Text {
		return err
	}
	t.touch(id)
	return t.tx.SetDraft(id, row.Text)
}
