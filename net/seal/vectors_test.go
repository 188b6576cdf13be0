package seal

import (
	"bytes"
	"crypto/hpke"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"satchel/chat"
)

// To write the vectors anew, after a change of format: go test -run Vectors -write-vectors
var writeVectors = flag.Bool("write-vectors", false, "write testdata/*.json anew")

// hexes is bytes, in hexadecimal in JSON.
type hexes []byte

func (h hexes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func (h *hexes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

// vectors reads testdata/name into v, or writes it there first.
func vectors[T any](t *testing.T, name string, make func() T) (v T) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *writeVectors {
		b, err := json.MarshalIndent(make(), "", " ")
		if err == nil {
			err = os.WriteFile(path, append(b, '\n'), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		t.Fatal(err)
	}
	return v
}

func equal(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %d bytes %.64x, want %d bytes %.64x", what, len(got), got, len(want), want)
	}
}

func hexesOf(all [][]byte) (out []hexes) {
	for _, b := range all {
		out = append(out, b)
	}
	return out
}

func bytesOf(all []hexes) (out [][]byte) {
	for _, b := range all {
		out = append(out, b)
	}
	return out
}

type chainVectors struct {
	Accounts      []accountVector
	Conversations []conversationVector
	Messages      []messageVector
	Compare       compareVector
}

type accountVector struct {
	ID         chat.AccountID
	Root       hexes
	Devices    []hexes // secrets, in the order of their addition
	Labels     []string
	Statements []hexes
	Hashes     []hexes // of the statements
	Boxes      []hexes
	Keys       []hexes // private keys, generation 1, 2, …
}

type conversationVector struct {
	ID         chat.ConversationID
	Title      string
	Statements []hexes
	Hashes     []hexes
	Boxes      []hexes
	Keys       []hexes  // generation 1, 2, …
	Read       [][]bool // by account: which generations it holds
}

type messageVector struct {
	Conversation int
	Account      int
	Device       int
	Statement    int // number of the conversation's statement that was its head
	AccountSeq   int // number of the sender's newest statement then
	Message      chat.MessageID
	Count        uint64
	Content      string
	Body         hexes
}

type compareVector struct {
	SafetyNumber string
	Verification string // of account 0, shown to account 1
}

// The chains, and what is sealed under them.
func TestVectorsChains(t *testing.T) {
	v := vectors(t, "chains.json", makeChains)
	all, people := Accounts{}, []*person{}
	for _, x := range v.Accounts {
		a, err := VerifyAccount(x.ID, bytesOf(x.Statements))
		if err != nil {
			t.Fatal(err)
		}
		all[a.root] = a
		equal(t, "root", a.root[:], x.Root)
		p := &person{account: a, statements: bytesOf(x.Statements)}
		for i, s := range x.Statements {
			equal(t, "hash", a.hashes[i][:], x.Hashes[i])
			parsed := must(parseAccountStatement(s))
			for _, d := range x.Devices {
				if d := must(ParseDevice(d)); d.public.Key == parsed.signer {
					equal(t, "statement signed again", parsed.resign(d), s)
				}
			}
		}
		for i, d := range x.Devices {
			d := must(ParseDevice(d))
			p.devices = append(p.devices, d)
			keys, err := OpenAccountKeys(a, d, bytesOf(x.Boxes))
			if err != nil {
				t.Fatal(err)
			}
			for g, k := range keys {
				equal(t, "account key", k[:], x.Keys[g-1])
			}
			if a.activeKey(d.public.Key) {
				p.keys = keys
				for n, want := range x.Labels {
					if got := a.Label(&a.devices[n], keys); got != want {
						t.Errorf("label %q, want %q", got, want)
					}
				}
			} else if len(keys) == len(x.Keys) {
				t.Errorf("device %d was removed and opens all keys", i)
			}
		}
		people = append(people, p)
	}
	for _, x := range v.Conversations {
		c, err := VerifyConversation(x.ID, bytesOf(x.Statements), all)
		if err != nil {
			t.Fatal(err)
		}
		for i := range x.Statements {
			equal(t, "hash", c.hashes[i][:], x.Hashes[i])
		}
		for i, p := range people {
			held := (&room{Conversation: c, boxes: bytesOf(x.Boxes)}).keysOf(t, p.root(), p.keys)
			for g, want := range x.Read[i] {
				k, ok := held[uint64(g+1)]
				if ok != want {
					t.Errorf("account %d holds generation %d: %v, want %v", i, g+1, ok, want)
				} else if ok {
					equal(t, "conversation key", k[:], x.Keys[g])
				}
			}
			if title, err := c.Title(held); i == 0 && (err != nil || title != x.Title) {
				t.Errorf("title %q, %v", title, err)
			}
		}
	}
	for _, m := range v.Messages {
		x, p := v.Conversations[m.Conversation], people[m.Account]
		whole := must(VerifyConversation(x.ID, bytesOf(x.Statements), all))
		keys := ConversationKeys{}
		for i, k := range x.Keys {
			keys[uint64(i+1)] = Secret(k)
		}
		o, err := whole.OpenMessage(keys, all, envelopeOf(m, p), m.Body)
		if err != nil || string(o.Content) != m.Content || o.Count != m.Count {
			t.Errorf("%s: %v, %+v", m.Message, err, o)
		}
		// As it was then, it is sealed to the same bytes.
		then := must(VerifyConversation(x.ID, bytesOf(x.Statements[:m.Statement]), all))
		sender := must(VerifyAccount(p.account.ID(), p.statements[:m.AccountSeq]))
		equal(t, "body", must(then.Seal(Author{sender, p.devices[m.Device]}, keys, m.Message, m.Count, []byte(m.Content))), m.Body)
	}
	a, b := people[0].account, people[1].account
	if got := SafetyNumber(a.root, b.root); got != v.Compare.SafetyNumber {
		t.Errorf("safety number %s, want %s", got, v.Compare.SafetyNumber)
	}
	if got := (Verification{a.root, a.Head(), b.root}).String(); got != v.Compare.Verification {
		t.Errorf("verification %s, want %s", got, v.Compare.Verification)
	}
}

func envelopeOf(m messageVector, p *person) Envelope {
	return Envelope{m.Message, p.root(), p.devices[m.Device].ID()}
}

func makeChains() (v chainVectors) {
	t := panics{}
	ana, bo, carl := newPerson(t), newPerson(t), newPerson(t)
	ana.add(t, 0, Computer)
	bo.add(t, 0, Recovery)
	all := accountsOf(ana, bo, carl)
	r := newRoom(t, "Café", ana, bo)
	say := func(p *person, i, device, n int, count uint64, content string) {
		v.Messages = append(v.Messages, messageVector{0, i, device, len(r.statements), len(p.statements), messageID(n), count, content,
			must(r.Seal(p.author(device), r.keys, messageID(n), count, []byte(content)))})
	}
	say(ana, 0, 0, 1, 1, `{"kind":"message","text":"Hello"}`)
	say(bo, 1, 0, 2, 1, "")
	r.do(t, ana.author(0), all, Proposal{Changes: []MemberState{add(carl, Member)}, Rotate: Barrier, Title: text("Café")})
	say(carl, 2, 0, 3, 1, string(bytes.Repeat([]byte("long "), 200)))
	ana.remove(t, 1, 0)
	r.do(t, bo.author(0), all, Proposal{Rotate: Linked})
	say(ana, 0, 1, 4, 1, "from the other device")
	r.do(t, bo.author(0), all, Proposal{Changes: []MemberState{add(bo, Removed)}})
	r.do(t, carl.author(0), all, Proposal{Rotate: Linked})
	people := []*person{ana, bo, carl}
	x := conversationVector{ID: r.ID(), Title: "Café", Statements: hexesOf(r.statements), Boxes: hexesOf(r.boxes)}
	for _, h := range r.hashes {
		x.Hashes = append(x.Hashes, h[:])
	}
	for g := range r.Generation() {
		k := r.keys[g+1]
		x.Keys = append(x.Keys, k[:])
	}
	for _, p := range people {
		held := r.keysOf(t, p.root(), p.keys)
		var read []bool
		for g := range r.Generation() {
			_, ok := held[g+1]
			read = append(read, ok)
		}
		x.Read = append(x.Read, read)
		root := p.root()
		y := accountVector{ID: p.account.ID(), Root: root[:], Statements: hexesOf(p.statements), Boxes: hexesOf(p.boxes)}
		for _, h := range p.account.hashes {
			y.Hashes = append(y.Hashes, h[:])
		}
		for i, d := range p.devices {
			y.Devices = append(y.Devices, d.Marshal())
			y.Labels = append(y.Labels, p.account.Label(&p.account.devices[i], p.keys))
		}
		for g := range p.account.Generation() {
			k := p.keys[g+1]
			y.Keys = append(y.Keys, k[:])
		}
		v.Accounts = append(v.Accounts, y)
	}
	v.Conversations = []conversationVector{x}
	v.Compare = compareVector{SafetyNumber(ana.root(), bo.root()), Verification{ana.root(), ana.account.Head(), bo.root()}.String()}
	return v
}

type panics struct{}

func (panics) Helper()                           {}
func (panics) Fatalf(format string, args ...any) { panic(format) }

type fileVector struct {
	Size     int64
	PlainMod int // byte i of the plain file is i mod PlainMod
	Keys     hexes
	Sealed   hexes `json:",omitempty"` // all of it, when it is small
	SHA256   hexes // of the sealed file
	Record   hexes // after the last window
}

func pattern(size int64, mod int) []byte {
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(i % mod)
	}
	return b
}

func TestVectorsFiles(t *testing.T) {
	all := vectors(t, "files.json", func() (all []fileVector) {
		for _, size := range []int64{0, 1, 100, ChunkSize, ChunkSize + 1, WindowSize + 70_000} {
			plain := pattern(size, 251)
			var last Record
			save := func(r Record) error { last = r; return nil }
			s := must(NewSealer(bytes.NewReader(plain), size, save))
			s.ReadAt(make([]byte, 1), 0)
			if size > WindowSize { // a second segment
				s = must(ResumeSealer(bytes.NewReader(plain), last, nil, nil, save))
			}
			sealed := must(io.ReadAll(io.NewSectionReader(s, 0, s.Size())))
			keys := must(s.Keys())
			sum := sha256.Sum256(sealed)
			v := fileVector{size, 251, keys.Marshal(), nil, sum[:], last.Marshal()}
			if size <= 100 {
				v.Sealed = sealed
			}
			all = append(all, v)
		}
		return all
	})
	for _, v := range all {
		keys, record, plain := must(ParseFileKeys(v.Keys)), must(ParseRecord(v.Record)), pattern(v.Size, v.PlainMod)
		// All windows are in the record: to resume is to seal with exactly these keys.
		s, err := ResumeSealer(bytes.NewReader(plain), *record, nil, nil, keepNone)
		if err != nil {
			t.Fatal(err)
		}
		sealed := must(io.ReadAll(io.NewSectionReader(s, 0, s.Size())))
		sum := sha256.Sum256(sealed)
		equal(t, "sealed file", sum[:], v.SHA256)
		if len(v.Sealed) > 0 {
			equal(t, "sealed file", sealed, v.Sealed)
		}
		got, err := openAll(sealed, *keys)
		if err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%d bytes: %v", v.Size, err)
		}
	}
}

