package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/dustin/go-humanize"

	"satchel/net/relay"
	"satchel/net/relay/store"
)

// listing is what one of the commands that list prints: a line of columns for
// people, or the row as JSON.
type listing struct {
	head string // names of the columns, with tabs
	rows func(*store.Store) ([]listed, error)
}

type listed struct {
	row     any
	columns []any
}

var listings = map[string]listing{
	"users": {"NAME\tACCOUNT\tDEVICES\tCONVERSATIONS\tFILES\tJOINED\tLAST SEEN", func(s *store.Store) ([]listed, error) {
		return rows(s.Users, func(u store.UserRow) []any {
			name := u.Name
			if u.Chain == 0 {
				name += " (from before sealing, shut out)"
			}
			return []any{name, u.ID, u.Devices, u.Conversations, humanize.IBytes(uint64(u.Bytes)), when(u.Created), when(u.LastSeen)}
		})
	}},
	"devices": {"ACCOUNT OF\tDEVICE\tKIND\tSINCE\tSTATE", func(s *store.Store) ([]listed, error) {
		return rows(s.Devices, func(d store.DeviceRow) []any {
			state := "active"
			if d.Removed {
				state = "removed"
			}
			return []any{d.Name, d.ID, d.Kind, when(d.Created), state}
		})
	}},
	"invites": {"ID\tUSED\tMADE\tEXPIRES", func(s *store.Store) ([]listed, error) {
		return rows(s.Invites, func(i store.InviteRow) []any {
			return []any{i.ID[:12], fmt.Sprintf("%d of %d", i.Used, i.Uses), when(i.Created), when(i.Expires)}
		})
	}},
	"conversations": {"CONVERSATION\tKIND\tMEMBERS\tMESSAGES\tSTATEMENTS\tBEGUN\tLAST ACTIVE", func(s *store.Store) ([]listed, error) {
		return rows(s.Conversations, func(c store.ConversationRow) []any {
			return []any{c.ID, c.Kind, c.Members, c.Entries, c.Chain, when(c.Created), when(c.Updated)}
		})
	}},
	"files": {"FILE\tUPLOADED BY\tSIZE\tSENT TO\tBEGUN\tSTATE", func(s *store.Store) ([]listed, error) {
		return rows(s.Files, func(f store.FileRow) []any {
			state := "unfinished"
			if f.Finished > 0 {
				state = "whole"
			}
			return []any{f.ID, f.Uploader, humanize.IBytes(uint64(f.Size)), f.Conversations, when(f.Created), state}
		})
	}},
}

// rows reads a list and lays out its columns.
func rows[R any](read func() ([]R, error), columns func(R) []any) ([]listed, error) {
	all, err := read()
	if err != nil {
		return nil, err
	}
	var out []listed
	for _, r := range all {
		out = append(out, listed{r, columns(r)})
	}
	return out, nil
}

// when writes a time in UTC; "-" for never.
func when(ms int64) string {
	if ms == 0 {
		return "-"
	}
	return time.UnixMilli(ms).UTC().Format("2006-01-02 15:04")
}

// lists carries out the command of that name.
func lists(name string, args []string, stdout io.Writer) error {
	if name == "invites" && len(args) > 0 && args[0] == "revoke" {
		return revoke(args[1:], stdout)
	}
	var data string
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "")
	if err := parse(flags, args, &data); err != nil {
		return err
	}
	s, err := relay.Look(data)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := listings[name].rows(s)
	if err != nil {
		return err
	}
	if *asJSON {
		lines := json.NewEncoder(stdout)
		for _, l := range all {
			if err := lines.Encode(l.row); err != nil {
				return err
			}
		}
		return nil
	}
	table := tabwriter.NewWriter(stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, listings[name].head)
	for _, l := range all {
		fmt.Fprintln(table, strings.TrimSuffix(fmt.Sprintf(strings.Repeat("%v\t", len(l.columns)), l.columns...), "\t"))
	}
	return table.Flush()
}

// revoke takes an invitation back. What it let in before stays.
func revoke(args []string, stdout io.Writer) error {
	if len(args) == 0 || len(args[0]) < 4 || strings.HasPrefix(args[0], "-") {
		return misuse("say which invitation: invites revoke ID, with four characters of its id or more, before the flags")
	}
	var data string
	if err := parse(flag.NewFlagSet("revoke", flag.ContinueOnError), args[1:], &data); err != nil {
		return err
	}
	s, err := relay.Look(data)
	if err != nil {
		return err
	}
	defer s.Close()
	id, err := s.RevokeInvite(args[0])
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("there is no invitation whose id begins with %s; satchel-relay invites lists them", args[0])
	case errors.Is(err, store.ErrConflict):
		return fmt.Errorf("several invitations begin with %s; give more of the id", args[0])
	case err != nil:
		return err
	}
	_, err = fmt.Fprintf(stdout, "revoked %s\n", id)
	return err
}
