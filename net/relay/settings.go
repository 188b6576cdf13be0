package relay

import (
	"errors"
	"fmt"

	"satchel/net/relay/store"
	"satchel/net/wire"
)

// putSetting keeps something of an account's for its own devices. The relay
// knows neither what it is nor what it is about.
func (c *conn) putSetting(f *wire.PutSetting) *wire.Error {
	switch {
	case f.Key == "" || len(f.Key) > wire.MaxID:
		return wire.NewError(wire.CodeBadFrame, "A setting's key has 1 to 64 characters.", false)
	case len(f.Body) > wire.MaxSetting:
		return wire.NewError(wire.CodeTooLarge, fmt.Sprintf("A setting has %d KiB at most.", wire.MaxSetting>>10), false)
	}
	v := wire.Setting{Key: f.Key, Device: c.device, Body: f.Body}
	if v.Body == nil {
		v.Body = []byte{}
	}
	var err error
	if v.Number, err = c.relay.store.PutSetting(c.account.ID, v); errors.Is(err, store.ErrTooMuch) {
		return wire.NewError(wire.CodeTooLarge, "The relay keeps no more settings of this account.", false)
	} else if err != nil {
		return c.relay.refusal(err)
	}
	c.relay.toAccounts([]string{c.account.ID}, &v, c)
	c.ok(f.ID)
	return nil
}

// settings answers with what changed, as much as fits into a frame.
func (c *conn) settings(f *wire.ListSettings) *wire.Error {
	if f.After > 1<<62 {
		return wire.NewError(wire.CodeBadFrame, "There is no such number of a setting.", false)
	}
	out := &wire.Settings{Header: wire.Header{Re: f.ID}, Settings: []wire.Setting{}}
	size := 0
	err := c.relay.store.Settings(c.account.ID, f.After, func(v wire.Setting) bool {
		if size > wire.MaxPageBytes-wire.MaxSetting {
			out.More = true
			return false
		}
		size += 512 + len(v.Body)
		out.Settings = append(out.Settings, v)
		return true
	})
	if err != nil {
		return c.relay.refusal(err)
	}
	c.reply(out)
	return nil
}

func (c *conn) rename(f *wire.Rename) *wire.Error {
	name, err := wire.CleanName(f.Name)
	if err != nil {
		return wire.NewError(wire.CodeNameInvalid, "The name can't be used: "+err.Error()+".", false)
	}
	if err := c.relay.store.Rename(c.account.ID, name); err != nil {
		return c.relay.refusal(err)
	}
	c.relay.announceAccount(c.account.ID, "", c)
	c.ok(f.ID)
	return nil
}
