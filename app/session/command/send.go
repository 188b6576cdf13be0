package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"time"

	"satchel/app/session"
	"satchel/chat"
)

type send struct {
	to      string
	content chat.Content
	files   []string
	edit    chat.PictureEdit
}

// patience is how long a send goes on while nothing moves.
const patience = 30 * time.Second

type sentLine struct {
	ID           chat.MessageID      `json:"id"`
	Conversation chat.ConversationID `json:"conversation"`
	Seq          uint64              `json:"seq"`
}

func (j *send) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	paths := make([]string, len(j.files))
	for i, p := range j.files {
		paths[i] = c.path(p)
	}
	if err := r.s.CheckFiles(ctx, paths); err != nil {
		return err // nothing was sent
	}
	deadline, cancel := context.WithDeadline(ctx, c.Began.Add(patience))
	defer cancel()
	conv, err := r.open(deadline, j.to)
	if err != nil {
		return interrupted(ctx, err)
	}
	messages, err := r.begin(ctx, c, conv.ID, j.content, paths, j.edit)
	defer r.release(messages)
	if err != nil {
		return interrupted(ctx, err)
	}
	return r.deliver(ctx, c, messages)
}

// open finds a conversation; for somebody who is not known here it waits for the
// relay as long as ctx has time.
func (r *runner) open(ctx context.Context, to string) (chat.Conversation, error) {
	for {
		conv, err := r.s.OpenDirect(ctx, to)
		if errors.Is(err, session.ErrOffline) {
			err = r.s.Connected(ctx)
			if err == nil {
				select { // connected, and perhaps gone again before the question: not at once
				case <-time.After(100 * time.Millisecond):
					continue
				case <-ctx.Done():
					err = ctx.Err()
				}
			}
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = session.ErrOffline
		}
		return conv, err
	}
}

// interrupted says it in words when a signal, or the owner's end, was the reason.
func interrupted(ctx context.Context, err error) error {
	if err != nil && (ctx.Err() != nil || errors.Is(err, session.ErrClosed)) {
		return errors.New("interrupted")
	}
	return err
}

// begin makes the run's messages, or finds those of an earlier run that are
// still pending. The caller releases what it returns.
func (r *runner) begin(ctx context.Context, c *Call, conv chat.ConversationID, content chat.Content, paths []string, edit chat.PictureEdit) ([]chat.Message, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pending, err := r.pending(conv)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		id := c.messageID(0)
		if old := r.same(pending, content, "", edit); old != nil {
			id = old.ID
		}
		r.claims[id] = true
		m, err := r.s.SendAs(ctx, conv, id, content)
		return []chat.Message{{ID: id, Conversation: conv, Seq: m.Seq}}, err
	}
	var messages []chat.Message
	var files []session.Outgoing
	for i, path := range paths {
		caption := content
		if i > 0 {
			caption = chat.Content{Kind: chat.KindMessage}
		}
		id := c.messageID(i)
		if old := r.same(pending, caption, path, edit); old != nil {
			id = old.ID
			if t, ok := r.s.TransferOf(conv, id); ok && (t.State == chat.TransferFailed || t.State == chat.TransferPaused) {
				_ = r.s.ResumeTransfer(t.ID) // if not, the wait for it says why
			}
		}
		r.claims[id] = true
		files = append(files, session.Outgoing{Path: path, Edit: edit, ID: id})
		messages = append(messages, chat.Message{ID: id, Conversation: conv})
	}
	_, err = r.s.SendEdited(ctx, conv, files, content)
	return messages, err
}

func (r *runner) release(messages []chat.Message) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range messages {
		delete(r.claims, m.ID)
	}
}

