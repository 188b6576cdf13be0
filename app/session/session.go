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
	"satchel/net/seal"
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
	Workers int          // transfers at a time; 0: as the settings say

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

	handlers *transfer.Registry
	sending  sending
	batches  batches
	storing  sync.Mutex    // one change of stores and secrets at a time
	chores   chan struct{} // capacity 1: see house
	fresh    time.Duration // freshFor, and
	tidyRest time.Duration // tidyEvery, but in tests

	vanishing chan struct{} // capacity 1: see vanish
	ahead     atomic.Int64  // how far the relay's clock is ahead of ours, in nanoseconds

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

	mu      sync.Mutex // guards what follows, but state
	who     Profile
	id      *identity
	relay   storage.Profile
	conn    chat.ConnectionChanged
	synced  bool
	people  map[chat.AccountID]chat.Presence
	lengths map[chat.AccountID]uint64 // how long the relay says that an account's chain is
	stores  storesKept

	state state // the loop's own
}

// state is what only the loop touches, beside what is on disk.
type state struct {
	online   bool
	outbox   outbox
	sync     fetcher
	marks    map[chat.ConversationID]*markState
	typed    map[chat.ConversationID]time.Time
	tell     []chan struct{} // see Told
	waiting  waiting
	settings settings
	fetched  fetchedMarks
	holes    map[chat.ConversationID]bool // looked at soon, see watchHoles
	restored bool                         // that the relay lost something was said
}

// Profile is who uses this device, and where.
type Profile struct {
	Dir       string
	Joined    bool
	Account   chat.Account
	Device    chat.DeviceID
	RelayURL  string
	RelayName string
	MaxFile   int64 // bytes that a file may have before it is sealed; 0: not known

	EditWindow time.Duration // in which a message may be changed after it was sent; 0: always

	Secret string // where the device's secret lies: "keyring", "file", or "" before the first Join
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
		handlers: transfer.NewRegistry("tus"), chores: make(chan struct{}, 1), fresh: freshFor, tidyRest: tidyEvery,
		vanishing: make(chan struct{}, 1), again: make(chan struct{}, 1), people: map[chat.AccountID]chat.Presence{}, lengths: map[chat.AccountID]uint64{}}
	s.state = state{outbox: newOutbox(), sync: newFetcher(), marks: map[chat.ConversationID]*markState{},
		typed: map[chat.ConversationID]time.Time{}, waiting: newWaiting(), settings: newSettings(), fetched: newFetchedMarks(), holes: map[chat.ConversationID]bool{}}
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
	if err := s.openStores(); err != nil {
		db.Close()
		return nil, err
	}
	if err := s.openClock(); err != nil {
		db.Close()
		return nil, err
	}
	go s.loop()
	// What was due while this device was off is not shown once more.
	if _, err := s.vanishDue(s.ctx); err != nil {
		s.log.Error("messages that are to disappear are still here", "error", err)
	}
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
	group.Go(func() error { return s.house(ctx) })
	group.Go(func() error { return s.vanish(ctx) })
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
	s.who.RelayURL, s.who.RelayName, s.who.MaxFile = p.RelayURL, p.RelayName, mostPlain(p.MaxFile)
	s.who.EditWindow = time.Duration(p.EditWindow) * time.Second
	if s.id != nil {
		s.who.Secret = s.id.kept
	}
}

// mostPlain is how large a file may be whose sealed form a relay with this limit takes.
func mostPlain(limit int64) int64 {
	chunk := seal.SealedSize(seal.ChunkSize)
	return limit/chunk*seal.ChunkSize + max(0, limit%chunk-(chunk-seal.ChunkSize))
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
