package session

import (
	"context"
	"errors"

	"satchel/chat"
	"satchel/storage"
)

// Search returns the newest messages of all conversations that have every word
// of what is looked for, the newest first, at most limit of them; the last word
// may be only begun. With files, only those that carry a file, by its name too.
// It finds what is in the cache. An index that is damaged is made anew first,
// which takes a while.
func (s *Session) Search(text string, files bool, limit int) ([]chat.Message, error) {
	return s.lookUp(func(tx *storage.Tx) ([]chat.Message, error) { return tx.Search(text, files, limit) })
}

// Files returns the newest messages of a conversation that carry a file, as
// Search does; an empty text finds all.
func (s *Session) Files(conv chat.ConversationID, text string, limit int) ([]chat.Message, error) {
	return s.lookUp(func(tx *storage.Tx) ([]chat.Message, error) { return tx.Files(conv, text, limit) })
}

func (s *Session) lookUp(in func(*storage.Tx) ([]chat.Message, error)) (found []chat.Message, err error) {
	look := func(tx *storage.Tx) (err error) {
		found, err = in(tx)
		return err
	}
	if err = s.db.View(look); !errors.Is(err, storage.ErrIndex) {
		return found, err
	}
	s.log.Warn("the search is made anew", "error", err)
	if err := s.db.Update((*storage.Tx).IndexAnew); err != nil {
		return nil, err
	}
	if err := s.index(s.ctx); err != nil {
		return nil, err
	}
	err = s.db.View(look)
	return found, err
}

// indexBatch is how many messages are put into the index in one transaction:
// what a person does meanwhile waits for no more than that.
const indexBatch = 200

// index makes what was in the cache before there was a search to be found. What
// does not go now goes at the next start.
func (s *Session) index(ctx context.Context) error {
	var done bool
	err := s.db.View(func(tx *storage.Tx) (err error) {
		done, err = tx.Indexed()
		return err
	})
	for err == nil && !done && ctx.Err() == nil {
		err = s.db.Update(func(tx *storage.Tx) (err error) {
			done, err = tx.IndexMore(indexBatch)
			return err
		})
	}
	if err != nil {
		s.log.Error("the search is not complete", "error", err)
	}
	return nil
}
