package transfer

import (
	"cmp"
	"context"
	"errors"
	"time"

	"satchel/chat"
	"satchel/net/priority"
)

// attempt owns an entry from start until it returns: it moves the file, or
// says why not. At the end the entry is done, waits, has failed; or is left
// under way because the person, or the end of the program, interrupted it.
func (e *Engine) attempt(ctx context.Context, en *entry) {
	priority.Background()
	en.outcome = nil
	if ctx.Err() != nil {
		return
	}
	if e.step(en, chat.EventStart, false, nil) != nil {
		return
	}
	var err error
	if en.t.Direction == chat.Upload {
		err = e.upload(ctx, en)
	} else {
		err = e.download(ctx, en)
	}
	if err == nil {
		return
	}
	t := en.t
	t.Offset = min(max(0, en.meter.known.Load()), t.File.Size)
	if en.meter.moved.Load() {
		t.Tries = 0
	}
	e.set(en, t)
	if ctx.Err() != nil {
		if err = context.Cause(ctx); errors.Is(err, errInterrupted) || errors.Is(err, context.Canceled) {
			return
		}
	}
	e.giveUp(en, explain(err))
}

// giveUp lets the entry wait, or fail, for a reason.
func (e *Engine) giveUp(en *entry, why *Error) {
	en.outcome = why
	tries := en.t.Tries + 1
	e.log.Info("transfer interrupted", "transfer", en.t.ID, "direction", en.t.Direction, "try", tries, "error", why)
	ev, sentence := chat.EventWait, why.Sentence
	switch {
	case !why.Retry:
		ev = chat.EventFail
	case why.Tries > 0 && tries >= why.Tries:
		ev, sentence = chat.EventFail, cmp.Or(why.Enough, sentence)
	}
	change := func(t *chat.Transfer) { t.Reason, t.Tries = sentence, tries }
	if e.step(en, ev, true, change) != nil {
		// The disk refuses. It is true all the same, and on disk the transfer
		// is still one that has not ended.
		t := en.t
		t.State, _ = t.State.Next(ev)
		change(&t)
		e.set(en, t)
		e.cfg.Changed(t)
	}
	if ev == chat.EventWait {
		en.firm = why.After > 0
		en.retryAfter = time.Now().Add(max(min(why.After, 10*time.Minute), backOff(e.cfg.RetryFirst, e.cfg.RetryMax, tries-1)))
	} else {
		en.sealing, en.plan, en.got = nil, nil, nil
	}
}
