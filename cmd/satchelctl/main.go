// Satchelctl is Satchel at a prompt: join a relay, send, listen, look. The
// commands are in app/session/command; docs and `satchelctl help` list them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"satchel/app/session"
	"satchel/app/session/command"
	"satchel/net/priority"
)

func main() {
	priority.Spare()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is the program. It returns the exit code: 0 done, 1 failed, 2 used wrongly.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("satchelctl", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	profile := flags.String("profile", "", "the profile's folder")
	verbose := flags.Bool("verbose", false, "log to standard error")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		fmt.Fprint(stdout, command.Usage)
		return 0
	} else if err != nil {
		fmt.Fprintf(stderr, "Wrong use: %v. See: satchelctl help\n", err)
		return 2
	}
	if *profile == "" {
		*profile = session.Folder("")
	}
	call, err := command.NewCall(flags.Args())
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	call.Stdin, call.Stdout, call.Stderr = stdin, stdout, stderr
	logger := slog.New(slog.DiscardHandler)
	if *verbose {
		logger = slog.New(slog.NewTextHandler(stderr, nil))
	}
	return command.Main(ctx, *profile, logger, call)
}
