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
	"satchel/net/relay/acme"
	"satchel/net/relay/bucket"
	"satchel/net/relay/bucket/azblob"
	"satchel/net/relay/bucket/gs"
	"satchel/net/relay/bucket/s3"
)

// buckets are the kinds of --files that are not folders.
var buckets = map[string]bucket.Opener{"s3": s3.Open, "azblob": azblob.Open, "gs": gs.Open}

const usage = `satchel-relay keeps the conversations and files of people who use Satchel.

  satchel-relay serve  --data DIR [--listen HOST:PORT] [--public-url URL] [--tls MODE] [--metrics HOST:PORT] [--check]
  satchel-relay invite --data DIR [--uses N] [--expires DURATION]
  satchel-relay users         [list | remove NAME | quota NAME SIZE|none|default] --data DIR [--json]
  satchel-relay devices       [list | block ID | unblock ID] --data DIR [--json]
  satchel-relay invites       [list | revoke ID] --data DIR [--json]
  satchel-relay conversations [list] --data DIR [--json]
  satchel-relay files         [list] --data DIR [--json]
  satchel-relay sweep  --data DIR [--dry-run] [--json]
  satchel-relay doctor --data DIR [--quick] [--json]
  satchel-relay backup   FOLDER --data DIR [--json]
  satchel-relay restore  FOLDER --data DIR [--json]
  satchel-relay restored --database URL [--json]

  --data DIR          where everything is kept that is not kept elsewhere
  --database URL      sqlite:PATH, or postgres://USER@HOST/NAME for several relays as one (sqlite in DIR)
  --files URL         file:///FOLDER, s3://BUCKET?endpoint=URL, azblob://CONTAINER or gs://BUCKET, the same
                      one for all relays on one database (in DIR)
  --bus URL           local, or nats://HOST:PORT by which relays on one database hear of each other (local)
  --config FILE       lines like "database = postgres://…", one for each of these settings
  --check             connect to all that was named, say what serve would do, and end
  --listen HOST:PORT  where to listen (127.0.0.1:7465)
  --public-url URL    how people reach it, when that differs from the address
  --tls MODE          off; self: by the key that invitations carry; acme:NAME: by Let's Encrypt (off)
  --acme URL          directory of another authority than Let's Encrypt; --acme-roots FILE: what it is trusted by
  --max-file SIZE     the largest file, like 20GB (64GiB)
  --quota SIZES       what files may take: 5GB for each account, total=200GB for all, or 5GB,total=200GB (none)
  --retention TIMES   how long things are kept: files=90d,messages=never,space=150GB (all, for ever)
  --metrics HOST:PORT where to serve numbers for Prometheus, at /metrics; for you alone (not)
  --edit-window TIME  how long after it was sent a message can be edited and deleted, like 48h (always)
  --uses N            how many people an invitation lets in (1)
  --expires DURATION  how long it does, like 48h (168h)
  --quick             compare sizes of files, and read none
  --dry-run           take nothing away, and say what would be

Each setting can also stand in the environment, like SATCHEL_DATABASE. A flag
counts before it, and it before the file. A URL with a password belongs in the
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
	case args[0] == "sweep":
		err = sweep(ctx, args[1:], stdout, stderr)
	case args[0] == "doctor":
		err = doctor(ctx, args[1:], stdout)
	case args[0] == "backup" || args[0] == "restore":
		err = backup(ctx, args[0], args[1:], stdout)
	case args[0] == "restored":
		err = restored(args[1:], stdout)
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
	config.Buckets, config.Authority = buckets, acme.New
	file := flags.String("config", "", "")
	retention := flags.String("retention", "", "")
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
	var wrong error
	if config.Retention, wrong = relay.ParseRetention(*retention); wrong != nil {
		return misuse("--retention: " + wrong.Error())
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
	flags.StringVar(&config.TLS, "tls", relay.TLSOff, "")
	flags.StringVar(&config.ACME, "acme", "", "")
	flags.StringVar(&config.ACMERoots, "acme-roots", "", "")
	largest, quota := flags.String("max-file", "", ""), flags.String("quota", "", "")
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
	_, public := relay.ACMEName(config.TLS)
	switch {
	case config.TLS != relay.TLSOff && config.TLS != relay.TLSSelf && !public:
		return misuse("--tls takes off, self, or acme:NAME with the relay's public name, like acme:chat.example.org")
	case !public && config.ACME+config.ACMERoots != "":
		return misuse("--acme and --acme-roots are for --tls acme:NAME")
	case public && config.Dir == "":
		return misuse("--tls acme:NAME keeps its certificate in a folder: say with --data in which; several relays take the same one")
	}
	if *largest != "" {
		n, err := relay.ParseBytes(*largest)
		if err != nil {
			return misuse("--max-file: " + err.Error())
		}
		config.MaxFile = n
	}
	var wrong error
	if config.Quota, wrong = relay.ParseQuota(*quota); wrong != nil {
		return misuse("--quota: " + wrong.Error())
	}
	r, err := relay.Open(config)
	if err != nil {
		return err
	}
	if *check {
		about, err := r.About(ctx)
		if err == nil {
			_, err = fmt.Fprint(stdout, about)
		}
		return errors.Join(err, r.Close())
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
