package transfer

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"satchel/chat"
	"satchel/net/priority"
)

// Journal is the durable queue. Its functions are called from the engine's
// goroutines, for one transfer never at the same time.
type Journal interface {
	// Load returns the transfers that have not ended.
	Load() ([]chat.Transfer, error)
	// Save is durable on return. What an upload that is done means for its
	// message is committed with it. A transfer is saved where it comes to rest;
	// the states under way, and progress, are not: resume asks the store.
	Save(chat.Transfer) error
	// SaveAll is Save for several, all or none of them.
	SaveAll([]chat.Transfer) error
}

// Config is what an engine needs. Zero values of the lower half mean the defaults.
type Config struct {
	Journal  Journal
	Handlers *Registry
	Folder   string // where received files lie: Folder/aa/<sha256>/<name>
	// Changed is told of every change of state at once, after it was saved, and
	// of progress at most ten times a second a transfer.
	Changed func(chat.Transfer)
	Logger  *slog.Logger
	// Earlier finds an upload of the same bytes to the same store that may still be
	// there; nil: there is none. sum reads the file and returns its SHA-256. An error
	// has the upload wait, or fail, as one of an attempt does: for another upload of
	// the file that is under way, say. Gone is told that what Earlier found is not
	// there any more. Attempts call both; nil: nothing is remembered.
	Earlier func(t chat.Transfer, sum func() (string, error)) (*Stored, error)
	Gone    func(chat.Transfer, Stored)
	// Renew gets a new link for a download whose link has expired, or says in an
	// *Error what it waits for; nil: nobody can. Attempts call it.
	Renew func(context.Context, chat.Transfer) (url string, err error)
	// Before is the folder that was sent before from the same place to the same
	// conversation, and by which message: what did not change since need not go again.
	// Lies tells where the folder of an earlier message lies on this computer, for what
	// is in it need not be fetched again. Attempts call both; nil: there is none.
	Before func(chat.Transfer) (chat.File, chat.MessageID, bool)
	Lies   func(chat.ConversationID, chat.MessageID) (path string, f chat.File, ok bool)
	// Words is where bytes wait for messages; nil: they wait nowhere.
	Words *priority.Gate

	Limits     Limits        // what it begins with, see SetLimits
	Small      int64         // bytes up to which a file is in the fast lane; 0: 8 MiB
	Stall      time.Duration // an attempt without a byte for so long ends; 0: 60 s
	RetryFirst time.Duration // 0: 1 s, doubling
	RetryMax   time.Duration // 0: 5 min
}

// Engine moves files. Make one with New.
type Engine struct {
	cfg Config
	log *slog.Logger

	mu      sync.Mutex
	entries map[chat.TransferID]*entry // all that have not ended
	of      map[messageKey]*entry      // the same, by message
	inbox   []*entry                   // for the loop to look at
	asked   []func()                   // for the loop to do
	resume  bool                       // for the loop: what waits shall go on
	offline bool
	epoch   int // how often it was said that the relay can be reached
	started bool
	running context.Context               // Run's; set before anything else runs
	drops   []func(context.Context) error // uploads to be taken back

	wake     chan struct{} // 1 deep: the inbox has something
	attempts sync.WaitGroup
	naming   sync.Mutex // one verified file is given its name at a time
	caps     caps
	room     room

	// Owned by the loop.
	lanes lanes
	seen  []*entry // that are on the screen
	alarm alarm
}

// entry is one transfer that has not ended. Its owner (see the package) writes
// t under the engine's lock; the owner alone may read it without.
type entry struct {
	t      chat.Transfer
	wants  []chat.TransferEvent    // of the person, not yet carried out
	held   bool                    // an attempt owns it
	back   bool                    // the attempt is over, the loop has not looked yet
	cancel context.CancelCauseFunc // ends the attempt
	meter  *meter                  // of the attempt
	nudged bool                    // it was to go on while it did: should it come to wait, it does not

	// Owned like t.
	epoch      int       // the engine's when the attempt began
	ticket     int       // counts places in lanes and alarms, so that old ones are void
	retryAfter time.Time // waiting: when to go on; zero: when online
	firm       bool      // waiting: the other end named the time, being online does not shorten it
	outcome    *Error    // of the last attempt; nil: it met no error of its own
	mismatches int       // how often what arrived was not what was sent
	fresh      bool      // upload: what the store has is wrong
	looked     bool      // upload: Preview has seen the file
	seen       bool      // it is on the screen; the loop's
	host       string    // of the attempt's worker, see lanes; the loop's
	sealing    *sealing  // upload: its sealed form, kept between attempts
	plan       *plan     // upload of a folder: what goes, kept between attempts
	got        []bool    // download of a folder: what was found to be here, by its place in the list
}

// New returns an engine. Transfers may be added before it runs.
func New(cfg Config) *Engine {
	def := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&cfg.Stall, 60*time.Second)
	def(&cfg.RetryFirst, time.Second)
	def(&cfg.RetryMax, 5*time.Minute)
	if cfg.Small <= 0 {
		cfg.Small = 8 << 20
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Changed == nil {
		cfg.Changed = func(chat.Transfer) {}
	}
	e := &Engine{cfg: cfg, log: cfg.Logger, entries: map[chat.TransferID]*entry{}, of: map[messageKey]*entry{}, wake: make(chan struct{}, 1),
		lanes: newLanes(cfg.Limits.workers(), cfg.Small)}
	e.caps.set(cfg.Limits)
	return e
}

