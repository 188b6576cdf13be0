package session

import (
	"context"
	"errors"
	"time"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// Link makes this profile, which belongs to nobody yet, a device of the account
// whose other device shows text: a link, or what somebody typed. label is what
// this device is called in the list of devices. The profile has joined once the
// attempt is LinkDone. Should the program end between the other device's last
// step and this one's, that list has a device that nobody holds: it can be
// removed, and the linking begun again.
func (s *Session) Link(ctx context.Context, text, label string) (*Linking, error) {
	to, err := wire.ParseDeviceLink(text)
	if err != nil {
		return nil, err
	}
	code, err := seal.ParseLinkCode(to.Code)
	if err != nil {
		return nil, Refusal("The code has ten letters and digits, like abcde-fghjk. This one has not.")
	}
	if label, err = cleanLabel(label); err != nil {
		return nil, err
	}
	if who := s.Profile(); who.Joined {
		return nil, refusal("This profile is %s at %s already. Use another profile to link this computer.", who.Account.Name, who.RelayName)
	}
	l := &Linking{}
	err = s.beginLinking(ctx, l, func(ctx context.Context) (string, error) {
		return label, s.linkNew(ctx, l, to, code, label)
	})
	return l, err
}

// cleanLabel is a device's name as it is kept; empty gives the computer's own.
func cleanLabel(label string) (string, error) {
	if label == "" {
		label = DeviceLabel()
	}
	label, err := wire.CleanName(label)
	if err == nil && len(label) > seal.MaxLabel {
		err = errors.New("the name is too long")
	}
	return label, err
}

// linkNew is the new device's side.
func (s *Session) linkNew(ctx context.Context, l *Linking, to wire.DeviceLink, code seal.LinkCode, label string) (err error) {
	var expect *seal.LinkQR
	if to.Account != "" {
		root, err1 := wire.UnB64(to.Account)
		key, err2 := wire.UnB64(to.Device)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		expect = &seal.LinkQR{Code: code, Root: seal.Hash(root), Device: seal.Key(key)}
	}
	device := seal.NewDevice(seal.Computer)
	now := seal.NewLinkNew(code, device, expect, time.Now())
	box, err := link.JoinMailbox(ctx, to.URL, to.Key, string(code))
	if err != nil {
		return err
	}
	over := ""
	defer func() {
		if err != nil {
			over = "The linking was stopped on the other device."
		}
		box.Close(over)
	}()

	commit, err := now.Commit(time.Now())
	if err == nil {
		err = box.Send(commit)
	}
	if err != nil {
		return err
	}
	offer, err := linkMessage(ctx, box.Events())
	if err != nil {
		return err
	}
	reveal, digits, err := now.Offer(offer, time.Now())
	if err == nil {
		err = box.Send(reveal)
	}
	if err != nil {
		return err
	}
	l.set(LinkStatus{State: LinkCompares, Digits: digits})
	if err := l.confirmed(ctx, box.Events(), linkEnd); err != nil {
		return err
	}
	proof, err := now.Confirm(label, time.Now())
	if err == nil {
		err = box.Send(proof)
	}
	if err != nil {
		return err
	}
	l.set(LinkStatus{State: LinkConfirmed})
	// The other device closes the mailbox when this one is in the chain. However
	// it ended, the chain says whether it is.
	_, ended := linkMessage(ctx, box.Events())
	switch {
	case ended == nil:
		return seal.ErrStep
	case ctx.Err() != nil:
		return ctx.Err()
	}
	err = s.enter(ctx, device, now.Account(), storage.Profile{RelayURL: to.URL, RelayKey: box.Relay()}, now.Finish)
	var said *wire.Error
	if errors.As(err, &said) && said.Code == wire.CodeUnknownDevice {
		return ended
	}
	return err
}

// enter connects as a device that belongs to an account, takes the account's
// chain and keys, and makes the profile the device's. check says whether the
// chain is the right one.
func (s *Session) enter(ctx context.Context, device *seal.Device, account chat.AccountID, relay storage.Profile, check func(*seal.Account) error) error {
	var a *seal.Account
	var keys seal.AccountKeys
	err := s.visit(ctx, relay, device, account, func(ctx context.Context, l *link.Link, w *wire.Welcome) (err error) {
		relay.Account.Name, relay.RelayName, relay.MaxFile, relay.EditWindow = w.Account.Name, w.Name, w.MaxFile, w.EditWindow
		if a, err = fetchAccount(ctx, l, account); err != nil {
			return err
		}
		if err := check(a); err != nil {
			return err
		}
		keys, err = fetchAccountKeys(ctx, l, a, device)
		return err
	})
	if err != nil {
		return err
	}
	return s.adopt(ctx, relay, device, a, keys)
}

// visit connects to a relay as a device that is not this profile's, and stays
// connected while fn runs. A connection that can't be made is tried once.
func (s *Session) visit(ctx context.Context, relay storage.Profile, device *seal.Device, account chat.AccountID, fn func(context.Context, *link.Link, *wire.Welcome) error) error {
	ctx, cancel := context.WithCancel(ctx)
	l := link.New((&identity{device: device, account: account}).config(link.Config{URL: relay.RelayURL, Key: relay.RelayKey, Client: s.opts.Client, Logger: s.log}))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = l.Run(ctx) // what it ends with was told as an event
	}()
	up, failed := make(chan *wire.Welcome, 1), make(chan error, 1)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		for e := range l.Events() {
			switch e := e.(type) {
			case link.Up:
				up <- e.Welcome
			case link.Down:
				select {
				case failed <- e.Failure:
				default:
				}
				cancel() // one connection, and no second one
			}
		}
	}()
	defer func() {
		cancel()
		<-ended
		<-drained
	}()
	select {
	case w := <-up:
		err := fn(ctx, l, w)
		if err != nil && ctx.Err() != nil {
			select {
			case err = <-failed:
			default:
			}
		}
		return err
	case err := <-failed:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fetchAccount fetches and checks an account's whole chain.
func fetchAccount(ctx context.Context, l *link.Link, id chat.AccountID) (*seal.Account, error) {
	var statements [][]byte
	for {
		reply, err := l.Call(ctx, &wire.GetChain{Account: string(id), After: uint64(len(statements))})
		if err != nil {
			return nil, err
		}
		chain, ok := reply.(*wire.Chain)
		if !ok {
			return nil, errAnswer
		}
		statements = append(statements, chain.Statements...)
		if !chain.More || len(chain.Statements) == 0 {
			return seal.VerifyAccount(id, statements)
		}
	}
}

// fetchAccountKeys fetches and opens the keys that are boxed for a device.
func fetchAccountKeys(ctx context.Context, l *link.Link, a *seal.Account, device *seal.Device) (seal.AccountKeys, error) {
	reply, err := l.Call(ctx, &wire.GetBoxes{})
	if err != nil {
		return nil, err
	}
	boxes, ok := reply.(*wire.Boxes)
	if !ok {
		return nil, errAnswer
	}
	return seal.OpenAccountKeys(a, device, boxes.Boxes)
}
