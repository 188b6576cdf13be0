package session

import (
	"context"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
)

// markState is what the relay has of our own mark in one conversation. The
// conversation's row is the intent: while it is further than told, one mark
// frame is under way, the latest that there is.
type markState struct {
	told   chat.Mark
	asked  chat.Mark // by the frame in flight
	flight string    // its id; "" when none is
}

func (s *Session) markOf(id chat.ConversationID) *markState {
	m := s.state.marks[id]
	if m == nil {
		m = &markState{}
		s.state.marks[id] = m
	}
	return m
}

// relayMarks notes how far the relay has our own mark.
func (s *Session) relayMarks(c *wire.Conversation) {
	me := string(s.me())
	for i := range c.Marks {
		if c.Marks[i].Account == me {
			m := s.markOf(chat.ConversationID(c.ID))
			m.told = m.told.Join(mark(&c.Marks[i]))
		}
	}
}

// tellMark sends our mark when the relay's copy is behind.
func (s *Session) tellMark(id chat.ConversationID) {
	l, m := s.link.Load(), s.markOf(id)
	if !s.state.online || l == nil || m.flight != "" {
		return
	}
	var own chat.Mark
	blocked := false
	err := s.db.View(func(tx *storage.Tx) error {
		row, _, err := tx.Conversation(id)
		own, blocked = row.Marks[s.me()], row.Blocked
		return err
	})
	if err != nil || blocked || own.Join(m.told) == m.told {
		return
	}
	f := &wire.Mark{Header: wire.Header{ID: l.NextID()}, Conversation: string(id), Received: own.Received, Read: own.Read}
	if l.Send(f) != nil {
		s.later(retryPause, call(func(t *turn) { t.s.tellMark(id) }))
		return
	}
	m.flight, m.asked = f.ID, own
}

// markTold takes the relay's OK to a mark.
func (s *Session) markTold(re string) {
	for id, m := range s.state.marks {
		if re != "" && m.flight == re {
			m.flight, m.told = "", m.told.Join(m.asked)
			s.tellMark(id)
			return
		}
	}
}

// marksFlight tells whether a frame is a mark that was not answered yet.
func (s *Session) marksFlight(id string) bool {
	for _, m := range s.state.marks {
		if id != "" && m.flight == id {
			return true
		}
	}
	return false
}

// markRefused takes the relay's no. Later it may say yes; else the next
// connection asks once more.
func (s *Session) markRefused(f *wire.Error) {
	for id, m := range s.state.marks {
		if f.Re != "" && m.flight == f.Re {
			m.flight = ""
			if f.Retry {
				s.later(retryMost, call(func(t *turn) { t.s.tellMark(id) }))
			} else {
				m.told = m.told.Join(m.asked)
			}
			return
		}
	}
}

// MarkRead says that the person has seen everything up to seq.
func (s *Session) MarkRead(conv chat.ConversationID, seq uint64) error {
	e := markRead{ask(), conv, seq}
	return s.await(s.ctx, e, e.asked)
}

type markRead struct {
	asked
	conv chat.ConversationID
	seq  uint64
}

func (e markRead) apply(t *turn) error {
	row, ok, err := t.tx.Conversation(e.conv)
	if err != nil || !ok {
		return err
	}
	if row.MarkedUnread {
		if err := t.set(chat.Setting{Kind: chat.SettingUnread, About: string(e.conv)}); err != nil {
			return err
		}
	}
	changed, err := t.tx.SetMark(e.conv, t.me, chat.Mark{Read: min(e.seq, row.Head)}, t.me)
	if changed {
		t.touch(e.conv)
	}
	return err
}

// typingEvery is how often others are told that the person goes on writing.
const typingEvery = 3 * time.Second

// Typing says that the person writes. It may be called for every key.
func (s *Session) Typing(conv chat.ConversationID) {
	s.post(call(func(t *turn) {
		l := s.link.Load()
		if !s.state.online || l == nil || time.Since(s.state.typed[conv]) < typingEvery {
			return
		}
		s.state.typed[conv] = time.Now()
		_ = l.Send(&wire.Typing{Header: wire.Header{ID: l.NextID()}, Conversation: string(conv)}) // lost is no harm
	}))
}

// PutValues keeps small things under their keys: cursors, a window's place. nil
// takes one away. All of them are kept, or none.
func (s *Session) PutValues(ctx context.Context, values map[string][]byte) error {
	e := putValues{ask(), values}
	return s.await(ctx, e, e.asked)
}

type putValues struct {
	asked
	values map[string][]byte
}

func (e putValues) apply(t *turn) error {
	for key, v := range e.values {
		if err := t.tx.PutValue(key, v); err != nil {
			return err
		}
	}
	return nil
}

// Told waits until the relay knows how far we received and read, and what we
// fetched, as far as a connection stands; a program that is about to end gives it this moment.
func (s *Session) Told(ctx context.Context) {
	done := make(chan struct{})
	if !s.post(call(func(t *turn) {
		s.tellFetched()
		s.state.tell = append(s.state.tell, done)
	})) {
		return
	}
	select {
	case <-done:
	case <-s.done:
	case <-ctx.Done():
	}
}

// told answers those who wait for Told.
func (s *Session) told() {
	if len(s.state.tell) == 0 {
		return
	}
	if s.state.online {
		for _, m := range s.state.marks {
			if m.flight != "" {
				return
			}
		}
		if len(s.state.settings.flight) > 0 || len(s.state.fetched.flight) > 0 {
			return
		}
	}
	for _, done := range s.state.tell {
		close(done)
	}
	s.state.tell = nil
}
