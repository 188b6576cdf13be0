// Command satchel-relay is the headless relay: people connect to it with
// Satchel, and it keeps their conversations and files.
//
//	satchel-relay serve | invite | users | devices | invites | conversations | files
//	satchel-relay sweep | doctor | backup | restore
//
// `satchel-relay help` has their flags.
//
// It exits with 0 when done, 1 when something failed, 2 when it was used wrongly.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"satchel/net/priority"
)

func main() {
	priority.Spare()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
