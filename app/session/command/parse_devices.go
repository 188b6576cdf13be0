package command

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// families are the commands that have words of their own behind them.
var families = map[string]func(args []string) (job, error){
	"link": parseLink, "device": parseDevice, "verify": parseVerify, "recovery": parseRecovery, "group": parseGroup,
	"transfers": parseTransfers, "settings": parseSettings,
	"mute": parseSet("mute"), "unmute": parseSet("unmute"), "pin": parseSet("pin"), "unpin": parseSet("unpin"),
	"archive": parseSet("archive"), "unarchive": parseSet("unarchive"),
	"timer": parseTimer, "block": parseBlock("block"), "unblock": parseBlock("unblock"), "blocked": parseBlocked, "profile": parseProfile,
	"store": parseStore, "storage": parseStorage,
}

// joiner is a command that makes a new profile.
type joiner interface{ joins() }

func (*join) joins()           {}
func (*linkHere) joins()       {}
func (*recoveryImport) joins() {}

// words parses flags and the words between them, of which there must be as many
// as are named.
func words(flags *flag.FlagSet, args []string, named ...string) ([]string, error) {
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	rest, err := interspersed(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, errHelp
	case err != nil:
		return nil, usage(flags.Name() + ": " + err.Error() + ".")
	case len(rest) > len(named):
		return nil, usage(fmt.Sprintf("%s takes no %q.", flags.Name(), rest[len(named)]))
	case len(rest) < len(named):
		return nil, usage(fmt.Sprintf("%s needs %s.", flags.Name(), named[len(rest)]))
	}
	for i, word := range rest {
		if strings.TrimSpace(word) == "" {
			return nil, usage(fmt.Sprintf("%s needs %s.", flags.Name(), named[i]))
		}
	}
	return rest, nil
}

// anyWords parses flags and any number of words between them.
func anyWords(flags *flag.FlagSet, args []string) ([]string, error) {
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	rest, err := interspersed(flags, args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil, errHelp
	case err != nil:
		return nil, usage(flags.Name() + ": " + err.Error() + ".")
	}
	return rest, nil
}

func newFlags(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ContinueOnError) }

func parseLink(args []string) (job, error) {
	flags, j := newFlags("link"), &linkHere{}
	flags.StringVar(&j.label, "name", "", "")
	rest, err := words(flags, args, "the link or the code that the other device shows")
	if err != nil {
		return nil, err
	}
	j.text = rest[0]
	return j, nil
}

func parseDevice(args []string) (job, error) {
	switch verb, args := first(args); verb {
	case "list":
		_, err := words(newFlags("device list"), args)
		return deviceList{}, err
	case "link":
		_, err := words(newFlags("device link"), args)
		return deviceLink{}, err
	case "remove":
		rest, err := words(newFlags("device remove"), args, "a device's id, or what it is called")
		if err != nil {
			return nil, err
		}
		return &deviceRemove{rest[0]}, nil
	case "help", "-h", "--help":
		return nil, errHelp
	}
	return nil, usage("device: say list, link or remove.")
}

func parseVerify(args []string) (job, error) {
	flags, j := newFlags("verify"), &verify{}
	flags.StringVar(&j.code, "code", "", "")
	flags.StringVar(&j.number, "confirm", "", "")
	rest, err := words(flags, args, "a name")
	if err != nil {
		return nil, err
	}
	if j.code != "" && j.number != "" {
		return nil, usage("verify takes --code or --confirm, not both.")
	}
	j.who = rest[0]
	return j, nil
}

func parseRecovery(args []string) (job, error) {
	verb, args := first(args)
	switch verb {
	case "export":
		rest, err := words(newFlags("recovery export"), args, "a file to write")
		if err != nil {
			return nil, err
		}
		return &recoveryExport{rest[0]}, nil
	case "import":
		flags, j := newFlags("recovery import"), &recoveryImport{}
		flags.StringVar(&j.label, "name", "", "")
		rest, err := words(flags, args, "the recovery file")
		if err != nil {
			return nil, err
		}
		j.path = rest[0]
		return j, nil
	case "help", "-h", "--help":
		return nil, errHelp
	}
	return nil, usage("recovery: say export or import.")
}

