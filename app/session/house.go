package session

import (
	"context"
	"time"
)

// houseEvery is how often the house is looked after without being asked to.
const houseEvery = time.Hour

// tidyEvery is how long the budget is left alone after it was looked after: that
// looks at every file.
const tidyEvery = 30 * time.Second

// wake has the house looked after soon. It never waits.
func (s *Session) wake() {
	select {
	case s.chores <- struct{}{}:
	default:
	}
}

// house does, until ctx ends, what can wait and asks nobody: it answers who wants
// new links, and keeps downloaded files within their budget.
func (s *Session) house(ctx context.Context) error {
	tick := time.NewTicker(houseEvery)
	defer tick.Stop()
	var tidied time.Time
	for {
		s.sweepGone()
		if err := s.answerJoins(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("answer who wants to come into a group", "error", err)
		}
		if err := s.askOthers(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("ask to come into a group", "error", err)
		}
		if err := s.revokeInvites(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("revoke an invitation", "error", err)
		}
		if err := s.answerLinks(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("answer who wants links", "error", err)
		}
		var again <-chan time.Time
		if left := s.tidyRest - time.Since(tidied); left > 0 {
			again = time.After(left)
		} else {
			tidied = time.Now()
			if err := s.keepBudget(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("keep the budget", "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-s.chores:
		case <-again:
		case <-tick.C:
		}
	}
}
