package app

import (
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
	"unicode"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"satchel/app/session"
	"satchel/app/session/command"
	"satchel/app/system"
	"satchel/chat"
	"satchel/widgets"
)

// Relay is a relay that runs inside the program.
type Relay interface {
	URL() string
	Invite(ctx context.Context, uses int, expires time.Duration) (link string, err error)
	Close() error
}

// Config is what main gives the shell.
type Config struct {
	Dir    string   // the profile's folder
	Name   string   // a name for the welcome; with it alone, a new profile starts here at once
	Join   string   // an invitation; with a name, a new profile joins at once
	Open   []string // what to show: links satchel://… and paths of files to send
	Hidden bool     // in the tray at first, where there is one; what is open already stays as it is
	Logger *slog.Logger

	// OwnRelay tells that this profile has a relay of its own: it is started
	// before the session connects.
	OwnRelay bool
	// StartRelay starts it; where there is none yet it is made, and named after
	// its owner. The shell closes it.
	StartRelay func(ctx context.Context, owner string) (Relay, error)
	// RelayPlace tells where that relay listens (HOST:PORT) and whether it is to
	// run; KeepRelay changes it, for the next StartRelay and the next start.
	RelayPlace func() (listen string, on bool)
	KeepRelay  func(listen string, on bool) error

	RelayFiles []string // what that relay keeps in the profile's folder, by name

	Profiles string                     // the folder that profiles lie in
	Another  func(args ...string) error // starts the program once more, with these arguments

	// Preview looks into a file: its type, a picture's size and thumbnail, and what
	// the picture says of how it was taken.
	Preview func(ctx context.Context, path string) (chat.File, chat.PictureFacts, error)
	// Picture decodes a picture to fit into w by h pixels; Large does for one that
	// somebody opened, and may take longer. Frames are those of a GIF that moves.
	Picture func(ctx context.Context, path string, w, h int) (image.Image, error)
	Large   func(ctx context.Context, path string, w, h int) (image.Image, error)
	Frames  func(ctx context.Context, path string, w, h int) ([]image.Image, []time.Duration, error)
	// Face makes a picture somebody's own: square and small.
	Face func(ctx context.Context, path string) ([]byte, error)

	// Map makes the picture of a map around a place, of what a map server has: see
	// transfer/tiles for its errors.
	Map func(ctx context.Context, from chat.MapServer, lat, lon float64) ([]byte, error)

	// Sound decodes a sound from a time on.
	Sound func(ctx context.Context, path string, from time.Duration) (samples Samples, rate, channels int, err error)

	SaveCopy func(ctx context.Context, src, dir, name string) (path string, err error) // never overwrites

	RecoveryWork int // as in session.Options

	// Do runs a function on the screen's goroutine, later and in order. nil: fyne.Do.
	Do func(func())
	// Quit ends Fyne's loop; nil for Fyne's own.
	Quit func()
}

// App is the running shell.
type App struct {
	cfg     Config
	log     *slog.Logger
	fyne    fyne.App
	session *session.Session
	ctx     context.Context
	cancel  context.CancelFunc
	wg      sync.WaitGroup
	starts  sync.Mutex // held while something is added to wg
	waited  bool       // Close waits for wg: nothing is added
	orders  *queue
	once    sync.Once
	ended   atomic.Bool // nothing is drawn any more

	relayMu  sync.Mutex
	relay    Relay
	relayOff bool // it was turned off, and is not to be started

	notifier *system.Notifier
	told     toldOf                // by the notifier, of late; the screen's
	several  bool                  // there are other accounts on this computer; the screen's
	stands   atomic.Pointer[place] // where the window stands; nil: not known

	// The screen's: touched on Fyne's goroutine only.
	window   fyne.Window
	tips     *widgets.Tips
	tray     *tray                // nil: this desktop has none
	paused   []chat.TransferID    // by the tray, to go on with
	waiting  []string             // files to send, until a conversation is open
	welcome  *widgets.Welcome     // nil: joined
	main     *mainScreen          // nil: not joined yet
	sheet    *openSheet           // nil: none
	picker   *widgets.EmojiPicker // nil: none
	viewer   *viewer              // nil: none
	dialog   *dialog.FileDialog   // nil: none of Fyne's
	found    found
	archive  bool // the list shows what is archived
	settings settings
	focused  bool
	hidden   bool // in the tray
	keyboard keyboard
	placed   bool // the window was shown, and stands where it did before
	erases   bool // at its end the account goes from this computer

	tellsUnread bool // in a moment

	cameBy  string              // the link to a group by which this account began, until it is shown
	comesTo chat.ConversationID // the group that somebody waits to be let into
	model   model

	listening *listening                   // the sound that plays; nil: none
	heard     map[messageKey]widgets.Heard // of sounds that were begun
	playSoon  map[messageKey]float64       // sounds that are fetched to be played, from a second on
	voices    map[chat.ConversationID]*recording

	scaleBefore float32 // what Fyne's scale was without ours
	state       *stateWriter
}

