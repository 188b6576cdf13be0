package transfer

import (
	"context"
	"slices"
	"time"

	"satchel/chat"
)

// idle is how long the loop sleeps when it waits for nothing in particular.
const idle = time.Hour

// loop owns every entry that no attempt holds, until ctx ends.
func (e *Engine) loop(ctx context.Context) {
	timer := time.NewTimer(idle)
	defer timer.Stop()
	for ctx.Err() == nil {
		e.mu.Lock()
		inbox, asked, resume := e.inbox, e.asked, e.resume
		e.inbox, e.asked, e.resume = nil, nil, false
		e.mu.Unlock()
		for _, do := range asked {
			do()
		}
		if resume {
			e.turned(ctx)
		}
		for _, en := range inbox {
			if ctx.Err() != nil {
				return
			}
			e.look(en)
			e.dispatch(ctx)
		}
		next := e.ring()
		e.dispatch(ctx)
		if opens := e.lanes.opens(time.Now()); next.IsZero() || !opens.IsZero() && opens.Before(next) {
			next = opens
		}
		if next.IsZero() {
			next = time.Now().Add(idle)
		}
		timer.Reset(time.Until(next))
		select {
		case <-ctx.Done():
		case <-e.wake:
		case <-timer.C:
		}
	}
}

func (e *Engine) isOffline() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.offline
}

// look attends to an entry that is new, that came back from an attempt, or of
// which the person wants something.
func (e *Engine) look(en *entry) {
	e.mu.Lock()
	fresh := en.ticket == 0
	back, nudged := en.back, en.nudged && en.back
	if back {
		en.nudged, en.back, en.held, en.cancel, en.meter = false, false, false, nil, nil
	}
	if en.held || e.entries[en.t.ID] != en || !fresh && !back && len(en.wants) == 0 {
		e.mu.Unlock()
		return
	}
	since := e.epoch != en.epoch
	e.mu.Unlock()
	if back {
		e.lanes.done(en)
		switch {
		case en.outcome == nil:
			e.lanes.open(en.host)
		case (since || nudged) && en.t.State == chat.TransferWaiting && !en.firm:
			// The connection came back while this one failed for the want of it; or what
			// it waits for came meanwhile.
			en.retryAfter = time.Time{}
			_ = e.step(en, chat.EventResume, false, nil)
		case en.outcome.everyone:
			e.lanes.shut(en.host, e.cfg.RetryFirst, e.cfg.RetryMax)
		}
	}
	for {
		e.mu.Lock()
		if len(en.wants) == 0 {
			e.mu.Unlock()
			break
		}
		w := en.wants[0]
		en.wants = en.wants[1:]
		e.mu.Unlock()
		e.carryOut(en, w)
	}
	if en.t.State.Active() { // what was wanted could not be saved
		_ = e.step(en, chat.EventWait, false, func(t *chat.Transfer) { t.Reason = notSaved })
		en.retryAfter = time.Now().Add(backOff(e.cfg.RetryFirst, e.cfg.RetryMax, 3))
	}
	e.settle(en)
}

const notSaved = "The change could not be written to the disk. Make room on it; Satchel tries again by itself."

// carryOut does what the person wants of an entry that rests. It may have been
// overtaken: what was to be paused has failed meanwhile. Then it is void.
func (e *Engine) carryOut(en *entry, ev chat.TransferEvent) {
	if _, ok := en.t.State.Next(ev); !ok {
		e.log.Debug("overtaken", "transfer", en.t.ID, "state", en.t.State, "event", ev)
		return
	}
	// On disk, what waits and what is queued are the same.
	save := ev != chat.EventResume || en.t.State != chat.TransferWaiting
	_ = e.step(en, ev, save, func(t *chat.Transfer) {
		if ev == chat.EventResume {
			t.Tries = 0
		}
	})
	en.retryAfter, en.firm = time.Time{}, false
	if ev == chat.EventResume {
		e.lanes.open(turnOf(&en.t).host) // the person may know better
	}
}

// settle puts an entry where its state belongs.
func (e *Engine) settle(en *entry) {
	if en.t.State == chat.TransferQueued && e.isOffline() {
		_ = e.step(en, chat.EventWait, false, func(t *chat.Transfer) { t.Reason = noConnection })
		en.retryAfter = time.Time{}
	}
	en.ticket++
	switch {
	case en.t.State == chat.TransferQueued:
		e.lanes.push(en)
	case en.t.State == chat.TransferWaiting && !en.retryAfter.IsZero():
		e.alarm.set(en, en.retryAfter)
	case en.t.State.Ended():
		e.mu.Lock()
		delete(e.entries, en.t.ID)
		if k := (messageKey{en.t.Conversation, en.t.Message}); e.of[k] == en {
			delete(e.of, k)
		}
		e.mu.Unlock()
		if en.t.State == chat.TransferCancelled {
			e.discard(en.t)
		}
	}
}

const noConnection = "Waits for the connection. It goes on by itself."

// turned is called when the connection came or went, or came again.
func (e *Engine) turned(ctx context.Context) {
	offline := e.isOffline()
	from := chat.TransferWaiting
	if offline {
		from = chat.TransferQueued
	} else {
		clear(e.lanes.gates)
	}
	var moved []*entry
	e.mu.Lock()
	for _, en := range e.entries {
		switch {
		case en.held && !en.back && !offline && en.meter.silence() > deadAfter:
			en.cancel(errStalled)
		case !en.held && en.t.State == from && !en.firm && en.ticket > 0:
			moved = append(moved, en)
		}
	}
	e.mu.Unlock()
	slices.SortFunc(moved, older)
	for _, en := range moved {
		if ctx.Err() != nil {
			return
		}
		if !offline {
			_ = e.step(en, chat.EventResume, false, nil)
		}
		e.settle(en)
		e.dispatch(ctx)
	}
}

// deadAfter is the silence after which an attempt is begun anew when the
// connection comes back: its own connection most likely did not survive.
const deadAfter = 3 * time.Second

// ring lets those go on whose time has come, and tells when to look again.
func (e *Engine) ring() time.Time {
	for {
		en, next := e.alarm.due(time.Now())
		if en == nil {
			return next
		}
		en.firm, en.retryAfter = false, time.Time{}
		_ = e.step(en, chat.EventResume, false, nil)
		e.settle(en)
	}
}

// dispatch starts attempts while workers are free.
func (e *Engine) dispatch(ctx context.Context) {
	if e.isOffline() || ctx.Err() != nil {
		return
	}
	for en := e.lanes.pop(); en != nil; en = e.lanes.pop() {
		attempt, cancel := context.WithCancelCause(ctx)
		e.mu.Lock()
		en.held, en.cancel, en.meter, en.epoch = true, cancel, newMeter(en.t.Offset), e.epoch
		if len(en.wants) > 0 { // came meanwhile
			cancel(errInterrupted)
		}
		e.mu.Unlock()
		e.attempts.Go(func() {
			defer cancel(nil)
			e.attempt(attempt, en)
			e.mu.Lock()
			en.back = true
			e.post(en)
			e.mu.Unlock()
		})
	}
}
