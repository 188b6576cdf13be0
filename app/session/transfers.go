package session

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"satchel/chat"
	"satchel/net/wire"
	"satchel/storage"
	"satchel/transfer"
	"satchel/transfer/dir"
)

func (s *Session) newEngine() *transfer.Engine {
	// The tus handler also fetches what other senders keep elsewhere: see tickets.
	s.handlers.Add("tus", transfer.NewTus(transfer.TusConfig{Tickets: s.tickets, Client: s.filesClient()}), "", "http", "https")
	s.handlers.Add("noshare", noShare{}, dir.Scheme)
	return transfer.New(transfer.Config{Journal: journal{s}, Handlers: s.handlers, Folder: s.filesDir(),
		Changed: func(t chat.Transfer) { s.hub.publish(chat.TransferChanged{Transfer: t}) },
		Earlier: s.earlier, Gone: s.gone, Renew: s.renew, Before: s.before, Lies: s.lies,
		Logger: s.log, Words: &s.words, Limits: s.Downloads().limits(s.opts.Workers)})
}

// filesClient returns one that knows the relay by its key, as the link does, and
// everybody else as any program does.
func (s *Session) filesClient() *http.Client {
	others := transfer.NewClient()
	own := others.Transport.(*http.Transport).Clone()
	own.TLSClientConfig = wire.ClientTLS(func() (host, key string) {
		s.mu.Lock()
		defer s.mu.Unlock()
		if u, err := url.Parse(s.relay.RelayURL); err == nil {
			host = u.Hostname()
		}
		return host, cmp.Or(s.relay.RelayKey, "none")
	})
	others.Transport = &roads{s: s, own: own, others: others.Transport.(*http.Transport)}
	return others
}

// roads has the relay's own connections, and those to anywhere else: the relay's
// key stands for no other server.
type roads struct {
	s           *Session
	own, others *http.Transport
}

func (r *roads) RoundTrip(q *http.Request) (*http.Response, error) {
	base, err := url.Parse(r.s.Profile().RelayURL)
	if err == nil && q.URL.Scheme == "https" && base.Scheme == "https" && strings.EqualFold(q.URL.Host, base.Host) {
		return r.own.RoundTrip(q)
	}
	return r.others.RoundTrip(q)
}

func (r *roads) CloseIdleConnections() {
	r.own.CloseIdleConnections()
	r.others.CloseIdleConnections()
}

// journal keeps the engine's queue. The engine calls it; the loop carries it out.
type journal struct{ s *Session }

func (j journal) Load() (all []chat.Transfer, err error) {
	err = j.s.db.View(func(tx *storage.Tx) error {
		all, err = tx.Transfers()
		return err
	})
	for i := range all {
		j.s.sending.add(&all[i])
		j.s.batches.note(&all[i])
	}
	j.s.post(lookAtHeld{})
	return all, err
}

func (j journal) Save(t chat.Transfer) error {
	return j.SaveAll([]chat.Transfer{t})
}

func (j journal) SaveAll(all []chat.Transfer) error {
	e := saveTransfer{ask(), all}
	return j.s.await(context.Background(), e, e.asked) // ends with the loop at the latest
}

// saveTransfer is where transfers came to rest, and what that means for their messages.
type saveTransfer struct {
	asked
	all []chat.Transfer
}

func (saveTransfer) aside() {}

func (e saveTransfer) apply(t *turn) error {
	for i := range e.all {
		if err := t.saveTransfer(e.all[i]); err != nil {
			return err
		}
	}
	return nil
}

