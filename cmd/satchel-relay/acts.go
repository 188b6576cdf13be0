package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/dustin/go-humanize"

	"satchel/net/relay"
	"satchel/net/relay/store"
)

// deed is one of the commands that change a row of a list. It has words behind
// its name, before the flags: which row, and what else it takes.
type deed struct {
	words []string // what each of them is, for who leaves it out
	least int      // characters of the first word
	kind  string   // of the row, for sentences
	list  string   // the command that lists them
	// do changes the row, and returns its whole id and what became of it.
	do func(s *store.Store, words []string) (id, became string, err error)
}

// unbounded is the quota of an account that is to have none.
const unbounded = 1 << 60

var acts = map[string]deed{
	"users remove": {[]string{"whom, by name or id"}, 1, "account", "users", func(s *store.Store, words []string) (string, string, error) {
		id, err := s.AccountNamed(words[0])
		if err == nil {
			err = s.RemoveAccount(id)
		}
		return id, "removed", err
	}},
	"users quota": {[]string{"whose, by name or id", "how much, like 5GB, none or default"}, 1, "account", "users", func(s *store.Store, words []string) (string, string, error) {
		bytes, became := int64(-1), "may keep as much as everybody"
		switch words[1] {
		case "default":
		case "none":
			bytes, became = unbounded, "may keep as much as there is room for"
		default:
			var err error
			if bytes, err = relay.ParseBytes(words[1]); err != nil {
				return "", "", misuse(err.Error())
			}
			became = "may keep " + humanize.Bytes(uint64(bytes))
		}
		id, err := s.AccountNamed(words[0])
		if err == nil {
			err = s.SetQuota(id, bytes)
		}
		return id, became, err
	}},
	"devices block": {[]string{"which, by four characters of its id or more"}, 4, "device", "devices", func(s *store.Store, words []string) (string, string, error) {
		id, err := s.BlockDevice(words[0], true)
		return id, "blocked", err
	}},
	"devices unblock": {[]string{"which, by four characters of its id or more"}, 4, "device", "devices", func(s *store.Store, words []string) (string, string, error) {
		id, err := s.BlockDevice(words[0], false)
		return id, "may come in again", err
	}},
	"invites revoke": {[]string{"which, by four characters of its id or more"}, 4, "invitation", "invites", func(s *store.Store, words []string) (string, string, error) {
		id, err := s.RevokeInvite(words[0])
		return id, "revoked", err
	}},
}

// act carries one out.
func act(name string, a deed, args []string, stdout io.Writer) error {
	for i, what := range a.words {
		if len(args) <= i || args[i] == "" || strings.HasPrefix(args[i], "-") || i == 0 && len(args[0]) < a.least {
			return misuse(fmt.Sprintf("say after %s %s, before the flags", name, what))
		}
	}
	words, args := args[:len(a.words)], args[len(a.words):]
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
	id, became, err := a.do(s, words)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("there is no %s %s; satchel-relay %s lists them", a.kind, words[0], a.list)
	case errors.Is(err, store.ErrConflict):
		return fmt.Errorf("several begin with %s; give more of the id", words[0])
	case errors.Is(err, store.ErrBarred):
		return errors.New("the device's account was removed, and stays so; invite the person again")
	case err != nil:
		return err
	}
	if *asJSON {
		return json.NewEncoder(stdout).Encode(struct {
			ID     string `json:"id"`
			Became string `json:"became"`
		}{id, became})
	}
	_, err = fmt.Fprintf(stdout, "%s %s: %s\n", a.kind, id, became)
	return err
}
