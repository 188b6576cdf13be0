// Satchel is a desktop messenger that carries files.
//
//	satchel [--profile DIR] [--name NAME] [--join LINK] [--relay-listen HOST:PORT] [--hidden] [LINK or FILE…]
//
// Every flag is optional. --profile takes a folder, or a plain name for one in
// the user's data folder. --name and --join together skip the welcome and join;
// --name alone starts here at once; both only matter in a profile that has not
// joined yet. --relay-listen is where the relay inside the program listens. --hidden
// starts without a window, in the tray, where the desktop has one. Links
// (satchel://…) are opened, and files are offered to be sent. Where the profile has
// a window already, that one comes to the front and does so.
//
// It exits with 0 when its window was closed, 1 when it could not run (one
// sentence on stderr), 2 when it was used wrongly.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"satchel/app"
	"satchel/net/priority"
	"satchel/transfer"
	"satchel/transfer/preview"
	"satchel/transfer/tiles"
)

func main() {
	priority.Spare()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

const usage = `Satchel is a messenger that carries files.

  satchel [--profile DIR] [--name NAME] [--join LINK] [--relay-listen HOST:PORT] [--hidden] [LINK or FILE…]

  --profile DIR             a folder, or the name of one in your data folder (default)
  --name NAME               what others call you; alone it starts here at once
  --join LINK               an invitation, satchel://…
  --relay-listen HOST:PORT  where the relay inside the program listens (127.0.0.1:7465)
  --hidden                  in the tray at first, where there is one
`

// run carries out a command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	m := &Main{Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	flags := flag.NewFlagSet("satchel", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	profile := flags.String("profile", "", "")
	flags.StringVar(&m.Name, "name", "", "")
	flags.StringVar(&m.Join, "join", "", "")
	flags.StringVar(&m.Listen, "relay-listen", "", "")
	flags.BoolVar(&m.Hidden, "hidden", false, "")
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return 0
	case err == nil && flags.NArg() > 0:
		m.Open, err = toOpen(flags.Args())
	case err == nil && m.Listen != "":
		if _, _, wrong := net.SplitHostPort(m.Listen); wrong != nil {
			err = errors.New("--relay-listen takes HOST:PORT, like 0.0.0.0:7465")
		}
	}
	if err != nil {
		fmt.Fprintf(stderr, "satchel: %v\n\n%s", err, usage)
		return 2
	}
	m.Dir = app.Folder(*profile)
	if err := m.Run(ctx); err != nil {
		fmt.Fprintf(stderr, "satchel: %v\n", err)
		return 1
	}
	return 0
}

// toOpen are links as they are, and files by their whole path.
func toOpen(args []string) (open []string, err error) {
	for _, arg := range args {
		if u, wrong := url.Parse(arg); wrong == nil && u.Scheme == "file" {
			arg = u.Path // as desktops say it
		}
		if !strings.HasPrefix(arg, app.Link) {
			if arg, err = filepath.Abs(arg); err == nil {
				_, err = os.Stat(arg)
			}
			if err != nil {
				return nil, fmt.Errorf("%q is no file, and no link that begins with %s", filepath.Base(arg), app.Link)
			}
		}
		open = append(open, arg)
	}
	return open, nil
}

// environment is what this program was started with: the window changes its own.
var environment = os.Environ()

// another starts the program once more. It goes on when this one ends.
func another(args ...string) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	cmd := exec.Command(program, args...)
	cmd.Env = environment
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }() // a window that was raised leaves at once, and nothing of it is to stay
	return nil
}

// Main is the program with its parts put together; main and the tests share it.
type Main struct {
	Dir    string // the profile's folder
	Name   string
	Join   string
	Open   []string // links and files to show
	Hidden bool     // in the tray at first
	Listen string   // overrides where this profile's relay listens; "": as before
	Logger *slog.Logger
}

// Run shows the window until it is closed or ctx ends.
func (m *Main) Run(ctx context.Context) error { return app.Run(ctx, m.Config()) }

// Config is what the shell gets.
func (m *Main) Config() app.Config {
	embedded := &embedded{dir: m.Dir, listen: m.Listen, logger: m.Logger}
	return app.Config{
		Dir: m.Dir, Name: m.Name, Join: m.Join, Open: m.Open, Hidden: m.Hidden, Logger: m.Logger,
		Profiles: filepath.Dir(app.Folder("")), Another: another,
		OwnRelay: embedded.exists(), RelayFiles: relayFiles, RelayPlace: embedded.place, KeepRelay: embedded.move,
		StartRelay: func(_ context.Context, owner string) (app.Relay, error) {
			r, err := embedded.start(owner)
			if err != nil {
				return nil, err
			}
			return r, nil
		},
		Preview: preview.Look, Picture: preview.Picture, Large: preview.Large, Frames: preview.Frames, Face: transfer.Face, Map: tiles.Picture,
		Sound: hear, SaveCopy: transfer.SaveCopy,
	}
}

// hear decodes a sound for the shell.
func hear(ctx context.Context, path string, from time.Duration) (app.Samples, int, int, error) {
	s, err := preview.Sound(ctx, path, from)
	if err != nil {
		return nil, 0, 0, err
	}
	return s, s.Rate, s.Channels, nil
}