// ErrRaised tells that the profile has a window already, which was brought to the
// front and got what was to be shown.
var ErrRaised = errors.New("this profile has a window already")

// New opens the profile and makes the window. The error is a sentence, or ErrRaised.
func New(f fyne.App, cfg Config) (*App, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Quit == nil {
		cfg.Quit = f.Quit
	}
	if cfg.Do == nil {
		cfg.Do = fyne.Do
	}
	s, err := command.Open(context.Background(), session.Options{Dir: cfg.Dir, Logger: cfg.Logger, Client: "Satchel", RecoveryWork: cfg.RecoveryWork})
	if errors.Is(err, session.ErrInUse) && (cfg.Hidden && len(cfg.Open) == 0 || command.Raise(cfg.Dir, cfg.Open)) {
		return nil, ErrRaised
	} else if err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, log: cfg.Logger, fyne: f, session: s, orders: newQueue(), focused: true,
		heard: map[messageKey]widgets.Heard{}, playSoon: map[messageKey]float64{}, voices: map[chat.ConversationID]*recording{}}
	if dir, err := filepath.Abs(cfg.Dir); err == nil {
		a.cfg.Dir = dir
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	a.settings = loadSettings(cfg.Dir)
	a.dress()
	a.model.init()
	a.openWindow()
	return a, nil
}

// Start shows the window and sets everything going.
func (a *App) Start() {
	a.startNotifier()
	a.startTray()
	a.wg.Go(func() { a.orders.run() })
	a.wg.Go(a.observe)
	a.wg.Go(a.connect)
	a.wg.Go(func() { a.watchDrags(func(over bool, x, y int) { a.ui(func() { a.hover(over, a.placeOf(x, y)) }) }) })
	a.wg.Go(func() {
		raised := func(args []string) {
			a.ui(func() {
				a.raise()
				a.take(args)
			})
		}
		if err := command.Serve(a.ctx, a.session, raised); err != nil && a.ctx.Err() == nil {
			a.log.Warn("satchelctl can't reach this profile", "error", err)
		}
	})
	if a.session.Profile().Joined {
		a.showMain()
	} else {
		a.showWelcome()
	}
	if a.cfg.Hidden && a.tray != nil && len(a.cfg.Open) == 0 {
		a.hidden = true
		a.setFocused(false)
		a.awaitTray()
	} else {
		a.showWindow()
	}
	a.take(a.cfg.Open)
}

// connect starts the relay of this profile, if it has one, and then keeps the
// session connected until the end.
func (a *App) connect() {
	if a.cfg.OwnRelay {
		on := true
		if a.cfg.RelayPlace != nil {
			_, on = a.cfg.RelayPlace()
		}
		if on {
			a.keepRelay()
		} else {
			a.stopRelay()
		}
	}
	if err := a.session.Run(a.ctx); err != nil && a.ctx.Err() == nil {
		a.log.Error("the session ended", "error", err)
		a.ui(func() { a.notice(sentence(err)) })
	}
}

// errRelayOff ends attempts to start a relay that was turned off meanwhile.
var errRelayOff = errors.New("the relay on this computer is turned off")

// keepRelay starts the relay; when that fails it says so once, and tries again
// until it works or the program ends.
func (a *App) keepRelay() {
	err := a.bringRelay()
	if err == nil || a.ctx.Err() != nil {
		return
	}
	a.log.Warn("the relay in this program did not start", "error", err)
	a.ui(func() { a.notice(sentence(err)) })
	a.wg.Go(func() {
		again := time.NewTicker(5 * time.Second)
		defer again.Stop()
		for {
			select {
			case <-a.ctx.Done():
				return
			case <-again.C:
				switch err := a.bringRelay(); {
				case errors.Is(err, errRelayOff):
					return
				case err == nil:
					a.session.Kick()
					return
				}
			}
		}
	})
}

