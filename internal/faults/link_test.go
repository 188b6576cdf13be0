package faults

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// link is a way between two addresses, near and far, that takes its time and
// loses packets. Real packets of the kernel's own TCP go over it: they come out
// of a tun device, wait here, and go back in with both addresses swapped, which
// leaves every checksum true. So who connects to far reaches what listens at
// near. (netem does the same where a kernel has it; not all have.)
type link struct {
	near, far string
	lost      int // packets; read after the test's end only
	passed    int
}

const (
	linkDelay = 150 * time.Millisecond // each way
	linkLoss  = 0.01
)

func newLink(t testing.TB) *link {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal("/dev/net/tun: ", err)
	}
	request, err := unix.NewIfreq("slow0")
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		t.Fatal(err)
	}
	device := os.NewFile(uintptr(fd), "tun")
	l := &link{near: "10.9.0.1", far: "10.9.0.2"}
	for _, words := range []string{"addr add " + l.near + "/24 dev slow0", "link set slow0 mtu 1400 up"} {
		if out, err := exec.Command("ip", strings.Fields(words)...).CombinedOutput(); err != nil {
			t.Fatalf("ip %s: %v: %s", words, err, out)
		}
	}
	type packet struct {
		bytes []byte
		due   time.Time
	}
	way := make(chan packet, 10000)
	r := rand.New(rand.NewPCG(seed(t), 9))
	var wg sync.WaitGroup
	wg.Go(func() {
		defer close(way)
		for buf := make([]byte, 2000); ; {
			n, err := device.Read(buf)
			if err != nil {
				return
			}
			if n < 20 || buf[0]>>4 != 4 {
				continue
			}
			if r.Float64() < linkLoss {
				l.lost++
				continue
			}
			p := packet{append([]byte(nil), buf[:n]...), time.Now().Add(linkDelay)}
			from, to := binary.BigEndian.Uint32(p.bytes[12:]), binary.BigEndian.Uint32(p.bytes[16:])
			binary.BigEndian.PutUint32(p.bytes[12:], to)
			binary.BigEndian.PutUint32(p.bytes[16:], from)
			select {
			case way <- p:
				l.passed++
			default: // a queue on the way is full
				l.lost++
			}
		}
	})
	wg.Go(func() {
		for p := range way {
			time.Sleep(time.Until(p.due))
			_, _ = device.Write(p.bytes)
		}
	})
	t.Cleanup(func() {
		device.Close()
		wg.Wait()
		t.Logf("%d packets passed, %d were lost", l.passed, l.lost)
	})
	return l
}

// One packet in a hundred is lost, and each takes 150 ms, there and back.
func TestSlowAndLossy(t *testing.T) {
	size := 64 << 10
	if whole {
		size = 3 << 20
	}
	way := newLink(t)
	w := newWorld(t, func(w *world) { w.addr = way.near + ":0" })
	_, port, err := net.SplitHostPort(w.addr)
	if err != nil {
		t.Fatal(err)
	}
	far := "http://" + net.JoinHostPort(way.far, port)
	l := &lane{w: w, up: newGateway(t, far), down: newGateway(t, far)}
	l.ana, l.bo = w.person("Ana", l.up.URL, ""), w.person("Bo", l.down.URL, "")
	l.conv = meet(t, l.ana, l.bo)
	row := fmt.Sprintf("%g %% of packets lost, 300 ms there and back", linkLoss*100)
	for i, direction := range []string{upload, download} {
		l.run(t, trial{row: row, direction: direction, data: random(size, uint64(i))})
	}
}
