package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"satchel/net/relay"
)

// errUnwell: doctor found something, and has said what.
var errUnwell = errors.New("something is wrong; see above")

func doctor(args []string, stdout io.Writer) error {
	var config relay.Config
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "")
	if err := parse(flags, args, &config); err != nil {
		return err
	}
	if err := placed(config); err != nil {
		return err
	}
	all, err := relay.Doctor(config, time.Now())
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

// backup carries out backup DIR and restore DIR.
func backup(ctx context.Context, name string, args []string, stdout io.Writer) error {
	if len(args) == 0 || args[0] == "" || strings.HasPrefix(args[0], "-") {
		return misuse("say the backup's folder: " + name + " DIR, before the flags")
	}
	var config relay.Config
	if err := parse(flag.NewFlagSet(name, flag.ContinueOnError), args[1:], &config); err != nil {
		return err
	}
	if err := placed(config); err != nil {
		return err
	}
	var saved relay.Saved
	var err error
	to := args[0]
	if name == "restore" {
		to = config.Dir
		saved, err = relay.Restore(ctx, args[0], config)
	} else {
		saved, err = relay.Backup(ctx, config, to)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "%s: the database and %d files, %s\n", to, saved.Files, humanize.IBytes(uint64(saved.Bytes)))
	return err
}
