//go:build !linux

package socket

import (
	"errors"
	"syscall"
)

// keepLittleUnsent leaves it to the system.
func keepLittleUnsent(_, _ string, _ syscall.RawConn) error { return nil }

// wakeAt is not known here: who waits is woken by the first byte.
func (c *Conn) wakeAt(int) error { return errors.ErrUnsupported }
