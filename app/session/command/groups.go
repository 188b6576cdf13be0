package command

import (
	"context"
	"strings"

	"satchel/app/session"
	"satchel/chat"
	"satchel/transfer"
)

// group is what all commands about one group begin with: the group by its title
// or id, and people by name.
func (r *runner) group(ctx context.Context, which string) (chat.Conversation, error) {
	c, err := r.s.OpenDirect(ctx, which)
	if err == nil && c.Kind != chat.Group {
		err = session.Refusal("“" + which + "” is no group.")
	}
	return c, interrupted(ctx, err)
}

func (r *runner) people(ctx context.Context, names []string) (ids []chat.AccountID, err error) {
	for _, name := range names {
		who, err := r.s.Person(ctx, name)
		if err != nil {
			return nil, interrupted(ctx, err)
		}
		ids = append(ids, who.ID)
	}
	return ids, nil
}

type groupLine struct {
	ID      chat.ConversationID `json:"id"`
	Title   string              `json:"title"`
	Members []memberLine        `json:"members"`
	Admins  bool                `json:"only_admins,omitempty"` // they alone write
	Gone    bool                `json:"gone,omitempty"`        // one left, or was removed
	Timer   int64               `json:"timer,omitempty"`       // seconds after which messages disappear
	Picture bool                `json:"picture,omitempty"`     // whether it has one
}

type memberLine struct {
	Name string    `json:"name"`
	Role chat.Role `json:"role"`
}

func lineOfGroup(c *chat.Conversation, me chat.AccountID, pictures map[chat.ConversationID][]byte) groupLine {
	l := groupLine{ID: c.ID, Title: c.Title, Members: []memberLine{}, Admins: c.OnlyAdmins, Gone: true, Timer: c.Timer, Picture: pictures[c.ID] != nil}
	for _, m := range c.Members {
		l.Members = append(l.Members, memberLine{m.Name, c.Roles[m.ID]})
		l.Gone = l.Gone && m.ID != me
	}
	return l
}

// printGroup says how a group is now.
func (r *runner) printGroup(c *Call, id chat.ConversationID) error {
	row, _, err := r.s.Conversation(id)
	if err != nil {
		return err
	}
	pictures, err := r.s.GroupFaces()
	if err != nil {
		return err
	}
	return c.print(lineOfGroup(&row, r.s.Profile().Account.ID, pictures))
}

type groupCreate struct {
	title string
	with  []string
}

func (j *groupCreate) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.online(ctx); err != nil {
		return err
	}
	ids, err := r.people(ctx, j.with)
	if err != nil {
		return err
	}
	made, err := r.s.NewGroup(ctx, j.title, ids, false)
	if err != nil {
		return interrupted(ctx, err)
	}
	return r.printGroup(c, made.ID)
}

type groupList struct{}

func (groupList) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	all, err := r.s.Conversations()
	if err != nil {
		return err
	}
	me := r.s.Profile().Account.ID
	pictures, err := r.s.GroupFaces()
	if err != nil {
		return err
	}
	for i := range all {
		if all[i].Kind != chat.Group {
			continue
		}
		if err := c.print(lineOfGroup(&all[i], me, pictures)); err != nil {
			return err
		}
	}
	return nil
}

// groupPicture changes how a group looks.
type groupPicture struct {
	which, path string
	none        bool // no picture
}

func (j *groupPicture) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.online(ctx); err != nil {
		return err
	}
	g, err := r.group(ctx, j.which)
	if err != nil {
		return err
	}
	var picture []byte
	if !j.none {
		if picture, err = transfer.Face(ctx, c.path(j.path)); err != nil {
			return interrupted(ctx, err)
		}
	}
	m, err := r.s.SetGroupPicture(ctx, g.ID, picture)
	if err == nil {
		err = r.told(ctx, m)
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	return r.printGroup(c, g.ID)
}

// groupChange is add, remove, leave, rename or write.
type groupChange struct {
	verb, which string
	names       []string // add, remove
	history     bool     // add: they read what was before
	title       string   // rename
	admins      bool     // write: they alone
}

func (j *groupChange) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.online(ctx); err != nil {
		return err
	}
	g, err := r.group(ctx, j.which)
	if err != nil {
		return err
	}
	switch j.verb {
	case "rename":
		err = r.s.Rename(ctx, g.ID, j.title)
	case "leave":
		err = r.s.Leave(ctx, g.ID)
	case "write":
		err = r.s.SetOnlyAdmins(ctx, g.ID, j.admins)
	case "add":
		var ids []chat.AccountID
		if ids, err = r.people(ctx, j.names); err == nil {
			err = r.s.AddMembers(ctx, g.ID, ids, j.history)
		}
	case "remove":
		for _, name := range j.names {
			who := chat.AccountID("")
			for _, m := range g.Members {
				if strings.EqualFold(m.Name, name) || string(m.ID) == name {
					who = m.ID
				}
			}
			if who == "" {
				return session.Refusal("“" + name + "” is not in this group.")
			}
			if err = r.s.RemoveMember(ctx, g.ID, who); err != nil {
				break
			}
		}
	}
	if err != nil {
		return interrupted(ctx, err)
	}
	return r.printGroup(c, g.ID)
}
