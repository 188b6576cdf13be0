package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jezek/xgb"
	"github.com/jezek/xgb/xproto"
	"golang.org/x/sys/unix"

	"satchel/chat"
	"satchel/storage"
)

const (
	startTalks    = 200
	startMessages = 100_000 // in all of them
	startRounds   = 7
	restRounds    = 3
	settles       = 10 * time.Second // before it is measured: the caret of a field blinks for 5 s
	rest          = 10 * time.Second // is measured
	notPainted    = time.Minute
)

// start compares the program, on a cache of 100,000 messages in 200 conversations,
// with an empty Fyne window: time to the first painted pixel, and work. In turn, on
// one X server of its own.
func start(ctx context.Context, dir string) error {
	s, err := newStarter(ctx, dir)
	if err != nil {
		return err
	}
	defer s.close()
	var painted, cost [2][]time.Duration
	var filled []time.Duration
	for round := range startRounds + 1 {
		for i := range s.programs {
			t, err := s.start(ctx, i)
			if err != nil {
				return fmt.Errorf("%s: %w", s.programs[i][0], err)
			}
			if round == 0 {
				continue // files and fonts come from the disk
			}
			painted[i], cost[i] = append(painted[i], t.painted), append(cost[i], t.cost)
			if i == 1 {
				filled = append(filled, t.filled)
			}
		}
	}
	a, b := median(painted[0]), median(painted[1])
	fmt.Printf("start: to a painted window: empty %s, with %d messages in %d conversations %s  %.2f × empty, 1.30 at most; its newest page after %s  %.2f ×\n",
		millis(a), startMessages, startTalks, millis(b), ratio(b, a), millis(median(filled)), ratio(median(filled), a))
	a, b = median(cost[0]), median(cost[1])
	fmt.Printf("start: of processors until then: empty %s, Satchel %s  %.2f × empty\n", millis(a), millis(b), ratio(b, a))
	return nil
}

// rests compares the memory of both and what they use of processors while nothing
// happens, the same time after their start. Their files come from the disk, as after a
// start of the computer: of one that was just built, the system counts all of it as used
// at once.
func rests(ctx context.Context, dir string) error {
	s, err := newStarter(ctx, dir)
	if err != nil {
		return err
	}
	defer s.close()
	for _, p := range s.programs {
		if err := uncached(p[0]); err != nil {
			return err
		}
	}
	var pss, cpu [2][]float64
	for range restRounds {
		for i := range s.programs {
			m, c, err := s.rests(ctx, i)
			if err != nil {
				return fmt.Errorf("%s: %w", s.programs[i][0], err)
			}
			pss[i], cpu[i] = append(pss[i], m), append(cpu[i], c)
		}
	}
	fmt.Printf("rest: memory (PSS): empty %.0f MB, Satchel %.0f MB  %.2f × empty, 1.50 at most\n", middle(pss[0]), middle(pss[1]), middle(pss[1])/middle(pss[0]))
	fmt.Printf("rest: of one processor, while nothing happens: empty %.2f %%, Satchel %.2f %%, 2 %% at most\n", middle(cpu[0]), middle(cpu[1]))
	return nil
}

// uncached takes a file out of the system's cache.
func uncached(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return err
	}
	return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
}

// newStarter makes what both parts need: the two programs, a profile, a screen.
func newStarter(ctx context.Context, dir string) (*starter, error) {
	empty, profile := filepath.Join(dir, "empty"), filepath.Join(dir, "profile")
	if _, err := os.Stat(profile); err != nil {
		if out, err := exec.CommandContext(ctx, "go", "build", "-tags", "x11,migrated_fynedo,no_emoji", "-ldflags", "-s -w", "-o", empty, "./internal/bench/empty").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("%w: %s", err, out)
		}
		if err := startProfile(ctx, dir, profile); err != nil {
			return nil, err
		}
	}
	xgb.Logger = log.New(io.Discard, "", 0) // it tells of every connection
	// It is not to begin anew whenever the last program leaves.
	x := exec.Command("Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp", "-noreset")
	out, err := x.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startHeld(x); err != nil {
		return nil, fmt.Errorf("%w; .ci/install test brings Xvfb", err)
	}
	s := &starter{x: x, dir: dir, programs: [2][]string{{empty}, {"build/satchel", "--profile", profile}}}
	number, err := bufio.NewReader(out).ReadString('\n')
	if err == nil {
		s.display = ":" + strings.TrimSpace(number)
		s.screen, err = xgb.NewConnDisplay(s.display)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *starter) close() {
	if s.screen != nil {
		s.screen.Close()
	}
	s.x.Process.Kill()
	_ = s.x.Wait() // it was killed
}

// starter starts the empty window (0) and Satchel (1) on a screen of their own.
type starter struct {
	x            *exec.Cmd
	display, dir string
	screen       *xgb.Conn
	programs     [2][]string
}

type started struct {
	painted, filled time.Duration // since the start
	cost            time.Duration // of all processors, until it was painted
}

// start starts a program, waits until it painted, and Satchel until it shows
// messages, and ends it.
func (s *starter) start(ctx context.Context, i int) (t started, err error) {
	state := filepath.Join(s.dir, "state.json")
	os.Remove(state)
	cmd, began, err := s.run(ctx, i, "SATCHEL_STATE="+state)
	if err != nil {
		return t, err
	}
	defer func() { cmd.Process.Kill(); _ = cmd.Wait() }()
	if err = s.painted(ctx); err != nil {
		return t, err
	}
	t.painted = time.Since(began)
	t.cost = time.Duration(processor(cmd.Process.Pid) * 1e9)
	if i == 1 {
		t.filled, err = filledAfter(ctx, state, began)
	}
	return t, err
}

