package session

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/seal"
	"satchel/net/wire"
	"satchel/storage"
)

// Verified is what is kept of a comparison: the account whose numbers were
// equal, and how much of its chain there was.
type Verified struct {
	Root string    `json:"root"` // base64url
	Seq  uint64    `json:"seq"`
	At   time.Time `json:"at"`
}

func verifiedKey(id chat.AccountID) string { return "verified/" + string(id) }

// Verified tells what was compared with somebody; false when nothing was, or
// when the account is another one by now.
func (s *Session) Verified(id chat.AccountID) (v Verified, ok bool) {
	err := s.look(func(look *view) error {
		b, err := look.tx.Value(verifiedKey(id))
		if err != nil || b == nil {
			return err
		}
		if err := json.Unmarshal(b, &v); err != nil {
			return err
		}
		a, err := look.account(id)
		if err != nil || a == nil {
			return err
		}
		root := a.Root()
		ok = v.Root == wire.B64(root[:])
		return nil
	})
	if err != nil {
		s.log.Warn("read what was verified", "error", err)
	}
	return v, ok
}

// AllVerified are those whose numbers were compared.
func (s *Session) AllVerified() map[chat.AccountID]bool {
	var ids []chat.AccountID
	err := s.db.View(func(tx *storage.Tx) error {
		all, err := tx.Accounts()
		for _, a := range all {
			ids = append(ids, a.ID)
		}
		return err
	})
	if err != nil {
		s.log.Warn("read the accounts", "error", err)
	}
	verified := map[chat.AccountID]bool{}
	for _, id := range ids {
		if _, ok := s.Verified(id); ok {
			verified[id] = true
		}
	}
	return verified
}

// both are the own chain and somebody else's, as new as the relay has them.
func (s *Session) both(ctx context.Context, id chat.AccountID) (me, other *seal.Account, err error) {
	by, _, err := s.author()
	if err != nil {
		return nil, nil, err
	}
	if id == by.Account.ID() {
		return nil, nil, Refusal("This is yourself: there is nothing to compare.")
	}
	other, err = s.accountChain(ctx, id)
	if errors.Is(err, ErrOffline) {
		if known, kerr := s.knownAccount(id); kerr == nil && known != nil {
			other, err = known, nil // the number hangs on who they are, not on what came since
		}
	}
	return by.Account, other, err
}

// SafetyNumber is what both people compare: 60 digits in groups of five.
func (s *Session) SafetyNumber(ctx context.Context, id chat.AccountID) (string, error) {
	me, other, err := s.both(ctx, id)
	if err != nil {
		return "", verifySentence(err)
	}
	return seal.SafetyNumber(me.Root(), other.Root()), nil
}

// VerificationLink is what somebody's device reads from this screen, to be sure
// of both: a text, to be shown as a QR code.
func (s *Session) VerificationLink(ctx context.Context, id chat.AccountID) (string, error) {
	me, other, err := s.both(ctx, id)
	if err != nil {
		return "", verifySentence(err)
	}
	return seal.Verification{Root: me.Root(), Head: me.Head(), Other: other.Root()}.String(), nil
}

// Verify compares what the other person's screen showed, or read out, with what
// is known here, and marks them as verified when it is them: their
// VerificationLink, or the safety number.
func (s *Session) Verify(ctx context.Context, id chat.AccountID, shown string) error {
	me, other, err := s.both(ctx, id)
	if err != nil {
		return verifySentence(err)
	}
	shown = strings.TrimSpace(shown)
	if digits := digitsOf(shown); digits != "" {
		if digits != digitsOf(seal.SafetyNumber(me.Root(), other.Root())) {
			return Refusal("The numbers differ. One of you sees somebody else's number, or was given false keys by the relay: compare again in person, and don't send what must stay secret until they are the same.")
		}
	} else {
		code, err := seal.ParseVerification(shown)
		if err != nil {
			return Refusal("This is no verification code: it begins with satchel://verify? and is copied whole.")
		}
		if err := code.Verify(me, other); err != nil {
			return verifySentence(err)
		}
	}
	root := other.Root()
	return s.setVerified(ctx, id, &Verified{Root: wire.B64(root[:]), Seq: other.Head().Seq, At: time.Now().UTC().Truncate(time.Second)})
}

// Unverify takes the mark away.
func (s *Session) Unverify(ctx context.Context, id chat.AccountID) error {
	return s.setVerified(ctx, id, nil)
}

func (s *Session) setVerified(ctx context.Context, id chat.AccountID, v *Verified) error {
	e := &verified{ask(), id, v}
	return s.await(ctx, e, e.asked)
}

type verified struct {
	asked
	id    chat.AccountID
	value *Verified
}

func (e *verified) apply(t *turn) error {
	var b []byte
	if e.value != nil {
		var err error
		if b, err = json.Marshal(e.value); err != nil {
			return err
		}
	}
	t.announce(chat.VerifiedChanged{Account: e.id, Verified: e.value != nil})
	if err := t.forgetDevices(e.id); err != nil {
		return err
	}
	return t.tx.PutValue(verifiedKey(e.id), b)
}

// digitsOf are the digits of a text that has nothing else but white space; else "".
func digitsOf(text string) string {
	digits := strings.Join(strings.Fields(text), "")
	if strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}

// verifySentence is an error of comparing for a person.
func verifySentence(err error) error {
	switch {
	case errors.Is(err, seal.ErrIdentity):
		return storedBadly{"This is somebody else's code, or they were shown somebody else's keys in your name. Compare again in person, and don't send what must stay secret until it is right.", err}
	case errors.Is(err, seal.ErrFork), errors.Is(err, seal.ErrRollback):
		return storedBadly{"The relay shows you and them two different histories of their devices. Don't send what must stay secret over this relay, and tell whoever runs it.", err}
	case errors.Is(err, seal.ErrBehind):
		return storedBadly{"Their screen shows something newer than this device was given. Try again in a moment; if it stays so, the relay withholds something.", err}
	}
	return err
}

// findDevice leads the keys of findings about new devices of somebody verified.
const findDevice = "verified/"

// noteDevices says in the conversation with somebody who was verified that they
// have a device that they had not before. before is nil when nothing was known.
func (t *turn) noteDevices(before, after *seal.Account) error {
	b, err := t.tx.Value(verifiedKey(after.ID()))
	if err != nil || b == nil || before == nil {
		return err
	}
	fresh := slices.ContainsFunc(after.Active(), func(d seal.AccountDevice) bool {
		return d.Added > before.Head().Seq && d.Kind == seal.Computer
	})
	if !fresh {
		return nil
	}
	who, _, err := t.tx.Account(after.ID())
	if err != nil {
		return err
	}
	return t.find(t.directWith(after.ID()), storage.Finding{Key: findDevice + strconv.FormatUint(after.Head().Seq, 10),
		Text: who.Name + " has a new device. To be sure that it is theirs, ask them, and compare the safety number again."})
}

// forgetDevices takes back what noteDevices said: they were compared again.
func (t *turn) forgetDevices(id chat.AccountID) error {
	conv := t.directWith(id)
	all, err := t.tx.Findings(conv)
	for _, f := range all {
		if err == nil && strings.HasPrefix(f.Key, findDevice) {
			err = t.tx.DeleteFinding(conv, f.Key)
			t.touch(conv)
		}
	}
	return err
}

func (t *turn) directWith(id chat.AccountID) chat.ConversationID {
	return chat.ConversationID(wire.DirectID(string(t.me), string(id)))
}
