//go:build !linux

package system

import "errors"

// CanStartAtLogin tells whether this platform is one where it can be set.
const CanStartAtLogin = false

// StartsAtLogin tells whether the program starts when the person logs in.
func StartsAtLogin(string) bool { return false }

// SetStartAtLogin is not there on this platform.
func SetStartAtLogin(bool, string, ...string) error { return errors.ErrUnsupported }
