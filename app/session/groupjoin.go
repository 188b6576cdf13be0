package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// Somebody comes into a group by a link in three steps, which wait for each other
// as long as it takes: who has the link asks each admin by a sealed entry in the
// conversation of the two (chat.KindJoin), which proves that they have its secret;
// the first device of an admin that is there adds them to the group's chain, in
// which nobody has two places; and each answers (chat.KindJoined). Who the admins
// are, the relay tells who shows the invitation that is in the link. Values in the
// cache:
//
//	asking G     the link to group G, until its admins were asked who did not make it
//	joining G    what this account asked to be let into group G with: a Joining
//	join C M     somebody asked by message M in conversation C: to be answered
//	joined C M   this account answered that

// Joining is how far this account is on its way into a group.
type Joining struct {
	Group   chat.ConversationID               `json:"group"`
	By      chat.Account                      `json:"by"`               // who made the link
	Link    string                            `json:"link"`             // its id
	Message chat.MessageID                    `json:"message"`          // that asks its maker
	Others  map[chat.MessageID]chat.AccountID `json:"others,omitempty"` // that ask other admins, who did not say no
	Asked   time.Time                         `json:"asked"`
	Refused string                            `json:"refused,omitempty"` // a sentence; "" while it waits
	In      bool                              `json:"-"`                 // it is in the group
}

// askMost is how many admins are asked.
const askMost = 16

// joinAge is how old a question may be that is answered.
const joinAge = 30 * 24 * time.Hour

// IsGroupLink tells whether a link leads into a group, and of which relay: whether
// of the one that this profile has joined.
func (s *Session) IsGroupLink(link string) (is, here bool) {
	g, err := wire.ParseGroupLink(link)
	s.mu.Lock()
	defer s.mu.Unlock()
	return err == nil, err == nil && s.who.Joined && s.relay.RelayKey == g.Key
}

// JoinGroup asks the admins of a link's group to be let in. The questions are kept
// and go out as soon as the relay can be reached; asking again is harmless.
func (s *Session) JoinGroup(ctx context.Context, link string) (Joining, error) {
	g, err := wire.ParseGroupLink(link)
	if err != nil {
		return Joining{}, err
	}
	s.mu.Lock()
	who, relay := s.who, s.relay
	s.mu.Unlock()
	group, by := chat.ConversationID(g.Group), chat.AccountID(g.By)
	switch {
	case !who.Joined:
		return Joining{}, ErrNotHere
	case relay.RelayKey != g.Key:
		return Joining{}, refusal("This link leads to a group on another relay than %s. Use it in a profile that is there.", relay.RelayName)
	}
	j, err := s.Joining(group)
	if err != nil || j.In {
		return j, err
	}
	id := seal.GroupLinkID(g.Secret)
	was, _, err := s.Conversation(group) // who was in it asks anew
	if err != nil {
		return Joining{}, s.sentence(err)
	}
	if j.Link == id && j.Refused == "" && was.Gone == "" && time.Since(j.Asked) < joinAge {
		return j, nil
	}
	if by == who.Account.ID && g.Code == "" {
		return Joining{}, Refusal("You made this link yourself, and are not in the group any more. Ask one of its admins.")
	}
	j = Joining{Group: group, By: s.named(ctx, by, g.Name), Link: id, Asked: time.Now().UTC()}
	if by != who.Account.ID {
		j.Message = chat.NewMessageID(time.Now())
	}
	b, err := json.Marshal(j)
	if err != nil {
		return Joining{}, err
	}
	values := map[string][]byte{joiningKey(group): b, askingKey + g.Group: nil}
	if g.Code != "" {
		values[askingKey+g.Group] = []byte(link)
	}
	if err := s.PutValues(ctx, values); err != nil {
		return Joining{}, err
	}
	if j.Message != "" {
		if err := s.askAdmin(ctx, &g, j.By, j.Message); err != nil {
			return Joining{}, err
		}
	}
	s.wake()
	return j, nil
}

// askAdmin sends the question to one of a group's admins.
func (s *Session) askAdmin(ctx context.Context, g *wire.GroupLink, admin chat.Account, message chat.MessageID) error {
	me, group := s.Profile().Account, chat.ConversationID(g.Group)
	conv := chat.ConversationID(wire.DirectID(string(me.ID), string(admin.ID)))
	begin := beginDirect{ask(), chat.Conversation{ID: conv, Kind: chat.Direct, Members: []chat.Account{me, admin},
		Created: time.Now().UTC().Truncate(time.Millisecond)}}
	if err := s.await(ctx, begin, begin.asked); err != nil {
		return err
	}
	_, err := s.SendAs(ctx, conv, message, chat.Content{Kind: chat.KindJoin, Join: &chat.Join{Group: group, Link: seal.GroupLinkID(g.Secret), By: chat.AccountID(g.By),
		Proof: seal.GroupLinkProof(g.Secret, group, admin.ID, me.ID)}})
	return err
}

