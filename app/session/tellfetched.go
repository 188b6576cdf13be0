package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// fetchedMarks is how far this device and the relay are in step about files that
// were fetched.
type fetchedMarks struct {
	flight map[string]fetchedFlight    // not answered yet, by frame id
	want   []chat.ConversationID       // to be asked about, one at a time
	asked  string                      // the id of the list that was asked for; "": none
	of     chat.ConversationID         // of that list
	tries  map[chat.ConversationID]int // of lists in which something does not open yet
	no     map[string]bool             // what is not taken on this connection, by untoldKey
	soon   bool                        // it is told in a moment
	deaf   bool                        // an older relay, which knows none of this
}

// fetchedFlight is what was sent.
type fetchedFlight struct {
	key  string // untoldKey
	conv chat.ConversationID
	part uint64
	bits bits
}

func newFetchedMarks() fetchedMarks {
	return fetchedMarks{flight: map[string]fetchedFlight{}, tries: map[chat.ConversationID]int{}, no: map[string]bool{}}
}

func (x *fetchedMarks) reset() {
	soon := x.soon // its timer still runs
	*x = newFetchedMarks()
	x.soon = soon
}

const (
	tellFetchedAfter = 2 * time.Second // what is fetched meanwhile goes along
	fetchedFlights   = 8               // how many parts are on their way at a time
	fetchedTries     = 6               // how often one that does not open is waited for
)

// sealedFetched is the id under which the bits of a part are sealed with the keys
// of their conversation.
func sealedFetched(part uint64) chat.MessageID {
	return chat.MessageID(seal.BesideLead + strconv.FormatUint(part, 10))
}

// isBeside tells that somebody passes off as a message what was sealed to be none.
func isBeside(id chat.MessageID) bool {
	return strings.HasPrefix(string(id), settingLead) || strings.HasPrefix(string(id), seal.BesideLead)
}

// fetchedContent is what is sealed.
type fetchedContent struct {
	Kind  string `json:"kind"`  // kindFetched
	Files []byte `json:"files"` // see bits
}

const kindFetched = "fetched"

// tellFetchedSoon tells in a moment: many files that come one after the other are
// told together.
func (s *Session) tellFetchedSoon() {
	x := &s.state.fetched
	if x.soon {
		return
	}
	x.soon = true
	s.later(tellFetchedAfter, call(func(*turn) {
		x.soon = false
		s.tellFetched()
	}))
}

// tellFetched sends what the relay does not have. Where a conversation lacks a key,
// it is called again when that came.
func (s *Session) tellFetched() {
	x, l := &s.state.fetched, s.link.Load()
	if !s.state.online || l == nil || x.deaf {
		return
	}
	var frames []*wire.PutFetched
	var told []fetchedFlight
	err := s.look(func(v *view) error {
		return v.tx.Values(untoldLead, func(key string, _ []byte) error {
			conv, part, ok := parseUntold(key)
			if !ok || x.no[key] || x.flies(key) || len(x.flight)+len(frames) >= fetchedFlights {
				return nil
			}
			mine, err := v.tx.Value(fetchedKey(conv, part, s.me(), s.Profile().Device))
			if err != nil {
				return err
			}
			body, err := s.sealFetched(v, conv, part, mine)
			if err != nil || body == nil {
				return err
			}
			frames = append(frames, &wire.PutFetched{Conversation: string(conv), Part: part, Body: body})
			told = append(told, fetchedFlight{key, conv, part, mine})
			return nil
		})
	})
	if err != nil {
		s.log.Error("what was fetched can't be told", "error", err)
		return
	}
	for i, f := range frames {
		f.ID = l.NextID()
		if l.Send(f) != nil {
			s.later(retryPause, call(func(*turn) { s.tellFetched() }))
			return
		}
		x.flight[f.ID] = told[i]
	}
}

