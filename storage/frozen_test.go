package storage

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"satchel/chat"
)

// With -update the frozen database of the version that is now is made anew.
// Once a version was released its database is never made again: it is what is
// on people's disks.
var updateFrozen = flag.Bool("update", false, "make testdata of the present schema version anew")

// everything is all that a database says, in the form of what is read from it.
type everything struct {
	Profile       Profile
	Accounts      []chat.Account
	Conversations []chat.Conversation
	Messages      map[chat.ConversationID][]chat.Message
	Acts          []Act
	Numbers       []uint64 // of the acts
	Transfers     []chat.Transfer
	TransferOf    chat.Transfer
	Value         []byte
	Sealing       *sealing `json:",omitempty"` // since version 2
}

// sealing is what version 2 added.
type sealing struct {
	Account, Chain    [][]byte
	AccountKeys, Keys map[uint64]Secret
	Counts            map[chat.DeviceID]Counts
	Sealed            []Sealed
	Findings          []Finding
	Pin               uint64
}

// writtenSealing is what the frozen databases hold since version 2.
func writtenSealing() *sealing {
	return &sealing{
		Account: [][]byte{{1}, {2, 2}}, Chain: [][]byte{{3}},
		AccountKeys: map[uint64]Secret{1: {1}, 2: {2}}, Keys: map[uint64]Secret{1: {9}},
		Counts:   map[chat.DeviceID]Counts{"d2": {Seen: chat.Ranges{{From: 1, To: 3}}, Max: 3, Free: []uint64{2}}},
		Sealed:   []Sealed{{5, []byte{0, 1}}},
		Findings: []Finding{{Key: "missing d2", Text: "Gone.", N: 1}},
		Pin:      2,
	}
}

// putSealing writes it, and getSealing reads it.
func putSealing(tx *Tx) error {
	w := writtenSealing()
	_, err := tx.AddFinding("c0", w.Findings[0])
	return errors.Join(err, tx.AddToAccountChain(ana, 0, w.Account), tx.AddToChain("c0", 0, w.Chain), tx.PutAccountKeys(w.AccountKeys),
		tx.PutKeys("c0", w.Keys), tx.PutCounts("c0", "d2", w.Counts["d2"]), tx.PutSealed("c0", 5, w.Sealed[0].Body), tx.PutPin(w.Pin, Secret{}))
}

func getSealing(tx *Tx) (*sealing, error) {
	var errs [4]error
	s := &sealing{Account: tx.AccountChain(ana), Chain: tx.Chain("c0"), Sealed: tx.Sealed("c0", 0, 10)}
	s.AccountKeys, errs[0] = tx.AccountKeys()
	s.Keys, errs[1] = tx.Keys("c0")
	s.Counts, errs[2] = tx.AllCounts("c0")
	s.Findings, errs[3] = tx.Findings("c0")
	s.Pin, _, _ = tx.Pin()
	return s, errors.Join(errs[:]...)
}

// written is what the frozen databases hold.
func written() everything {
	at := func(n int) time.Time { return time.UnixMilli(1_760_000_000_000 + int64(n)).UTC() }
	file := chat.File{URL: "/files/aa", Name: "Fotografia 写真.jpg", Size: 1 << 40, MIME: "image/jpeg", SHA256: "00ff",
		Thumbnail: []byte{0xff, 0xd8, 0}, Placeholder: []byte{1, 2}, Width: 6000, Height: 4000, Duration: 1.5}
	plain := file
	plain.Thumbnail, plain.Placeholder = nil, nil
	messages := []chat.Message{
		{ID: "01A", Conversation: "c1", Seq: 1, From: ana, Device: "d2", At: at(1), Content: chat.Content{Kind: chat.KindMessage, Text: "Olá <&> 写真", Title: "t", Reply: "x"}},
		{ID: "01C", Conversation: "c1", Seq: 2, From: me, Device: "d1", At: at(2), Content: chat.Content{Kind: chat.KindMessage, File: &file,
			Location: &chat.Location{Lat: 38.7056, Lon: -9.1446, Name: "Lisboa"}}},
		{ID: "01B", Conversation: "c1", Seq: 5, From: ana, Device: "d2", At: at(3), Content: chat.Content{Kind: "poll", Custom: json.RawMessage(`{"a":[1]}`),
			Extra: map[string]json.RawMessage{"options": json.RawMessage(`["a","b"]`)}}},
		{ID: "02A", Conversation: "c1", From: me, Device: "d1", At: at(4), State: chat.MessageFailed, Reason: "The file is gone.", Content: chat.Content{Kind: chat.KindMessage, Text: "p1"}},
		{ID: "01Z", Conversation: "c1", From: me, Device: "d1", At: at(5), State: chat.MessagePending, Content: chat.Content{Kind: chat.KindMessage, File: &file}},
	}
	last := messages[4]
	last.Content.File = &plain
	members := []chat.Account{{ID: me, Name: "Me"}, {ID: ana, Name: "Ana"}}
	upload := chat.Transfer{ID: "t1", Conversation: "c1", Message: "01Z", Path: "/home/a/写真.jpg", ModTime: at(0).Add(123), File: file,
		State: chat.TransferMoving, Offset: 1 << 33, Tries: 2, Created: at(5), Updated: at(6)}
	download := chat.Transfer{ID: "t2", Direction: chat.Download, Conversation: "c1", Message: "01C", Path: "/x", File: file,
		State: chat.TransferDone, Offset: 1 << 40, Created: at(4)}
	return everything{
		Profile:  Profile{Account: members[0], Device: "d1", RelayURL: "https://relay.example", RelayKey: "key", RelayName: "Office", MaxFile: 1 << 41},
		Accounts: []chat.Account{{ID: ana, Name: "Ana"}, {ID: me, Name: "Me"}},
		Conversations: []chat.Conversation{
			{ID: "c1", Kind: chat.Direct, Members: members, Created: at(0), Head: 9, Held: chat.Ranges{{From: 1, To: 2}, {From: 4, To: 5}},
				Marks: map[chat.AccountID]chat.Mark{me: {Received: 5, Read: 1}, ana: {Received: 2, Read: 2}}, Last: &last, Unread: 1, Draft: "half a sen"},
			{ID: "c0", Kind: chat.Group, Title: "Empty", Created: at(-1)},
		},
		Messages: map[chat.ConversationID][]chat.Message{"c0": nil, "c1": messages},
		Acts: []Act{{N: 2, Kind: "send", Conversation: "c1", Message: "01Z", Data: json.RawMessage(`{"b":1}`)},
			{N: 3, Kind: "mark", Conversation: "c1"}},
		Numbers:   []uint64{2, 3},
		Transfers: []chat.Transfer{upload}, TransferOf: download,
		Value: []byte{0, 1, 255},
	}
}

