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

	"satchel/chat"
	"satchel/storage"
)

const (
	startTalks    = 200
	startMessages = 100_000 // in all of them
	startRounds   = 5
	rest          = 5 * time.Second // idle, before and while it is measured
	notPainted    = time.Minute
)

// start compares the program, on a cache of 100,000 messages in 200 conversations,
// with an empty Fyne window: time to the first painted pixel, memory, and what
// both use while nothing happens. In turn, on one X server of its own.
func start(ctx context.Context, dir string) error {
	empty := filepath.Join(dir, "empty")
	if out, err := exec.CommandContext(ctx, "go", "build", "-tags", "x11,migrated_fynedo,no_emoji", "-ldflags", "-s -w", "-o", empty, "./internal/bench/empty").CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	profile := filepath.Join(dir, "profile")
	if err := startProfile(ctx, dir, profile); err != nil {
		return err
	}
	xgb.Logger = log.New(io.Discard, "", 0) // it tells of every connection
	x := exec.Command("Xvfb", "-displayfd", "1", "-screen", "0", "1400x900x24", "-nolisten", "tcp")
	out, err := x.StdoutPipe()
	if err != nil {
		return err
	}
	if err := startHeld(x); err != nil {
		return fmt.Errorf("%w; .ci/install test brings Xvfb", err)
	}
	defer func() { x.Process.Kill(); x.Wait() }()
	number, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return err
	}
	display := ":" + strings.TrimSpace(number)
	state := filepath.Join(dir, "state.json")
	var figures [2]struct {
		painted, filled []time.Duration
		pss, cpu        []float64
	}
	for round := range startRounds + 1 {
		for i, args := range [][]string{{empty}, {"build/satchel", "--profile", profile}} {
			s, err := startOnce(ctx, display, state, dir, i == 1, args)
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if round == 0 {
				continue // files and fonts come from the disk
			}
			f := &figures[i]
			f.painted, f.filled = append(f.painted, s.painted), append(f.filled, s.filled)
			f.pss, f.cpu = append(f.pss, s.pss), append(f.cpu, s.cpu)
		}
	}
	a, b := &figures[0], &figures[1]
	fmt.Printf("start: to a painted window: empty %s, with %d messages in %d conversations %s  %.2f × empty; its newest page after %s  %.2f ×\n",
		millis(median(a.painted)), startMessages, startTalks, millis(median(b.painted)), ratio(median(b.painted), median(a.painted)), millis(median(b.filled)), ratio(median(b.filled), median(a.painted)))
	fmt.Printf("start: memory (PSS) at rest: empty %.0f MB, Satchel %.0f MB  %.2f × empty\n", middle(a.pss), middle(b.pss), middle(b.pss)/middle(a.pss))
	fmt.Printf("start: of one processor, while nothing happens: empty %.2f %%, Satchel %.2f %%\n", middle(a.cpu), middle(b.cpu))
	return nil
}

type started struct {
	painted, filled time.Duration
	pss, cpu        float64 // MB, per cent of a processor
}

// startOnce starts a program, waits until it painted (and shows messages, where it
// has any), lets it rest, and ends it. What it uses at rest is measured without
// the file that tells of its screen.
func startOnce(ctx context.Context, display, state, dir string, messages bool, args []string) (s started, err error) {
	os.Remove(state)
	for _, watched := range []bool{true, false} {
		cmd := exec.CommandContext(ctx, args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "DISPLAY="+display, "FYNE_PLATFORM=x11", "LIBGL_ALWAYS_SOFTWARE=1", "FYNE_THEME=light",
			"XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "DBUS_SESSION_BUS_ADDRESS=unix:path="+filepath.Join(dir, "none"))
		if watched {
			cmd.Env = append(cmd.Env, "SATCHEL_STATE="+state)
		}
		began := time.Now()
		if err = startHeld(cmd); err != nil {
			return s, err
		}
		painted, err := paintedAfter(ctx, display, began)
		if err == nil && watched {
			s.painted = painted
			if messages {
				s.filled, err = filledAfter(ctx, state, began)
			}
		}
		if err == nil && !watched {
			time.Sleep(rest)
			s.pss, err = pssOf(cmd.Process.Pid)
			before := processor(cmd.Process.Pid)
			time.Sleep(rest)
			s.cpu = 100 * (processor(cmd.Process.Pid) - before) / rest.Seconds()
		}
		cmd.Process.Kill()
		cmd.Wait()
		if err != nil {
			return s, err
		}
	}
	return s, nil
}

// paintedAfter is when the middle of the screen is not what X paints by itself.
func paintedAfter(ctx context.Context, display string, began time.Time) (time.Duration, error) {
	conn, err := xgb.NewConnDisplay(display)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	root := xproto.Setup(conn).DefaultScreen(conn).Root
	for ctx.Err() == nil && time.Since(began) < notPainted {
		image, err := xproto.GetImage(conn, xproto.ImageFormatZPixmap, xproto.Drawable(root), 700, 300, 1, 1, ^uint32(0)).Reply()
		if err == nil && !bytes.Equal(image.Data[:3], []byte{0, 0, 0}) {
			return time.Since(began), nil
		}
		time.Sleep(2 * time.Millisecond)
	}
	return 0, errors.New("nothing was painted")
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

// processor is what a process has used of processors, in seconds.
func processor(pid int) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b[bytes.LastIndexByte(b, ')')+1:]))
	user, _ := strconv.ParseFloat(f[11], 64)
	system, _ := strconv.ParseFloat(f[12], 64)
	return (user + system) / 100 // clock ticks
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