// sealFetched seals a part's bits; nil: not now, or never in this conversation.
func (s *Session) sealFetched(v *view, conv chat.ConversationID, part uint64, mine bits) ([]byte, error) {
	row, ok, err := v.tx.Conversation(conv)
	if err != nil || !ok || row.Blocked {
		return nil, err
	}
	state, err := s.besideOf(v, conv)
	if err != nil || state != roomReady {
		if state == roomNeeds {
			s.care.add(conv, wants{rotate: true})
		}
		return nil, err
	}
	by, _, err := s.authorIn(v)
	if err != nil {
		return nil, err
	}
	r, err := v.room(conv)
	if err != nil {
		return nil, err
	}
	content, err := json.Marshal(fetchedContent{kindFetched, mine})
	if err != nil {
		return nil, err
	}
	return r.chain.SealBeside(by, r.keys, sealedFetched(part), content)
}

// flies tells whether a part is on its way.
func (x *fetchedMarks) flies(key string) bool {
	for _, f := range x.flight {
		if f.key == key {
			return true
		}
	}
	return false
}

// fetchedTold takes the relay's word that it has a part.
func (t *turn) fetchedTold(re string) error {
	x := &t.s.state.fetched
	sent, ok := x.flight[re]
	if !ok {
		return nil
	}
	t.then(func() {
		delete(x.flight, re)
		t.s.tellFetched()
	})
	now, err := t.tx.Value(fetchedKey(sent.conv, sent.part, t.me, t.s.Profile().Device))
	if err != nil || !bytes.Equal(now, sent.bits) {
		return err
	}
	return t.tx.PutValue(sent.key, nil)
}

// fetchedRefused takes the relay's no; false when it was to something else.
func (s *Session) fetchedRefused(f *wire.Error) bool {
	x := &s.state.fetched
	sent, told := x.flight[f.Re]
	asked := x.asked != "" && f.Re == x.asked
	switch {
	case !told && !asked:
		return false
	case f.Code == wire.CodeUnknownType:
		x.deaf = true
	case told && f.Retry:
		s.later(retryMost, call(func(*turn) { s.tellFetched() }))
	case told:
		x.no[sent.key] = true
	case f.Retry:
		id := x.of
		s.later(retryMost, call(func(*turn) { s.askFetched(id) }))
	}
	delete(x.flight, f.Re)
	if asked {
		x.asked = ""
		s.askNextFetched()
	}
	return true
}

// askFetched asks what others told of a conversation, when it is its turn.
func (s *Session) askFetched(conv chat.ConversationID) {
	x := &s.state.fetched
	if !slices.Contains(x.want, conv) {
		x.want = append(x.want, conv)
	}
	s.askNextFetched()
}

func (s *Session) askNextFetched() {
	x, l := &s.state.fetched, s.link.Load()
	if !s.state.online || l == nil || x.deaf || x.asked != "" || len(x.want) == 0 {
		return
	}
	conv := x.want[0]
	var after uint64
	err := s.db.View(func(tx *storage.Tx) (err error) {
		after, err = fetchedNumber(tx, conv)
		return err
	})
	if err != nil {
		s.log.Error("read what was fetched", "error", err)
		return
	}
	f := &wire.ListFetched{Header: wire.Header{ID: l.NextID()}, Conversation: string(conv), After: after}
	if l.Send(f) != nil {
		s.later(retryPause, call(func(*turn) { s.askNextFetched() }))
		return
	}
	x.want = x.want[1:]
	x.asked, x.of = f.ID, conv
}

// behindFetched tells whether the relay has something that is not here.
func (t *turn) behindFetched(c *wire.Conversation) (bool, error) {
	have, err := fetchedNumber(t.tx, chat.ConversationID(c.ID))
	return c.Fetched > have, err
}