type linkVector struct {
	Code                         string
	Device                       hexes // the new device's secret
	Old                          hexes // the old device's
	Commit, Offer, Reveal, Proof hexes
	Digits, Label                string
}

func TestVectorsLink(t *testing.T) {
	v := vectors(t, "link.json", func() linkVector {
		p, d := newPerson(panics{}), NewDevice(Computer)
		var m [4]hexes
		digits, _, n, o, err := linked(p, d, func(step int, b []byte) []byte { m[step] = b; return b })
		if err != nil {
			t.Fatal(err)
		}
		proof := must(n.Confirm("laptop", noon))
		if _, _, _, err := o.Confirm(proof, noon); err != nil {
			t.Fatal(err)
		}
		return linkVector{string(n.code), d.Marshal(), p.devices[0].Marshal(), m[1], m[2], m[3], proof, digits, "laptop"}
	})
	commit, offer, reveal, proof := must(parseLinkCommit(v.Commit)), must(parseLinkOffer(v.Offer)), must(parseLinkReveal(v.Reveal)), must(parseLinkProof(v.Proof))
	d := must(ParseDevice(v.Device))
	if reveal.device != d.public || reveal.commitment() != commit.commit || string(commit.code) != v.Code {
		t.Error("the commitment is another one")
	}
	if got := linkDigits(v.Commit, v.Offer, v.Reveal); got != v.Digits {
		t.Errorf("digits %s, want %s", got, v.Digits)
	}
	sig := d.Proof(offer.root)
	equal(t, "proof", sig[:], proof.proof[:])
	if err := verifySignature(d.public.Key, linkLabelText(v.Offer, v.Reveal, proof.label), proof.sig); err != nil {
		t.Error(err)
	}
	label := must(unfill(must(openHPKE(must(ParseDevice(v.Old)).private, linkLabelInfo(v.Offer, v.Reveal), proof.label)), MaxLabel))
	if label != v.Label {
		t.Errorf("the label is %q", label)
	}
}

