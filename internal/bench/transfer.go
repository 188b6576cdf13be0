package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"satchel/chat"
)

const (
	plainly = 2 << 30 // bytes that go and come, sealed by Satchel and as they are by curl
	takes   = 3
)

// transfers compares Satchel's sealed upload and download through its relay
// with curl's PUT to, and GET from, a plain server that syncs as the relay does,
// in turn and on the same disk. What both leave is taken away after each turn,
// so that every one finds the disk as the one before did.
func transfers(ctx context.Context, dir string) error {
	p, err := newPair(ctx, dir)
	if err != nil {
		return err
	}
	defer p.close()
	stored := filepath.Join(dir, "plain")
	if err := os.Mkdir(stored, 0o700); err != nil {
		return err
	}
	plain, err := newPlain(filepath.Join(stored, "plain.bin"))
	if err != nil {
		return err
	}
	defer plain.Close()
	path, got := filepath.Join(dir, "transfer.bin"), filepath.Join(dir, "got.bin")
	if err := random(path, plainly, 7); err != nil {
		return err
	}
	var sent chat.Message
	var put, up, get, down []time.Duration
	var here, relay []float64 // processor's seconds of an upload
	for round := range takes {
		// Another size: what was sent before would not be sent again.
		if err := os.Truncate(path, plainly-int64(round)); err != nil {
			return err
		}
		for _, step := range []struct {
			times *[]time.Duration
			run   func() error
		}{
			{&put, func() error { return curl(ctx, "-T", path, plain.url) }},
			{&get, func() error { return errors.Join(curl(ctx, "-o", got, plain.url), syncFile(got), syncFile(dir)) }},
			{nil, func() error { return errors.Join(os.Remove(got), os.Remove(plain.path)) }},
			{&up, func() (err error) {
				a, b := used("self"), used(strconv.Itoa(p.relay.Process.Pid))
				sent, err = p.send(ctx, path)
				here, relay = append(here, used("self")-a), append(relay, used(strconv.Itoa(p.relay.Process.Pid))-b)
				return err
			}},
			{&down, func() error { return p.fetch(ctx, sent) }},
			{nil, func() error { return errors.Join(os.Remove(p.bo.Path(p.conv, sent.ID)), emptied(p.data)) }},
		} {
			began := time.Now()
			if err := step.run(); err != nil {
				return err
			}
			if step.times != nil {
				*step.times = append(*step.times, time.Since(began))
				continue
			}
			unix.Sync() // the disk, too, is through with what was removed
		}
		fmt.Printf("transfer: 2 GB by curl PUT %v, up %v (of a processor: sender %.2f s, relay %.2f s); by curl GET %v, down %v\n",
			last(put), last(up), here[round], relay[round], last(get), last(down))
	}
	fmt.Printf("transfer: 2 GB up %.2f × the speed of curl PUT, down %.2f × the speed of curl GET (medians of %d)\n",
		median(put).Seconds()/median(up).Seconds(), median(get).Seconds()/median(down).Seconds(), takes)
	return nil
}

func last(times []time.Duration) time.Duration { return times[len(times)-1].Round(time.Millisecond) }

// used is how many seconds of a processor a process has used.
func used(process string) float64 {
	b, err := os.ReadFile(filepath.Join("/proc", process, "stat"))
	_, fields, ok := strings.Cut(string(b), ") ") // behind the name, which may have spaces
	f := strings.Fields(fields)
	if err != nil || !ok || len(f) < 13 {
		return math.NaN()
	}
	user, err1 := strconv.ParseFloat(f[11], 64)
	system, err2 := strconv.ParseFloat(f[12], 64)
	if err1 != nil || err2 != nil {
		return math.NaN()
	}
	return (user + system) / 100 // Linux counts in hundredths
}

// emptied takes the bytes of all files from the disk of a relay.
func emptied(data string) error {
	return filepath.WalkDir(filepath.Join(data, "files"), func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		return os.Remove(path)
	})
}

// send sends a file from Ana to Bo, and waits until Bo has its message.
func (p *pair) send(ctx context.Context, path string) (chat.Message, error) {
	sent, err := p.ana.SendFiles(ctx, p.conv, []string{path}, chat.Content{Kind: chat.KindMessage})
	if err != nil {
		return chat.Message{}, err
	}
	if err := p.end(ctx); err != nil {
		return chat.Message{}, err
	}
	came := make(chan time.Time, 1)
	p.arrival(sent[0].ID, came)
	select {
	case <-came:
		return sent[0], nil
	case <-time.After(patient):
		return chat.Message{}, errors.New("the file was not announced")
	}
}

// fetch has Bo download a message's file.
func (p *pair) fetch(ctx context.Context, m chat.Message) error {
	if err := p.bo.Download(p.conv, m.ID); err != nil {
		return err
	}
	return p.end(ctx)
}

// plain is a server that keeps one file, and syncs it before it answers.
type plain struct {
	*http.Server
	url, path string
}

func newPlain(path string) (*plain, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			if err := keep(path, r.Body); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
			return
		}
		http.ServeFile(w, r, path)
	})}
	go func() { _ = server.Serve(l) }() // ends with Close
	return &plain{server, "http://" + l.Addr().String() + "/", path}, nil
}

func keep(path string, body io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{body}, make([]byte, 256<<10))
	return errors.Join(err, f.Sync(), f.Close(), syncFile(filepath.Dir(path)))
}

// syncFile puts a file or a folder on the disk.
func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

func curl(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "curl", append([]string{"-sS", "--fail", "-H", "Expect:"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("curl: %w: %s", err, out)
	}
	return nil
}
