package seal

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

// world is what a relay holds of three people and a group: chains, boxes,
// messages.
type world struct {
	ana, bo, carl *person
	all           Accounts
	room          *room
	bodies        [][]byte // of ana's messages 1, 2, 3
}

// files are two sealed files, and the keys of the first.
func files(t *testing.T) (file, other []byte, keys FileKeys) {
	file, keys = sealAll(t, noise(1, 3*ChunkSize+1))
	other, _ = sealAll(t, noise(2, 3*ChunkSize+1))
	return file, other, keys
}

func newWorld(t *testing.T) *world {
	w := &world{ana: newPerson(t), bo: newPerson(t), carl: newPerson(t)}
	w.bo.add(t, 0, Computer)
	w.all = accountsOf(w.ana, w.bo, w.carl)
	w.room = newRoom(t, "Studio", w.ana, w.bo)
	for i := range 3 {
		w.bodies = append(w.bodies, must(w.room.Seal(w.ana.author(0), w.room.keys, messageID(i+1), uint64(i+1), []byte("hello"))))
	}
	return w
}

func (w *world) verify(p *person, statements ...[]byte) error {
	_, err := VerifyAccount(p.account.ID(), statements)
	return err
}

func (w *world) open(b []byte, e Envelope) error {
	_, err := w.room.OpenMessage(w.room.keys, w.all, e, b)
	return err
}

