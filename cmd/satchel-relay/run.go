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
	"strings"
	"time"

	"satchel/net/relay"
)

const usage = `satchel-relay keeps the conversations and files of people who use Satchel.

  satchel-relay serve  --data DIR [--listen HOST:PORT] [--public-url URL] [--metrics HOST:PORT] [--check]
  satchel-relay invite --data DIR [--uses N] [--expires DURATION]
  satchel-relay users|devices|invites|conversations|files --data DIR [--json]
  satchel-relay invites revoke ID --data DIR
  satchel-relay backup  FOLDER --data DIR
  satchel-relay restore FOLDER --data DIR
  satchel-relay doctor --data DIR [--json]

  --data DIR          where everything is kept that is not kept elsewhere
  --database URL      sqlite:PATH, or postgres://USER@HOST/NAME for several relays as one (sqlite in DIR)
  --files URL         file:///FOLDER, the same one for all relays on one database (in DIR)
  --bus URL           local, or nats://HOST:PORT by which relays on one database hear of each other (local)
  --config FILE       lines like "database = postgres://…", one for each of these settings
  --check             connect to all that was named, say what serve would do, and end
  --listen HOST:PORT  where to listen (127.0.0.1:7465)
  --metrics HOST:PORT serve numbers for Prometheus at http://HOST:PORT/metrics (not served)
  --edit-window TIME  how long after it was sent a message can be edited and deleted, like 48h (always)
  --public-url URL    how people reach this relay, when that is another address
  --uses N            how many people the invitation lets in (1)
  --expires DURATION  how long the invitation is good, like 48h or 30m (168h)
  --json              one JSON object a line, for scripts; times are Unix milliseconds

A setting can stand in the environment too: SATCHEL_DATABASE, SATCHEL_BUS, SATCHEL_FILES, SATCHEL_DATA, SATCHEL_LISTEN,
SATCHEL_METRICS, SATCHEL_EDIT_WINDOW, SATCHEL_PUBLIC_URL, SATCHEL_CONFIG. A flag counts before it, and it before the file. A URL with a password belongs in the
environment or the file: everybody on the machine can read a command line.
`

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

// misuse is a command line that can't be carried out.
type misuse string

func (m misuse) Error() string { return string(m) }

// run carries out a command line and returns the exit code. What a command
// gives goes to stdout; everything else goes to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var err error
	switch {
	case len(args) == 0:
		err = misuse("say what to do: serve, invite, or what to list")
	case args[0] == "serve":
		err = serve(ctx, args[1:], stdout, stderr)
	case args[0] == "invite":
		err = invite(ctx, args[1:], stdout)
	case listings[args[0]].rows != nil:
		err = lists(args[0], args[1:], stdout)
	case args[0] == "doctor":
		err = doctor(args[1:], stdout)
	case args[0] == "backup" || args[0] == "restore":
		err = backup(ctx, args[0], args[1:], stdout)
	case args[0] == "help" || strings.TrimLeft(args[0], "-") == "help" || args[0] == "-h":
		err = flag.ErrHelp
	default:
		err = misuse(fmt.Sprintf("there is no command %q; the commands are below", args[0]))
	}
	var wrong misuse
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, flag.ErrHelp):
		fmt.Fprint(stdout, usage)
		return exitDone
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "satchel-relay: %s\n\n%s", wrong, usage)
		return exitUsage
	}
	fmt.Fprintf(stderr, "satchel-relay: %v\n", err)
	return exitFailed
}

const errNowhere = misuse("say with --data where everything is kept")

// parse reads flags, and nothing beside them; then what else is set.
func parse(flags *flag.FlagSet, args []string, config *relay.Config) error {
	flags.SetOutput(io.Discard)
	flags.StringVar(&config.Dir, "data", "", "")
	flags.StringVar(&config.Database, "database", "", "")
	flags.StringVar(&config.Files, "files", "", "")
	file := flags.String("config", "", "")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return err
	case err != nil:
		return misuse(err.Error())
	case flags.NArg() > 0:
		return misuse(fmt.Sprintf("%q is one word too many", flags.Arg(0)))
	}
	if err := settle(flags, file); err != nil {
		return err
	}
	if d := config.Database; d != "" && !relay.IsPostgres(d) && !strings.HasPrefix(d, "sqlite:") {
		return misuse("--database takes sqlite:PATH or postgres://USER@HOST/NAME")
	}
	if config.Dir == "" && !relay.IsPostgres(config.Database) {
		return errNowhere
	}
	return nil
}

func serve(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	config := relay.Config{Logger: slog.New(slog.NewTextHandler(stderr, nil))}
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.StringVar(&config.Listen, "listen", "127.0.0.1:7465", "")
	flags.StringVar(&config.PublicURL, "public-url", "", "")
	flags.StringVar(&config.Bus, "bus", "local", "")
	flags.StringVar(&config.Metrics, "metrics", "", "")
	flags.DurationVar(&config.EditWindow, "edit-window", 0, "")
	check := flags.Bool("check", false, "")
	if err := parse(flags, args, &config); err != nil {
		return err
	}
	if config.Dir == "" && config.Files == "" {
		return errNowhere
	}
	if _, _, err := net.SplitHostPort(config.Listen); err != nil {
		return misuse("--listen takes HOST:PORT, like 0.0.0.0:7465")
	}
	if _, _, err := net.SplitHostPort(config.Metrics); err != nil && config.Metrics != "" {
		return misuse("--metrics takes HOST:PORT, like 127.0.0.1:9465")
	}
	if config.EditWindow != 0 && config.EditWindow < time.Second {
		return misuse("--edit-window takes a time like 48h, a second or more; without it messages can be changed always")
	}
	if config.PublicURL != "" {
		u, err := url.Parse(config.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return misuse("--public-url takes a URL like https://relay.example.org")
		}
	}
	if config.Bus != "local" && !relay.IsNATS(config.Bus) {
		return misuse("--bus takes local or nats://HOST:PORT")
	}
	if relay.IsNATS(config.Bus) && !relay.IsPostgres(config.Database) {
		return misuse("--bus nats://… is for relays that share a database: name it with --database postgres://…")
	}
	r, err := relay.Open(config)
	if err != nil {
		return err
	}
	if *check {
		fmt.Fprint(stdout, r.About())
		return r.Close()
	}
	fmt.Fprintf(stdout, "listening on %s\n", r.URL())
	return r.Serve(ctx)
}

func invite(ctx context.Context, args []string, stdout io.Writer) error {
	var config relay.Config
	flags := flag.NewFlagSet("invite", flag.ContinueOnError)
	uses := flags.Int("uses", 1, "")
	expires := flags.Duration("expires", relay.DefaultInvite, "")
	if err := parse(flags, args, &config); err != nil {
		return err
	}
	if err := relay.InviteBounds(*uses, *expires); err != nil {
		return misuse(err.Error())
	}
	link, err := relay.InviteTo(ctx, config, *uses, *expires)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, link)
	return err
}
