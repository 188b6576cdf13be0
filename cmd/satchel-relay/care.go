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
	var data string
	flags := flag.NewFlagSet("doctor", flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "")
	if err := parse(flags, args, &data); err != nil {
		return err
	}
	all, err := relay.Doctor(data, time.Now())
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
	var data string
	if err := parse(flag.NewFlagSet(name, flag.ContinueOnError), args[1:], &data); err != nil {
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
	_, err = fmt.Fprintf(stdout, "%s: the database and %d files, %s\n", to, saved.Files, humanize.IBytes(uint64(saved.Bytes)))
	return err
}
