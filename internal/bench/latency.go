package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"satchel/app/session"
	"satchel/chat"
)

const (
	heavy   = 2 << 30 // bytes of the upload, and of the download
	every   = 20 * time.Millisecond
	loads   = 3
	patient = 5 * time.Minute
)

// latency compares send → delivered of a text message while the relay, the
// sender and the receiver are idle with the same while the sender uploads 2 GB
// and the receiver downloads 2 GB, as so many files at a time. Each is
// measured several times in turn, idle for as long as under load. A disk that
// stands still now and then, for longer than anything else takes, meets either:
// so the figures are of stretches of ten seconds, of which the median counts, and
// those of all messages together are printed beside. What was moved stays until the
// end, since a disk that takes gigabytes back has work for a while.
// The load is open: messages leave on a fixed beat and a late one counts from its beat.
func latency(files int) func(ctx context.Context, dir string) error {
	return func(ctx context.Context, dir string) error {
		dir = filepath.Join(dir, fmt.Sprintf("latency-%d", files))
		return errors.Join(latencyWith(ctx, dir, files), os.RemoveAll(dir))
	}
}

// latencyWith measures with so many uploads and so many downloads at a time.
func latencyWith(ctx context.Context, dir string, files int) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	p, err := newPair(ctx, dir)
	if err != nil {
		return err
	}
	defer p.close()
	var idle, busy stretches
	n := 0
	for i := range loads {
		d, err := p.underLoad(ctx, dir, i, files)
		if err != nil {
			return err
		}
		busy.add(d)
		n += len(d)
		quiet, cancel := context.WithTimeout(ctx, time.Duration(len(d))*every)
		d, err = p.beat(quiet)
		cancel()
		if err != nil {
			return err
		}
		idle.add(d)
	}
	for _, q := range []struct {
		name string
		p    float64
	}{{"p50", .5}, {"p90", .9}, {"p99", .99}} {
		a, b := idle.median(q.p), busy.median(q.p)
		c, d := percentile(idle.all, q.p), percentile(busy.all, q.p)
		fmt.Printf("latency: text send → delivered %s: idle %8s, with %d up and %d down of 2 GB in all each %8s  %.2f × idle (all messages: %s and %s, %.2f ×)\n",
			q.name, micros(a), files, files, micros(b), float64(b)/float64(a), micros(c), micros(d), float64(d)/float64(c))
	}
	for _, s := range []struct {
		name string
		stretches
	}{{"idle", idle}, {"under load", busy}} {
		fmt.Printf("latency: p99 of the stretches, %s: %s\n", s.name, s.words(.99))
	}
	fmt.Printf("latency: %d messages under load, which took %v each time, and as many idle\n", n, (time.Duration(n/loads) * every).Round(time.Second))
	return nil
}

// stretches are the latencies of messages, cut into pieces of ten seconds.
type stretches struct {
	each [][]time.Duration
	all  []time.Duration
}

// add takes what a round measured, in the order in which it arrived. What is left at
// its end belongs to the last stretch.
func (s *stretches) add(round []time.Duration) {
	const size = int(10 * time.Second / every)
	s.all = append(s.all, round...)
	for len(round) >= 2*size {
		s.each, round = append(s.each, round[:size]), round[size:]
	}
	s.each = append(s.each, round)
}

// median is of the stretches' percentiles.
func (s *stretches) median(p float64) time.Duration {
	var each []time.Duration
	for _, d := range s.each {
		each = append(each, percentile(d, p))
	}
	return median(each)
}

// words has the stretches' percentiles.
func (s *stretches) words(p float64) string {
	var words []string
	for _, d := range s.each {
		words = append(words, micros(percentile(d, p)))
	}
	return strings.Join(words, ", ")
}

// pair is two people on a relay of its own process.
type pair struct {
	relay    *exec.Cmd
	data     string // the relay's folder
	ana, bo  *session.Session
	conv     chat.ConversationID
	mu       sync.Mutex
	sent     map[chat.MessageID]chan time.Time // who waits for an arrival
	came     map[chat.MessageID]time.Time
	ended    chan chat.Transfer
	stop     context.CancelFunc
	running  sync.WaitGroup
	prepared []chat.Message // Bo's next downloads
}

func newPair(ctx context.Context, dir string) (*pair, error) {
	data := filepath.Join(dir, "relay")
	cmd := exec.Command("build/satchel-relay", "serve", "--data", data, "--listen", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := startHeld(cmd); err != nil {
		return nil, err
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || !strings.HasPrefix(line, "listening on ") {
		return nil, fmt.Errorf("the relay said %q: %w", line, err)
	}
	link, err := exec.Command("build/satchel-relay", "invite", "--data", data, "--uses", "2").Output()
	if err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(ctx)
	p := &pair{relay: cmd, data: data, stop: stop, sent: map[chat.MessageID]chan time.Time{}, came: map[chat.MessageID]time.Time{}, ended: make(chan chat.Transfer, 100)}
	if p.ana, err = p.person(run, dir, "Ana", string(link)); err != nil {
		return nil, err
	}
	if p.bo, err = p.person(run, dir, "Bo", string(link)); err != nil {
		return nil, err
	}
	if err := p.ana.Connected(ctx); err != nil {
		return nil, err
	}
	c, err := p.ana.OpenDirect(ctx, "Bo")
	p.conv = c.ID
	return p, err
}

// startHeld starts a program that is to die with this one. The kernel means the
// thread that started it, so that thread is kept.
func startHeld(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- cmd.Start()
		select {}
	}()
	return <-started
}

func (p *pair) person(ctx context.Context, dir, name, link string) (*session.Session, error) {
	// What went wrong is told where the measurement is: on standard error.
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})).With("who", name)
	s, err := session.Open(session.Options{Dir: filepath.Join(dir, name), Logger: log, Workers: 5})
	if err != nil {
		return nil, err
	}
	changes, unsubscribe := s.Subscribe()
	p.running.Go(func() { _ = s.Run(ctx) })
	p.running.Go(func() {
		defer unsubscribe()
		for {
			select {
			case batch, ok := <-changes:
				if !ok {
					return
				}
				p.watch(name, batch, time.Now())
			case <-ctx.Done():
				return
			}
		}
	})
	return s, s.Join(ctx, link, name)
}

