package session

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// GroupLink is a link by which people come into a group.
type GroupLink struct {
	ID      string // stands for it where the link itself is not to be shown
	Group   chat.ConversationID
	Link    string       // "" for all but who made it
	By      chat.Account // who made it
	Uses    int          // how many may come by it; 0: any number
	Used    int
	Expires time.Time // the zero time: never
	History bool      // they read what was written before
	Made    time.Time
}

// LinkTerms say what a new link is good for.
type LinkTerms struct {
	Uses    int           // how many may come by it; 0: any number
	Expires time.Duration // from now on; 0: never
	History bool          // they read what was written before
	Relay   bool          // it invites to the relay, too
}

// Bounds of a link.
const (
	inviteUses = 10000
	inviteDays = 366
)

// NewGroupLink makes a link to a group. Whoever has it comes in as soon as a device
// of an admin is online. The relay does not learn the secret: what it gives is an
// invitation that leads to the group, by which those who ask find its admins.
func (s *Session) NewGroupLink(ctx context.Context, group chat.ConversationID, terms LinkTerms) (GroupLink, error) {
	row, err := s.admin(group)
	switch {
	case err != nil:
		return GroupLink{}, err
	case row.Kind != chat.Group:
		return GroupLink{}, Refusal("There is no such group here.")
	case row.Stopped:
		return GroupLink{}, Refusal(row.Warning)
	case terms.Uses < 0 || terms.Uses > inviteUses:
		return GroupLink{}, refusal("A link is good for 1 to %d people, or for any number.", inviteUses)
	case terms.Expires < 0 || terms.Expires > 0 && terms.Expires < time.Second || terms.Expires > inviteDays*24*time.Hour:
		return GroupLink{}, refusal("A link is good for 1 second to %d days, or for good.", inviteDays)
	}
	reply, err := s.request(ctx, &wire.CreateInvite{Uses: cmp.Or(terms.Uses, inviteUses), Expires: int64(terms.Expires / time.Second), Conversation: string(group), Here: !terms.Relay})
	if err != nil {
		return GroupLink{}, err
	}
	invited, ok := reply.(*wire.Invited)
	if !ok {
		return GroupLink{}, errAnswer
	}
	invitation, err := wire.ParseInvitation(invited.Link)
	if err != nil {
		return GroupLink{}, err
	}
	secret := wire.NewID()
	link := chat.LinkRow{Group: group, Secret: secret, Code: invitation.Code, Key: seal.GroupLinkKey(secret), By: s.me(), Invite: wire.InviteID(invitation.Code),
		Uses: terms.Uses, History: terms.History, Made: s.now().UnixMilli()}
	b, err := json.Marshal(link)
	if err != nil {
		return GroupLink{}, err
	}
	set := chat.Setting{Kind: chat.SettingLink, About: seal.GroupLinkID(secret), Text: string(b)}
	if terms.Expires > 0 {
		set.At = s.now().Add(terms.Expires).UnixMilli()
	}
	if err := s.set(ctx, set); err != nil {
		return GroupLink{}, err
	}
	if _, err := s.Send(ctx, group, chat.Content{Kind: chat.KindDoor, Door: doorOf(&set, &link)}); err != nil {
		return GroupLink{}, err
	}
	return s.groupLink(&set, nil)
}

// GroupLinks lists the links to a group that are not revoked and that are known
// here, the newest first.
func (s *Session) GroupLinks(group chat.ConversationID) (all []GroupLink, err error) {
	var uses []storage.Setting
	var rows []storage.Setting
	err = s.db.View(func(tx *storage.Tx) (err error) {
		if rows, err = tx.Links(); err == nil {
			uses, err = tx.LinkUses()
		}
		return err
	})
	for i := range rows {
		if rows[i].Text == "" {
			continue // revoked
		}
		l, err := s.groupLink(&rows[i].Setting, uses)
		if err != nil {
			return nil, err
		}
		if l.Group == group {
			all = append(all, l)
		}
	}
	slices.SortFunc(all, func(a, b GroupLink) int { return b.Made.Compare(a.Made) })
	return all, err
}

// RevokeGroupLink makes a link good for nobody from now on, by its id; so is the
// relay's invitation in it. Every admin may. Who came by it stays.
func (s *Session) RevokeGroupLink(ctx context.Context, id string) error {
	var set storage.Setting
	err := s.db.View(func(tx *storage.Tx) (err error) {
		set, err = tx.Setting(chat.SettingLink, id)
		return err
	})
	if err != nil {
		return s.sentence(err)
	}
	var link chat.LinkRow
	if set.Text == "" || json.Unmarshal([]byte(set.Text), &link) != nil {
		return Refusal("There is no such link, or it was revoked before.")
	}
	_, err = s.admin(link.Group)
	if err != nil && link.By != s.me() && link.Secret == "" {
		return err
	}
	if err == nil {
		if _, err := s.Send(ctx, link.Group, chat.Content{Kind: chat.KindDoor, Door: &chat.Door{Link: id, Revoked: true}}); err != nil {
			return err
		}
	}
	if err := s.set(ctx, chat.Setting{Kind: chat.SettingLink, About: id, Seq: set.Seq}); err != nil {
		return err
	}
	if link.Invite == "" && link.Code != "" {
		link.Invite = wire.InviteID(link.Code)
	}
	if link.Invite == "" {
		return nil
	}
	err = s.PutValues(ctx, map[string][]byte{revokeKey + link.Invite: []byte("1")})
	s.wake()
	return err
}