func (t *turn) saveTransfer(tr chat.Transfer) error {
	t.inBatch(&tr)
	if tr.Direction == chat.Download && tr.State != chat.TransferCancelled {
		if gone, err := t.vanished(tr.Conversation, tr.Message); err != nil {
			return err
		} else if gone {
			return t.transferTooLate(tr)
		}
	}
	switch {
	case tr.State == chat.TransferCancelled && tr.Again:
		if err := t.endAgain(&tr); err != nil {
			return err
		}
		t.uploadEnded(tr)
		return t.tx.DeleteTransfer(tr.ID)
	case tr.State == chat.TransferCancelled && tr.Direction == chat.Upload:
		if err := t.remove(tr.Conversation, tr.Message); err != nil && !errors.Is(err, storage.ErrSent) {
			return err
		}
		t.uploadEnded(tr)
		return t.tx.DeleteTransfer(tr.ID)
	case tr.State == chat.TransferCancelled:
		if err := t.dropFolder(&tr); err != nil {
			return err
		}
		return t.tx.DeleteTransfer(tr.ID)
	case tr.State == chat.TransferDone && tr.Direction == chat.Upload:
		done := t.uploaded
		if tr.Again {
			done = t.sentAgain
		}
		if err := done(&tr); err != nil {
			return err
		}
		keep := t.remember
		if tr.File.IsFolder() {
			keep = t.rememberFolder
		}
		if err := keep(&tr); err != nil {
			return err
		}
		t.uploadEnded(tr)
	case tr.State == chat.TransferDone:
		if err := t.noteFetched(&tr); err != nil {
			return err
		}
		t.then(t.s.wake) // there may be more than the budget
	}
	if tr.State == chat.TransferDone {
		if err := t.noteDone(tr.ID); err != nil {
			return err
		}
	}
	return t.tx.PutTransfer(tr)
}

// transferTooLate ends a transfer whose message has disappeared meanwhile.
func (t *turn) transferTooLate(tr chat.Transfer) error {
	if !tr.State.Ended() {
		t.then(func() { _ = t.s.engine.Cancel(tr.ID) })
		return t.tx.PutTransfer(tr)
	}
	var moved []string
	if err := t.forgetTransfer(tr, &moved); err != nil {
		return err
	}
	t.then(func() {
		for _, path := range moved {
			if err := os.Remove(path); err != nil {
				t.s.log.Warn("the file of a message that disappeared stays", "error", err)
			}
		}
	})
	return nil
}

// uploaded completes the message of an upload that is done, and sends it.
func (t *turn) uploaded(tr *chat.Transfer) error {
	m, ok, err := t.tx.Message(tr.Conversation, tr.Message)
	if err != nil || !ok || m.State == chat.MessageStored {
		return err
	}
	file := tr.File
	file.URL = portable(t.s.Profile().RelayURL, file.URL)
	m.Content.File = &file
	if tr.Batch == "" {
		return t.dispatch(m)
	}
	return t.holdInOrder(m, tr)
}

// ticketTimeout bounds the wait for the relay's answer.
const ticketTimeout = 20 * time.Second

// tickets asks the relay for the permission to move a file. The token goes to the
// relay's own address and nowhere else: a file that lies elsewhere is fetched
// without one.
func (s *Session) tickets(ctx context.Context, r transfer.TicketRequest) (transfer.Ticket, error) {
	relay := s.Profile().RelayURL
	ask := &wire.TicketRequest{Purpose: wire.TicketUpload, File: r.File, Size: r.Size, Conversation: string(r.Conversation)}
	if r.Direction == chat.Download {
		id, elsewhere, err := locate(relay, r.File)
		if err != nil {
			return transfer.Ticket{}, transfer.Final(err.Error(), err)
		}
		if elsewhere != "" {
			return transfer.Ticket{URL: elsewhere}, nil
		}
		ask = &wire.TicketRequest{Purpose: wire.TicketDownload, File: id}
	}
	ctx, cancel := context.WithTimeout(ctx, ticketTimeout)
	defer cancel()
	if r.Direction == chat.Upload {
		if err := s.atRelay(ctx, r.Conversation); err != nil {
			return transfer.Ticket{}, transfer.Temporary(errTicket, err)
		}
	}
	reply, err := s.call(ctx, ask)
	var said *wire.Error
	if errors.As(err, &said) {
		if said.Retry {
			return transfer.Ticket{}, transfer.Temporary(said.Message, err)
		}
		if said.Code == wire.CodeFileExpired {
			err = errors.Join(err, transfer.ErrExpired) // its sender may send it anew
		}
		return transfer.Ticket{}, transfer.Final(said.Message, err)
	} else if err != nil {
		return transfer.Ticket{}, transfer.Temporary(errTicket, err)
	}
	ticket, ok := reply.(*wire.Ticket)
	if !ok {
		return transfer.Ticket{}, transfer.Temporary("The relay gave an answer that is not understood.", errors.New("no ticket"))
	}
	id, _, err := locate(relay, ticket.URL)
	if err != nil || id == "" {
		return transfer.Ticket{}, transfer.Final("The relay names a place for the file that is not its own, so nothing was sent there.", err)
	}
	return transfer.Ticket{URL: strings.TrimRight(relay, "/") + wire.PathFiles + id, Token: ticket.Token, Expires: at(ticket.Expires)}, nil
}

