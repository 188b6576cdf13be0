package main

import (
	"encoding/json"
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
	"users": {"NAME\tACCOUNT\tDEVICES\tCONVERSATIONS\tFILES\tQUOTA\tJOINED\tLAST SEEN", func(s *store.Store) ([]listed, error) {
		return rows(s.Users, func(u store.UserRow) []any {
			name := u.Name
			if u.Chain == 0 {
				name += " (from before sealing, shut out)"
			}
			if u.Removed > 0 {
				name += " (removed)"
			}
			quota := "as all"
			if u.Quota >= 0 {
				quota = humanize.Bytes(uint64(u.Quota))
			}
			if u.Quota == unbounded {
				quota = "none"
			}
			return []any{name, u.ID, u.Devices, u.Conversations, humanize.Bytes(uint64(u.Bytes)), quota, when(u.Created), when(u.LastSeen)}
		})
	}},
	"devices": {"ACCOUNT OF\tDEVICE\tKIND\tSINCE\tSTATE", func(s *store.Store) ([]listed, error) {
		return rows(s.Devices, func(d store.DeviceRow) []any {
			state := "active"
			if d.Removed {
				state = "removed"
			} else if d.Blocked > 0 {
				state = "blocked"
			}
			return []any{d.Name, d.ID, d.Kind, when(d.Created), state}
		})
	}},
	"invites": {"ID\tUSED\tMADE\tEXPIRES\tBY\tFOR", func(s *store.Store) ([]listed, error) {
		return rows(s.Invites, func(i store.InviteRow) []any {
			used, expires, by, leads := fmt.Sprintf("%d of %d", i.Used, i.Uses), "never", "operator", "the relay"
			if i.Uses == 0 {
				used = "-"
			}
			if i.Expires > 0 {
				expires = when(i.Expires)
			}
			if i.By != "" {
				by = i.By
			}
			if i.Group != "" {
				leads = "group " + i.Group
			}
			return []any{i.ID[:12], used, when(i.Created), expires, by, leads}
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
			if f.Gone > 0 {
				state = "expired"
			}
			return []any{f.ID, f.Name, humanize.Bytes(uint64(f.Size)), f.Conversations, when(f.Created), state}
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
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		if do, ok := acts[name+" "+args[0]]; ok {
			return act(name+" "+args[0], do, args[1:], stdout)
		}
		if args[0] != "list" {
			return misuse(fmt.Sprintf("%s can't be told to %q; what it can is below", name, args[0]))
		}
		args = args[1:]
	}
	var config relay.Config
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	asJSON := flags.Bool("json", false, "")
	if err := parse(flags, args, &config); err != nil {
		return err
	}
	s, err := relay.Look(config)
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