// bringRelay starts the relay, and tells the session where it is now.
func (a *App) bringRelay() error {
	r, err := a.ownRelay(a.ctx, "")
	if err != nil {
		return err
	}
	p := a.session.Profile()
	if !p.Joined || p.RelayURL == r.URL() {
		return nil
	}
	// An invitation moves the profile, unless it belongs to another relay by now.
	link, err := r.Invite(a.ctx, 1, ownInvite)
	if err == nil {
		err = a.session.Join(a.ctx, link, p.Account.Name)
	}
	if err != nil {
		a.log.Info("the relay in this program is not the one of this profile", "error", err)
	}
	return nil
}

// ownRelay returns the relay of this program, and starts it where it does not run yet.
func (a *App) ownRelay(ctx context.Context, owner string) (Relay, error) {
	a.relayMu.Lock()
	defer a.relayMu.Unlock()
	if a.relay != nil {
		return a.relay, nil
	}
	if a.relayOff {
		return nil, errRelayOff
	}
	if a.cfg.StartRelay == nil {
		return nil, errors.New("this program has no relay of its own")
	}
	r, err := a.cfg.StartRelay(ctx, owner)
	if err == nil {
		a.relay = r
	}
	return r, err
}

// Close ends everything and waits for it; what was being carried goes on at the
// next start. It may be called from any goroutine but the screen's, once the
// window is gone or will not be drawn again.
func (a *App) Close() error {
	var err error
	a.once.Do(func() {
		a.ended.Store(true)
		a.orders.close() // what the person did is done first
		a.cancel()
		err = a.session.Close()
		a.starts.Lock()
		a.waited = true
		a.starts.Unlock()
		a.wg.Wait()
		if a.notifier != nil {
			a.notifier.Close()
		}
		if a.relay != nil {
			err = errors.Join(err, a.relay.Close())
		}
		if a.erases {
			err = errors.Join(err, a.erase())
		}
		a.state.close()
		if a.tips != nil {
			a.tips.Pop()
		}
		if a.main != nil {
			a.main.pane.timeline.Close()
		}
		widgets.SetHost(a.window.Canvas(), widgets.Host{})
	})
	return err
}

// ui runs f on the screen's goroutine.
func (a *App) ui(f func()) {
	a.cfg.Do(func() {
		if a.ended.Load() {
			return
		}
		f()
		a.keepKeyboard()
		a.publish()
	})
}

// joined runs f on a goroutine that Close waits for; not at all once it does.
func (a *App) joined(f func()) {
	a.starts.Lock()
	defer a.starts.Unlock()
	if !a.waited {
		a.wg.Go(f)
	}
}

// work runs f beside the screen; the function that it returns, if any, runs on
// the screen's goroutine afterwards.
func (a *App) work(f func(context.Context) func()) {
	if a.ctx.Err() != nil {
		return
	}
	a.joined(func() {
		if then := f(a.ctx); then != nil && a.ctx.Err() == nil {
			a.ui(then)
		}
	})
}

// inOrder is work that keeps the order in which it was asked for.
func (a *App) inOrder(f func(context.Context) func()) {
	a.orders.add(func() {
		if then := f(a.ctx); then != nil {
			a.ui(then)
		}
	})
}

// queue runs functions one after the other. It has no bound: what a person
// does is slow.
type queue struct {
	mu     sync.Mutex
	wake   *sync.Cond
	jobs   []func()
	closed bool
	idle   chan struct{}
}

func newQueue() *queue {
	q := &queue{idle: make(chan struct{})}
	q.wake = sync.NewCond(&q.mu)
	return q
}

func (q *queue) add(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.jobs = append(q.jobs, f)
		q.wake.Signal()
	}
}

func (q *queue) run() {
	defer close(q.idle)
	for {
		q.mu.Lock()
		for len(q.jobs) == 0 && !q.closed {
			q.wake.Wait()
		}
		if len(q.jobs) == 0 {
			q.mu.Unlock()
			return
		}
		job := q.jobs[0]
		q.jobs = q.jobs[1:]
		q.mu.Unlock()
		job()
	}
}

// close lets what is there finish and waits for it, for a few seconds at most.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.wake.Signal()
	q.mu.Unlock()
	select {
	case <-q.idle:
	case <-time.After(5 * time.Second):
	}
}

// sentence is an error as a person reads it, in the window's language.
func sentence(err error) string { return told(sentenced(fmt.Sprint(err))) }

// sentenced gives words a capital and a full stop.
func sentenced(words string) string {
	text := []rune(words)
	if len(text) == 0 {
		return ""
	}
	text[0] = unicode.ToUpper(text[0])
	switch text[len(text)-1] {
	case '.', '!', '?', '…':
		return string(text)
	}
	return string(text) + "."
}