type recoveryVector struct {
	Passphrase string
	File       string
	Account    chat.AccountID
	Device     hexes
}

func TestVectorsRecovery(t *testing.T) {
	v := vectors(t, "recovery.json", func() recoveryVector {
		p := newPerson(panics{})
		i := p.add(panics{}, 0, Recovery)
		file := must(ExportRecovery(&RecoveryKit{p.devices[i], 1, p.keys[1], p.statements}, "correct horse battery", 10))
		return recoveryVector{"correct horse battery", string(file), p.account.ID(), p.devices[i].Marshal()}
	})
	k, a, _, err := ImportRecovery([]byte(v.File), v.Passphrase)
	if err != nil || a.ID() != v.Account {
		t.Fatal(err)
	}
	equal(t, "device", k.Device.Marshal(), v.Device)
}

// HPKE itself, against RFC 9180 and the draft that our KEM is from. Go seals
// with fresh randomness only, so what can be checked is opening and exporting:
// decapsulation, key schedule and AEAD.
func TestVectorsHPKE(t *testing.T) {
	b, err := os.ReadFile("testdata/hpke.json")
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Source      string
		KEM         uint16 `json:"kem_id"`
		KDF         uint16 `json:"kdf_id"`
		AEAD        uint16 `json:"aead_id"`
		Info        hexes
		Private     hexes `json:"skRm"`
		Public      hexes `json:"pkRm"`
		Enc         hexes
		Encryptions []struct{ AAD, PT, CT hexes }
		Exports     []struct {
			Context hexes
			L       int
			Value   hexes
		}
		Accumulated hexes `json:"exports_accumulated"`
	}
	if err := json.Unmarshal(b, &all); err != nil || len(all) != 3 {
		t.Fatal(err, len(all))
	}
	for _, v := range all {
		kem, kdf, aead := must(hpke.NewKEM(v.KEM)), must(hpke.NewKDF(v.KDF)), must(hpke.NewAEAD(v.AEAD))
		private := must(kem.NewPrivateKey(v.Private))
		equal(t, v.Source+": public key", private.PublicKey().Bytes(), v.Public)
		r, err := hpke.NewRecipient(v.Enc, private, kdf, aead, v.Info)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range v.Encryptions {
			plain, err := r.Open(e.AAD, e.CT)
			if err != nil {
				t.Fatalf("%s: %v", v.Source, err)
			}
			equal(t, v.Source, plain, e.PT)
		}
		for _, e := range v.Exports {
			equal(t, v.Source+": export", must(r.Export(string(e.Context), e.L)), e.Value)
		}
		if v.Accumulated != nil {
			// 1,000 exports with contexts drawn from SHAKE128, and a SHAKE128 over their values.
			source, sink, sum := sha3.NewSHAKE128(), sha3.NewSHAKE128(), make([]byte, 16)
			for l := range 1000 {
				n := make([]byte, 1)
				source.Read(n)
				context := make([]byte, n[0])
				source.Read(context)
				sink.Write(must(r.Export(string(context), l)))
			}
			sink.Read(sum)
			equal(t, v.Source+": 1,000 exports", sum, v.Accumulated)
		}
	}
}
