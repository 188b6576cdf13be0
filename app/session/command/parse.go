package command

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"satchel/chat"
)

// Usage is what `satchelctl help` prints.
const Usage = `satchelctl is Satchel at a prompt.

  satchelctl [--profile DIR] [--verbose] COMMAND

  join LINK --name NAME        join the relay of an invitation
  join LINK [--name NAME] [--timeout DURATION]
                               come into the group of a link; where you are not on its relay
                               yet, join that, too
  send --to NAME-OR-CONVERSATION-ID [--text T] [--title T] [--location LAT,LON] [--file PATH]...
       [--keep-metadata] [--smaller]
                               send a message; several files are one message each.
                               Pictures go without what they say of place, camera and
                               time, unless --keep-metadata; --smaller sends them with
                               2048 pixels at most. Ends when the relay has it.
  listen [--count N] [--timeout DURATION] [--download DIR]
                               print messages that no listen has printed yet, then new ones
  history --with NAME [--limit N]
                               print a conversation's newest messages
  conversations                list them
  status                       who, where, connected or not, and what is under way
  invite [--uses N] [--expires DURATION]
                               make an invitation
  transfers                    list what is under way, waiting, paused or failed
  transfers pause|resume|cancel|retry|front ID...|--all
                               steer them; front lets one go before all that wait
  settings                     print the settings
  settings downloads [--from nobody|known|anybody] [--up-to SIZE] [--pictures BOOL] [--others BOOL]
                     [--limit-up SIZE] [--limit-down SIZE] [--limit SIZE] [--at-once N]
                               whose files come by themselves, and what files may take:
                               limits are bytes a second, 0 for none

  link LINK-OR-CODE [--name LABEL]
                               make this profile a device of an account that another
                               device has, by what that one's "device link" prints
  device list                  list your devices
  device link                  let another device come to your account
  device remove ID-OR-LABEL    take a device out of your account
  verify NAME [--code TEXT | --confirm NUMBER]
                               the number to compare with somebody; or compare it
  recovery export FILE         make a file that brings your account back
  recovery import FILE [--name LABEL]
                               bring it back, into this new profile
  group create TITLE --with NAME,NAME
  group list
  group add GROUP --with NAME,NAME [--history]
  group remove GROUP --with NAME,NAME
  group leave GROUP
  group rename GROUP TITLE
  group write GROUP admins|all
  group picture GROUP FILE|--none
  group link GROUP [--uses N] [--expires DURATION] [--history] [--no-relay]
  group links GROUP
  group revoke GROUP LINK-OR-ID
                               groups: make one, list them, change who is in one; with
                               --history those who are added read what was before
  mute WHOM [--for DURATION], unmute WHOM
  pin WHOM, unpin WHOM, archive WHOM, unarchive WHOM
                               how a conversation stands in your list, on all your devices
  timer WHOM [DURATION|off]    how long new messages of a conversation are there, on all
                               devices and at the relay: 1s to 366d, as 1h or 7d
  block NAME, unblock NAME, blocked
                               keep what somebody writes to you out of sight; list whom
  profile [--name NAME] [--picture FILE | --no-picture]
                               who you are; or change what you are called, and how you look
  store [show]                 where your new files are kept, and what other stores are known
  store set JSON-FILE [--read-only]
                               keep new files in a store of your own; its secret is in
                               the file, or a line of standard input
  store test [JSON-FILE]       write, read and delete a small file there
  store relay                  keep new files at the relay again
  store forget ID              forget a store and its secret
  storage [show]               what takes room on this computer
  storage free [--with NAME] [--kind KIND] [--older-than DURATION]
                               take downloaded files away; a click fetches them again
  storage budget SIZE|none     keep downloaded files within a size, as 20GB

Each prints JSON, one object a line. Exit codes: 0 done, 1 failed, 2 used wrongly.
A send that is interrupted is kept; repeating it while it is pending continues it.
`

// job is a command that was parsed.
type job interface {
	run(ctx context.Context, r *runner, c *Call) error
}

// errHelp asks for Usage.
var errHelp = errors.New("help")

