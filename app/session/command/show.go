package command

import (
	"context"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/transfer"
)

// messageLine is how listen and history print a message.
type messageLine struct {
	ID           chat.MessageID      `json:"id"`
	Conversation chat.ConversationID `json:"conversation"`
	Seq          uint64              `json:"seq"`
	From         string              `json:"from"` // the name
	At           string              `json:"at"`   // RFC 3339
	Text         string              `json:"text,omitempty"`
	Title        string              `json:"title,omitempty"`
	Location     *chat.Location      `json:"location,omitempty"`
	File         *fileLine           `json:"file,omitempty"`
	State        string              `json:"state,omitempty"` // history: pending or failed

	Reply     chat.MessageID  `json:"reply,omitempty"` // the message that this answers
	Edited    bool            `json:"edited,omitempty"`
	Deleted   bool            `json:"deleted,omitempty"`
	Reactions []chat.Reaction `json:"reactions,omitempty"`

	// listen alone prints what only changes another message: Kind says how, Of which.
	Kind     string         `json:"kind,omitempty"` // edit, delete or reaction
	Of       chat.MessageID `json:"of,omitempty"`
	Reaction string         `json:"reaction,omitempty"`

	Vanishes string `json:"vanishes,omitempty"` // when it disappears, RFC 3339
	Lifetime *int64 `json:"lifetime,omitempty"` // of kind timer: how many seconds messages are there from now on; 0: for good
}

// changesAnother tells of an entry that changes what another message says to people.
func changesAnother(m *chat.Message) bool {
	switch m.Content.Kind {
	case chat.KindEdit, chat.KindDelete, chat.KindReaction:
		return true
	}
	return false
}

type fileLine struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	MIME   string `json:"mime,omitempty"`
	SHA256 string `json:"sha256,omitempty"`
	Path   string `json:"path,omitempty"` // where it is on this computer

	Duration float64 `json:"duration,omitempty"` // seconds, of a sound or a film
	Voice    bool    `json:"voice,omitempty"`    // it was spoken to be this message

	// Of a folder.
	Folder *folderLine `json:"folder,omitempty"`
	Tree   []treeLine  `json:"tree,omitempty"` // where it is known here
}

type folderLine struct {
	Files int `json:"files"`
	Left  int `json:"left,omitempty"` // out: they changed, or went, while it was sent
}

type treeLine struct {
	Path   string `json:"path"`
	Folder bool   `json:"folder,omitempty"` // with nothing in it
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256,omitempty"`
	Left   bool   `json:"left,omitempty"` // out
	Here   bool   `json:"here"`
}

// treeLines are what is in a folder.
func treeLines(list []chat.TreeEntry) []treeLine {
	out := make([]treeLine, len(list))
	for i := range list {
		e := &list[i]
		out[i] = treeLine{Path: e.Path, Folder: e.Folder, Size: e.Size, Here: e.Here}
		if out[i].Left = !e.Folder && !e.Came(); !e.Folder && !out[i].Left {
			out[i].SHA256 = e.SHA256
		}
	}
	return out
}

// line writes a message down. names knows the members of its conversation.
func (r *runner) line(m *chat.Message, names map[chat.AccountID]string, path string) messageLine {
	l := messageLine{ID: m.ID, Conversation: m.Conversation, Seq: m.Seq, From: names[m.From],
		At: m.At.UTC().Format(time.RFC3339Nano), Text: m.Content.Text, Title: m.Content.Title}
	if place := m.Content.Location; place != nil {
		l.Location = place.Bare()
	}
	if l.From == "" {
		l.From = string(m.From)
	}
	if c := &m.Content; c.Changes() {
		l.Kind, l.Of, l.Reaction = c.Kind, c.Target(), c.Reaction
	} else {
		l.Reply, l.Edited, l.Deleted, l.Reactions = c.Reply, m.Edited, m.Deleted, m.Reactions
		if c.Kind == chat.KindTimer {
			l.Kind, l.Lifetime = c.Kind, &m.Content.Lifetime
		}
		if at := m.Vanishes(); !at.IsZero() {
			l.Vanishes = at.UTC().Format(time.RFC3339Nano)
		}
	}
	switch m.State {
	case chat.MessagePending:
		l.State = "pending"
	case chat.MessageFailed:
		l.State = "failed"
	}
	if f := m.Content.File; f != nil {
		l.File = &fileLine{Name: transfer.ScrubName(f.Name), Size: f.Size, MIME: f.MIME, SHA256: f.SHA256, Path: path, Duration: f.Duration, Voice: f.IsVoice()}
		if f.Folder != nil {
			l.File.Folder = &folderLine{f.Folder.Files, f.Folder.Left}
			l.File.Tree = treeLines(r.s.KnownTree(m))
		}
	}
	return l
}