// writeAll makes a database that says what written says.
func writeAll(tx *Tx) error {
	w := written()
	errs := []error{tx.PutProfile(w.Profile), tx.PutValue("v", w.Value), tx.PutTransfer(w.TransferOf), tx.PutTransfer(w.Transfers[0])}
	for _, a := range w.Accounts {
		errs = append(errs, tx.PutAccount(a))
	}
	for _, c := range w.Conversations {
		errs = append(errs, tx.PutConversation(&c), tx.SetDraft(c.ID, c.Draft))
		for account, m := range c.Marks {
			_, err := tx.SetMark(c.ID, account, m, me)
			errs = append(errs, err)
		}
	}
	m := w.Messages["c1"]
	_, err1 := tx.AddEntries("c1", me, 1, 2, m[:2])
	_, err2 := tx.AddEntries("c1", me, 4, 5, m[2:3])
	errs = append(errs, err1, err2, tx.AddPending(m[3]), tx.AddPending(m[4]))
	for _, a := range append([]Act{{Kind: "gone"}}, w.Acts...) {
		a.N = 0
		_, err := tx.PutAct(a)
		errs = append(errs, err)
	}
	return errors.Join(append(errs, tx.DeleteAct(1), putSealing(tx))...)
}

// readAll is all that a database says.
func readAll(tx *Tx) (e everything, err error) {
	var errs [7]error
	e.Profile, _, errs[0] = tx.Profile()
	e.Accounts, errs[1] = tx.Accounts()
	e.Conversations, errs[2] = tx.Conversations()
	e.Messages = map[chat.ConversationID][]chat.Message{}
	for i, c := range e.Conversations {
		page, err := tx.Messages(c.ID, 0, 100)
		for i := range page {
			page[i].At = page[i].At.UTC()
		}
		e.Messages[c.ID] = page
		e.Conversations[i].Created = c.Created.UTC()
		if c.Last != nil {
			c.Last.At = c.Last.At.UTC()
		}
		errs[3] = errors.Join(errs[3], err)
	}
	e.Acts, errs[4] = tx.Acts(0, 100)
	for _, a := range e.Acts {
		e.Numbers = append(e.Numbers, a.N)
	}
	e.Transfers, errs[5] = tx.Transfers()
	var err2 error
	e.TransferOf, _, err2 = tx.TransferOf("c1", "01C")
	e.Value, errs[6] = tx.Value("v")
	return e, errors.Join(append(errs[:], err2)...)
}

// The frozen database of every version is opened, migrated, and says what it
// always said. Its pages are smaller than this machine's, as on some others.
func TestFrozen(t *testing.T) {
	if *updateFrozen {
		freeze(t, filepath.Join("testdata", fmt.Sprintf("v%d.db", len(migrations))))
	}
	for version := 1; version <= len(migrations); version++ {
		b, err := os.ReadFile(filepath.Join("testdata", fmt.Sprintf("v%d.db", version)))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "cache.db")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		db := open(t, path)
		view(t, db, func(tx *Tx) error {
			got, err := readAll(tx)
			want := written()
			if version > 1 {
				var err2 error
				got.Sealing, err2 = getSealing(tx)
				err = errors.Join(err, err2)
				want.Sealing = writtenSealing()
				for i := range want.Conversations {
					if want.Conversations[i].ID == "c0" {
						want.Conversations[i].Warning = "Gone."
					}
				}
			}
			g, _ := json.MarshalIndent(got, "", " ")
			w, _ := json.MarshalIndent(want, "", " ")
			if string(g) != string(w) {
				t.Errorf("version %d says\n%s\nnot\n%s", version, g, w)
			}
			for err := range tx.bolt.Check() {
				t.Error(err)
			}
			return err
		})
		update(t, db, func(tx *Tx) error { // and it goes on
			_, err := tx.AddEntries("c1", me, 3, 3, []chat.Message{{ID: "new", Seq: 3, From: ana, At: day}})
			c, _, err2 := tx.Conversation("c1")
			same(t, "held", c.Held, chat.Ranges{{From: 1, To: 5}})
			return errors.Join(err, err2)
		})
	}
}

// freeze writes a database that is as small as one can be.
func freeze(t *testing.T, path string) {
	t.Helper()
	db := open(t, filepath.Join(t.TempDir(), "wide.db"))
	update(t, db, writeAll)
	if err := os.RemoveAll(path); err != nil {
		t.Fatal(err)
	}
	b, err := bbolt.Open(path, 0o644, &bbolt.Options{PageSize: 1024})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(bbolt.Compact(b, db.bolt, 0), b.Close()); err != nil {
		t.Fatal(err)
	}
}
