package transfer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/url"
	"time"

	"satchel/chat"
	"satchel/net/seal"
)

// Stored is a file that a store has, as messages name it.
type Stored struct {
	URL    string `json:"url"`
	SHA256 string `json:"sha256"` // of the file itself
	Key    []byte `json:"key"`
}

// lookTime bounds the question whether an earlier upload is still there.
const lookTime = 30 * time.Second

// earlier finds an upload of the same bytes to the same store that is still
// there, so that they need not go again; nil when there is none.
func (e *Engine) earlier(ctx context.Context, en *entry, src *source, h Handler) (*Stored, error) {
	if e.cfg.Earlier == nil || en.t.File.IsFolder() || en.fresh || en.sealing != nil || en.t.Offset > 0 || en.t.Place != "" {
		return nil, nil // this one is under way
	}
	known, err := e.cfg.Earlier(en.t, src.sum)
	if err != nil || known == nil {
		return nil, err
	}
	switch there, err := e.stillThere(ctx, en, h, known, en.t.File.Size); {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case there:
		return known, nil
	case err == nil && e.cfg.Gone != nil:
		e.cfg.Gone(en.t, *known)
	}
	return nil, nil
}

// stillThere asks a store for the last byte of what it had, and for a new link
// where links expire. An error says that nobody knows.
func (e *Engine) stillThere(ctx context.Context, en *entry, h Handler, k *Stored, size int64) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	if r, ok := h.(Renewer); ok && signed(k.URL) {
		result, err := r.Renew(ctx, k.URL)
		if err != nil {
			return false, err
		}
		k.URL = result.URL
	}
	err := look(ctx, h, k.URL, en.t.Conversation, size)
	if err != nil {
		e.log.Info("an earlier upload can't serve", "transfer", en.t.ID, "error", err)
	}
	return err == nil, passing(err)
}

// look fetches the last byte of a file of so many bytes.
func look(ctx context.Context, h Handler, address string, conv chat.ConversationID, size int64) error {
	sealed := seal.SealedSize(size)
	return h.Download(ctx, &DownloadRequest{URL: address, Conversation: conv, Size: sealed, Offset: sealed - 1,
		Body: io.Discard, Progress: func(int64) {}})
}

// passing is err unless it says for good that the file is not there.
func passing(err error) error {
	if err == nil || errors.Is(err, errMismatch) {
		return nil
	}
	if e := explain(err); !e.Retry {
		return nil
	}
	return err
}

// Look tells whether a file can be fetched now, by one byte of it, or of all that
// a folder needs. An error says, in a sentence, that nobody knows: the store can't
// be reached.
func (e *Engine) Look(ctx context.Context, conv chat.ConversationID, f *chat.File) (bool, error) {
	all := []chat.Pack{{URL: f.URL, Key: f.Key, Size: f.Stored()}}
	if f.Folder != nil {
		all = append(all, f.Folder.Earlier...)
	}
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	for _, p := range all {
		keys, err := seal.ParseFileKeys(p.Key)
		if err != nil || keys.Size != p.Size {
			return false, nil
		}
		h, err := e.cfg.Handlers.forDownload(p.URL)
		if err == nil {
			err = look(ctx, h, p.URL, conv, p.Size)
		}
		if err != nil {
			return false, passing(err)
		}
	}
	return true, nil
}

// signed tells whether a URL carries a signature, which ends with its time.
func signed(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	q := u.Query()
	return q.Has("X-Amz-Signature") || q.Has("X-Goog-Signature") || q.Has("sig")
}

// sum reads the file itself and returns its SHA-256; the file stays the one
// that was queued.
func (s *source) sum() (string, error) {
	h := sha256.New()
	buf := make([]byte, 256<<10)
	for at, size := int64(0), s.body.size(); at < size; {
		if err := s.ctx.Err(); err != nil {
			return "", err
		}
		n, err := s.readPlain(buf[:min(int64(len(buf)), size-at)], at)
		if err != nil {
			return "", err
		}
		h.Write(buf[:n])
		at += int64(n)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.check(); s.err != nil {
		return "", s.err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