// rests tells what memory (MB) and what part of a processor (per cent) a program
// uses a while after it was started, without the file that tells of its screen.
func (s *starter) rests(ctx context.Context, i int) (pss, cpu float64, err error) {
	cmd, _, err := s.run(ctx, i)
	if err != nil {
		return 0, 0, err
	}
	defer func() { cmd.Process.Kill(); _ = cmd.Wait() }()
	if err = s.painted(ctx); err != nil {
		return 0, 0, err
	}
	time.Sleep(settles)
	before := processor(cmd.Process.Pid)
	time.Sleep(rest)
	cpu = 100 * (processor(cmd.Process.Pid) - before) / rest.Seconds()
	pss, err = pssOf(cmd.Process.Pid)
	return pss, cpu, err
}

func (s *starter) run(ctx context.Context, i int, also ...string) (cmd *exec.Cmd, began time.Time, err error) {
	if err := s.cleared(ctx); err != nil {
		return nil, began, err
	}
	cmd = exec.CommandContext(ctx, s.programs[i][0], s.programs[i][1:]...)
	cmd.Env = append(os.Environ(), "DISPLAY="+s.display, "FYNE_PLATFORM=x11", "LIBGL_ALWAYS_SOFTWARE=1", "FYNE_THEME=light",
		"XDG_CONFIG_HOME="+filepath.Join(s.dir, "config"), "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(s.dir, "none"))
	cmd.Env = append(cmd.Env, also...)
	began = time.Now()
	return cmd, began, startHeld(cmd)
}

// painted waits until the middle of the screen is not black, which is what X
// paints by itself, and cleared until it is.
func (s *starter) painted(ctx context.Context) error { return s.black(ctx, false) }
func (s *starter) cleared(ctx context.Context) error { return s.black(ctx, true) }

func (s *starter) black(ctx context.Context, want bool) error {
	root := xproto.Setup(s.screen).DefaultScreen(s.screen).Root
	for began := time.Now(); ctx.Err() == nil && time.Since(began) < notPainted; time.Sleep(2 * time.Millisecond) {
		image, err := xproto.GetImage(s.screen, xproto.ImageFormatZPixmap, xproto.Drawable(root), 700, 300, 1, 1, ^uint32(0)).Reply()
		if err == nil && bytes.Equal(image.Data[:3], []byte{0, 0, 0}) == want {
			return nil
		}
	}
	return errors.New("nothing was painted")
}

// filledAfter is when the window says that it shows messages.
func filledAfter(ctx context.Context, state string, began time.Time) (time.Duration, error) {
	for ctx.Err() == nil && time.Since(began) < notPainted {
		var s struct{ Messages []json.RawMessage }
		if b, err := os.ReadFile(state); err == nil && json.Unmarshal(b, &s) == nil && len(s.Messages) > 0 {
			return time.Since(began), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, errors.New("no message is shown")
}

// pssOf is the proportional set size of a process, in MB.
func pssOf(pid int) (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "Pss:" {
			kb, err := strconv.ParseFloat(f[1], 64)
			return kb / 1000, err
		}
	}
	return 0, errors.New("no PSS in smaps_rollup")
}

// processor is what the threads of a process that are there have used of processors,
// in seconds.
func processor(pid int) (seconds float64) {
	all, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil {
		return 0
	}
	for _, path := range all {
		b, err := os.ReadFile(path)
		if f := strings.Fields(string(b)); err == nil && len(f) > 0 {
			ns, _ := strconv.ParseFloat(f[0], 64)
			seconds += ns / 1e9
		}
	}
	return seconds
}

// startProfile joins a relay, which then goes, and fills the cache.
func startProfile(ctx context.Context, dir, profile string) error {
	p, err := newPair(ctx, filepath.Join(dir, "start"))
	if err != nil {
		return err
	}
	me := p.ana.Profile().Account
	folder := p.ana.Profile().Dir
	p.close()
	if err := os.Rename(folder, profile); err != nil {
		return err
	}
	db, err := storage.Open(filepath.Join(profile, "cache.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	at := time.Now().Add(-24 * time.Hour)
	for n := range startTalks {
		other := chat.Account{ID: chat.AccountID(fmt.Sprintf("other-%d", n)), Name: fmt.Sprintf("Person %d", n)}
		conv := chat.Conversation{ID: chat.ConversationID(fmt.Sprintf("talk-%d", n)), Kind: chat.Direct, Members: []chat.Account{me, other}, Created: at}
		messages := make([]chat.Message, startMessages/startTalks)
		for i := range messages {
			messages[i] = chat.Message{ID: chat.MessageID(fmt.Sprintf("%08d-%017d", n, i)), Seq: uint64(i + 1), From: other.ID, At: at.Add(time.Duration(i) * time.Second),
				Content: chat.Content{Kind: chat.KindMessage, Text: "A message of the length that people write, more or less."}}
		}
		err := db.Update(func(tx *storage.Tx) error {
			err := tx.PutConversation(&conv)
			if err == nil {
				_, err = tx.AddEntries(conv.ID, me.ID, 1, uint64(len(messages)), messages)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(profile, "window.json"), []byte(`{"width":1200,"height":780,"conversation":"talk-0"}`), 0o600)
}

func millis(d time.Duration) string { return d.Round(time.Millisecond).String() }

func middle(values []float64) float64 {
	d := make([]time.Duration, len(values))
	for i, v := range values {
		d[i] = time.Duration(v * 1e6)
	}
	return float64(median(d)) / 1e6
}