func names(c *chat.Conversation, me chat.Account) map[chat.AccountID]string {
	out := map[chat.AccountID]string{me.ID: me.Name}
	for _, m := range c.Members {
		out[m.ID] = m.Name
	}
	return out
}

type join struct {
	link, name string
	timeout    time.Duration // how long to wait for a group
}

type joinLine struct {
	Account chat.AccountID `json:"account"`
	Name    string         `json:"name"`
	Relay   string         `json:"relay"`
}

func (j *join) run(ctx context.Context, r *runner, c *Call) error {
	group, here := r.s.IsGroupLink(j.link)
	switch {
	case group && !r.s.Profile().Joined && j.name == "":
		return session.Refusal("You are not on this relay yet: say what you are called with --name.")
	case !here:
		if err := r.s.Join(ctx, j.link, j.name); err != nil {
			return err
		}
	}
	if group {
		return j.comeIn(ctx, r, c)
	}
	return c.printJoined(r)
}

// glance is how long a command that can answer from the cache waits for news.
const glance = 3 * time.Second

// sync waits a moment for what is new; without a relay the cache is all there is.
func (r *runner) sync(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	_ = r.s.Tried(ctx)
}

type history struct {
	with  string
	limit int
}

func (j *history) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	conv, err := r.s.OpenDirect(ctx, j.with)
	if err != nil {
		return interrupted(ctx, err)
	}
	page, err := r.page(ctx, conv.ID, j.limit)
	if err != nil {
		return err
	}
	who := names(&conv, r.s.Profile().Account)
	for i := range page {
		if page[i].Content.Changes() {
			continue // what it changes has it already
		}
		path := ""
		if page[i].Content.File != nil {
			path = r.s.Path(conv.ID, page[i].ID)
		}
		if err := c.print(r.line(&page[i], who, path)); err != nil {
			return err
		}
	}
	return nil
}

// page returns the newest messages of a conversation, fetched if need be, and
// what there is when the relay is silent.
func (r *runner) page(ctx context.Context, conv chat.ConversationID, limit int) ([]chat.Message, error) {
	for {
		page, err := r.s.Messages(conv, 0, limit)
		if err != nil || len(page) >= limit {
			return page, err
		}
		row, ok, err := r.s.Conversation(conv)
		if err != nil {
			return nil, err
		}
		hole, missing := row.Held.Missing(row.Head)
		if !ok || !missing || r.s.Connection().State != chat.Connected || !r.fetch(ctx, conv, hole) {
			return page, nil
		}
	}
}

// fetch has a hole filled, from its end, and tells whether something came.
func (r *runner) fetch(ctx context.Context, conv chat.ConversationID, hole chat.Range) bool {
	ctx, cancel := context.WithTimeout(ctx, 2*glance)
	defer cancel()
	changes, stop := r.s.Subscribe()
	defer stop()
	r.s.LoadHistory(conv, hole.To+1)
	for {
		select {
		case _, open := <-changes:
			row, _, err := r.s.Conversation(conv)
			if !open || err != nil {
				return false
			}
			if now, missing := row.Held.Missing(hole.To); !missing || now != hole {
				return true
			}
		case <-ctx.Done():
			return false
		}
	}
}

type conversations struct{}

type conversationLine struct {
	ID      chat.ConversationID `json:"id"`
	Kind    string              `json:"kind"`
	Name    string              `json:"name"`
	Members []string            `json:"members"`
	Head    uint64              `json:"head"`
	Unread  int                 `json:"unread"`
	At      string              `json:"at,omitempty"` // of the newest message

	Pinned   bool   `json:"pinned,omitempty"`
	Muted    bool   `json:"muted,omitempty"`
	Archived bool   `json:"archived,omitempty"`
	Marked   bool   `json:"marked,omitempty"` // as unread, by hand
	Blocked  bool   `json:"blocked,omitempty"`
	Draft    string `json:"draft,omitempty"`
	Timer    int64  `json:"timer,omitempty"` // seconds after which messages disappear
}