// Run moves what is queued until ctx ends; then it interrupts what is under
// way and returns when all its goroutines are gone. What was under way goes on
// in the next run. It returns an error when the journal can't be read.
func (e *Engine) Run(ctx context.Context) error {
	e.mu.Lock()
	if e.started {
		e.mu.Unlock()
		return errors.New("transfer: Run was called twice")
	}
	e.started, e.running = true, ctx
	e.mu.Unlock()

	loaded, err := e.cfg.Journal.Load()
	if err != nil {
		return fmt.Errorf("transfer: read the journal: %w", err)
	}
	slices.SortStableFunc(loaded, func(a, b chat.Transfer) int { return a.Created.Compare(b.Created) })
	for _, t := range loaded {
		if t.State.Ended() {
			continue
		}
		before := t.State
		next, ok := before.Next(chat.EventRestart)
		if !ok {
			e.log.Error("transfer of an unknown state in the journal", "transfer", t.ID, "state", before)
			continue
		}
		t.State = next
		if next == chat.TransferQueued {
			t.Reason = ""
		}
		if e.add(t) && next != before {
			e.cfg.Changed(t)
		}
	}
	e.sweepParts()

	e.loop(ctx)
	e.attempts.Wait()
	e.cfg.Handlers.closeIdle()
	return nil
}

// Add takes a transfer that the journal has already as queued. One that is
// known is ignored.
func (e *Engine) Add(t chat.Transfer) { e.add(t) }

func (e *Engine) add(t chat.Transfer) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if _, known := e.entries[t.ID]; known || t.State.Ended() {
		return false
	}
	en := &entry{t: t}
	e.entries[t.ID] = en
	e.of[messageKey{t.Conversation, t.Message}] = en
	e.post(en)
	return true
}

// post hands an entry to the loop. The lock is held.
func (e *Engine) post(en *entry) {
	e.inbox = append(e.inbox, en)
	e.poke()
}

func (e *Engine) poke() {
	select {
	case e.wake <- struct{}{}:
	default:
	}
}

// Pause stops a transfer until Resume. What was moved stays.
func (e *Engine) Pause(id chat.TransferID) error { return e.want(id, chat.EventPause) }

// Resume goes on with one that is paused, waits, or failed. What is under way and
// comes to wait for a reason of before goes on, too.
func (e *Engine) Resume(id chat.TransferID) error { return e.want(id, chat.EventResume) }

// Cancel ends a transfer for good and drops what was moved.
func (e *Engine) Cancel(id chat.TransferID) error { return e.want(id, chat.EventCancel) }

// want asks for an event of the person's. It is judged by where the transfer
// will stand once what was asked before is carried out.
func (e *Engine) want(id chat.TransferID, ev chat.TransferEvent) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	en, ok := e.entries[id]
	if !ok {
		return ErrUnknown
	}
	state := en.wanted()
	switch {
	case ev == chat.EventPause && state == chat.TransferPaused,
		ev == chat.EventCancel && state == chat.TransferCancelled,
		ev == chat.EventResume && (state == chat.TransferQueued || state.Active()):
		en.nudged = ev == chat.EventResume || en.nudged
		return nil // it is so already
	}
	if _, ok := state.Next(ev); !ok {
		return ErrNotNow
	}
	en.wants = append(en.wants, ev)
	if en.held {
		en.cancel(errInterrupted)
	} else {
		e.post(en)
	}
	return nil
}

// wanted is where a transfer will stand once what was asked is carried out. The
// engine is locked.
func (en *entry) wanted() chat.TransferState {
	state := en.t.State
	for _, w := range en.wants {
		if next, ok := state.Next(w); ok {
			state = next
		}
	}
	return state
}

// SetOnline says whether the relay can be reached. What is queued waits while
// it can't. True, also repeated, makes everything that waits go on at once,
// and begins anew what hangs on a connection that died. Before the first call
// the engine takes itself to be online.
func (e *Engine) SetOnline(online bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.offline = !online
	if online {
		e.epoch++
	}
	e.resume = true
	e.poke()
}

// step carries out an event: the new state is saved, if save, and then told.
// The caller owns the entry. It returns false, with the reason, when the state
// did not change: the event is impossible (a bug), or it could not be saved.
func (e *Engine) step(en *entry, ev chat.TransferEvent, save bool, change func(*chat.Transfer)) error {
	t := en.t
	next, ok := t.State.Next(ev)
	if !ok {
		e.log.Error("impossible event of a transfer", "transfer", t.ID, "state", t.State, "event", ev)
		return fmt.Errorf("transfer: %v can't %v", t.State, ev)
	}
	t.State, t.Updated, t.Reason, t.Rate, t.Left = next, time.Now(), "", 0, 0
	if change != nil {
		change(&t)
	}
	if save {
		if err := e.cfg.Journal.Save(t); err != nil {
			e.log.Error("transfer not saved", "transfer", t.ID, "state", t.State, "error", err)
			return fmt.Errorf("transfer: save: %w", err)
		}
	}
	e.set(en, t)
	e.cfg.Changed(t)
	return nil
}

// set replaces the transfer of an entry that the caller owns.
func (e *Engine) set(en *entry, t chat.Transfer) {
	e.mu.Lock()
	en.t = t
	e.mu.Unlock()
}
