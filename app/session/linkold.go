package session

import (
	"context"
	"time"

	"satchel/net/link"
	"satchel/net/seal"
	"satchel/net/wire"
)

// StartLink lets another device come to this account: it opens a mailbox at the
// relay, whose code the person carries over. Then both screens show digits; the
// device is added once Confirm was called on both. One attempt at a time: a new
// one ends the one before.
func (s *Session) StartLink(ctx context.Context) (*Linking, error) {
	by, _, err := s.author()
	if err != nil {
		return nil, err
	}
	if len(by.Account.Active()) >= seal.MaxDevices {
		return nil, Refusal(linkSentence(seal.ErrLimit))
	}
	s.mu.Lock()
	relay := s.relay
	s.mu.Unlock()
	code := seal.NewLinkCode()
	root, key := by.Account.Root(), by.Device.Public().Key
	text := wire.DeviceLink{URL: relay.RelayURL, Code: string(code), Key: relay.RelayKey, Account: wire.B64(root[:]), Device: wire.B64(key[:])}
	box := &mailbox{code: string(code), mail: make(chan link.MailboxEvent, wire.MaxLinkFrames+2)}
	if before := s.mailbox.Swap(box); before != nil {
		before.put(link.MailboxEvent{Closed: true, Reason: "Another attempt began."})
	}
	if _, err := s.request(ctx, &wire.OpenLink{Code: string(code)}); err != nil {
		s.mailbox.CompareAndSwap(box, nil)
		return nil, err
	}
	l := &Linking{Link: text.String(), Typed: text.Typed()}
	err = s.beginLinking(ctx, l, func(ctx context.Context) (string, error) {
		defer s.mailbox.CompareAndSwap(box, nil)
		label, err := s.linkOld(ctx, l, box, by)
		s.closeLink(ctx, box.code, err)
		return label, err
	})
	return l, err
}

// linkOld is the old device's side; see docs/security.md, "Linking a device".
func (s *Session) linkOld(ctx context.Context, l *Linking, box *mailbox, by seal.Author) (label string, err error) {
	old := seal.NewLinkOld(seal.LinkCode(box.code), time.Now())
	commit, err := linkMessage(ctx, box.mail)
	if err != nil {
		return "", err
	}
	offer, err := old.Commit(commit, by, time.Now())
	if err != nil {
		return "", err
	}
	if _, err := s.request(ctx, &wire.LinkMessage{Code: box.code, Body: offer}); err != nil {
		return "", err
	}
	reveal, err := linkMessage(ctx, box.mail)
	if err != nil {
		return "", err
	}
	digits, err := old.Reveal(reveal, time.Now())
	if err != nil {
		return "", err
	}
	l.set(LinkStatus{State: LinkCompares, Digits: digits})
	// Either person, or the same one on either device, may be first.
	var proof []byte
	err = l.confirmed(ctx, box.mail, func(e link.MailboxEvent) error {
		if proof == nil && !e.Closed {
			proof = e.Body
		}
		return linkEnd(e)
	})
	if err != nil {
		return "", err
	}
	l.set(LinkStatus{State: LinkConfirmed})
	if proof == nil {
		if proof, err = linkMessage(ctx, box.mail); err != nil {
			return "", err
		}
	}
	device, sig, label, err := old.Confirm(proof, time.Now())
	if err != nil {
		return "", err
	}
	return label, s.appendOwn(ctx, func(by seal.Author, keys seal.AccountKeys) ([]byte, seal.Boxes, error) {
		return by.Account.AddDevice(by.Device, keys, device, sig, label, time.Now())
	})
}

// closeLink tells the relay and the other device that it is over.
func (s *Session) closeLink(ctx context.Context, code string, err error) {
	f := &wire.CloseLink{Code: code}
	if err != nil {
		f.Reason = "The linking was stopped on the other device."
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeLinkTimeout)
	defer cancel()
	if _, err := s.request(ctx, f); err != nil {
		s.log.Debug("a mailbox was not closed", "error", err) // it closes by itself
	}
}

// mailbox is where the relay's link frames go while an attempt is under way on
// the old device.
type mailbox struct {
	code string
	mail chan link.MailboxEvent
}

// put hands over what came. There is room for all that the relay lets through,
// and for the end; what is more is left out.
func (b *mailbox) put(e link.MailboxEvent) {
	select {
	case b.mail <- e:
	default:
	}
}

// linkMail takes a frame of linking.
func (s *Session) linkMail(code string, e link.MailboxEvent) {
	if box := s.mailbox.Load(); box != nil && (box.code == code || code == "") {
		box.put(e)
	}
}
