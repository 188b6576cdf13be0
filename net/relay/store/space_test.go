package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"satchel/net/wire"
)

func fileID(n int) string { return fmt.Sprintf("%032x", n) }

// Many begin uploads at once, on all relays that share the database: no byte
// more than the quota is ever given out, all of it is, and what is removed,
// twice at once, comes back once.
func TestQuotaUnderRace(t *testing.T) { onBoth(t, testQuotaUnderRace) }

func testQuotaUnderRace(t *testing.T, database string) {
	const creators, each, size = 12, 8, 10
	stores := openAll(t, database)
	var accounts []string
	for i := range 3 {
		a, err := register(stores[0], fmt.Sprint("Person ", i))
		if err != nil {
			t.Fatal(err)
		}
		accounts = append(accounts, a)
	}
	if err := stores[0].SetQuota(accounts[2], 3*size+1); err != nil {
		t.Fatal(err)
	}
	quota := Quota{Account: 10 * size, Total: 18*size + 3} // less than 10 + 10 + 3
	var mu sync.Mutex
	var made []string
	var all sync.WaitGroup
	for c := range creators {
		all.Go(func() {
			for i := range each {
				id := fileID(c*each + i)
				err := stores[c%len(stores)].AddFile(File{ID: id, Uploader: accounts[c%3], Size: size}, quota)
				var over *OverQuota
				switch {
				case err == nil:
					mu.Lock()
					made = append(made, id)
					mu.Unlock()
				case !errors.As(err, &over) || over.Size != size || over.Used+size <= over.Limit:
					t.Errorf("%v %+v", err, over)
				}
			}
		})
	}
	all.Wait()
	space := func(want map[string]int64) {
		t.Helper()
		for owner, bytes := range want {
			if got, err := stores[0].Space(owner); err != nil || got != bytes {
				t.Errorf("%q takes %d, not %d (%v)", owner, got, bytes, err)
			}
		}
	}
	if len(made) != 18 {
		t.Errorf("%d files fitted", len(made))
	}
	space(map[string]int64{"": 18 * size})
	if err := stores[0].AddFile(File{ID: made[0], Uploader: accounts[0], Size: 1}, Quota{}); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	space(map[string]int64{"": 18 * size})
	if err := stores[0].Fits(accounts[0], size, quota); !errors.As(err, new(*OverQuota)) {
		t.Error(err)
	}
	for i, id := range made {
		for range 2 {
			all.Go(func() {
				if err := stores[i%len(stores)].RemoveFile(id, true); err != nil {
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	space(map[string]int64{"": 0, accounts[0]: 0, accounts[1]: 0, accounts[2]: 0})
	if err := stores[0].Fits(accounts[0], 10*size, quota); err != nil {
		t.Error(err)
	}
	if err := stores[0].Fits(accounts[2], 4*size, quota); !errors.As(err, new(*OverQuota)) {
		t.Error("an account's own bound does not count")
	}
}

// Files are removed while others are given them: either they are given and
// stay, or they are gone and nobody was given them.
func TestRemoveMeetsGrant(t *testing.T) { onBoth(t, testRemoveMeetsGrant) }

func testRemoveMeetsGrant(t *testing.T, database string) {
	stores := openAll(t, database)
	group, accounts := members(t, stores[0], 2)
	var all sync.WaitGroup
	for i := range 12 {
		id := fileID(i)
		if err := errors.Join(stores[0].AddFile(File{ID: id, Uploader: accounts[0], Size: 1}, Quota{}), stores[0].FinishFile(id, "sum")); err != nil {
			t.Fatal(err)
		}
		sent, removed := make(chan error, 1), make(chan error, 1)
		all.Go(func() {
			e := wire.Entry{Conversation: group, Message: id, From: accounts[0], Device: "device of " + accounts[0], Body: []byte("x")}
			stores[i%len(stores)].Append(e, []string{id}, 0, func(_ wire.Entry, _ bool, err error) { sent <- err })
		})
		all.Go(func() { removed <- stores[(i+1)%len(stores)].RemoveFile(id, false) })
		all.Wait()
		s, r := <-sent, <-removed
		_, err := stores[0].File(id)
		switch {
		case s == nil && errors.Is(r, ErrConflict) && err == nil:
		case s != nil && r == nil && errors.Is(err, ErrNotFound):
		default:
			t.Errorf("sent %v, removed %v, file %v", s, r, err)
		}
	}
}

// Bodies that are too old go, in steps; numbers, and what is known of who sent
// what, stay.
func TestExpireEntries(t *testing.T) { onBoth(t, testExpireEntries) }

func testExpireEntries(t *testing.T, database string) {
	s := open(t, database)
	group, accounts := members(t, s, 2)
	const n = expireEntries + 20
	var all sync.WaitGroup
	send := func(i int) {
		all.Add(1)
		e := wire.Entry{Conversation: group, Message: fmt.Sprint(i), From: accounts[0], Device: "device of " + accounts[0], Body: []byte("body")}
		s.Append(e, nil, 0, func(_ wire.Entry, _ bool, err error) {
			defer all.Done()
			if err != nil {
				t.Error(err)
			}
		})
	}
	for i := range n {
		send(i)
	}
	all.Wait()
	newest, _, err := s.History(group, 0, 0, 1)
	if err != nil || len(newest) != 1 {
		t.Fatal(newest, err)
	}
	cut := newest[0].At + 1
	for until := time.Now().Add(time.Minute); now() <= cut; { // the next is later
		if time.Now().After(until) {
			t.Fatal("the clock stands still")
		}
	}
	send(n)
	all.Wait()
	if would, err := s.Expiring(cut); err != nil || would != n {
		t.Errorf("%d %v", would, err)
	}
	ids, err := s.Expirable(cut)
	if err != nil || len(ids) != 1 || ids[0] != group {
		t.Fatalf("%v %v", ids, err)
	}
	for _, want := range []int64{expireEntries, 20, 0} {
		if got, err := s.ExpireEntries(group, cut); err != nil || got != want {
			t.Errorf("%d, not %d: %v", got, want, err)
		}
	}
	for after, want := range map[uint64]int{1: n - 1, n - 1: 1} {
		page, head, err := s.History(group, 0, after, n)
		if err != nil || head != n+1 || len(page) != int(head-after) {
			t.Fatalf("%d entries, head %d: %v", len(page), head, err)
		}
		for i, e := range page {
			if gone := i < want; e.Seq != after+uint64(i)+1 || e.Expired != gone || (len(e.Body) == 0) != gone {
				t.Fatalf("%+v", e)
			}
		}
	}
	if ids, err = s.Expirable(cut); err != nil || len(ids) != 0 {
		t.Errorf("%v %v", ids, err)
	}
}

// An account that was removed is shut out with its devices, and its name is
// free; a device that was blocked comes back.
func TestBar(t *testing.T) { onBoth(t, testBar) }

func testBar(t *testing.T, database string) {
	s := open(t, database)
	group, accounts := members(t, s, 2)
	word := func() string {
		t.Helper()
		w, err := s.Barred()
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	send := func() error {
		done := make(chan error, 1)
		e := wire.Entry{Conversation: group, Message: wire.NewID(), From: accounts[0], Device: "device of " + accounts[0], Body: []byte("x")}
		s.Append(e, nil, 0, func(_ wire.Entry, _ bool, err error) { done <- err })
		return <-done
	}
	before := word()
	for _, block := range []bool{true, false} {
		if whole, err := s.BlockDevice("device of "+accounts[0], block); err != nil || whole != "device of "+accounts[0] {
			t.Fatal(whole, err)
		}
		if err := send(); errors.Is(err, ErrNotFound) != block {
			t.Errorf("blocked %v: %v", block, err)
		}
		if now := word(); now == before {
			t.Error("nobody is told")
		} else {
			before = now
		}
	}
	if _, err := s.BlockDevice("device of", true); !errors.Is(err, ErrConflict) {
		t.Error(err)
	}
	if id, err := s.AccountNamed("PERSON 0"); err != nil || id != accounts[0] {
		t.Error(id, err)
	}
	for range 2 { // again is no error
		if err := s.RemoveAccount(accounts[0]); err != nil {
			t.Fatal(err)
		}
	}
	if d, _, err := s.Device("device of " + accounts[0]); err != nil || !d.Barred || !d.Blocked {
		t.Errorf("%+v %v", d, err)
	}
	if _, err := s.BlockDevice("device of "+accounts[0], false); !errors.Is(err, ErrBarred) {
		t.Error(err)
	}
	if err := send(); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	if all, err := s.Directory(""); err != nil || len(all) != 1 || all[0].ID != accounts[1] {
		t.Errorf("%v %v", all, err)
	}
	if _, err := register(s, "Person 0"); err != nil {
		t.Errorf("the name is not free: %v", err)
	}
	if err := s.RemoveAccount("nobody"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}