// revokeKey leads the values that stand for invitations which the relay is to forget.
const revokeKey = "revoke "

// revokeInvites tells the relay of them.
func (s *Session) revokeInvites(ctx context.Context) error {
	var ids []string
	if err := s.valuesWith(revokeKey, func(key string, _ []byte) error {
		ids = append(ids, strings.TrimPrefix(key, revokeKey))
		return nil
	}); err != nil {
		return err
	}
	for _, id := range ids {
		_, err := s.request(ctx, &wire.RevokeInvite{Invite: id})
		if err != nil && (transient(err) || ctx.Err() != nil) {
			return nil // with the next connection
		}
		if err := s.PutValues(ctx, map[string][]byte{revokeKey + id: nil}); err != nil {
			return err
		}
	}
	return nil
}

// doorOf is what others hear of a link.
func doorOf(set *chat.Setting, link *chat.LinkRow) *chat.Door {
	return &chat.Door{Link: set.About, Key: link.Key, By: link.By, Invite: link.Invite, Uses: link.Uses, Expires: set.At, History: link.History, Made: link.Made}
}

// door takes in what an admin tells of a link. What this account said itself its
// devices have as a setting already.
func (t *turn) door(m *chat.Message) error {
	d := m.Content.Door
	if m.Content.Check() != nil || m.From == t.me {
		return nil
	}
	if d.Used != "" {
		use := chat.Setting{Kind: chat.SettingLinkUse, About: d.Link + " " + string(d.Used), At: m.At.UnixMilli()}
		known, err := t.tx.Setting(use.Kind, use.About)
		if err != nil || known.At > 0 {
			return err
		}
		return t.set(use)
	}
	set := chat.Setting{Kind: chat.SettingLink, About: d.Link, Seq: m.Seq}
	if again := m.Content.Again; again > 0 && again < m.Seq {
		set.Seq = again
	}
	known, err := t.tx.Setting(set.Kind, set.About)
	if err != nil || known.Seq >= set.Seq {
		return err
	}
	var link chat.LinkRow
	here := json.Unmarshal([]byte(known.Text), &link) == nil
	switch {
	case here && link.Group != m.Conversation:
		return nil // of another group: this one has no say in it
	case d.Revoked && !here && known.Version > 0, !d.Revoked && known.Version > 0:
		return nil // it was revoked before; or what is known of it stays
	case !d.Revoked:
		b, err := json.Marshal(chat.LinkRow{Group: m.Conversation, Key: d.Key, By: d.By, Told: m.From, Invite: d.Invite, Uses: d.Uses, History: d.History, Made: d.Made})
		if err != nil {
			return err
		}
		set.Text, set.At = string(b), d.Expires
	}
	t.then(t.s.wake) // somebody may wait who has it
	return t.set(set)
}

// doors are the links to a group that still lead there, to be told again.
func (t *turn) doors(group chat.ConversationID) (say []chat.Content, err error) {
	rows, err := t.tx.Links()
	for i := range rows {
		var link chat.LinkRow
		set := &rows[i]
		if set.Text == "" || json.Unmarshal([]byte(set.Text), &link) != nil || link.Group != group || len(link.Key) == 0 ||
			set.At > 0 && set.At < t.s.now().UnixMilli() {
			continue
		}
		say = append(say, chat.Content{Kind: chat.KindDoor, Door: doorOf(&set.Setting, &link), Again: set.Seq})
	}
	return say, err
}

// groupLink is a link as its setting has it.
func (s *Session) groupLink(set *chat.Setting, uses []storage.Setting) (GroupLink, error) {
	var row chat.LinkRow
	if err := json.Unmarshal([]byte(set.Text), &row); err != nil {
		return GroupLink{}, err
	}
	s.mu.Lock()
	who, relay := s.who, s.relay
	s.mu.Unlock()
	l := GroupLink{ID: set.About, Group: row.Group, Uses: row.Uses, Expires: at(set.At), History: row.History, Made: at(row.Made)}
	if l.By = who.Account; row.Secret == "" {
		l.By = chat.Account{ID: row.By}
		err := s.db.View(func(tx *storage.Tx) error {
			known, ok, err := tx.Account(row.By)
			if ok {
				l.By = known
			}
			return err
		})
		if err != nil {
			return l, s.sentence(err)
		}
	} else {
		l.Link = groupLinkOf(&row, who.Account, relay)
	}
	for i := range uses {
		if link, _, _ := strings.Cut(uses[i].About, " "); link == set.About && uses[i].At > 0 {
			l.Used++
		}
	}
	return l, nil
}

func groupLinkOf(row *chat.LinkRow, by chat.Account, relay storage.Profile) string {
	return wire.GroupLink{URL: relay.RelayURL, Key: relay.RelayKey, Code: row.Code, Group: string(row.Group), Secret: row.Secret,
		By: string(by.ID), Name: by.Name}.String()
}
