package relay

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"

	"satchel/net/priority"
	"satchel/net/relay/store"
	"satchel/net/wire"
)

// ErrInUse: another process serves this folder.
var ErrInUse = errors.New("another relay is already serving this folder; stop it first, or choose another folder")

// Config is how a relay is run. Only Dir is needed.
type Config struct {
	Dir       string // everything that the relay keeps
	Listen    string // host:port; "": 127.0.0.1:7465
	PublicURL string // how clients reach it, without a slash at the end; "": made from the address that it listens on
	Name      string // for people; "": Satchel relay
	MaxFile   int64  // bytes; 0: 64 GiB
	Logger    *slog.Logger
	Limits    Limits
}

// Relay is an open relay.
type Relay struct {
	config   Config
	limits   Limits
	log      *slog.Logger
	key      ed25519.PrivateKey
	lock     *flock.Flock
	store    *store.Store
	listener net.Listener
	url      string
	hub      hub
	people   people
	members  members
	chains   chains
	staged   staged

	mailboxes mailboxes
	gates     gates
	uploads   *uploads
	words     priority.Gate // messages go before files
	sockets   sockets
	requests  gate // HTTP requests
	closing   sync.Once
	closed    error
}

// Open takes the folder, opens the database and binds the address. What it
// opened is closed by Serve, or by Close when Serve is not called.
func Open(c Config) (_ *Relay, err error) {
	if c.Listen == "" {
		c.Listen = "127.0.0.1:7465"
	}
	if c.Name == "" {
		c.Name = "Satchel relay"
	}
	if c.MaxFile <= 0 {
		c.MaxFile = 64 << 30
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	r := &Relay{config: c, limits: c.Limits.withDefaults(), log: c.Logger}
	defer func() {
		if err != nil {
			r.Close()
		}
	}()
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("the relay's folder can't be made: %w", err)
	}
	r.lock = flock.New(filepath.Join(c.Dir, "relay.lock"), flock.SetPermissions(0o600))
	switch locked, err := r.lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("the relay's folder can't be locked: %w", err)
	case !locked:
		return nil, ErrInUse
	}
	if r.key, err = loadKey(c.Dir); err != nil {
		return nil, err
	}
	if r.store, err = store.Open(filepath.Join(c.Dir, databaseName)); err != nil {
		return nil, err
	}
	if r.uploads, err = newUploads(r); err != nil {
		return nil, err
	}
	if r.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, fmt.Errorf("the relay can't listen on %s: %w", c.Listen, err)
	}
	r.url = strings.TrimRight(c.PublicURL, "/")
	if r.url == "" {
		r.url = "http://" + reachable(r.listener.Addr().(*net.TCPAddr))
	}
	r.hub.init()
	r.people.init()
	r.members.init()
	r.chains.init()
	r.staged.init()
	r.mailboxes.init()
	r.gates.init(r.limits)
	// For an invitation that another process makes.
	if err := r.store.SetValue(urlValue, r.url); err != nil {
		return nil, fmt.Errorf("the relay can't write to its database: %w", err)
	}
	return r, nil
}

// reachable gives the address that others may use for one that is listened on.
func reachable(a *net.TCPAddr) string {
	ip := a.IP
	if ip.IsUnspecified() {
		ip = net.IPv4(127, 0, 0, 1)
		addresses, _ := net.InterfaceAddrs()
		for _, other := range addresses {
			if n, ok := other.(*net.IPNet); ok && n.IP.To4() != nil && n.IP.IsGlobalUnicast() {
				ip = n.IP
				break
			}
		}
	}
	return net.JoinHostPort(ip.String(), fmt.Sprint(a.Port))
}

// URL is the base URL that clients use, without a slash at the end.
func (r *Relay) URL() string { return r.url }

// Key is the relay's public key, base64url.
func (r *Relay) Key() string { return wire.B64(r.key.Public().(ed25519.PublicKey)) }

// Serve answers until ctx ends. Then it tells all connections, lets requests
// that are under way end within Limits.Drain, closes everything and returns.
func (r *Relay) Serve(ctx context.Context) error {
	server := &http.Server{
		Handler:           r.routes(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(r.log.Handler(), slog.LevelDebug),
	}
	sweeping, stopSweeping := context.WithCancel(ctx)
	swept := make(chan struct{})
	go func() { defer close(swept); r.sweep(sweeping) }()
	served := make(chan error, 1)
	go func() { served <- server.Serve(r.listener) }()
	r.log.Info("relay listens", "url", r.url)

	var failed error
	select {
	case failed = <-served:
	case <-ctx.Done():
	}
	r.log.Info("relay drains")
	r.sockets.drain()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.limits.Drain)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		server.Close() // what is still under way is cut off; clients resume it
	}
	if failed == nil {
		<-served
	}
	stopSweeping()
	<-swept
	ended := make(chan struct{})
	go func() { defer close(ended); r.requests.wait() }()
	select {
	case <-ended:
	case <-drain.Done():
		r.sockets.cut() // who does not read, even now
		<-ended
	}
	return errors.Join(failed, r.Close())
}

// Close gives up what Open took. It is called by Serve at its end, and may be
// called again.
func (r *Relay) Close() error {
	r.closing.Do(func() {
		var errs []error
		if r.listener != nil {
			if err := r.listener.Close(); !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
		if r.store != nil {
			errs = append(errs, r.store.Close())
		}
		if r.lock != nil {
			errs = append(errs, r.lock.Unlock())
		}
		r.closed = errors.Join(errs...)
	})
	return r.closed
}

func (r *Relay) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc(wire.PathSocket, r.serveSocket)
	mux.HandleFunc(wire.PathFiles, r.serveFiles)
	mux.HandleFunc("GET "+wire.PathHealth, r.serveHealth)
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !r.requests.enter() {
			refuse(w, http.StatusServiceUnavailable, errShuttingDown)
			return
		}
		defer r.requests.leave()
		mux.ServeHTTP(w, req)
	})
}

func (r *Relay) serveHealth(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if err := r.store.Ready(); err != nil {
		r.log.Error("store is not ready", "error", err)
		http.Error(w, "The relay can't store anything now.", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}
