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
	"net/url"
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

// Config is how a relay is run. Only Dir is needed, and not even that where
// Database is PostgreSQL and Files is named.
type Config struct {
	Dir       string // everything that the relay keeps, but what is kept elsewhere
	Database  string // sqlite:PATH or postgres://…; "": sqlite in Dir
	Files     string // file:///FOLDER, which relays on one database share; "": in Dir
	Bus       string // local or nats://…, by which relays on one database hear of each other; "": local
	Listen    string // host:port; "": 127.0.0.1:7465
	PublicURL string // how clients reach it, without a slash at the end; "": made from the address that it listens on
	Name      string // for people; "": Satchel relay
	MaxFile   int64  // bytes; 0: 64 GiB

	EditWindow time.Duration // in which clients let a message be edited and deleted; 0: always

	Logger  *slog.Logger
	Metrics string // host:port of the page of numbers; "": none
	Limits  Limits
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
	requests  gate // HTTP requests
	closing   sync.Once
	closed    error
	metrics   *metrics
	numbers   net.Listener // for metrics; nil: none
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
	if r.key, err = loadKey(c, r.store); err != nil {
		return nil, err
	}
	if r.uploads, err = newUploads(r); err != nil {
		return nil, err
	}
	if r.listener, err = net.Listen("tcp", c.Listen); err != nil {
		return nil, fmt.Errorf("the relay can't listen on %s: %w", c.Listen, err)
	}
	if c.Metrics != "" {
		if r.numbers, err = net.Listen("tcp", c.Metrics); err != nil {
			return nil, fmt.Errorf("the relay can't serve its metrics on %s: %w", c.Metrics, err)
		}
	}
	r.url = strings.TrimRight(c.PublicURL, "/")
	if r.url == "" {
		r.url = "http://" + reachable(r.listener.Addr().(*net.TCPAddr))
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
		return nil
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

// database is the one that store.Open takes.
func (c Config) database() string {
	if c.Database != "" {
		return c.Database
	}
	return filepath.Join(c.Dir, databaseName)
}

// files is the folder that uploads lie in.
func (c Config) files() (string, error) {
	if c.Files == "" {
		return filepath.Join(c.Dir, filesName), nil
	}
	u, err := url.Parse(c.Files)
	if err != nil || u.Scheme != "file" || u.Host != "" || !strings.HasPrefix(u.Path, "/") {
		return "", errors.New("files lie in a folder, named like file:///srv/satchel")
	}
	return filepath.FromSlash(u.Path), nil
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

// IsPostgres tells whether a Config.Database is shared by several relays.
func IsPostgres(database string) bool { return store.IsPostgres(database) }

// About says in lines, without secrets, what an open relay works with.
func (r *Relay) About() string {
	others := "none; this is the only relay"
	if !r.bus.alone() {
		others = "by NATS at " + withoutSecret(r.config.Bus)
	}
	numbers := "none"
	if r.numbers != nil {
		numbers = r.MetricsURL()
	}
	free, err := freeSpace(r.uploads.dir)
	room := "free space unknown"
	if err == nil {
		room = fmt.Sprintf("%d MB free", free>>20)
	}
	return fmt.Sprintf("listens on  %s\npublic URL  %s\nidentity    %s\ndatabase    %s\nfiles       %s, %s\nother relays  %s\nmetrics     %s\n",
		r.listener.Addr(), r.url, r.Key(), r.store.About(), r.uploads.dir, room, others, numbers)
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
