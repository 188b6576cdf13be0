package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/net/seal"
)

// online waits a moment for the relay: the command can't do without it.
func (r *runner) online(ctx context.Context) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	bounded, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	err := r.s.Connected(bounded)
	if errors.Is(err, context.DeadlineExceeded) {
		err = session.ErrOffline
	}
	return interrupted(ctx, err)
}

type deviceList struct{}

type deviceLine struct {
	ID    chat.DeviceID `json:"id"`
	Label string        `json:"label"`
	Kind  string        `json:"kind"` // computer or recovery
	This  bool          `json:"this,omitempty"`
	Added string        `json:"added"` // RFC 3339
}

func devicesOf(s *session.Session) (all []deviceLine, err error) {
	devices, err := s.Devices()
	for _, d := range devices {
		if d.Removed {
			continue
		}
		l := deviceLine{ID: d.ID, Label: d.Label, Kind: "computer", This: d.This, Added: d.Added.Format(time.RFC3339)}
		if d.Recovery {
			l.Kind = "recovery"
		}
		all = append(all, l)
	}
	return all, err
}

func (deviceList) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	all, err := devicesOf(r.s)
	if err != nil {
		return err
	}
	for _, l := range all {
		if err := c.print(l); err != nil {
			return err
		}
	}
	return nil
}

type deviceRemove struct{ which string }

func (j *deviceRemove) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.online(ctx); err != nil {
		return err
	}
	d, err := r.s.DeviceNamed(j.which)
	if err != nil {
		return err
	}
	if err := r.s.RemoveDevice(ctx, d.ID); err != nil {
		return interrupted(ctx, err)
	}
	return c.print(struct {
		Removed chat.DeviceID `json:"removed"`
		Label   string        `json:"label"`
	}{d.ID, d.Label})
}

type deviceLink struct{}

func (deviceLink) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.online(ctx); err != nil {
		return err
	}
	l, err := r.s.StartLink(ctx)
	if err != nil {
		return interrupted(ctx, err)
	}
	defer l.Cancel()
	err = c.print(struct {
		Link    string `json:"link"`
		Typed   string `json:"typed"`
		Expires string `json:"expires"` // RFC 3339
	}{l.Link, l.Typed, time.Now().Add(seal.LinkExpires).UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	status, err := c.compare(ctx, l)
	if err != nil {
		return err
	}
	return c.print(struct {
		Linked string `json:"linked"` // what the new device is called
	}{status.Label})
}

// linkHere makes this profile a device of an account.
type linkHere struct{ text, label string }

func (j *linkHere) run(ctx context.Context, r *runner, c *Call) error {
	l, err := r.s.Link(ctx, j.text, j.label)
	if err != nil {
		return err
	}
	defer l.Cancel()
	if _, err := c.compare(ctx, l); err != nil {
		return err
	}
	return c.printJoined(r)
}

// printJoined says who this profile is now.
func (c *Call) printJoined(r *runner) error {
	p := r.s.Profile()
	return c.print(joinLine{p.Account.ID, p.Account.Name, p.RelayName})
}

// compare shows the digits and goes on when the person says that they are equal:
// by a line "yes", or by the digits that the other device shows, which are then
// compared here.
func (c *Call) compare(ctx context.Context, l *session.Linking) (session.LinkStatus, error) {
	status := session.LinkStatus{State: session.LinkWaiting}
	for {
		var err error
		if status, err = l.Await(ctx, status); err != nil {
			return status, interrupted(ctx, err)
		}
		switch status.State {
		case session.LinkDone:
			return status, nil
		case session.LinkFailed:
			return status, session.Refusal(status.Reason)
		case session.LinkCompares:
			fmt.Fprintf(c.Stderr, "The digits are %s. When the other device shows the same, type yes, or type its digits here:\n", status.Digits)
			if err := c.confirm(ctx, l, status); err != nil {
				return status, err
			}
		}
	}
}

func (c *Call) confirm(ctx context.Context, l *session.Linking, status session.LinkStatus) error {
	asking, over := context.WithCancel(ctx)
	defer over()
	ended := make(chan struct{})
	go func() { // the other side may end it while the person looks
		defer close(ended)
		if _, err := l.Await(asking, status); err == nil {
			over()
		}
	}()
	answer, err := c.ask(asking)
	over()
	<-ended
	if now, _ := l.Status(); now != status {
		return nil // compare says what happened
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	answer = strings.Join(strings.Fields(answer), "")
	if !strings.EqualFold(answer, "yes") && answer != status.Digits {
		return errors.New("the digits were not said to be the same, so nothing was changed; begin again with a new code")
	}
	l.Confirm()
	return nil
}
