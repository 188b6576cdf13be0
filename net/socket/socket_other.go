//go:build !linux

package socket

import (
	"errors"
	"net"
	"syscall"
)

// dialed leaves everything to the system.
func dialed(_, _ string, _ syscall.RawConn) error { return nil }

// accepted does, too.
func accepted(*net.TCPConn) {}

// wakeAt is not known here: who waits is woken by the first byte.
func (c *Conn) wakeAt(int) error { return errors.ErrUnsupported }
