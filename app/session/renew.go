package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"satchel/chat"
	"satchel/transfer"
)

// Links to files of people's own stores may expire; the files stay. Who meets such
// a link asks its author's devices for another, by a message that is not shown
// (chat.KindLinkWanted); a device that has the store answers with one for everybody
// (chat.KindLink), now or when it is online. What was asked, and what is to be
// answered, are values in the cache:
//
//	asked C M    when this device asked for a link to the file of message M in C
//	awaits C M   since when a download here waits for that link
//	wanted C M   when somebody asked this account for one: to be answered
//	linked C M   when this device answered last
//	origin C M   the conversation and message of which M is a forwarded copy; of packs see renew_packs.go

// askAgain is after how long an answer that did not come is asked for again.
const askAgain = 24 * time.Hour

// linkPatience is how long a download waits for a link, and how long a wish for one
// is kept: who could answer may have given the store up, and nobody else knows.
const linkPatience = 7 * 24 * time.Hour

// oneAnswer is how long one answer serves all that ask.
const oneAnswer = 10 * time.Minute

// mostHops is how often a file is followed to where it was forwarded from.
const mostHops = 8

func linkKey(what string, conv chat.ConversationID, id chat.MessageID) string {
	return fmt.Sprintf("%s %s %s", what, conv, id)
}

// renew is the engine's Config.Renew: it returns the link that came, or asks.
func (s *Session) renew(ctx context.Context, t chat.Transfer) (string, error) {
	m, ok, err := s.Message(t.Conversation, t.Message)
	if err == nil && !ok {
		m, ok, err = s.packMessage(&t)
	}
	if err != nil || !ok || m.Content.File == nil {
		return "", transfer.Final("The message of this file is not there any more.", err)
	}
	if now := m.Content.File.URL; now != t.File.URL && !transfer.Expired(now) {
		return now, nil
	}
	for hops := 0; m.From == s.me() && hops < mostHops; hops++ {
		if result, err := s.handlers.Renew(ctx, m.Content.File.URL); err == nil {
			return result.URL, nil
		}
		origin, copied, err := s.originOf(m.Conversation, m.ID)
		if err != nil {
			return "", transfer.Temporary("What is kept here of this file could not be read.", err)
		}
		if !copied {
			break
		}
		if m = origin; !transfer.Expired(m.Content.File.URL) && m.Content.File.URL != t.File.URL {
			return m.Content.File.URL, nil
		}
	}
	over, err := s.waitedForLink(ctx, &m)
	if err == nil && !over {
		err = s.askForLink(ctx, &m)
	}
	if err != nil {
		var said *transfer.Error
		if errors.As(err, &said) || ctx.Err() != nil {
			return "", err
		}
		return "", transfer.Final("The link to this file has expired. Ask for the file to be sent again.", err)
	}
	if over {
		return "", transfer.Final("This link has expired, and no new one came in a week. Ask for the file to be sent again, or try again to wait for another week.", transfer.ErrExpired)
	}
	return "", transfer.Temporary(s.whoRenews(&m), transfer.ErrExpired)
}

// whoRenews says, in a sentence, whose Satchel makes a new link.
func (s *Session) whoRenews(m *chat.Message) string {
	if m.From == s.me() {
		return "This link has expired; your other device will make a new one when it is online."
	}
	if c, ok, err := s.Conversation(m.Conversation); err == nil && ok {
		for _, one := range c.Members {
			if one.ID == m.From && one.Name != "" {
				return fmt.Sprintf("This link has expired; %s’s Satchel will make a new one when it is online.", one.Name)
			}
		}
	}
	return "This link has expired; its sender’s Satchel will make a new one when it is online."
}

// waitedForLink tells whether a download has waited for its link as long as it
// may. It begins to count when it is first asked, and once more after it was over.
func (s *Session) waitedForLink(ctx context.Context, m *chat.Message) (over bool, err error) {
	awaits := linkKey("awaits", m.Conversation, m.ID)
	b, err := s.Value(awaits)
	if err != nil {
		return false, err
	}
	var since time.Time
	if json.Unmarshal(b, &since) != nil {
		return false, s.putTime(ctx, awaits)
	}
	if time.Since(since) < linkPatience {
		return false, nil
	}
	return true, s.PutValues(ctx, map[string][]byte{awaits: nil, linkKey("asked", m.Conversation, m.ID): nil})
}

// askForLink asks the author of a message for another link to its file, unless
// that was done.
func (s *Session) askForLink(ctx context.Context, m *chat.Message) error {
	key := linkKey("asked", m.Conversation, m.ID)
	b, err := s.Value(key)
	if err != nil {
		return err
	}
	var last time.Time
	if json.Unmarshal(b, &last) == nil && time.Since(last) < askAgain {
		return nil
	}
	if _, err := s.Send(ctx, m.Conversation, chat.Content{Kind: chat.KindLinkWanted, Reply: m.ID}); err != nil {
		return err
	}
	return s.putTime(ctx, key)
}

// putTime keeps that something was done now.
func (s *Session) putTime(ctx context.Context, key string) error {
	b, err := json.Marshal(time.Now().UTC())
	if err != nil {
		return err
	}
	return s.PutValues(ctx, map[string][]byte{key: b})
}

