package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"satchel/net/wire"
)

// openAll opens a database as often as relays may share it.
func openAll(t *testing.T, database string) []*Store {
	n := 1
	if IsPostgres(database) {
		n = 3
	}
	all := make([]*Store, n)
	for i := range all {
		all[i] = open(t, database)
	}
	return all
}

// members registers so many people and makes a group of them.
func members(t *testing.T, s *Store, n int) (group string, accounts []string) {
	t.Helper()
	for i := range n {
		a, err := register(s, fmt.Sprint("Person ", i))
		if err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, a)
	}
	group = wire.NewID()
	if err := begin(s, group, "group", accounts...); err != nil {
		t.Fatal(err)
	}
	return group, accounts
}

// Many writers of two conversations and many readers of them, on all relays
// that share the database: no reader ever skips an entry, every store tells of
// a conversation's entries in their order, and what is sent twice is there once.
func TestNoEntryIsSkipped(t *testing.T) { onBoth(t, testNoEntryIsSkipped) }

func testNoEntryIsSkipped(t *testing.T, database string) {
	const writers, each = 12, 100
	stores := openAll(t, database)
	first, accounts := members(t, stores[0], writers)
	second := wire.NewID()
	if err := begin(stores[0], second, "group", accounts...); err != nil {
		t.Fatal(err)
	}
	written, stop := context.WithCancel(t.Context())
	var readers, writing sync.WaitGroup
	for i := range 6 {
		readers.Add(1)
		go func() {
			defer readers.Done()
			s, group := stores[i%len(stores)], []string{first, second}[i%2]
			for seq := uint64(0); ; {
				last := written.Err() != nil // whoever sees this sees all
				var entries []wire.Entry
				var err error
				if seq == 0 {
					entries, _, err = s.History(group, 2, 0, 100)
				} else {
					entries, _, err = s.History(group, 0, seq, 100)
				}
				if err != nil {
					t.Error(err)
					return
				}
				for _, e := range entries {
					if seq++; e.Seq != seq {
						t.Errorf("%d was seen before %d", e.Seq, seq)
						return
					}
				}
				if last && len(entries) == 0 {
					if seq != writers*each/2 {
						t.Errorf("%d entries", seq)
					}
					return
				}
			}
		}()
	}
	var mu sync.Mutex
	told := map[string][]uint64{} // by store and conversation
	for i := range writers {
		writing.Add(1)
		go func() {
			defer writing.Done()
			group := []string{first, second}[i%2]
			var waiting sync.WaitGroup
			for n := range each {
				for twice := range 2 {
					at := (i + n + twice) % len(stores)
					waiting.Add(1)
					e := wire.Entry{Conversation: group, Message: fmt.Sprint(i, "-", n), From: accounts[i], Device: "device of " + accounts[i], Body: []byte("x")}
					stores[at].Append(e, nil, 0, func(e wire.Entry, isNew bool, err error) {
						defer waiting.Done()
						if err != nil {
							t.Error(err)
						}
						if isNew {
							mu.Lock()
							key := fmt.Sprint(at, group)
							told[key] = append(told[key], e.Seq)
							mu.Unlock()
						}
					})
				}
			}
			waiting.Wait()
		}()
	}
	writing.Wait()
	stop()
	readers.Wait()
	total := 0
	for key, all := range told {
		if total += len(all); !slices.IsSorted(all) {
			t.Errorf("%s was told %v", key, all)
		}
	}
	if total != writers*each {
		t.Errorf("%d entries were told as new, of %d", total, writers*each)
	}
}

// What only one can have goes to one, whichever relay is asked.
func TestOneWins(t *testing.T) { onBoth(t, testOneWins) }

func testOneWins(t *testing.T, database string) {
	stores := openAll(t, database)
	for round := range 5 {
		code := wire.NewID()
		if err := stores[0].AddInvite(Invite{Code: code, Uses: 1, Expires: time.Now().Add(time.Hour)}); err != nil {
			t.Fatal(err)
		}
		results := make(chan error, 20)
		for i := range 10 {
			s := stores[i%len(stores)]
			go func() {
				results <- s.Register(registration(wire.NewID(), fmt.Sprint(round, "-", i), code))
			}()
			go func() {
				_, err := register(s, fmt.Sprint("one of round ", round))
				results <- err
			}()
		}
		won := map[error]int{}
		for range 20 {
			err := <-results
			for _, e := range []error{ErrInviteUsed, ErrNameTaken} {
				if errors.Is(err, e) {
					err = e
				}
			}
			won[err]++
		}
		if won[nil] != 2 || won[ErrInviteUsed] != 9 || won[ErrNameTaken] != 9 {
			t.Errorf("%v", won)
		}
	}
	keys := make(chan string, 10)
	for i := range 10 {
		go func() {
			v, err := stores[i%len(stores)].FirstValue("key", fmt.Sprint(i))
			if err != nil {
				t.Error(err)
			}
			keys <- v
		}()
	}
	first := <-keys
	for range 9 {
		if v := <-keys; v != first {
			t.Errorf("%s and %s", v, first)
		}
	}
}