// The relay does its worst, and every act is refused for what it is.
func TestMaliciousRelay(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(t *testing.T, w *world) error
		want error
	}{
		// Accounts.
		"puts its own account under a name": {func(t *testing.T, w *world) error {
			return w.verify(w.bo, newPerson(t).statements...)
		}, ErrIdentity},
		"puts its own key into a chain": {func(t *testing.T, w *world) error {
			s := must(parseAccountStatement(w.bo.statements[1]))
			s.device.HPKE = publicOf(newSecret())
			return w.verify(w.bo, w.bo.statements[0], s.marshal())
		}, ErrSignature},
		"adds a device of its own": {func(t *testing.T, w *world) error {
			evil := NewDevice(Computer)
			s := w.bo.account.next(typeAddDevice, evil, noon)
			s.device, s.proof = evil.public, evil.Proof(w.bo.root())
			return w.bo.account.Append(s.resign(evil))
		}, ErrDevice},
		"drops a statement": {func(t *testing.T, w *world) error {
			w.bo.add(t, 0, Computer)
			return w.verify(w.bo, w.bo.statements[0], w.bo.statements[2])
		}, ErrSequence},
		"replays a statement": {func(t *testing.T, w *world) error {
			return w.bo.account.Append(w.bo.statements[1])
		}, ErrSequence},
		"reorders statements": {func(t *testing.T, w *world) error {
			return w.verify(w.bo, w.bo.statements[1], w.bo.statements[0])
		}, ErrIdentity},
		"withholds a device's removal from who saw it": {func(t *testing.T, w *world) error {
			w.bo.remove(t, 0, 1)
			a := must(VerifyAccount(w.bo.account.ID(), w.bo.statements[:2]))
			return a.Check(w.bo.account.Head())
		}, ErrRollback},
		"withholds a device's removal from who did not": {func(t *testing.T, w *world) error {
			old := must(VerifyAccount(w.bo.account.ID(), w.bo.statements))
			w.bo.remove(t, 0, 1)
			w.room.do(t, w.bo.author(0), w.all, Proposal{Rotate: Linked})
			// Ana, to whom the old chain is shown, can't even check the group's next statement.
			mine := must(VerifyConversation(w.room.ID(), w.room.statements[:1], w.all))
			return mine.Append(w.room.statements[1], Accounts{w.ana.root(): w.ana.account, w.bo.root(): old})
		}, ErrBehind},
		"shows two people two chains of a third": {func(t *testing.T, w *world) error {
			fork := must(VerifyAccount(w.bo.account.ID(), w.bo.statements))
			s, _, _ := fork.NewKey(w.bo.devices[1], w.bo.keys, noon) // by a device it took over
			if err := fork.Append(s); err != nil {
				return nil
			}
			w.bo.add(t, 0, Computer)
			b := must(w.room.Seal(w.bo.author(0), w.room.keys, messageID(7), 1, nil))
			w.all[w.bo.root()] = fork
			return w.open(b, envelope(w.bo, 0, 7))
		}, ErrFork},
		"and they compare": {func(t *testing.T, w *world) error {
			fork := must(VerifyAccount(w.bo.account.ID(), w.bo.statements))
			s, _, _ := fork.NewKey(w.bo.devices[1], w.bo.keys, noon)
			if err := fork.Append(s); err != nil {
				return nil
			}
			w.bo.add(t, 0, Computer)
			return Verification{w.bo.root(), w.bo.account.Head(), w.ana.root()}.Verify(w.ana.account, fork)
		}, ErrFork},
		"gives a device another key": {func(t *testing.T, w *world) error {
			evil := must(w.bo.account.box(newSecret(), &w.bo.devices[0].public))
			_, err := OpenAccountKeys(w.bo.account, w.bo.devices[0], Boxes{evil})
			return err
		}, ErrWrongKey},

		// Conversations.
		"adds a member": {func(t *testing.T, w *world) error {
			_, err := w.room.propose(w.carl.author(0), w.all, Proposal{Changes: []MemberState{add(w.carl, Member)}})
			return err
		}, ErrNotMember},
		"adds a member in the owner's name": {func(t *testing.T, w *world) error {
			x := must(w.room.propose(w.ana.author(0), w.all, Proposal{}))
			s := must(parseConversationStatement(x.Statement))
			s.changes = []MemberState{{w.carl.root(), Member, w.carl.account.Head()}}
			return w.room.Append(s.marshal(), w.all)
		}, ErrSignature},
		"puts its own group under a name": {func(t *testing.T, w *world) error {
			evil := newRoom(t, "", w.carl, w.ana, w.bo)
			_, err := VerifyConversation(w.room.ID(), evil.statements, w.all)
			return err
		}, ErrIdentity},
		"begins a group with another's salt": {func(t *testing.T, w *world) error {
			s := must(parseConversationStatement(newRoom(t, "", w.carl, w.ana, w.bo).statements[0]))
			s.id, s.salt = w.room.ID(), must(parseConversationStatement(w.room.statements[0])).salt
			_, err := VerifyConversation(w.room.ID(), [][]byte{s.resign(w.carl.devices[0])}, w.all)
			return err
		}, ErrIdentity},
		"replays an old admission": {func(t *testing.T, w *world) error {
			w.room.do(t, w.ana.author(0), w.all, Proposal{Changes: []MemberState{add(w.carl, Member)}})
			w.room.do(t, w.ana.author(0), w.all, Proposal{Changes: []MemberState{add(w.carl, Removed)}, Rotate: Linked})
			return w.room.Append(w.room.statements[1], w.all)
		}, ErrSequence},
		"lets a removed member rotate": {func(t *testing.T, w *world) error {
			x := must(w.room.propose(w.bo.author(0), w.all, Proposal{Rotate: Linked}))
			w.room.do(t, w.ana.author(0), w.all, Proposal{Changes: []MemberState{add(w.bo, Removed)}, Rotate: Linked})
			s := must(parseConversationStatement(x.Statement))
			s.seq, s.prev, s.number = 3, w.room.Head().Hash, 3
			return w.room.Append(s.resign(w.bo.devices[0]), w.all)
		}, ErrNotMember},
		"forks a group": {func(t *testing.T, w *world) error {
			mine := must(VerifyConversation(w.room.ID(), w.room.statements, w.all))
			x := must(w.room.propose(w.bo.author(0), w.all, Proposal{Rotate: Linked}))
			w.room.do(t, w.ana.author(0), w.all, Proposal{Rotate: Linked, Title: text("x")})
			if err := mine.Append(x.Statement, w.all); err != nil {
				return nil
			}
			b := must(w.room.Seal(w.ana.author(0), w.room.keys, messageID(9), 9, nil))
			_, err := mine.OpenMessage(w.room.keys, w.all, envelope(w.ana, 0, 9), b)
			return err
		}, ErrFork},
		"shows a group as it was": {func(t *testing.T, w *world) error {
			w.room.do(t, w.ana.author(0), w.all, Proposal{Rotate: Linked})
			return must(VerifyConversation(w.room.ID(), w.room.statements[:1], w.all)).Check(w.room.Head())
		}, ErrRollback},
		"withholds a member's removal": {func(t *testing.T, w *world) error {
			w.room.do(t, w.ana.author(0), w.all, Proposal{Changes: []MemberState{add(w.carl, Member)}})
			bos := must(VerifyConversation(w.room.ID(), w.room.statements, w.all))
			w.room.do(t, w.ana.author(0), w.all, Proposal{Changes: []MemberState{add(w.carl, Removed)}, Rotate: Linked})
			b := must(w.room.Seal(w.ana.author(0), w.room.keys, messageID(9), 9, nil))
			_, err := bos.OpenMessage(w.room.keys, w.all, envelope(w.ana, 0, 9), b)
			return err
		}, ErrBehind},
		"gives a member another key": {func(t *testing.T, w *world) error {
			m, _ := w.room.Member(w.bo.root())
			evil := must(w.room.box(1, newSecret(), m, w.bo.account))
			return w.room.Open(ConversationKeys{}, w.bo.root(), w.bo.keys, evil)
		}, ErrWrongKey},
		"gives a member another member's box": {func(t *testing.T, w *world) error {
			i := slices.IndexFunc(w.room.boxes, func(b []byte) bool { return must(ParseMemberBox(b)).Member == w.ana.root() })
			return w.room.Open(ConversationKeys{}, w.bo.root(), w.bo.keys, w.room.boxes[i])
		}, ErrIdentity},

		// Messages.
		"flips a bit": {func(t *testing.T, w *world) error {
			b := bytes.Clone(w.bodies[0])
			b[100] ^= 1
			return w.open(b, envelope(w.ana, 0, 1))
		}, ErrSealed},
		"exchanges two messages": {func(t *testing.T, w *world) error {
			return w.open(w.bodies[1], envelope(w.ana, 0, 1))
		}, ErrSealed},
		"replays a message as a new one": {func(t *testing.T, w *world) error {
			return w.open(w.bodies[0], envelope(w.ana, 0, 99))
		}, ErrSealed},
		"names another sender": {func(t *testing.T, w *world) error {
			return w.open(w.bodies[0], envelope(w.bo, 0, 1))
		}, ErrSealed},
		"carries a message to another group": {func(t *testing.T, w *world) error {
			r := newRoom(t, "", w.ana, w.bo)
			_, err := r.OpenMessage(r.keys, w.all, envelope(w.ana, 0, 1), w.bodies[0])
			return err
		}, ErrSealed},
		"truncates a message": {func(t *testing.T, w *world) error {
			return w.open(w.bodies[0][:len(w.bodies[0])-1], envelope(w.ana, 0, 1))
		}, ErrEncoding},
		"splices two messages": {func(t *testing.T, w *world) error {
			return w.open(append(bytes.Clone(w.bodies[0][:300]), w.bodies[1][300:]...), envelope(w.ana, 0, 1))
		}, ErrSealed},
		"drops a message": {func(t *testing.T, w *world) error {
			var counts Counts
			for _, i := range []int{0, 2} {
				o := must(w.room.OpenMessage(w.room.keys, w.all, envelope(w.ana, 0, i+1), w.bodies[i]))
				if err := counts.Note(o.Count, messageID(i+1), nil); err != nil {
					return err
				}
			}
			if m, ok := counts.Missing(); ok && m.From == 2 && m.To == 2 {
				return errShown
			}
			return nil
		}, errShown},
		"reorders messages": {func(t *testing.T, w *world) error {
			var last uint64
			for _, i := range []int{1, 0} { // as the relay numbers them
				o := must(w.room.OpenMessage(w.room.keys, w.all, envelope(w.ana, 0, i+1), w.bodies[i]))
				if o.Count < last {
					return errShown
				}
				last = o.Count
			}
			return nil
		}, errShown},

		// Files.
		"exchanges two files' URLs": {func(t *testing.T, w *world) error {
			_, other, keys := files(t)
			_, err := openAll(other, keys)
			return err
		}, ErrSealed},
		"splices two files": {func(t *testing.T, w *world) error {
			file, other, keys := files(t)
			_, err := openAll(append(bytes.Clone(file[:sealedChunk]), other[sealedChunk:]...), keys)
			return err
		}, ErrSealed},
		"truncates a file": {func(t *testing.T, w *world) error {
			file, _, keys := files(t)
			_, err := openAll(file[:2*sealedChunk], keys)
			return err
		}, ErrTruncated},
		"flips a bit of a file": {func(t *testing.T, w *world) error {
			b, _, keys := files(t)
			b[sealedChunk+5] ^= 1
			_, err := openAll(b, keys)
			return err
		}, ErrSealed},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.act(t, newWorld(t))
			if err == nil {
				t.Fatal("accepted in silence")
			}
			wantError(t, err, c.want)
		})
	}
}

// errShown stands for what is not refused but can be told: by counts.
var errShown = errors.New("shown")
