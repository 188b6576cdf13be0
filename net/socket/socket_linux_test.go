package socket

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// Inside one computer neither end paces what it sends, if the system has a way not to.
func TestUnpacedHere(t *testing.T) {
	known, err := os.ReadFile("/proc/sys/net/ipv4/tcp_allowed_congestion_control")
	if err != nil {
		t.Fatal(err)
	}
	in, out := pair(t)
	for name, c := range map[string]*Conn{"accepted": in, "dialed": out} {
		raw, err := c.SyscallConn()
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if e := raw.Control(func(fd uintptr) {
			got, err = unix.GetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION)
		}); e != nil || err != nil {
			t.Fatal(e, err)
		}
		if strings.Contains(string(known), unpaced) && got != unpaced {
			t.Errorf("%s: %q controls it, want %q", name, got, unpaced)
		}
	}
}
