package session

import (
	"slices"
	"testing"

	"satchel/chat"
)

// The chain and keys of what is on the screen do not wait behind those of
// everything else that is new.
func TestCareLooksAtTheScreenFirst(t *testing.T) {
	t.Parallel()
	c := newCare()
	for _, id := range []chat.ConversationID{"a", "b", "c", "d"} {
		c.add(id, wants{})
	}
	c.look("c")
	c.add("c", wants{found: true}) // once, whatever is added to it
	var got []chat.ConversationID
	for {
		id, w, run, ok := c.next()
		if !ok {
			break
		}
		if run != 1 || w.found != (id == "c") {
			t.Errorf("%s: %+v, run %d", id, w, run)
		}
		got = append(got, id)
	}
	if want := []chat.ConversationID{"c", "a", "b", "d"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}
