package command

import (
	"context"
	"strings"
	"time"

	"satchel/app/session"
	"satchel/chat"
)

// groupLinkLine is a link by which people come into a group.
type groupLinkLine struct {
	ID      string              `json:"id"`
	Group   chat.ConversationID `json:"group"`
	Link    string              `json:"link,omitempty"` // known to who made it
	By      string              `json:"by"`             // who made it
	Uses    int                 `json:"uses,omitempty"` // how many may come by it; nothing: any number
	Used    int                 `json:"used"`
	Expires string              `json:"expires,omitempty"` // RFC 3339
	History bool                `json:"history"`
	Revoked bool                `json:"revoked,omitempty"`
}

func lineOfLink(l *session.GroupLink) groupLinkLine {
	out := groupLinkLine{ID: l.ID, Group: l.Group, Link: l.Link, By: l.By.Name, Uses: l.Uses, Used: l.Used, History: l.History}
	if !l.Expires.IsZero() {
		out.Expires = l.Expires.UTC().Format(time.RFC3339)
	}
	return out
}

// groupLink makes a link to a group.
type groupLink struct {
	which string
	terms session.LinkTerms
}

func (j *groupLink) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.online(ctx); err != nil {
		return err
	}
	g, err := r.group(ctx, j.which)
	if err != nil {
		return err
	}
	l, err := r.s.NewGroupLink(ctx, g.ID, j.terms)
	if err != nil {
		return interrupted(ctx, err)
	}
	return c.print(lineOfLink(&l))
}

// groupLinks lists the links to a group, or revokes one.
type groupLinks struct{ which, revoke string }

func (j *groupLinks) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	g, err := r.group(ctx, j.which)
	if err != nil {
		return err
	}
	all, err := r.s.GroupLinks(g.ID)
	if err != nil {
		return err
	}
	found := false
	for i := range all {
		l := lineOfLink(&all[i])
		if j.revoke != "" {
			if !strings.HasPrefix(l.ID, j.revoke) && l.Link != j.revoke {
				continue
			}
			if err := r.s.RevokeGroupLink(ctx, l.ID); err != nil {
				return interrupted(ctx, err)
			}
			l.Revoked, found = true, true
		}
		if err := c.print(l); err != nil {
			return err
		}
	}
	if j.revoke != "" && !found {
		return session.Refusal("There is no such link to this group, or it was revoked before.")
	}
	return nil
}

// groupJoinLine says how far one is on the way into a group.
type groupJoinLine struct {
	joinLine
	Group chat.ConversationID `json:"group"`
	State string              `json:"state"` // in, or waiting
	By    string              `json:"by"`    // who made the link: they or another admin let one in, as soon as they are online
}

// comeIn asks to be let into the group of a link, and waits for it as long as j says.
func (j *join) comeIn(ctx context.Context, r *runner, c *Call) error {
	on, err := r.s.JoinGroup(ctx, j.link)
	if err != nil {
		return interrupted(ctx, err)
	}
	bounded, cancel := context.WithTimeout(ctx, max(j.timeout, glance))
	defer cancel()
	changes, stop := r.s.Subscribe()
	defer stop()
	for !on.In && on.Refused == "" {
		select {
		case _, open := <-changes:
			if !open {
				return session.ErrClosed
			}
			if on, err = r.s.Joining(on.Group); err != nil {
				return err
			}
			continue
		case <-bounded.Done():
		}
		break
	}
	p := r.s.Profile()
	l := groupJoinLine{joinLine{p.Account.ID, p.Account.Name, p.RelayName}, on.Group, "waiting", on.By.Name}
	switch {
	case on.Refused != "":
		return session.Refusal(on.Refused)
	case on.In:
		l.State = "in"
	case ctx.Err() != nil:
		return interrupted(ctx, ctx.Err())
	}
	if err := c.print(l); err != nil || on.In || j.timeout == 0 {
		return err
	}
	return session.Refusal("You are in as soon as " + on.By.Name + " is online.")
}