// watch notes what arrived at Bo, and every transfer's end.
func (p *pair) watch(name string, batch []chat.Change, now time.Time) {
	for _, c := range batch {
		switch c := c.(type) {
		case chat.MessagesChanged:
			if name != "Bo" {
				continue
			}
			p.mu.Lock()
			for _, m := range c.Messages {
				if _, ok := p.came[m.ID]; !ok {
					p.came[m.ID] = now
				}
				if at, ok := p.sent[m.ID]; ok {
					at <- p.came[m.ID]
					delete(p.sent, m.ID)
				}
			}
			p.mu.Unlock()
		case chat.TransferChanged:
			if s := c.Transfer.State; s.Ended() || s == chat.TransferFailed {
				p.ended <- c.Transfer
			}
		}
	}
}

// arrival has the time of the message's arrival sent to at, now or when it comes.
func (p *pair) arrival(id chat.MessageID, at chan time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if came, ok := p.came[id]; ok {
		at <- came
		return
	}
	p.sent[id] = at
}

// beat sends a message on every beat until ctx ends, and waits for all of them.
func (p *pair) beat(ctx context.Context) (all []time.Duration, err error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var mu sync.Mutex
	var waiting sync.WaitGroup
	var lost atomic.Int64
	next := time.Now()
	for ctx.Err() == nil {
		next = next.Add(every)
		time.Sleep(time.Until(next))
		due, arrived := next, make(chan time.Time, 1)
		waiting.Go(func() {
			m, err := p.ana.Send(context.Background(), p.conv, chat.Content{Kind: chat.KindMessage, Text: strings.Repeat("Words that people write. ", 20)})
			if err != nil {
				lost.Add(1)
				return
			}
			p.arrival(m.ID, arrived)
			select {
			case at := <-arrived:
				mu.Lock()
				all = append(all, at.Sub(due))
				mu.Unlock()
			case <-time.After(patient):
				lost.Add(1)
			}
		})
	}
	waiting.Wait()
	if n := lost.Load(); n > 0 {
		return nil, fmt.Errorf("%d messages did not arrive", n)
	}
	return all, nil
}

// underLoad measures for as long as uploads and downloads are all under way.
func (p *pair) underLoad(ctx context.Context, dir string, round, files int) ([]time.Duration, error) {
	if p.prepared == nil { // the first downloads need something to fetch
		paths, err := films(dir, 99, files)
		if err != nil {
			return nil, err
		}
		if p.prepared, err = p.ana.SendFiles(ctx, p.conv, paths, chat.Content{Kind: chat.KindMessage}); err != nil {
			return nil, err
		}
		for range files {
			if err := p.end(ctx); err != nil {
				return nil, err
			}
		}
	}
	paths, err := films(dir, round, files)
	if err != nil {
		return nil, err
	}
	for _, m := range p.prepared {
		announced := make(chan time.Time, 1)
		p.arrival(m.ID, announced)
		select {
		case <-announced:
		case <-time.After(patient):
			return nil, errors.New("the file was not announced")
		}
		if err := p.bo.Download(p.conv, m.ID); err != nil {
			return nil, err
		}
	}
	sent, err := p.ana.SendFiles(ctx, p.conv, paths, chat.Content{Kind: chat.KindMessage})
	if err != nil {
		return nil, err
	}
	all, cancel := context.WithTimeout(ctx, patient)
	defer cancel()
	ends := make(chan error, 1)
	go func() {
		defer cancel() // the first to end ends the measurement
		ends <- p.end(all)
	}()
	beats, err := p.beat(all)
	if err := errors.Join(err, <-ends); err != nil {
		return nil, err
	}
	for range 2*files - 1 {
		if err := p.end(ctx); err != nil {
			return nil, err
		}
	}
	p.prepared = sent
	return beats, nil
}

// films writes so many files of 2 GB in all.
func films(dir string, round, files int) ([]string, error) {
	paths := make([]string, files)
	for i := range paths {
		paths[i] = filepath.Join(dir, fmt.Sprintf("film-%d-%d.bin", round, i))
		if err := random(paths[i], heavy/int64(files), uint64(round*16+i)); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// end waits for the next transfer that ends.
func (p *pair) end(ctx context.Context) error {
	select {
	case t := <-p.ended:
		if t.State != chat.TransferDone {
			return fmt.Errorf("the %v ended as %v: %s", t.Direction, t.State, t.Reason)
		}
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(patient):
		return errors.New("no transfer ended")
	}
}

func (p *pair) close() {
	p.stop()
	p.ana.Close()
	p.bo.Close()
	p.running.Wait()
	p.relay.Process.Kill()
	_ = p.relay.Wait() // it was killed
}

// random writes n bytes that can't be compressed, and syncs them, so that the
// disk has nothing left to do for them when the measurement begins.
func random(path string, n int64, seed uint64) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var key [32]byte
	key[0] = byte(seed)
	if _, err := io.CopyN(f, rand.NewChaCha8(key), n); err != nil {
		return err
	}
	return f.Sync()
}
