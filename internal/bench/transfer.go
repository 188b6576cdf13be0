package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"satchel/chat"
)

const (
	plainly = 2 << 30 // bytes that go and come, sealed by Satchel and as they are by curl
	takes   = 3
)

// transfers compares Satchel's sealed upload and download through its relay
// with curl's PUT to, and GET from, a plain server that syncs as the relay does,
// in turn and on the same disk.
func transfers(ctx context.Context, dir string) error {
	p, err := newPair(ctx, dir)
	if err != nil {
		return err
	}
	defer p.close()
	plain, err := newPlain(filepath.Join(dir, "plain.bin"))
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
	for range takes {
		for _, step := range []struct {
			times *[]time.Duration
			run   func() error
		}{
			{&put, func() error { return curl(ctx, "-T", path, plain.url) }},
			{&up, func() (err error) { sent, err = p.send(ctx, path); return err }},
			{&get, func() error { return errors.Join(curl(ctx, "-o", got, plain.url), syncFile(got)) }},
			{&down, func() error { return p.fetch(ctx, sent) }},
		} {
			began := time.Now()
			if err := step.run(); err != nil {
				return err
			}
			*step.times = append(*step.times, time.Since(began))
		}
		// What is here already would not be fetched again.
		if err := errors.Join(os.Remove(p.bo.Path(p.conv, sent.ID)), os.Remove(got)); err != nil {
			return err
		}
	}
	fmt.Printf("transfer: 2 GB up %.2f × the speed of curl PUT, down %.2f × the speed of curl GET (%v, %v, %v, %v)\n",
		median(put).Seconds()/median(up).Seconds(), median(get).Seconds()/median(down).Seconds(),
		median(put).Round(time.Millisecond), median(up).Round(time.Millisecond), median(get).Round(time.Millisecond), median(down).Round(time.Millisecond))
	return nil
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
	url string
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
	return &plain{server, "http://" + l.Addr().String() + "/"}, nil
}

func keep(path string, body io.Reader) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, struct{ io.Reader }{body}, make([]byte, 256<<10))
	return errors.Join(err, f.Sync(), f.Close())
}

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