// fetchedNews takes what came unasked.
func (t *turn) fetchedNews(f *wire.Fetched) error {
	id := chat.ConversationID(f.Conversation)
	if _, ok, err := t.tx.Conversation(id); err != nil || !ok {
		return err
	}
	have, err := fetchedNumber(t.tx, id)
	if err != nil || f.Number <= have {
		return err
	}
	if f.Number == have+1 {
		ok, err := t.fetchedCame(id, f, false)
		if err != nil {
			return err
		}
		if ok {
			return t.haveFetched(id, f.Number)
		}
	}
	t.then(func() { t.s.askFetched(id) })
	return nil
}

// haveFetched notes up to which of the relay's numbers they are here.
func (t *turn) haveFetched(id chat.ConversationID, number uint64) error {
	return t.tx.PutValue(fetchedNumberKey(id), strconv.AppendUint(nil, number, 10))
}

// fetchedPage takes the answer to askFetched.
func (t *turn) fetchedPage(f *wire.FetchedPage) error {
	s, x, id := t.s, &t.s.state.fetched, chat.ConversationID(f.Conversation)
	if x.asked == "" || f.Re != x.asked || id != x.of {
		return nil // of an earlier connection
	}
	stuck, number := false, uint64(0)
	for i := range f.Fetched {
		ok, err := t.fetchedCame(id, &f.Fetched[i], x.tries[id] >= fetchedTries)
		if err != nil {
			return err
		}
		if stuck = !ok; stuck {
			break
		}
		number = f.Fetched[i].Number
	}
	if number > 0 {
		if err := t.haveFetched(id, number); err != nil {
			return err
		}
	}
	t.then(func() {
		x.asked = ""
		switch {
		case stuck:
			pause := min(retryPause<<x.tries[id], retryMost)
			x.tries[id]++
			s.later(pause, call(func(*turn) { s.askFetched(id) }))
		case f.More && number > 0:
			s.askFetched(id)
		default:
			delete(x.tries, id)
		}
		s.askNextFetched()
	})
	return nil
}

// fetchedCame opens what a device told, and takes it in. false: a chain or key is
// missing yet. What is of this account, or can't be opened, is passed over; so is,
// when it is the last time, what still lacks something.
func (t *turn) fetchedCame(id chat.ConversationID, f *wire.Fetched, last bool) (ok bool, err error) {
	who, device := chat.AccountID(f.Account), chat.DeviceID(f.Device)
	if who == t.me {
		return true, nil
	}
	v := t.seals()
	r, err := v.room(id)
	if err != nil {
		return false, err
	}
	sender, err := v.account(who)
	if err != nil {
		return false, err
	}
	missing := r == nil || sender == nil
	if !missing {
		var o *seal.Opened
		o, err = r.chain.OpenBeside(r.keys, seal.Accounts{sender.Root(): sender},
			seal.Envelope{Message: sealedFetched(f.Part), From: sender.Root(), Device: device}, f.Body)
		var c fetchedContent
		if err == nil {
			err = json.Unmarshal(o.Content, &c)
		}
		if err == nil && (c.Kind != kindFetched || len(c.Files) > mostBits) {
			err = errors.New("it is not what it is kept as")
		}
		if err == nil {
			return true, t.joinFetched(id, f.Part, who, device, c.Files)
		}
		missing = errors.Is(err, seal.ErrBehind) || errors.Is(err, seal.ErrUnknown) || errors.Is(err, seal.ErrNoKey) && r.laterKey(f.Body)
	}
	if missing && !last {
		t.then(func() { t.s.care.add(id, wants{accounts: map[chat.AccountID]bool{who: true}}) })
		return false, nil
	}
	t.s.log.Warn("what was told of fetched files is passed over", "conversation", id, "number", f.Number, "error", err)
	return true, nil
}

// laterKey tells whether a body is sealed with a key that is newer than those
// that are here: older ones are not given to who came later.
func (r *room) laterKey(body []byte) bool {
	g, err := seal.MessageGeneration(body)
	if err != nil {
		return false
	}
	for held := range maps.Keys(r.keys) {
		if held > g {
			return false
		}
	}
	return true
}