func parseGroup(args []string) (job, error) {
	verb, args := first(args)
	const which = "the group's title or id"
	switch verb {
	case "create":
		flags, with := newFlags("group create"), ""
		flags.StringVar(&with, "with", "", "")
		rest, err := words(flags, args, "a title")
		if err != nil {
			return nil, err
		}
		j := &groupCreate{title: rest[0], with: listed(with)}
		if len(j.with) == 0 {
			return nil, usage("group create needs --with: names, with commas between them.")
		}
		return j, nil
	case "list":
		_, err := words(newFlags("group list"), args)
		return groupList{}, err
	case "add", "remove":
		flags, with, j := newFlags("group "+verb), "", &groupChange{verb: verb}
		flags.StringVar(&with, "with", "", "")
		if verb == "add" {
			flags.BoolVar(&j.history, "history", false, "")
		}
		rest, err := words(flags, args, which)
		if err != nil {
			return nil, err
		}
		j.which, j.names = rest[0], listed(with)
		if len(j.names) == 0 {
			return nil, usage("group " + verb + " needs --with: names, with commas between them.")
		}
		return j, nil
	case "leave":
		rest, err := words(newFlags("group leave"), args, which)
		if err != nil {
			return nil, err
		}
		return &groupChange{verb: verb, which: rest[0]}, nil
	case "rename":
		rest, err := words(newFlags("group rename"), args, which, "a new title")
		if err != nil {
			return nil, err
		}
		return &groupChange{verb: verb, which: rest[0], title: rest[1]}, nil
	case "write":
		rest, err := words(newFlags("group write"), args, which, "admins or all")
		if err != nil {
			return nil, err
		}
		if rest[1] != "admins" && rest[1] != "all" {
			return nil, usage("group write needs admins or all: who writes.")
		}
		return &groupChange{verb: verb, which: rest[0], admins: rest[1] == "admins"}, nil
	case "link":
		flags, j, only := newFlags("group link"), &groupLink{}, false
		flags.IntVar(&j.terms.Uses, "uses", 0, "")
		flags.DurationVar(&j.terms.Expires, "expires", 0, "")
		flags.BoolVar(&j.terms.History, "history", false, "")
		flags.BoolVar(&only, "no-relay", false, "")
		rest, err := words(flags, args, which)
		if err != nil {
			return nil, err
		}
		j.which, j.terms.Relay = rest[0], !only
		return j, nil
	case "links":
		rest, err := words(newFlags("group links"), args, which)
		if err != nil {
			return nil, err
		}
		return &groupLinks{which: rest[0]}, nil
	case "revoke":
		rest, err := words(newFlags("group revoke"), args, which, "the link, or its id")
		if err != nil {
			return nil, err
		}
		return &groupLinks{rest[0], rest[1]}, nil
	case "picture":
		flags, j := newFlags("group picture"), &groupPicture{}
		flags.BoolVar(&j.none, "none", false, "")
		rest, err := anyWords(flags, args)
		switch {
		case err != nil:
			return nil, err
		case len(rest) == 0 || len(rest) > 2:
			return nil, usage("group picture needs " + which + ", and a file with the picture or --none.")
		case j.none == (len(rest) == 2):
			return nil, usage("group picture takes a file with the picture, or --none.")
		}
		if j.which = rest[0]; !j.none {
			j.path = rest[1]
		}
		return j, nil
	case "help", "-h", "--help":
		return nil, errHelp
	}
	return nil, usage("group: say create, list, add, remove, leave, rename, write, picture, link, links or revoke.")
}

// listed parts a list at its commas.
func listed(list string) (all []string) {
	for name := range strings.SplitSeq(list, ",") {
		if name = strings.TrimSpace(name); name != "" {
			all = append(all, name)
		}
	}
	return all
}

// first parts the first word from the rest.
func first(args []string) (string, []string) {
	if len(args) == 0 {
		return "", nil
	}
	return args[0], args[1:]
}
