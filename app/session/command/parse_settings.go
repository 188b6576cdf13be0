package command

import (
	"time"
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
	_, err := words(newFlags("blocked"), args)
	return blockList{}, err
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
