package session

import (
	"context"
	"errors"
	"sync"
	"time"

	"satchel/net/link"
	"satchel/net/seal"
	"satchel/net/wire"
)

// LinkState is where an attempt to link a device stands.
type LinkState uint8

const (
	LinkWaiting   LinkState = iota // for the other device
	LinkCompares                   // Digits are on both screens: the person says whether they are equal
	LinkConfirmed                  // said here, and not yet on the other device
	LinkDone                       // the new device belongs to the account
	LinkFailed                     // Reason says why, and what to do
)

// LinkStatus is what a person is told of an attempt.
type LinkStatus struct {
	State  LinkState
	Digits string // six, from LinkCompares on
	Label  string // on the old device, once it is done: what the new one is called
	Reason string // one sentence
}

// ended tells that nothing follows.
func (s LinkStatus) ended() bool { return s.State == LinkDone || s.State == LinkFailed }

// Linking is one attempt to link a device, on either device. It is over after
// seal.LinkExpires at the latest.
type Linking struct {
	Link  string // on the old device: what the new one needs, also as a QR code
	Typed string // the same for somebody who types

	cancel  context.CancelCauseFunc
	confirm chan struct{} // closed by Confirm
	said    sync.Once
	done    chan struct{} // closed when the attempt's goroutine is gone

	mu      sync.Mutex
	status  LinkStatus
	changed chan struct{} // closed and replaced when status changes
}

// errUnequal ends an attempt for which the digits differ, or that the person left.
const errUnequal = Refusal("The linking was stopped on this device. If the digits were not the same, somebody may stand between both devices. Nothing was changed; begin again with a new code.")

// begin starts an attempt's goroutine, which ends with work, with ctx, with
// Cancel, after seal.LinkExpires, or when the session closes. work returns what
// the new device is called, and why the attempt failed.
func (s *Session) beginLinking(ctx context.Context, l *Linking, work func(context.Context) (label string, err error)) error {
	s.mu.Lock()
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		return ErrClosed
	}
	s.runs.Add(1)
	s.mu.Unlock()
	l.confirm, l.done, l.changed = make(chan struct{}), make(chan struct{}), make(chan struct{})
	ctx, stop := context.WithTimeoutCause(ctx, seal.LinkExpires, Refusal("The other device did not come, or nobody compared, within ten minutes. Nothing was changed; begin again with a new code."))
	ctx, l.cancel = context.WithCancelCause(ctx)
	closing := context.AfterFunc(s.ctx, func() { l.cancel(ErrClosed) })
	go func() {
		defer s.runs.Done()
		defer close(l.done)
		defer stop()
		defer closing()
		defer l.cancel(nil)
		label, err := work(ctx)
		if err == nil {
			l.set(LinkStatus{State: LinkDone, Label: label})
			return
		}
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if !errors.Is(err, errUnequal) {
			s.log.Info("a device was not linked", "error", err)
		}
		l.set(LinkStatus{State: LinkFailed, Reason: linkSentence(err)})
	}()
	return nil
}

func (l *Linking) set(status LinkStatus) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if status.Digits == "" {
		status.Digits = l.status.Digits
	}
	l.status = status
	close(l.changed)
	l.changed = make(chan struct{})
}

// Status is how the attempt stands; the channel is closed when that changed.
func (l *Linking) Status() (LinkStatus, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.status, l.changed
}

// Await returns the first status that differs from seen, or the last one.
func (l *Linking) Await(ctx context.Context, seen LinkStatus) (LinkStatus, error) {
	for {
		status, changed := l.Status()
		if status != seen || status.ended() {
			return status, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return status, ctx.Err()
		}
	}
}

// Confirm is called when the person says that both screens show the same digits.
func (l *Linking) Confirm() { l.said.Do(func() { close(l.confirm) }) }

// Cancel ends the attempt: the digits differ, or the person does not go on. It
// waits until the other device was told, for a moment at most. Once the attempt
// is over it does nothing.
func (l *Linking) Cancel() {
	l.cancel(errUnequal)
	<-l.done
}

// confirmed waits until the person said that the digits are equal. What comes
// from the other device meanwhile is handed to heard.
func (l *Linking) confirmed(ctx context.Context, mail <-chan link.MailboxEvent, heard func(link.MailboxEvent) error) error {
	for {
		select {
		case <-l.confirm:
			return nil
		case e, open := <-mail:
			if !open {
				return errLinkLost
			}
			if err := heard(e); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// errLinkLost ends an attempt whose mailbox is gone, errLinkStopped one that
// the other side ended. What that side wrote came by way of the relay, so it is
// not repeated.
const (
	errLinkLost    = Refusal("The connection to the other device was lost. Nothing was changed; begin again with a new code.")
	errLinkStopped = Refusal("The linking was stopped on the other device. If the digits were not the same, somebody may stand between both devices. Nothing was changed; begin again with a new code.")
)

// linkMessage waits for the other device's next message.
func linkMessage(ctx context.Context, mail <-chan link.MailboxEvent) ([]byte, error) {
	select {
	case e, open := <-mail:
		if !open {
			return nil, errLinkLost
		}
		return e.Body, linkEnd(e)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// linkEnd is the error that a mailbox's end is; nil for a message.
func linkEnd(e link.MailboxEvent) error {
	switch {
	case !e.Closed:
		return nil
	case e.Reason == "":
		return errLinkLost
	}
	return errLinkStopped
}

// linkSentence is an attempt's error for a person.
func linkSentence(err error) string {
	var r Refusal
	var said *wire.Error
	switch {
	case errors.As(err, &r):
		return string(r)
	case errors.Is(err, seal.ErrLinkCommit), errors.Is(err, seal.ErrLinkCode), errors.Is(err, seal.ErrIdentity), errors.Is(err, seal.ErrFork),
		errors.Is(err, seal.ErrRollback), errors.Is(err, seal.ErrSignature), errors.Is(err, seal.ErrSealed), errors.Is(err, seal.ErrEncoding), errors.Is(err, seal.ErrDeviceKind):
		return "What came was not from the device that it should be from: somebody stands between both devices. Nothing was changed. Try again on a network that you trust, with the link instead of typing the code."
	case errors.Is(err, seal.ErrStep):
		return string(errLinkLost)
	case errors.Is(err, seal.ErrLimit):
		return "This account has as many devices as it can have. Remove one, and try again."
	case errors.As(err, &said) && said.Code == wire.CodeLinkInvalid:
		return "No device waits with this code: it was mistyped, used already, or is older than ten minutes. Begin again with a new code."
	case errors.Is(err, context.Canceled):
		return string(errUnequal)
	}
	return err.Error()
}

// closeLinkTimeout bounds telling the other device that it is over.
const closeLinkTimeout = 2 * time.Second