const askingKey = "asking "

// askOthers asks the admins of groups who did not make the link, as soon as the
// relay can tell who they are.
func (s *Session) askOthers(ctx context.Context) error {
	if !s.isSynced() {
		return nil
	}
	var links []string
	if err := s.valuesWith(askingKey, func(_ string, v []byte) error {
		links = append(links, string(v))
		return nil
	}); err != nil {
		return err
	}
	for _, link := range links {
		g, err := wire.ParseGroupLink(link)
		if err != nil {
			return err
		}
		reply, err := s.request(ctx, &wire.LookInvite{Code: g.Code})
		if err != nil && (transient(err) || ctx.Err() != nil) {
			time.AfterFunc(retryMost, s.wake)
			return nil
		}
		var admins []chat.Account
		if list, ok := reply.(*wire.Accounts); err == nil && ok {
			admins = s.meet(list.Accounts)
		}
		admins = slices.DeleteFunc(admins, func(a chat.Account) bool { return a.ID == s.me() || string(a.ID) == g.By })
		e := &othersAsked{asked: ask(), group: chat.ConversationID(g.Group), ids: map[chat.MessageID]chat.AccountID{}}
		for _, a := range admins[:min(len(admins), askMost)] {
			e.ids[chat.NewMessageID(time.Now())] = a.ID
		}
		if err := s.await(ctx, e, e.asked); err != nil {
			return err
		}
		for id, who := range e.ids {
			i := slices.IndexFunc(admins, func(a chat.Account) bool { return a.ID == who })
			if err := s.askAdmin(ctx, &g, admins[i], id); err != nil {
				return err
			}
		}
		if err := s.PutValues(ctx, map[string][]byte{askingKey + g.Group: nil}); err != nil {
			return err
		}
	}
	return nil
}

// othersAsked notes who else is asked to let this account into a group.
type othersAsked struct {
	asked
	group chat.ConversationID
	ids   map[chat.MessageID]chat.AccountID
}

func (e *othersAsked) apply(t *turn) error {
	key := joiningKey(e.group)
	b, err := t.tx.Value(key)
	var j Joining
	if err != nil || b == nil || json.Unmarshal(b, &j) != nil || j.Refused != "" {
		clear(e.ids) // it was answered meanwhile
		return err
	}
	j.Others = e.ids
	if j.Message == "" && len(e.ids) == 0 {
		j.Refused = joinSentence(chat.JoinRevoked)
		t.announce(chat.Notice{Text: j.Refused})
	}
	if b, err = json.Marshal(j); err != nil {
		return err
	}
	return t.tx.PutValue(key, b)
}

// named is an account with its name at the relay, or the one that a link gives it.
func (s *Session) named(ctx context.Context, id chat.AccountID, name string) chat.Account {
	reply, err := s.request(ctx, &wire.FindAccounts{Name: name})
	if list, ok := reply.(*wire.Accounts); err == nil && ok && len(list.Accounts) > 0 && list.Accounts[0].ID == string(id) {
		return s.meet(list.Accounts[:1])[0]
	}
	return chat.Account{ID: id, Name: name}
}

func joiningKey(group chat.ConversationID) string { return "joining " + string(group) }

// Joining tells how far this account is on its way into a group; the zero value
// when it never asked.
func (s *Session) Joining(group chat.ConversationID) (j Joining, err error) {
	b, err := s.Value(joiningKey(group))
	if err == nil && b != nil {
		err = json.Unmarshal(b, &j)
	}
	if err != nil {
		return j, s.sentence(err)
	}
	row, ok, err := s.Conversation(group)
	if err != nil {
		return j, s.sentence(err)
	}
	j.Group = group
	j.In = ok && row.Gone == "" && slices.ContainsFunc(row.Members, func(m chat.Account) bool { return m.ID == s.me() })
	return j, nil
}

// joinSentence says in words why somebody was not let in.
func joinSentence(reason string) string {
	switch reason {
	case chat.JoinExpired:
		return "The link to the group has expired. Ask for a new one."
	case chat.JoinUsed:
		return "The link to the group was used as often as it may be. Ask for a new one."
	case chat.JoinForged:
		return "The link to the group was not copied whole, or is not real. Ask for a new one."
	case chat.JoinBanned:
		return "You were removed from this group, so a link does not bring you back. Ask one of its admins."
	case chat.JoinCannot:
		return "Whoever made the link to the group can't bring people in any more. Ask one of its admins."
	case chat.JoinFull:
		return "The group is full."
	}
	return "The link to the group is not good any more. Ask for a new one."
}

