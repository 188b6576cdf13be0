package link

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"

	"satchel/net/wire"
)

// Config says where the relay is and who calls.
type Config struct {
	URL    string       // the relay's base URL, http or https
	Key    string       // the relay's public key, base64url, as the invitation pinned it
	Client string       // program and version
	Logger *slog.Logger // nil: none

	// Account is whose device this is, by the account's chain; Device is its
	// public key, and Sign signs with it.
	Account string
	Device  ed25519.PublicKey
	Sign    func(text []byte) []byte

	// Invite, Name and First, the first statement of the account's chain,
	// register account and device; they are empty on every later connection.
	Invite, Name string
	First        []byte

	// MinDelay and MaxDelay bound the pause before the next attempt; 0: 250 ms and 30 s.
	MinDelay, MaxDelay time.Duration
	// Heartbeat and Silence are how often to ping and how long to wait for any
	// sign of life; 0: the protocol's.
	Heartbeat, Silence time.Duration
}

// Event is what happens to a link: Connecting, Up, Received or Down.
type Event interface{ event() }

// Connecting says that an attempt begins.
type Connecting struct{}

// Up says that the relay welcomed us; it is the first event of a connection.
type Up struct{ Welcome *wire.Welcome }

// Received carries a frame that is no answer to a Call.
type Received struct{ Frame wire.Frame }

// Down ends a connection or an attempt. When the failure is final no further
// event follows.
type Down struct{ Failure *Failure }

func (Connecting) event() {}
func (Up) event()         {}
func (Received) event()   {}
func (Down) event()       {}

// Link is a connection that comes back. Make one with New and Run it once.
type Link struct {
	cfg    Config
	log    *slog.Logger
	events chan Event
	kick   chan struct{} // capacity 1: try now
	stop   chan struct{} // closed by Close
	closed sync.Once

	mu   sync.Mutex
	conn *conn // nil while there is no welcomed connection
	next uint64
}

// backlog bounds the events that wait for the session, and the frames that wait
// for the network.
const backlog = 128

// New returns a link that does nothing until it runs.
func New(cfg Config) *Link {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.MinDelay == 0 {
		cfg.MinDelay = 250 * time.Millisecond
	}
	if cfg.MaxDelay == 0 {
		cfg.MaxDelay = 30 * time.Second
	}
	if cfg.Heartbeat == 0 {
		cfg.Heartbeat = wire.HeartbeatEvery
	}
	if cfg.Silence == 0 {
		cfg.Silence = wire.HeartbeatLost
	}
	return &Link{cfg: cfg, log: cfg.Logger, events: make(chan Event, backlog),
		kick: make(chan struct{}, 1), stop: make(chan struct{})}
}

// Events tells what happens, in order. It is closed when Run returns.
func (l *Link) Events() <-chan Event { return l.events }

// Kick makes the next attempt now instead of at the end of the pause.
func (l *Link) Kick() {
	select {
	case l.kick <- struct{}{}:
	default:
	}
}

// Drop ends the connection that stands, if one does; the next attempt follows
// after a pause that grows with every Drop in a row.
func (l *Link) Drop(sentence string) {
	l.mu.Lock()
	c := l.conn
	l.mu.Unlock()
	if c != nil {
		c.drop(&Failure{Sentence: sentence, Err: errDropped})
	}
}

var errDropped = errors.New("dropped by the client")

// Close ends Run. It does not wait for it.
func (l *Link) Close() error {
	l.closed.Do(func() { close(l.stop) })
	return nil
}

// steady is how long a connection must have lasted for the pause before the
// next attempt to be short again: a relay that welcomes and hangs up at once
// must not be called four times a second.
const steady = time.Second

