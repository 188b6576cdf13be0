package command

import (
	"context"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/transfer"
)

// settingLine says how a conversation stands with the person.
type settingLine struct {
	Conversation chat.ConversationID `json:"conversation"`
	Name         string              `json:"name"`
	Pinned       bool                `json:"pinned"`
	Muted        bool                `json:"muted"`
	Until        string              `json:"until,omitempty"` // RFC 3339; nothing when it stays muted
	Archived     bool                `json:"archived"`
}

// conversationSet is mute, unmute, pin, unpin, archive or unarchive.
type conversationSet struct {
	verb, whom string
	span       time.Duration // mute: 0 is until unmute
}

func (j *conversationSet) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	conv, err := r.s.OpenDirect(ctx, j.whom)
	if err != nil {
		return interrupted(ctx, err)
	}
	switch j.verb {
	case "mute":
		until := chat.Forever
		if j.span > 0 {
			until = time.Now().Add(j.span)
		}
		err = r.s.Mute(ctx, conv.ID, until)
	case "unmute":
		err = r.s.Mute(ctx, conv.ID, time.Time{})
	case "pin", "unpin":
		err = r.s.Pin(ctx, conv.ID, j.verb == "pin")
	case "archive", "unarchive":
		err = r.s.Archive(ctx, conv.ID, j.verb == "archive")
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	row, _, err := r.s.Conversation(conv.ID)
	if err != nil {
		return err
	}
	now := time.Now()
	l := settingLine{Conversation: row.ID, Name: row.Name(r.s.Profile().Account.ID), Pinned: !row.Pinned.IsZero(), Muted: row.IsMuted(now), Archived: row.IsArchived(now)}
	if row.Kind == chat.Self {
		l.Name = session.SelfNames[0]
	}
	if l.Muted && row.Muted.Before(chat.Forever) {
		l.Until = row.Muted.UTC().Format(time.RFC3339)
	}
	return c.print(l)
}

// told waits until the relay has a message that says how something is from now on.
func (r *runner) told(ctx context.Context, m chat.Message) error {
	if m.ID == "" {
		return nil // it was so already
	}
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, err := r.s.Flushed(bounded, m)
	if err != nil && ctx.Err() == nil && bounded.Err() != nil {
		return session.Refusal("The relay can't be reached. It holds here, and for the others as soon as this profile connects.")
	}
	return err
}

type timerLine struct {
	Conversation chat.ConversationID `json:"conversation"`
	Name         string              `json:"name"`
	Lifetime     int64               `json:"lifetime"` // seconds; 0: messages stay
}

// timer prints how long new messages of a conversation are there, and changes it.
type timer struct {
	whom     string
	set      bool
	lifetime time.Duration
}

func (j *timer) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	conv, err := r.s.OpenDirect(ctx, j.whom)
	if err == nil && j.set {
		var m chat.Message
		if m, err = r.s.SetTimer(ctx, conv.ID, j.lifetime); err == nil {
			err = r.told(ctx, m)
		}
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	row, _, err := r.s.Conversation(conv.ID)
	if err != nil {
		return err
	}
	l := timerLine{row.ID, row.Name(r.s.Profile().Account.ID), row.Timer}
	if row.Kind == chat.Self {
		l.Name = session.SelfNames[0]
	}
	return c.print(l)
}

type blockLine struct {
	Account chat.AccountID `json:"account"`
	Name    string         `json:"name"`
	Blocked bool           `json:"blocked"`
}

// block is block or unblock.
type block struct {
	name string
	on   bool
}

func (j *block) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	who, err := r.s.Person(ctx, j.name)
	if err == nil {
		err = r.s.Block(ctx, who.ID, j.on)
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	return c.print(blockLine{who.ID, who.Name, j.on})
}

// blockList prints who is blocked.
type blockList struct{}

func (blockList) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	all, err := r.s.Blocked()
	if err != nil {
		return err
	}
	for _, who := range all {
		if err := c.print(blockLine{who.ID, who.Name, true}); err != nil {
			return err
		}
	}
	return nil
}

type profileLine struct {
	Account chat.AccountID `json:"account"`
	Name    string         `json:"name"`
	Picture bool           `json:"picture"` // whether one has a picture
}

// profile prints who one is, and changes it.
type profile struct {
	name, picture string
	none          bool // no picture
}

func (j *profile) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	if j.name != "" {
		if err := r.online(ctx); err != nil {
			return err
		}
		if err := r.s.SetName(ctx, j.name); err != nil {
			return interrupted(ctx, err)
		}
	}
	var err error
	switch {
	case j.none:
		err = r.s.SetPicture(ctx, nil)
	case j.picture != "":
		var b []byte
		if b, err = transfer.Face(ctx, c.path(j.picture)); err == nil {
			err = r.s.SetPicture(ctx, b)
		}
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	faces, err := r.s.Faces()
	if err != nil {
		return err
	}
	me := r.s.Profile().Account
	return c.print(profileLine{me.ID, me.Name, faces[me.ID] != nil})
}