func TestMark(t *testing.T) { onBoth(t, testMark) }

func testMark(t *testing.T, database string) {
	s := open(t, database)
	group, accounts := members(t, s, 2)
	for i := range 5 {
		if e := appended(t, s, wire.Entry{Conversation: group, Message: fmt.Sprint(i), From: accounts[0], Device: "device of " + accounts[0], Body: []byte{}}); e.Seq != uint64(i+1) {
			t.Fatalf("%+v", e)
		}
	}
	type marked struct {
		received, read uint64
		moved          bool
		err            error
	}
	mark := func(conversation, account string, received, read uint64) marked {
		done := make(chan marked, 1)
		s.Mark(wire.Mark{Conversation: conversation, Account: account, Received: received, Read: read}, func(m wire.Mark, moved bool, err error) {
			done <- marked{m.Received, m.Read, moved, err}
		})
		return <-done
	}
	for _, c := range []struct {
		received, read uint64
		want           marked
	}{
		{0, 0, marked{0, 0, false, nil}},
		{2, 0, marked{2, 0, true, nil}},
		{1, 0, marked{2, 0, false, nil}},
		{0, 3, marked{3, 3, true, nil}}, // what was read was received
		{4, 1, marked{4, 3, true, nil}},
		{4, 3, marked{4, 3, false, nil}},
		{1 << 63, 1<<64 - 1, marked{5, 5, true, nil}},
		{9, 9, marked{5, 5, false, nil}},
	} {
		if got := mark(group, accounts[1], c.received, c.read); got != c.want {
			t.Errorf("%d %d: %+v, want %+v", c.received, c.read, got, c.want)
		}
	}
	for _, c := range [][2]string{{group, "nobody"}, {"nothing", accounts[0]}, {"\x00", accounts[0]}} {
		if got := mark(c[0], c[1], 1, 1); !errors.Is(got.err, ErrNotFound) || got.moved {
			t.Errorf("%q: %+v", c, got)
		}
	}
	// Forward only, whoever comes first.
	var all sync.WaitGroup
	stores := openAll(t, database)
	if !IsPostgres(database) {
		stores = []*Store{s}
	}
	for n := range uint64(60) {
		all.Add(1)
		stores[n%uint64(len(stores))].Mark(wire.Mark{Conversation: group, Account: accounts[0], Read: n % 6}, func(_ wire.Mark, _ bool, err error) {
			defer all.Done()
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := mark(group, accounts[0], 0, 0); got.read != 5 {
		t.Errorf("%+v", got)
	}
}

func appended(t *testing.T, s *Store, e wire.Entry, files ...string) wire.Entry {
	t.Helper()
	done := make(chan error, 1)
	s.Append(e, files, 0, func(stored wire.Entry, _ bool, err error) { e = stored; done <- err })
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return e
}

// Of statements with one number, one is stored; the others meet a conflict,
// whichever relay they came to.
func TestOneStatementWins(t *testing.T) { onBoth(t, testOneStatementWins) }

func testOneStatementWins(t *testing.T, database string) {
	stores := openAll(t, database)
	group, accounts := members(t, stores[0], 10)
	for seq := uint64(2); seq < 8; seq++ {
		results := make(chan error, 10)
		for i, a := range accounts {
			stores[i%len(stores)].AppendConversation(ConversationStatement{Conversation: group, Kind: "group", Seq: seq, Statement: []byte(a), From: a, By: "device of " + a},
				func(_ bool, err error) { results <- err })
		}
		won := 0
		for range accounts {
			if err := <-results; err == nil {
				won++
			} else if !errors.Is(err, ErrConflict) {
				t.Errorf("%v", err)
			}
		}
		if won != 1 {
			t.Errorf("%d have won", won)
		}
	}
}
