package command

import (
	"strconv"
	"strings"
	"time"

	"satchel/chat"
)

const whom = "a name, or a conversation's id"

// parseSet parses the commands about one conversation.
func parseSet(verb string) func(args []string) (job, error) {
	return func(args []string) (job, error) {
		flags, j := newFlags(verb), &conversationSet{verb: verb}
		if verb == "mute" {
			flags.DurationVar(&j.span, "for", 0, "")
		}
		rest, err := words(flags, args, whom)
		if err != nil {
			return nil, err
		}
		if j.span != 0 && j.span < time.Second {
			return nil, usage("--for is a second or more.")
		}
		j.whom = rest[0]
		return j, nil
	}
}

// parseTimer parses "timer WHOM [DURATION|off]".
func parseTimer(args []string) (job, error) {
	rest, err := anyWords(newFlags("timer"), args)
	if err != nil {
		return nil, err
	}
	if len(rest) == 0 || len(rest) > 2 || strings.TrimSpace(rest[0]) == "" {
		return nil, usage("timer needs " + whom + ", and how long new messages are there, as 1h, or off.")
	}
	j := &timer{whom: rest[0]}
	if len(rest) == 1 {
		return j, nil
	}
	j.set = true
	if rest[1] == "off" {
		return j, nil
	}
	text, days := strings.CutSuffix(rest[1], "d")
	if n, err := strconv.Atoi(text); days && err == nil && n > 0 && n <= chat.MaxLifetime/(24*60*60) {
		j.lifetime = time.Duration(n) * 24 * time.Hour
		return j, nil
	}
	if j.lifetime, err = time.ParseDuration(rest[1]); err != nil || j.lifetime < time.Second || j.lifetime > chat.MaxLifetime*time.Second {
		return nil, usage("timer takes 1s to 366d, as 90m, 1h or 7d, or off.")
	}
	return j, nil
}

func parseBlock(verb string) func(args []string) (job, error) {
	return func(args []string) (job, error) {
		rest, err := words(newFlags(verb), args, "a name")
		if err != nil {
			return nil, err
		}
		return &block{name: rest[0], on: verb == "block"}, nil
	}
}

func parseBlocked(args []string) (job, error) {
	if _, err := words(newFlags("blocked"), args); err != nil {
		return nil, err
	}
	return blockList{}, nil
}

func parseProfile(args []string) (job, error) {
	flags, j := newFlags("profile"), &profile{}
	flags.StringVar(&j.name, "name", "", "")
	flags.StringVar(&j.picture, "picture", "", "")
	flags.BoolVar(&j.none, "no-picture", false, "")
	_, err := words(flags, args)
	if err == nil && j.none && j.picture != "" {
		err = usage("profile takes --picture or --no-picture, not both.")
	}
	return j, err
}
