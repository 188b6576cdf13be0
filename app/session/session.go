package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
	"golang.org/x/sync/errgroup"

	"satchel/chat"
	"satchel/net/link"
	"satchel/net/priority"
	"satchel/storage"
	"satchel/transfer"
)

// Sentences that callers branch on.
var (
	ErrInUse   = errors.New("another program is using this profile; close it and try again")
	ErrClosed  = errors.New("the messenger is closing")
	ErrOffline = errors.New("the relay can't be reached at the moment; try again when it is")
	ErrNotHere = errors.New("this profile has not joined a relay yet; paste an invitation first")
)

// Options say which profile to open, and how.
type Options struct {
	Dir     string       // the profile's folder; made when it isn't there
	Logger  *slog.Logger // nil: none
	Client  string       // program and version, for the relay's operator
	Workers int          // transfers at a time; 0: 4

	// RecoveryWork is what it costs to try a passphrase on a recovery file, log2;
	// 0: seal.RecoveryWork. Tests that try many make it small.
	RecoveryWork int
}

// Session is an open profile. Open starts its loop, Run connects it, Close ends both.
type Session struct {
	opts   Options
	log    *slog.Logger
	lock   *flock.Flock
	db     *storage.DB
	engine *transfer.Engine
	hub    *hub
	keeper *keeper
	care   *care

	words   priority.Gate // messages go before files
	inbox   chan event
	closing chan struct{} // closed by Close
	done    chan struct{} // closed when the loop is gone
	once    sync.Once
	closed  error

	runs    sync.WaitGroup
	ctx     context.Context // ends with Close
	cancel  context.CancelFunc
	again   chan struct{} // capacity 1: connect now, also after a refusal
	link    atomic.Pointer[link.Link]
	mailbox atomic.Pointer[mailbox] // of the linking that is under way; nil: none

	joining sync.Mutex // one Join at a time

	mu      sync.Mutex // guards who, id, relay, conn, synced, people and lengths
	who     Profile
	id      *identity
	relay   storage.Profile
	conn    chat.ConnectionChanged
	synced  bool
	people  map[chat.AccountID]chat.Presence
	lengths map[chat.AccountID]uint64 // how long the relay says that an account's chain is

	state state // the loop's own
}

// state is what only the loop touches, beside what is on disk.
type state struct {
	online  bool
	outbox  outbox
	sync    fetcher
	marks   map[chat.ConversationID]*markState
	typed   map[chat.ConversationID]time.Time
	tell    []chan struct{} // see Told
	waiting waiting
	holes   map[chat.ConversationID]bool // looked at soon, see watchHoles
}

// Profile is who uses this device, and where.
type Profile struct {
	Dir       string
	Joined    bool
	Account   chat.Account
	Device    chat.DeviceID
	RelayURL  string
	RelayName string
	MaxFile   int64  // bytes; 0: not known
	Secret    string // where the device's secret lies: "keyring", "file", or "" before the first Join
}

// Open opens a profile, which may be new. Its cache can be read and written from
// then on; Run connects. ErrInUse when another program has it.
func Open(opts Options) (*Session, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("open the profile: %w", err)
	}
	opts.Dir = dir
	if err := os.MkdirAll(filepath.Join(dir, "files"), 0o700); err != nil {
		return nil, fmt.Errorf("the profile's folder can't be made: %w", err)
	}
	lock := flock.New(filepath.Join(dir, "lock"), flock.SetPermissions(0o600))
	if got, err := lock.TryLock(); err != nil {
		return nil, fmt.Errorf("lock the profile: %w", err)
	} else if !got {
		return nil, ErrInUse
	}
	s, err := open(opts, lock)
	if err != nil {
		lock.Unlock()
		return nil, err
	}
	return s, nil
}

func open(opts Options, lock *flock.Flock) (*Session, error) {
	id, err := loadIdentity(opts.Dir)
	if err != nil {
		return nil, err
	}
	db, err := storage.Open(filepath.Join(opts.Dir, "cache.db"))
	if errors.Is(err, storage.ErrLocked) {
		return nil, ErrInUse
	} else if err != nil {
		return nil, err
	}
	s := &Session{opts: opts, log: opts.Logger, lock: lock, db: db, hub: newHub(), keeper: newKeeper(), care: newCare(), id: id,
		inbox: make(chan event, 2*most), closing: make(chan struct{}), done: make(chan struct{}),
		again: make(chan struct{}, 1), people: map[chat.AccountID]chat.Presence{}, lengths: map[chat.AccountID]uint64{}}
	s.state = state{outbox: newOutbox(), sync: newFetcher(), marks: map[chat.ConversationID]*markState{},
		typed: map[chat.ConversationID]time.Time{}, waiting: newWaiting(), holes: map[chat.ConversationID]bool{}}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	err = db.View(func(tx *storage.Tx) error {
		p, ok, err := tx.Profile()
		if err == nil && ok {
			s.know(p)
		}
		return err
	})
	if err == nil && s.who.Joined && id == nil {
		err = errors.New("the profile's identity.json is missing: put it back, or join again in a new profile")
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	s.who.Dir = opts.Dir
	if id != nil {
		s.who.Secret = id.kept
	}
	s.engine = s.newEngine()
	go s.loop()
	return s, nil
}

// Run connects and moves files until ctx ends or the session is closed. It
// returns when everything that it started is gone. Run it once.
func (s *Session) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.ctx.Err() != nil {
		s.mu.Unlock()
		return nil
	}
	s.runs.Add(1)
	s.mu.Unlock()
	defer s.runs.Done()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		select {
		case <-s.ctx.Done():
			return errClosing
		case <-ctx.Done():
			return nil
		}
	})
	group.Go(func() error { return s.engine.Run(ctx) })
	group.Go(func() error { return s.index(ctx) })
	group.Go(func() error { return s.connect(ctx) })
	group.Go(func() error { return s.tend(ctx) })
	err := group.Wait()
	if errors.Is(err, errClosing) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// errClosing ends a run because of Close.
var errClosing = errors.New("closing")

// Close ends Run and the loop, waits for both, and closes the profile. Closing
// again does nothing.
func (s *Session) Close() error {
	s.once.Do(func() {
		s.mu.Lock()
		s.cancel()
		s.mu.Unlock()
		s.runs.Wait()
		close(s.closing)
		<-s.done
		s.hub.close()
		s.closed = errors.Join(s.db.Close(), s.lock.Unlock())
	})
	return s.closed
}

// know takes the stored profile into memory.
func (s *Session) know(p storage.Profile) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.relay = p
	s.who.Joined, s.who.Account, s.who.Device = true, p.Account, p.Device
	s.who.RelayURL, s.who.RelayName, s.who.MaxFile = p.RelayURL, p.RelayName, p.MaxFile
	if s.id != nil {
		s.who.Secret = s.id.kept
	}
}

// Profile tells who uses this device; Joined is false before the first Join.
func (s *Session) Profile() Profile {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.who
}

func (s *Session) me() chat.AccountID { return s.Profile().Account.ID }

// Subscribe tells changes from now on, in batches, until the returned function
// is called or the session closes; then the channel is closed. A subscriber that
// is slow holds nobody up: what waits for it is merged (see hub), and messages
// are never left out.
func (s *Session) Subscribe() (<-chan []chat.Change, func()) { return s.hub.subscribe() }

// Connection tells how the connection stands.
func (s *Session) Connection() chat.ConnectionChanged {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn
}

// Presence tells whether somebody is connected, as far as is known.
func (s *Session) Presence(who chat.AccountID) chat.Presence {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.people[who]
	p.Account = who
	return p
}
