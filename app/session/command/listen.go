package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"satchel/app/session"
	"satchel/chat"
	"satchel/transfer"
)

type listen struct {
	count    int
	counted  bool
	timeout  time.Duration
	download string
}

// listener is one listen that runs. What was printed is kept, for each
// conversation, as the set of its sequence numbers: with --download a message
// whose file takes long is printed after later ones. It moves only after a line
// was written, so a listen that is killed prints a line again rather than never.
type listener struct {
	r    *runner
	c    *Call
	job  *listen
	me   session.Profile
	left int // lines until the end; -1: no end

	convs  map[chat.ConversationID]*heard
	files  map[chat.TransferID]*fetched // downloads that lines wait for
	saved  chan saved
	saving sync.WaitGroup
}

// heard is how far a conversation was listened to.
type heard struct {
	printed chat.Ranges
	looked  uint64 // everything up to here was printed, left out, or waits for its file
	names   map[chat.AccountID]string
}

// fetched is a message that waits for its file.
type fetched struct {
	message chat.Message
	busy    bool // its copy is being made
}

// saved is a copy that was made, or wasn't.
type saved struct {
	message chat.Message
	path    string
	err     error
}

func cursorKey(id chat.ConversationID) string { return "listen/" + string(id) }

// copyKey holds where the copy of a message's file lies, until its line was written.
func copyKey(m *chat.Message) string {
	return "listen.copy/" + string(m.Conversation) + "/" + string(m.ID)
}

func (j *listen) run(ctx context.Context, r *runner, c *Call) error {
	if !r.s.Profile().Joined {
		return session.ErrNotHere
	}
	outer := ctx
	if j.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, c.Began.Add(j.timeout))
		defer cancel()
	}
	if j.download != "" {
		j.download = c.path(j.download)
		if err := os.MkdirAll(j.download, 0o777); err != nil {
			return fmt.Errorf("the folder %s can't be made: %w", j.download, errors.Unwrap(err))
		}
	}
	l := &listener{r: r, c: c, job: j, me: r.s.Profile(), left: -1, convs: map[chat.ConversationID]*heard{},
		files: map[chat.TransferID]*fetched{}, saved: make(chan saved)}
	if j.counted {
		if l.left = j.count - c.Printed; l.left <= 0 {
			return nil
		}
	}
	err := l.loop(ctx)
	switch {
	case err != nil && ctx.Err() == nil:
		return err
	case l.left == 0 || !j.counted:
		return nil
	case outer.Err() != nil:
		return fmt.Errorf("interrupted after %d of %d messages", j.count-l.left, j.count)
	}
	reason := ""
	if conn := r.s.Connection(); conn.State != chat.Connected && conn.Reason != "" {
		reason = " " + conn.Reason
	}
	return fmt.Errorf("only %d of %d messages came within %v.%s", j.count-l.left, j.count, j.timeout, reason)
}

