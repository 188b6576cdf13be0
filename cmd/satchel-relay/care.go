package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"satchel/net/relay"
)

// errUnwell: doctor found something, and has said what.
var errUnwell = errors.New("something is wrong; see above")

func doctor(ctx context.Context, args []string, stdout io.Writer) error {
	var config relay.Config
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	asJSON, quick := flags.Bool("json", false, ""), flags.Bool("quick", false, "")
	if err := parse(flags, args, &config); err != nil {
		return err
	}
	all, err := relay.Doctor(ctx, config, time.Now(), *quick)
	if err != nil {
		return err
	}
	lines, unwell := json.NewEncoder(stdout), false
	for _, f := range all {
		unwell = unwell || len(f.Wrong) > 0
		switch {
		case *asJSON:
			err = lines.Encode(f)
		case len(f.Wrong) == 0:
			_, err = fmt.Fprintf(stdout, "%-9s well: %s\n", f.What, f.Well)
		default:
			_, err = fmt.Fprintf(stdout, "%-9s WRONG: %s %s\n", f.What, strings.Join(f.Wrong, " "), f.Advice)
		}
		if err != nil {
			return err
		}
	}
	if unwell {
		return errUnwell
	}
	return nil
}

// folder reads the flags of a command that is for a relay which keeps
// everything in its folder, and returns that.
func folder(flags *flag.FlagSet, args []string) (string, error) {
	var config relay.Config
	if err := parse(flags, args, &config); err != nil {
		return "", err
	}
	if config.Database != "" || config.Files != "" {
		return "", errors.New("this is for a relay that keeps everything in --data; for one with --database or --files use pg_dump, or copy them (see docs/operations.md)")
	}
	return config.Dir, nil
}

// backup carries out backup DIR and restore DIR.
func backup(ctx context.Context, name string, args []string, stdout io.Writer) error {
	if len(args) == 0 || args[0] == "" || strings.HasPrefix(args[0], "-") {
		return misuse("say the backup's folder: " + name + " DIR, before the flags")
	}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "")
	data, err := folder(flags, args[1:])
	if err != nil {
		return err
	}
	do, from, to := relay.Backup, data, args[0]
	if name == "restore" {
		do, from, to = relay.Restore, args[0], data
	}
	saved, err := do(ctx, from, to)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(stdout).Encode(struct {
			Folder string `json:"folder"`
			Files  int    `json:"files"`
			Bytes  int64  `json:"bytes"`
		}{to, saved.Files, saved.Bytes})
	}
	_, err = fmt.Fprintf(stdout, "%s: the database and %d files, %s\n", to, saved.Files, humanize.Bytes(uint64(saved.Bytes)))
	return err
}

// restored is for a database that was put back without restore.
func restored(args []string, stdout io.Writer) error {
	var config relay.Config
	flags := flag.NewFlagSet("restored", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "")
	if err := parse(flags, args, &config); err != nil {
		return err
	}
	if err := relay.Restored(config); err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(stdout).Encode(map[string]bool{"restored": true})
	}
	_, err := fmt.Fprintln(stdout, "numbers go on above all that were given out before; serve may be started")
	return err
}

// sweep takes away what a relay that is served takes away every hour.
func sweep(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	config := relay.Config{Logger: slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))}
	flags := flag.NewFlagSet("sweep", flag.ContinueOnError)
	asJSON, dry := flags.Bool("json", false, ""), flags.Bool("dry-run", false, "")
	if err := parse(flags, args, &config); err != nil {
		return err
	}
	s, err := relay.SweepNow(ctx, config, *dry)
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(stdout).Encode(s)
	}
	word := "removed"
	if *dry {
		word = "would remove"
	}
	_, err = fmt.Fprintf(stdout, "%s: %d uploads that stood still, %d files that nobody was given, %d that expired (%s in all), %d things that are no file's, %d messages\n",
		word, s.Unfinished, s.Unreferenced, s.Expired, humanize.Bytes(uint64(s.Bytes)), s.Unknown, s.Messages)
	return err
}
