package command

import (
	"context"

	"satchel/chat"
)

// verify prints what two people compare, or compares it.
type verify struct{ who, code, number string }

type verifyLine struct {
	Account  chat.AccountID `json:"account"`
	Name     string         `json:"name"`
	Number   string         `json:"number"` // 60 digits
	Code     string         `json:"code"`   // what the other one gives to --code
	Verified bool           `json:"verified"`
}

func (j *verify) run(ctx context.Context, r *runner, c *Call) error {
	if err := r.online(ctx); err != nil {
		return err
	}
	who, err := r.s.Person(ctx, j.who)
	if err != nil {
		return interrupted(ctx, err)
	}
	if shown := j.code + j.number; shown != "" {
		if err := r.s.Verify(ctx, who.ID, shown); err != nil {
			return interrupted(ctx, err)
		}
	}
	l := verifyLine{Account: who.ID, Name: who.Name}
	if l.Number, err = r.s.SafetyNumber(ctx, who.ID); err != nil {
		return interrupted(ctx, err)
	}
	if l.Code, err = r.s.VerificationLink(ctx, who.ID); err != nil {
		return interrupted(ctx, err)
	}
	_, l.Verified = r.s.Verified(who.ID)
	return c.print(l)
}