// links takes in what new entries say of links: a wish is kept until it is
// answered, an answer has downloads go on.
func (t *turn) links(messages []chat.Message) error {
	for i := range messages {
		m := &messages[i]
		if m.Content.Kind == chat.KindLink && m.Content.Target() != "" {
			if err := t.linkCame(m.Conversation, m.Content.Target()); err != nil {
				return err
			}
		}
		id := m.Content.LinkWanted()
		if id == "" || time.Since(m.At) > linkPatience {
			continue
		}
		target, ok, err := t.tx.Message(m.Conversation, id)
		if err != nil {
			return err
		}
		if !ok { // a pack of a folder that was forwarded from here, perhaps
			if from, err := t.tx.Value(linkKey("origin", m.Conversation, id)); err != nil {
				return err
			} else if from == nil {
				continue
			}
		} else if target.From != t.me || target.Content.File == nil {
			continue
		}
		at, err := json.Marshal(m.At)
		if err != nil {
			return err
		}
		if err := t.tx.PutValue(linkKey("wanted", m.Conversation, id), at); err != nil {
			return err
		}
		t.then(t.s.wake)
	}
	return nil
}

func (t *turn) linkCame(conv chat.ConversationID, id chat.MessageID) error {
	for _, what := range []string{"asked", "awaits"} {
		if err := t.tx.PutValue(linkKey(what, conv, id), nil); err != nil {
			return err
		}
	}
	all, err := t.tx.Transfers()
	if err != nil {
		return err
	}
	var waiting []chat.TransferID
	for _, tr := range all {
		if tr.Direction != chat.Download || tr.State.Ended() || tr.State == chat.TransferPaused {
			continue
		}
		needs, err := t.needsLink(&tr, conv, id)
		if err != nil {
			return err
		}
		if needs {
			waiting = append(waiting, tr.ID)
		}
	}
	t.then(func() {
		for _, id := range waiting {
			_ = t.s.engine.Resume(id) // else its own retry finds the link
		}
		t.s.wake() // a forwarded copy may wait for it
	})
	return nil
}

// answerLinks makes the links that were asked for, as far as this device can.
// What can't be made now, for want of the network, is tried again later.
func (s *Session) answerLinks(ctx context.Context) error {
	var keys []string
	wanted := map[string]time.Time{}
	err := s.valuesWith("wanted ", func(key string, v []byte) error {
		var at time.Time
		if json.Unmarshal(v, &at) == nil {
			keys, wanted[key] = append(keys, key), at
		}
		return nil
	})
	for _, key := range keys {
		if err != nil {
			return err
		}
		conv, id, _ := strings.Cut(strings.TrimPrefix(key, "wanted "), " ")
		var done bool
		if done, err = s.answerLink(ctx, chat.ConversationID(conv), chat.MessageID(id), wanted[key]); err == nil && done {
			err = s.PutValues(ctx, map[string][]byte{key: nil})
		}
	}
	return err
}

// answerLink makes one link. done is false when it is to be tried again.
func (s *Session) answerLink(ctx context.Context, conv chat.ConversationID, id chat.MessageID, asked time.Time) (done bool, err error) {
	if time.Since(asked) > linkPatience {
		return true, nil // nobody waits any more
	}
	m, ok, err := s.Message(conv, id)
	if err != nil || ok && m.Content.File == nil {
		return err == nil, err
	}
	b, err := s.Value(linkKey("linked", conv, id))
	if err != nil {
		return false, err
	}
	var last time.Time
	if json.Unmarshal(b, &last) == nil && asked.Before(last.Add(oneAnswer)) {
		return true, nil
	}
	var link, had string
	if ok {
		had = m.Content.File.URL
		link, err = s.renewOwn(ctx, &m)
	} else {
		link, err = s.renewPack(ctx, conv, id)
	}
	switch {
	case err != nil || link == waitsForOrigin:
		return false, err
	case link == "" || link == had:
		return true, nil // not ours to renew: the one who asks knows that it may never come
	}
	if _, err := s.Send(ctx, conv, chat.Content{Kind: chat.KindLink, Reply: id, URL: link}); err != nil {
		return isRefused(err), s.unlessRefused(err)
	}
	return true, s.putTime(ctx, linkKey("linked", conv, id))
}

// renewOwn makes a new link to the file of a message that this account wrote.
func (s *Session) renewOwn(ctx context.Context, m *chat.Message) (string, error) {
	result, err := s.handlers.Renew(ctx, m.Content.File.URL)
	if err == nil {
		return result.URL, nil
	}
	if isTemporary(err) {
		s.log.Info("a link can't be renewed now", "conversation", m.Conversation, "message", m.ID, "error", err)
		return waitsForOrigin, nil
	}
	return s.linkOfOrigin(ctx, m.Conversation, m.ID)
}

// waitsForOrigin stands for a link that is still to come, or to be tried for.
const waitsForOrigin = "…"

// linkOfOrigin finds another link to the file of a message that is a forwarded
// copy: "" when it is none, waitsForOrigin after the first author was asked.
func (s *Session) linkOfOrigin(ctx context.Context, conv chat.ConversationID, id chat.MessageID) (string, error) {
	origin, ok, err := s.originOf(conv, id)
	if err != nil || !ok {
		return "", err
	}
	if !transfer.Expired(origin.Content.File.URL) {
		return origin.Content.File.URL, nil
	}
	if err := s.askForLink(ctx, &origin); err != nil {
		return "", s.unlessRefused(err)
	}
	return waitsForOrigin, nil
}

func isRefused(err error) bool {
	var r Refusal
	return errors.As(err, &r)
}

// unlessRefused is err, or nil where that is an answer that won't change.
func (s *Session) unlessRefused(err error) error {
	if isRefused(err) {
		s.log.Info("a link can't be told", "error", err)
		return nil
	}
	return err
}