const errTicket = "The relay can't be reached at the moment. Nothing was lost; it goes on by itself."

// atRelay waits until a conversation that began here has its chain, by which the
// relay knows it.
func (s *Session) atRelay(ctx context.Context, id chat.ConversationID) error {
	return s.until(ctx, func() (has bool, err error) {
		err = s.db.View(func(tx *storage.Tx) error {
			has = tx.ChainLength(id) > 0
			return nil
		})
		return has, err
	})
}

// call asks the relay something, and waits for the answer.
func (s *Session) call(ctx context.Context, f wire.Frame) (wire.Frame, error) {
	l := s.link.Load()
	if l == nil {
		return nil, ErrOffline
	}
	return l.Call(ctx, f)
}

var fileID = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

var errElsewhere = Refusal("The message names a place for its file that Satchel does not fetch from.")

// locate reads the URL of a file, which somebody else wrote: either the id of a
// file at the relay, or an address elsewhere, which is http or https and carries
// no credentials.
func locate(relay, address string) (id, elsewhere string, err error) {
	u, err := url.Parse(address)
	if err != nil || u.Opaque != "" || u.User != nil {
		return "", "", errElsewhere
	}
	base, err := url.Parse(relay)
	if err != nil {
		return "", "", errElsewhere
	}
	own := u.Scheme == base.Scheme && strings.EqualFold(u.Host, base.Host)
	if u.Scheme == "" && u.Host == "" || own {
		path := "/" + strings.TrimLeft(u.Path, "/")
		if own {
			path = strings.TrimPrefix(path, strings.TrimRight(base.Path, "/"))
		}
		id, ok := strings.CutPrefix(path, wire.PathFiles)
		if ok && fileID.MatchString(id) && u.RawQuery == "" {
			return id, "", nil
		}
		return "", "", errElsewhere
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return "", "", errElsewhere
	}
	return "", u.String(), nil
}

// fetchable tells why the file at a URL, which somebody else wrote, is not fetched.
func (s *Session) fetchable(address string) error {
	if u, err := url.Parse(address); err == nil && u.Scheme == dir.Scheme && u.User == nil && u.RawQuery == "" {
		return nil // the handler reads below its own folder, and nowhere else
	}
	_, _, err := locate(s.Profile().RelayURL, address)
	return err
}

// portable writes the URL of a file at our relay relative to it, so that it is
// good for members who reach the relay by another address.
func portable(relay, address string) string {
	base, err := url.Parse(relay)
	if err == nil && base.Path != "" {
		// A path of the relay's host may carry the relay's own.
		if id, _, err := locate("", strings.TrimPrefix(address, strings.TrimRight(base.Path, "/"))); err == nil && id != "" {
			return wire.PathFiles + id
		}
	}
	if id, _, err := locate(relay, address); err == nil && id != "" {
		return wire.PathFiles + id
	}
	return address
}

// filesOf names the files at the relay that a content refers to.
func (s *Session) filesOf(c *chat.Content) []string {
	var all []string
	switch {
	case c.Kind == chat.KindLink:
		all = append(all, c.URL)
	case c.File == nil:
		return nil
	default:
		all = append(all, c.File.URL)
	}
	if c.File != nil && c.File.Folder != nil {
		for _, p := range c.File.Folder.Earlier {
			all = append(all, p.URL)
		}
	}
	var ids []string
	for _, address := range all {
		if id, _, err := locate(s.Profile().RelayURL, address); err == nil && id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
