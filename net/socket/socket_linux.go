package socket

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// unsent is how many bytes the kernel takes before it sends them. With more,
// what a person sees as sent is not, and on a slow line a full buffer would
// look like a connection that stalled. Inside one computer nothing is slow.
const (
	unsent     = 256 << 10
	unsentHere = 1 << 20
)

// keepLittleUnsent is a net.Dialer's Control. Where it fails it changes nothing.
func keepLittleUnsent(_, address string, c syscall.RawConn) error {
	most := unsent
	if host, _, err := net.SplitHostPort(address); err == nil && net.ParseIP(host).IsLoopback() {
		most = unsentHere
	}
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, most)
	})
}

// wakeAt has who waits for bytes woken when n are there, or the last one.
func (c *Conn) wakeAt(n int) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var failed error
	if err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVLOWAT, n)
	}); err != nil {
		return err
	}
	return failed
}
