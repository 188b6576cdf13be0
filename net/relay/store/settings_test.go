package store

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"satchel/net/wire"
)

func TestSettings(t *testing.T) { onBoth(t, testSettings) }

// The newest body of a key is kept, under numbers that no two changes share,
// however many connections write at once.
func testSettings(t *testing.T, database string) {
	s := open(t, database)
	mara, err := register(s, "Mara")
	if err != nil {
		t.Fatal(err)
	}
	ana, err := register(s, "Ana")
	if err != nil {
		t.Fatal(err)
	}
	const writers, each = 4, 5
	var wg sync.WaitGroup
	var mu sync.Mutex
	numbers := map[uint64]bool{}
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				n, err := s.PutSetting(mara, wire.Setting{Key: fmt.Sprint("key ", i%3), Device: "d", Body: fmt.Append(nil, w, i)})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				if numbers[n] {
					t.Errorf("number %d was given twice", n)
				}
				numbers[n] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	read := func(account string, after uint64) (all []wire.Setting) {
		if err := s.Settings(account, after, func(v wire.Setting) bool { all = append(all, v); return true }); err != nil {
			t.Fatal(err)
		}
		return all
	}
	all := read(mara, 0)
	if len(all) != 3 || all[2].Number != writers*each || all[0].Number >= all[1].Number {
		t.Fatalf("%+v", all)
	}
	if rest := read(mara, all[1].Number); len(rest) != 1 || rest[0].Key != all[2].Key {
		t.Errorf("%+v", rest)
	}
	if others := read(ana, 0); len(others) != 0 {
		t.Errorf("%+v", others)
	}
	if n, err := s.PutSetting(ana, wire.Setting{Key: "k", Body: []byte{}}); n != 1 || err != nil {
		t.Errorf("%d %v", n, err)
	}
	if _, err := s.PutSetting("nobody", wire.Setting{Key: "k", Body: []byte{}}); !errors.Is(err, ErrNotFound) {
		t.Errorf("%v", err)
	}

	if err := s.Rename(ana, "MARA"); !errors.Is(err, ErrNameTaken) {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"ana", "Ana Lima"} { // one's own in other letters is no other's
		if err := s.Rename(ana, name); err != nil {
			t.Error(err)
		}
	}
	if found, err := s.Find("ana lima"); err != nil || len(found) != 1 || found[0].ID != ana {
		t.Errorf("%v %v", found, err)
	}
	if found, err := s.Find("Ana"); err != nil || len(found) != 0 {
		t.Errorf("the old name is free: %v %v", found, err)
	}
}