// parse reads a command line. Errors are of type usage, or errHelp.
func parse(args []string) (job, error) {
	if len(args) == 0 {
		return nil, usage("say what to do: join, link, send, listen, history, conversations, status, invite, transfers, settings, device, verify, recovery, group, mute, pin, archive, block, profile, store or storage.")
	}
	if parseMore, ok := families[args[0]]; ok {
		return parseMore(args[1:])
	}
	name := args[0]
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Usage = func() {}
	var j job
	var check func(rest []string) error
	none := func(rest []string) error {
		if len(rest) > 0 {
			return usage(fmt.Sprintf("%s takes no %q.", name, rest[0]))
		}
		return nil
	}
	switch name {
	case "join":
		x := &join{}
		flags.StringVar(&x.name, "name", "", "")
		flags.DurationVar(&x.timeout, "timeout", 0, "")
		j, check = x, func(rest []string) error {
			switch {
			case len(rest) == 0:
				return usage("join needs an invitation's link.")
			case x.timeout < 0:
				return usage("--timeout is no less than nothing.")
			case len(rest) > 1:
				return usage("join takes one link; put it between quotes.")
			case x.name == "" && !strings.Contains(rest[0], "group="):
				return usage("join needs --name.")
			}
			x.link = rest[0]
			return nil
		}
	case "send":
		x := &send{}
		var location string
		var keep bool
		flags.BoolVar(&keep, "keep-metadata", false, "")
		flags.BoolVar(&x.edit.Smaller, "smaller", false, "")
		flags.StringVar(&x.to, "to", "", "")
		flags.StringVar(&x.content.Text, "text", "", "")
		flags.StringVar(&x.content.Title, "title", "", "")
		flags.StringVar(&location, "location", "", "")
		flags.Func("file", "", func(p string) error {
			if p == "" {
				return errors.New("a path is missing")
			}
			x.files = append(x.files, p)
			return nil
		})
		j, check = x, func(rest []string) error {
			if err := none(rest); err != nil {
				return err
			}
			if strings.TrimSpace(x.to) == "" {
				return usage("send needs --to: a name, or a conversation's id.")
			}
			if x.edit.Clean = !keep; keep && x.edit.Smaller {
				return usage("--smaller makes a new picture, which can't say what the old one did: leave out --keep-metadata.")
			}
			if location != "" {
				l, err := chat.ParseLocation(location)
				if err != nil {
					return usage(sentence(err))
				}
				x.content.Location = l
			}
			x.content.Kind = chat.KindMessage
			if err := x.content.Check(); err != nil && !(errors.Is(err, chat.ErrEmpty) && len(x.files) > 0) {
				return usage(sentence(err))
			}
			return nil
		}
	case "listen":
		x := &listen{}
		flags.IntVar(&x.count, "count", 0, "")
		flags.DurationVar(&x.timeout, "timeout", 0, "")
		flags.StringVar(&x.download, "download", "", "")
		j, check = x, func(rest []string) error {
			flags.Visit(func(f *flag.Flag) { x.counted = x.counted || f.Name == "count" })
			if x.counted && x.count < 1 || x.timeout < 0 {
				return usage("--count is 1 or more, and --timeout is no less than nothing.")
			}
			return none(rest)
		}
	case "history":
		x := &history{}
		flags.StringVar(&x.with, "with", "", "")
		flags.IntVar(&x.limit, "limit", 50, "")
		j, check = x, func(rest []string) error {
			if strings.TrimSpace(x.with) == "" {
				return usage("history needs --with: a name, or a conversation's id.")
			}
			if x.limit < 1 {
				return usage("--limit is 1 or more.")
			}
			return none(rest)
		}
	case "conversations":
		j, check = conversations{}, none
	case "status":
		j, check = status{}, none
	case "invite":
		x := &invite{}
		flags.IntVar(&x.uses, "uses", 1, "")
		flags.DurationVar(&x.expires, "expires", 7*24*time.Hour, "")
		j, check = x, func(rest []string) error {
			if x.uses < 1 || x.expires < time.Second {
				return usage("--uses is 1 or more, and --expires a second or more.")
			}
			return none(rest)
		}
	case "help":
		return nil, errHelp
	default:
		return nil, usage(fmt.Sprintf("there is no command %q.", name))
	}
	rest, err := interspersed(flags, args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return nil, errHelp
	} else if err != nil {
		return nil, usage(name + ": " + err.Error() + ".")
	}
	if err := check(rest); err != nil {
		return nil, err
	}
	return j, nil
}

// interspersed parses flags wherever they stand, and returns what is no flag.
// After "--" nothing is.
func interspersed(flags *flag.FlagSet, args []string) (rest []string, err error) {
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		left := flags.Args()
		if len(left) == 0 {
			return rest, nil
		}
		if used := len(args) - len(left); used > 0 && args[used-1] == "--" {
			return append(rest, left...), nil
		}
		rest, args = append(rest, left[0]), left[1:]
	}
}
