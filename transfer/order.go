package transfer

import (
	"slices"
	"time"

	"satchel/chat"
)

// messageKey names a message.
type messageKey struct {
	conversation chat.ConversationID
	message      chat.MessageID
}

// Front has a transfer go before all others that wait, durably. One that moves
// already keeps its worker.
func (e *Engine) Front(id chat.TransferID) error {
	e.mu.Lock()
	en, ok := e.entries[id]
	e.mu.Unlock()
	if !ok {
		return ErrUnknown
	}
	e.ask(func() {
		e.mu.Lock()
		t, held := en.t, en.held
		e.mu.Unlock()
		if held || t.State.Ended() {
			return
		}
		t.Front = time.Now().UnixNano()
		if err := e.cfg.Journal.Save(t); err != nil {
			e.log.Error("transfer not saved", "transfer", t.ID, "error", err)
			return
		}
		e.set(en, t)
		e.cfg.Changed(t)
		if t.State == chat.TransferQueued {
			e.lanes.hurry(en)
		}
	})
	return nil
}

// Visible says of which messages the files are on the screen: what waits of them
// goes before what the person does not see.
func (e *Engine) Visible(conversation chat.ConversationID, messages []chat.MessageID) {
	e.ask(func() {
		for _, en := range e.seen {
			en.seen = false
		}
		e.seen = e.seen[:0]
		for _, id := range messages {
			e.mu.Lock()
			en := e.of[messageKey{conversation, id}]
			e.mu.Unlock()
			if en == nil {
				continue
			}
			en.seen = true
			e.seen = append(e.seen, en)
			if e.resting(en, chat.TransferQueued) {
				e.lanes.hurry(en)
			}
		}
	})
}

// Focus says which conversation is open: every second file is one of its own.
func (e *Engine) Focus(conversation chat.ConversationID) {
	e.ask(func() { e.lanes.focus = conversation })
}

// PauseAll stops all that waits and moves, durably, until ResumeAll or Resume.
func (e *Engine) PauseAll() {
	e.all(chat.EventPause, chat.TransferQueued, chat.TransferWaiting, chat.TransferPreparing, chat.TransferMoving, chat.TransferFinishing)
}

// ResumeAll goes on with all that is paused.
func (e *Engine) ResumeAll() { e.all(chat.EventResume, chat.TransferPaused) }

// ResumeThese goes on with those of these that are paused.
func (e *Engine) ResumeThese(ids []chat.TransferID) {
	these := make(map[chat.TransferID]bool, len(ids))
	for _, id := range ids {
		these[id] = true
	}
	e.some(func(id chat.TransferID) bool { return these[id] }, chat.EventResume, chat.TransferPaused)
}

// RetryAll goes on with all that failed, and at once with what waits.
func (e *Engine) RetryAll() { e.all(chat.EventResume, chat.TransferFailed, chat.TransferWaiting) }

// CancelAll ends all there are, and drops what was moved.
func (e *Engine) CancelAll() {
	e.all(chat.EventCancel, chat.TransferQueued, chat.TransferPreparing, chat.TransferMoving, chat.TransferFinishing,
		chat.TransferPaused, chat.TransferWaiting, chat.TransferFailed)
}

// batch is how many transfers are saved at a time.
const batch = 500

// all has an event happen to every transfer that is in one of these states, or will
// be once what was asked before is carried out.
func (e *Engine) all(ev chat.TransferEvent, in ...chat.TransferState) {
	e.some(func(chat.TransferID) bool { return true }, ev, in...)
}

// some is all, for those alone that are meant.
func (e *Engine) some(meant func(chat.TransferID) bool, ev chat.TransferEvent, in ...chat.TransferState) {
	e.ask(func() {
		var rest []*entry
		var moving []chat.TransferID
		e.mu.Lock()
		for _, en := range e.entries {
			switch {
			case !meant(en.t.ID) || !slices.Contains(in, en.wanted()):
			case en.held || en.ticket == 0 || len(en.wants) > 0:
				moving = append(moving, en.t.ID)
			default:
				rest = append(rest, en)
			}
		}
		e.mu.Unlock()
		for _, id := range moving {
			_ = e.want(id, ev) // it may have ended meanwhile
		}
		slices.SortFunc(rest, older)
		for some := range slices.Chunk(rest, batch) {
			e.stepAll(some, ev)
		}
	})
}

// stepAll carries an event out for entries that rest: they are saved together.
func (e *Engine) stepAll(some []*entry, ev chat.TransferEvent) {
	now := time.Now()
	next := make([]chat.Transfer, len(some))
	for i, en := range some {
		t := en.t
		t.State, _ = t.State.Next(ev)
		t.Updated, t.Reason, t.Rate, t.Left, t.Tries = now, "", 0, 0, 0
		next[i] = t
	}
	if err := e.cfg.Journal.SaveAll(next); err != nil {
		e.log.Error("transfers not saved", "transfers", len(next), "error", err)
		return
	}
	for i, en := range some {
		e.set(en, next[i])
		en.retryAfter, en.firm = time.Time{}, false
		e.cfg.Changed(next[i])
		e.settle(en)
	}
	if ev == chat.EventResume {
		clear(e.lanes.gates)
	}
}

// resting tells whether the loop owns an entry that is in this state.
func (e *Engine) resting(en *entry, state chat.TransferState) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return !en.held && en.ticket > 0 && en.t.State == state
}

// ask has the loop do something.
func (e *Engine) ask(do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, do)
	e.poke()
}
