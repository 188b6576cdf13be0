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

// unpaced is how a connection inside one computer is controlled: some systems are set
// to pace what they send by timers (BBR), which costs a tenth of the processor's time
// where no line is to be measured.
const unpaced = "cubic"

// dialed is a net.Dialer's Control. Where it fails it changes nothing.
func dialed(_, address string, c syscall.RawConn) error {
	host, _, err := net.SplitHostPort(address)
	here := err == nil && net.ParseIP(host).IsLoopback()
	most := unsent
	if here {
		most = unsentHere
	}
	return c.Control(func(fd uintptr) {
		_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, most)
		if here {
			_ = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, unpaced)
		}
	})
}

// accepted is dialed's other end.
func accepted(c *net.TCPConn) {
	peer, ok := c.RemoteAddr().(*net.TCPAddr)
	if !ok || !peer.IP.IsLoopback() {
		return
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return // it ended; who reads it meets that
	}
	_ = raw.Control(func(fd uintptr) {
		_ = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, unpaced)
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
