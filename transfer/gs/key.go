package gs

import (
	"context"
	"errors"
	"net/http"
	"time"

	"satchel/net/google"
	"satchel/transfer"
)

// account reads the secret, once it is there.
func (s *Store) account() (*google.Tokens, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tokens != nil {
		return s.tokens, nil
	}
	secret, err := s.secret()
	if err != nil {
		return nil, err
	}
	key, err := google.ReadKey([]byte(secret))
	if err != nil {
		return nil, transfer.Final("This is not the key of a service account: it is a JSON file that Google Cloud gives out. Choose that file, then try again.", err)
	}
	s.tokens = &google.Tokens{Key: key, Client: s.Client}
	return s.tokens, nil
}

// permit returns a token. Its errors are for the person.
func (s *Store) permit(ctx context.Context) (string, error) {
	account, err := s.account()
	if err != nil {
		return "", err
	}
	token, err := account.Get(ctx)
	var refused *google.Refused
	switch {
	case errors.Is(err, google.ErrAnswer):
		err = transfer.WrongPlace.Error(err)
	case !errors.As(err, &refused):
	case refused.Code == http.StatusTooManyRequests || refused.Code >= 500:
		t, _ := transfer.TroubleOf(refused.Code)
		err = t.Error(err)
	case !refused.Time.IsZero() && time.Since(refused.Time).Abs() > 5*time.Minute:
		err = transfer.WrongClock.Error(err)
	default:
		err = transfer.BadSecret.Error(err)
	}
	return token, err
}
