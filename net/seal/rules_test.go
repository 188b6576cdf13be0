package seal

import (
	"testing"

	"satchel/chat"
)

// Where only admins write, a member's messages are not made, and those that were
// made before count as before.
func TestOnlyAdminsWrite(t *testing.T) {
	owner, member := newPerson(t), newPerson(t)
	all := accountsOf(owner, member)
	r := newRoom(t, "Studio", owner, member)
	seal := func(by *person, id chat.MessageID) ([]byte, error) {
		return r.Seal(by.author(0), r.keys, id, 1, []byte("hello"))
	}
	open := func(by *person, id chat.MessageID, body []byte) error {
		_, err := r.OpenMessage(r.keys, all, Envelope{Message: id, From: by.root(), Device: by.devices[0].ID()}, body)
		return err
	}
	before := must(seal(member, "a"))
	r.do(t, owner.author(0), all, Proposal{Rules: &Rules{OnlyAdmins: true}})
	if !r.Rules().OnlyAdmins || r.MayWrite(member.root()) || !r.MayWrite(owner.root()) {
		t.Errorf("%+v", r.Rules())
	}
	_, err := seal(member, "b")
	wantError(t, err, ErrNotAllowed)
	if err := open(member, "a", before); err != nil {
		t.Errorf("what was written before: %v", err)
	}
	if err := open(owner, "c", must(seal(owner, "c"))); err != nil {
		t.Error(err)
	}
	// One who writes all the same is not heard by those who know of the rule.
	elsewhere := r.Clone()
	elsewhere.rules = nil
	forged := must(elsewhere.Seal(member.author(0), r.keys, "d", 2, []byte("still here")))
	wantError(t, open(member, "d", forged), ErrNotAllowed)

	r.do(t, owner.author(0), all, Proposal{Rules: &Rules{}, Title: text("Studio 2"), Rotate: Linked})
	if err := open(member, "e", must(seal(member, "e"))); err != nil {
		t.Error(err)
	}
	if title, err := r.Title(r.keys); title != "Studio 2" || err != nil {
		t.Errorf("%q %v", title, err)
	}
	_, err = r.Propose(member.author(0), all, r.keys, Proposal{Rules: &Rules{OnlyAdmins: true}}, noon)
	wantError(t, err, ErrNotAllowed)
	direct, w, err := NewDirect(owner.author(0), member.account, noon)
	if err != nil {
		t.Fatal(err)
	}
	_, err = direct.Propose(owner.author(0), all, w.Keys, Proposal{Rules: &Rules{OnlyAdmins: true}}, noon)
	wantError(t, err, ErrNotAllowed)
}