// loop prints until there is no more to do. It is one goroutine; copies of files
// are made beside it.
func (l *listener) loop(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer l.saving.Wait()
	defer cancel()
	changes, stop := l.r.s.Subscribe()
	defer stop()
	all, err := l.r.s.Conversations()
	if err != nil {
		return err
	}
	slices.Reverse(all) // the one with the newest message last
	for i := range all {
		if err := l.look(ctx, &all[i]); err != nil {
			return err
		}
	}
	for l.left != 0 {
		select {
		case batch, open := <-changes:
			if !open {
				return session.ErrClosed
			}
			if err := l.take(ctx, batch); err != nil {
				return err
			}
		case s := <-l.saved:
			if err := l.copied(ctx, s); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// take goes through a batch of changes.
func (l *listener) take(ctx context.Context, batch []chat.Change) error {
	for _, change := range batch {
		switch x := change.(type) {
		case chat.ConversationChanged:
			if err := l.look(ctx, &x.Conversation); err != nil || l.left == 0 {
				return err
			}
		case chat.TransferChanged:
			l.transfer(ctx, &x.Transfer)
		case chat.ConnectionChanged:
			if x.State == chat.Refused {
				return errors.New(x.Reason)
			}
		}
	}
	return nil
}

// look prints what is new in a conversation, as far as it is here without a
// hole. Holes are being filled; older ones are asked for.
func (l *listener) look(ctx context.Context, row *chat.Conversation) error {
	if row.Blocked {
		return nil
	}
	h, err := l.heard(row)
	if err != nil {
		return err
	}
	const most = 100
	for more := true; more && l.left != 0; {
		page, err := l.r.s.MessagesAfter(row.ID, h.looked, most)
		if err != nil {
			return err
		}
		end := held(row, h.looked)
		more = len(page) == most
		var lines []chat.Message
		for i := range page {
			m := &page[i]
			if m.Seq > end || l.left >= 0 && len(lines) == l.left {
				more = false
				break
			}
			switch {
			case h.printed.Has(m.Seq):
			case m.From == l.me.Account.ID && m.Device == l.me.Device, m.Content.Changes() && !changesAnother(m):
				h.printed.Add(m.Seq, m.Seq)
			case l.job.download != "" && m.Content.File != nil:
				l.fetch(ctx, m)
			default:
				lines = append(lines, *m)
			}
			h.looked = m.Seq
		}
		if err := l.write(ctx, row.ID, lines, nil); err != nil {
			return err
		}
	}
	l.fill(row, held(row, h.looked))
	return nil
}

// held returns how far the cache goes on from seq without a hole.
func held(row *chat.Conversation, seq uint64) uint64 {
	for _, r := range row.Held {
		if r.From <= seq+1 && seq < r.To {
			return r.To
		}
	}
	return seq
}

// fill asks for the hole behind seq, unless it is news, which come by themselves.
func (l *listener) fill(row *chat.Conversation, seq uint64) {
	if seq >= row.Marks[l.me.Account.ID].Received {
		return
	}
	next := row.Head + 1
	for _, r := range row.Held {
		if r.From > seq {
			next = min(next, r.From)
		}
	}
	if next > seq+1 {
		l.r.s.LoadHistory(row.ID, next)
	}
}

// heard returns how far a conversation was listened to, by this listen or an earlier one.
func (l *listener) heard(row *chat.Conversation) (*heard, error) {
	h := l.convs[row.ID]
	if h == nil {
		h = &heard{}
		if err := l.recall(row.ID, h); err != nil {
			return nil, err
		}
		if len(h.printed) > 0 && h.printed[0].From == 1 {
			h.looked = h.printed[0].To
		}
		l.convs[row.ID] = h
	}
	h.names = names(row, l.me.Account)
	return h, nil
}

// recall adds what is on disk of what was printed: by earlier listens, and by
// others that run now.
func (l *listener) recall(id chat.ConversationID, h *heard) error {
	v, err := l.r.s.Value(cursorKey(id))
	if err != nil || v == nil {
		return err
	}
	var printed chat.Ranges
	if err := json.Unmarshal(v, &printed); err != nil {
		return fmt.Errorf("the note of what was printed is damaged: %w", err)
	}
	for _, r := range printed {
		h.printed.Add(r.From, r.To)
	}
	return nil
}

// write prints messages of one conversation, whose files are at paths, and then
// moves the cursor.
func (l *listener) write(ctx context.Context, conv chat.ConversationID, messages []chat.Message, paths map[chat.MessageID]string) error {
	if len(messages) == 0 {
		return nil
	}
	h := l.convs[conv]
	var out []byte
	for i := range messages {
		b, err := encode(l.r.line(&messages[i], h.names, paths[messages[i].ID]))
		if err != nil {
			return err
		}
		out = append(out, b...)
	}
	if len(out) > 0 {
		if err := l.c.write(out); err != nil {
			return err
		}
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if err := l.recall(conv, h); err != nil {
		return err
	}
	values := map[string][]byte{}
	for i := range messages {
		h.printed.Add(messages[i].Seq, messages[i].Seq)
		if paths[messages[i].ID] != "" {
			values[copyKey(&messages[i])] = nil
		}
		if l.left > 0 {
			l.left--
		}
	}
	b, err := json.Marshal(h.printed)
	if err != nil {
		return err
	}
	values[cursorKey(conv)] = b
	// The lines are out: an end of ctx must not undo that.
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return l.r.s.PutValues(bounded, values)
}

// fetch has the file of a message downloaded; its line follows.
func (l *listener) fetch(ctx context.Context, m *chat.Message) {
	err := l.r.s.Download(m.Conversation, m.ID)
	t, ok := l.r.s.TransferOf(m.Conversation, m.ID)
	if err != nil || !ok {
		l.complain(m, err)
		return
	}
	f := l.files[t.ID]
	if f == nil {
		f = &fetched{message: *m}
		l.files[t.ID] = f
	}
	l.transfer(ctx, &t)
}

// transfer takes news of a download.
func (l *listener) transfer(ctx context.Context, t *chat.Transfer) {
	f := l.files[t.ID]
	if f == nil || f.busy {
		return
	}
	switch t.State {
	case chat.TransferDone:
		f.busy = true
		path, m := t.Path, f.message
		l.saving.Go(func() {
			s := saved{message: m}
			s.path, s.err = l.save(ctx, &m, path)
			select {
			case l.saved <- s:
			case <-ctx.Done():
			}
		})
	case chat.TransferFailed:
		l.complain(&f.message, errors.New(t.Reason))
	}
}

// complain says that a file can't be had. Its message is not printed; the next
// listen tries again.
func (l *listener) complain(m *chat.Message, err error) {
	if err == nil {
		err = errors.New("it can't be fetched")
	}
	fmt.Fprintf(l.c.Stderr, "The file %q of message %s was not saved: %s\n", transfer.ScrubName(m.Content.File.Name), m.ID, sentence(err))
}

// save puts a copy of a verified file into the folder that was asked for. A copy
// that an earlier listen made before it was killed is taken as it is.
func (l *listener) save(ctx context.Context, m *chat.Message, path string) (string, error) {
	if v, err := l.r.s.Value(copyKey(m)); err == nil && v != nil {
		info, err := os.Stat(string(v))
		if err == nil && info.IsDir() && m.Content.File.IsFolder() {
			return string(v), nil
		}
		if err == nil && info.Mode().IsRegular() && info.Size() == m.Content.File.Size && filepath.Dir(string(v)) == filepath.Clean(l.job.download) {
			return string(v), nil
		}
	}
	out, err := transfer.SaveCopy(ctx, path, l.job.download, m.Content.File.Name)
	if err != nil {
		return "", err
	}
	return out, l.r.s.PutValues(ctx, map[string][]byte{copyKey(m): []byte(out)})
}

// copied prints the line of a message whose file is where it belongs.
func (l *listener) copied(ctx context.Context, s saved) error {
	for id, f := range l.files {
		if f.message.ID == s.message.ID {
			delete(l.files, id)
		}
	}
	if s.err != nil {
		if ctx.Err() == nil {
			l.complain(&s.message, errors.New(transfer.Reason(s.err)))
		}
		return nil
	}
	return l.write(ctx, s.message.Conversation, []chat.Message{s.message}, map[chat.MessageID]string{s.message.ID: s.path})
}
