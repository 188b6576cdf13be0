package session

import (
	"context"
	"errors"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/seal"
)

// Device is one of the person's own devices, as their account's chain says.
type Device struct {
	ID       chat.DeviceID
	Label    string // what it is called; "" when it can't be told
	Recovery bool   // a recovery file
	This     bool   // the one that asks
	Added    time.Time
	Removed  bool
}

// Devices lists the own devices as they are known here, removed ones too, in
// the order in which they were added.
func (s *Session) Devices() ([]Device, error) {
	by, keys, err := s.author()
	if err != nil {
		return nil, err
	}
	var all []Device
	for _, d := range by.Account.Devices() {
		all = append(all, Device{ID: d.ID(), Label: by.Account.Label(&d, keys), Recovery: d.Kind == seal.Recovery,
			This: d.Key == by.Device.Public().Key, Added: time.UnixMilli(int64(d.At)).UTC(), Removed: d.Removed != 0})
	}
	return all, nil
}

// RemoveDevice takes one of the own devices out of the account: it gets nothing
// any more that is sent from then on, and the account has a new key. What it has
// already it keeps. Removing one that is removed is no error.
func (s *Session) RemoveDevice(ctx context.Context, id chat.DeviceID) error {
	err := s.appendOwn(ctx, func(by seal.Author, keys seal.AccountKeys) ([]byte, seal.Boxes, error) {
		d := by.Account.DeviceByID(id)
		switch {
		case d == nil:
			return nil, nil, Refusal("You have no such device.")
		case d.Removed != 0:
			return nil, nil, errRemovedAlready
		case d.Key == by.Device.Public().Key:
			return nil, nil, Refusal("A device can't remove itself, since it would know the key that comes after. Remove it from another device of yours.")
		}
		return by.Account.RemoveDevice(by.Device, keys, d.Key, time.Now())
	})
	if errors.Is(err, errRemovedAlready) {
		return nil
	}
	return err
}

var errRemovedAlready = errors.New("the device is removed already")

// DeviceNamed finds one of the own devices that were not removed by its id, or
// by its label where that is one device's only (upper and lower case alike).
func (s *Session) DeviceNamed(idOrLabel string) (Device, error) {
	all, err := s.Devices()
	if err != nil {
		return Device{}, err
	}
	var found []Device
	for _, d := range all {
		if string(d.ID) == idOrLabel {
			return d, nil
		}
		if !d.Removed && strings.EqualFold(d.Label, idOrLabel) {
			found = append(found, d)
		}
	}
	switch len(found) {
	case 0:
		return Device{}, refusal("You have no device called %q.", idOrLabel)
	case 1:
		return found[0], nil
	}
	return Device{}, refusal("You have several devices called %q: name the one that is meant by its id.", idOrLabel)
}