// pending returns the messages of a conversation that wait for the relay: the
// last ones, behind all that are stored.
func (r *runner) pending(conv chat.ConversationID) (out []chat.Message, err error) {
	for limit := 32; ; limit *= 8 {
		page, err := r.s.Messages(conv, 0, limit)
		if err != nil || len(page) < limit || page[0].State == chat.MessageStored {
			for _, m := range page {
				if m.State == chat.MessagePending {
					out = append(out, m)
				}
			}
			return out, err
		}
	}
}

// same finds a pending message that says the same, and that nobody answers for.
func (r *runner) same(pending []chat.Message, content chat.Content, path string, edit chat.PictureEdit) *chat.Message {
	for i := range pending {
		m := &pending[i]
		if r.claims[m.ID] || m.Content.Changes() || m.Content.Text != content.Text || m.Content.Title != content.Title ||
			!reflect.DeepEqual(m.Content.Location, content.Location) || (m.Content.File != nil) != (path != "") {
			continue
		}
		if path == "" {
			return m
		}
		t, ok := r.s.TransferOf(m.Conversation, m.ID)
		info, err := os.Stat(path)
		// A copy has its own size: its picture was looked at when the copy was made.
		if ok && err == nil && t.Path == path && t.File.IsFolder() && info.IsDir() {
			return m
		}
		if ok && err == nil && t.Path == path && t.Edit == edit && !t.File.IsFolder() && (t.Copy != "" || t.File.Size == info.Size() && t.ModTime.Equal(info.ModTime())) {
			return m
		}
	}
	return nil
}

// deliver waits until the relay acknowledged all of them, and prints each, in order.
func (r *runner) deliver(ctx context.Context, c *Call, messages []chat.Message) error {
	changes, stop := r.s.Subscribe()
	defer stop()
	moved := c.Began
	kept := fmt.Errorf("interrupted; the message is kept, and goes out the next time this profile connects")
	check := time.NewTicker(time.Second)
	defer check.Stop()
	for {
		for len(messages) > 0 {
			m, ok, err := r.s.Message(messages[0].Conversation, messages[0].ID)
			switch {
			case err != nil:
				return err
			case !ok:
				return errors.New("the message was taken back before it was sent")
			case m.State == chat.MessageFailed:
				return errors.New(m.Reason)
			}
			if t, ok := r.s.TransferOf(m.Conversation, m.ID); ok && t.Direction == chat.Upload && t.State == chat.TransferFailed {
				return errors.New(t.Reason)
			}
			if m.State != chat.MessageStored {
				break
			}
			if err := c.print(sentLine{m.ID, m.Conversation, m.Seq}); err != nil {
				return err
			}
			messages, moved = messages[1:], time.Now()
		}
		if len(messages) == 0 {
			return nil
		}
		select {
		case batch, open := <-changes:
			if !open {
				return kept
			}
			for _, change := range batch {
				if t, ok := change.(chat.TransferChanged); ok && t.Transfer.Offset > 0 && t.Transfer.State.Active() {
					moved = time.Now()
				}
			}
		case <-check.C:
			conn := r.s.Connection()
			if conn.State == chat.Refused {
				return errors.New(conn.Reason)
			}
			if time.Since(moved) < patience || conn.State == chat.Connected && r.active() {
				continue
			}
			return r.gaveUp(conn, messages[0])
		case <-ctx.Done():
			return kept
		}
	}
}

// active tells whether the engine works: it knows by itself when a transfer stalls.
func (r *runner) active() bool {
	all, err := r.s.Transfers()
	for _, t := range all {
		if t.State.Active() {
			return true
		}
	}
	return err != nil
}

// gaveUp says why nothing moved.
func (r *runner) gaveUp(conn chat.ConnectionChanged, m chat.Message) error {
	why := conn.Reason
	if t, ok := r.s.TransferOf(m.Conversation, m.ID); ok && conn.State == chat.Connected && t.Reason != "" {
		why = t.Reason
	}
	if why == "" {
		why = "The relay does not answer."
	}
	return fmt.Errorf("%s The message is kept, and goes out the next time this profile connects", why)
}