// Run connects, and connects again, until ctx ends, Close is called (nil) or the
// relay refuses for good (a final *Failure). When it returns, everything that it
// started is gone.
func (l *Link) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer close(l.events)
	stopped := make(chan struct{})
	defer func() { <-stopped }()
	defer cancel()
	go func() {
		defer close(stopped)
		select {
		case <-l.stop:
			cancel()
		case <-ctx.Done():
		}
	}()

	pause := &backoff.ExponentialBackOff{InitialInterval: l.cfg.MinDelay, RandomizationFactor: 0.5,
		Multiplier: 2, MaxInterval: l.cfg.MaxDelay}
	pause.Reset()
	for ctx.Err() == nil {
		l.tell(ctx, Connecting{})
		failure, lasted := l.once(ctx)
		if ctx.Err() != nil {
			return nil
		}
		l.log.Info("no connection", "reason", failure.Sentence, "cause", failure.Err, "final", failure.Final)
		l.tell(ctx, Down{failure})
		if failure.Final {
			return failure
		}
		if lasted > steady && !errors.Is(failure, errDropped) {
			pause.Reset()
		}
		timer := time.NewTimer(pause.NextBackOff())
		select {
		case <-timer.C:
		case <-l.kick:
		case <-ctx.Done():
		}
		timer.Stop()
	}
	return nil
}

// once makes one connection and serves it until it ends.
func (l *Link) once(ctx context.Context) (*Failure, time.Duration) {
	socket, welcome, failure := dial(ctx, &l.cfg)
	if failure != nil {
		return failure, 0
	}
	select { // a kick that came while connecting is answered by the connection
	case <-l.kick:
	default:
	}
	c := newConn(socket)
	l.mu.Lock()
	l.conn = c
	l.mu.Unlock()
	began := time.Now()
	l.log.Info("connected", "relay", welcome.Name, "conversations", len(welcome.Conversations))
	l.tell(ctx, Up{welcome})
	failure = c.serve(ctx, l)
	l.mu.Lock()
	l.conn = nil
	l.mu.Unlock()
	c.abandon()
	return failure, time.Since(began)
}

// tell waits until the session took the event, or the link ends.
func (l *Link) tell(ctx context.Context, e Event) {
	select {
	case l.events <- e:
	case <-ctx.Done():
	}
}

// NextID returns an id for a frame that Send sends: its answer comes as a
// Received event that carries it in Re.
func (l *Link) NextID() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next++
	return strconv.FormatUint(l.next, 36)
}

// Send queues a frame for the connection that stands. It never waits. nil means
// that the frame will be written if the connection lives, no more.
func (l *Link) Send(f wire.Frame) error {
	b, err := encode(f)
	if err != nil {
		return err
	}
	l.mu.Lock()
	c := l.conn
	l.mu.Unlock()
	if c == nil {
		return ErrOffline
	}
	select {
	case c.out <- b:
		return nil
	default:
		return ErrBusy
	}
}

// Call sends a request and returns its answer. The error is a *wire.Error when
// the relay said no, ErrOffline without a connection, or ctx's. It fills in the
// frame's id, so a frame is for one Call.
func (l *Link) Call(ctx context.Context, f wire.Frame) (wire.Frame, error) {
	f.Meta().ID = l.NextID()
	b, err := encode(f)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	c := l.conn
	l.mu.Unlock()
	if c == nil {
		return nil, ErrOffline
	}
	answer := c.expect(f.Meta().ID)
	defer c.forget(f.Meta().ID)
	select {
	case c.out <- b:
	case <-c.gone:
		return nil, ErrOffline
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case reply := <-answer:
		if e, ok := reply.(*wire.Error); ok {
			return nil, e
		}
		return reply, nil
	case <-c.gone:
		return nil, ErrOffline
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// encode writes a frame and keeps the protocol's limit, so that the relay never
// has to hang up because of us.
func encode(f wire.Frame) ([]byte, error) {
	b, err := wire.Encode(f)
	if err == nil && len(b) > wire.MaxFrame {
		return nil, wire.NewError(wire.CodeTooLarge, "This is larger than a relay takes.", false)
	}
	return b, err
}

// Register makes one connection, says hello with cfg's Invite and Name, and
// hangs up once welcomed. The error is a *Failure. Registering again with the
// same device is harmless.
func Register(ctx context.Context, cfg Config) (*wire.Welcome, error) {
	socket, welcome, failure := dial(ctx, &cfg)
	if failure != nil {
		return nil, failure
	}
	hangUp(socket)
	return welcome, nil
}

var _ io.Closer = (*Link)(nil)
