// Command satchel-relay is the headless relay: people connect to it with
// Satchel, and it keeps their conversations and files.
//
//	satchel-relay serve  --data DIR [--listen HOST:PORT] [--public-url URL] [--metrics HOST:PORT] [--check]
//	                     [--database URL] [--files URL] [--bus URL] [--config FILE]
//	satchel-relay invite --data DIR [--uses N] [--expires DURATION]
//	satchel-relay users|devices|invites|conversations|files --data DIR [--json]
//	satchel-relay invites revoke ID --data DIR
//	satchel-relay backup  FOLDER --data DIR
//	satchel-relay restore FOLDER --data DIR
//	satchel-relay doctor --data DIR [--json]
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