func (conversations) run(ctx context.Context, r *runner, c *Call) error {
	me := r.s.Profile()
	if !me.Joined {
		return session.ErrNotHere
	}
	r.sync(ctx)
	all, err := r.s.Conversations()
	if err != nil {
		return err
	}
	now := time.Now()
	for i := range all {
		row := &all[i]
		l := conversationLine{ID: row.ID, Kind: string(row.Kind), Name: row.Name(me.Account.ID), Head: row.Head, Unread: row.Unread,
			Pinned: !row.Pinned.IsZero(), Muted: row.IsMuted(now), Archived: row.IsArchived(now), Marked: row.MarkedUnread, Blocked: row.Blocked, Draft: row.Draft, Timer: row.Timer}
		if row.Kind == chat.Self {
			l.Name = session.SelfNames[0]
		}
		for _, m := range row.Members {
			l.Members = append(l.Members, m.Name)
		}
		if row.Last != nil {
			l.At = row.Last.At.UTC().Format(time.RFC3339Nano)
		}
		if err := c.print(l); err != nil {
			return err
		}
	}
	return nil
}

type status struct{}

type statusLine struct {
	Profile   string         `json:"profile"`
	Joined    bool           `json:"joined"`
	Account   *chat.Account  `json:"account,omitempty"`
	Device    chat.DeviceID  `json:"device,omitempty"`
	Devices   []deviceLine   `json:"devices,omitempty"`
	Relay     *relayLine     `json:"relay,omitempty"`
	Connected bool           `json:"connected"`
	Reason    string         `json:"reason,omitempty"` // why it is not connected
	Sealed    bool           `json:"sealed"`           // on this device, before anything leaves it
	Keys      string         `json:"keys,omitempty"`   // where this device's secret lies: keyring or file
	Pending   int            `json:"pending"`          // messages that the relay has not acknowledged
	Transfers []transferLine `json:"transfers"`
}

type relayLine struct {
	Name string `json:"name"`
	URL  string `json:"url"`
}

type transferLine struct {
	ID           chat.TransferID     `json:"id"`
	Direction    string              `json:"direction"`
	Conversation chat.ConversationID `json:"conversation"`
	Message      chat.MessageID      `json:"message"`
	Name         string              `json:"name"`
	Size         int64               `json:"size"`
	Offset       int64               `json:"offset"`
	State        string              `json:"state"`
	Reason       string              `json:"reason,omitempty"`
}

func (status) run(ctx context.Context, r *runner, c *Call) error {
	p := r.s.Profile()
	l := statusLine{Profile: p.Dir, Joined: p.Joined, Transfers: []transferLine{}}
	if !p.Joined {
		return c.print(l)
	}
	r.sync(ctx)
	conn := r.s.Connection()
	p = r.s.Profile()
	l.Account, l.Device, l.Relay = &p.Account, p.Device, &relayLine{p.RelayName, p.RelayURL}
	l.Connected = conn.State == chat.Connected
	if !l.Connected {
		l.Reason = conn.Reason
	}
	l.Sealed, l.Keys = p.Secret != "", p.Secret
	l.Devices, _ = devicesOf(r.s) // not known before the relay was reached once
	all, err := r.s.Conversations()
	if err != nil {
		return err
	}
	for _, row := range all {
		if row.Last == nil || row.Last.State == chat.MessageStored {
			continue // pending ones come last
		}
		pending, err := r.pending(row.ID)
		if err != nil {
			return err
		}
		l.Pending += len(pending)
	}
	transfers, err := r.s.Transfers()
	if err != nil {
		return err
	}
	for _, t := range transfers {
		l.Transfers = append(l.Transfers, lineOf(&t))
	}
	return c.print(l)
}

type invite struct {
	uses    int
	expires time.Duration
}

type inviteLine struct {
	Link    string `json:"link"`
	Uses    int    `json:"uses"`
	Expires string `json:"expires"` // RFC 3339
}

func (j *invite) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.online(ctx); err != nil {
		return err
	}
	link, err := r.s.Invite(ctx, j.uses, j.expires)
	if err != nil {
		return interrupted(ctx, err)
	}
	return c.print(inviteLine{link, j.uses, time.Now().Add(j.expires).UTC().Format(time.RFC3339)})
}
