package relay

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/gofrs/flock"

	"satchel/net/priority"
	"satchel/net/relay/store"
	"satchel/net/socket"
	"satchel/net/wire"
)

// ErrInUse: another process serves this folder.
var ErrInUse = errors.New("another relay is already serving this folder; stop it first, or choose another folder")

// Relay is an open relay.
type Relay struct {
	config   Config
	limits   Limits
	log      *slog.Logger
	key      ed25519.PrivateKey
	lock     *flock.Flock
	store    *store.Store
	restored bool // it was put back from a backup once: members bring what it lost
	listener net.Listener
	url      string
	hub      hub
	bus      bus
	order    order
	missed   chan struct{} // news may not have come
	people   people
	members  members
	chains   chains
	staged   staged

	mailboxes mailboxes
	visits    visits
	gates     gates
	uploads   *uploads
	words     priority.Gate // messages go before files
	sockets   sockets
	opening   opening
	requests  gate // HTTP requests
	closing   sync.Once
	closed    error
	metrics   *metrics
	numbers   net.Listener // for metrics; nil: none
	authority Authority    // for acme:NAME; else nil
	barred    string       // what the store said last of who is shut out; guard's
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
	if err := r.takeFolder(); err != nil {
		return nil, err
	}
	if r.store, err = store.Open(c.database()); err != nil {
		return nil, err
	}
	r.metrics = newMetrics(r)
	if r.restored, err = r.store.WentOn(); err != nil {
		return nil, err
	}
	if r.key, err = loadKey(c, r.store); err != nil {
		return nil, err
	}
	if r.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, fmt.Errorf("the relay can't listen on %s: %w", c.Listen, err)
	}
	r.listener = socket.Listener{Listener: r.listener}
	if c.Metrics != "" {
		if r.numbers, err = net.Listen("tcp", c.Metrics); err != nil {
			return nil, fmt.Errorf("the relay can't serve its metrics on %s: %w", c.Metrics, err)
		}
	}
	if err := r.secure(); err != nil {
		return nil, err
	}
	r.url = strings.TrimRight(c.PublicURL, "/")
	if r.url == "" {
		r.url = r.ownURL()
	}
	if r.uploads, err = newUploads(r); err != nil {
		return nil, err
	}
	r.hub.init()
	r.order.init(r)
	r.people.init()
	r.members.init()
	r.chains.init()
	r.staged.init()
	r.mailboxes.init()
	r.visits.init()
	r.gates.init(r.limits)
	r.opening.init(r.limits.Opening)
	r.missed = make(chan struct{}, 1)
	r.bus, err = openBus(c.Bus, r.Key(), wire.NewID(), r.take, r.miss, func(err error) { r.log.Warn("bus", "error", err) })
	if err != nil {
		return nil, err
	}
	// For an invitation that another process makes.
	if err := r.store.SetValue(urlValue, r.url); err != nil {
		return nil, fmt.Errorf("the relay can't write to its database: %w", err)
	}
	return r, nil
}

// takeFolder makes the relay's folder and locks it, so that no other process
// serves it, unless its processes share what is elsewhere.
func (r *Relay) takeFolder() error {
	c := r.config
	if store.IsPostgres(c.Database) && c.Files != "" {
		return nil // what is in Dir beside it is not this process's alone
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("the relay's folder can't be made: %w", err)
	}
	r.lock = flock.New(filepath.Join(c.Dir, "relay.lock"), flock.SetPermissions(0o600))
	switch locked, err := r.lock.TryLock(); {
	case err != nil:
		return fmt.Errorf("the relay's folder can't be locked: %w", err)
	case !locked:
		return ErrInUse
	}
	return nil
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

// About says in lines, without secrets, what an open relay works with. It fails
// when what a certificate comes from can't be reached.
func (r *Relay) About(ctx context.Context) (string, error) {
	secured := "off"
	switch {
	case r.authority != nil:
		about, err := r.authority.About(ctx)
		if err != nil {
			return "", err
		}
		secured = about
	case r.scheme() == "https":
		secured = "by a certificate that the relay's own key signs; invitations carry that key"
	}
	if r.scheme() == "http" && strings.HasPrefix(r.url, "https:") {
		secured = "off; what is in front of the relay has it"
	}
	others := "none; this is the only relay"
	if !r.bus.alone() {
		others = "by NATS at " + withoutSecret(r.config.Bus)
	}
	numbers := "none"
	if r.numbers != nil {
		numbers = r.MetricsURL()
	}
	return fmt.Sprintf("listens on    %s\npublic URL    %s\nTLS           %s\nidentity      %s\ndatabase      %s\nfiles         %s\nother relays  %s\nmetrics       %s\nlargest file  %s\nquota         %s\nretention     %s\n",
		r.listener.Addr(), r.url, secured, r.Key(), r.store.About(), r.uploads.keeper.about(), others, numbers,
		humanize.IBytes(uint64(r.config.MaxFile)), quotaWords(r.config.Quota), r.config.Retention.words()), nil
}

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
		ErrorLog:          r.debugLog(),
		ConnState:         r.opening.watch,
		ConnContext:       withSocket,
	}
	sweeping, stopSweeping := context.WithCancel(ctx)
	swept := make(chan struct{})
	go func() { defer close(swept); r.background(sweeping) }()
	stopMetrics := r.serveMetrics()
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
	stopMetrics()
	return errors.Join(failed, r.Close())
}

// debugLog takes what net/http says.
func (r *Relay) debugLog() *log.Logger { return slog.NewLogLogger(r.log.Handler(), slog.LevelDebug) }

// background is what runs beside the answering.
func (r *Relay) background(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { r.sweep(ctx) })
	all.Go(func() { r.guard(ctx) })
	all.Go(func() { r.vanish(ctx) })
	if r.authority != nil {
		all.Go(func() {
			if err := r.authority.Run(ctx); err != nil && ctx.Err() == nil {
				r.log.Error("no certificate", "error", err)
			}
		})
	}
	if !r.bus.alone() {
		all.Go(func() { r.attend(ctx) })
		all.Go(func() { r.watch(ctx) })
	}
	all.Wait()
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
		if r.numbers != nil {
			if err := r.numbers.Close(); !errors.Is(err, net.ErrClosed) {
				errs = append(errs, err)
			}
		}
		if r.bus != nil {
			r.bus.close()
		}
		if r.uploads != nil {
			errs = append(errs, r.uploads.keeper.close())
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
			r.refuse(w, http.StatusServiceUnavailable, errShuttingDown)
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
