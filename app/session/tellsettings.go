package session

import (
	"encoding/json"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// settings is how far this device's settings and those at the relay are in
// step. What the relay does not have is on disk (storage.Tx.Untold), and goes
// out again with every connection until it is answered. The relay keeps what
// came last under a key; who finds their own to be newer sends it once more.
type settings struct {
	flight map[string]storage.Setting   // not answered yet, by frame id
	asked  string                       // the id of the list that was asked for; "": none
	pause  time.Duration                // before what did not open is asked for again
	drafts map[chat.ConversationID]bool // changed here, and not told yet
	no     map[string]bool              // refused for good on this connection, by settingText
}

func newSettings() settings {
	return settings{flight: map[string]storage.Setting{}, drafts: map[chat.ConversationID]bool{}, no: map[string]bool{}}
}

func (x *settings) reset() {
	x.asked, x.pause = "", 0
	clear(x.flight)
	clear(x.no)
}

// settingsFlight is how many settings are on their way at a time.
const settingsFlight = 16

// keySettings is where the number is kept up to which the relay's settings are here.
const keySettings = "settings.number"

// sealedSetting is the id under which the body of a setting is sealed with the
// keys of notes to self: with it, nothing but this setting can be made of it.
func sealedSetting(key string) chat.MessageID { return chat.MessageID(settingLead + key) }

// settingLead can't lead the id of a message: what comes so as one was a setting.
const settingLead = "setting "

// settingText is what the key of a setting is made of.
func settingText(s *chat.Setting) string { return s.Kind + " " + s.About }

// askSettings asks for what other devices set since this one last heard of it.
func (s *Session) askSettings() {
	x, l := &s.state.settings, s.link.Load()
	if !s.state.online || l == nil || x.asked != "" {
		return
	}
	var after uint64
	err := s.db.View(func(tx *storage.Tx) error {
		b, err := tx.Value(keySettings)
		after, _ = strconv.ParseUint(string(b), 10, 64) // none: 0
		return err
	})
	if err != nil {
		s.log.Error("read settings", "error", err)
		return
	}
	f := &wire.ListSettings{Header: wire.Header{ID: l.NextID()}, After: after}
	if l.Send(f) == nil {
		x.asked = f.ID
		return
	}
	s.later(retryPause, call(func(*turn) { s.askSettings() }))
}

// tellSettings sends what the relay does not have. Where notes to self have no
// key yet, it is called again when they do.
func (s *Session) tellSettings() {
	x, l := &s.state.settings, s.link.Load()
	if !s.state.online || l == nil || len(x.flight) >= settingsFlight {
		return
	}
	self := chat.ConversationID(wire.SelfID(string(s.me())))
	var frames []*wire.PutSetting
	var rows []storage.Setting
	err := s.look(func(v *view) error {
		untold, err := v.tx.Untold(settingsFlight + len(x.flight) + len(x.no))
		if err != nil || len(untold) == 0 {
			return err
		}
		state, err := s.stateOf(v, self)
		if err != nil {
			return err
		}
		if state == roomNeeds {
			s.care.add(self, wants{found: true, rotate: true})
		}
		if state != roomReady {
			return nil
		}
		by, _, err := s.authorIn(v)
		if err != nil {
			return err
		}
		r, err := v.room(self)
		if err != nil {
			return err
		}
		for _, row := range untold {
			if len(x.flight)+len(rows) >= settingsFlight {
				break
			}
			if x.no[settingText(&row.Setting)] || x.flies(&row) {
				continue
			}
			content, err := json.Marshal(row.Setting)
			if err != nil {
				return err
			}
			key, ok := r.chain.Label(r.keys, settingText(&row.Setting))
			if !ok {
				return nil // a device without history keeps them to itself
			}
			body, err := r.chain.Seal(by, r.keys, sealedSetting(key), row.Version, content)
			if err != nil {
				return err
			}
			frames, rows = append(frames, &wire.PutSetting{Key: key, Body: body}), append(rows, row)
		}
		return nil
	})
	if err != nil {
		s.log.Error("settings can't be told", "error", err)
		return
	}
	for i, f := range frames {
		f.ID = l.NextID()
		if l.Send(f) != nil {
			s.later(retryPause, call(func(*turn) { s.tellSettings() }))
			return
		}
		x.flight[f.ID] = rows[i]
	}
}

// flies tells whether a setting is on its way: of one, a single version at a time.
func (x *settings) flies(row *storage.Setting) bool {
	for _, f := range x.flight {
		if f.Kind == row.Kind && f.About == row.About {
			return true
		}
	}
	return false
}

// settingTold takes the relay's word that it has a setting.
func (t *turn) settingTold(re string) error {
	x := &t.s.state.settings
	sent, ok := x.flight[re]
	if !ok {
		return nil
	}
	t.then(func() {
		delete(x.flight, re)
		t.s.tellSettings()
	})
	now, err := t.tx.Setting(sent.Kind, sent.About)
	if err != nil || now.Compare(&sent) != 0 {
		return err
	}
	return t.tx.PutSetting(now, true)
}

// settingRefused takes the relay's no; false when it was to none. One that is
// refused for good is this device's alone.
func (s *Session) settingRefused(f *wire.Error) bool {
	x := &s.state.settings
	if f.Re == x.asked && x.asked != "" {
		x.asked = ""
		if f.Retry {
			s.later(retryMost, call(func(*turn) { s.askSettings() }))
		}
		return true
	}
	sent, ok := x.flight[f.Re]
	if !ok {
		return false
	}
	delete(x.flight, f.Re)
	text := settingText(&sent.Setting)
	x.no[text] = true
	if f.Retry {
		s.later(retryMost, call(func(*turn) {
			delete(x.no, text)
			s.tellSettings()
		}))
	}
	return true
}

// settingsCame takes the answer to askSettings.
func (t *turn) settingsCame(f *wire.Settings) error {
	x := &t.s.state.settings
	if x.asked == "" || f.Re != x.asked {
		return nil // of an earlier connection
	}
	all := true
	for i := range f.Settings {
		ok, err := t.settingCame(&f.Settings[i])
		if err != nil {
			return err
		}
		all = all && ok
	}
	if n := len(f.Settings); n > 0 && all {
		if err := t.tx.PutValue(keySettings, strconv.AppendUint(nil, f.Settings[n-1].Number, 10)); err != nil {
			return err
		}
	}
	t.then(func() {
		x.asked = ""
		switch {
		case !all:
			t.s.askLater()
			return
		case f.More && len(f.Settings) > 0:
			t.s.askSettings()
		}
		x.pause = 0
	})
	return nil
}

// askLater asks once more, when chains and keys that are missing had time to come.
func (s *Session) askLater() {
	x := &s.state.settings
	x.pause = min(max(2*x.pause, retryPause), retryMost)
	self := chat.ConversationID(wire.SelfID(string(s.me())))
	s.care.add(self, wants{accounts: map[chat.AccountID]bool{s.me(): true}})
	s.later(x.pause, call(func(*turn) { s.askSettings() }))
}

// settingCame opens a setting that another device wrote, and takes it in when it
// is newer than what is here. false: a chain or key is missing yet.
func (t *turn) settingCame(f *wire.Setting) (opened bool, err error) {
	s, v := t.s, t.seals()
	r, err := v.room(chat.ConversationID(wire.SelfID(string(t.me))))
	if err != nil || r == nil {
		return false, err
	}
	by, _, err := s.authorIn(v)
	if err != nil {
		return false, err
	}
	o, err := r.chain.OpenMessage(r.keys, seal.Accounts{by.Account.Root(): by.Account},
		seal.Envelope{Message: sealedSetting(f.Key), From: by.Account.Root(), Device: chat.DeviceID(f.Device)}, f.Body)
	if errors.Is(err, seal.ErrBehind) || errors.Is(err, seal.ErrUnknown) || errors.Is(err, seal.ErrNoKey) && len(r.keys) < int(r.chain.Generation()) {
		return false, nil
	}
	came := storage.Setting{Device: chat.DeviceID(f.Device)}
	if err == nil {
		came.Version = o.Count
		err = json.Unmarshal(o.Content, &came.Setting)
	}
	if err == nil {
		if key, ok := r.chain.Label(r.keys, settingText(&came.Setting)); !ok || key != f.Key || !utf8.ValidString(came.Text) {
			err = errors.New("it is not what its key says")
		}
	}
	if err != nil {
		s.log.Warn("a setting is passed over", "number", f.Number, "error", err)
		return true, nil
	}
	known, err := t.tx.Setting(came.Kind, came.About)
	if err != nil {
		return false, err
	}
	if came.Kind == chat.SettingHidden {
		return true, t.hiddenCame(&came, &known)
	}
	switch c := came.Compare(&known); {
	case c == 0:
		return true, t.tx.PutSetting(known, true)
	case c < 0: // what is here is newer: the relay is to have it
		if me := s.Profile().Device; known.Device != me {
			known.Version, known.Device = known.Version+1, me // who says it again is another
		}
		t.then(s.tellSettings)
		return true, t.tx.PutSetting(known, false)
	}
	if err := t.tx.PutSetting(came, true); err != nil {
		return false, err
	}
	return true, t.settingChanged(&came)
}
