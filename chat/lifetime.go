package chat

import (
	"errors"
	"time"
)

// KindTimer says how long messages of its conversation are there from now on:
// Lifetime, in seconds, or for good with 0. It is shown as a line between
// messages, and stays. In a group, that of an admin or owner counts, and of all
// the newest. Each message has a Lifetime of its own, so a timer changes none
// that was written before it. One that says again what stands in entry number
// Again, for those who came later, counts as that one, and is not shown.
const KindTimer = "timer"

// KindVanished is what is left of a message that has disappeared, and of what
// changed it. It is never sent.
const KindVanished = "vanished"

// MaxLifetime is how many seconds a message that disappears can be there for.
const MaxLifetime = 366 * 24 * 60 * 60

// Lifetimes are those that a person is offered.
var Lifetimes = []time.Duration{time.Hour, 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour}

// ErrLifetime is a lifetime that no message can have.
var ErrLifetime = errors.New("a message that disappears is there for 366 days at most")

// Vanishes is how many seconds after its time the entry itself is to disappear;
// 0: it stays.
func (c *Content) Vanishes() int64 {
	if c.Kind == KindTimer || c.Kind == KindVanished {
		return 0
	}
	return min(max(c.Lifetime, 0), MaxLifetime)
}

// ForAdmins tells of a content that, in a group, only an admin or owner may send.
func (c *Content) ForAdmins() bool {
	return c.Kind == KindTimer || c.Kind == KindPicture || c.Kind == KindDoor
}

// Vanishes is when the message is to disappear, by the relay's clock; the zero
// time when it stays, and as long as the relay does not have it.
func (m *Message) Vanishes() time.Time {
	if n := m.Content.Vanishes(); n > 0 && m.Seq > 0 {
		return m.At.Add(time.Duration(n) * time.Second)
	}
	return time.Time{}
}
