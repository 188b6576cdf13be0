package relay

import (
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"satchel/net/wire"
)

// Limits bounds what clients may take. A zero field has its default.
type Limits struct {
	FrameRate    float64 // frames a second that a connection is read at; 2000
	FrameBurst   int     // 4000
	RequestRate  float64 // searches, tickets, invitations and statements a second and account; 100
	RequestBurst int     // 400
	ConnectRate  float64 // connections a second and address; 50
	ConnectBurst int     // 400
	Opening      int     // connections of an address that have not sent a request's head; 512
	LinkRate     float64 // codes for linking that an address may try a second; 0.1
	LinkBurst    int     // 20

	Connections int // that an account may have at once; 32
	Sockets     int // at once, in all; 20000
	Queue       int // bytes that may wait to be written to a connection; 8 MiB

	welcome int           // bytes of conversations in a welcome; tests have less
	part    int64         // bytes of a part of a file in a bucket; tests have less
	link    time.Duration // how long a code for linking is good; tests have less

	Unfinished   time.Duration // how long an upload may stand still before it is removed; 24 h
	Unreferenced time.Duration // how long a file may be given to nobody; 7 days
	Sweep        time.Duration // how often files are looked through; 1 h
	Drain        time.Duration // how long requests may take to end when the relay stops; 10 s
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		field *float64
		value float64
	}{{&l.FrameRate, 2000}, {&l.RequestRate, 100}, {&l.ConnectRate, 50}, {&l.LinkRate, 0.1}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *int
		value int
	}{{&l.FrameBurst, 4000}, {&l.RequestBurst, 400}, {&l.ConnectBurst, 400}, {&l.LinkBurst, 20}, {&l.Opening, 512}, {&l.Connections, 32}, {&l.Sockets, 20000}, {&l.Queue, 8 << 20}, {&l.welcome, welcomeBytes}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	for _, d := range []struct {
		field *time.Duration
		value time.Duration
	}{{&l.Unfinished, 24 * time.Hour}, {&l.Unreferenced, 7 * 24 * time.Hour}, {&l.Sweep, time.Hour}, {&l.Drain, 10 * time.Second}, {&l.link, wire.LinkExpires}} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if l.part <= 0 {
		l.part = 8 << 20
	}
	return l
}

// gates are the token buckets by address and by account.
type gates struct {
	addresses, accounts, links buckets
}

func (g *gates) init(l Limits) {
	g.addresses = buckets{limit: rate.Limit(l.ConnectRate), burst: l.ConnectBurst, all: map[string]*rate.Limiter{}}
	g.links = buckets{limit: rate.Limit(l.LinkRate), burst: l.LinkBurst, all: map[string]*rate.Limiter{}}
	g.accounts = buckets{limit: rate.Limit(l.RequestRate), burst: l.RequestBurst, all: map[string]*rate.Limiter{}}
}

// maxBuckets is how many buckets are kept before the full ones are dropped.
const maxBuckets = 10000

type buckets struct {
	mu    sync.Mutex
	limit rate.Limit
	burst int
	all   map[string]*rate.Limiter
}

func (b *buckets) allow(key string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	l, ok := b.all[key]
	if !ok {
		if len(b.all) >= maxBuckets {
			// A full bucket is as good as a new one.
			for k, other := range b.all {
				if other.Tokens() >= float64(b.burst) {
					delete(b.all, k)
				}
			}
		}
		l = rate.NewLimiter(b.limit, b.burst)
		b.all[key] = l
	}
	return l.Allow()
}

// address is who a request is counted for: a host, and of IPv6 the network,
// because a host has as many addresses there as it likes.
func address(req *http.Request) string { return hostOf(req.RemoteAddr) }

func hostOf(remote string) string {
	host, _, err := net.SplitHostPort(remote)
	if err != nil {
		return remote
	}
	ip := net.ParseIP(host)
	if ip == nil || ip.To4() != nil {
		return host
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}
