package transfer

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// unsent is how many bytes the kernel takes before it sends them. With more,
// what a person sees as sent is not, and on a slow line a full buffer would
// look like a connection that stalled.
const unsent = 256 << 10

// keepLittleUnsent is a net.Dialer's Control. Where it fails it changes nothing.
func keepLittleUnsent(_, _ string, c syscall.RawConn) error {
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, unsent)
	})
}
