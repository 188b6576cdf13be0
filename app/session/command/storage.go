package command

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"satchel/app/session"
	"satchel/chat"
)

func parseStorage(args []string) (job, error) {
	verb, rest := first(args)
	switch verb {
	case "", "show":
		_, err := words(newFlags("storage show"), rest)
		return storageShow{}, err
	case "free":
		flags, j := newFlags("storage free"), &storageFree{}
		flags.StringVar(&j.with, "with", "", "")
		flags.StringVar(&j.kind, "kind", "", "")
		flags.DurationVar(&j.older, "older-than", 0, "")
		if _, err := words(flags, rest); err != nil {
			return nil, err
		}
		if j.kind != "" && !slices.Contains(session.RoomKinds, j.kind) {
			return nil, usage("storage free: --kind is one of " + strings.Join(session.RoomKinds, ", ") + ".")
		}
		if j.older < 0 {
			return nil, usage("storage free: --older-than is no less than nothing.")
		}
		return j, nil
	case "budget":
		given, err := words(newFlags("storage budget"), rest, "a size, as 20GB, or none")
		if err != nil {
			return nil, err
		}
		if given[0] == "none" {
			return &storageBudget{}, nil
		}
		n, err := humanize.ParseBytes(given[0])
		if err != nil || n == 0 || n > 1<<62 {
			return nil, usage("storage budget: " + given[0] + " is no size; write 20GB, or none.")
		}
		return &storageBudget{int64(n)}, nil
	case "help", "-h", "--help":
		return nil, errHelp
	}
	return nil, usage("storage: say show, free or budget.")
}

// roomLine is what takes room, in bytes.
type roomLine struct {
	Messages      int64            `json:"messages"` // with thumbnails and keys
	Files         int64            `json:"files"`    // downloaded ones
	Parts         int64            `json:"parts"`    // of transfers that have not ended
	Other         int64            `json:"other"`    // beside the downloaded files: what was changed since
	Budget        int64            `json:"budget,omitempty"`
	Kinds         map[string]int64 `json:"kinds"` // of Files
	Conversations []roomOf         `json:"conversations"`
}

// roomOf is what the files of one conversation take. A file that is in several
// counts in each.
type roomOf struct {
	Conversation chat.ConversationID `json:"conversation"`
	Name         string              `json:"name"`
	Files        int                 `json:"files"`
	Bytes        int64               `json:"bytes"`
}

type storageShow struct{}

func (storageShow) run(_ context.Context, r *runner, c *Call) error {
	room, err := r.s.Room()
	if err != nil {
		return err
	}
	l := roomLine{Messages: room.Messages, Files: room.Files, Parts: room.Parts, Other: room.Other, Budget: room.Budget,
		Kinds: map[string]int64{}, Conversations: []roomOf{}}
	for i := range room.Held {
		l.Kinds[room.Held[i].Kind] += room.Held[i].Size
	}
	all, err := r.s.Conversations()
	if err != nil {
		return err
	}
	me := r.s.Profile().Account.ID
	for i := range all {
		o := roomOf{Conversation: all[i].ID, Name: all[i].Name(me)}
		for j := range room.Held {
			if room.Held[j].In(o.Conversation) {
				o.Files, o.Bytes = o.Files+1, o.Bytes+room.Held[j].Size
			}
		}
		if o.Files > 0 {
			l.Conversations = append(l.Conversations, o)
		}
	}
	slices.SortStableFunc(l.Conversations, func(a, b roomOf) int { return int(min(1, max(-1, b.Bytes-a.Bytes))) })
	return c.print(l)
}

type storageFree struct {
	with, kind string
	older      time.Duration
}

type freedLine struct {
	Files int   `json:"files"` // that went
	Bytes int64 `json:"bytes"`
	InUse int   `json:"in_use"` // that stay: a transfer needs them
	Last  int   `json:"last"`   // that stay: they could not be fetched again
}

func (j *storageFree) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	choice := session.Choice{Kind: j.kind}
	if j.with != "" {
		conv, err := r.s.OpenDirect(ctx, j.with)
		if err != nil {
			return interrupted(ctx, err)
		}
		choice.Conversation = conv.ID
	}
	if j.older > 0 {
		choice.Before = time.Now().Add(-j.older)
	}
	freed, err := r.s.Free(ctx, choice)
	if printed := c.print(freedLine{freed.Files, freed.Bytes, freed.InUse, freed.Last}); printed != nil {
		return printed
	}
	return interrupted(ctx, err)
}

type storageBudget struct{ bytes int64 }

func (j *storageBudget) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.s.SetBudget(ctx, j.bytes); err != nil {
		return interrupted(ctx, err)
	}
	return c.print(map[string]int64{"budget": j.bytes})
}
