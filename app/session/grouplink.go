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
	Link    string
	Uses    int // how many may come by it; 0: any number
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

// Bounds of the invitation to the relay that goes with a link.
const (
	inviteUses = 10000
	inviteDays = 366
)

// NewGroupLink makes a link to a group. Whoever has it comes in as soon as a device
// of this account is online that hears of it. The relay does not learn the secret.
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
	link := chat.LinkRow{Group: group, Secret: wire.NewID(), Uses: terms.Uses, History: terms.History, Made: s.now().UnixMilli()}
	if terms.Relay {
		invitation, err := s.Invite(ctx, cmp.Or(terms.Uses, inviteUses), cmp.Or(terms.Expires, inviteDays*24*time.Hour))
		if err != nil {
			return GroupLink{}, err
		}
		parsed, err := wire.ParseInvitation(invitation)
		if err != nil {
			return GroupLink{}, err
		}
		link.Code = parsed.Code
	}
	b, err := json.Marshal(link)
	if err != nil {
		return GroupLink{}, err
	}
	set := chat.Setting{Kind: chat.SettingLink, About: seal.GroupLinkID(link.Secret), Text: string(b)}
	if terms.Expires > 0 {
		set.At = s.now().Add(terms.Expires).UnixMilli()
	}
	if err := s.set(ctx, set); err != nil {
		return GroupLink{}, err
	}
	return s.groupLink(&set, nil)
}

// GroupLinks lists the links to a group that this account made and that are not
// revoked, the newest first.
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

// RevokeGroupLink makes a link good for nobody from now on, by its id. Who came by
// it stays.
func (s *Session) RevokeGroupLink(ctx context.Context, id string) error {
	known := false
	err := s.db.View(func(tx *storage.Tx) error {
		set, err := tx.Setting(chat.SettingLink, id)
		known = set.Text != ""
		return err
	})
	if err != nil {
		return s.sentence(err)
	}
	if !known {
		return Refusal("There is no such link, or it was revoked before.")
	}
	return s.set(ctx, chat.Setting{Kind: chat.SettingLink, About: id})
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
	l.Link = wire.GroupLink{URL: relay.RelayURL, Key: relay.RelayKey, Code: row.Code, Group: string(row.Group), Secret: row.Secret,
		By: string(who.Account.ID), Name: who.Account.Name}.String()
	for i := range uses {
		if link, _, _ := strings.Cut(uses[i].About, " "); link == set.About && uses[i].At > 0 {
			l.Used++
		}
	}
	return l, nil
}
