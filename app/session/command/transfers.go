package command

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"satchel/app/session"
	"satchel/chat"
	"satchel/transfer"
)

// transfersJob lists transfers, or steers them.
type transfersJob struct {
	act string // "": list
	ids []string
	all bool
}

func parseTransfers(args []string) (job, error) {
	j := &transfersJob{}
	flags := newFlags("transfers")
	flags.BoolVar(&j.all, "all", false, "")
	rest, err := anyWords(flags, args)
	if err != nil {
		return nil, err
	}
	if len(rest) > 0 {
		j.act, j.ids = rest[0], rest[1:]
	}
	switch j.act {
	case "":
		if j.all {
			return nil, usage("say what to do with all: transfers pause, resume, cancel or retry.")
		}
		return j, nil
	case "pause", "resume", "cancel", "retry", "front":
	default:
		return nil, usage(fmt.Sprintf("transfers can't %q: pause, resume, cancel, retry or front.", j.act))
	}
	switch {
	case j.all && j.act == "front":
		return nil, usage("not all can be in front: name one, or several.")
	case j.all && len(j.ids) > 0:
		return nil, usage("name transfers, or say --all, not both.")
	case !j.all && len(j.ids) == 0:
		return nil, usage("transfers " + j.act + " needs the id of a transfer, or --all.")
	}
	return j, nil
}

func lineOf(t *chat.Transfer) transferLine {
	return transferLine{t.ID, t.Direction.String(), t.Conversation, t.Message,
		transfer.ScrubName(t.File.Name), t.File.Size, t.Offset, t.State.String(), t.Reason}
}

// run prints what was steered, as it stands a moment later; without an act, all
// that have not ended.
func (j *transfersJob) run(ctx context.Context, r *runner, c *Call) error {
	s := r.s
	if !s.Profile().Joined {
		return session.ErrNotHere
	}
	if j.act == "" {
		all, err := s.Transfers()
		if err != nil {
			return err
		}
		for i := range all {
			if err := c.print(lineOf(&all[i])); err != nil {
				return err
			}
		}
		return nil
	}
	before, err := j.meant(s)
	if err != nil {
		return err
	}
	each := map[string]func(chat.TransferID) error{"pause": s.PauseTransfer, "resume": s.ResumeTransfer,
		"retry": s.ResumeTransfer, "cancel": s.CancelTransfer, "front": s.FrontTransfer}[j.act]
	if j.all {
		map[string]func(){"pause": s.PauseAllTransfers, "resume": s.ResumeAllTransfers,
			"retry": s.RetryAllTransfers, "cancel": s.CancelAllTransfers}[j.act]()
	}
	for i := range before {
		if j.all {
			continue
		}
		if err := each(before[i].ID); err != nil {
			return err
		}
	}
	for i := range before {
		t := j.settled(ctx, s, before[i])
		if err := c.print(lineOf(&t)); err != nil {
			return err
		}
	}
	return nil
}

// meant are the transfers that the command names.
func (j *transfersJob) meant(s *session.Session) ([]chat.Transfer, error) {
	all, err := s.Transfers()
	if err != nil || j.all {
		return all, err
	}
	var out []chat.Transfer
	for _, id := range j.ids {
		found := false
		for _, t := range all {
			if string(t.ID) == id {
				out, found = append(out, t), true
			}
		}
		if !found {
			return nil, fmt.Errorf("there is no transfer %q under way; nothing was changed. satchelctl transfers lists them", id)
		}
	}
	return out, nil
}

// settled waits until an act was carried out, for a moment.
func (j *transfersJob) settled(ctx context.Context, s *session.Session, t chat.Transfer) chat.Transfer {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	for {
		now, ok := s.TransferOf(t.Conversation, t.Message)
		if !ok || now.ID != t.ID { // a cancelled one is forgotten
			t.State, t.Reason = chat.TransferCancelled, ""
			return t
		}
		switch j.act {
		case "pause":
			ok = now.State == chat.TransferPaused || now.State == chat.TransferFailed
		case "cancel":
			ok = now.State == chat.TransferCancelled
		case "resume", "retry":
			ok = now.State != chat.TransferPaused && now.State != chat.TransferFailed || j.all && now.State == t.State
		case "front":
			ok = now.Front > t.Front || now.State.Active()
		}
		if ok || now.State == chat.TransferDone {
			return now
		}
		select {
		case <-ctx.Done():
			return now
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// settingsJob prints settings, or changes them.
type settingsJob struct{ set []func(*session.Downloads) }

func parseSettings(args []string) (job, error) {
	if len(args) == 0 {
		return &settingsJob{}, nil
	}
	if args[0] != "downloads" {
		return nil, usage(fmt.Sprintf("there are no settings %q: downloads.", args[0]))
	}
	j := &settingsJob{}
	flags := newFlags("settings downloads")
	change := func(name string, read func(v string) (func(*session.Downloads), error)) {
		flags.Func(name, "", func(v string) error {
			f, err := read(v)
			if err == nil {
				j.set = append(j.set, f)
			}
			return err
		})
	}
	bytes := func(to func(*session.Downloads) *int64) func(string) (func(*session.Downloads), error) {
		return func(v string) (func(*session.Downloads), error) {
			n, err := humanize.ParseBytes(v)
			if err != nil || n > 1<<62 {
				return nil, errors.New("write a number of bytes, like 500KB or 20MiB")
			}
			return func(d *session.Downloads) { *to(d) = int64(n) }, nil
		}
	}
	yes := func(to func(*session.Downloads) *bool) func(string) (func(*session.Downloads), error) {
		return func(v string) (func(*session.Downloads), error) {
			b, err := strconv.ParseBool(v)
			if err != nil {
				return nil, errors.New("write true or false")
			}
			return func(d *session.Downloads) { *to(d) = b }, nil
		}
	}
	change("from", func(v string) (func(*session.Downloads), error) {
		return func(d *session.Downloads) { d.From = v }, nil
	})
	change("up-to", bytes(func(d *session.Downloads) *int64 { return &d.UpTo }))
	change("limit-up", bytes(func(d *session.Downloads) *int64 { return &d.Up }))
	change("limit-down", bytes(func(d *session.Downloads) *int64 { return &d.Down }))
	change("limit", bytes(func(d *session.Downloads) *int64 { return &d.Total }))
	change("pictures", yes(func(d *session.Downloads) *bool { return &d.Pictures }))
	change("others", yes(func(d *session.Downloads) *bool { return &d.Others }))
	change("at-once", func(v string) (func(*session.Downloads), error) {
		n, err := strconv.Atoi(v)
		if err != nil {
			return nil, errors.New("write a number")
		}
		return func(d *session.Downloads) { d.AtOnce = n }, nil
	})
	if _, err := words(flags, args[1:]); err != nil {
		return nil, err
	}
	return j, nil
}

type settingsLine struct {
	Downloads session.Downloads `json:"downloads"`
}

func (j *settingsJob) run(ctx context.Context, r *runner, c *Call) error {
	d := r.s.Downloads()
	for _, f := range j.set {
		f(&d)
	}
	if len(j.set) > 0 {
		if err := r.s.SetDownloads(ctx, d); err != nil {
			return interrupted(ctx, err)
		}
	}
	return c.print(settingsLine{d})
}