// joins takes in who wants to come into a group, and what was answered.
func (t *turn) joins(added []chat.Message) error {
	for i := range added {
		m := &added[i]
		j := m.Content.Join
		if j == nil || m.Content.Check() != nil || m.Seq == 0 {
			continue
		}
		direct := func(other chat.AccountID) bool {
			return m.Conversation == chat.ConversationID(wire.DirectID(string(t.me), string(other)))
		}
		var err error
		switch {
		case m.Content.Kind == chat.KindJoin && m.From != t.me && direct(m.From):
			err = t.joinAsked(m)
		case m.Content.Kind == chat.KindJoined && m.From == t.me:
			err = t.joinDone(m.Conversation, m.Content.Reply)
		case m.Content.Kind == chat.KindJoined && direct(m.From):
			err = t.joinAnswered(m)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// joinAsked keeps a question until it is answered.
func (t *turn) joinAsked(m *chat.Message) error {
	done, err := t.tx.Value(linkKey("joined", m.Conversation, m.ID))
	if err != nil || done != nil || t.s.now().Sub(m.At) > joinAge || t.blocked(m.Conversation, []chat.Message{*m}) {
		return err
	}
	t.then(t.s.wake)
	return t.tx.PutValue(linkKey("join", m.Conversation, m.ID), []byte("1"))
}

// joinDone notes that a question was answered, by whichever device of ours.
func (t *turn) joinDone(conv chat.ConversationID, id chat.MessageID) error {
	if err := t.tx.PutValue(linkKey("join", conv, id), nil); err != nil {
		return err
	}
	return t.tx.PutValue(linkKey("joined", conv, id), []byte("1"))
}

// joinAnswered takes the answer to our question.
func (t *turn) joinAnswered(m *chat.Message) error {
	key := joiningKey(m.Content.Join.Group)
	b, err := t.tx.Value(key)
	var j Joining
	if err != nil || b == nil || json.Unmarshal(b, &j) != nil || j.Refused != "" {
		return err
	}
	switch id := m.Content.Reply; {
	case id == j.Message && j.By.ID == m.From:
		j.Message = ""
	case j.Others[id] == m.From:
		delete(j.Others, id)
	default:
		return nil
	}
	if m.Content.Text == "" {
		return t.tx.PutValue(key, nil) // the group says so itself
	}
	asking, err := t.tx.Value(askingKey + string(m.Content.Join.Group))
	if err != nil {
		return err
	}
	if m.Content.Text == chat.JoinCannot && (j.Message != "" || len(j.Others) > 0 || asking != nil) {
		if b, err = json.Marshal(j); err != nil {
			return err
		}
		return t.tx.PutValue(key, b) // another one may
	}
	j.Refused = joinSentence(m.Content.Text)
	if b, err = json.Marshal(j); err != nil {
		return err
	}
	t.announce(chat.Notice{Text: j.Refused})
	return t.tx.PutValue(key, b)
}

// answerJoins lets in who asked, as far as this device can now.
func (s *Session) answerJoins(ctx context.Context) error {
	if !s.isSynced() {
		return nil // another device may have answered
	}
	var keys []string
	err := s.valuesWith("join ", func(key string, _ []byte) error {
		keys = append(keys, key)
		return nil
	})
	for _, key := range keys {
		if err != nil {
			return err
		}
		conv, id, _ := strings.Cut(strings.TrimPrefix(key, "join "), " ")
		err = s.answerJoin(ctx, chat.ConversationID(conv), chat.MessageID(id))
	}
	return err
}

// answerJoin answers one question; what can't be done now is tried again later.
func (s *Session) answerJoin(ctx context.Context, conv chat.ConversationID, id chat.MessageID) error {
	m, ok, err := s.Message(conv, id)
	if err != nil {
		return err
	}
	if ok && m.Content.Join != nil {
		known, err := s.knowsDoor(m.Content.Join)
		if err != nil {
			return err
		}
		if !known && s.now().Sub(m.At) <= joinAge {
			return nil // answered when another admin's word of the link comes
		}
		reason, err := s.letIn(ctx, &m)
		switch {
		case err != nil && (transient(err) || ctx.Err() != nil || errors.Is(err, ErrClosed)):
			time.AfterFunc(retryMost, s.wake)
			return nil
		case err != nil:
			s.log.Warn("somebody can't be let into a group", "error", err)
			reason = chat.JoinCannot
		}
		join := &chat.Join{Group: m.Content.Join.Group, Link: m.Content.Join.Link}
		if _, err := s.Send(ctx, conv, chat.Content{Kind: chat.KindJoined, Reply: id, Text: reason, Join: join}); err != nil && !isRefused(err) {
			return err
		}
	}
	return s.PutValues(ctx, map[string][]byte{linkKey("join", conv, id): nil, linkKey("joined", conv, id): []byte("1")})
}

// letIn adds whoever asked by a message to its group, or tells why not.
func (s *Session) letIn(ctx context.Context, m *chat.Message) (reason string, err error) {
	ask := m.Content.Join
	// Who left it a moment ago is no member, whether that was told yet or not.
	if _, ok, err := s.Conversation(ask.Group); err != nil {
		return "", err
	} else if ok {
		if err := s.freshen(ctx, ask.Group); err != nil {
			return "", err
		}
	}
	var set storage.Setting
	var uses []storage.Setting
	var row chat.Conversation
	banned := false
	err = s.db.View(func(tx *storage.Tx) (err error) {
		if set, err = tx.Setting(chat.SettingLink, ask.Link); err != nil {
			return err
		}
		if uses, err = tx.LinkUses(); err != nil {
			return err
		}
		if row, _, err = tx.Conversation(ask.Group); err != nil {
			return err
		}
		banned, err = wasRemoved(tx, ask.Group, m.From)
		return err
	})
	if err != nil {
		return "", err
	}
	var link chat.LinkRow
	if set.Text == "" || json.Unmarshal([]byte(set.Text), &link) != nil || link.Group != ask.Group {
		return chat.JoinRevoked, nil
	}
	if len(link.Key) == 0 && link.Secret != "" { // from before others could answer
		link.Key, link.By = seal.GroupLinkKey(link.Secret), s.me()
	}
	used, before := 0, false
	for i := range uses {
		if of, who, _ := strings.Cut(uses[i].About, " "); of == ask.Link && uses[i].At > 0 {
			used++
			before = before || who == string(m.From)
		}
	}
	in := func(a chat.Account) bool { return a.ID == m.From }
	switch {
	case !seal.GroupLinkProves(ask.Proof, link.Key, ask.Group, s.me(), m.From):
		return chat.JoinForged, nil
	case slices.ContainsFunc(row.Members, in):
		return "", nil
	case set.At > 0 && m.At.UnixMilli() > set.At:
		return chat.JoinExpired, nil
	case link.Uses > 0 && used >= link.Uses && !before:
		return chat.JoinUsed, nil
	case row.Kind != chat.Group || row.Stopped || !row.MaySetTimer(s.me()) || !row.MaySetTimer(link.By) || link.Told != "" && !row.MaySetTimer(link.Told):
		return chat.JoinCannot, nil
	case banned:
		return chat.JoinBanned, nil
	case len(row.Members) >= seal.MaxMembers:
		return chat.JoinFull, nil
	}
	use := chat.Setting{Kind: chat.SettingLinkUse, About: fmt.Sprintf("%s %s", ask.Link, m.From), At: s.now().UnixMilli()}
	if err := s.set(ctx, use); err != nil {
		return "", err
	}
	if !before {
		if _, err := s.Send(ctx, ask.Group, chat.Content{Kind: chat.KindDoor, Door: &chat.Door{Link: ask.Link, Used: m.From}}); err != nil {
			return "", err
		}
	}
	return "", s.AddMembers(ctx, ask.Group, []chat.AccountID{m.From}, link.History)
}

// knowsDoor tells whether anything is known here of the link that somebody has; of
// one that this account made, always.
func (s *Session) knowsDoor(ask *chat.Join) (known bool, err error) {
	if ask.By == "" || ask.By == s.me() {
		return true, nil
	}
	err = s.db.View(func(tx *storage.Tx) error {
		set, err := tx.Setting(chat.SettingLink, ask.Link)
		known = set.Version > 0
		return err
	})
	return known, err
}

// freshen brings a conversation's chain up to what the relay has.
func (s *Session) freshen(ctx context.Context, id chat.ConversationID) error {
	unlock, err := s.care.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	return s.refresh(ctx, id)
}

// wasRemoved tells whether somebody who is no member was taken out by another: the
// newest statement of the chain that names them says by whom.
func wasRemoved(tx *storage.Tx, group chat.ConversationID, who chat.AccountID) (bool, error) {
	statements := tx.Chain(group)
	for _, b := range slices.Backward(statements) {
		needs, err := seal.StatementNeeds(b)
		if err != nil {
			return false, err
		}
		for _, n := range needs[1:] {
			if seal.AccountName(n.Root) == who {
				return seal.AccountName(needs[0].Root) != who, nil
			}
		}
	}
	return false, nil
}
