package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"satchel/net/relay"
)

// firstListen is where a relay inside the program listens, unless somebody else
// does already.
const firstListen = "127.0.0.1:7465"

// relayFiles are what it keeps in the profile.
var relayFiles = []string{"relay", "relay.json"}

// embedded is the relay that runs inside the program and keeps its things in
// PROFILE/relay. What it must be again at every start (where it listens, so that
// invitations stay valid, and its name) is in PROFILE/relay.json.
type embedded struct {
	dir    string // the profile's
	mu     sync.Mutex
	listen string // from the command line; "": as kept
	logger *slog.Logger
}

type embeddedKept struct {
	Listen string `json:"listen"`
	Name   string `json:"name"`
	Off    bool   `json:"off,omitempty"` // it is not to run
}

func (e *embedded) file() string { return filepath.Join(e.dir, "relay.json") }

// place tells where the relay listens, and whether it is to run.
func (e *embedded) place() (listen string, on bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept, err := e.kept()
	listen = kept.Listen
	if e.listen != "" {
		listen = e.listen
	} else if listen == "" {
		listen = firstListen
	}
	return listen, err == nil && !kept.Off
}

// move has the relay listen there, and run or not, from its next start on. What
// the command line said holds no more.
func (e *embedded) move(listen string, on bool) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept, err := e.kept()
	if err != nil {
		return err
	}
	kept.Listen, kept.Off, e.listen = listen, !on, ""
	return e.keep(kept)
}

// exists tells whether this profile has a relay.
func (e *embedded) exists() bool {
	_, err := os.Stat(e.file())
	return err == nil
}

func (e *embedded) kept() (k embeddedKept, err error) {
	b, err := os.ReadFile(e.file())
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &k)
	}
	if err != nil {
		return k, fmt.Errorf("what is known of the relay in this program can't be read: %w", err)
	}
	return k, nil
}

// start makes the relay, at the first start, or brings it back where it was.
func (e *embedded) start(owner string) (*running, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept, err := e.kept()
	if err != nil {
		return nil, err
	}
	now := kept
	if now.Name == "" {
		now.Name = relayName(owner)
	}
	config := relay.Config{Dir: filepath.Join(e.dir, "relay"), Listen: now.Listen, Name: now.Name, Logger: e.logger}
	if e.listen != "" {
		config.Listen = e.listen
	} else if config.Listen == "" {
		config.Listen = firstListen
	}
	if !isLoopback(config.Listen) {
		// Others come over a network: by TLS, with the relay's own key. Links from
		// before go on working, as they were.
		config.TLS = relay.TLSSelf
	}
	r, err := relay.Open(config)
	if errors.Is(err, syscall.EADDRINUSE) && e.listen == "" && kept.Listen == "" {
		config.Listen = "127.0.0.1:0"
		r, err = relay.Open(config)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another program listens on %s, where the relay in Satchel should; close it, and Satchel goes on by itself", config.Listen)
	} else if err != nil {
		return nil, err
	}
	now.Listen = listensOn(config.Listen, r.URL())
	if now != kept {
		if err := e.keep(now); err != nil {
			r.Close()
			return nil, fmt.Errorf("the relay's address can't be kept: %w", err)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	run := &running{Relay: r, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(run.done)
		run.err = r.Serve(ctx)
	}()
	return run, nil
}

// listensOn is the address with the port that the system gave, where port 0 was asked for.
func listensOn(asked, reached string) string {
	host, port, err := net.SplitHostPort(asked)
	u, err2 := url.Parse(reached)
	if err != nil || err2 != nil || port != "0" {
		return asked
	}
	return net.JoinHostPort(host, u.Port())
}

// isLoopback tells whether only this computer reaches an address.
func isLoopback(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	ip := net.ParseIP(host)
	return err == nil && (host == "localhost" || ip != nil && ip.IsLoopback())
}

func (e *embedded) keep(k embeddedKept) error {
	b, err := json.Marshal(k)
	if err != nil {
		return err
	}
	part := e.file() + ".part"
	if err := os.WriteFile(part, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(part, e.file())
}

// relayName is what people see of where they are: "Mara's relay".
func relayName(owner string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(owner), " ")
	if first == "" {
		return ""
	}
	return first + "'s relay"
}

// running is a relay that is being served.
type running struct {
	*relay.Relay
	cancel context.CancelFunc
	done   chan struct{}
	err    error // once done is closed
}

// Close lets requests end, and returns when everything of the relay is gone.
func (r *running) Close() error {
	r.cancel()
	<-r.done
	return r.err
}
