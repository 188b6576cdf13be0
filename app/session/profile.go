package session

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"satchel/chat"
	"satchel/net/wire"
)

// SetName gives this account another name, one that nobody else on the relay has.
func (s *Session) SetName(ctx context.Context, name string) error {
	name, err := cleanName(name)
	if err != nil {
		return err
	}
	_, err = s.request(ctx, &wire.Rename{Name: name})
	var said *wire.Error
	if errors.As(err, &said) {
		return Refusal(said.Message)
	} else if err != nil {
		return err
	}
	e := nameEvent{ask(), chat.Account{ID: s.me(), Name: name}}
	return s.await(ctx, e, e.asked)
}

// cleanName is the name as the relay keeps it; the error is a sentence.
func cleanName(name string) (string, error) {
	clean, err := wire.CleanName(name)
	switch {
	case err == nil:
		return clean, nil
	case utf8.RuneCountInString(strings.Join(strings.Fields(name), " ")) > wire.MaxName:
		return "", refusal("A name has at most %d characters.", wire.MaxName)
	case strings.TrimSpace(name) == "":
		return "", refusal("A name needs a character at least.")
	}
	return "", refusal("The name has a character that can't be shown. Write it without.")
}

type nameEvent struct {
	asked
	account chat.Account
}

func (e nameEvent) apply(t *turn) error { return t.named(e.account) }

// named keeps what an account is called now, in all rows that say it.
func (t *turn) named(a chat.Account) error {
	old, known, err := t.tx.Account(a.ID)
	if err != nil || known && old == a {
		return err
	}
	if err := t.tx.PutAccount(a); err != nil || !known {
		return err
	}
	all, err := t.tx.Conversations()
	if err != nil {
		return err
	}
	for i := range all {
		row, changed := &all[i], false
		for j := range row.Members {
			if row.Members[j].ID == a.ID && row.Members[j].Name != a.Name {
				row.Members[j].Name, changed = a.Name, true
			}
		}
		if !changed {
			continue
		}
		if err := t.tx.PutConversation(row); err != nil {
			return err
		}
		t.touch(row.ID)
	}
	t.announce(chat.AccountChanged{Account: a})
	if a.ID != t.me {
		return nil
	}
	profile, ok, err := t.tx.Profile()
	if err != nil || !ok {
		return err
	}
	profile.Account.Name = a.Name
	t.then(func() { t.s.know(profile) })
	return t.tx.PutProfile(profile)
}
